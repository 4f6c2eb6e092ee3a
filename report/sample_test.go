package report

import (
	"fmt"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

var sampleTime = time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)

// sample is a swarm of three hosts of which two were captured: findings of four rules, one host with gaps.
func sample() *analyze.Result {
	r := &analyze.Result{
		SchemaVersion: 1,
		Tool:          "0.1.0",
		Analyzed:      time.Date(2026, 11, 20, 2, 31, 9, 0, time.UTC),
		Verdict:       "node1 cannot reach task vote.2 (10.0.1.7): its vxlan device has no permanent forwarding entry for 02:42:0a:00:01:07, which runs on node2.",
		Severity:      analyze.Critical,
		Database:      "netmortem.db",
		Hosts: []analyze.Host{
			{Name: "node1", Bundle: "netmortem_node1_20261120T021407Z.tar.zst", Captured: sampleTime, NodeID: "k2v9x1w0q8y7t6r5e4w3q2a1z", Role: "manager", Engine: "29.1.0", Kernel: "6.1.0-18-amd64", Rows: 4812, Items: 231},
			{Name: "node2", Bundle: "netmortem_node2_20261120T021419Z.tar.zst", Captured: sampleTime.Add(12 * time.Second), NodeID: "z9y8x7w6v5u4t3s2r1q0p9o8n", Role: "worker", Engine: "20.10.24", Kernel: "6.1.0-18-amd64", Rows: 3977, Items: 204, Gaps: []analyze.Gap{
				{Item: "ipvs_destination of lb_osmajjnje (4026532301)", Outcome: "denied", Reason: "netns 4026532301: list destinations: operation not permitted", Ref: "node2/rows/coverage.jsonl:88"},
				{Item: "raw/docker/tasks.json", Outcome: "timeout", Reason: "GET /tasks: no answer within 10s", Ref: "node2/rows/coverage.jsonl:201"},
			}},
			{Name: "node3", NodeID: "a1b2c3d4e5f6g7h8i9j0k1l2m", Role: "worker"},
		},
		Findings: []analyze.Finding{
			finding("fdb-permanent-missing", "Remote container has no permanent forwarding entry", analyze.Critical, "node1", "node1 has no permanent FDB entry for 02:42:0a:00:01:07 (10.0.1.7, task vote.2), which runs on node2", "fdb:node1/4026532299/02:42:0a:00:01:07",
				[]analyze.Fact{{Name: "network", Value: "back (osmajjnjeo4v, VNI 4097)"}, {Name: "runs_on", Value: "node2, VTEP 192.168.77.12"}, {Name: "learned", Value: "02:42:0a:00:01:07 dev vxlan0 master br0"}}),
			finding("ipvs-stale-backend", "Virtual service sends to a task that is gone", analyze.High, "node1", "virtual service FWM 279 of vote still sends to 10.0.1.5, whose task was shut down at 02:09:31Z", "ipvs:node1/4026532301/279/10.0.1.5",
				[]analyze.Fact{{Name: "fwmark", Value: "279"}, {Name: "weight", Value: "1"}, {Name: "connections", Value: "41, 44 ten seconds later"}}),
			finding("neigh-stale-permanent", "Permanent neighbour for an endpoint that is gone", analyze.Medium, "node1", "permanent neighbour 10.0.1.5 belongs to no running task", "neighbour:node1/4026532299/10.0.1.5", nil),
			finding("neigh-stale-permanent", "Permanent neighbour for an endpoint that is gone", analyze.Medium, "node2", "permanent neighbour 10.0.1.9 belongs to no running task", "neighbour:node2/4026532311/10.0.1.9", nil),
			finding("dns-rr-rfc3484-skew", "Clients prefer one address of a round-robin name", analyze.Low, "node2", "musl clients of rr on node2 try 10.0.2.4 first in 6 of 6 answers", "dns:node2/rr", nil),
		},
		Unreadable: []string{"notes.txt: not a bundle: neither zstd nor gzip"},
		Problems:   []string{"notes.txt: not a bundle: neither zstd nor gzip", "netmortem_node2_20261120T021419Z.tar.zst: rows/route.jsonl:77: not JSON: unexpected end of input"},
	}
	r.Causes = []analyze.Cause{
		{Rank: 1, Kind: analyze.CauseFinding, Rule: "fdb-permanent-missing", Host: "node1", Subject: r.Findings[0].Subject, Title: r.Findings[0].Title, Summary: r.Findings[0].Summary,
			Ref: "node1/rows/neighbour.jsonl:31", Severity: analyze.Critical, Findings: []string{r.Findings[0].ID},
			Breaks: analyze.Breaks{Walked: true, Segments: 1, Pairs: 3, Of: 12, Unknown: 1, Services: []string{"vote"}, Hosts: []string{"node1"}},
			Confidence: analyze.Confidence{Word: "high", For: []string{"the rule fdb-permanent-missing found it on node1", "two views were compared: the managers' tasks and this host's forwarding entries", "walked paths end at what it names or what follows from it: 1 segment"},
				Missing: []string{"no bundle of node3"}},
			Competing: &analyze.Competing{Rule: "vni-mismatch", What: "Tunnel of a network has another VNI or port than the swarm says: the device was made anew; not judged on node1 (link: denied)", Check: "nsenter --net=/run/docker/netns/1-osmajjnjeo ip -d link show vxlan0"},
			Since:     &analyze.Since{Words: "since before the capture, after 2026-11-20 02:09:31Z (task vote.2 came up)", After: sampleTime.Add(-5 * time.Minute), By: sampleTime, Because: "task vote.2 came up", Ref: "node1/raw/docker/tasks.json:412"},
			Remedy:    &analyze.Remedy{Do: "nsenter --net=/run/docker/netns/1-osmajjnjeo bridge fdb replace 02:42:0a:00:01:07 dev vxlan0 dst 192.168.77.12 self permanent", Risk: "none for other entries"}},
		{Rank: 2, Kind: analyze.CauseFinding, Rule: "ipvs-stale-backend", Host: "node1", Subject: r.Findings[1].Subject, Title: r.Findings[1].Title, Summary: r.Findings[1].Summary,
			Ref: "node1/rows/neighbour.jsonl:31", Severity: analyze.High, Findings: []string{r.Findings[1].ID}, Breaks: analyze.Breaks{Walked: true, Hosts: []string{"node1", "node2"}},
			Confidence: analyze.Confidence{Word: "medium", For: []string{"the rule ipvs-stale-backend found it on node1", "what would follow from it is there: neigh-stale-permanent"}, Against: []string{"paths were walked, and none dies of it"}},
			Symptoms: []analyze.Symptom{
				{Finding: r.Findings[2].ID, Rule: "neigh-stale-permanent", Host: "node1", Summary: r.Findings[2].Summary, From: r.Findings[1].ID, Why: "the event that takes both away did not come"},
				{Finding: r.Findings[3].ID, Rule: "neigh-stale-permanent", Host: "node2", Summary: r.Findings[3].Summary, From: r.Findings[1].ID, Why: "the event that takes both away did not come"},
			},
			Since: &analyze.Since{Words: "since 2026-11-20 02:09:31Z (task vote.1 has ended, shutdown)", After: sampleTime.Add(-5 * time.Minute), By: sampleTime.Add(-5 * time.Minute), Because: "task vote.1 has ended, shutdown"}},
		{Rank: 3, Kind: analyze.CauseSymptom, Rule: "dns-rr-rfc3484-skew", Host: "node2", Subject: r.Findings[4].Subject, Title: r.Findings[4].Title, Summary: r.Findings[4].Summary, Ref: "node2/rows/neighbour.jsonl:31",
			Severity: analyze.Low, Findings: []string{r.Findings[4].ID}, Breaks: analyze.Breaks{Walked: true, Hosts: []string{"node2"}},
			Confidence: analyze.Confidence{Word: "low", For: []string{"the rule dns-rr-rfc3484-skew found it on node2"}, Against: []string{"it is an effect, and no finding explains it"}},
			Since:      &analyze.Since{Words: "since before the capture", By: sampleTime}},
	}
	r.Paths = &analyze.Paths{Delivered: 40, Dropped: 1, Unknown: 2, Pairs: 12, Whole: 8, Broken: 3, Unjudged: 1}
	r.RankedBy = "what they break of 12 client–service pairs: 3 broken, 0 in part, 1 could not be judged"
	clean := func(rule, title string, s analyze.Severity) {
		r.Rules = append(r.Rules, analyze.Judged{Rule: rule, Title: title, Severity: s, Reads: []string{"fdb", "swarm_task"}, Outcomes: []analyze.Outcome{
			{Host: "node1", Verdict: analyze.Clean}, {Host: "node2", Verdict: analyze.Clean}, {Host: "node3", Verdict: analyze.NotJudged, Why: "no bundle of this host"},
		}})
	}
	clean("dns-missing-record", "Resolver does not know a running task", analyze.High)
	clean("dns-rr-rfc3484-skew", "Clients prefer one address of a round-robin name", analyze.Low)
	clean("dns-stale-record", "Resolver names a task that is gone", analyze.High)
	clean("fdb-local-mac-behind-vxlan", "Tunnel answers for a local container", analyze.Critical)
	clean("fdb-permanent-missing", "Remote container has no permanent forwarding entry", analyze.Critical)
	clean("fwmark-ipvs-mismatch", "Mark and virtual service do not meet", analyze.Critical)
	clean("ipvs-stale-backend", "Virtual service sends to a task that is gone", analyze.High)
	clean("neigh-stale-permanent", "Permanent neighbour for an endpoint that is gone", analyze.Medium)
	clean("vip-alias-missing", "Nobody answers for a virtual address", analyze.High)
	r.Findings[0].Known = []analyze.Known{{Issue: "moby/moby#53663", What: "an address learned from traffic keeps the driver from adding the permanent FDB entry again after a flap", Engine: "29.1.0", FixedIn: "after 29.8.0"}}
	for _, f := range r.Findings {
		set(r, f.Rule, analyze.Outcome{Host: f.Host, Verdict: analyze.Findings})
	}
	denied := analyze.Outcome{Host: "node2", Verdict: analyze.NotJudged, Why: "ipvs_destination in namespace 4026532301: denied: operation not permitted", Ref: "node2/rows/coverage.jsonl:88"}
	set(r, "ipvs-stale-backend", denied)
	set(r, "fwmark-ipvs-mismatch", denied)
	set(r, "dns-rr-rfc3484-skew", analyze.Outcome{Host: "node2", Verdict: analyze.Findings, Why: "there may be more: dns_query: truncated after 200 names", Ref: "node2/rows/coverage.jsonl:140"})
	r.Scene = sampleScene(r)
	countAll(r)
	return r
}

