package show

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// fixture writes the bundle of testdata/NAME.txtar, packed as comp says, and returns its path.
func fixture(t testing.TB, name, host string, comp schema.Compression) string {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	w, err := schema.NewWriter(schema.Meta{Format: schema.FormatVersion, Tool: "test", CaptureID: t.Name() + host, Host: host, Started: at,
		Finished: at.Add(13 * time.Second), Window: 10, Monotonic: int64(100 * time.Second)}, comp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		if raw, ok := strings.CutPrefix(f.Name, "raw/"); ok {
			if err := w.Raw(raw, f.Data); err != nil {
				t.Fatal(err)
			}
			continue
		}
		table, _ := tableOf(f.Name)
		for line := range strings.Lines(string(f.Data)) {
			w.PutLine(table, []byte(strings.TrimSuffix(line, "\n")))
		}
	}
	path := filepath.Join(t.TempDir(), host+".bundle")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(out, "a bundle of a test\n"), out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// printed is what Run prints, with its error in the last line.
func printed(o Options) string {
	var b bytes.Buffer
	err := Run(context.Background(), &b, o)
	var gap *GapError
	var wrong *UsageError
	switch {
	case errors.As(err, &gap):
		fmt.Fprintf(&b, "! gap: %v\n", err)
	case errors.As(err, &wrong):
		fmt.Fprintf(&b, "! usage: %v\n", err)
	case err != nil:
		fmt.Fprintf(&b, "! %v\n", err)
	}
	return b.String()
}

// golden compares with a file of testdata; UPDATE=1 rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (UPDATE=1 rewrites it):\n%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\ngot:  %s\nwant: %s", i+1, a, b)
		}
	}
	return ""
}

// TestOdd prints every view of a bundle of things that are rare.
func TestOdd(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Zstd)
	var b strings.Builder
	for _, w := range []string{"link", "addr", "route", "neigh", "ipvs", "iptables", "ip6tables", "nft", "xfrm", "conntrack", "dns", "monitor", "events", "log", "tasks", "fdb", "coverage"} {
		fmt.Fprintf(&b, "== %s\n%s", w, printed(Options{Bundles: []string{path}, What: []string{w}}))
	}
	golden(t, "odd", b.String())
}

// TestStats prints the views that say more with counters.
func TestStats(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Zstd)
	var b strings.Builder
	for _, w := range []string{"link", "neigh", "ipvs", "xfrm"} {
		fmt.Fprintf(&b, "== %s\n%s", w, printed(Options{Bundles: []string{path}, What: []string{w}, Stats: true}))
	}
	golden(t, "stats", b.String())
}

// TestReal prints views of real bundles.
func TestReal(t *testing.T) {
	for _, x := range []struct{ name, set, what, ns string }{
		{"list", "incident-two-marks", "", ""},
		{"ipvs", "incident-stale-backend", "ipvs", ""},
		{"iptables", "incident-two-marks", "iptables", "ingress_sbox"},
		{"overlay-fdb", "incident-fdb-missing", "fdb", "1-0p6j1rxpv0"},
		{"overlay-neigh", "incident-arp-proxy-local", "neigh", "1-0p6j1rxpv0"},
		{"tasks", "healthy-two-hosts", "tasks", ""},
		{"dns", "healthy-every-collector", "dns", "client.node1"},
		{"ss", "healthy-every-collector", "ss", ""},
		{"events", "healthy-every-collector", "events", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := Options{Bundles: []string{filepath.Join("..", "..", "testdata", "bundles", x.set, "node1.tar.zst")}, Netns: x.ns}
			if x.what != "" {
				o.What = []string{x.what}
			}
			golden(t, x.name, printed(o))
		})
	}
}

