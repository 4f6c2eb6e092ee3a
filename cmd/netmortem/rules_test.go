package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwnRule makes a rule, tests it, breaks it and mends it, as who writes one of his own does.
func TestOwnRule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "own")
	do := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if got := run(t.Context(), args, streams{&out, &errs}); got != want {
			t.Fatalf("netmortem %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
		}
		return out.String() + errs.String()
	}
	if out := do(codeOK, "rules", "--new", "my-rule", "--rules", dir); !strings.Contains(out, filepath.Join(dir, "my-rule.sql")) {
		t.Errorf("made: %s", out)
	}
	if out := do(codeFailed, "rules", "--new", "my-rule", "--rules", dir); !strings.Contains(out, "is there already") {
		t.Errorf("made again: %s", out)
	}
	if out := do(codeOK, "rules", "--test", dir); out != "ok       my-rule  fires\nok       my-rule  near-miss\n" {
		t.Errorf("tested: %s", out)
	}
	path := filepath.Join(dir, "testdata", "my-rule", "fires.txtar")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte("28.5.1"), []byte("29.0.0"), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if out := do(codeFindings, "rules", "--test", dir); !strings.HasPrefix(out, "FAILED   my-rule  fires\n    findings differ\n") {
		t.Errorf("differs: %s", out)
	}
	if out := do(codeOK, "rules", "--update", "--test", dir); !strings.HasPrefix(out, "updated  my-rule  fires\n") {
		t.Errorf("updated: %s", out)
	}
	if out := do(codeOK, "rules", "--rules", dir); !strings.Contains(out, "\nhost\n") || !strings.Contains(out, "  my-rule ") {
		t.Errorf("listed: %s", out)
	}
	do(codeUsage, "rules", "--update")
	do(codeUsage, "rules", "--test", dir, "--new", "x")
	do(codeFailed, "rules", "--test", filepath.Join(dir, "nowhere"))
}