func finding(rule, title string, s analyze.Severity, host, summary, subject string, facts []analyze.Fact) analyze.Finding {
	return analyze.Finding{
		ID: rule + ":" + subject, Rule: rule, Title: title, Severity: s, Host: host, Summary: summary, Subject: subject, Facts: facts,
		Evidence: []analyze.Evidence{
			{Name: "neighbour", Ref: host + "/rows/neighbour.jsonl:31", Excerpt: `{"netns":"4026532299","dev":"vxlan0","address":"10.0.1.7","mac":"02:42:0a:00:01:07","state":"PERMANENT","seen":"both"}`},
			{Name: "task", Ref: "node1/raw/docker/tasks.json:412", Excerpt: "\"Status\": {\n  \"State\": \"running\"\n}"},
			{Name: "looked", Ref: host + "/rows/coverage.jsonl:17"},
		},
		Check:  "nsenter --net=/run/docker/netns/1-osmajjnjeo bridge fdb show dev vxlan0 | grep 02:42:0a:00:01:07",
		Remedy: "nsenter --net=/run/docker/netns/1-osmajjnjeo \\\n  bridge fdb replace 02:42:0a:00:01:07 dev vxlan0 dst 192.168.77.12 self permanent\n\nRisk: none for other entries. Undo: bridge fdb del with the same words.",
	}
}

