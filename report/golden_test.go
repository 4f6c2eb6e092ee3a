package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// renderings are all of them, by the name that their goldens have.
var renderings = []struct {
	name   string
	render func(io.Writer, *analyze.Result) error
}{
	{"full.txt", func(w io.Writer, r *analyze.Result) error { return Text(w, r, TextOptions{}) }},
	{"brief.txt", func(w io.Writer, r *analyze.Result) error { return Text(w, r, TextOptions{Brief: true, Width: 80}) }},
	{"color.txt", func(w io.Writer, r *analyze.Result) error { return Text(w, r, TextOptions{Brief: true, Color: true}) }},
	{"md", Markdown},
	{"json", JSON},
	{"html", HTML},
}

func rendered(t *testing.T, render func(io.Writer, *analyze.Result) error, r *analyze.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := render(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what was written; UPDATE=1 go test ./report accepts it, git diff shows it. Now:\n%s", path, got)
	}
}

// readable is a page without its style, its script, their hashes and its data block: generated.sha256 stands for the first ones, and
// what the block holds has goldens of its own, as JSON.
func readable(page string) string {
	page = strings.Replace(strings.Replace(page, pageCSS, "", 1), pageJS, "", 1)
	page = regexp.MustCompile(`sha256-(?:[A-Za-z0-9+/=]|&#43;)*&#39;`).ReplaceAllString(page, "sha256-&#39;")
	return regexp.MustCompile(`(id="data">)[^<]*`).ReplaceAllString(page, "$1")
}

func TestGolden(t *testing.T) {
	for name, r := range map[string]*analyze.Result{"incident": sample(), "healthy": healthy()} {
		for _, x := range renderings {
			t.Run(name+"."+x.name, func(t *testing.T) {
				out := rendered(t, x.render, r)
				if x.name == "html" {
					out = readable(out)
				}
				golden(t, name+"."+x.name, out)
			})
		}
	}
}

// TestDeterministic: maps and times leave no trace; two runs over one result can be compared byte by byte.
func TestDeterministic(t *testing.T) {
	for _, x := range renderings {
		first, second := rendered(t, x.render, sample()), rendered(t, x.render, sample())
		if first != second {
			t.Errorf("%s is not the same twice", x.name)
		}
	}
}
