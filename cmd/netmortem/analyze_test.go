package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/schema"
)

func TestPlan(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir.d", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		output, format string
		want           outputs
	}{
		{"", "", outputs{stdout: "brief", file: "netmortem-report.html", format: "html", database: "report.db"}},
		{"", "json", outputs{stdout: "json"}},
		{"-", "", outputs{stdout: "text"}},
		{"-", "md", outputs{stdout: "md"}},
		{"new", "", outputs{stdout: "brief", file: "new/netmortem-report.html", format: "html", dir: "new", database: "new/report.db"}},
		{"new.d/", "", outputs{stdout: "brief", file: "new.d/netmortem-report.html", format: "html", dir: "new.d/", database: "new.d/report.db"}},
		{"dir.d", "", outputs{stdout: "brief", file: "dir.d/netmortem-report.html", format: "html", dir: "dir.d", database: "dir.d/report.db"}},
		{"dir.d", "text", outputs{file: "dir.d/netmortem-report.txt", format: "text", dir: "dir.d"}},
		{"x.json", "", outputs{stdout: "brief", file: "x.json", format: "json"}},
		{"x.data", "json", outputs{file: "x.data", format: "json"}},
	} {
		if got, err := plan(analyzeOptions{Output: c.output, Format: c.format}); err != nil || got != c.want {
			t.Errorf("-o %q --format %q: %+v, %v; not %+v", c.output, c.format, got, err, c.want)
		}
	}
	if _, err := plan(analyzeOptions{Output: "x.pdf"}); err == nil {
		t.Error("-o x.pdf is taken")
	}
}

// TestAnalyzeInterrupted: after a signal there is the code, the reason, and no file.
func TestAnalyzeInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	w, err := schema.NewWriter(schema.Meta{Format: schema.FormatVersion, Host: "a", Started: time.Now()}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := w.Close(&b, ""); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("a.tar.zst", b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped by a test"))
	var out, talk bytes.Buffer
	err = runAnalyze(ctx, analyzeOptions{Options: analyze.Options{Bundles: []string{"a.tar.zst"}}, FailOn: analyze.High}, streams{&out, &talk})
	if code, err := codeOf(err); code != codeInterrupted || err == nil || !strings.Contains(err.Error(), "stopped by a test") {
		t.Errorf("code %d, %v", code, err)
	}
	if left, _ := filepath.Glob("*report*"); len(left) > 0 || out.Len() > 0 {
		t.Errorf("it left %q and printed %q", left, out.String())
	}
}
