package ruleset

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A set is a set or map of nftables.
type set struct {
	keyLen   uint32
	exact    map[string]*element // by key; of a set without intervals
	marks    []mark              // of a set of intervals: sorted
	ranges   []*element          // with a key_end: of concatenations with intervals
	fields   []uint32            // of a concatenation: length of each field, padded
	catchall *element
	isMap    bool
	why      string // why what it holds is not known; empty when it is
}

// An element is one of a set, with the value that a map gives it.
type element struct {
	key, end []byte
	way      way // of a verdict map
	data     []byte
}

// A mark begins or ends an interval of a set: nft_set_rbtree.c keeps both.
type mark struct {
	key   []byte
	begin *element // nil for an end
}

// newSet compiles a set with its elements; chains are those of the table, for jumps.
func newSet(row *schema.NftSet, elements []Row[schema.NftElement], chains map[string]*chain) *set {
	s := &set{keyLen: uint32(row.KeyLen)}
	flags := "," + row.Flags + ","
	s.isMap = strings.Contains(flags, ",map,")
	interval := strings.Contains(flags, ",interval,")
	switch {
	case strings.Contains(flags, ",eval,"):
		s.why = "packets add to the set " + row.Name
	case strings.Contains(flags, ",expr,"):
		s.why = "elements of the set " + row.Name + " have expressions of their own"
	case strings.Contains(flags, ",object,"):
		s.why = "the map " + row.Name + " names objects"
	case row.KeyLen <= 0 || row.KeyLen > 64:
		s.why = "the key of the set " + row.Name + " is not understood"
	}
	s.fields = fieldsOf(uint64(row.KeyType), s.keyLen)
	s.exact = make(map[string]*element, len(elements))
	for i := range elements {
		e := &elements[i].Row
		x := &element{}
		var err1, err2 error
		x.key, err1 = hex.DecodeString(e.Key)
		x.end, err2 = hex.DecodeString(e.KeyEnd)
		if err1 != nil || err2 != nil {
			s.why = "an element of the set " + row.Name + " is not understood"
			continue
		}
		end := strings.Contains(e.Flags, "interval_end") // has no value
		if s.isMap && !end && !x.value(e.Data, row.DataLen, chains) {
			s.why = "a value of the map " + row.Name + " is not understood"
		}
		switch {
		case strings.Contains(e.Flags, "catchall"):
			s.catchall = x
		case uint32(len(x.key)) != s.keyLen || len(x.end) != 0 && len(x.end) != len(x.key):
			s.why = "an element of the set " + row.Name + " has another length than its key"
		case len(x.end) != 0:
			s.ranges = append(s.ranges, x)
		case end:
			s.marks = append(s.marks, mark{key: x.key})
		case interval && len(s.fields) < 2:
			s.marks = append(s.marks, mark{x.key, x})
		default:
			s.exact[string(x.key)] = x
		}
	}
	slices.SortStableFunc(s.marks, func(a, b mark) int {
		if n := bytes.Compare(a.key, b.key); n != 0 {
			return n
		}
		switch { // where one interval ends the next one may begin
		case a.begin == nil && b.begin != nil:
			return -1
		case a.begin != nil && b.begin == nil:
			return 1
		}
		return 0
	})
	return s
}

// value reads what a map gives: a verdict in words, as package capture writes it, or bytes.
func (x *element) value(text string, dataLen int64, chains map[string]*chain) bool {
	word, name, _ := strings.Cut(text, " ")
	if step, ok := verdictWords[word]; ok {
		x.way = way{step: step}
		if step == call || step == hop {
			x.way.target = chains[name]
			return x.way.target != nil
		}
		return true
	}
	var err error
	x.data, err = hex.DecodeString(text)
	return err == nil && int64(len(x.data)) == dataLen
}

var verdictWords = map[string]step{"accept": accept, "drop": drop, "continue": next, "break": miss, "return": back, "jump": call, "goto": hop}

// fieldsOf finds the fields of a concatenation in nft's number for the key's type, six bits each (datatype.h of nft).
// Each field begins at a word. It returns nil where the lengths do not add up to the key's.
func fieldsOf(keyType uint64, keyLen uint32) []uint32 {
	var out []uint32
	sum := uint32(0)
	for t := keyType; t != 0; t >>= 6 {
		n := typeLen[t&63]
		if n == 0 {
			return nil
		}
		n = (n + 3) &^ 3
		out = append(out, n)
		sum += n
	}
	if sum != keyLen || len(out) < 2 {
		return nil
	}
	slices.Reverse(out)
	return out
}

// typeLen is the length of nft's types in bytes: enum datatypes.
var typeLen = [64]uint32{
	7: 4, 8: 16, 9: 6, 10: 2, 12: 1, 13: 2, 14: 1, 15: 1, 16: 1, 17: 1, 19: 4, 20: 4, 21: 2, 22: 4, 23: 4, 24: 4, 25: 4, 26: 4, 27: 1, 28: 4, 29: 1,
	31: 1, 32: 1, 33: 1, 35: 4, 36: 1, 37: 1, 38: 4, 39: 1, 41: 16, 42: 1,
}