// TestPacking holds the same of a bundle however it is packed.
func TestPacking(t *testing.T) {
	whats := []string{"addr", "neigh", "log", "rows/route.jsonl:2", "files"}
	want := printed(Options{Bundles: []string{fixture(t, "odd", "odd", schema.Zstd)}, What: whats})
	if got := printed(Options{Bundles: []string{fixture(t, "odd", "odd", schema.Gzip)}, What: whats}); got != want {
		t.Errorf("gzip: %s", firstDifference(got, want))
	}
	dir := unpack(t, fixture(t, "odd", "odd", schema.Gzip))
	if got := printed(Options{Bundles: []string{dir}, What: whats}); got != want {
		t.Errorf("a directory: %s", firstDifference(got, want))
	}
}

// unpack lays a bundle packed by gzip out as tar would, and returns its top directory.
func unpack(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir, top := t.TempDir(), ""
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return filepath.Join(dir, top)
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		name := filepath.Join(dir, h.Name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o777), os.WriteFile(name, data, 0o666)); err != nil {
			t.Fatal(err)
		}
		top, _, _ = strings.Cut(h.Name, "/")
	}
}

// TestNames finds a namespace by each of its names, and says which there are when a name fits several or none.
func TestNames(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Zstd)
	for _, x := range []struct{ ns, want string }{
		{"102", "eth0@if6"},
		{"aaaa11112222", "eth0@if6"},
		{"vote.1", "eth0@if6"},
		{"vote.1.k3x", "eth0@if6"},
		{"/vote.1.k3x", "eth0@if6"},
		{"c1c1c1c1c1c1c1c1", "eth0@if6"},
		{"c1c1c1", "eth0@if6"},
		{"vote", "eth0@if6"},
		{"host", "1: lo:"},
		{"proxy.1", "1: lo:"}, // on the host's network
		{"lb_x46lrq5ca", "# odd: no link in lb_x46lrq5ca"},
		{"1-x46", "# odd: no link in 1-x46lrq5cab"},
		{"sidecar", "# odd: no link in e3e3e3e3e3e3"}, // in another container's namespace
		{"c1c1", "! usage: --ns c1c1 fits several namespaces of odd; say which: netns 102 (container vote.1), netns 103 (container plain"},
		{"back", "! usage: --ns back fits several namespaces of odd; say which: netns 100 (overlay 1-x46lrq5cab, network back), netns 101 (load balancer lb_x46lrq5ca, network back)"},
		{"nothing", "! usage: no namespace nothing; there are 1-x46lrq5cab, e3e3e3e3e3e3, host, lb_x46lrq5ca, plain"},
	} {
		if got := printed(Options{Bundles: []string{path}, What: []string{"link"}, Netns: x.ns}); !strings.Contains(got, x.want) {
			t.Errorf("--ns %s has no %q: %s", x.ns, x.want, got)
		}
	}
	if got := printed(Options{Bundles: []string{path}, What: []string{"events"}, Netns: "host"}); !strings.Contains(got, "! usage: events is of the whole host") {
		t.Errorf("events of a namespace: %s", got)
	}
}

// TestAddress prints lines by their addresses.
func TestAddress(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Zstd)
	other := fixture(t, "odd", "even", schema.Zstd)
	var b strings.Builder
	for _, x := range []struct {
		what  string
		lines Lines
	}{
		{"odd/rows/neighbour.jsonl:1", Lines{}},
		{"odd/rows/neighbour.jsonl:2", Lines{Context: 1}},
		{"odd/rows/neighbour.jsonl:4", Lines{}},
		{"odd/rows/neighbour.jsonl:1", Lines{From: 2, To: 3}},
		{"odd/rows/neighbour.jsonl:44", Lines{}},
		{"odd/rows/iptables_rule.jsonl:1", Lines{}},
		{"odd/rows/coverage.jsonl:5", Lines{}},
		{"odd/raw/log/kernel.kmsg:3", Lines{Context: 9}},
		{"odd/raw/docker/container_inspect.json:4", Lines{}},
		{"odd/raw/docker/events.jsonl:1", Lines{}},
		{"odd/rows/fdb.jsonl:1", Lines{}},
		{"odd/raw/docker/tasks.json:1", Lines{}},
		{"odd/raw/nothing:1", Lines{}},
		{"rows/link.jsonl:1", Lines{}},
		{"third/rows/link.jsonl:1", Lines{}},
		{"even/raw/log/daemon/dockerd-7.fd1", Lines{}},
	} {
		fmt.Fprintf(&b, "== %s %+v\n", x.what, x.lines)
		text := printed(Options{Bundles: []string{path, other}, What: []string{x.what}, Lines: x.lines})
		b.WriteString(strings.ReplaceAll(text, path, "PATH"))
	}
	golden(t, "address", b.String())
}

