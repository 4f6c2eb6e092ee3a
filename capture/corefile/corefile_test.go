package corefile

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A note of a core that a test makes.
type note struct {
	typ  uint32
	desc []byte
}

// makeCore builds a core of the given class and byte order with these notes and one page of memory at 0x1000.
func makeCore(wide bool, order binary.ByteOrder, memory []byte, notes ...note) []byte {
	var n bytes.Buffer
	for _, x := range notes {
		h := make([]byte, 20)
		order.PutUint32(h, 5)
		order.PutUint32(h[4:], uint32(len(x.desc)))
		order.PutUint32(h[8:], x.typ)
		copy(h[12:], "CORE\x00")
		n.Write(h)
		n.Write(x.desc)
		n.Write(make([]byte, (4-len(x.desc)%4)%4))
	}
	hsize, psize := 52, 32
	if wide {
		hsize, psize = 64, 56
	}
	h := make([]byte, hsize+2*psize)
	copy(h, "\x7fELF\x01\x01\x01")
	if wide {
		h[4] = 2
	}
	if order == binary.ByteOrder(binary.BigEndian) {
		h[5] = 2
	}
	order.PutUint16(h[16:], 4)
	put := func(p []byte, typ uint32, off, addr, size int) {
		order.PutUint32(p, typ)
		if wide {
			order.PutUint64(p[8:], uint64(off))
			order.PutUint64(p[16:], uint64(addr))
			order.PutUint64(p[32:], uint64(size))
		} else {
			order.PutUint32(p[4:], uint32(off))
			order.PutUint32(p[8:], uint32(addr))
			order.PutUint32(p[16:], uint32(size))
		}
	}
	if wide {
		order.PutUint16(h[18:], 62)
		order.PutUint64(h[32:], uint64(hsize))
		order.PutUint16(h[54:], uint16(psize))
		order.PutUint16(h[56:], 2)
	} else {
		order.PutUint16(h[18:], 40)
		order.PutUint32(h[28:], uint32(hsize))
		order.PutUint16(h[42:], uint16(psize))
		order.PutUint16(h[44:], 2)
	}
	put(h[hsize:], 4, len(h), 0, n.Len())
	put(h[hsize+psize:], 1, len(h)+n.Len(), 0x1000, len(memory))
	return append(append(h, n.Bytes()...), memory...)
}

// longs writes numbers as longs of the process.
func longs(wide bool, order binary.ByteOrder, list ...uint64) []byte {
	var b []byte
	for _, v := range list {
		if wide {
			b = append(b, make([]byte, 8)...)
			order.PutUint64(b[len(b)-8:], v)
		} else {
			b = append(b, make([]byte, 4)...)
			order.PutUint32(b[len(b)-4:], uint32(v))
		}
	}
	return b
}

func sample(wide bool, order binary.ByteOrder) []byte {
	prstatus := make([]byte, 112)
	order.PutUint16(prstatus[12:], 11)
	psinfo, fname := make([]byte, 124), 28
	if wide {
		psinfo, fname = make([]byte, 136), 40
		order.PutUint32(psinfo[16:], 1000)
		order.PutUint32(psinfo[24:], 7)
	} else {
		order.PutUint16(psinfo[8:], 1000)
		order.PutUint32(psinfo[12:], 7)
	}
	copy(psinfo[fname:], "app")
	copy(psinfo[fname+16:], "/bin/app --password hunter2 ")
	siginfo := make([]byte, 128)
	order.PutUint32(siginfo, 11)
	order.PutUint32(siginfo[8:], 1)
	if wide {
		order.PutUint64(siginfo[16:], 0xdead)
	} else {
		order.PutUint32(siginfo[12:], 0xdead)
	}
	auxv := longs(wide, order, 3, 0x1040, 9, 0x1500, 31, 0x1800, 0, 0)
	files := longs(wide, order, 2, 4096, 0x1000, 0x2000, 0, 0x8000, 0x9000, 3)
	files = append(files, "/bin/app\x00/lib/libc.so.6 (deleted)\x00"...)

	// The executable's first page, with a build id.
	page := make([]byte, 4096)
	copy(page, "\x7fELF")
	hsize, psize := 52, 32
	if wide {
		hsize, psize = 64, 56
		order.PutUint64(page[32:], uint64(hsize))
		order.PutUint16(page[54:], uint16(psize))
		order.PutUint16(page[56:], 1)
		order.PutUint32(page[hsize:], 4)
		order.PutUint64(page[hsize+8:], 0x200)
		order.PutUint64(page[hsize+32:], 36)
	} else {
		order.PutUint32(page[28:], uint32(hsize))
		order.PutUint16(page[42:], uint16(psize))
		order.PutUint16(page[44:], 1)
		order.PutUint32(page[hsize:], 4)
		order.PutUint32(page[hsize+4:], 0x200)
		order.PutUint32(page[hsize+16:], 36)
	}
	order.PutUint32(page[0x200:], 4)
	order.PutUint32(page[0x204:], 20)
	order.PutUint32(page[0x208:], 3)
	copy(page[0x20c:], "GNU\x00abcdefghijklmnopqrst")
	return makeCore(wide, order, page, note{ntPrstatus, prstatus}, note{ntPrpsinfo, psinfo}, note{ntSiginfo, siginfo},
		note{ntAuxv, auxv}, note{ntFile, files}, note{2, make([]byte, 512)}, note{ntPrstatus, prstatus})
}

