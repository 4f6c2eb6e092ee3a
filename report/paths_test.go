package report

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// samplePaths are paths of the sample: one that loses a backend because of its first cause, one that ends in the same step, and one of
// which it cannot be told.
func samplePaths() []scene.Path {
	hop := func(leg, host, place, step, verdict, expected, observed string) scene.Hop {
		return scene.Hop{Leg: leg, Host: host, Place: place, Step: step, Verdict: verdict, Expected: expected, Observed: observed, Ref: host + "/rows/route.jsonl:4"}
	}
	stop := scene.Hop{Leg: "request", Host: "node1", Place: "1-osmajjnjeo", Step: "fdb", Verdict: scene.Dropped, Expected: "02:42:0a:00:01:07 behind the VTEP of its node", Observed: "no entry",
		Why: "the tunnel has no entry for the link address", Subject: "fdb:node1/1-osmajjnjeo/02:42:0a:00:01:07", Ref: "node1/rows/netns.jsonl:3", ExpectedRef: "node1/raw/docker/tasks.json:412",
		Excerpt: `{"netns":"4026532299","name":"1-osmajjnjeo"}`}
	return []scene.Path{
		{Key: 1, ClientKind: "task", ClientHost: "node1", Client: "web.1", From: "web", To: "vote", Network: "back", Via: "vip", Target: "10.0.1.2:80/tcp", Proto: "tcp", Port: 80, Verdict: scene.Partly, Reached: 1, Backends: 2, Segment: 1, Cause: 1,
			Backend: "vote.2, 10.0.1.7", Back: 8, Hops: []scene.Hop{
				hop("client", "node1", "a1b2c3d4e5f6", "name", scene.Passed, "vote is 10.0.1.2", "vote is 10.0.1.2"),
				hop("client", "node1", "a1b2c3d4e5f6", "rules, output", scene.Passed, "", "let through by filter OUTPUT policy ACCEPT"),
				hop("balancer", "node1", "lb_osmajjnje", "mark", scene.Passed, "a mark that leads to vote", "mark 279"),
				hop("balancer", "node1", "lb_osmajjnje", "destination", scene.Passed, "", "10.0.1.7:80"),
				stop,
				hop("request", "node2", "", "tunnel", scene.NotReached, "", ""),
				hop("arrival", "node2", "f6e5d4c3b2a1", "rules, input", scene.NotReached, "", "let through"),
				hop("arrival", "node2", "f6e5d4c3b2a1", "socket", scene.NotReached, "a socket for tcp at 10.0.1.7:80", "listens at [::]:80"),
				hop("answer", "node2", "1-osmajjnjeo", "neighbour", scene.NotReached, "", ""),
			}},
		{Key: 2, ClientKind: "task", ClientHost: "node1", Client: "job.1", From: "job", To: "vote", Network: "back", Via: "tasks", Target: "80/tcp", Proto: "tcp", Port: 80, Verdict: scene.Partly, Reached: 1, Backends: 2, Segment: 1, Cause: 1, Alike: 3},
		{Key: 3, ClientKind: "outside", ClientHost: "node2", Client: "outside", To: "vote", Via: "ingress", Target: "198.51.100.7:8080/tcp", Proto: "tcp", Port: 8080, Verdict: scene.Unknown, Backends: 1, Segment: 2, Untraced: "a walk would need more hosts than the report reads for that",
			Hops: []scene.Hop{{Host: "node2", Place: "ingress_sbox", Step: "destinations", Verdict: scene.Unknown, Why: "the table ipvs_destination was not captured whole", Subject: "captured:node2/ipvs_destination"}}},
	}
}

// sampleWithPaths is the sample with what was walked.
func sampleWithPaths() *analyze.Result {
	r := sample()
	r.Scene = &scene.Scene{Paths: samplePaths(), PathsLeft: 2}
	return r
}

func TestPathPage(t *testing.T) {
	golden(t, "paths.html", section(t, rendered(t, HTML, sampleWithPaths()), "paths")+section(t, rendered(t, HTML, sampleWithPaths()), "path"))
}

// section is the section of a page with an id.
func section(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `<section class="page" id="`+id+`"`)
	end := strings.Index(rest, `<section class="page"`)
	if !ok || end < 0 {
		t.Fatalf("the page has no section %s, or it is the last one", id)
	}
	return rest[:end]
}

