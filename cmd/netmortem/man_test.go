package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestManPages: every command has a page, every flag stands on it, and groff has nothing to warn of.
func TestManPages(t *testing.T) {
	app := newApp(streams{io.Discard, io.Discard})
	pages := map[string]string{}
	for _, p := range manPages(app) {
		pages[p.name] = string(p.text)
		groffWarns(t, p)
	}
	for _, c := range app.Commands {
		text, ok := pages["netmortem-"+c.Name]
		if ok == c.Hidden {
			t.Errorf("%s has a page: %v", c.Name, ok)
		}
		for _, f := range c.Flags {
			if want := roffEscape(dash(f.Names()[0])); ok && f != cli.HelpFlag && !strings.Contains(text, want) {
				t.Errorf("the page of %s lacks %s", c.Name, want)
			}
		}
	}
	for _, v := range environment {
		if !strings.Contains(pages["netmortem"], roffEscape(v.name)) {
			t.Errorf("the page lacks %s", v.name)
		}
	}
}

func groffWarns(t *testing.T, p page) {
	t.Helper()
	if _, err := exec.LookPath("groff"); err != nil {
		return
	}
	cmd := exec.CommandContext(t.Context(), "groff", "-ww", "-man", "-Tutf8")
	cmd.Stdin = bytes.NewReader(p.text)
	var said bytes.Buffer
	cmd.Stderr = &said
	if out, err := cmd.Output(); err != nil || said.Len() > 0 || len(out) == 0 {
		t.Errorf("%s: groff says %v: %s", p.name, err, said.String())
	}
}

// TestManGolden holds a page as people see it, for what markup does to a page cannot be told from the markup.
func TestManGolden(t *testing.T) {
	app := newApp(streams{io.Discard, io.Discard})
	got := strings.Replace(string(manCommandPage(app, app.Command("query"))), roffEscape(version()), "VERSION", 1)
	path := filepath.Join("testdata", "netmortem-query.1")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE=1 rewrites it); now:\n%s", path, got)
	}
}

// TestRoff: nothing in a text is taken for markup.
func TestRoff(t *testing.T) {
	m := &roff{}
	m.text(".so /etc/passwd")
	m.text("'br")
	m.text(`a\fB-b…"`)
	m.item(`x "y"`, "")
	want := `\&.so /etc/passwd` + "\n" + `\&'br` + "\n" + `a\efB\-b\[u2026]"` + "\n.TP\n" + `.B "x \(dqy\(dq"` + "\n"
	if got := m.b.String(); got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
