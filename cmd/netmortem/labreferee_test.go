package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/path"
)

// A wayKey is who asks whom.
type wayKey struct {
	client  string // host/label of a container, outside, or a host's name
	via     string // vip, dnsrr, tasks, container, published or egress
	server  string
	network string
	at      string // of a published port the host that is asked, or 127.0.0.1; host/label of a container of no service
	port    int
	proto   string // tcp or udp
}

func (k wayKey) String() string {
	switch k.via {
	case "egress":
		return k.client + " → outside"
	case "published":
		return fmt.Sprintf("%s → %s port %d of %s (%s)", k.client, k.proto, k.port, k.at, k.server)
	case "container":
		return fmt.Sprintf("%s → %s:%d/%s on %s", k.client, k.at, k.port, k.proto, k.network)
	}
	return fmt.Sprintf("%s → %s:%d/%s by %s on %s", k.client, k.server, k.port, k.proto, k.via, k.network)
}

// A walked way is the walk's verdict, with the row that decided.
type walked struct {
	verdict string // delivered, dropped, some or cannot tell; empty where it does not walk
	why     string
}

// loopback is how the prober asks a host for its own published ports, beside the host's address.
const loopback = "127.0.0.1"

// walkedWays judges all pairs of a database, and traces what hosts ask of one another and of containers of no service, which no pair
// is about, as far as it was tried.
func walkedWays(ctx context.Context, file string, hosts []string, rounds []*labRound) (ways map[wayKey]walked, labels map[string]string, err error) {
	db, err := analyze.OpenDatabase(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, nil, err
	}
	defer tx.Rollback()
	j, err := path.Judge(ctx, tx, true)
	if err != nil {
		return nil, nil, err
	}
	labels = map[string]string{}
	for _, ep := range j.World.Endpoints {
		if ep.Host != "" && (ep.Kind == "task" || ep.Kind == "container") {
			labels[ep.Owner] = ep.Host + "/" + ep.Label
		}
	}
	segments := map[int]*path.Segment{}
	for _, s := range j.Segments {
		segments[s.ID] = s
	}
	ways = map[wayKey]walked{}
	for _, p := range j.Pairs {
		k := wayKey{client: p.ClientHost + "/" + p.Client, via: p.Via, server: p.Server, network: p.Network, port: p.Port, proto: p.Proto}
		switch p.Via {
		case "ingress", "host":
			k.client, k.via, k.at, k.network = p.Client, "published", p.ClientHost, ""
			if strings.HasPrefix(p.Target, loopback) {
				k.at = loopback
			}
		case "egress":
			k.network, k.port = "", 0
		}
		w := walked{verdict: p.Verdict}
		if s := segments[p.Segment]; s != nil {
			w.why = fmt.Sprintf("%s on %s at %s: %s (%s) [%s]", s.Kind, s.Hop.Host, s.Hop.Step, s.Hop.Why, s.Hop.Subject, s.Hop.Ref)
		}
		if p.Backends > 0 {
			w.why = fmt.Sprintf("%d of %d backends; %s", p.Reached, p.Backends, w.why)
		}
		ways[k] = w
	}
	for _, round := range rounds {
		for i := range round.tried {
			t := &round.tried[i]
			k := keyOf(t, labels)
			if _, known := ways[k]; known {
				continue
			}
			q := path.Question{Proto: k.proto, Port: t.Port, Network: t.Network}
			switch {
			case t.Via == "container":
				if q.From, err = j.World.Find(ctx, tx, t.Client, true); err == nil {
					q.To, err = j.World.Find(ctx, tx, t.At, false)
				}
			case t.Via == "published" && slices.Contains(hosts, t.Client):
				q.From, q.To, q.Network = &path.Place{Label: t.Client, Host: t.Client}, &path.Place{Label: t.At, Host: t.At, Service: serviceOf(j.World, t.Server)}, ""
			default:
				continue
			}
			var x *path.Trace
			if err == nil {
				x, err = j.World.Trace(ctx, tx, q)
			}
			if err != nil {
				ways[k] = walked{why: err.Error()}
				continue
			}
			ways[k] = walked{x.Verdict, x.Summary}
		}
	}
	return ways, labels, nil
}

