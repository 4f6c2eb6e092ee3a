package schema

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/klauspost/compress/zstd"
)

const top = "netmortem_node1_20261120T021407Z/"

// small are limits that a test can exceed.
func small() Limits {
	l := DefaultLimits()
	l.Entries = 50
	l.NameBytes = 100
	l.HeadBytes = 4 << 10
	l.ManifestBytes = 64 << 10
	l.EntryBytes = 1 << 20
	l.TotalBytes = 8 << 20
	l.RatioFrom = 1 << 20
	l.WindowBytes = 1 << 20
	l.TailBytes = 1 << 12
	l.LineBytes = 1000
	return l
}

// head is meta.json alone: what every hostile bundle begins with.
func head() file {
	return file{tar.Header{Name: top + "meta.json"}, []byte(`{"format":1,"host":"node1"}`)}
}

func entry(name, data string) file { return file{tar.Header{Name: name}, []byte(data)} }

func special(name string, kind byte, link string) file {
	return file{tar.Header{Name: name, Typeflag: kind, Linkname: link}, nil}
}

// sparse is a GNU sparse file as PAX records tell it: one byte, and a terabyte of nothing.
func sparse() []byte {
	record := func(key, value string) string {
		for n := len(key) + len(value) + 4; ; n++ {
			if s := fmt.Sprintf("%d %s=%s\n", n, key, value); len(s) == n {
				return s
			}
		}
	}
	records := record("GNU.sparse.major", "0") + record("GNU.sparse.minor", "1") + record("GNU.sparse.name", top+"rows/fdb.jsonl") +
		record("GNU.sparse.size", "1099511627776") + record("GNU.sparse.numblocks", "1") + record("GNU.sparse.map", "0,1")
	return append(rawHeader("PaxHeaders/x", 'x', []byte(records)), rawHeader(top+"rows/fdb.jsonl", '0', []byte("x"))...)
}

// rawHeader is one header block with its data, for what archive/tar's writer will not write.
func rawHeader(name string, kind byte, data []byte) []byte {
	return lyingHeader(name, kind, data, len(data))
}

// lyingHeader is a header block that claims size bytes, and the data that follows.
func lyingHeader(name string, kind byte, data []byte, size int) []byte {
	block := make([]byte, 512)
	copy(block, name)
	copy(block[100:], "0000600\x000000000\x000000000\x00")
	copy(block[124:], fmt.Sprintf("%011o\x00", size))
	copy(block[136:], "00000000000\x00        ")
	block[156] = kind
	copy(block[257:], "ustar\x0000")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
	data = append(block, data...)
	return append(data, make([]byte, -len(data)&511)...)
}

