package schema

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// sample writes a small bundle: two tables of the given number of rows, two documents, coverage.
func sample(t testing.TB, comp Compression, rows int) []byte {
	t.Helper()
	w, err := NewWriter(Meta{Tool: "test", CaptureID: "c1", Host: "node1", Started: time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)}, comp)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		for _, row := range []any{
			FDB{Netns: "4026532281", Ifindex: 3, Dev: "vxlan0", MAC: fmt.Sprintf("02:42:0a:00:%02x:%02x", i>>8, i&0xff), State: "permanent", Seen: SeenBoth},
			&Sysctl{Netns: "4026531840", Key: fmt.Sprintf("net.ipv4.key%d", i), Value: "1"},
		} {
			if _, err := w.Put(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, data := range map[string]string{"proc/stat": "cpu 1 2 3\n", "docker/info.json": `{"ID":"x"}` + "\n"} {
		if err := w.Raw(name, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Put(Coverage{Collector: "fdb", Tbl: "fdb", Netns: "4026532281", Outcome: OK, Rows: int64(rows)}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := w.Close(&out, "a summary\n"); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// content is what a reader got out of a bundle.
type content struct {
	meta        Meta
	names       []string // in order, with those that broke off
	data        map[string]string
	interrupted string
	problems    []string
}

// read reads a bundle to its end as a loader does: rows by line, documents whole.
func read(open func() (*Bundle, error)) (*content, error) {
	b, err := open()
	if err != nil {
		return nil, err
	}
	defer b.Close()
	c := &content{meta: b.Meta, data: map[string]string{}}
	for {
		e, err := b.Next()
		if err == io.EOF {
			c.interrupted, c.problems = b.Interrupted, b.Problems
			return c, nil
		}
		if err != nil {
			return c, err
		}
		c.names = append(c.names, e.Name)
		var text strings.Builder
		if strings.HasPrefix(e.Name, "rows/") {
			lines := e.Lines()
			for lines.Next() {
				text.Write(lines.Bytes())
				text.WriteByte('\n')
			}
			err = lines.Err()
		} else if _, err = io.Copy(&text, e.Data); errors.Is(err, ErrBreak) {
			err = nil
		}
		if err != nil {
			return c, err
		}
		c.data[e.Name] = text.String()
	}
}

func readBytes(data []byte) (*content, error) {
	return read(func() (*Bundle, error) { return OpenReader("x.tar.zst", bytes.NewReader(data)) })
}

// mustRead reads a bundle that must be complete.
func mustRead(t testing.TB, open func() (*Bundle, error)) *content {
	t.Helper()
	c, err := read(open)
	if err != nil {
		t.Fatal(err)
	}
	if c.interrupted != "" || len(c.problems) > 0 {
		t.Fatalf("interrupted: %q, problems: %q", c.interrupted, c.problems)
	}
	return c
}

// untar is the decompressed archive, by header and data.
type file struct {
	h    tar.Header
	data []byte
}

func untar(t testing.TB, bundle []byte) []file {
	t.Helper()
	d, err := zstd.NewReader(bytes.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var files []file
	for tr := tar.NewReader(d); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{*h, data})
	}
}

// pack makes an uncompressed archive. A header's size may lie: its data is then cut or padded by nobody.
func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	for _, f := range files {
		h := f.h
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Size == 0 {
			h.Size = int64(len(f.data))
		}
		if err := tw.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Flush(); err == nil {
		tw.Close()
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	want := mustRead(t, func() (*Bundle, error) { return OpenReader("x", bytes.NewReader(sample(t, Zstd, 5))) })
	if want.meta.Host != "node1" || want.meta.Format != FormatVersion || want.meta.CaptureID != "c1" {
		t.Errorf("meta = %+v", want.meta)
	}
	order := []string{"SUMMARY.txt", "raw/docker/info.json", "raw/proc/stat", "rows/fdb.jsonl", "rows/sysctl.jsonl", "rows/coverage.jsonl"}
	if want.data["SUMMARY.txt"] != "a summary\n" || want.data["raw/proc/stat"] != "cpu 1 2 3\n" || strings.Count(want.data["rows/fdb.jsonl"], "\n") != 5 {
		t.Errorf("data = %q", want.data)
	}

	zst := sample(t, Zstd, 5)
	files := untar(t, zst)
	plain := pack(t, files...)
	dir := filepath.Join(t.TempDir(), "unpacked")
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(strings.SplitN(f.h.Name, "/", 2)[1]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	slices.Reverse(files) // meta.json last but one
	dotted := slices.Clone(files)
	dotted = append([]file{{h: tar.Header{Typeflag: tar.TypeDir, Name: "netmortem_node1_20261120T021407Z/"}}}, dotted...)
	for i := range dotted {
		dotted[i].h.Name = "./" + dotted[i].h.Name
	}

	for name, data := range map[string][]byte{
		"zstd":                    zst,
		"gzip":                    sample(t, Gzip, 5),
		"tar":                     plain,
		"zstd, one frame a byte":  frames(t, Zstd, plain, 1000),
		"gzip, members":           frames(t, Gzip, plain, 1000),
		"packed again":            pack(t, files...),
		"packed again, with dirs": pack(t, dotted...),
		"skippable frame first":   append([]byte{0x5e, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'}, zst...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "b")
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			got := mustRead(t, func() (*Bundle, error) { return Open(path) })
			if !maps.Equal(got.data, want.data) || got.meta != want.meta {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
	t.Run("directory", func(t *testing.T) {
		got := mustRead(t, func() (*Bundle, error) { return Open(dir) })
		if !maps.Equal(got.data, want.data) || !slices.Equal(got.names, order) {
			t.Errorf("got %q %q", got.names, got.data)
		}
	})
}

// frames compresses data into frames of n bytes each.
func frames(t testing.TB, comp Compression, data []byte, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	for part := range slices.Chunk(data, n) {
		enc, err := compressor(&out, comp)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := enc.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := enc.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

// TestLateMetaStream checks that a stream, which cannot be read twice, says so.
func TestLateMetaStream(t *testing.T) {
	files := untar(t, sample(t, Zstd, 1))
	slices.Reverse(files)
	_, err := readBytes(pack(t, files...))
	if !errors.Is(err, errLateMeta) {
		t.Errorf("err = %v", err)
	}
}

// TestManifest checks that each way to differ from the manifest is told, by entry.
func TestManifest(t *testing.T) {
	const top = "netmortem_node1_20261120T021407Z/"
	for name, c := range map[string]struct {
		edit func([]file) []file
		want string
	}{
		"altered": {func(f []file) []file { f[2].data[0] ^= 1; return f }, "raw/%s: altered: its SHA-256 is not the manifest's"},
		"shorter": {func(f []file) []file { f[2].data = f[2].data[:4]; f[2].h.Size = 4; return f }, "raw/%s: 4 bytes, not the"},
		"added": {func(f []file) []file {
			return append(f, file{tar.Header{Name: top + "rows/extra.jsonl"}, []byte("{}\n")})
		}, "rows/extra.jsonl: not in the manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			files := untar(t, sample(t, Zstd, 2))
			doc := strings.TrimPrefix(files[2].h.Name, top+"raw/")
			got, err := readBytes(pack(t, c.edit(files)...))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "%s", doc)
			if len(got.problems) != 1 || !strings.HasPrefix(got.problems[0], want) || got.interrupted != "" {
				t.Errorf("problems %q, interrupted %q, want %q", got.problems, got.interrupted, want)
			}
		})
	}
	t.Run("entry missing", func(t *testing.T) {
		files := untar(t, sample(t, Zstd, 2))
		got, err := readBytes(pack(t, slices.Delete(files, 2, 3)...))
		if err != nil {
			t.Fatal(err)
		}
		if got.interrupted != "entries are missing that its manifest names" || len(got.problems) != 1 {
			t.Errorf("interrupted %q, problems %q", got.interrupted, got.problems)
		}
	})
	t.Run("no manifest", func(t *testing.T) {
		files := untar(t, sample(t, Zstd, 2))
		got, err := readBytes(pack(t, files[:len(files)-1]...))
		if err != nil {
			t.Fatal(err)
		}
		if got.interrupted != "it breaks off after rows/coverage.jsonl: no manifest.json" {
			t.Errorf("interrupted %q", got.interrupted)
		}
	})
	t.Run("not JSON", func(t *testing.T) {
		files := untar(t, sample(t, Zstd, 2))
		files[len(files)-1].data = bytes.Repeat([]byte{'x'}, len(files[len(files)-1].data))
		got, err := readBytes(pack(t, files...))
		if err != nil {
			t.Fatal(err)
		}
		if got.interrupted == "" || len(got.problems) != 1 || !strings.HasPrefix(got.problems[0], "manifest.json: ") {
			t.Errorf("interrupted %q, problems %q", got.interrupted, got.problems)
		}
	})
}

// TestLeftEntry checks that the data of an entry is not silently that of the next.
func TestLeftEntry(t *testing.T) {
	b, err := OpenReader("x", bytes.NewReader(sample(t, Zstd, 2)))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Next()
	first, err := b.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Next(); err != nil {
		t.Fatal(err)
	}
	if n, err := first.Data.Read(make([]byte, 1)); n != 0 || err != errLeft {
		t.Errorf("Read = %d, %v", n, err)
	}
}

// gzipped is data in one member.
func gzipped(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(data)
	w.Close()
	return out.Bytes()
}
