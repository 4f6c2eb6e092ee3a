package analyze

import "testing"

// TestAdvise has a rule that finds more than it can say the same about.
func TestAdvise(t *testing.T) {
	q := &question{Rule: &Rule{Check: "bridge fdb show | grep <mac>", Remedies: []Remedy{{Do: "bridge fdb del <mac>", Risk: "none"}}}}
	found := make([]Finding, advised+2)
	for i := range found {
		found[i].Facts = []Fact{{"mac", "02:42:0a:00:00:01"}}
	}
	q.advise(found)
	for _, i := range []int{0, advised - 1} {
		if f := found[i]; f.Check != "bridge fdb show | grep 02:42:0a:00:00:01" || len(f.Remedies) != 1 || f.Remedy != "bridge fdb del 02:42:0a:00:00:01\nRisk: none" {
			t.Errorf("finding %d: %+v", i, f)
		}
	}
	if f := found[advised]; f.Check != "" || f.Remedies != nil || f.Remedy != "" {
		t.Errorf("finding %d: %+v", advised, f)
	}
}