func serviceOf(w *path.World, name string) *path.Service {
	for _, s := range w.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// keyOf names what was tried as the walk does.
func keyOf(t *labTried, labels map[string]string) wayKey {
	k := wayKey{client: t.Client, via: t.Via, server: t.Server, network: t.Network, at: t.At, port: t.Port, proto: cmp.Or(t.Proto, "tcp")}
	if t.Via == "published" {
		k.network = ""
		return k
	}
	k.client = cmp.Or(labels[t.Client], t.Client)
	if t.Via == "container" {
		k.at = cmp.Or(labels[t.At], t.At)
	}
	return k
}

// What the walk should have said of what was reached.
var shouldSay = map[string]string{reachedAll: "delivered", reachedSome: "some", reachedNone: "dropped"}

// A labReferee compares what was tried with what was walked, over all faults.
type labReferee struct {
	cells     map[[2]string]int // reached, verdict
	changed   int               // pairs that were not the same each time that they were tried
	untried   int               // that the walk has, and nobody tried
	unwalked  int               // that were tried, and the walk does not have
	disagrees []string
	others    []string // in words: the undecided, and those that are not counted
}

// compare counts the ways of one fault, and returns what the walk says of them that is not so. rounds are all that were tried while
// the same bundles were captured.
func (r *labReferee) compare(fault string, rounds []*labRound, ways map[wayKey]walked, labels map[string]string) (disagreements []string) {
	if r.cells == nil {
		r.cells = map[[2]string]int{}
	}
	type seen struct {
		reached []string
		words   []string
	}
	tried := map[wayKey]*seen{}
	for _, round := range rounds {
		for i := range round.tried {
			t := &round.tried[i]
			reached := round.reached(t)
			if len(reached) == 0 {
				continue
			}
			k := keyOf(t, labels)
			if tried[k] == nil {
				tried[k] = &seen{}
			}
			tried[k].reached = append(tried[k].reached, reached...)
			tried[k].words = append(tried[k].words, t.String())
		}
	}
	keys := make([]wayKey, 0, len(tried))
	for k := range tried {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b wayKey) int { return cmp.Compare(a.String(), b.String()) })
	for _, k := range keys {
		x, w := tried[k], ways[k]
		reached := slices.Compact(slices.Clone(x.reached))
		switch {
		case w.verdict == "":
			r.unwalked++
			r.others = append(r.others, fmt.Sprintf("the walk does not have: %s, %s reached; %s", k, strings.Join(x.reached, ", "), w.why))
		case len(reached) > 1:
			r.changed++
			r.others = append(r.others, fmt.Sprintf("changed: %s: %s; walk: %s", k, strings.Join(x.words, " | "), w.verdict))
		default:
			r.cells[[2]string{reached[0], w.verdict}]++
			if w.verdict == "cannot tell" {
				r.others = append(r.others, fmt.Sprintf("undecided: %s: %s reached; %s", k, reached[0], w.why))
			}
			if w.verdict != "cannot tell" && w.verdict != shouldSay[reached[0]] {
				disagreements = append(disagreements, fmt.Sprintf("%s | %s | tried: %s | %s | walk: %s | %s", fault, k, reached[0], strings.Join(slices.Compact(x.words), " | "), w.verdict, w.why))
			}
		}
	}
	for k := range ways {
		if tried[k] == nil {
			r.untried++
			r.others = append(r.others, fmt.Sprintf("nobody tried: %s: %s", k, ways[k].verdict))
		}
	}
	slices.Sort(r.others)
	r.disagrees = append(r.disagrees, disagreements...)
	return disagreements
}

