package procfs

import (
	"strconv"
	"strings"
)

// decimal reads digits with an optional sign and fraction. What strconv takes beside that, as Inf, 0x1p4 or 1_000, is a
// text here.
func decimal(s string) (float64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
