package capture

import "unicode/utf8"

// cutText cuts a text to at most n bytes, at the beginning of a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
