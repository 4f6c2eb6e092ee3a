package capture

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// runAlone runs collectors of the host on h, volatile ones twice, and returns the coverage rows and the texts of the
// bundle's entries, by name.
func runAlone(t *testing.T, h *Host, collectors ...*Collector) ([]schema.Coverage, map[string]string) {
	t.Helper()
	w, err := schema.NewWriter(schema.Meta{Host: "h", Started: time.Unix(1, 0)}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	h.books = newBooks(w)
	for _, c := range collectors {
		acc := h.books.plan(c, nil, 2)
		if why := h.Options.unwanted(c); why != "" {
			acc.leaveOut(why)
			continue
		}
		for read := range acc.reads {
			s := h.books.sink(acc, read, h.Options.MaxBytes)
			err := c.Run(context.Background(), h, s)
			s.close()
			acc.settle(read, outcomeOf(err), 0)
		}
	}
	cover := h.books.finish()
	if h.books.err != nil {
		t.Fatal(h.books.err)
	}
	var file bytes.Buffer
	if err := w.Close(&file, "a test\n"); err != nil {
		t.Fatal(err)
	}
	return cover, entriesOf(t, &file)
}

// entriesOf reads a bundle, which must be whole.
func entriesOf(t *testing.T, file io.Reader) map[string]string {
	t.Helper()
	b, err := schema.OpenReader("bundle", file)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	entries := map[string]string{}
	for {
		e, err := b.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(e.Data)
		if err != nil {
			t.Fatal(err)
		}
		entries[e.Name] = string(text)
	}
	if b.Interrupted != "" || len(b.Problems) > 0 {
		t.Fatalf("the bundle is not whole: %s %v", b.Interrupted, b.Problems)
	}
	return entries
}