// String prints the confusion table.
func (r *labReferee) String() string {
	var b strings.Builder
	verdicts := []string{"delivered", "some", "dropped", "cannot tell"}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "tried \\ walked\t%s\n", strings.Join(verdicts, "\t"))
	decided, agreed, unknown := 0, 0, 0
	for _, reached := range []string{reachedAll, reachedSome, reachedNone} {
		fmt.Fprintf(w, "%s reached", reached)
		for _, v := range verdicts {
			n := r.cells[[2]string{reached, v}]
			fmt.Fprintf(w, "\t%d", n)
			switch {
			case v == "cannot tell":
				unknown += n
			case v == shouldSay[reached]:
				agreed += n
				decided += n
			default:
				decided += n
			}
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	fmt.Fprintf(&b, "the walk agrees on %d of %d decided pairs; %d of %d (%.1f %%) undecided; not counted: %d that changed while they were tried, %d that nobody tried, %d that the walk does not have\n",
		agreed, decided, unknown, decided+unknown, 100*float64(unknown)/max(1, float64(decided+unknown)), r.changed, r.untried, r.unwalked)
	return b.String()
}

// tried lets everybody on all hosts try what they should reach.
func (l *lab) tried(t *testing.T, flags ...string) *labRound {
	t.Helper()
	start := time.Now()
	l.rounds++
	defer func() { l.triedAt = time.Now() }()
	dir := filepath.Join(l.dir, fmt.Sprintf("tried-%d", l.rounds))
	l.must(t, append([]string{"try", dir}, flags...)...)
	r, err := readRound(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d targets were tried in %v", len(r.tried), time.Since(start).Round(10*time.Millisecond))
	return r
}

// labRefereed are faults of every segment of the way, with which everybody tries everything also where refereeEnv does not ask for it.
var labRefereed = []string{
	"dns-nat-chain-missing", "dsr-incomplete", "fdb-permanent-missing", "forward-reject-before-docker", "fwmark-wrong-mark", "ingress-dnat-missing",
	"ipvs-missing-backend", "localhost-published-fails", "neigh-missing", "veth-down", "vip-alias-missing", "vni-mismatch",
}

// refereeFor reports whether everybody tries everything with a fault.
func (l *lab) refereeFor(f labFault) bool {
	return f.touchesPath() && (l.referee || slices.Contains(labRefereed, f.Name))
}

// touchesPath reports whether the walk has something to say about the fault that can be held against what is tried.
func (f labFault) touchesPath() bool {
	return f.Path == "touched" || f.Path == "" && f.Breaks != "none"
}

// analyzedInto is [lab.analyzed] with the database kept.
func (l *lab) analyzedInto(t *testing.T, bundles []string) (r *analyze.Result, code int, file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "walked.db")
	r, code = l.analyzed(t, bundles, "--db", file)
	return r, code, file
}

// refereed compares the walk over bundles with what was tried while they were captured.
func (l *lab) refereed(t *testing.T, m *labMatrix, fault string, rounds []*labRound, bundles []string, file string) {
	t.Helper()
	ways, labels, err := walkedWays(t.Context(), file, labHosts, rounds)
	if err != nil {
		t.Error(err)
		return
	}
	one := &labReferee{}
	wrong := one.compare(fault, rounds, ways, labels)
	m.referee.add(one)
	for _, d := range wrong {
		t.Errorf("the kernel disagrees: %s", d)
	}
	for _, u := range one.others {
		t.Log(u)
	}
	t.Logf("\n%s", one)
	if len(wrong) > 0 {
		keepBundles(t, bundles)
	}
}

// add counts another one's ways, too.
func (r *labReferee) add(other *labReferee) {
	if r.cells == nil {
		r.cells = map[[2]string]int{}
	}
	for k, n := range other.cells {
		r.cells[k] += n
	}
	r.changed += other.changed
	r.untried += other.untried
	r.unwalked += other.unwalked
	r.disagrees = append(r.disagrees, other.disagrees...)
}

// A labCause is how analyze ranks the planted cause of a fault among others.
type labCause struct {
	fault string
	place int    // from 1; 0: it is none of those
	first string // the first one, where that is another
	told  bool   // the fault's file explains that one
}

// causeOf looks for the planted cause: the first that is a rule which the fault wants, on the host where it wants it, or one that the
// fault's file explains, and the wanted one follows from.
func causeOf(f labFault, list []analyze.Cause) labCause {
	c := labCause{fault: f.Name}
	for i, x := range list {
		wanted := slices.Contains(f.Want, ruleAt{x.Rule, x.Host})
		for _, s := range x.Symptoms {
			wanted = wanted || slices.Contains(f.Also, ruleAt{x.Rule, x.Host}) && slices.Contains(f.Want, ruleAt{s.Rule, s.Host})
		}
		if wanted {
			c.place = i + 1
			break
		}
	}
	if c.place != 1 && len(list) > 0 {
		c.first = list[0].Rule + "@" + list[0].Host + ", a " + list[0].Kind
		c.told = slices.Contains(f.Also, ruleAt{list[0].Rule, list[0].Host})
	}
	return c
}

// writeCauses prints the faults whose planted cause is not the first, and how many of them have it there.
func (m *labMatrix) writeCauses(b *strings.Builder) {
	first, told := 0, 0
	for _, c := range m.causes {
		switch {
		case c.place == 1:
			first++
			continue
		case c.place == 2 && c.told:
			told++
		}
		fmt.Fprintf(b, "%s: the planted cause is in place %d of those ranked; the first is %s\n", c.fault, c.place, c.first)
	}
	fmt.Fprintf(b, "the planted cause is the first in %d of %d, and in %d more the second after one that the fault explains\n", first, len(m.causes), told)
	among := 0
	for _, c := range m.together {
		if c.place == 1 || c.place == 2 {
			among++
		}
	}
	fmt.Fprintf(b, "two at once: %d of %d are among the first two\n", among, len(m.together))
}

func TestPlantedPlace(t *testing.T) {
	f := labFault{Name: "lost", Want: []ruleAt{{"lost", "node2"}}, Also: []ruleAt{{"echo", "node2"}}}
	cause := func(rule, host string, symptoms ...string) analyze.Cause {
		c := analyze.Cause{Rule: rule, Host: host, Kind: analyze.CauseFinding}
		for _, s := range symptoms {
			c.Symptoms = append(c.Symptoms, analyze.Symptom{Rule: s, Host: host})
		}
		return c
	}
	for _, c := range []struct {
		name  string
		list  []analyze.Cause
		place int
		told  bool
	}{
		{"first", []analyze.Cause{cause("lost", "node2"), cause("echo", "node2")}, 1, false},
		{"second", []analyze.Cause{cause("other", "node2"), cause("lost", "node2")}, 2, false},
		{"second after what the fault explains", []analyze.Cause{cause("echo", "node2"), cause("lost", "node2")}, 2, true},
		{"below what the fault explains", []analyze.Cause{cause("echo", "node2", "lost")}, 1, false},
		{"below another", []analyze.Cause{cause("other", "node2", "lost")}, 0, false},
		{"on another host", []analyze.Cause{cause("lost", "node1")}, 0, false},
		{"none", nil, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := causeOf(f, c.list); got.place != c.place || got.told != c.told {
				t.Errorf("place %d, told %v, want %d, %v", got.place, got.told, c.place, c.told)
			}
		})
	}
}

