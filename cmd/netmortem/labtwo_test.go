package main

import (
	"fmt"
	"testing"
)

// labTogether are faults that are planted at once: of different layers, of the same, on one host and on two. Neither is a consequence
// of the other.
var labTogether = [][2]string{
	{"fdb-permanent-missing", "ingress-dnat-missing"},
	{"fwmark-wrong-mark", "veth-down"},
	{"ipvs-snat-missing", "fdb-wrong-vtep"},
	{"neigh-missing", "forward-reject-before-docker"},
	{"vip-alias-missing", "vni-mismatch"},
}

// testTogether plants two faults, and wants both among the first two causes.
func (l *lab) testTogether(t *testing.T, m *labMatrix, two [2]labFault) {
	m.within(t, two[0].Name+"+"+two[1].Name, labAfter())
	var planted []func()
	defer func() {
		for _, heal := range planted {
			heal()
		}
		for _, f := range two {
			l.recovered(t, f)
		}
	}()
	for _, f := range two {
		l.must(t, "plant", f.Name)
		planted = append(planted, func() { l.must(t, "heal", f.Name) })
	}
	for _, f := range two {
		if broken := l.probed(t, f); broken != f.Breaks {
			t.Errorf("with %s: a real client loses %s of its connections; the fault says %s", two[0].Name+" and "+two[1].Name, broken, f.Breaks)
		}
	}
	r, _ := l.analyzed(t, l.bundlesOf(t, labWindow))
	for i, f := range two {
		c := causeOf(f, r.Causes)
		c.fault = fmt.Sprintf("%s with %s", f.Name, two[1-i].Name)
		m.together = append(m.together, c)
		if c.place == 0 || c.place > len(two) {
			t.Errorf("%s is in place %d of the causes; the verdict was: %s", c.fault, c.place, r.Verdict)
		}
	}
}

// togetherFaults are the faults of labTogether, whole.
func togetherFaults(t *testing.T) [][2]labFault {
	t.Helper()
	known := map[string]labFault{}
	for _, f := range readLabFaults(t) {
		known[f.Name] = f
	}
	var out [][2]labFault
	for _, names := range labTogether {
		var two [2]labFault
		for i, name := range names {
			f, ok := known[name]
			if !ok {
				t.Fatalf("no fault %s", name)
			}
			two[i] = f
		}
		out = append(out, two)
	}
	return out
}
