package analyze

import (
	"fmt"
	"testing"
)

// BenchmarkCauses ranks the findings of a fleet in which every rule with an edge fires everywhere, with ten broken pairs a finding: ten
// times the findings should take ten times as long.
func BenchmarkCauses(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("findings=%d", n), func(b *testing.B) {
			findings, w := fleetOfFindings(n)
			b.ReportAllocs()
			for b.Loop() {
				if list := causes(findings, w, &causeKnowledge{}, &causeTimes{}); len(list) == 0 {
					b.Fatal("nothing was ranked")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/finding")
		})
	}
}

// fleetOfFindings makes n findings on n/10 hosts, a broken step for each, and ten pairs for each of these.
func fleetOfFindings(n int) ([]Finding, *walkedPaths) {
	var rules []string
	for _, e := range causeEdges {
		rules = append(append(rules, e.Cause), e.Symptoms...)
	}
	w := &walkedPaths{}
	findings := make([]Finding, 0, n)
	for i := range n {
		host := fmt.Sprintf("host-%04d", i/10)
		// The first host drops the data path, which explains retransmits anywhere.
		f := found(rules[i%len(rules)], host, Severities[1+i%4], "network = app", fmt.Sprintf("netns = 1-app%d", i%3), fmt.Sprintf("service = s%d", i%40),
			fmt.Sprintf("ip = 10.%d.%d.%d", i>>16, i>>8&255, i&255), "purpose = data path")
		findings = append(findings, f)
		w.segments = append(w.segments, step(i, host, f.Subject))
		for k := range 10 {
			w.pairs = append(w.pairs, causePair{clientKind: "task", clientHost: host, client: "client", clientService: fmt.Sprintf("s%d", k), serverService: fmt.Sprintf("s%d", i%40), network: "app", verdict: pairDropped, segment: i})
		}
	}
	for i := range 400 {
		w.counts = append(w.counts, causePairCount{clientService: fmt.Sprintf("s%d", i%10), serverService: fmt.Sprintf("s%d", i/10), network: "app", pairs: n, dropped: n / 4})
	}
	sortFindings(findings)
	w.sum()
	return findings, w
}