// TestJSON prints rows as they are, without what could act on a terminal, and what is still the same JSON.
func TestJSON(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Zstd)
	golden(t, "json", printed(Options{Bundles: []string{path}, What: []string{"neigh", "ipvs", "log", "events"}, JSON: true}))
}

// TestVisibleJSON escapes what cannot be seen.
func TestVisibleJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"plain ü"}`:        `{"a":"plain ü"}`,
		"{\"a\":\"\u202ex\"}":    `{"a":"\u202ex"}`,
		"{\"a\":\"\x1b[2J\"}":    `{"a":"\u001b[2J"}`,
		"{\"a\":\"\U000e0041\"}": `{"a":"\udb40\udc41"}`,
		"{\"a\":\"\xff\"}":       `{"a":"\ufffd"}`,
	} {
		if got := visibleJSON(in); got != want {
			t.Errorf("%q: %s, not %s", in, got, want)
		}
	}
}

// TestCut prints what stands before the break of a bundle, and says that it breaks off.
func TestCut(t *testing.T) {
	path := fixture(t, "odd", "odd", schema.Gzip)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)*2/3], 0o666); err != nil {
		t.Fatal(err)
	}
	got := printed(Options{Bundles: []string{path}, What: []string{"xfrm"}})
	if !strings.Contains(got, "! gap: ") || !strings.Contains(got, "breaks off") {
		t.Errorf("no word of the break: %s", got)
	}
}

// TestHosts tells the hosts of several bundles apart.
func TestHosts(t *testing.T) {
	odd, even := fixture(t, "odd", "odd", schema.Zstd), fixture(t, "odd", "even", schema.Zstd)
	got := printed(Options{Bundles: []string{odd, even}, What: []string{"link"}, Netns: "vote.1"})
	for _, want := range []string{"# odd netns 102 (container vote.1)", "# even netns 102 (container vote.1)"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	got = printed(Options{Bundles: []string{odd, even}, What: []string{"link"}, Netns: "vote.1", Host: "even"})
	if strings.Contains(got, "odd") || strings.HasPrefix(got, "#") {
		t.Errorf("of one host: %s", got)
	}
	if got := printed(Options{Bundles: []string{odd, even}, What: []string{"link"}, Host: "third"}); got != "! usage: no bundle of a host third; there are odd, even\n" {
		t.Errorf("of a third host: %s", got)
	}
}

// TestWords holds every view to a name that finds it, and to a form: nothing is listed that cannot be printed.
func TestWords(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range views() {
		forms := 0
		for _, has := range []bool{v.line != nil, v.whole != nil, v.text != nil} {
			if has {
				forms++
			}
		}
		if forms != 1 {
			t.Errorf("%s has %d forms", v.name, forms)
		}
		for _, name := range append([]string{v.name}, v.aliases...) {
			if seen[name] {
				t.Errorf("%s is called twice", name)
			}
			seen[name] = true
			if got := viewOf(name); got == nil || got.name != v.name {
				t.Errorf("%s does not find %s", name, v.name)
			}
		}
		for _, table := range append(append([]string{}, v.tables...), v.with...) {
			if x := schema.TableByName(table); x == nil || x.Decoded() {
				t.Errorf("%s: no rows of a table %s", v.name, table)
			}
		}
	}
	for _, table := range schema.Tables {
		if !IsWord(table.Name) {
			t.Errorf("nothing prints the table %s", table.Name)
		}
	}
}
