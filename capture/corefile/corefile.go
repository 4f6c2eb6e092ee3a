// Package corefile reads what an ELF core says of the process that crashed: the notes that the kernel writes in front of
// its memory (fs/binfmt_elf.c, elf_core_dump). Of the memory itself it reads the name and the build id of the executable,
// nothing else. Files are taken as hostile: they come out of containers.
package corefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrNotCore says that a file is no ELF core.
var ErrNotCore = errors.New("not an ELF core")

// Core is what a core says of its process. A nil pointer is a fact that it does not hold.
type Core struct {
	Machine    string   // architecture, as uname would say
	Signal     *int64   // that ended the process: of the first NT_PRSTATUS, the thread that crashed
	Code       *int64   // si_code of NT_SIGINFO
	Addr       *uint64  // si_addr of NT_SIGINFO, for signals that have one
	PID        *int64   // process, in its own pid namespace
	UID        *int64   // real user
	Comm       string   // command name
	Args       string   // first 80 bytes of the command line, as they are: the caller masks
	Threads    int64    // NT_PRSTATUS notes
	Files      []Mapped // of NT_FILE, in its order
	Executable string   // path in the process's mount namespace
	BuildID    []byte   // of the executable; nil when its first page was not dumped
	End        int64    // where the last segment ends in the file: a shorter file was cut
	Problem    string   // what could not be read
}

// Mapped is one mapping of a file.
type Mapped struct {
	Start, End uint64
	Offset     uint64 // in the file, bytes
	File       string
}

// Bounds on what a file may make us read or keep.
const (
	maxHeaders = 1 << 17  // program headers; vm.max_map_count is 65530 unless raised
	maxNotes   = 32 << 20 // bytes of notes that are walked
	maxFiles   = 1 << 17  // mappings of NT_FILE
	maxNote    = 16 << 20 // bytes of one note that is kept
	maxName    = 4096     // bytes of a path
)

// image is the file and how its numbers are written.
type image struct {
	r     io.ReaderAt
	order binary.ByteOrder
	wide  bool // 64 bit
	loads []load
	core  *Core
	near  []byte // what was read last, with what follows it
	at    uint64 // where that stands
}

// load is memory that the file holds.
type load struct{ off, addr, size uint64 }

