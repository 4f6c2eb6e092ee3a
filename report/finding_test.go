package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// sampleWithRemedies is the sample with all that a finding can have.
func sampleWithRemedies() *analyze.Result {
	r := sampleWithPaths()
	f := &r.Findings[0]
	f.Remedies = []analyze.Remedy{
		{Do: "nsenter --net=/run/docker/netns/1-osmajjnjeo bridge fdb replace 02:42:0a:00:01:07 dev vxlan0 dst 192.168.77.12 self permanent", Risk: "none for other entries", Verify: "bridge fdb show dev vxlan0", Undo: "bridge fdb del 02:42:0a:00:01:07 dev vxlan0"},
		{Do: "docker service update --force vote", Risk: "replaces every task of the service, one by one"},
	}
	f.Blame, f.Views = "driver", "the managers' tasks and this host's forwarding entries"
	for i := range r.Rules {
		if r.Rules[i].Rule == f.Rule {
			r.Rules[i].Means = "A frame to an endpoint on another node needs two rows.\n\nA gossip flap is enough:\nthe row is deleted."
			r.Rules[i].Limits = "an endpoint that has just started is not judged"
			r.Rules[i].Upstream = "moby/moby#52661"
		}
	}
	return r
}

func TestFindingPage(t *testing.T) {
	page := rendered(t, HTML, sampleWithRemedies())
	golden(t, "finding.html", section(t, page, "causes")+section(t, page, "findings"))
}

// TestFindingCause: a finding tells which cause it is of, also when it only follows from it.
func TestFindingCause(t *testing.T) {
	p := newHTMLPage(sampleWithRemedies())
	type want struct {
		rank    int
		follows bool
	}
	for i, w := range []want{{1, false}, {2, false}, {2, true}, {2, true}, {3, false}} {
		c := p.Cards()[i].Cause()
		if c == nil || c.Rank != w.rank || (c.Symptom != nil) != w.follows {
			t.Errorf("finding %d is of %+v, want %+v", i+1, c, w)
		}
	}
	p.Causes = nil
	if c := p.Cards()[0].Cause(); c != nil {
		t.Errorf("without causes the first finding is of %+v", c)
	}
}

// TestProofCommands: each piece of evidence comes with commands that show it again, where there is a bundle.
func TestProofCommands(t *testing.T) {
	p := newHTMLPage(sampleWithRemedies())
	var lines []string
	for _, x := range p.Cards()[0].Proofs() {
		for _, c := range x.Shows {
			lines = append(lines, c.Line)
		}
	}
	for _, want := range []string{
		"netmortem show netmortem_node1_20261120T021407Z.tar.zst neigh",
		"netmortem show netmortem_node1_20261120T021407Z.tar.zst node1/rows/neighbour.jsonl:31 --lines 3",
		`netmortem query netmortem.db "SELECT * FROM neighbour WHERE host = 'node1' AND line = 31"`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no command %s among\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, c := range p.rowCommands("node3/rows/fdb.jsonl:1") {
		if strings.HasPrefix(c.Line, "netmortem show") {
			t.Errorf("%s shows a bundle that nobody has", c.Line)
		}
	}
}

// TestLongExcerpt: an excerpt is no longer than twenty lines, and says how many more there are.
func TestLongExcerpt(t *testing.T) {
	r := sample()
	r.Findings[0].Evidence[0].Excerpt = strings.Repeat("line\n", 30)
	p := newHTMLPage(r).Cards()[0].Proofs()[0]
	n := 0
	for _, x := range p.Pieces {
		n += strings.Count(x.Text, "line")
	}
	if n != maxExcerptLines || p.More != 11 {
		t.Errorf("%d lines, %d more", n, p.More)
	}
}