func set(r *analyze.Result, rule string, o analyze.Outcome) {
	for i := range r.Rules {
		for k := range r.Rules[i].Outcomes {
			if r.Rules[i].Rule == rule && r.Rules[i].Outcomes[k].Host == o.Host {
				r.Rules[i].Outcomes[k] = o
			}
		}
	}
}

// countAll fills Counts from the rest, as analyze does.
func countAll(r *analyze.Result) {
	c := analyze.Counts{BySeverity: map[analyze.Severity]int{}, HostsNamed: len(r.Hosts)}
	for _, f := range r.Findings {
		c.BySeverity[f.Severity]++
	}
	for _, h := range r.Hosts {
		if h.Bundle != "" {
			c.HostsCaptured++
		}
		c.Gaps += len(h.Gaps)
	}
	for _, j := range r.Rules {
		n := tallyOutcomes(j)
		c.RulesFound += n.Findings
		c.RulesClean += n.Clean
		c.RulesUnjudged += n.NotJudged
	}
	r.Counts = c
}

// healthy is a swarm of two hosts, captured whole, with nothing wrong.
func healthy() *analyze.Result {
	r := sample()
	r.Findings, r.Causes, r.Problems, r.Unreadable, r.Severity = nil, nil, nil, nil, analyze.None
	r.Scene = healthyScene()
	r.Paths = &analyze.Paths{Delivered: 43, Pairs: 12, Whole: 12}
	r.RankedBy = "what they break of 12 client–service pairs: 0 broken, 0 in part, 0 could not be judged"
	r.Hosts = r.Hosts[:2]
	r.Hosts[1].Gaps = nil
	for i := range r.Rules {
		r.Rules[i].Outcomes = []analyze.Outcome{{Host: "node1", Verdict: analyze.Clean}, {Host: "node2", Verdict: analyze.Clean}}
	}
	countAll(r)
	r.Verdict = fmt.Sprintf("Nothing is wrong that %d rules know of: each was judged on both hosts.", len(r.Rules))
	return r
}

