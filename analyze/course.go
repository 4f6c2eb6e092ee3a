package analyze

import "slices"

// A course is the order in which tables are derived, and from where on in it a table can be read.
type course struct {
	soon []*Derived     // one after the other, each after all that it reads: what an Aside waits for, what prompt ones put, the others
	late []*Derived     // what is put when its Aside is done that is not prompt
	from map[string]int // derived table: how many of soon are filled when it can be read; one more than there are for one of late
}

// newCourse orders derived tables. reads is what each reads itself.
func newCourse(list []*Derived, reads map[string][]string) *course {
	c := &course{from: map[string]int{}}
	urgent := map[string]bool{}
	for _, d := range slices.Backward(list) { // a derived table reads only those before it
		if d.Aside != nil || urgent[d.Name] {
			for _, t := range slices.Concat(reads[d.Name], d.Beside, []string{d.With}) {
				urgent[t] = true
			}
		}
	}
	of := func(d *Derived) *Derived { // whose Aside or Fill puts the rows of d
		if i := slices.IndexFunc(list, func(x *Derived) bool { return x.Name == d.With }); i >= 0 {
			return list[i]
		}
		return d
	}
	var first, prompt, rest []*Derived
	for _, d := range list {
		switch by := of(d); {
		case by.Aside != nil && !by.Prompt:
			c.late = append(c.late, d)
		case urgent[d.Name]:
			first = append(first, d)
		case by.Aside != nil:
			prompt = append(prompt, d)
		default:
			rest = append(rest, d)
		}
	}
	c.soon = slices.Concat(first, prompt, rest)
	for i, d := range c.soon {
		c.from[d.Name] = i + 1
	}
	for _, d := range c.late {
		c.from[d.Name] = len(c.soon) + 1
	}
	return c
}

// after is how many of soon must be filled before tables can be read, captured and derived; one more than there are: late, too.
func (c *course) after(tables []string) int {
	n := 0
	for _, t := range tables {
		n = max(n, c.from[t])
	}
	return n
}
