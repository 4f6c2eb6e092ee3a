package ruleset

import (
	"strconv"
	"strings"
)

// A u32Test is one test of -m u32: a number is loaded, worked on, and compared with ranges.
type u32Test struct {
	start uint32
	steps []u32Step
	want  []span
}

type u32Step struct {
	op byte // & < > @
	n  uint32
}

// u32Match reads "0x0>>0x16&0x3c@0xc&0xffffff00=0x100100", which is how Docker before 24.0 finds the VNI of a vxlan packet.
func u32Match(r *specReader, list []option) bool {
	return r.all("u32", "the bytes of the packet are not known", list, func(o *option) func(*state) Tri {
		var tests []u32Test
		for text := range strings.SplitSeq(o.arg(0), "&&") {
			t, ok := u32TestOf(text)
			if !ok {
				return nil
			}
			tests = append(tests, t)
		}
		return func(s *state) Tri {
			answer := Yes
			for i := range tests {
				if answer = and(answer, tests[i].ask(&s.p)); answer == No {
					return No
				}
			}
			return answer
		}
	})
}

func u32TestOf(text string) (t u32Test, ok bool) {
	load, values, ok := strings.Cut(text, "=")
	if !ok {
		return t, false
	}
	number := func() (uint32, bool) {
		n := 0
		for n < len(load) && !strings.ContainsRune("&<>@", rune(load[n])) {
			n++
		}
		v, err := strconv.ParseUint(load[:n], 0, 32)
		load = load[n:]
		return uint32(v), err == nil
	}
	if t.start, ok = number(); !ok {
		return t, false
	}
	for load != "" {
		s := u32Step{op: load[0]}
		load = load[1:]
		if s.op == '<' || s.op == '>' {
			if load == "" || load[0] != s.op {
				return t, false
			}
			load = load[1:]
		}
		if s.n, ok = number(); !ok {
			return t, false
		}
		t.steps = append(t.steps, s)
	}
	for v := range strings.SplitSeq(values, ",") {
		p, ok := spanOf(v, ":", 32)
		if !ok {
			return t, false
		}
		t.want = append(t.want, p)
	}
	return t, true
}

// ask is u32_match_it of xt_u32.c.
func (t *u32Test) ask(p *Packet) Tri {
	v, at := p.load(t.start, 4), uint32(0)
	for _, s := range t.steps {
		switch s.op {
		case '&':
			v = v.and(s.n)
		case '<':
			v = v.left(s.n & 31)
		case '>':
			v = v.right(s.n & 31)
		default:
			if !v.whole() {
				return Unknown
			}
			at += v.value
			v = p.load(at+s.n, 4)
		}
	}
	answer := No
	for _, r := range t.want {
		switch {
		case v.whole():
			answer = or(answer, Of(r.has(uint64(v.value))))
		case r.lo == r.hi:
			answer = or(answer, v.equals(uint32(r.lo)))
		default:
			answer = or(answer, Unknown)
		}
	}
	return answer
}
