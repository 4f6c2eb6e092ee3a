package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// TestWide checks the table of rules for more hosts than stand beside each other: it names some, those with findings first, and
// counts the others.
func TestWide(t *testing.T) {
	r := &analyze.Result{Severity: analyze.High}
	judged := analyze.Judged{Rule: "some-rule", Title: "Something is wrong", Severity: analyze.High}
	for i := range 100 {
		host := fmt.Sprintf("host%02d", i)
		r.Hosts = append(r.Hosts, analyze.Host{Name: host, Bundle: host + ".tar.zst"})
		o := analyze.Outcome{Host: host, Verdict: analyze.NotJudged, Why: "link: denied"}
		if i == 99 {
			o = analyze.Outcome{Host: host, Verdict: analyze.Findings}
			r.Findings = append(r.Findings, analyze.Finding{ID: "some-rule-1", Rule: "some-rule", Severity: analyze.High, Host: host, Summary: "this is wrong", Subject: "link:" + host})
		}
		judged.Outcomes = append(judged.Outcomes, o)
	}
	r.Rules = []analyze.Judged{judged}
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(b.String(), "Where it is not clean")
	if !ok {
		t.Fatal("the table of rules is not the wide one")
	}
	table, _, _ = strings.Cut(table, "</table>")
	if !strings.Contains(table, "100 hosts") || !strings.Contains(table, "<li>host99:") || !strings.Contains(table, fmt.Sprintf("and %d more", 100-maxCells)) {
		t.Errorf("the row of the rule is %s", table)
	}
	if n := strings.Count(table, "<li>host"); n != maxCells {
		t.Errorf("%d hosts are named, want %d", n, maxCells)
	}
}
