package report

import (
	"slices"
	"strings"
)

// A piece of an excerpt; one that is hit is what decided.
type piece struct {
	Text string
	Hit  bool
}

// Marked takes an excerpt apart so that what decided stands out: the parts of the subject, and the values that are given beside it. It is
// nil for no excerpt.
func (p *page) Marked(excerpt, subject string, values ...string) []piece {
	if excerpt == "" {
		return nil
	}
	var words []string
	_, key, _ := strings.Cut(subject, ":")
	parts := strings.Split(key, "/")
	for _, w := range append(parts[min(1, len(parts)):], values...) { // the first is the host, which the address names
		if len(w) > 2 && len(w) < 200 && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	var out []piece
	for rest := excerpt; rest != ""; {
		at, n := -1, 0
		for _, w := range words {
			if i := wordIn(rest, w); i >= 0 && (at < 0 || i < at || i == at && len(w) > n) {
				at, n = i, len(w)
			}
		}
		if at < 0 {
			return append(out, piece{Text: rest})
		}
		if at > 0 {
			out = append(out, piece{Text: rest[:at]})
		}
		out = append(out, piece{rest[at : at+n], true})
		rest = rest[at+n:]
	}
	return out
}

// wordIn is where a word begins that is no part of a longer one, -1 when it is not there: 10.0.1.2 is not in 10.0.1.20.
func wordIn(s, word string) int {
	inner := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
	}
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(word)
		if (i == 0 || !inner(s[i-1]) || !inner(word[0])) && (end == len(s) || !inner(s[end]) || !inner(word[len(word)-1])) {
			return i
		}
		from = i + 1
	}
}
