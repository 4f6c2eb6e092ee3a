package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

// labWindow is the time between the two reads of a capture here: long enough to be two, short enough to do often.
const labWindow = "--window=2s"

// labBetween is how many faults are tried between two captures of the healed swarm. What one of them left behind is an unexplained
// finding of the next.
const labBetween = 8

// labLast is what comes behind the faults, in this order: what operators do to a swarm, and daemons that hang and are killed. Each needs
// so much time at the most: a run that is cut off says nothing of any fault, so that what does not fit is not tried, and that is said.
var labLast = []struct {
	name  string
	needs time.Duration
	test  func(*lab, *testing.T, *labMatrix)
}{
	{"busy", 12 * time.Minute, (*lab).testBusy},
	{"hung", 4 * time.Minute, func(l *lab, t *testing.T, _ *labMatrix) { l.testHung(t) }},
	{"containerd", 3 * time.Minute, func(l *lab, t *testing.T, _ *labMatrix) { l.testContainerd(t) }},
	{"killed", 2 * time.Minute, func(l *lab, t *testing.T, _ *labMatrix) { l.testKilled(t) }},
}

// labAfter is what all of labLast and one more fault need.
func labAfter() time.Duration {
	sum := 2 * time.Minute
	for _, d := range labLast {
		sum += d.needs
	}
	return sum
}

// TestLab tries the whole way on a real swarm: a healthy one, one fault at a time, healthy between them and after.
// It prints what it found as a matrix, with recall and false alarms.
func TestLab(t *testing.T) {
	l := startLab(t)
	m := &labMatrix{}
	t.Run("bundle", func(t *testing.T) { l.testBundle(t) })
	t.Run("unchanged", func(t *testing.T) { l.testUnchanged(t) })
	t.Run("healthy", func(t *testing.T) { l.testHealthy(t, m, "before") })
	for _, e := range labEvidence {
		t.Run(e.name, func(t *testing.T) { e.test(l, t) })
	}
	faults := readLabFaults(t)
	captured := 0 // faults, when the swarm was last captured without one
	for i, f := range faults {
		t.Run(f.Name, func(t *testing.T) { l.testFault(t, m, f) })
		if tried := i + 1 - len(m.untried); tried > captured && (i%labBetween == labBetween-1 || i == len(faults)-1) {
			captured = tried
			t.Run("healthy", func(t *testing.T) {
				if f.Settle > 0 {
					l.must(t, "settle")
				}
				l.silent(t, m, "after "+f.Name)
			})
		}
	}
	for _, two := range togetherFaults(t) {
		t.Run("together", func(t *testing.T) { l.testTogether(t, m, two) })
	}
	for _, d := range labLast {
		t.Run(d.name, func(t *testing.T) {
			m.within(t, d.name, d.needs)
			d.test(l, t, m)
		})
	}
	t.Logf("\n%s", m)
}

// testBundle checks that the bundle opens with the tools that everybody has.
func (l *lab) testBundle(t *testing.T) {
	for _, path := range l.bundlesOf(t, labWindow) {
		for _, shell := range []string{
			`tar --zstd -tf "$1" >/dev/null`,
			`tar --zstd -xOf "$1" --wildcards '*/meta.json' | jq -e '.format == 1' >/dev/null`,
			`tar --zstd -xOf "$1" --wildcards '*/rows/fdb.jsonl' | jq -se 'length > 0' >/dev/null`,
			`tar --zstd -xOf "$1" --wildcards '*/manifest.json' | jq -e '.entries | length > 0' >/dev/null`,
		} {
			if out, err := exec.Command("bash", "-o", "pipefail", "-c", shell, "bash", path).CombinedOutput(); err != nil {
				t.Errorf("%s: %s: %v\n%s", path, shell, err, out)
			}
		}
	}
}

// labWhole is how often a healthy swarm is captured until nothing is missing: a busy host may be slow to answer, never three times.
const labWhole = 3