// find looks a key up that begins at a register. Where the key, or the set, is not wholly known, it returns the
// elements that may be it, and whether there may be none.
func (s *set) find(st *state, at uint32) (list []*element, none Tri) {
	if s.why != "" {
		return s.all(), Unknown
	}
	if st.sure(at, s.keyLen) {
		key := st.regs[at : at+s.keyLen]
		if e := s.exact[string(key)]; e != nil {
			return []*element{e}, No
		}
		if e := s.interval(key); e != nil {
			return []*element{e}, No
		}
		var unsure []*element
		for _, e := range s.ranges {
			switch s.inRange(st, at, e) {
			case Yes:
				if len(unsure) == 0 {
					return []*element{e}, No
				}
				unsure = append(unsure, e)
			case Unknown:
				unsure = append(unsure, e)
			}
		}
		if s.catchall != nil {
			return append(unsure, s.catchall), No
		}
		if len(unsure) == 0 {
			return nil, Yes
		}
		return unsure, Unknown
	}
	for _, e := range s.exact {
		if st.equal(at, e.key) != No {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *element) int { return bytes.Compare(a.key, b.key) })
	for i, m := range s.marks {
		if m.begin == nil {
			continue
		}
		if i+1 < len(s.marks) {
			if n, ok := st.order(at, s.marks[i+1].key); ok && n >= 0 {
				continue
			}
		}
		if n, ok := st.order(at, m.key); !ok || n >= 0 {
			list = append(list, m.begin)
		}
	}
	for _, e := range s.ranges {
		if s.inRange(st, at, e) != No {
			list = append(list, e)
		}
	}
	switch {
	case s.catchall != nil:
		return append(list, s.catchall), No
	case len(list) == 0:
		return nil, Yes
	}
	return list, Unknown
}

func (s *set) all() (list []*element) {
	for _, e := range s.exact {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *element) int { return bytes.Compare(a.key, b.key) })
	for _, m := range s.marks {
		if m.begin != nil {
			list = append(list, m.begin)
		}
	}
	list = append(list, s.ranges...)
	if s.catchall != nil {
		list = append(list, s.catchall)
	}
	return list
}

// interval is the interval that holds a key: that of the greatest mark that is not above it.
func (s *set) interval(key []byte) *element {
	i, _ := slices.BinarySearchFunc(s.marks, key, func(m mark, key []byte) int {
		if bytes.Compare(m.key, key) <= 0 {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return s.marks[i-1].begin
}

// inRange compares field by field.
func (s *set) inRange(st *state, at uint32, e *element) Tri {
	if s.fields == nil {
		if bytes.Equal(e.key, e.end) {
			return st.equal(at, e.key)
		}
		if s.keyLen <= 4 {
			return st.within(at, e.key, e.end)
		}
		return Unknown
	}
	answer, off := Yes, uint32(0)
	for _, n := range s.fields {
		answer = and(answer, st.within(at+off, e.key[off:off+n], e.end[off:off+n]))
		if answer == No {
			return No
		}
		off += n
	}
	return answer
}

// A lookup is the expression of that name.
type lookup struct {
	set     *set
	key     uint32
	invert  bool
	verdict bool // a verdict map
	data    bool // the value goes to a register
	to, n   uint32
	name    string
}

// maxWays bounds the elements among which an unknown key may choose.
const maxWays = 24

func (l *lookup) do(s *state) step {
	list, none := l.set.find(s, l.key)
	if none == Yes {
		if l.invert {
			return next
		}
		return miss
	}
	if l.set.why != "" {
		s.why = l.set.why
	} else {
		s.why = "what is looked up in the set " + l.name + " is not known"
	}
	switch {
	case l.verdict && len(list) == 1 && none == No:
		s.target = list[0].way.target
		return list[0].way.step
	case l.verdict:
		return s.choose(list, none == Unknown)
	case l.data && len(list) == 1 && none == No && len(list[0].data) == int(l.n):
		s.put(l.to, list[0].data)
		return next
	case l.data:
		return s.chooseData(l, list, none == Unknown)
	case none == No:
		if l.invert {
			return miss
		}
		return next
	}
	return maybe
}

// choose offers the verdicts of some elements.
func (s *state) choose(list []*element, none bool) step {
	s.ways = nil
	add := func(w way) {
		if !slices.ContainsFunc(s.ways, func(x way) bool { return x.step == w.step && x.target == w.target }) {
			s.ways = append(s.ways, w)
		}
	}
	for _, e := range list {
		add(e.way)
	}
	if none {
		add(way{step: miss})
	}
	return s.offer()
}

// chooseData offers the values of some elements.
func (s *state) chooseData(l *lookup, list []*element, none bool) step {
	s.ways = nil
	for _, e := range list {
		if len(e.data) != int(l.n) {
			s.why = "a value of the map " + l.name + " is not understood"
			return stuck
		}
		if !slices.ContainsFunc(s.ways, func(x way) bool { return bytes.Equal(x.data, e.data) }) {
			s.ways = append(s.ways, way{step: next, at: l.to, data: e.data})
		}
	}
	if none {
		s.ways = append(s.ways, way{step: miss})
	}
	return s.offer()
}

func (s *state) offer() step {
	switch {
	case len(s.ways) == 0:
		return stuck
	case len(s.ways) == 1 && s.ways[0].data == nil:
		s.target = s.ways[0].target
		return s.ways[0].step
	case len(s.ways) > maxWays:
		return stuck
	}
	return several
}
