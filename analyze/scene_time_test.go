package analyze

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/analyze/scene"
)

// TestSceneTime reads events, clocks, failures and cores of a fixture and compares them with its file want, which UPDATE=1 writes.
func TestSceneTime(t *testing.T) {
	path := "testdata/scene/time.txtar"
	f, err := parseFixture(path)
	if err != nil {
		t.Fatal(err)
	}
	got := printTime(sceneOf(t, f))
	want, _ := f.want()
	if got == want {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Fatalf("the scene differs from want; UPDATE=1 writes\n%s", got)
	}
	f.ar.Files = slices.DeleteFunc(f.ar.Files, func(x txtar.File) bool { return x.Name == "want" })
	f.ar.Files = append(f.ar.Files, txtar.File{Name: "want", Data: []byte(got)})
	if err := os.WriteFile(path, txtar.Format(f.ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

// sceneOf analyzes a fixture with the shipped rules.
func sceneOf(t *testing.T, f *fixture) *scene.Scene {
	t.Helper()
	rules, err := Rules("")
	if err != nil {
		t.Fatal(err)
	}
	var sources []*source
	for _, h := range f.hosts {
		sources = append(sources, h.source())
	}
	a := &analysis{options: Options{Now: time.Unix(1, 0), Progress: func(Progress) {}}, rules: rules, derived: computed()}
	a.sources, _ = label(sources)
	res, err := a.run(t.Context())
	if err != nil {
		if sqliteAvailable() != nil {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return res.Scene
}

// printTime is the form of want.
func printTime(s *scene.Scene) string {
	var b strings.Builder
	for _, c := range s.Clocks {
		r, ok := c.Reach()
		fmt.Fprintf(&b, "clock %s: %v %.3f to %.3f by %q\n", c.Host, ok, r.Early, r.Late, r.By)
	}
	for _, e := range s.Events {
		lasts := ""
		if !e.Until.IsZero() {
			lasts = fmt.Sprintf(" for %s", e.Until.Sub(e.At))
		}
		fmt.Fprintf(&b, "%s%s %s %s %s ×%d %q about %q (%s)\n", e.At.Format("15:04:05.000"), lasts, e.Host, e.Lane, orDash(e.Tone), e.Count, e.Text, e.Subject, e.Ref)
	}
	fmt.Fprintf(&b, "%d events are left out\n", s.EventsLeft)
	for _, u := range s.Unseen {
		fmt.Fprintf(&b, "nothing known of %s on %s: %s\n", u.Lane, u.Host, u.Why)
	}
	for _, f := range s.Failures {
		how := "non-fatal"
		if f.Fatal {
			how = "fatal"
		}
		if f.Explicit {
			how += " explicit"
		} else {
			how += " implicit"
		}
		if f.Asked {
			how += " asked"
		}
		if f.OOM {
			how += " oom"
		}
		fmt.Fprintf(&b, "\n%s %s %s %s: %s %q ×%d %s %v (%s)\n", f.At.Format("15:04:05.000"), f.Host, f.Party.Kind, f.Party.Name, f.Label, f.What, f.Count, how, f.Findings, f.Ref)
		for _, o := range f.Open {
			fmt.Fprintf(&b, "  %s\n", o)
		}
	}
	for _, c := range s.Cores {
		open := c.Open
		c.Open = nil
		line, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "\ncore %s\n", line)
		for _, o := range open {
			fmt.Fprintf(&b, "  %s\n", o)
		}
	}
	return b.String()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
