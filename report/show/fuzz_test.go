package show

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// FuzzRow gives every form of rows, and every view that puts rows together, any row: nothing panics, and nothing that
// is printed can act on a terminal.
func FuzzRow(f *testing.F) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "odd.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		for line := range strings.Lines(string(file.Data)) {
			f.Add(strings.TrimSuffix(line, "\n"))
		}
	}
	f.Add(`{"family":"ip","tbl":"t","name":"s","set_name":"s","flags":"interval,map","key_type":461,"data_type":13,"key":"0a0000010050","key_end":"0a00","data":"0050","chain":"c","text":"counter @s","packets":1,"bytes":2}`)
	f.Add(`{"name":"v","kind":"vxlan","extra":"18.2.10=00640 18.2.5=zz 17=ffffffffffffffffff 56=00","flags":"up,loopback"}`)
	f.Fuzz(func(t *testing.T, raw string) {
		x := newIndex(&source{host: "h"})
		x.host = &schema.Host{}
		s := &scope{index: x, stats: true}
		var out strings.Builder
		for _, table := range slices.Sorted(maps.Keys(rowForms)) {
			if text, err := rowForms[table](s, []byte(raw)); err == nil {
				out.WriteString(text)
			}
		}
		if text, err := tableText(s, []byte(raw)); err == nil {
			out.WriteString(text)
		}
		for _, v := range views() {
			if v.whole == nil {
				continue
			}
			rows := map[string][]row{}
			for _, table := range v.tables {
				rows[table] = []row{{1, []byte(raw)}, {2, []byte(raw)}}
			}
			out.WriteString(v.whole(s, rows))
		}
		if text, err := dockerEvent([]byte(raw)); err == nil {
			out.WriteString(text)
		}
		var m schema.Meta
		for _, name := range []string{"kernel.kmsg", "kernel.dmesg", "kernel.journal", "daemon/dockerd-7.fd1", "daemon/syslog"} {
			e, _ := (&logReader{host: "h", name: name, meta: &m}).read(raw)
			out.WriteString(e.text + "\n")
		}
		x.addContainer([]byte(raw))
		var shown bytes.Buffer
		p := &printer{w: bufio.NewWriter(&shown), options: &Options{}}
		if err := p.text(out.String()); err != nil {
			t.Fatal(err)
		}
		if err := p.raw([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		p.w.Flush()
		for _, r := range shown.String() {
			if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Fatalf("%U is printed of %q", r, raw)
			}
		}
	})
}

// FuzzQuestion asks for anything of a bundle.
func FuzzQuestion(f *testing.F) {
	for _, w := range append(words(), "odd/rows/fdb.jsonl:1", "raw/log/kernel.kmsg", "rows/route.jsonl:0", "qdisc", "sockstat") {
		f.Add(w, "host", "3")
		f.Add(w, "", "2-4")
	}
	bundle := fixture(f, "odd", "odd", schema.Zstd)
	f.Fuzz(func(_ *testing.T, what, ns, lines string) {
		l, _ := ParseLines(lines)
		_ = Run(context.Background(), &bytes.Buffer{}, Options{Bundles: []string{bundle}, What: []string{what}, Netns: ns, Lines: l})
	})
}
