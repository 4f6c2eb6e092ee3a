package analyze

import "slices"

// A course is the order in which tables are derived, and from where on in it a table can be read.
type course struct {
	soon []*Derived     // one after the other, each after all that it reads; first what an Aside waits for
	late []*Derived     // what is put when its Aside is done
	from map[string]int // derived table: how many of soon are filled when it can be read; one more than there are for one of late
}

// newCourse orders derived tables. reads is what each reads itself.
func newCourse(list []*Derived, reads map[string][]string) *course {
	c := &course{from: map[string]int{}}
	urgent := map[string]bool{}
	for _, d := range slices.Backward(list) { // a derived table reads only those before it
		if d.Aside != nil || urgent[d.Name] {
			for _, t := range append(slices.Clone(reads[d.Name]), d.With) {
				urgent[t] = true
			}
		}
	}
	isLate := func(d *Derived) bool {
		return d.Aside != nil || slices.ContainsFunc(list, func(x *Derived) bool { return x.Aside != nil && x.Name == d.With })
	}
	for _, now := range []bool{true, false} {
		for _, d := range list {
			switch {
			case urgent[d.Name] != now:
			case isLate(d):
				c.late = append(c.late, d)
			default:
				c.soon = append(c.soon, d)
				c.from[d.Name] = len(c.soon)
			}
		}
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