// TestReferee holds the comparison itself against a few ways of each kind.
func TestReferee(t *testing.T) {
	labels := map[string]string{"t1": "node1/client.node1"}
	services := map[string]string{"aaa": "vote", "outside": ""}
	vip := wayKey{client: "node1/client.node1", via: "vip", server: "vote", network: "app", port: 80, proto: "tcp"}
	published := wayKey{client: "outside", via: "published", server: "vote", at: "node2", port: 8080, proto: "udp"}
	egress := wayKey{client: "node1/client.node1", via: "egress", proto: "tcp"}
	round := func(vipFailed, portFailed int) *labRound {
		some := func(who string, failed int) [][]labTry {
			x := labTry{IP: "10.20.1.2", labCounts: labCounts{Small: map[string]int{who: 4 - failed}, Failed: map[string]int{"no connection": failed}}}
			if failed == 4 {
				x.Small = nil
			}
			return [][]labTry{{x}}
		}
		return &labRound{services: services, tried: []labTried{
			{Client: "t1", Host: "node1", Server: "vote", Network: "app", Via: "vip", Port: 80, Rounds: some("aaa", vipFailed)},
			{Client: "outside", Host: "outside", Server: "vote", Network: "ingress", Via: "published", At: "node2", Port: 8080, Proto: "udp", Rounds: some("aaa", portFailed)},
			{Client: "t1", Host: "node1", Via: "egress", Rounds: some("outside", 0)},
		}}
	}
	for _, c := range []struct {
		name                       string
		rounds                     []*labRound
		vip, port, egress          string
		wrong                      int
		changed, untried, unwalked int
	}{
		{"all agree", []*labRound{round(0, 0), round(0, 0)}, "delivered", "delivered", "delivered", 0, 0, 0, 0},
		{"drops agree", []*labRound{round(4, 2)}, "dropped", "some", "delivered", 0, 0, 0, 0},
		{"delivered while the kernel drops", []*labRound{round(4, 0)}, "delivered", "delivered", "delivered", 1, 0, 0, 0},
		{"dropped while the kernel delivers", []*labRound{round(0, 0)}, "dropped", "dropped", "delivered", 2, 0, 0, 0},
		{"some is not all", []*labRound{round(1, 1)}, "dropped", "delivered", "delivered", 2, 0, 0, 0},
		{"cannot tell is not wrong", []*labRound{round(4, 0)}, "cannot tell", "cannot tell", "delivered", 0, 0, 0, 0},
		{"it changed", []*labRound{round(4, 0), round(0, 0)}, "dropped", "delivered", "delivered", 0, 1, 0, 0},
		{"the walk lacks one", []*labRound{round(0, 0)}, "", "delivered", "delivered", 0, 0, 0, 1},
		{"nobody tried", []*labRound{{services: services}}, "delivered", "delivered", "delivered", 0, 0, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			ways := map[wayKey]walked{}
			for k, v := range map[wayKey]string{vip: c.vip, published: c.port, egress: c.egress} {
				if v != "" {
					ways[k] = walked{verdict: v}
				}
			}
			r := &labReferee{}
			wrong := r.compare(c.name, c.rounds, ways, labels)
			if len(wrong) != c.wrong || r.changed != c.changed || r.untried != c.untried || r.unwalked != c.unwalked {
				t.Errorf("%d wrong, %d changed, %d untried, %d unwalked, want %d, %d, %d, %d\n%s\n%s", len(wrong), r.changed, r.untried, r.unwalked, c.wrong, c.changed, c.untried, c.unwalked, strings.Join(wrong, "\n"), r)
			}
		})
	}
}