// TestTraceCommand: the command that a path page gives walks that very path, whatever its ends are named.
func TestTraceCommand(t *testing.T) {
	p := newPage(sample())
	for _, tt := range []struct {
		path scene.Path
		want string
	}{
		{scene.Path{ClientKind: "task", Client: "web.1", To: "vote", Via: "vip", Network: "back", Proto: "tcp", Port: 80}, "netmortem trace --db netmortem.db --from web.1 --to vote:80 --network back"},
		{scene.Path{ClientKind: "task", Client: "web.1", To: "vote", Via: "tasks", Network: "back", Proto: "udp", Port: 53}, "netmortem trace --db netmortem.db --from web.1 --to tasks.vote:53 --proto udp --network back"},
		{scene.Path{ClientKind: "task", Client: "web.1", To: "rr", Via: "dnsrr", Network: "back", Proto: "tcp"}, "netmortem trace --db netmortem.db --from web.1 --to rr --network back"},
		{scene.Path{ClientKind: "outside", Client: "outside", ClientHost: "node1", To: "vote", Via: "ingress", Proto: "tcp", Port: 8080, Target: "10.99.0.11:8080/tcp"}, "netmortem trace --db netmortem.db --from outside --to node1:8080"},
		{scene.Path{ClientKind: "host", Client: "node1", ClientHost: "node1", To: "vote", Via: "ingress", Proto: "tcp", Port: 8080, Target: "127.0.0.1:8080/tcp"}, "netmortem trace --db netmortem.db --from node1 --to 127.0.0.1:8080"},
		{scene.Path{ClientKind: "task", Client: "web.1", Via: "egress", Proto: "tcp"}, "netmortem trace --db netmortem.db --from web.1 --to outside"},
		{scene.Path{ClientKind: "task", Client: "a b; rm -rf /", To: "it's $(x)", Via: "vip", Proto: "tcp", Port: 80}, `netmortem trace --db netmortem.db --from 'a b; rm -rf /' --to 'it'\''s $(x):80'`},
	} {
		if got := p.traceOf(&tt.path); got != tt.want {
			t.Errorf("%+v:\n%s\nwant\n%s", tt.path, got, tt.want)
		}
	}
}

func TestMarked(t *testing.T) {
	for _, tt := range []struct{ excerpt, subject, value, want string }{
		{`{"mac":"02:42:0a:00:01:07"}`, "fdb:node1/1-osm/02:42:0a:00:01:07", "", `{"mac":"[02:42:0a:00:01:07]"}`},
		{`{"ip":"10.0.1.20","to":"10.0.1.2"}`, "ipvs:node1/lb/260/10.0.1.2", "", `{"ip":"10.0.1.20","to":"[10.0.1.2]"}`},
		{`{"host":"node1"}`, "clock:node1", "", `{"host":"node1"}`},
		{`-j DROP`, "rule:node1/legacy/INPUT/-A INPUT -j DROP", "-j DROP", `[-j DROP]`},
		{``, "fdb:node1/x", "", ``},
	} {
		got := ""
		for _, x := range marked(tt.excerpt, tt.subject, tt.value) {
			if x.Hit {
				got += "[" + x.Text + "]"
			} else {
				got += x.Text
			}
		}
		if got != tt.want {
			t.Errorf("%s in %s: %s, want %s", tt.subject, tt.excerpt, got, tt.want)
		}
	}
}

// TestNarrowed: of a long excerpt what decided stays in sight, and nothing is cut out of a hit or of a short one.
func TestNarrowed(t *testing.T) {
	long := strings.Repeat("ä", 500) + " 10.0.1.7 " + strings.Repeat("b", 1000) + " 10.0.1.7"
	got := ""
	for _, x := range narrowed(marked(long, "ipvs:node1/lb/260/10.0.1.7")) {
		got += x.Text
	}
	if n := strings.Count(got, "10.0.1.7"); n != 2 || len(got) > longExcerpt || !utf8.ValidString(got) {
		t.Errorf("%d hits in %d bytes: %s", n, len(got), got)
	}
	for _, whole := range []string{strings.Repeat("c", 2000), "short 10.0.1.7"} {
		got := ""
		for _, x := range narrowed(marked(whole, "ipvs:node1/lb/260/10.0.1.7")) {
			got += x.Text
		}
		if got != whole {
			t.Errorf("%.40s… became %.40s…", whole, got)
		}
	}
}