// fleet is a result too large to show whole: hosts, and a finding of one rule on each.
func fleet(hosts int) *analyze.Result {
	r := sample()
	r.Hosts, r.Findings, r.Causes, r.Problems, r.Unreadable = nil, nil, nil, nil, nil
	r.Scene = nil
	r.Paths, r.RankedBy = nil, "findings alone: no path was walked"
	for i := range r.Rules {
		r.Rules[i].Outcomes = nil
	}
	for h := range hosts {
		name := fmt.Sprintf("host-%04d", h)
		r.Hosts = append(r.Hosts, analyze.Host{Name: name, Bundle: "netmortem_" + name + ".tar.zst", Captured: sampleTime.Add(time.Duration(h) * time.Second), Engine: "29.5.0", Rows: 90000, Items: 900})
		for i := range r.Rules {
			o := analyze.Outcome{Host: name, Verdict: analyze.Clean}
			if r.Rules[i].Rule == "fdb-permanent-missing" {
				o.Verdict = analyze.Findings
			}
			r.Rules[i].Outcomes = append(r.Rules[i].Outcomes, o)
		}
		r.Findings = append(r.Findings, finding("fdb-permanent-missing", "Remote container has no permanent forwarding entry", analyze.Critical, name,
			fmt.Sprintf("no permanent FDB entry for 02:42:0a:00:%02x:%02x on %s", h>>8, h&255, name), fmt.Sprintf("fdb:%s/4026532299/%d", name, h), nil))
		f := r.Findings[h]
		r.Causes = append(r.Causes, analyze.Cause{Rank: h + 1, Kind: analyze.CauseFinding, Rule: f.Rule, Host: name, Subject: f.Subject, Title: f.Title, Summary: f.Summary, Severity: f.Severity,
			Findings: []string{f.ID}, Breaks: analyze.Breaks{Hosts: []string{name}}, Confidence: analyze.Confidence{Word: "low", For: []string{"the rule found it"}}})
	}
	countAll(r)
	return r
}
