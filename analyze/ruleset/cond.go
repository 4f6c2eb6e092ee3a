package ruleset

// A cond is a match that only asks: it changes nothing, and asked twice it answers the same.
type cond struct {
	test   func(*state) Tri
	invert bool
	key    string // the same for the same question; empty for one that may be answered differently next time
	why    string // why the answer may not be known
}

// A choice is what a walk has assumed about a question whose answer is not known: before it is inverted.
type choice struct {
	key string
	yes bool
}

func (c *cond) do(s *state) step {
	t := c.test(s)
	if t == Unknown && c.key != "" {
		for _, x := range s.choices {
			if x.key == c.key {
				t = Of(x.yes)
				break
			}
		}
	}
	switch t.not(c.invert) {
	case Yes:
		return next
	case No:
		return miss
	}
	s.why = c.why
	return maybe
}
