package capture

import (
	"bytes"
	"path"
	"strings"
)

// panicSite is file:line of the function that panicked, from a stack as debug.Stack prints it: the first frame after that
// of the run time's panic.
func panicSite(stack []byte) string {
	_, after, ok := bytes.Cut(stack, []byte("\npanic("))
	if !ok {
		return "unknown place"
	}
	lines := strings.Split(string(after), "\n")
	for i := 2; i < len(lines); i += 2 { // function, tab place, function, tab place; the first pair is panic itself
		if i+1 < len(lines) && !strings.HasPrefix(lines[i], "runtime.") {
			place, _, _ := strings.Cut(strings.TrimSpace(lines[i+1]), " ")
			return path.Base(path.Dir(place)) + "/" + path.Base(place)
		}
	}
	return "unknown place"
}
