package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// TestQuarters puts each failure in its quarter, bounds what is shown and counts the rest; what was asked for is no failure.
func TestQuarters(t *testing.T) {
	r := sample()
	r.Scene = &scene.Scene{FailuresLeft: 5}
	for i := range 100 {
		r.Scene.Failures = append(r.Scene.Failures, scene.Failure{Host: "node1", Label: fmt.Sprint("x", i), What: "ended with 1", Fatal: i%2 == 0, Explicit: i%4 < 2, Asked: i%10 == 0, Count: 1, At: sampleTime})
	}
	for i := range 90 {
		r.Scene.Failures = append(r.Scene.Failures, scene.Failure{Host: "node1", Label: fmt.Sprint("y", i), What: "stands still", Count: 1})
	}
	p := newHTMLPage(r)
	var got []string
	for _, q := range p.Quarters() {
		got = append(got, fmt.Sprint(q.ID, " ", len(q.Failures), "+", q.Left))
	}
	want := "fatal-explicit 20+0, fatal-implicit 20+0, alive-explicit 25+0, alive-implicit 40+75"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("quarters %s; want %s", s, want)
	}
	if n := p.AskedFor().N(); n != 10 {
		t.Errorf("%d asked for; want 10", n)
	}
	page := rendered(t, HTML, r)
	for _, s := range []string{"and 75 failures more of this kind", "5 failures more, asked for or older", "<b>10 ends</b> that somebody asked for"} {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
}

// TestNoneSeen: where what would show a failure was not judged, none seen does not read as none.
func TestNoneSeen(t *testing.T) {
	r := sample()
	r.Scene = &scene.Scene{}
	r.Rules = append(r.Rules, analyze.Judged{Rule: "listen-overflow", Title: "x", Severity: analyze.High, Outcomes: []analyze.Outcome{
		{Host: "node1", Verdict: analyze.Clean}, {Host: "node2", Verdict: analyze.NotJudged, Why: "socket: timeout"}}})
	for _, q := range newHTMLPage(r).Quarters() {
		if q.ID == "alive-implicit" && strings.Join(q.Unjudged, " ") != "node2" {
			t.Errorf("not judged on %q; want node2", q.Unjudged)
		}
		if q.Tone() != "open" {
			t.Errorf("an empty quarter has the tone %s; want that of what is not known", q.Tone())
		}
	}
	r.Scene = nil
	if page := rendered(t, HTML, r); !strings.Contains(page, "Nothing was read that would tell of processes") || !strings.Contains(page, "Nothing that was captured tells when something happened") {
		t.Error("without a scene the page does not say that nothing is known")
	}
}

// TestFailureWords names a failure in a word, and leads to its finding and its time.
func TestFailureWords(t *testing.T) {
	r := sample()
	r.Scene = &scene.Scene{}
	p := newHTMLPage(r)
	code := 139
	for _, tt := range []struct {
		f    scene.Failure
		word string
	}{
		{scene.Failure{Fatal: true, Count: 3, Explicit: true}, "loop"},
		{scene.Failure{Fatal: true, Count: 2, Explicit: true}, "ended"},
		{scene.Failure{Fatal: true, Count: 1, OOM: true}, "out of memory"},
		{scene.Failure{Fatal: true, Count: 1, ExitCode: &code, What: "crashed: SIGSEGV (139)"}, "crash"},
		{scene.Failure{Count: 5, Explicit: true}, "complains"},
		{scene.Failure{Count: 1}, "stands still"},
	} {
		if got := p.Failed(tt.f).Word(); got != tt.word {
			t.Errorf("%+v is %q; want %q", tt.f, got, tt.word)
		}
	}
	f := p.Failed(scene.Failure{At: sampleTime, Findings: []string{r.Findings[0].ID, "unknown-1"}, Host: "node1", Open: []string{"docker service logs x"}})
	if got := f.Rules(); len(got) != 2 || got[0].Anchor != p.Anchor[r.Findings[0].ID] || got[1].Anchor != "" {
		t.Errorf("it leads to %v", got)
	}
	if got, want := f.TimeHref(), timeHref(sampleTime.Add(-2*time.Minute), sampleTime.Add(time.Minute)); got != want || !strings.HasPrefix(got, "#/time?from=") {
		t.Errorf("it leads to %q", got)
	}
	if got := f.Where(); got != "on node1; docker service on a manager" {
		t.Errorf("typed %q", got)
	}
}
