package main

import (
	"context"
	"errors"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/schema"
)

func TestAnalyzeCode(t *testing.T) {
	captured := analyze.Host{Name: "a", Bundle: "a.tar.zst"}
	gap := func(o schema.Outcome) analyze.Host {
		return analyze.Host{Name: "a", Bundle: "a.tar.zst", Gaps: []analyze.Gap{{Item: "fdb", Outcome: string(o)}}}
	}
	found := func(s analyze.Severity) []analyze.Finding { return []analyze.Finding{{Severity: s}} }
	for name, c := range map[string]struct {
		r       analyze.Result
		failOn  analyze.Severity
		partial bool
		want    int
	}{
		"healthy":                   {analyze.Result{Hosts: []analyze.Host{captured}}, "high", false, 0},
		"high":                      {analyze.Result{Findings: found("high")}, "high", false, 1},
		"critical":                  {analyze.Result{Findings: found("critical")}, "high", false, 1},
		"medium":                    {analyze.Result{Findings: found("medium")}, "high", false, 0},
		"medium, told to":           {analyze.Result{Findings: found("medium")}, "medium", false, 1},
		"never":                     {analyze.Result{Findings: found("critical")}, "none", false, 0},
		"findings outweigh gaps":    {analyze.Result{Findings: found("high"), Hosts: []analyze.Host{gap(schema.Denied)}}, "high", false, 1},
		"denied":                    {analyze.Result{Hosts: []analyze.Host{gap(schema.Denied)}}, "high", false, 3},
		"medium and denied":         {analyze.Result{Findings: found("medium"), Hosts: []analyze.Host{gap(schema.Denied)}}, "high", false, 3},
		"timeout":                   {analyze.Result{Hosts: []analyze.Host{gap(schema.Timeout)}}, "high", false, 3},
		"skipped, and nobody minds": {analyze.Result{Hosts: []analyze.Host{gap(schema.Skipped)}}, "high", false, 0},
		"skipped, and a rule minds": {analyze.Result{Hosts: []analyze.Host{gap(schema.Skipped)}, Counts: analyze.Counts{RulesUnjudged: 1}}, "high", false, 3},
		"host missing":              {analyze.Result{Hosts: []analyze.Host{captured, {Name: "b"}}}, "high", false, 3},
		"host missing, allowed":     {analyze.Result{Hosts: []analyze.Host{captured, {Name: "b"}}}, "high", true, 0},
		"bundle cut":                {analyze.Result{Hosts: []analyze.Host{{Name: "a", Bundle: "a", Interrupted: "signal"}}}, "high", false, 3},
		"unreadable":                {analyze.Result{Hosts: []analyze.Host{captured}, Unreadable: []string{"b: not a bundle"}}, "high", false, 2},
		"unreadable outweighs":      {analyze.Result{Findings: found("critical"), Unreadable: []string{"b: not a bundle"}}, "high", true, 2},
	} {
		if got := analyzeCode(&c.r, c.failOn, c.partial); got != c.want {
			t.Errorf("%s: code %d, not %d", name, got, c.want)
		}
	}
}

func TestCaptureCode(t *testing.T) {
	for name, c := range map[string]struct {
		s           capture.Summary
		interrupted bool
		want        int
	}{
		"complete":                  {capture.Summary{Rows: 7}, false, 0},
		"gaps":                      {capture.Summary{Rows: 7, Gaps: []schema.Coverage{{}}}, false, 3},
		"deadline":                  {capture.Summary{Rows: 7, Interrupted: "deadline"}, false, 3},
		"signal":                    {capture.Summary{Rows: 7, Interrupted: "signal"}, true, 130},
		"nothing":                   {capture.Summary{}, false, 2},
		"a signal, before anything": {capture.Summary{Interrupted: "signal"}, true, 2},
	} {
		if got := captureCode(&c.s, c.interrupted); got != c.want {
			t.Errorf("%s: code %d, not %d", name, got, c.want)
		}
	}
}

func TestCodeOf(t *testing.T) {
	if code, err := codeOf(nil); code != 0 || err != nil {
		t.Errorf("nil: %d, %v", code, err)
	}
	if code, err := codeOf(context.DeadlineExceeded); code != codeFailed || err == nil {
		t.Errorf("an error: %d, %v", code, err)
	}
	if code, err := codeOf(exit(codePartial)); code != codePartial || err != nil {
		t.Errorf("a code alone: %d, %v", code, err)
	}
	if code, err := codeOf(errors.Join(usage("no"))); code != codeUsage || err == nil {
		t.Errorf("usage: %d, %v", code, err)
	}
}
