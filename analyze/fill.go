package analyze

import "regexp"

var (
	placeholder = regexp.MustCompile(`<([a-z_0-9]+)>`)

	// plainWord is what may stand in a command that a person pastes: captured text is hostile, and a shell must find
	// nothing in it to act on.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*$`)
)

// fill puts a finding's own facts into a command of its rule: <netns> becomes the value of the fact netns. A placeholder
// for which there is no fact, or whose value is no plain word, stays, so that the reader sees what is to be put there.
func fill(command string, facts []Fact) string {
	return placeholder.ReplaceAllStringFunc(command, func(p string) string {
		for _, f := range facts {
			if f.Name == p[1:len(p)-1] && plainWord.MatchString(f.Value) {
				return f.Value
			}
		}
		return p
	})
}
