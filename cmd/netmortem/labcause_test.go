package main

import (
	"slices"

	"github.com/netmortem/netmortem/analyze"
)

// ledBy is the rank of the first cause that is a wanted finding which names what was planted, or from which one follows; 0 when there
// is none. With 1 the fault is what the verdict begins with.
func (f labFault) ledBy(planted []string, r *analyze.Result) int {
	var wanted []string
	for _, x := range r.Findings {
		if slices.Contains(f.Want, ruleAt{x.Rule, x.Host}) && (len(planted) == 0 || namesOneOf(x, planted)) {
			wanted = append(wanted, x.ID)
		}
	}
	for _, c := range r.Causes {
		ids := slices.Clone(c.Findings)
		for _, s := range c.Symptoms {
			ids = append(ids, s.Finding)
		}
		if slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(wanted, id) }) {
			return c.Rank
		}
	}
	return 0
}
