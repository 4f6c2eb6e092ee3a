package report

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/netmortem/netmortem/analyze"
)

// acceptPaper: printed it is four pages at most, with verdict, causes, evidence and coverage. What is on the paper is read by
// pdftotext.
func acceptPaper(t *testing.T, b *browser, r *analyze.Result, path string) {
	b.load(path, "#/map")
	b.becomes("document.querySelector('.here')")
	n := b.pdfPages()
	if n < 1 || n > 4 {
		t.Errorf("%d pages are printed", n)
	}
	t.Logf("%d pages", n)
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("no pdftotext here (Debian: apt-get install poppler-utils)")
	}
	var out struct{ Data string }
	b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true}, &out)
	pdf, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command(tool, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	// Where lines break is the paper's; words and letters are ours.
	paper := onlyLetters(string(said))
	want := map[string]string{"verdict": r.Verdict, "coverage": "Coverage"}
	for _, c := range r.Causes[:min(3, len(r.Causes))] {
		want["cause "+c.Rule+" "+c.Host] = c.Summary
	}
	for _, f := range r.Findings {
		if f.ID == r.Causes[0].Findings[0] {
			want["address of evidence"] = f.Evidence[0].Ref
			first, _, _ := strings.Cut(f.Evidence[0].Excerpt, "\n")
			want["evidence"] = string([]rune(first)[:min(40, len([]rune(first)))])
		}
	}
	for _, h := range r.Hosts {
		want["host "+h.Name] = h.Name
	}
	for what, w := range want {
		if !strings.Contains(paper, onlyLetters(w)) {
			t.Errorf("the paper lacks the %s: %s", what, w)
		}
	}
}

func onlyLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