// testHealthy checks that a swarm without a fault yields no finding of severity medium or above, and no gap.
func (l *lab) testHealthy(t *testing.T, m *labMatrix, when string) {
	for try := 1; ; try++ {
		start := time.Now()
		before := l.tried(t, "-only-talkers")
		bundles := l.bundlesOf(t, labWindow)
		after := l.tried(t)
		r, code, file := l.analyzedInto(t, bundles)
		s := labFault{}.score(nil, r.Findings)
		m.add("healthy "+when, s, "", start)
		l.refereed(t, m, "healthy "+when, []*labRound{before, after}, bundles, file)
		for _, f := range s.False {
			t.Errorf("false alarm, healthy %s: %s", when, f)
		}
		for _, p := range r.Problems {
			t.Errorf("healthy %s: %s", when, p)
		}
		if code == codeOK && r.Counts.Gaps == 0 {
			return
		}
		for _, h := range r.Hosts {
			for _, g := range h.Gaps {
				t.Logf("%s: %s is %s: %s", h.Name, g.Item, g.Outcome, g.Reason)
			}
		}
		if try == labWhole {
			t.Errorf("healthy %s: analyze ends with code %d, gaps: %d", when, code, r.Counts.Gaps)
			return
		}
	}
}

// leftByTries are findings that trying a broken way may leave behind, and the next fault has, too: where no answer comes back, connections
// stay half open, and a datagram that was not translated is tracked so for half a minute.
var leftByTries = []ruleAt{
	{"syncookies", "node1"}, {"syncookies", "node2"}, {"ingress-udp-stale-conntrack", "node1"}, {"ingress-udp-stale-conntrack", "node2"},
}

// labTriesLast is how long leftByTries may be found: half-open connections and untranslated datagrams are forgotten in a minute, and what
// their counters say is in the next capture or two.
const labTriesLast = 2 * time.Minute

// testFault plants a fault, lets a real client try it, captures, heals it, and compares with what the fault wants.
func (l *lab) testFault(t *testing.T, m *labMatrix, f labFault) {
	start := time.Now()
	m.within(t, f.Name, labAfter())
	l.since = start
	healed := false
	heal := func() {
		if !healed {
			healed = true
			l.must(t, "heal", f.Name)
		}
	}
	defer heal() // what a plant that fails has begun, too
	planted := plantedWords(l.must(t, "plant", f.Name))
	if len(planted) == 0 {
		t.Errorf("plant printed no word that a finding must name")
	}
	if f.Settle > 0 {
		l.must(t, "settle", fmt.Sprint(f.Settle))
	}
	broken := l.probed(t, f)
	if broken != f.Breaks {
		t.Errorf("a real client loses %s of its connections; the fault says %s", broken, f.Breaks)
	}
	var rounds []*labRound
	referee := l.refereeFor(f)
	if referee {
		rounds = append(rounds, l.tried(t, "-only-talkers"))
	}
	bundles := l.bundlesOf(t, labWindow) // a fault may make a host slow to answer
	if referee {
		rounds = append(rounds, l.tried(t, "-first", f.Want[0].Host))
	}
	if time.Since(l.triedAt) < labTriesLast {
		f.Also = append(slices.Clone(f.Also), leftByTries...)
	}
	file := filepath.Join(t.TempDir(), "walked.db")
	analysis := l.analyzing(t, bundles, "--db", file)
	heal()
	healedAt := time.Now()
	if f.Settle > 0 {
		l.must(t, "settle", "0") // it need not be at rest: the next fault of those that want it waits itself
	}
	l.recovered(t, f)
	time.Sleep(time.Until(healedAt.Add(labLookBack)))
	l.since = time.Now()

	r, code := analysis.result(t)
	s := f.score(planted, r.Findings)
	m.add(f.Name, s, broken, start)
	m.causes = append(m.causes, causeOf(f, r.Causes))
	if len(rounds) > 0 {
		l.refereed(t, m, f.Name, rounds, bundles, file)
	}
	if len(s.Missed)+len(s.False) > 0 {
		keepBundles(t, bundles)
	}
	for _, w := range s.Missed {
		t.Errorf("missed: %s on %s, naming %s; the verdict was: %s", w.Rule, w.Host, strings.Join(planted, " or "), r.Verdict)
	}
	for _, x := range s.False {
		t.Errorf("unexplained: %s", x)
	}
	if r.Severity.Rank() >= analyze.High.Rank() && code != codeFindings {
		t.Errorf("worst severity %s, and analyze ends with code %d", r.Severity, code)
	}
}

