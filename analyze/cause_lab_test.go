package analyze

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A plantedFault is the head of a fault's file in the lab: the rules that must and that may fire, as "rule host".
type plantedFault struct {
	name, text string
	want, also []string
}

func plantedFaults(t *testing.T) []plantedFault {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "lab", "faults", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no faults below testdata/lab: %v", err)
	}
	var out []plantedFault
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		f := plantedFault{name: filepath.Base(p), text: string(text)}
		for line := range strings.Lines(f.text) {
			if s, ok := strings.CutPrefix(line, "# want: "); ok {
				f.want = append(f.want, strings.TrimSpace(s))
			} else if s, ok := strings.CutPrefix(line, "# also: "); ok {
				f.also = append(f.also, strings.TrimSpace(s))
			}
		}
		out = append(out, f)
	}
	return out
}

// factNames are the facts that each rule's findings have, by what the fixtures of the rules want.
func factNames(t *testing.T, rules map[string]*Rule) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for rule := range rules {
		for _, path := range fixturesOf(t, rule) {
			want, _ := readFixture(t, path).want()
			for line := range strings.Lines(want) {
				name, _, ok := strings.Cut(strings.TrimPrefix(line, "\t"), " = ")
				if ok && !slices.Contains(out[rule], name) {
					out[rule] = append(out[rule], name)
				}
			}
		}
	}
	return out
}

// inOneWorld is the value that a fact has in every finding about one fault: one service, one task, one network.
func inOneWorld(name, host string) string {
	switch name {
	case "netns":
		return "1-app"
	case "network", "networks":
		return "app"
	case "service", "waiting_service", "name", "container":
		return "vote"
	case "ip", "missing":
		return "10.20.1.8"
	case "vip":
		return "10.20.1.11"
	case "mac":
		return "02:42:0a:14:01:08"
	case "port", "published":
		return "tcp:8080"
	case "peer_host", "other_host", "lacks":
		return map[string]string{"node1": "node2", "node2": "node1"}[host]
	case "forwarding_entry":
		return "missing, too"
	case "setting":
		return "live-restore"
	}
	return "something"
}

// A labWorld makes findings as the rules would.
type labWorld struct {
	rules map[string]*Rule
	facts map[string][]string
}

func newLabWorld(t *testing.T) *labWorld {
	t.Helper()
	w := &labWorld{rules: map[string]*Rule{}}
	for _, r := range shippedRules(t) {
		w.rules[r.ID] = r
	}
	w.facts = factNames(t, w.rules)
	return w
}

// findings are what a fault makes the rules find. Facts that could tell two faults apart end in mark.
func (w *labWorld) findings(t *testing.T, p *plantedFault, mark string) []Finding {
	t.Helper()
	var out []Finding
	seen := map[string]bool{}
	for _, at := range append(slices.Clone(p.want), p.also...) {
		rule, host, _ := strings.Cut(at, " ")
		r := w.rules[rule]
		if r == nil {
			t.Fatalf("%s: no rule %s", p.name, rule)
		}
		if seen[at] {
			continue
		}
		seen[at] = true
		f := Finding{ID: rule + "-" + host + mark, Rule: rule, Title: r.Title, Severity: r.Severity, Host: host, Summary: rule + " on " + host,
			Subject: "x:" + host + "/" + rule + mark, Evidence: []Evidence{{Ref: host + "/rows/coverage.jsonl:1"}}, Views: r.Views, Check: r.Check, Remedies: r.Remedies}
		for _, name := range w.facts[rule] {
			value := inOneWorld(name, host)
			if value != "something" && !slices.Contains([]string{"peer_host", "other_host", "lacks", "forwarding_entry", "setting"}, name) {
				value += mark
			}
			f.Facts = append(f.Facts, Fact{name, value})
		}
		p.firewall(&f)
		out = append(out, f)
	}
	sortFindings(out)
	return out
}

// firewall states what the file's iptables command drops.
func (p *plantedFault) firewall(f *Finding) {
	if f.Rule != "firewall-blocks-swarm-ports" {
		return
	}
	facts := []Fact{{"purpose", "gossip"}, {"proto", "tcp"}}
	if strings.Contains(p.text, "4789") || strings.Contains(p.text, "-p esp") {
		facts[0].Value = "data path"
	}
	for _, proto := range []string{"udp", "esp"} {
		if strings.Contains(p.text, "-I INPUT -p "+proto) || strings.Contains(p.text, "-I INPUT 1 -p "+proto) {
			facts[1].Value = proto
		}
	}
	f.Facts = append(slices.DeleteFunc(f.Facts, func(x Fact) bool { return x.Name == "purpose" || x.Name == "proto" }), facts...)
}

