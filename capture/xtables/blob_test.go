package xtables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// fixture is what a kernel answered, and what iptables-legacy-save printed of it.
type fixture struct {
	name   string
	v6     bool
	tables []answer
	save   map[string][]string // lines by table, without COMMIT
}

type answer struct{ info, entries []byte }

// fixtures reads testdata/*.txtar. They come from 64-bit little-endian hosts.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 || unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the fixtures are those of little-endian hosts of 64 bits")
	}
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []fixture
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{name: filepath.Base(path), v6: strings.HasSuffix(path, "6.txtar"), save: map[string][]string{}}
		for _, file := range ar.Files {
			data := unhex(t, file)
			switch {
			case strings.HasSuffix(file.Name, ".info"):
				f.tables = append(f.tables, answer{info: data})
			case strings.HasSuffix(file.Name, ".entries"):
				f.tables[len(f.tables)-1].entries = data
			case file.Name == "save":
				f.save = byTable(string(file.Data))
			}
		}
		all = append(all, f)
	}
	return all
}

func unhex(t testing.TB, file txtar.File) []byte {
	if file.Name == "save" {
		return nil
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(file.Data), "\n", ""))
	if err != nil {
		t.Fatalf("%s: %v", file.Name, err)
	}
	return b
}

func byTable(save string) map[string][]string {
	tables := map[string][]string{}
	table := ""
	for line := range strings.Lines(save) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case line != "COMMIT" && line != "":
			tables[table] = append(tables[table], line)
		}
	}
	return tables
}

// lines puts a table into the words of iptables-save -c.
func lines(tab Table) []string {
	var out []string
	for _, c := range tab.Chains {
		policy := c.Policy
		if policy == "" {
			policy = "-"
		}
		out = append(out, fmt.Sprintf(":%s %s [%d:%d]", c.Name, policy, c.Packets, c.Bytes))
	}
	for _, c := range tab.Chains {
		for _, r := range c.Rules {
			out = append(out, fmt.Sprintf("[%d:%d] %s", r.Packets, r.Bytes, r.Row(c.Name, nil).Spec))
		}
	}
	return out
}

// noDecoder are the extensions in the fixtures that are not understood.
var noDecoder = []string{"hashlimit", "time", "string", "devgroup"}

// TestParse holds what Parse makes of the kernel's answers against what iptables-legacy-save printed, in its order.
func TestParse(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			for _, a := range f.tables {
				info, err := ParseInfo(a.info)
				if err != nil {
					t.Fatal(err)
				}
				tab, err := Parse(f.v6, info, a.entries)
				if err != nil {
					t.Fatal(err)
				}
				got, want := lines(tab), f.save[tab.Name]
				if len(got) != len(want) || len(want) == 0 {
					t.Fatalf("table %s: %d lines, want %d", tab.Name, len(got), len(want))
				}
				for i := range want {
					head, tail, opaque := strings.Cut(got[i], " [unmodelled ")
					name, _, _ := strings.Cut(tail, ".")
					if got[i] != want[i] && !(opaque && slices.Contains(noDecoder, name) && strings.HasPrefix(want[i], head+" ")) {
						t.Errorf("table %s\n got %s\nwant %s", tab.Name, got[i], want[i])
					}
				}
			}
		})
	}
}

// specs indexes the rows of all fixtures by their text.
func specs(t *testing.T) map[string]schema.IPTablesRule {
	rows := map[string]schema.IPTablesRule{}
	for _, f := range fixtures(t) {
		for _, a := range f.tables {
			info, _ := ParseInfo(a.info)
			tab, _ := Parse(f.v6, info, a.entries)
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					row := r.Row(c.Name, nil)
					row.Packets, row.Bytes = 0, 0
					rows[row.Spec] = row
				}
			}
		}
	}
	return rows
}

// TestDamaged cuts and bends the answers: none of it may panic, and none may pass for whole.
func TestDamaged(t *testing.T) {
	for _, f := range fixtures(t) {
		for _, a := range f.tables {
			info, err := ParseInfo(a.info)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, 1, 50, 111, 112, 150, len(a.entries) / 2, len(a.entries) - 1} {
				if n < len(a.entries) {
					if _, err := Parse(f.v6, info, a.entries[:n]); err == nil {
						t.Errorf("%s %s: the first %d of %d bytes pass for a table", f.name, info.Name, n, len(a.entries))
					}
				}
			}
		}
	}
	if _, err := ParseInfo(make([]byte, InfoSize-1)); err == nil {
		t.Error("a short info passes")
	}
	huge := make([]byte, InfoSize)
	binary.NativeEndian.PutUint32(huge[80:], MaxSize+1)
	if _, err := ParseInfo(huge); err == nil {
		t.Error("a table above the bound passes")
	}
}

// FuzzParse feeds blobs that no kernel makes.
func FuzzParse(f *testing.F) {
	for _, fx := range fixtures(f) {
		for _, a := range fx.tables {
			if len(a.entries) < 8<<10 {
				f.Add(fx.v6, a.info, a.entries)
			}
		}
	}
	f.Fuzz(func(t *testing.T, v6 bool, head, entries []byte) {
		info, err := ParseInfo(head)
		if err != nil {
			return
		}
		tab, _ := Parse(v6, info, entries)
		rules := 0
		for _, c := range tab.Chains {
			c.Row(v6)
			rules += len(c.Rules)
			for _, r := range c.Rules {
				r.Row(c.Name, nil)
			}
		}
		if rules > len(entries)/layout4.header {
			t.Errorf("%d rules in %d bytes", rules, len(entries))
		}
	})
}

// FuzzExt feeds every decoder with structures of any length and content. What it says must be bounded, and it must
// either be words or the structure itself.
func FuzzExt(f *testing.F) {
	for _, fx := range fixtures(f) {
		for _, a := range fx.tables {
			info, _ := ParseInfo(a.info)
			tab, _ := Parse(fx.v6, info, a.entries)
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					for _, m := range r.Matches {
						f.Add(m.Name, m.Rev, fx.v6, false, m.Data)
					}
					if x := r.Target; x != nil {
						f.Add(x.Name, x.Rev, fx.v6, true, x.Data)
					}
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, name string, rev uint8, v6, target bool, data []byte) {
		r := Rule{V6: v6, Proto: 6}
		x := Ext{Name: name, Rev: rev, Data: data}
		if target {
			r.Target = &x
		} else {
			r.Matches = []Ext{x}
		}
		row := r.Row("C", func(uint16) (string, bool) { return "set", true })
		if !strings.Contains(row.Spec, name) && name != "conntrack" && name != "CT" {
			t.Errorf("%q is not in %q", name, row.Spec)
		}
		if len(row.Spec) > 1<<10+64*len(data)+8*len(name) {
			t.Errorf("%d bytes became %d", len(data), len(row.Spec))
		}
	})
}

// BenchmarkParse reads all tables of a host of a swarm and puts their rules into rows.
func BenchmarkParse(b *testing.B) {
	var host fixture
	for _, f := range fixtures(b) {
		if f.name == "host.txtar" {
			host = f
		}
	}
	rules := 0
	for b.Loop() {
		rules = 0
		for _, a := range host.tables {
			info, err := ParseInfo(a.info)
			if err != nil {
				b.Fatal(err)
			}
			tab, err := Parse(false, info, a.entries)
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range tab.Chains {
				for _, r := range c.Rules {
					r.Row(c.Name, nil)
					rules++
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rules), "ns/rule")
}
