package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/schema"
)

// TestAdvice is the errors that people meet, each as it is told: what failed, what that means, what to type next.
func TestAdvice(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("somewhere: %w", err) }
	for name, c := range map[string]struct {
		args            string
		err             error
		what, why, next string // parts of the three lines; an empty one is not printed
	}{
		"no such bundle":           {"analyze node.tgz", noSuchFile("netmortem", "node.tgz", []string{"node1.tgz"}), "no file node.tgz", "may be the one that broke", "netmortem analyze node1.tgz"},
		"no such bundle, none":     {"analyze d/x.tgz", noSuchFile("netmortem", "d/x.tgz", nil), "no file d/x.tgz", "may be the one that broke", "ls d"},
		"not a bundle":             {"analyze x", fmt.Errorf("%w: x: not a bundle: empty", analyze.ErrNoBundle), "x: not a bundle", "A bundle is what", "sudo netmortem capture"},
		"damaged":                  {"analyze x", fmt.Errorf("%w: x: %w: entry", analyze.ErrNoBundle, schema.ErrRefused), "x: refused", "damaged", "sha256sum"},
		"not readable":             {"analyze x.tgz", wrap(fs.ErrPermission), "permission denied", "root", "sudo netmortem analyze x.tgz"},
		"bundle not readable":      {"analyze x.tgz", fmt.Errorf("%w: x.tgz: open x.tgz: permission denied", analyze.ErrNoBundle), "permission denied", "root", "chown"},
		"capture may not write":    {"capture -o /x", wrap(fs.ErrPermission), "permission denied", "Nothing was captured", "sudo netmortem capture -o /x"},
		"binary to a terminal":     {"capture -o -", errTerminal, "standard output is a terminal", "nothing was captured", "> host.tar.zst"},
		"disk full":                {"analyze x", wrap(syscall.ENOSPC), "no space left", "by halves", "df -h"},
		"disk full, SQLite":        {"analyze x", errors.New("write database: database or disk is full"), "disk is full", "by halves", "df -h"},
		"disk full, trace":         {"trace x --from a --to b", wrap(syscall.ENOSPC), "no space left", "", "TMPDIR=/var/tmp netmortem trace x --from a --to b"},
		"disk full before":         {"capture", fmt.Errorf("%w: / has 1 MB free", capture.ErrDiskFull), "no room for the bundle", "", "-o with a place"},
		"read-only":                {"analyze x", wrap(syscall.EROFS), "read-only", "mounted read-only", "-o"},
		"output exists":            {"capture -o x.tgz", fmt.Errorf("x.tgz: %w", capture.ErrExists), "x.tgz: file exists", "not replaced unasked", "netmortem capture -o x.tgz --force"},
		"no database":              {"query x.tgz", fmt.Errorf("x.tgz: %w", analyze.ErrNoDatabase), "not an SQLite database", "what analyze made", "netmortem analyze"},
		"no such database":         {"query x.db", wrap(fs.ErrNotExist), "does not exist", "nothing to ask", "netmortem analyze"},
		"a query that writes":      {"query x.db", fmt.Errorf("%w: this would drop", analyze.ErrWrites), "only reading", "index of the bundles", "cp report.db"},
		"a wrong flag":             {"analyze x --fromat json", usage("analyze has no flag --fromat; try: netmortem analyze x --format json"), "try: netmortem analyze x --format json", "", ""},
		"something nobody foresaw": {"analyze x", errors.New("the moon"), "the moon", "", ""},
		"hostile":                  {"analyze x", fmt.Errorf("%w: \x1b[2J: not a bundle", analyze.ErrNoBundle), "␛[2J: not a bundle", "", "capture"},
	} {
		var b bytes.Buffer
		complain(&b, "netmortem", advise(c.err, strings.Fields(c.args)))
		lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
		if !strings.HasPrefix(lines[0], "netmortem: ") || !strings.Contains(lines[0], c.what) {
			t.Errorf("%s: what failed is told as %q, not %q", name, lines[0], c.what)
		}
		var why, next string
		for _, l := range lines[1:] {
			if rest, ok := strings.CutPrefix(l, "  try: "); ok {
				next = rest
			} else {
				why += strings.TrimPrefix(l, "  ")
			}
		}
		if !strings.Contains(why, c.why) || !strings.Contains(next, c.next) || c.next == "" && len(lines) > 1 {
			t.Errorf("%s:\n%s", name, b.String())
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Errorf("%s: an escape reaches the terminal", name)
		}
	}
}

// TestErrorsAsTold makes the errors happen, from the command line on.
func TestErrorsAsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, data := range map[string]string{"text": "This is a text.", "empty": "", "broken.tar.zst": "\x28\xb5\x2f\xfd\x00\x00\x00"} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("dir", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want []string // in this order
	}{
		{"analyze none.tar.zst", codeFailed, []string{"netmortem: no file none.tar.zst\n  ", "\n  try: "}},
		{"analyze text", codeFailed, []string{"text: not a bundle", "\n  A bundle is what", "\n  try: sudo netmortem capture"}},
		{"analyze empty", codeFailed, []string{"empty: not a bundle: empty", "\n  try: "}},
		{"analyze broken.tar.zst", codeFailed, []string{"broken.tar.zst: not a bundle", "\n  try: "}},
		{"analyze dir", codeFailed, []string{"dir", "\n  try: "}},
		{"analyse text", codeUsage, []string{"no command analyse; try: netmortem analyze text"}},
		{"analyze text --fromat json", codeUsage, []string{"no flag --fromat; try: netmortem analyze text --format json"}},
		{"query text", codeFailed, []string{"text: not an SQLite database", "\n  try: "}},
		{"query none.db", codeFailed, []string{"none.db", "\n  There is nothing to ask", "\n  try: "}},
		{"trace --db none.db --from a --to b", codeFailed, []string{"none.db"}},
		{"help nothing", codeUsage, []string{"no command or topic nothing; there are ", "exit-codes"}},
		{"completion csh", codeUsage, []string{"no completion for csh; there is one for bash, zsh, fish; try: netmortem completion zsh"}},
	} {
		var out, talk bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), streams{&out, &talk})
		if code != c.code || out.Len() > 0 {
			t.Errorf("%s: code %d, and on standard output %q", c.args, code, out.String())
		}
		rest := talk.String()
		for _, want := range c.want {
			i := strings.Index(rest, want)
			if i < 0 {
				t.Errorf("%s: lacks %q:\n%s", c.args, want, talk.String())
				break
			}
			rest = rest[i:]
		}
	}
	if left, _ := filepath.Glob("*report*"); len(left) > 0 {
		t.Errorf("there is %q now", left)
	}
}

// TestErrorsToPrograms: with --progress json everything on standard error is JSON, the error, too.
func TestErrorsToPrograms(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{{"analyze", "none.tgz", "--progress=json"}, {"analyze", "--progress", "json", "none.tgz"}, {"analyze", "none.tgz", "--progress", "json", "--nonsense"}} {
		var out, talk bytes.Buffer
		code := run(t.Context(), args, streams{&out, &talk})
		var m message
		if err := json.Unmarshal(talk.Bytes(), &m); err != nil || m.Type != "error" || m.Error == "" || *m.Code != code {
			t.Errorf("%q: code %d, %v: %s", args, code, err, talk.String())
		}
	}
}
