package schema

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
)

// FuzzOpen reads anything: it never panics, stays within its limits, names the file in every error, in one line, and
// what it yields passes the rules for names. Uncompressed seeds let the fuzzer reach the archive.
func FuzzOpen(f *testing.F) {
	whole := sample(f, Zstd, 3)
	files := untar(f, whole)
	plain := pack(f, files...)
	for _, seed := range [][]byte{
		nil, {0x1f, 0x8b, 0x08, 0xd6, 0, 0, 0, 0, 0, 0}, whole, sample(f, Gzip, 3), whole[:len(whole)/2], plain, plain[:len(plain)/2], frames(f, Zstd, plain, 2000), sparse(),
		pack(f, head(), entry(top+"rows/../../x", "x")), pack(f, head(), special(top+"raw/x", '2', "/etc/passwd")), pack(f, head(), head()),
		pack(f, head(), entry(top+"manifest.json", `{"entries":[{"name":"raw/x","size":1,"sha256":"00"}]}`)), windowed(f, 8<<20),
	} {
		f.Add(seed)
	}
	lim := small()
	lim.TotalBytes = 1 << 20
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := lim.OpenReader("x.tar.zst", bytes.NewReader(data))
		if err != nil {
			checkError(t, err)
			return
		}
		defer b.Close()
		if b.Meta.Format < 1 || b.Meta.Format > FormatVersion || b.Meta.Host == "" {
			t.Fatalf("meta = %+v", b.Meta)
		}
		names := map[string]bool{}
		for {
			e, err := b.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				checkError(t, err)
				return
			}
			if err := checkName(e.Name); err != nil || names[e.Name] || len(names) > lim.Entries {
				t.Fatalf("entry %q: %v", e.Name, err)
			}
			names[e.Name] = true
			lines, total := e.Lines(), 0
			for lines.Next() {
				total += len(lines.Bytes())
			}
			if int64(total) > e.Size || total > int(lim.EntryBytes) {
				t.Fatalf("entry %q of %d bytes has %d", e.Name, e.Size, total)
			}
			if err := lines.Err(); err != nil {
				checkError(t, err)
			}
		}
		for _, text := range append(b.Problems, b.Interrupted) {
			if strings.ContainsFunc(text, unicode.IsControl) {
				t.Fatalf("control character in %q", text)
			}
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); !strings.HasPrefix(text, "x.tar.zst: ") || strings.ContainsFunc(text, unicode.IsControl) {
		t.Fatalf("err = %q", text)
	}
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("err wraps io.EOF, which means the end: %v", err)
	}
}

// FuzzRoundTrip writes anything and reads the same: rows and a document with any text, under any name that the
// Writer takes.
func FuzzRoundTrip(f *testing.F) {
	f.Add("node1", "netns/1/proc_net_dev", []byte("lo: 1 2 3\n"), "net.ipv4.ip_forward", "1", false)
	f.Add("../x", "a\\b", []byte(nil), "\x00\xff\u2028", "</script>", true)
	f.Fuzz(func(t *testing.T, host, name string, data []byte, key, value string, gz bool) {
		if host == "" || len(host) > 255 || len(name) > 400 {
			return
		}
		w, err := NewWriter(Meta{Host: host, Started: time.Unix(1_700_000_000, 0)}, map[bool]Compression{true: Gzip, false: Zstd}[gz])
		if err != nil {
			t.Fatal(err)
		}
		written := w.Raw(name, data) == nil
		if _, err := w.Put(Sysctl{Netns: "1", Key: key, Value: value}); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := w.Close(&out, host); err != nil {
			t.Fatal(err)
		}
		got := mustRead(t, func() (*Bundle, error) { return OpenReader("x", &out) })
		if text, there := got.data["raw/"+name]; there != written || text != string(data) && written {
			t.Errorf("document %q: %q, written %v", name, text, written)
		}
		if n := strings.Count(got.data["rows/sysctl.jsonl"], "\n"); n != 1 || got.data["SUMMARY.txt"] != host {
			t.Errorf("%d rows, summary %q", n, got.data["SUMMARY.txt"])
		}
	})
}
