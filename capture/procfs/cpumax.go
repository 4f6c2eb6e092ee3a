package procfs

import "strings"

// ParseCPUMax reads cpu.max: the microseconds of each period that may be used, or max, and the period.
func ParseCPUMax(text []byte) []Figure {
	f := strings.Fields(string(text))
	if len(f) != 2 {
		return nil
	}
	return []Figure{figure("quota", f[0]), figure("period", f[1])}
}
