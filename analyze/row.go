package analyze

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"
)

// packRow packs one line of rows/<table>.jsonl. Doc is where a row of a decoded table comes from, which takes the
// place of its document. It reports keys that the table does not have. On an error nothing is packed.
//
// Capture writes flat objects without spaces, keys in the order of the table; that is what is read here in one pass.
// Whatever looks otherwise (an escape, a space, a nested value, an unknown key, a mistake) is left to slowRow, which
// is the judge of what a line means.
func packRow(p *pack, l *layout, host, doc string, n int64, line []byte, unknown func(key string)) error {
	w := *p // what it is written to stays out of the garbage collector's sight
	w.begin(l.width)
	w.text(host)
	if l.decoded {
		w.text(doc)
	}
	w.int(n)
	if fastRow(&w, l, line) {
		*p = w
		return nil
	}
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
		for ; ; col++ { // columns that were left out
			if col == len(l.heads) {
				return false // unknown, repeated or out of order
			}
			if bytes.HasPrefix(s[i:], l.heads[col]) {
				break
			}
			p.null()
		}
		if i += len(l.heads[col]); i >= len(s) {
			return false
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
		v, end, ok := decimal(s, i)
		if !ok {
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
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	end := bytes.IndexByte(s, '"')
	if end < 0 {
		return -1
	}
	t := s[:end]
	for ; len(t) >= 8; t = t[8:] { // eight bytes at once: the top bit of each that is no plain character is set in odd
		w := binary.LittleEndian.Uint64(t)
		escape := w ^ '\\'*ones
		if odd := (w | (w-' '*ones)&^w | (escape-ones)&^escape) & tops; odd != 0 {
			return oddString(s[:end])
		}
	}
	for _, c := range t {
		if c == '\\' || c < ' ' || c >= utf8.RuneSelf {
			return oddString(s[:end])
		}
	}
	return end
}

// oddString is plainString for what stands before the first quote, and may be more than plain characters.
func oddString(s []byte) int {
	if bytes.IndexByte(s, '\\') >= 0 || !utf8.Valid(s) || control(s) {
		return -1
	}
	return len(s)
}

func control(s []byte) bool {
	for _, c := range s {
		if c < ' ' {
			return true
		}
	}
	return false
}

// decimal reads a JSON number without sign and exponent, of at most 15 digits: digits and power of ten are then exact
// in a float64, and so is the rounding of their quotient.
func decimal(s []byte, i int) (v float64, end int, ok bool) {
	start, point := i, -1
	var digits int64
	for ; i < len(s); i++ {
		if c := s[i]; c >= '0' && c <= '9' {
			digits = digits*10 + int64(c-'0')
		} else if c == '.' && point < 0 {
			point = i
		} else {
			break
		}
	}
	whole, places := i-start, 0 // digits before and behind the point
	if point >= 0 {
		whole, places = point-start, i-point-1
	}
	if whole == 0 || whole > 1 && s[start] == '0' || point >= 0 && places == 0 || whole+places > 15 ||
		i >= len(s) || s[i] != ',' && s[i] != '}' {
		return 0, 0, false
	}
	return float64(digits) / powersOfTen[places], i, true
}

var powersOfTen = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

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
