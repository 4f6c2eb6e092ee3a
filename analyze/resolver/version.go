package resolver

import (
	"strconv"
	"strings"
)

// atLeast reports whether a dotted version is not before another; ok is false when it cannot be read.
// What stands behind the digits of a part is left out: 2.36-9, 1.22rc1.
func atLeast(version string, want ...int) (yes, ok bool) {
	parts := strings.Split(version, ".")
	for i, w := range want {
		if i >= len(parts) {
			return false, i > 0 // 1.9 is before 1.9.1
		}
		end := 0
		for end < len(parts[i]) && parts[i][end] >= '0' && parts[i][end] <= '9' {
			end++
		}
		n, err := strconv.Atoi(parts[i][:end])
		if err != nil {
			return false, false
		}
		if n != w {
			return n > w, true
		}
	}
	return true, true
}
