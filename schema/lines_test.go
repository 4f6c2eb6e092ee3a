package schema

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 100<<10) // longer than the buffer
	for name, c := range map[string]struct {
		text string
		tail error // instead of EOF
		want []string
		err  string
	}{
		"none":         {"", nil, nil, ""},
		"two":          {"a\nbc\n", nil, []string{"1:a", "2:bc"}, ""},
		"no last feed": {"a\nbc", nil, []string{"1:a", "2:bc"}, ""},
		"empty lines":  {"\n\nb\n\n", nil, []string{"1:", "2:", "3:b", "4:"}, ""},
		"long":         {long + "\nb\n", nil, []string{"1:" + long, "2:b"}, ""},
		"break":        {"a\nhalf", fmt.Errorf("%w: here", ErrBreak), []string{"1:a"}, ""},
		"break at end": {"a\n", fmt.Errorf("%w: here", ErrBreak), []string{"1:a"}, ""},
		"error":        {"a\nhalf", errors.New("on fire"), []string{"1:a"}, "on fire"},
		"too long":     {"a\n" + long + long + "\n", nil, []string{"1:a"}, "f: rows/x.jsonl:2: refused: line longer than 150000 bytes"},
		"far too long": {"a\n" + strings.Repeat(long, 100), nil, []string{"1:a"}, "f: rows/x.jsonl:2: refused: line longer than 150000 bytes"},
	} {
		for _, way := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.DataErrReader, iotest.HalfReader} {
			var r io.Reader = strings.NewReader(c.text)
			if c.tail != nil {
				r = io.MultiReader(r, iotest.ErrReader(c.tail))
			}
			lines := NewLines("f: rows/x.jsonl", way(r), 150000)
			var got []string
			for lines.Next() {
				got = append(got, fmt.Sprintf("%d:%s", lines.Number(), lines.Bytes()))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %d lines, want %d", name, len(got), len(c.want))
			}
			if err := lines.Err(); fmt.Sprint(err) != c.err && !(err == nil && c.err == "") {
				t.Errorf("%s: err = %v, want %s", name, err, c.err)
			}
			if lines.Next() {
				t.Errorf("%s: a line after the last", name)
			}
		}
	}
}

// TestLinesExact checks the bound itself: max bytes pass, one more does not.
func TestLinesExact(t *testing.T) {
	for n, ok := range map[int]bool{99_999: true, 100_000: true, 100_001: false} {
		lines := NewLines("f", strings.NewReader(strings.Repeat("x", n)+"\n"), 100_000)
		if lines.Next() != ok || (lines.Err() == nil) != ok {
			t.Errorf("line of %d: %v", n, lines.Err())
		}
	}
}

func BenchmarkLines(b *testing.B) {
	text := strings.Repeat(strings.Repeat("x", 160)+"\n", 100_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lines := NewLines("f", strings.NewReader(text), 1<<20)
		for lines.Next() {
		}
	}
}