// TestWalkedWays looks for ways of each kind in bundles of the lab's healthy swarm, under the names that the prober has for them.
func TestWalkedWays(t *testing.T) {
	bundles, err := filepath.Glob(filepath.Join("..", "..", "testdata", "bundles", "healthy-every-collector", "*.tar.zst"))
	if err != nil || len(bundles) == 0 {
		t.Fatalf("no bundles: %v", err)
	}
	file := filepath.Join(t.TempDir(), "walked.db")
	if _, err := analyze.Run(t.Context(), analyze.Options{Bundles: bundles, DB: file}); err != nil {
		t.Fatal(err)
	}
	db, err := analyze.OpenDatabase(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	client := texts(t, db, "SELECT owner FROM endpoint WHERE label = 'client.node1'")[0]
	tried := []labTried{
		{Client: client, Host: "node1", Server: "vote", Network: "app", Via: "vip", Port: 80},
		{Client: client, Host: "node1", Server: "vote", Network: "back", Via: "vip", Port: 80},
		{Client: client, Host: "node1", Server: "vote", Network: "app", Via: "tasks", Port: 80},
		{Client: client, Host: "node1", Server: "rr", Network: "app", Via: "dnsrr", Port: 80},
		{Client: client, Host: "node1", Server: "client", Network: "app", Via: "vip"},
		{Client: client, Host: "node1", Via: "egress"},
		{Client: "outside", Host: "outside", Server: "vote", Network: "ingress", Via: "published", At: "node2", Port: 8080},
		{Client: "node1", Host: "node1", Server: "vote", Network: "ingress", Via: "published", At: "node2", Port: 8080},
		{Client: "node1", Host: "node1", Server: "vote", Network: "ingress", Via: "published", At: "node1", Port: 8080},
		{Client: "node1", Host: "node1", Server: "vote", Network: "ingress", Via: "published", At: loopback, Port: 8080},
	}
	ways, labels, err := walkedWays(t.Context(), file, labHosts, []*labRound{{tried: tried}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range tried {
		k := keyOf(&tried[i], labels)
		if w := ways[k]; w.verdict != "delivered" {
			t.Errorf("%s: %q, %s", k, w.verdict, w.why)
		}
	}
	nobody := labTried{Client: "gone", Host: "node1", Network: "app", Via: "container", At: "gone, too", Port: 80}
	ways, labels, err = walkedWays(t.Context(), file, labHosts, []*labRound{{tried: []labTried{nobody}}})
	if err != nil {
		t.Fatal(err)
	}
	if w := ways[keyOf(&nobody, labels)]; w.verdict != "" || w.why == "" {
		t.Errorf("of a container that nobody captured: %q, %q", w.verdict, w.why)
	}
}
