package analyze

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCauseEdges: every rule that an edge names exists, every edge has its reason, and nothing follows from itself.
func TestCauseEdges(t *testing.T) {
	rules := map[string]bool{}
	for _, r := range shippedRules(t) {
		rules[r.ID] = true
	}
	for _, w := range checkEdges(causeEdges, rules) {
		t.Error(w)
	}
	for _, r := range effectRules {
		if !rules[r] {
			t.Errorf("effectRules names %s, which is no rule", r)
		}
	}
	for _, r := range slices.Concat(turnsAtEnd, addressTurns, boundByStart, offPath) {
		if !rules[r] {
			t.Errorf("a list names %s, which is no rule", r)
		}
	}
	for _, e := range pathEdges {
		for _, r := range e.Rules {
			if !rules[r] || e.Why == "" {
				t.Errorf("an edge to paths names %s: no rule, or without a reason", r)
			}
		}
	}
	n := 0
	for _, e := range causeEdges {
		n += len(e.Symptoms)
	}
	t.Logf("%d edges", n)
}

// TestCheckEdges: the check sees what it is there for.
func TestCheckEdges(t *testing.T) {
	rules := map[string]bool{"a": true, "b": true, "c": true}
	tests := []struct {
		edges []causeEdge
		want  string
	}{
		{[]causeEdge{{Cause: "a", Symptoms: []string{"b"}, Why: "x"}, {Cause: "b", Symptoms: []string{"c"}, Why: "x"}, {Cause: "a", Symptoms: []string{"c"}, Why: "x"}}, ""},
		{[]causeEdge{{Cause: "a", Symptoms: []string{"b"}, Why: "x"}, {Cause: "b", Symptoms: []string{"c"}, Why: "x"}, {Cause: "c", Symptoms: []string{"a"}, Why: "x"}}, "a circle: a, b, c, a"},
		{[]causeEdge{{Cause: "a", Symptoms: []string{"a"}, Why: "x"}}, "a circle: a, a"},
		{[]causeEdge{{Cause: "a", Symptoms: []string{"b"}}}, "edge 0 of a lacks a reason or a symptom"},
		{[]causeEdge{{Cause: "a", Symptoms: []string{"z"}, Why: "x"}}, "edge 0 names z, which is no rule"},
	}
	for _, tt := range tests {
		if got := strings.Join(checkEdges(tt.edges, rules), "; "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// found makes a finding; facts are "name = value".
func found(rule, host string, s Severity, facts ...string) Finding {
	f := Finding{Rule: rule, Host: host, Severity: s, Summary: rule + " on " + host, Check: "look at " + rule}
	key := ""
	for _, x := range facts {
		name, value, _ := strings.Cut(x, " = ")
		f.Facts = append(f.Facts, Fact{name, value})
		key += "/" + value
	}
	f.ID = rule + "-" + host + key
	f.Subject = rule + ":" + host + key
	f.Evidence = []Evidence{{Name: "row", Ref: host + "/rows/" + rule + ".jsonl:1"}}
	return f
}

// rank is the ranking of findings and paths in short: each cause with what it breaks, what follows from it below.
func rank(findings []Finding, w *walkedPaths) string {
	sortFindings(findings)
	return causeText(causes(findings, w, &causeKnowledge{missing: nil}, &causeTimes{}))
}

func causeText(list []Cause) string {
	var b strings.Builder
	for _, c := range list {
		name := c.Rule
		if name == "" {
			name = c.Subject
		}
		fmt.Fprintf(&b, "%d %s %s on %s, %s, confidence %s", c.Rank, c.Kind, name, c.Host, c.Severity, c.Confidence.Word)
		if c.Breaks.Walked {
			fmt.Fprintf(&b, ", %s", c.Breaks.Line())
		}
		if n := len(c.Findings); n > 1 {
			fmt.Fprintf(&b, ", %d findings", n)
		}
		b.WriteByte('\n')
		for _, s := range c.Symptoms {
			fmt.Fprintf(&b, "\t%s on %s\n", s.Rule, s.Host)
		}
	}
	return b.String()
}

// TestFold folds findings that follow from each other, and only those.
func TestFold(t *testing.T) {
	firewall := func(host string, facts ...string) Finding {
		return found("firewall-blocks-swarm-ports", host, Critical, facts...)
	}
	tests := []struct {
		name     string
		findings []Finding
		want     string
	}{
		{"gossip does not arrive", []Finding{
			firewall("n2", "purpose = gossip", "proto = tcp"),
			found("dns-stale-record", "n2", Critical, "network = back", "service = db", "ip = 10.0.0.5"),
			found("dns-stale-record", "n2", Critical, "network = back", "service = db", "ip = 10.0.0.5", "name = tasks.db"),
			found("neigh-stale-permanent", "n2", Medium, "network = back", "ip = 10.0.0.5"),
			found("dns-view-divergence", "n2", High, "network = back", "service = db"),
		}, `1 finding firewall-blocks-swarm-ports on n2, critical, confidence medium
	dns-stale-record on n2
	dns-stale-record on n2
	dns-view-divergence on n2
	neigh-stale-permanent on n2
`},
		{"the firewall of another host, or of another port, explains nothing", []Finding{
			firewall("n1", "purpose = gossip", "proto = tcp"),
			firewall("n2", "purpose = managers", "proto = tcp"),
			found("dns-stale-record", "n2", Critical, "network = back", "service = db", "ip = 10.0.0.5"),
		}, `1 finding dns-stale-record on n2, critical, confidence low
2 finding firewall-blocks-swarm-ports on n1, critical, confidence low
3 finding firewall-blocks-swarm-ports on n2, critical, confidence low
`},
		{"one row missing is not an event that did not come", []Finding{
			firewall("n2", "purpose = gossip", "proto = tcp"),
			found("neigh-missing", "n2", High, "network = app", "netns = 1-app", "ip = 10.0.0.8", "forwarding_entry = there"),
			found("fdb-permanent-missing", "n2", Critical, "network = app", "netns = 1-app", "ip = 10.0.0.9"),
		}, `1 finding fdb-permanent-missing on n2, critical, confidence low
2 finding firewall-blocks-swarm-ports on n2, critical, confidence low
3 finding neigh-missing on n2, high, confidence low
`},
		{"both rows missing are", []Finding{
			firewall("n2", "purpose = gossip", "proto = tcp"),
			found("neigh-missing", "n2", High, "network = app", "netns = 1-app", "ip = 10.0.0.8", "forwarding_entry = missing, too"),
			found("fdb-permanent-missing", "n2", Critical, "network = app", "netns = 1-app", "ip = 10.0.0.8"),
			found("fdb-permanent-missing", "n2", Critical, "network = app", "netns = 1-app", "ip = 10.0.0.9"),
		}, `1 finding firewall-blocks-swarm-ports on n2, critical, confidence medium
	fdb-permanent-missing on n2
	neigh-missing on n2
2 finding fdb-permanent-missing on n2, critical, confidence low
`},
		{"a mild cause of something severe comes first", []Finding{
			found("live-restore-with-swarm", "n1", Medium),
			found("config-skew", "n1", High, "setting = live-restore"),
			found("config-skew", "n2", High, "setting = mtu"),
		}, `1 finding live-restore-with-swarm on n1, high, confidence medium
	config-skew on n1
2 finding config-skew on n2, high, confidence low
`},
		{"another service's container", []Finding{
			found("oom-cgroup", "n1", High, "service = web"),
			found("exit-code-map", "n1", Low, "service = web"),
			found("exit-code-map", "n1", Low, "service = api"),
			found("exit-code-map", "n2", Low, "service = web"),
		}, `1 finding oom-cgroup on n1, high, confidence medium
	exit-code-map on n1
2 finding exit-code-map on n1, low, confidence low
3 finding exit-code-map on n2, low, confidence low
`},
		{"an effect alone", []Finding{
			found("tcp-retrans-high", "n1", Medium, "netns = host"),
			found("nic-drops", "n2", Medium, "dev = eth0"),
		}, `1 finding nic-drops on n2, medium, confidence low
2 symptom tcp-retrans-high on n1, medium, confidence low
`},
		{"one rule on one host and network is one cause", []Finding{
			found("fdb-wrong-vtep", "n1", Critical, "network = app", "ip = 10.0.0.8"),
			found("fdb-wrong-vtep", "n1", Critical, "network = app", "ip = 10.0.0.9"),
			found("fdb-wrong-vtep", "n1", Critical, "network = back", "ip = 10.0.0.9"),
		}, `1 finding fdb-wrong-vtep on n1, critical, confidence low, 2 findings
2 finding fdb-wrong-vtep on n1, critical, confidence low
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := rank(tt.findings, nil); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// step is a dropped step of a path.
func step(key int, host, subject string) causeSegment {
	return causeSegment{key: key, kind: "overlay", host: host, what: "frames", target: "10.0.0.8", dropped: true, hop: "vxlan FDB", subject: subject, why: "no entry", ref: host + "/rows/fdb.jsonl:9"}
}

func pairs(n int, verdict, client, server string, segment int) []causePair {
	out := make([]causePair, n)
	for i := range out {
		out[i] = causePair{clientKind: "task", clientHost: "n1", client: fmt.Sprintf("%s.%d", client, i), clientService: client, serverService: server, network: "app", verdict: verdict, segment: segment}
	}
	return out
}

// TestRank orders by what breaks, and says what no rule explains.
func TestRank(t *testing.T) {
	a := found("fdb-permanent-missing", "n1", Critical, "network = app", "ip = 10.0.0.8")
	b := found("vip-multiple-marks", "n1", High, "netns = lb_app", "vip = 10.0.0.2")
	c := found("disk-full", "n2", Critical)
	d := found("firewall-blocks-swarm-ports", "n1", High, "purpose = gossip", "proto = tcp")
	counts := []causePairCount{{"client", "rr", "app", 10, 4, 0, 5, 1}, {"client", "vote", "app", 20, 10, 10, 0, 0}}
	tests := []struct {
		name     string
		findings []Finding
		walked   walkedPaths
		want     string
	}{
		{"what breaks a path before what does not", []Finding{c, b}, walkedPaths{
			segments: []causeSegment{step(1, "n1", b.Subject)}, pairs: pairs(2, pairDropped, "client", "vote", 1), counts: counts,
		}, `1 finding vip-multiple-marks on n1, high, confidence medium, 2 of 20 pairs
2 finding disk-full on n2, critical, confidence low, no path is known to break
`},
		{"the product counts", []Finding{a, b}, walkedPaths{
			segments: []causeSegment{step(1, "n1", b.Subject), step(2, "n1", a.Subject)},
			pairs:    append(pairs(10, pairSome, "client", "vote", 1), pairs(2, pairDropped, "client", "rr", 2)...), counts: counts,
		}, `1 finding vip-multiple-marks on n1, high, confidence medium, 10 of 20 pairs in part
2 finding fdb-permanent-missing on n1, critical, confidence medium, 2 of 10 pairs, 1 could not be judged
`},
		{"what a symptom breaks, its cause breaks", []Finding{d, found("dns-stale-record", "n1", Critical, "service = db", "ip = 10.0.0.5")}, walkedPaths{
			segments: []causeSegment{step(7, "n1", "dns-stale-record:n1/db/10.0.0.5")}, pairs: pairs(3, pairSome, "client", "rr", 7), counts: counts,
		}, `1 finding firewall-blocks-swarm-ports on n1, critical, confidence high, 3 of 10 pairs in part, 1 could not be judged
	dns-stale-record on n1
`},
		{"no rule names it", []Finding{c}, walkedPaths{
			segments: []causeSegment{step(1, "n1", "route:n1/lb_app/10.0.0.0"), step(2, "n1", "route:n1/lb_app/10.0.0.0"), {key: 3, host: "n1", subject: "iptables:n1/x"}},
			pairs:    pairs(4, pairDropped, "client", "rr", 1), counts: counts,
		}, `1 path route:n1/lb_app/10.0.0.0 on n1, high, confidence low, 4 of 10 pairs, 1 could not be judged
2 finding disk-full on n2, critical, confidence low, no path is known to break
`},
		{"the row is cited, under another subject", []Finding{a}, walkedPaths{
			segments: []causeSegment{{key: 1, host: "n1", dropped: true, subject: "row:n1", ref: "n1/rows/fdb-permanent-missing.jsonl:1"}},
		}, `1 finding fdb-permanent-missing on n1, critical, confidence medium, 1 segment of paths
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.walked.sum()
			if got := rank(tt.findings, &tt.walked); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestClaim joins findings with segments that other rows decided, where that is what happens when something is missing.
func TestClaim(t *testing.T) {
	tests := []struct {
		name string
		f    Finding
		s    causeSegment
		want bool
	}{
		{"a port without its DNAT ends at the daemon's socket", found("ingress-dnat-missing-or-wrong", "n1", Critical, "published = 8080", "missing = dnat"), causeSegment{kind: "published", host: "n1", target: "10.0.0.1:8080/tcp", subject: "listener:n1/host/tcp/8080"}, true},
		{"another port", found("ingress-dnat-missing-or-wrong", "n1", Critical, "published = 8081", "missing = dnat"), causeSegment{kind: "published", host: "n1", target: "8080/tcp"}, false},
		{"no port is led in", found("ingress-dnat-missing-or-wrong", "n1", Critical, "published = 8081", "missing = nat-jump"), causeSegment{kind: "published", host: "n1", target: "8080/tcp"}, true},
		{"the VNI of one network", found("vni-mismatch", "n1", Critical, "network = app"), causeSegment{kind: "overlay", host: "n2", hopHost: "n1", network: "app"}, true},
		{"of another", found("vni-mismatch", "n1", Critical, "network = app"), causeSegment{kind: "overlay", host: "n2", hopHost: "n1", network: "back"}, false},
		{"an address, by the subject", found("udev-networkd-mac-rewrite", "n2", High, "network = app", "ip = fd00::8"), causeSegment{kind: "overlay", host: "n1", network: "app", subject: "neigh:n1/1-app/fd00::8"}, true},
		{"an address and port", found("ip-duplicate", "n2", High, "network = app", "ip = fd00::8"), causeSegment{kind: "arrival", host: "n1", network: "app", target: "[fd00::8]:80/tcp"}, true},
		{"an address that two hosts claim", Finding{Rule: "ip-duplicate", Host: "n1", Severity: High, Subject: "address:n1/appnet00/10.0.0.8"}, causeSegment{kind: "arrival", host: "n2", subject: "address:n2/appnet00/10.0.0.8"}, true},
		{"a rule that says nothing about passing", Finding{Rule: "lb-skew-long-lived", Host: "n1", Severity: Low, Subject: "ipvs:n1/lb_app/257"}, causeSegment{kind: "balancer", host: "n1", subject: "ipvs:n1/lb_app/257"}, false},
		{"a table that is full", found("conntrack-full", "n1", Critical, "netns = c0ffee"), causeSegment{kind: "client", host: "n1", hopHost: "n1", place: "c0ffee"}, true},
		{"elsewhere", found("conntrack-full", "n1", Critical, "netns = c0ffee"), causeSegment{kind: "client", host: "n1", hopHost: "n1", place: "decaf"}, false},
	}
	for _, tt := range tests {
		tt.s.dropped = true
		nodes := nodesOf([]Finding{tt.f})
		unclaimed := claim(nodes, []causeSegment{tt.s})
		if got := len(nodes[0].segments) == 1; got != tt.want || got == (len(unclaimed) == 1) {
			t.Errorf("%s: claimed %t, want %t; unclaimed %d", tt.name, got, tt.want, len(unclaimed))
		}
	}
}

// TestCompeting: two explanations of one thing stand beside each other, and what was not judged is named.
func TestCompeting(t *testing.T) {
	a := found("nic-drops", "n1", Medium, "dev = eth0")
	b := found("softnet-drops", "n1", Medium)
	list := causes([]Finding{a, b, found("tcp-retrans-high", "n1", Medium)}, nil, &causeKnowledge{}, &causeTimes{})
	if list[0].Rule != "nic-drops" || list[0].Competing == nil || list[0].Competing.Finding != b.ID || list[0].Competing.Check != "look at softnet-drops" {
		t.Errorf("first: %+v, competing %+v", list[0], list[0].Competing)
	}
	two := &walkedPaths{segments: []causeSegment{step(1, "n1", a.Subject)}}
	b.Subject = a.Subject
	if list := causes([]Finding{a, b}, two, &causeKnowledge{}, &causeTimes{}); list[1].Competing == nil || list[1].Competing.Rule != "nic-drops" {
		t.Errorf("a step that two findings decide: %+v", list[1].Competing)
	}
	k := &causeKnowledge{
		unjudged: map[string]map[string]string{"nic-drops": {"n1": "nic_stat: denied"}},
		rules:    map[string]*Rule{"nic-drops": {Title: "Device drops", Check: "ethtool -S eth0"}},
		missing:  []string{"n3"},
	}
	c := causes([]Finding{found("tcp-retrans-high", "n1", Medium)}, nil, k, &causeTimes{})[0]
	if c.Kind != CauseSymptom || c.Competing == nil || c.Competing.Check != "ethtool -S eth0" || c.Competing.Finding != "" ||
		strings.Join(c.Confidence.Missing, "; ") != "could explain it, and not judged on n1: nic-drops; no bundle of n3" {
		t.Errorf("an effect alone: %+v, competing %+v", c, c.Competing)
	}
}

// TestUndecided: what no finding explains says which steps of paths were left open beside it.
func TestUndecided(t *testing.T) {
	w := &walkedPaths{segments: []causeSegment{{key: 1, host: "n1", why: "a match that is not modelled", subject: "iptables:n1/x"}, {key: 2, host: "n1"}, {key: 3, host: "n2"}, step(4, "n1", "route:n1/x")}}
	list := causes([]Finding{found("tcp-retrans-high", "n1", Medium), found("disk-full", "n1", Critical)}, w, &causeKnowledge{}, &causeTimes{})
	want := "2 segments of paths on n1 could not be judged, the first because of: a match that is not modelled"
	for _, c := range list {
		if got := strings.Join(c.Confidence.Missing, "; "); (got == want) != (c.Kind != CauseFinding) {
			t.Errorf("%s %s: missing %q", c.Kind, c.Rule, got)
		}
	}
	if len(list) != 3 || list[0].Kind != CausePath {
		t.Errorf("%s", causeText(list))
	}
}

// TestSince says when, as far as the rows tell.
func TestSince(t *testing.T) {
	at := func(min int) time.Time { return time.Date(2026, 11, 20, 12, min, 0, 0, time.UTC) }
	times := &causeTimes{
		cited: map[string][]causeMoment{
			"n1/raw/docker/tasks.json:1": {{at(10), momentEnded, "task db.1 has ended, failed", "n1/raw/docker/tasks.json:1"}},
			"n1/raw/docker/tasks.json:2": {{at(5), momentBegan, "task rr.2 came up", "n1/raw/docker/tasks.json:2"}},
			"n1/raw/docker/tasks.json:3": {{at(7), momentBegan, "task rr.3 came up", "n1/raw/docker/tasks.json:3"}},
			"n1/raw/log/kernel.kmsg:9":   {{at(12), momentSeen, "the kernel's log says so", "n1/raw/log/kernel.kmsg:9"}},
		},
		owners: map[string]causeMoment{"n1/c0ffee": {at(3), momentBegan, "container web was started", "n1/raw/docker/container_inspect.json:2"}},
		first:  map[string]time.Time{"n1": at(20)},
		ended:  map[string]causeMoment{"network back 10.0.0.9": {at(9), momentEnded, "task db.2 has ended, shutdown", "n1/raw/docker/tasks.json:7"}},
	}
	cite := func(f Finding, refs ...string) Finding {
		for _, r := range refs {
			f.Evidence = append(f.Evidence, Evidence{Ref: r})
		}
		return f
	}
	tests := []struct {
		name      string
		findings  []Finding
		words     string
		after, by time.Time
	}{
		{"a stale entry dates from the end of its task", []Finding{cite(found("dns-stale-record", "n1", Critical), "n1/raw/docker/tasks.json:1")},
			"since 2026-11-20 12:10:00Z (task db.1 has ended, failed)", at(10), at(10)},
		{"or from when the last one lost the address", []Finding{found("neigh-stale-permanent", "n1", Medium, "network = back", "ip = 10.0.0.9")},
			"since 2026-11-20 12:09:00Z (task db.2 has ended, shutdown)", at(9), at(9)},
		{"on another network it is another address", []Finding{found("neigh-stale-permanent", "n1", Medium, "network = app", "ip = 10.0.0.9")},
			"since before the capture", time.Time{}, at(20)},
		{"what is missing does not date from an end", []Finding{found("neigh-missing", "n1", High, "network = back", "ip = 10.0.0.9")},
			"since before the capture", time.Time{}, at(20)},
		{"the end of a task says nothing about another rule", []Finding{cite(found("core-lost", "n1", Low), "n1/raw/docker/tasks.json:1", "n1/raw/docker/tasks.json:2")},
			"since before the capture", time.Time{}, at(20)},
		{"a missing row is missing after its task came up at the earliest", []Finding{cite(found("fdb-permanent-missing", "n1", Critical), "n1/raw/docker/tasks.json:2")},
			"since before the capture, after 2026-11-20 12:05:00Z (task rr.2 came up)", at(5), at(20)},
		{"of two the earlier bound holds", []Finding{
			cite(found("fdb-permanent-missing", "n1", Critical, "ip = 1"), "n1/raw/docker/tasks.json:3"),
			cite(found("fdb-permanent-missing", "n1", Critical, "ip = 2"), "n1/raw/docker/tasks.json:2"),
		}, "since before the capture, after 2026-11-20 12:05:00Z (task rr.2 came up)", at(5), at(20)},
		{"of two without one, none", []Finding{
			cite(found("fdb-permanent-missing", "n1", Critical, "ip = 1"), "n1/raw/docker/tasks.json:3"), found("fdb-permanent-missing", "n1", Critical, "ip = 2"),
		}, "since before the capture", time.Time{}, at(20)},
		{"a line, in a namespace of a known age", []Finding{cite(found("conntrack-full", "n1", Critical, "netns = c0ffee"), "n1/raw/log/kernel.kmsg:9")},
			"since 2026-11-20 12:12:00Z at the latest (the kernel's log says so), after 2026-11-20 12:03:00Z (container web was started)", at(3), at(12)},
		{"its own time is not known, a consequence's is", []Finding{found("firewall-blocks-swarm-ports", "n1", Critical, "purpose = gossip"),
			cite(found("dns-stale-record", "n1", Critical), "n1/raw/docker/tasks.json:1")},
			"felt since 2026-11-20 12:10:00Z (task db.1 has ended, failed)", at(10), at(10)},
		{"a host that does not say when it was read", []Finding{found("fdb-wrong-vtep", "n2", Critical)}, "since before the capture", time.Time{}, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sortFindings(tt.findings)
			list := causes(tt.findings, nil, &causeKnowledge{}, times)
			i := 0
			for i < len(list)-1 && len(list[i].Symptoms) == 0 {
				i++
			}
			s := list[i].Since
			if s.Words != tt.words || !s.After.Equal(tt.after) || !s.By.Equal(tt.by) {
				t.Errorf("got  %s, after %v, by %v\nwant %s, after %v, by %v", s.Words, s.After, s.By, tt.words, tt.after, tt.by)
			}
		})
	}
}

// TestCauseSentence is the first line, from one cause.
func TestCauseSentence(t *testing.T) {
	f := found("fdb-permanent-missing", "n1", Critical, "network = app")
	f.Summary = "n1 has no forwarding entry for rr.2"
	w := &walkedPaths{segments: []causeSegment{step(1, "n1", f.Subject)}, pairs: pairs(2, pairDropped, "client", "rr", 1), counts: []causePairCount{{"client", "rr", "app", 8, 5, 0, 2, 1}}}
	w.sum()
	times := &causeTimes{first: map[string]time.Time{}}
	c := causes([]Finding{f}, w, &causeKnowledge{}, times)[0]
	if got, want := c.sentence(), "client cannot reach rr from n1 (2 of 8 pairs, 1 could not be judged): n1 has no forwarding entry for rr.2 (fdb-permanent-missing on n1, evidence n1/rows/fdb-permanent-missing.jsonl:1); since before the capture"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c = causes(nil, w, &causeKnowledge{}, times)[0]
	if got, want := c.sentence(), "client cannot reach rr from n1 (2 of 8 pairs, 1 could not be judged): n1 drops what is sent over overlays (frames, 10.0.0.8) at vxlan FDB: no entry (no rule names the cause; evidence n1/rows/fdb.jsonl:9)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c = causes([]Finding{found("tcp-retrans-high", "n1", Medium)}, nil, &causeKnowledge{}, times)[0]
	if got, want := c.sentence(), "tcp-retrans-high on n1 (tcp-retrans-high on n1, evidence n1/rows/tcp-retrans-high.jsonl:1), an effect that no finding explains; since before the capture"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestReadWalked reads the tables of paths, as long as something is counted in them.
func TestReadWalked(t *testing.T) {
	db, _, _ := loadHosts(t, toySwarm(), computed())
	exec := func(query string) {
		t.Helper()
		if _, err := db.tx.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*Derived{&pathSegment, &pathCount, &pathPair, &pathPairCount} {
		exec("DROP TABLE IF EXISTS " + d.Name)
		if w, err := readWalked(t.Context(), db.tx); w != nil || err != nil {
			t.Fatalf("without %s: %+v, %v", d.Name, w, err)
		}
		exec(d.DDL())
	}
	if w, err := readWalked(t.Context(), db.tx); w != nil || err != nil {
		t.Fatalf("nothing was walked, and there is %+v, %v", w, err)
	}
	exec("INSERT INTO path_segment (segment, kind, host, target, targets, verdict, hop, hop_host, place, subject) VALUES (1, 'overlay', 'm', '10.0.0.8', 3, 'dropped', 'fdb', 'm', '1-app', 'link:m/eth1'), (2, 'egress', 'm', NULL, 1, 'cannot tell', 'route', NULL, NULL, 'link:m/eth2')")
	exec("INSERT INTO path_count VALUES ('overlay', 'm', 7, 1, 0), ('egress', 'm', 0, 0, 1)")
	exec("INSERT INTO path_pair (client_kind, client_host, client, client_service, server_service, network, via, verdict, segment) VALUES ('task', 'm', 'a.1', 'a', 'b', 'app', 'vip', 'some', 1), ('task', 'm', 'a.2', 'a', 'b', 'app', 'vip', 'cannot tell', 2)")
	exec("INSERT INTO path_pair_count VALUES ('a', 'b', 'app', 'vip', 5, 3, 1, 0, 1)")
	w, err := readWalked(t.Context(), db.tx)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Paths{Delivered: 7, Dropped: 1, Unknown: 1, Pairs: 5, Whole: 3, Partly: 1, Unjudged: 1}); w.paths != want {
		t.Errorf("paths %+v, want %+v", w.paths, want)
	}
	if len(w.segments) != 2 || !w.segments[0].dropped || w.segments[1].dropped || w.segments[0].weight() != 3 || len(w.pairs) != 2 {
		t.Errorf("segments %+v, pairs %+v", w.segments, w.pairs)
	}
	f, g := found("toy", "m", Critical), found("other", "m", Critical)
	f.Subject, g.Subject = "link:m/eth1", "link:m/eth2"
	want := "1 finding toy on m, critical, confidence medium, 1 of 5 pairs in part, 1 could not be judged\n" +
		"2 finding other on m, critical, confidence low, no path is known to break; 1 segment could not be judged\n"
	if got := rank([]Finding{g, f}, w); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestCauseTables: whoever has the database alone finds the ranking there.
func TestCauseTables(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join("..", "testdata", "bundles", "incident-gossip-cut", "*.tar.zst"))
	if err != nil || len(bundles) == 0 {
		t.Fatal(bundles, err)
	}
	path := filepath.Join(t.TempDir(), "causes.db")
	res, err := Run(t.Context(), Options{Bundles: bundles, DB: path})
	if err != nil {
		t.Skip(err)
	}
	db, err := sql.Open("sqlite3", dsn(path)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got string
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT rule FROM cause WHERE rank = 1) || '; '
  || (SELECT group_concat(DISTINCT rule) FROM (SELECT rule FROM cause_finding WHERE rank = 1 AND role = 'symptom' ORDER BY rule)) || '; '
  || (SELECT COUNT(*) >= 3 FROM cause_signal WHERE rank = 1 AND side = 'for') || '; ' || (SELECT by || ' ' || because FROM cause WHERE rank = 1)`).Scan(&got)
	if err != nil {
		t.Fatal(err)
	}
	want := "firewall-blocks-swarm-ports; dns-stale-record,dns-view-divergence,neigh-stale-permanent; 1; 2026-11-20T12:17:08"
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " task db.node1 has ended, rejected") {
		t.Errorf("got  %s\nwant %s…", got, want)
	}
	if len(res.Causes) < 2 || res.RankedBy != rankedBy(res.Paths) {
		t.Errorf("%d causes, ranked by %s", len(res.Causes), res.RankedBy)
	}
}