func TestRead(t *testing.T) {
	for _, wide := range []bool{true, false} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(fmt.Sprintf("wide %v, %v", wide, order), func(t *testing.T) {
				raw := sample(wide, order)
				c, err := Read(bytes.NewReader(raw))
				if err != nil || c.Problem != "" {
					t.Fatal(err, c)
				}
				got := fmt.Sprintf("%d %d %#x %d %d %s [%s] %d %s %s %d %v", *c.Signal, *c.Code, *c.Addr, *c.PID, *c.UID, c.Comm, c.Args,
					c.Threads, c.Executable, c.BuildID, c.End, c.Files)
				want := fmt.Sprintf("11 1 0xdead 7 1000 app [/bin/app --password hunter2] 2 /bin/app abcdefghijklmnopqrst %d "+
					"[{4096 8192 0 /bin/app} {32768 36864 12288 /lib/libc.so.6 (deleted)}]", len(raw))
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// A core that was cut anywhere keeps what was read before, and says what is missing; its End shows that it was cut.
func TestReadCut(t *testing.T) {
	whole := sample(true, binary.LittleEndian)
	for n := range whole {
		c, err := Read(bytes.NewReader(whole[:n]))
		switch {
		case n < 17:
			if !errors.Is(err, ErrNotCore) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		case err != nil:
			t.Fatalf("%d bytes: %v", n, err)
		case n < 64+56*2 && c.Problem == "":
			t.Fatalf("%d bytes: no problem", n)
		case n >= 64+56*2 && c.End <= int64(n):
			t.Fatalf("%d bytes: ends at %d", n, c.End)
		}
	}
}

func TestReadOther(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		if _, err := Read(bytes.NewReader(self)); !errors.Is(err, ErrNotCore) {
			t.Errorf("an executable: %v", err)
		}
	}
	for _, s := range []string{"", "core", strings.Repeat("\x00", 100), "\x7fELF\x09\x01"} {
		if _, err := Read(strings.NewReader(s)); !errors.Is(err, ErrNotCore) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// A core that gdb wrote of a real process with two threads.
func TestReadReal(t *testing.T) {
	for _, tool := range []string{"gcc", "gdb"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "crash.c")
	if err := os.WriteFile(src, []byte(`#include <pthread.h>
#include <unistd.h>
static void *wait(void *p) { pause(); return p; }
int main(void) { pthread_t t; pthread_create(&t, 0, wait, 0); sleep(1); *(volatile int *)0x1234 = 1; return 0; }
`), 0o600); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "crasher")
	if out, err := exec.Command("gcc", "-Wl,--build-id=0x00112233445566778899", "-pthread", "-o", exe, src).CombinedOutput(); err != nil {
		t.Skipf("gcc: %v\n%s", err, out)
	}
	name := filepath.Join(dir, "core")
	out, err := exec.Command("gdb", "-batch", "-nx", "-ex", "run", "-ex", "generate-core-file "+name, "-ex", "kill", exe).CombinedOutput()
	f, openErr := os.Open(name)
	if openErr != nil {
		t.Skipf("gdb makes no core here: %v %v\n%s", err, openErr, out)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	// gdb writes the signal and the address as the kernel does.
	if c.Problem != "" || c.Signal == nil || *c.Signal != 11 || c.Comm != "crasher" || c.Threads != 2 || c.Executable != exe || c.End > st.Size() {
		t.Errorf("got %+v", c)
	}
	if id := hex.EncodeToString(c.BuildID); id != "00112233445566778899" {
		t.Errorf("build id %s", id)
	}
	if c.Addr == nil || *c.Addr != 0x1234 {
		t.Errorf("fault address %v", c.Addr)
	}
	libc := false
	for _, m := range c.Files {
		libc = libc || strings.Contains(m.File, "libc")
	}
	if !libc {
		t.Errorf("no libc among %v", c.Files)
	}
}

func FuzzRead(f *testing.F) {
	for _, wide := range []bool{true, false} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			f.Add(sample(wide, order))
		}
	}
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		if len(c.Files)*12 > len(b) || c.Threads > int64(len(b)) || c.End < 0 || c.End == math.MinInt64 {
			t.Errorf("more than %d bytes can hold: %+v", len(b), c)
		}
	})
}

// The sample that the tests of capture use is the one that this package makes.
func TestSample(t *testing.T) {
	name, want := filepath.Join("testdata", "sample.core"), sample(true, binary.LittleEndian)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not the sample (UPDATE=1 writes it): %v", name, err)
	}
}
