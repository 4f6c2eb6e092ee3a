package analyze

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// packRow packs one line of rows/<table>.jsonl. Doc is where a row of a decoded table comes from, which takes the
// place of its document. It reports keys that the table does not have. On an error nothing is packed.
//
// Capture writes flat objects without spaces, keys in the order of the table; that is what is read here in one pass.
// Whatever looks otherwise (an escape, a space, a nested value, an unknown key, a mistake) is left to slowRow, which
// is the judge of what a line means.
func packRow(p *pack, l *layout, host, doc string, n int64, line []byte, unknown func(key string)) error {
	mark := *p
	p.begin(l.width)
	p.text(host)
	if l.table.Decoded() {
		p.text(doc)
	}
	p.int(n)
	if fastRow(p, l, line) {
		return nil
	}
	*p = mark
	return slowRow(p, l, host, doc, n, line, unknown)
}

// fastRow packs the columns of a line that is written as capture writes it. It returns false where it is not; then
// what it has packed is worthless.
func fastRow(p *pack, l *layout, s []byte) bool {
	if len(s) < 2 || s[0] != '{' {
		return false
	}
	i, col := 1, 0
	for s[i] != '}' {
		if s[i] != '"' {
			return false
		}
		i++
		end := bytes.IndexByte(s[i:], '"')
		if end < 0 {
			return false
		}
		key := s[i : i+end]
		if i += end + 1; i+1 >= len(s) || s[i] != ':' {
			return false
		}
		i++
		for ; ; col++ { // columns that were left out
			if col == len(l.keys) {
				return false // unknown, repeated or out of order
			}
			if string(key) == l.keys[col] {
				break
			}
			p.null()
		}
		if i = fastValue(p, l.kinds[col], s, i); i < 0 || i >= len(s) {
			return false
		}
		col++
		if s[i] == ',' {
			if i++; i >= len(s) || s[i] == '}' {
				return false
			}
		} else if s[i] != '}' {
			return false
		}
	}
	if i != len(s)-1 {
		return false
	}
	for ; col < len(l.keys); col++ {
		p.null()
	}
	return true
}

// fastValue packs the value that begins at s[i] and returns where it ends; -1 for what it does not care to read.
func fastValue(p *pack, k kind, s []byte, i int) int {
	switch k {
	case kindText:
		if s[i] != '"' {
			return -1
		}
		i++
		end := plainString(s[i:])
		if end < 0 {
			return -1
		}
		p.bytes(s[i : i+end])
		return i + end + 1
	case kindInt:
		v, end, ok := wholeNumber(s, i)
		if !ok {
			return -1
		}
		p.int(v)
		return end
	case kindFloat:
		end := i
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || s[end] == '-') {
			end++
		}
		// Only what is a number both in JSON and in Go, and not 007, which is one in Go alone.
		if end == i || end >= len(s) || s[end] != ',' && s[end] != '}' || s[end-1] == '.' || s[i] == '.' ||
			s[i] == '-' || s[i] == '0' && end > i+1 && s[i+1] != '.' {
			return -1
		}
		v, err := strconv.ParseFloat(string(s[i:end]), 64)
		if err != nil {
			return -1
		}
		p.float(v)
		return end
	case kindBool:
		switch {
		case bytes.HasPrefix(s[i:], []byte("true")):
			p.int(1)
			return i + 4
		case bytes.HasPrefix(s[i:], []byte("false")):
			p.int(0)
			return i + 5
		}
	}
	return -1
}

// plainString is the length of a string's text up to its closing quote; -1 when it has an escape, a control
// character or bytes that are no UTF-8, or has no end.
func plainString(s []byte) int {
	for i, c := range s {
		switch {
		case c == '"':
			return i
		case c == '\\' || c < ' ':
			return -1
		case c >= utf8.RuneSelf:
			end := bytes.IndexByte(s, '"')
			if end < 0 || bytes.IndexByte(s[:end], '\\') >= 0 || !utf8.Valid(s[:end]) || control(s[:end]) {
				return -1
			}
			return end
		}
	}
	return -1
}

func control(s []byte) bool {
	for _, c := range s {
		if c < ' ' {
			return true
		}
	}
	return false
}

// wholeNumber reads a JSON integer of at most 18 digits, which fits in 64 bits for sure.
func wholeNumber(s []byte, i int) (v int64, end int, ok bool) {
	negative := s[i] == '-'
	if negative {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		v = v*10 + int64(s[i]-'0')
		i++
	}
	digits := i - start
	if digits == 0 || digits > 18 || digits > 1 && s[start] == '0' || i >= len(s) || s[i] != ',' && s[i] != '}' {
		return 0, 0, false
	}
	if negative {
		v = -v
	}
	return v, i, true
}