// probed is what a real client loses of its connections. Where that is not what the fault says it is shown, and tried once more: a
// connection may get through by what a kernel still keeps of an earlier one from the same port.
func (l *lab) probed(t *testing.T, f labFault) string {
	t.Helper()
	out := l.must(t, "probe", f.Name)
	if clientSees(out) != f.Breaks {
		t.Logf("with %s a real client saw:\n%s", f.Name, out)
		out = l.must(t, "probe", f.Name)
	}
	return clientSees(out)
}

// labRecovery is how long a client may try a healed fault until it loses nothing: what it and the tunnel had learned
// from the fault, a failed neighbour or a bridge's row, is not the fault's and ends with the next packets.
const labRecovery = 40 * time.Second

func (l *lab) recovered(t *testing.T, f labFault) {
	t.Helper()
	for start := time.Now(); ; {
		out := l.must(t, "probe", f.Name)
		if clientSees(out) == "none" {
			return
		}
		t.Logf("healed, and a real client saw:\n%s", out)
		if time.Since(start) > labRecovery {
			t.Errorf("healed, and a real client still loses %s of its connections", clientSees(out))
			return
		}
	}
}

// plantedWords are the words that plant printed for findings to name.
func plantedWords(out string) []string {
	var words []string
	for line := range strings.Lines(out) {
		if w, ok := strings.CutPrefix(strings.TrimSpace(line), "names "); ok {
			words = append(words, w)
		}
	}
	return words
}

// clientSees says which of the client's connections failed, from one line each: all, some or none.
func clientSees(out string) string {
	ok, fail := 0, 0
	for line := range strings.Lines(out) {
		switch {
		case strings.HasPrefix(line, "ok"):
			ok++
		case strings.HasPrefix(line, "fail"):
			fail++
		}
	}
	switch {
	case fail == 0 && ok > 0:
		return "none"
	case ok == 0:
		return "all"
	}
	return "some"
}

// A labMatrix collects what each capture came to.
type labMatrix struct {
	rows     []labRow
	causes   []labCause
	untried  []string   // faults, and what comes behind them, for which no time was left
	together []labCause // of faults planted two at a time
	referee  labReferee
}

type labRow struct {
	name   string
	score  labScore
	breaks string
	took   time.Duration
}

func (m *labMatrix) add(name string, s labScore, breaks string, start time.Time) {
	m.rows = append(m.rows, labRow{name, s, breaks, time.Since(start).Round(time.Second)})
}

// within skips a test and keeps its name in mind where less of go test's time is left than it needs.
func (m *labMatrix) within(t *testing.T, name string, needs time.Duration) {
	t.Helper()
	if end, ok := t.Deadline(); ok && time.Until(end) < needs {
		m.untried = append(m.untried, name)
		t.Skipf("not tried: less than %v is left of the time of this run", needs)
	}
}

// String prints faults and healthy captures with what was found, then recall and false alarms over all of them.
func (m *labMatrix) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "fault\tclient loses\tfound\tmissed\talso, and explained\tfalse\ttook")
	wanted, found, alarms, healthy, quiet := 0, 0, 0, 0, 0
	for _, r := range m.rows {
		wanted += len(r.score.Found) + len(r.score.Missed)
		found += len(r.score.Found)
		alarms += len(r.score.False)
		if strings.HasPrefix(r.name, "healthy") {
			healthy++
			if len(r.score.False) == 0 {
				quiet++
				continue
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%v\n", r.name, r.breaks, places(r.score.Found), places(r.score.Missed), places(r.score.Also), len(r.score.False), r.took)
	}
	w.Flush()
	fmt.Fprintf(&b, "recall %d/%d, false alarms %d in %d captures, of which %d of a healthy swarm, %d of them silent\n",
		found, wanted, alarms, len(m.rows), healthy, quiet)
	if len(m.untried) > 0 {
		fmt.Fprintf(&b, "not tried, for no time was left: %s\n", strings.Join(m.untried, " "))
	}
	m.writeCauses(&b)
	b.WriteString(m.referee.String())
	return b.String()
}

func places(list []ruleAt) string {
	var out []string
	for _, x := range list {
		out = append(out, x.Rule+"@"+x.Host)
	}
	return strings.Join(out, " ")
}