// TestHostile feeds each kind of hostile archive. All are refused by one line that names the file and, where one is
// to blame, the entry.
func TestHostile(t *testing.T) {
	many := []file{head()}
	for i := range 100 {
		many = append(many, entry(fmt.Sprintf("%srows/%d.jsonl", top, i), ""))
	}
	manifest := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"entries":[`)
		for i := range n {
			fmt.Fprintf(&b, `%s{"name":"raw/%d","size":1,"sha256":"%064x"}`, map[bool]string{true: ","}[i > 0], i, i)
		}
		return b.String() + "]}"
	}
	headTar := pack(t, head())
	headTar = headTar[:len(headTar)-1024]
	blocks := [][]byte{headTar} // entries that are each small enough
	for i := range 12 {
		blocks = append(blocks, rawHeader(fmt.Sprintf("%sraw/%d", top, i), '0', bytes.Repeat([]byte("0123456789abcdef"), 1<<16-1)))
	}
	for name, c := range map[string]struct {
		data []byte
		want string // after the file's name
	}{
		"traversal":          {pack(t, head(), entry(top+"rows/../../../etc/passwd", "x")), `entry "netmortem_node1_20261120T021407Z/rows/../../../etc/passwd": path leaves the bundle`},
		"traversal at once":  {pack(t, entry("../meta.json", "{}")), `entry "../meta.json": path leaves the bundle`},
		"absolute":           {pack(t, head(), entry("/etc/passwd", "x")), `entry "/etc/passwd": absolute path`},
		"not shortest":       {pack(t, head(), entry(top+"rows//fdb.jsonl", "x")), `path is not in its shortest form`},
		"symbolic link":      {pack(t, head(), special(top+"rows/fdb.jsonl", tar.TypeSymlink, "/etc/passwd")), `entry "netmortem_node1_20261120T021407Z/rows/fdb.jsonl": a link`},
		"hard link":          {pack(t, head(), special(top+"rows/fdb.jsonl", tar.TypeLink, top+"meta.json")), `a link`},
		"link as top":        {pack(t, special(strings.TrimSuffix(top, "/"), tar.TypeSymlink, "/"), head()), `a link`},
		"character device":   {pack(t, head(), special(top+"raw/zero", tar.TypeChar, "")), `a device`},
		"block device":       {pack(t, head(), special(top+"raw/sda", tar.TypeBlock, "")), `a device`},
		"fifo":               {pack(t, head(), special(top+"raw/fifo", tar.TypeFifo, "")), `a named pipe`},
		"unknown type":       {append(bytes.Clone(headTar), rawHeader(top+"raw/x", 'V', nil)...), `of type 'V', neither file nor directory`},
		"global header":      {append(bytes.Clone(headTar), rawHeader("g", 'g', []byte("12 comment=x\n")[:0])...), `neither file nor directory`},
		"two tops":           {pack(t, head(), entry("netmortem_node2_20261120T021407Z/rows/fdb.jsonl", "x")), `in a second top directory beside "netmortem_node1_20261120T021407Z"`},
		"no top":             {pack(t, entry("meta.json", "{}")), `entry "meta.json": not inside a top directory`},
		"twice":              {pack(t, head(), entry(top+"rows/fdb.jsonl", "{}\n"), entry(top+"rows/fdb.jsonl", "{}\n")), `entry "rows/fdb.jsonl": twice`},
		"meta twice":         {pack(t, head(), head()), `entry "meta.json": twice`},
		"control characters": {pack(t, head(), entry(top+"raw/\x1b[2J", "x")), `entry "netmortem_node1_20261120T021407Z/raw/\x1b[2J": name holds the control character U+001B`},
		"line feed":          {pack(t, head(), entry(top+"raw/a\nb", "x")), `\nb": name holds the control character U+000A`},
		"right to left":      {pack(t, head(), entry(top+"raw/\u202etxt.lsnoj", "x")), `control character U+202E`},
		"not UTF-8":          {append(bytes.Clone(headTar), rawHeader(top+"raw/\xff", '0', nil)...), `name is not UTF-8`},
		"over-long name":     {pack(t, head(), entry(top+strings.Repeat("n", 5000), "x")), `name of 5033 bytes, more than 100`},
		"too many entries":   {pack(t, many...), `more than 50 entries`},
		"large entry":        {append(bytes.Clone(headTar), pack(t, file{tar.Header{Name: top + "rows/fdb.jsonl", Size: 1 << 40, Format: tar.FormatPAX}, nil})...), `entry "netmortem_node1_20261120T021407Z/rows/fdb.jsonl": of 1099511627776 bytes, more than 1048576`},
		"sparse by PAX":      {append(bytes.Clone(headTar), sparse()...), `a sparse file`},
		"long head":          {pack(t, file{tar.Header{Name: top + "meta.json"}, bytes.Repeat([]byte(" "), 5000)}), `meta.json: longer than 4096 bytes`},
		"long line":          {pack(t, head(), entry(top+"rows/fdb.jsonl", "{}\n"+strings.Repeat("x", 2000)+"\n")), `line longer than 1000 bytes`},
		"endless zstd":       {squeezed(t, bytes.NewReader(bytes.Join(blocks, nil))), `bytes decompress to`},
		"endless gzip":       {gzipped(bytes.Join(append(blocks, blocks[1:]...), nil)), `more than 8388608 bytes when decompressed`},
		"endless headers":    {gzipped(append(bytes.Clone(headTar), bytes.Repeat(rawHeader("PaxHeaders/x", 'x', []byte("16 comment=abcd\n")), 10<<10)...)), `more than 8388608 bytes when decompressed`},
		"endless tail":       {append(pack(t, head(), entry(top+"manifest.json", manifest(0))), make([]byte, 10<<10)...), `more than 4096 bytes behind the archive`},
		"window":             {windowed(t, 8<<20), `window size`},
		"long manifest":      {pack(t, head(), entry(top+"manifest.json", manifest(60))), `manifest.json: refused: more than 50 entries`},
		"host of 4 kB":       {pack(t, entry(top+"meta.json", `{"format":1,"host":"`+strings.Repeat("h", 3000)+`"}`)), `a host name of 3000 bytes`},
		"format 0":           {pack(t, entry(top+"meta.json", `{"host":"h"}`)), `no bundle format has the number 0`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(func() (*Bundle, error) { return small().OpenReader("evil.tgz", bytes.NewReader(c.data)) })
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("err = %v", err)
			}
			oneLine(t, err, "evil.tgz", c.want)
		})
	}
}

func oneLine(t *testing.T, err error, path, want string) {
	t.Helper()
	text := err.Error()
	if !strings.HasPrefix(text, path+": ") || !strings.Contains(text, want) || len(text) > 600 {
		t.Errorf("err = %s\nwant %s: …%s", text, path, want)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("err holds a control character: %q", text)
	}
}