// The faults in which another rule than the wanted one is ranked first, and why that is right.
var rootOfFault = map[string]struct{ rule, why string }{
	"dns-missing-record":    {"firewall-blocks-swarm-ports", "the planted thing is the firewall's rule; the missing record is what it was planted for"},
	"dns-stale-record":      {"firewall-blocks-swarm-ports", "the same for a record that is kept"},
	"dns-view-divergence":   {"firewall-blocks-swarm-ports", "the same for two hosts that differ"},
	"encrypted-esp-dropped": {"firewall-blocks-swarm-ports", "the planted thing is the firewall's rule"},
	"gossip-udp-blocked":    {"firewall-blocks-swarm-ports", "the planted thing is the firewall's rule"},
}

// The faults whose consequences stand beside the wanted finding and not below it, since nothing makes one follow from the other.
var besideFault = map[string]string{
	"clock-skew":                  "the container that is ended to have a task reported under the wrong clock",
	"core-lost":                   "the crash does not follow from its core being lost; it is severe in itself, and is told first",
	"default-pool-exhausted":      "the same routes are an overlap, which is severe in itself, and is told first",
	"ingress-udp-stale-conntrack": "the sample has no server for UDP: a fault of its own, equally severe",
	"ip-duplicate":                "the client that has the address tries itself first: a finding about a name, which no address leads to",
	"ipvs-udp-stale":              "the setting that makes it last is latent, and less severe",
}

// TestCausesOfLabFaults ranks what each fault of the lab makes the rules find: the planted one is first, and its consequences are folded
// under it. Keys are as far as the files tell; the lab itself tells the rest.
func TestCausesOfLabFaults(t *testing.T) {
	w := newLabWorld(t)
	faults := plantedFaults(t)
	first := 0
	for _, p := range faults {
		t.Run(p.name, func(t *testing.T) {
			list := causes(w.findings(t, &p, ""), nil, &causeKnowledge{rules: w.rules}, &causeTimes{})
			lead := list[0]
			root, other := rootOfFault[p.name]
			_, beside := besideFault[p.name]
			switch {
			case p.wants(lead.Rule):
				first++
				if other {
					t.Errorf("%s is first: take the fault out of rootOfFault", lead.Rule)
				}
			case other && lead.Rule == root.rule:
				first++
				if !slices.ContainsFunc(lead.Symptoms, func(s Symptom) bool { return p.wants(s.Rule) }) {
					t.Errorf("the wanted finding is not under %s", lead.Rule)
				}
			case beside && len(list) > 1 && p.wants(list[1].Rule):
			default:
				t.Errorf("first is %s; want %s", lead.Rule, p.want)
			}
			if rest := len(list) - 1; (rest > 0) != beside {
				t.Errorf("%d causes beside the first: %+v", rest, list[1:])
			}
		})
	}
	t.Logf("the planted one is first in %d of %d faults", first, len(faults))
}

func (p *plantedFault) wants(rule string) bool {
	return slices.ContainsFunc(p.want, func(at string) bool { return strings.HasPrefix(at, rule+" ") })
}

// TestCausesOfTwoFaults ranks the findings of two faults at once, in worlds that share nothing but their hosts: both are among the
// first two, unless one of them is of a kind that explains the other.
func TestCausesOfTwoFaults(t *testing.T) {
	w := newLabWorld(t)
	faults := plantedFaults(t)
	both, pairs, folded := 0, 0, 0
	for i, a := range faults {
		for _, b := range faults[i+1:] {
			all := append(slices.Clone(b.want), b.also...)
			if slices.ContainsFunc(append(slices.Clone(a.want), a.also...), func(x string) bool { return slices.Contains(all, x) }) || besideFault[a.name] != "" || besideFault[b.name] != "" {
				continue // one rule on one host; or three causes
			}
			ofA, ofB := w.findings(t, &a, ""), w.findings(t, &b, "b")
			findings := append(ofA, ofB...)
			sortFindings(findings)
			list := causes(findings, nil, &causeKnowledge{rules: w.rules}, &causeTimes{})
			pairs++
			isB := func(id string) bool { return strings.HasSuffix(id, "b") }
			if len(list) > 1 && isB(list[0].Findings[0]) != isB(list[1].Findings[0]) {
				both++
				continue
			}
			explained := false
			for _, c := range list {
				for _, s := range c.Symptoms {
					explained = explained || isB(s.Finding) != isB(c.Findings[0])
				}
			}
			if !explained {
				t.Errorf("%s and %s: first are %s and %s", a.name, b.name, list[0].Rule, list[1].Rule)
			}
			folded++
		}
	}
	t.Logf("both among the first two in %d of %d pairs; in %d one explains the other", both, pairs, folded)
}