// Read reads the headers and notes of a core.
//
// The error is ErrNotCore, or that of the reader for the first bytes. What breaks later is the core's Problem; what was
// read before stays.
func Read(r io.ReaderAt) (*Core, error) {
	var ident [20]byte
	if _, err := r.ReadAt(ident[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	m := &image{r: r, core: &Core{}}
	if string(ident[:4]) != "\x7fELF" {
		return nil, ErrNotCore
	}
	switch ident[4] {
	case 1:
	case 2:
		m.wide = true
	default:
		return nil, ErrNotCore
	}
	switch ident[5] {
	case 1:
		m.order = binary.LittleEndian
	case 2:
		m.order = binary.BigEndian
	default:
		return nil, ErrNotCore
	}
	if m.order.Uint16(ident[16:]) != 4 { // ET_CORE
		return nil, ErrNotCore
	}
	m.core.Machine = machine(m.order.Uint16(ident[18:]), m.wide)
	notes, err := m.headers()
	if err != nil {
		m.core.Problem = err.Error()
		return m.core, nil
	}
	aux := auxiliary{}
	for _, n := range notes {
		if err := m.notes(n, &aux); err != nil {
			m.core.Problem = err.Error()
			break
		}
	}
	m.executable(aux)
	return m.core, nil
}

// machine names an e_machine.
func machine(n uint16, wide bool) string {
	switch n {
	case 3:
		return "i386"
	case 40:
		return "arm"
	case 62:
		return "x86_64"
	case 183:
		return "aarch64"
	case 20:
		return "ppc"
	case 21:
		return "ppc64"
	case 22:
		return "s390x"
	case 243:
		if wide {
			return "riscv64"
		}
		return "riscv32"
	case 258:
		return "loongarch64"
	}
	return fmt.Sprintf("e_machine %d", n)
}

// bytes reads n bytes at off.
func (m *image) bytes(off uint64, n int) ([]byte, error) {
	if off > math.MaxInt64-uint64(n) {
		return nil, fmt.Errorf("offset %#x is beyond any file", off)
	}
	if off >= m.at && off-m.at <= uint64(len(m.near)) && uint64(len(m.near))-(off-m.at) >= uint64(n) {
		at := off - m.at
		return m.near[at : at+uint64(n) : at+uint64(n)], nil
	}
	b := make([]byte, max(n, ahead))
	k, err := m.r.ReadAt(b, int64(off))
	if k < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("%d bytes at %#x: %w", n, off, err)
	}
	m.near, m.at = b[:k], off
	return b[:n:n], nil
}

// ahead is how much is read at least: notes are small and many.
const ahead = 16 << 10

// word is a long of the process.
func (m *image) word(b []byte) uint64 {
	if m.wide {
		return m.order.Uint64(b)
	}
	return uint64(m.order.Uint32(b))
}

func (m *image) wordSize() int {
	if m.wide {
		return 8
	}
	return 4
}

// headers reads the program headers: where notes are, which memory is there, and where the file should end.
func (m *image) headers() (notes []load, err error) {
	size := 52
	if m.wide {
		size = 64
	}
	h, err := m.bytes(0, size)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	var phoff, shoff uint64
	var phentsize, phnum uint64
	if m.wide {
		phoff, shoff = m.order.Uint64(h[32:]), m.order.Uint64(h[40:])
		phentsize, phnum = uint64(m.order.Uint16(h[54:])), uint64(m.order.Uint16(h[56:]))
	} else {
		phoff, shoff = uint64(m.order.Uint32(h[28:])), uint64(m.order.Uint32(h[32:]))
		phentsize, phnum = uint64(m.order.Uint16(h[42:])), uint64(m.order.Uint16(h[44:]))
	}
	if phnum == 0xffff { // PN_XNUM: the number is sh_info of the only section header
		at := uint64(28)
		if m.wide {
			at = 44
		}
		b, err := m.bytes(shoff+at, 4)
		if err != nil {
			return nil, fmt.Errorf("number of program headers: %w", err)
		}
		phnum = uint64(m.order.Uint32(b))
	}
	if want := map[bool]uint64{false: 32, true: 56}[m.wide]; phentsize != want {
		return nil, fmt.Errorf("program headers of %d bytes; want %d", phentsize, want)
	}
	if phnum > maxHeaders {
		return nil, fmt.Errorf("%d program headers", phnum)
	}
	const atATime = 512
	for i := uint64(0); i < phnum; i += atATime {
		n := min(atATime, phnum-i)
		b, err := m.bytes(phoff+i*phentsize, int(n*phentsize))
		if err != nil {
			return notes, fmt.Errorf("program headers: %w", err)
		}
		for ; len(b) > 0; b = b[phentsize:] {
			var l load
			if m.wide {
				l = load{m.order.Uint64(b[8:]), m.order.Uint64(b[16:]), m.order.Uint64(b[32:])}
			} else {
				l = load{uint64(m.order.Uint32(b[4:])), uint64(m.order.Uint32(b[8:])), uint64(m.order.Uint32(b[16:]))}
			}
			if end := l.off + l.size; end >= l.off && end <= math.MaxInt64 {
				m.core.End = max(m.core.End, int64(end))
			}
			switch m.order.Uint32(b) {
			case 1: // PT_LOAD
				if l.size > 0 {
					m.loads = append(m.loads, l)
				}
			case 4: // PT_NOTE
				notes = append(notes, l)
			}
		}
	}
	return notes, nil
}

// memory reads n bytes of the process's memory.
func (m *image) memory(addr uint64, n int) ([]byte, bool) {
	for _, l := range m.loads {
		if addr >= l.addr && addr-l.addr < l.size && l.size-(addr-l.addr) >= uint64(n) {
			b, err := m.bytes(l.off+(addr-l.addr), n)
			return b, err == nil
		}
	}
	return nil, false
}