// TestNoBundle checks the files that are none at all, and those that a later version wrote.
func TestNoBundle(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":        {nil, "not a bundle: empty"},
		"text":         {[]byte("hello\n"), "not a bundle: neither zstd nor gzip nor tar"},
		"zip":          {[]byte("PK\x03\x04"), "not a bundle: neither zstd nor gzip nor tar"},
		"gzip of text": {gzipped([]byte("hello\n")), "not a bundle: it breaks off before its first entry"},
		"magic alone":  {[]byte{0x1f, 0x8b}, "not a bundle: unexpected EOF"},
		"no meta":      {pack(t, entry(top+"SUMMARY.txt", "x")), "not a bundle: no meta.json before its end"},
		"newer":        {pack(t, entry(top+"meta.json", `{"format":2,"host":"h"}`)), "bundle format 2 is newer than this netmortem, which reads up to 1"},
		"no JSON":      {pack(t, entry(top+"meta.json", "hello")), "meta.json: invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readBytes(c.data)
			if err == nil {
				t.Fatal("opened")
			}
			oneLine(t, err, "x.tar.zst", c.want)
		})
	}
}

// squeezed is what r yields in one zstd frame with a small window.
func squeezed(t testing.TB, r io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	enc, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<16))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(enc, r); err != nil {
		t.Fatal(err)
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// windowed is a bundle whose frame asks for a window of n bytes.
func windowed(t testing.TB, n int) []byte {
	t.Helper()
	var out bytes.Buffer
	enc, err := zstd.NewWriter(&out, zstd.WithWindowSize(n), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	data := pack(t, head(), file{tar.Header{Name: top + "raw/x"}, make([]byte, 1<<20)})
	for part := range 4 { // several writes: a single one would make a frame of known size
		if _, err := enc.Write(data[part*len(data)/4 : (part+1)*len(data)/4]); err != nil {
			t.Fatal(err)
		}
		if err := enc.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	enc.Close()
	return out.Bytes()
}

// TestHostileDirectory does the same for unpacked bundles.
func TestHostileDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(dir string) error
		want  string
	}{
		"link to a file": {func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, "rows/fdb.jsonl")) }, `"rows/fdb.jsonl": a link`},
		"link to a dir":  {func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "raw")) }, `"raw": a link`},
		"link inside":    {func(dir string) error { return os.Symlink("../meta.json", filepath.Join(dir, "rows/fdb.jsonl")) }, `"rows/fdb.jsonl": a link`},
		"fifo":           {func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "rows/fdb.jsonl"), 0o600) }, `"rows/fdb.jsonl": a named pipe`},
		"control character": {func(dir string) error { return os.WriteFile(filepath.Join(dir, "rows/a\x1bb"), nil, 0o600) },
			`"rows/a\x1bb": name holds the control character U+001B`},
		"large file": {func(dir string) error {
			path := filepath.Join(dir, "rows/fdb.jsonl")
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 1<<40)
		}, `"rows/fdb.jsonl": of 1099511627776 bytes, more than 1048576`},
		"many": {func(dir string) error {
			for i := range 60 {
				if err := os.Mkdir(filepath.Join(dir, "rows", fmt.Sprint(i)), 0o700); err != nil {
					return err
				}
			}
			return nil
		}, `more than 50 entries`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "rows"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "meta.json"), head().data, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := c.plant(dir); err != nil {
				t.Skipf("plant: %v", err)
			}
			_, err := read(func() (*Bundle, error) { return small().Open(dir) })
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("err = %v", err)
			}
			oneLine(t, err, dir, c.want)
		})
	}
}

// TestBombMemory reads archives that are small and pretend to be huge under the default limits, and looks at how
// much memory they cost.
func TestBombMemory(t *testing.T) {
	meta := pack(t, head())
	meta = meta[:len(meta)-1024]
	nothing := squeezed(t, io.LimitReader(zero{}, 64<<20))
	headers := squeezed(t, bytes.NewReader(bytes.Repeat(rawHeader("x", 'x', []byte("16 comment=abcd\n")), 64<<10)))
	claim := append(bytes.Clone(meta), lyingHeader(top+"raw/x", '0', nil, 1<<30)...)
	for name, bomb := range map[string][]byte{
		"one endless entry":   append(squeezed(t, bytes.NewReader(claim)), bytes.Repeat(nothing, 128)...),
		"nothing but headers": append(squeezed(t, bytes.NewReader(meta)), bytes.Repeat(headers, 32)...),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := skim(bomb)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrRefused) {
				t.Fatalf("err = %v", err)
			}
			oneLine(t, err, "x.tar.zst", "refused")
			if n := int64(after.Sys) - int64(before.Sys); n > 256<<20 {
				t.Errorf("memory grew by %d bytes for a bundle of %d", n, len(bomb))
			}
		})
	}
}

// skim goes through a bundle without reading any entry, and so without holding one.
func skim(data []byte) error {
	b, err := OpenReader("x.tar.zst", bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer b.Close()
	for {
		if _, err := b.Next(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
