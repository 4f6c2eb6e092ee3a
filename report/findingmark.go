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

// marked takes an excerpt apart so that what decided stands out: the parts of the subject, and the values that are given beside it. It is
// nil for no excerpt.
func marked(excerpt, subject string, values ...string) []piece {
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

// The bounds of a long excerpt: beyond longExcerpt bytes only what stands near a hit is shown.
const (
	longExcerpt = 900
	nearHit     = 180
)

// narrowed leaves out of a long excerpt what is far from every hit; with no hit it stays whole.
func narrowed(list []piece) []piece {
	n, hits := 0, 0
	for _, x := range list {
		n += len(x.Text)
		if x.Hit {
			hits++
		}
	}
	if n <= longExcerpt || hits == 0 {
		return list
	}
	out := make([]piece, 0, len(list))
	for i, x := range list {
		before, after := i > 0, i < len(list)-1 // there is a hit on this side
		if !x.Hit && len(x.Text) > nearHit*2+20 {
			head, tail := "", ""
			if before {
				head = strings.ToValidUTF8(x.Text[:nearHit], "")
			}
			if after {
				tail = strings.ToValidUTF8(x.Text[len(x.Text)-nearHit:], "")
			}
			x.Text = head + " … " + tail
		}
		out = append(out, x)
	}
	return out
}

// telling are the words of a sentence that a row would hold: addresses, marks, numbers.
func telling(sentence string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(sentence, func(r rune) bool { return r == ' ' || r == ',' || r == '>' }) {
		if len(w) > 2 && strings.ContainsAny(w, "0123456789") {
			out = append(out, w)
		}
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
