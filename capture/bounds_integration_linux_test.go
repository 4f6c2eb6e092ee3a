package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// noise is a text that does not compress well: hexadecimal digits of a random sequence.
func noise(n int, seed uint32) []byte {
	const digits = "0123456789abcdef"
	out := make([]byte, n)
	for i := range out {
		seed = seed*1664525 + 1013904223
		out[i] = digits[seed>>28]
	}
	return out
}

// talker writes so many rows of noise, and documents of the host.
func talker(rows, docs, size int) []*Collector {
	return []*Collector{
		{Name: "documents", Run: func(ctx context.Context, h *Host, s *Sink) error {
			for i := range docs {
				if err := s.Document(fmt.Sprintf("log/%d", i), noise(size, uint32(i)), 0); err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "rows", Tables: []string{"container_log"}, Run: func(ctx context.Context, h *Host, s *Sink) error {
			for i := range rows {
				if err := s.Put(&schema.ContainerLog{Container: string(noise(64, uint32(i+7)))}); err != nil {
					return err
				}
			}
			return nil
		}},
		netnsCollector,
	}
}

// A bundle that is bounded stays below the bound, is whole, and says what it has no room for. Documents leave room for
// rows.
func TestIntegrationMaxSize(t *testing.T) {
	for _, test := range []struct {
		name             string
		rows, docs, size int
		docsCut, rowsCut bool
	}{
		{"fits", 100, 3, 10_000, false, false},
		{"documents do not", 2000, 40, 100_000, true, false},
		{"one document does not", 100, 1, 4 << 20, true, false},
		{"rows do not", 60_000, 3, 10_000, false, true},
		{"neither does", 60_000, 40, 100_000, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := kernelOnly()
			o.MaxSize = LeastMaxSize
			t.Setenv("PATH", os.Getenv("PATH")) // capture takes it away, other tests want it back
			c, err := runCollectors(t.Context(), o, talker(test.rows, test.docs, test.size))
			if err != nil {
				t.Fatal(err)
			}
			var file bytes.Buffer
			if err := c.Write(&file); err != nil {
				t.Fatal(err)
			}
			if int64(file.Len()) > o.MaxSize {
				t.Errorf("the bundle has %d bytes, its bound is %d", file.Len(), o.MaxSize)
			}
			entries := entriesOf(t, &file)
			cover := coverageOf(t, entries, "")
			written, cut := 0, 0
			for item, row := range cover {
				if !strings.HasPrefix(item, "raw/log/") {
					continue
				}
				_, there := entries[item]
				switch {
				case there && row.Outcome == schema.OK && int(row.Bytes) == test.size:
					written++
				case !there && row.Outcome == schema.Truncated && row.Bytes == 0 && strings.Contains(row.Reason, fmt.Sprint(test.size)):
					cut++
				default:
					t.Errorf("%s, in the bundle %v: %+v", item, there, row)
				}
			}
			if written+cut != test.docs || cut > 0 != test.docsCut {
				t.Errorf("%d documents are written and %d refused, of %d", written, cut, test.docs)
			}
			row := cover["container_log"]
			lines := strings.Count(entries["rows/container_log.jsonl"], "\n")
			want := schema.OK
			if test.rowsCut {
				want = schema.Truncated
			}
			if row.Outcome != want || int(row.Rows) != lines || test.rowsCut != (lines < test.rows) || lines == 0 {
				t.Errorf("%d lines of %d: %+v", lines, test.rows, row)
			}
			if test.rowsCut && !strings.Contains(row.Reason, fmt.Sprintf("%d of %d rows", lines, test.rows)) {
				t.Errorf("reason %q", row.Reason)
			}
			if n := strings.Count(entries["rows/netns.jsonl"], "\n"); n == 0 && !test.rowsCut {
				t.Error("no namespace is named")
			}
			if cut := slices.ContainsFunc(c.Summary.Gaps, func(g schema.Coverage) bool { return g.Outcome == schema.Truncated }); cut != (test.docsCut || test.rowsCut) {
				t.Errorf("the summary's gaps: %+v", c.Summary.Gaps)
			}
		})
	}
}

// When the process has more memory than it may, reading ends, and the bundle has what was read until then.
func TestIntegrationMaxMemory(t *testing.T) {
	var hoard [][]byte
	collectors := []*Collector{
		talker(100, 1, 1000)[1],
		{Name: "hoards", Tables: []string{"sysctl"}, Deadline: time.Minute, Run: func(ctx context.Context, h *Host, s *Sink) error {
			for ctx.Err() == nil {
				hoard = append(hoard, noise(1<<20, 1))
			}
			return context.Cause(ctx)
		}},
		{Name: "never", Docs: []string{"never"}, Run: func(ctx context.Context, h *Host, s *Sink) error { return s.Document("never", nil, 0) }},
		netnsCollector,
	}
	o := kernelOnly()
	now, _ := resident()
	o.MaxMemory = now + 64<<20
	c, entries := captureAll(t, t.Context(), o, collectors)
	had := len(hoard)
	hoard = nil
	const why = "the memory limit of"
	if !strings.Contains(c.Meta.Interrupted, why) || had < 16 || had > 1024 {
		t.Errorf("interrupted %q after %d MB", c.Meta.Interrupted, had)
	}
	cover := coverageOf(t, entries, "")
	for item, want := range map[string]schema.Outcome{"container_log": schema.OK, "sysctl": schema.Truncated, "raw/never": schema.Truncated} {
		if got := cover[item]; got.Outcome != want || want != schema.OK && !strings.Contains(got.Reason, why) {
			t.Errorf("%s: got %s (%s), want %s", item, got.Outcome, got.Reason, want)
		}
	}
	if strings.Count(entries["rows/container_log.jsonl"], "\n") != 100 || entries["rows/netns.jsonl"] == "" {
		t.Error("what was read before is not in the bundle")
	}
	if !strings.Contains(entries["SUMMARY.txt"], "Cut short "+why) {
		t.Errorf("SUMMARY.txt:\n%s", entries["SUMMARY.txt"])
	}
}
