package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The files below testdata were made by systemd-journal-remote 252 from one list of 300 entries, one a second: c1 is the
// compact format, k1 has keyed hashes, and in those with yes long fields are packed with zstd. A tenth of the entries are
// dockerd's, a tenth of a container that logs by dockerd, a tenth containerd's, a tenth the kernel's.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.journal.zst")
	if err != nil || len(names) == 0 {
		t.Fatal("no samples", err)
	}
	d, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out := map[string][]byte{}
	for _, name := range names {
		packed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := d.DecodeAll(packed, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".journal.zst")] = data
	}
	return out
}

func all(string) bool { return true }

func TestEntries(t *testing.T) {
	for name, data := range samples(t) {
		t.Run(name, func(t *testing.T) {
			f, err := Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if first, last := f.Span(); first != 1795252520000000 || last != first+299e6 {
				t.Errorf("from %d to %d", first, last)
			}
			read := func(want ...Match) (list []string) {
				if err := f.Entries(want, all, func(e *Entry) bool {
					list = append(list, fmt.Sprintf("%d %s", (e.Realtime-1795252520000000)/1e6, e.Fields["MESSAGE"]))
					return true
				}); err != nil {
					t.Error(err)
				}
				return list
			}
			docker := read(Match{"SYSLOG_IDENTIFIER", "dockerd"}, Match{"UNIT", "docker.service"})
			if len(docker) != 31 || docker[0] != `290 time="2026-11-21T09:15:20.12Z" level=info msg="docker line 290"` ||
				docker[24] != "55 docker.service: Failed with result 'signal'." || !strings.HasSuffix(docker[30], `docker line 0"`) {
				t.Errorf("%d entries of docker: %q", len(docker), docker)
			}
			// An entry that has two of the wanted values comes once.
			if both := read(Match{"SYSLOG_IDENTIFIER", "dockerd"}, Match{"_SYSTEMD_UNIT", "docker.service"}); len(both) != 60 {
				t.Errorf("%d entries of the unit", len(both))
			}
			if none := read(Match{"SYSLOG_IDENTIFIER", "nobody"}, Match{"NO_FIELD", "x"}); len(none) != 0 {
				t.Errorf("found %q", none)
			}
			long := read(Match{"SYSLOG_IDENTIFIER", "containerd"})
			if len(long) != 30 {
				t.Fatalf("%d entries of containerd", len(long))
			}
			if want := "152 containerd line 152 " + strings.Repeat("long ", 400); !slices.Contains(long, want) || f.Unreadable != 0 {
				t.Errorf("no long message, %d fields not read", f.Unreadable)
			}
			if strings.HasSuffix(name, "yes") && f.Unpacked == 0 {
				t.Error("nothing was packed")
			}
			if kernel := read(Match{"_TRANSPORT", "kernel"}); len(kernel) != 30 {
				t.Errorf("%d entries of the kernel", len(kernel))
			}
			n := 0
			if err := f.Entries([]Match{{"SYSLOG_IDENTIFIER", "dockerd"}}, func(s string) bool { return s == "_PID" }, func(e *Entry) bool {
				n++
				if e.Fields["_PID"] != "815" || len(e.Fields) != 1 || e.BootID[0] != 1 || e.BootID[1] != 0x23 || e.Monotonic == 0 {
					t.Errorf("%+v", e)
				}
				return n < 3
			}); err != nil || n != 3 {
				t.Errorf("%d entries, %v", n, err)
			}
		})
	}
}

// repack replaces the packed field of a file by the same packed in another way: as a new object in the unused end.
func repack(t *testing.T, data []byte, flag byte, pack func(payload []byte) []byte) []byte {
	t.Helper()
	data = bytes.Clone(data)
	used := len(bytes.TrimRight(data, "\x00"))
	for off := 16; off+64 < used; off += 8 {
		size := le.Uint64(data[off+8:])
		if data[off] != typeData || data[off+1] != packedZSTD || size <= 64 || size > 1<<16 {
			continue
		}
		d, err := zstd.NewReader(nil)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		plain, err := d.DecodeAll(data[off+64:off+int(size)], nil)
		if err != nil {
			continue // bytes that only look like it
		}
		to := (used/8 + 2) * 8
		copy(data[to:], data[off:off+64])
		n := copy(data[to+64:], pack(plain))
		data[to+1] = flag
		le.PutUint64(data[to+8:], uint64(64+n))
		for i := 0; i+8 <= used; i += 8 {
			if le.Uint64(data[i:]) == uint64(off) {
				le.PutUint64(data[i:], uint64(to))
			}
		}
		return data
	}
	t.Fatal("nothing is packed")
	return nil
}

