package show

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A phrase is words with a blank between them.
type phrase struct{ strings.Builder }

func (p *phrase) add(words ...string) {
	for _, w := range words {
		if w == "" {
			continue
		}
		if p.Len() > 0 {
			p.WriteByte(' ')
		}
		p.WriteString(w)
	}
}

// has reports whether a comma separated set holds a word.
func has(set, word string) bool { return slices.Contains(strings.Split(set, ","), word) }

func number(n int64) string { return strconv.FormatInt(n, 10) }

// latest is the counter at the last read, or at the first where there was no other.
func latest(first int64, last *int64) int64 {
	if last != nil {
		return *last
	}
	return first
}

// latestOf is latest for a figure that may not be known.
func latestOf(first, last *int64) *int64 {
	if last != nil {
		return last
	}
	return first
}

// seen marks a row that only one of two reads held: no tool prints that, so it stands behind a #.
func (s *scope) seen(seen string) string {
	if !s.twice() {
		return ""
	}
	switch seen {
	case schema.SeenFirst:
		return "# only in the first read"
	case schema.SeenLast:
		return "# only in the last read"
	}
	return ""
}

// An extra is the list of attributes that capture kept undecoded, type=hex. What a view knows of it, it takes out; the
// rest is printed as it is.
type extra struct {
	keys   []string
	values map[string]string
}

func parseExtra(text string) *extra {
	x := &extra{values: map[string]string{}}
	for f := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(f, "=")
		x.keys = append(x.keys, key)
		x.values[key] = value
	}
	return x
}

// take returns an attribute's bytes, nil if it is not there.
func (x *extra) take(key string) []byte {
	value, ok := x.values[key]
	if !ok {
		return nil
	}
	b, err := hex.DecodeString(value)
	if err != nil {
		return nil
	}
	delete(x.values, key)
	return b
}

// number takes an attribute that is an integer in the order of the host, of up to 64 bits; 0 if it is not there. Docker
// runs on little-endian machines, and on s390x, whose bundles show such attributes reversed.
func (x *extra) number(key string) uint64 {
	b := x.take(key)
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:])
}

// rest is what nobody took.
func (x *extra) rest() string {
	var p phrase
	for _, key := range x.keys {
		if value, ok := x.values[key]; ok {
			p.add(key + "=" + value)
		}
	}
	if p.Len() == 0 {
		return ""
	}
	return "# not decoded: " + p.String()
}
