package main

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"
	"testing"
)

func TestSplitSQL(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                  nil,
		" \n-- nothing\n/* at ; all */ ; ;": nil,
		"select 1":                          {"select 1"},
		"select 1; select 2;":               {"select 1", "select 2"},
		"select ';' , \"a;b\", [c;d], `e;f`; select 2":  {"select ';' , \"a;b\", [c;d], `e;f`", "select 2"},
		"select 'it''s; one' -- and; no\n, 2; select 3": {"select 'it''s; one' -- and; no\n, 2", "select 3"},
		"select 1 /* never; ended":                      {"select 1 /* never; ended"},
		"select 'never; ended":                          {"select 'never; ended"},
		"-- about it\nselect 1;":                        {"-- about it\nselect 1"},
	} {
		if got := splitSQL(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

// written prints one row, and what else the shape prints.
func written(t *testing.T, w rowWriter, b *bytes.Buffer, flush *bufio.Writer, columns []string, rows ...[]any) string {
	t.Helper()
	if err := w.head(columns); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	flush.Flush()
	return b.String()
}

// TestTableFits: what is wider than the terminal comes as blocks, whole; what fits, in columns.
func TestTableFits(t *testing.T) {
	rows := [][]any{{int64(7), "日本語のホスト名", nil}, {int64(12), "node2", 2.5}}
	for columns, want := range map[int]string{
		0:  "id  name              f\n--  ----------------  ----\n 7  日本語のホスト名  NULL\n12  node2              2.5\n",
		26: "id  name              f\n--  ----------------  ----\n 7  日本語のホスト名  NULL\n12  node2              2.5\n",
		25: "  id  7\nname  日本語のホスト名\n   f  NULL\n\n  id  12\nname  node2\n   f  2.5\n",
	} {
		var b bytes.Buffer
		out := bufio.NewWriter(&b)
		if got := written(t, &tableRows{w: out, columns: columns}, &b, out, []string{"id", "name", "f"}, rows...); got != want {
			t.Errorf("%d columns get\n%s, not\n%s", columns, got, want)
		}
	}
}

// TestTableStreams: rows behind the sample are printed, in the same columns.
func TestTableStreams(t *testing.T) {
	var rows [][]any
	for i := range tableSample + 5 {
		rows = append(rows, []any{int64(i)})
	}
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	got := written(t, &tableRows{w: out}, &b, out, []string{"n"}, rows...)
	if n := strings.Count(got, "\n"); n != len(rows)+2 {
		t.Errorf("%d lines of %d rows", n, len(rows))
	}
	if !strings.HasSuffix(got, "\n10004\n") {
		t.Errorf("it ends in %q", got[len(got)-20:])
	}
}

// TestJSONRows: keys are not lost where two columns have one name, and what JSON has no word for is text.
func TestJSONRows(t *testing.T) {
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	got := written(t, &jsonRows{w: out}, &b, out, []string{"a", "a", "b\u009b"}, []any{int64(1 << 60), []byte{0, 0xff}, "\U000e0041\u009b\xff\u2028"})
	want := "[\n{\"a\":1152921504606846976,\"a_2\":\"x'00ff'\",\"b\\u009b\":\"\\udb40\\udc41\\u009b\ufffd\\u2028\"}\n]\n"
	if got != want {
		t.Errorf("%s, not\n%s", got, want)
	}
}
