package capture

import "strings"

// splitPath returns the elements of a path, without those that lead nowhere.
func splitPath(name string) []string {
	var out []string
	for p := range strings.SplitSeq(name, "/") {
		if p != "" && p != "." {
			out = append(out, p)
		}
	}
	return out
}