// Journals of other versions pack long fields with lz4 or xz.
func TestPacked(t *testing.T) {
	data := samples(t)["c0-k1-yes"]
	for _, test := range []struct {
		name       string
		flag       byte
		pack       func([]byte) []byte
		unreadable int
	}{
		{"lz4", packedLZ4, func(b []byte) []byte {
			out := make([]byte, 8+lz4.CompressBlockBound(len(b)))
			n, err := lz4.CompressBlock(b, out[8:], nil)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			le.PutUint64(out, uint64(len(b)))
			return out[:8+n]
		}, 0},
		{"lz4 that claims to be huge", packedLZ4, func([]byte) []byte { return bytes.Repeat([]byte{0xff}, 100) }, 1},
		{"lz4, damaged", packedLZ4, func([]byte) []byte { return append([]byte{0, 1, 0, 0, 0, 0, 0, 0}, 0xff, 0xff, 0xff) }, 1},
		{"zstd, damaged", packedZSTD, func([]byte) []byte { return []byte("no frame at all") }, 1},
		{"xz", packedXZ, func([]byte) []byte { return []byte("\xfd7zXZ\x00") }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := repack(t, data, test.flag, test.pack)
			f, err := Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			long, n := "", 0
			if err := f.Entries([]Match{{"SYSLOG_IDENTIFIER", "containerd"}}, all, func(e *Entry) bool {
				n++
				if (e.Realtime-1795252520000000)/1e6 == 152 {
					long = e.Fields["MESSAGE"]
				}
				return true
			}); err != nil {
				t.Fatal(err)
			}
			want := "containerd line 152 " + strings.Repeat("long ", 400)
			if n != 30 || f.Unreadable != test.unreadable || (long == want) != (test.unreadable == 0) {
				t.Errorf("%d entries, %d fields not read, %.40q", n, f.Unreadable, long)
			}
		})
	}
}

// A file that is cut anywhere gives what is in front of the cut, or an error; never something else.
func TestCut(t *testing.T) {
	data := samples(t)["c1-k1-yes"]
	used := len(bytes.TrimRight(data, "\x00"))
	for n := 0; n < used; n += 997 {
		f, err := Open(bytes.NewReader(data[:n]), int64(n))
		if err != nil {
			if !errors.Is(err, ErrNotJournal) {
				t.Fatalf("%d bytes: %v", n, err)
			}
			continue
		}
		err = f.Entries([]Match{{"SYSLOG_IDENTIFIER", "dockerd"}}, all, func(e *Entry) bool {
			if e.Fields["SYSLOG_IDENTIFIER"] != "dockerd" && f.Unreadable == 0 {
				t.Errorf("%d bytes: an entry of %q", n, e.Fields["SYSLOG_IDENTIFIER"])
			}
			return true
		})
		if err == nil && f.Damaged == 0 && n < used/2 {
			t.Errorf("%d of %d bytes: nothing is missing", n, used)
		}
		f.Close()
	}
}

// A reader that is shorter than it said it was, as a file that is cut while it is read.
func TestShrinking(t *testing.T) {
	data := samples(t)["c0-k0-no"]
	f, err := Open(bytes.NewReader(data[:20_000]), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Entries([]Match{{"SYSLOG_IDENTIFIER", "dockerd"}}, all, func(*Entry) bool { return true }); err == nil && f.Damaged == 0 {
		t.Error("nothing is missing")
	}
}

// A list that leads back to itself ends.
func TestLoop(t *testing.T) {
	data := bytes.Clone(samples(t)["c0-k0-no"])
	used := len(bytes.TrimRight(data, "\x00"))
	for off := 16; off+64 < used; off += 8 { // next_field_offset of each data object leads to itself
		if data[off] == typeData && data[off+1] == 0 && le.Uint64(data[off+8:]) > 64 && le.Uint64(data[off+8:]) < 4096 {
			le.PutUint64(data[off+32:], uint64(off))
		}
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f.steps = 10_000
	if err := f.Entries([]Match{{"SYSLOG_IDENTIFIER", "dockerd"}}, all, func(*Entry) bool { return true }); !errors.Is(err, errSteps) {
		t.Errorf("ended with %v", err)
	}
}

func TestOpenOther(t *testing.T) {
	for _, s := range []string{"", "LPKSHHRH", strings.Repeat("x", 300), "LPKSHHRH\x00\x00\x00\x00\xff\xff\xff\xff" + strings.Repeat("\x00", 300)} {
		if _, err := Open(strings.NewReader(s), int64(len(s))); !errors.Is(err, ErrNotJournal) {
			t.Errorf("%.20q: %v", s, err)
		}
	}
}

// sparse is a file that is data up to its end and zeros from there on, so that the fuzzer need not carry them along.
type sparse struct{ data []byte }

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(s.data)) {
		copy(p, s.data[off:])
	}
	return len(p), nil
}

func FuzzEntries(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(bytes.TrimRight(data, "\x00")[:60_000])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range []struct {
			io.ReaderAt
			size int64
		}{{bytes.NewReader(data), int64(len(data))}, {sparse{data}, 8 << 20}} {
			j, err := Open(r, r.size)
			if err != nil {
				continue
			}
			j.steps = 20_000
			n, last := 0, ^uint64(0)
			_ = j.Entries([]Match{{"SYSLOG_IDENTIFIER", "dockerd"}, {"UNIT", "docker.service"}}, all, func(e *Entry) bool {
				if e.offset >= last || len(e.Fields) > maxItems {
					t.Errorf("entry at %d behind the one at %d", e.offset, last)
				}
				last = e.offset
				n++
				return n < 1000
			})
			j.Close()
		}
	})
}
