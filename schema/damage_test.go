package schema

import (
	"bytes"
	"strings"
	"testing"
)

// prefixOf reports the first entry of got that is not a prefix of the same entry of want.
func prefixOf(got, want *content) (string, bool) {
	for name, text := range got.data {
		if whole, there := want.data[name]; !there || !strings.HasPrefix(whole, text) {
			return name, false
		}
	}
	return "", true
}

// TestCut cuts bundles at every offset: the reader never fails on one whose head is whole, yields a prefix, and says so.
func TestCut(t *testing.T) {
	whole := sample(t, Zstd, 40)
	plain := pack(t, untar(t, whole)...)
	for name, c := range map[string]struct {
		data []byte
		step int // 13 meets every offset of a tar's header in the end
		rows int // that some length yields
	}{
		"zstd": {whole, 1, 0}, // one block: all or nothing
		"gzip": {sample(t, Gzip, 40), 1, 40}, "tar": {plain, 13, 40},
		"frames": {frames(t, Zstd, plain, 1000), 3, 40}, "members": {frames(t, Gzip, plain, 1000), 3, 40},
	} {
		data := c.data
		t.Run(name, func(t *testing.T) {
			want := mustRead(t, func() (*Bundle, error) { return OpenReader("x", bytes.NewReader(data)) })
			opened, most := 0, 0
			for n := 0; n < len(data); n += c.step {
				got, err := readBytes(data[:n])
				if err != nil {
					if opened > 0 {
						t.Fatalf("cut at %d of %d: %v, though shorter ones open", n, len(data), err)
					}
					continue
				}
				opened++
				if entry, ok := prefixOf(got, want); !ok {
					t.Fatalf("cut at %d: %s is no prefix: %q", n, entry, got.data[entry])
				}
				rows := strings.Count(got.data["rows/fdb.jsonl"], "\n")
				if rows < most {
					t.Fatalf("cut at %d: %d rows, fewer than at a shorter length", n, rows)
				}
				most = rows
				complete := len(got.data) == len(want.data) && len(got.problems) <= 1
				for name := range want.data {
					complete = complete && got.data[name] == want.data[name]
				}
				if got.interrupted == "" && !complete {
					t.Fatalf("cut at %d of %d: not interrupted, problems %q", n, len(data), got.problems)
				}
			}
			if opened == 0 || most != c.rows {
				t.Errorf("%d of %d lengths opened, %d rows at most", opened, len(data), most)
			}
		})
	}
}

// TestCutInEntry checks that rows before a break inside an entry are read, and that the break is told by entry.
func TestCutInEntry(t *testing.T) {
	plain := pack(t, untar(t, sample(t, Zstd, 100))...)
	at := bytes.Index(plain, []byte(`"mac":"02:42:0a:00:00:32"`)) // in row 51
	for name, data := range map[string][]byte{"tar": plain[:at], "zstd": frames(t, Zstd, plain[:at], 300), "gzip": frames(t, Gzip, plain[:at], 300)} {
		got, err := readBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(got.data["rows/fdb.jsonl"], "\n"); n != 50 {
			t.Errorf("%s: %d rows", name, n)
		}
		if want := "it breaks off in rows/fdb.jsonl, after "; !strings.HasPrefix(got.interrupted, want) {
			t.Errorf("%s: interrupted = %q", name, got.interrupted)
		}
	}
}

// TestCutInFrame checks that of one long frame, as a Writer writes it, the blocks before the break are read.
func TestCutInFrame(t *testing.T) {
	data := sample(t, Zstd, 20000)
	got, err := readBytes(data[:len(data)*3/4])
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got.data["rows/fdb.jsonl"], "\n"); n < 5000 || got.interrupted == "" {
		t.Errorf("%d rows, interrupted %q", n, got.interrupted)
	}
}

// TestFlip flips bits of every byte: the reader never panics, and what it yields either is the original or comes
// with a refusal, an interruption or a problem. Bytes that carry nothing, such as gzip's time, may change unnoticed.
func TestFlip(t *testing.T) {
	for _, comp := range []Compression{Zstd, Gzip} {
		t.Run(string(comp), func(t *testing.T) {
			data := sample(t, comp, 30)
			want := mustRead(t, func() (*Bundle, error) { return OpenReader("x", bytes.NewReader(data)) })
			noticed := 0
			for i := range data {
				for _, bits := range []byte{0x01, 0x80} {
					flipped := bytes.Clone(data)
					flipped[i] ^= bits
					got, err := readBytes(flipped)
					if err != nil || got.interrupted != "" || len(got.problems) > 0 {
						noticed++
						continue
					}
					for name, text := range want.data {
						if got.data[name] != text || len(got.data) != len(want.data) {
							t.Fatalf("byte %d ^ %#x: %s differs, and nothing says so", i, bits, name)
						}
					}
				}
			}
			if noticed < len(data) {
				t.Errorf("only %d of %d flips were noticed", noticed, 2*len(data))
			}
		})
	}
}

// TestFlipPlain does the same inside the archive, where only the manifest can notice.
func TestFlipPlain(t *testing.T) {
	plain := pack(t, untar(t, sample(t, Zstd, 3))...)
	want := mustRead(t, func() (*Bundle, error) { return OpenReader("x", bytes.NewReader(plain)) })
	for i := range plain {
		flipped := bytes.Clone(plain)
		flipped[i] ^= 0x04
		got, err := readBytes(flipped)
		if err != nil || got.interrupted != "" || len(got.problems) > 0 {
			continue
		}
		for name, text := range want.data {
			if got.data[name] != text || len(got.data) != len(want.data) {
				t.Fatalf("byte %d: %s differs, and nothing says so", i, name)
			}
		}
	}
}
