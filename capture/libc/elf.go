package libc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds on what is believed of an ELF file's tables.
const (
	mostSegments  = 256
	mostSections  = 8192
	mostNames     = 1 << 20 // bytes of the section names
	mostDynamic   = 4096    // entries of the dynamic section
	longestString = 512
)

// image is an ELF file's outline (elf(5)).
type image struct {
	r        io.ReaderAt
	order    binary.ByteOrder
	wide     bool // 64 bits
	segments []span
	sections map[string]span
}

// span is a segment or a section.
type span struct {
	kind, flags  uint64
	offset, addr uint64 // in the file, in memory
	size         uint64 // in the file
}

// The kinds and flags of elf.h that matter here.
const (
	ptLoad, ptDynamic, ptInterp           = 1, 2, 3
	pfWrite                               = 2
	shtNobits                             = 8
	shfCompressed                         = 0x800
	dtNeeded, dtStrtab, dtSymtab, dtStrsz = 1, 5, 6, 10
)

var errNotELF = errors.New("not an ELF file")

// open reads the outline.
func open(r io.ReaderAt) (*image, error) {
	var head [64]byte
	if n, err := r.ReadAt(head[:], 0); n < 52 {
		if err == nil || err == io.EOF {
			err = errNotELF
		}
		return nil, err
	}
	if string(head[:4]) != "\x7fELF" || head[4] != 1 && head[4] != 2 || head[5] != 1 && head[5] != 2 {
		return nil, errNotELF
	}
	f := &image{r: r, order: binary.LittleEndian, wide: head[4] == 2, sections: map[string]span{}}
	if head[5] == 2 {
		f.order = binary.BigEndian
	}
	var phoff, shoff uint64
	at := 42 // e_phentsize
	if f.wide {
		phoff, shoff, at = f.order.Uint64(head[32:]), f.order.Uint64(head[40:]), 54
	} else {
		phoff, shoff = uint64(f.order.Uint32(head[28:])), uint64(f.order.Uint32(head[32:]))
	}
	half := func(i int) int { return int(f.order.Uint16(head[at+2*i:])) }
	if err := f.readSegments(phoff, half(0), half(1)); err != nil {
		return nil, err
	}
	// A file may have been stripped of its sections, or lie about them: the segments are what the kernel runs.
	f.readSections(shoff, half(2), half(3), half(4))
	return f, nil
}

// word reads a field of the file's own width.
func (f *image) word(b []byte) uint64 {
	if f.wide {
		return f.order.Uint64(b)
	}
	return uint64(f.order.Uint32(b))
}

func (f *image) readSegments(off uint64, entry, n int) error {
	want := 32
	if f.wide {
		want = 56
	}
	if n > 0 && entry < want || n > mostSegments || off > 1<<40 {
		return fmt.Errorf("%d program headers of %d bytes", n, entry)
	}
	table := make([]byte, n*entry)
	if _, err := f.r.ReadAt(table, int64(off)); err != nil && n > 0 {
		return fmt.Errorf("read the program headers: %w", err)
	}
	for i := range n {
		b := table[i*entry:]
		s := span{kind: uint64(f.order.Uint32(b))}
		if f.wide {
			s.flags, s.offset, s.addr, s.size = uint64(f.order.Uint32(b[4:])), f.word(b[8:]), f.word(b[16:]), f.word(b[32:])
		} else {
			s.offset, s.addr, s.size, s.flags = f.word(b[4:]), f.word(b[8:]), f.word(b[16:]), uint64(f.order.Uint32(b[24:]))
		}
		f.segments = append(f.segments, s)
	}
	return nil
}

func (f *image) readSections(off uint64, entry, n, names int) {
	want := 40
	if f.wide {
		want = 64
	}
	if entry < want || entry > 4*want || n > mostSections || names >= n || off > 1<<40 {
		return
	}
	table := make([]byte, n*entry)
	if _, err := f.r.ReadAt(table, int64(off)); err != nil {
		return
	}
	section := func(i int) (name uint64, s span) {
		b := table[i*entry:]
		name, s.kind = uint64(f.order.Uint32(b)), uint64(f.order.Uint32(b[4:]))
		if f.wide {
			s.flags, s.addr, s.offset, s.size = f.word(b[8:]), f.word(b[16:]), f.word(b[24:]), f.word(b[32:])
		} else {
			s.flags, s.addr, s.offset, s.size = f.word(b[8:]), f.word(b[12:]), f.word(b[16:]), f.word(b[20:])
		}
		return name, s
	}
	_, s := section(names)
	text, err := f.bytes(s, mostNames)
	if err != nil {
		return
	}
	for i := range n {
		name, s := section(i)
		if name < uint64(len(text)) && s.kind != shtNobits && s.flags&shfCompressed == 0 {
			word, _, _ := bytes.Cut(text[name:], []byte{0})
			if len(word) <= longestString {
				f.sections[string(word)] = s
			}
		}
	}
}

// bytes reads a span, at most so many bytes of it. What the file does not have is left out.
func (f *image) bytes(s span, most uint64) ([]byte, error) {
	if s.offset > 1<<40 {
		return nil, fmt.Errorf("offset %d", s.offset)
	}
	return io.ReadAll(io.NewSectionReader(f.r, int64(s.offset), int64(min(s.size, most))))
}

// at is where in the file an address of memory lies.
func (f *image) at(addr uint64) (span, bool) {
	for _, s := range f.segments {
		if s.kind == ptLoad && addr >= s.addr && addr-s.addr < s.size {
			skip := addr - s.addr
			return span{offset: s.offset + skip, addr: addr, size: s.size - skip}, true
		}
	}
	return span{}, false
}

// interpreter is the dynamic linker that the file asks for, empty for none.
func (f *image) interpreter() string {
	for _, s := range f.segments {
		if s.kind == ptInterp {
			text, err := f.bytes(s, longestString)
			if err != nil {
				return ""
			}
			word, _, _ := bytes.Cut(text, []byte{0})
			return strings.ToValidUTF8(string(word), "?")
		}
	}
	return ""
}

// dynamic is what the dynamic section asks for.
type dynamic struct {
	needed  []string
	strings span // names of symbols and files
	symbols span // symbols that the file offers and asks for
}

// dynamic reads the dynamic section. It is false if there is none.
func (f *image) dynamic() (dynamic, bool) {
	var d dynamic
	for _, s := range f.segments {
		if s.kind != ptDynamic {
			continue
		}
		step := uint64(8)
		if f.wide {
			step = 16
		}
		table, err := f.bytes(s, mostDynamic*step)
		if err != nil {
			return d, true
		}
		var names []uint64
		var symbols, addr, size uint64
		for ; uint64(len(table)) >= step; table = table[step:] {
			value := f.word(table[step/2:])
			switch f.word(table) {
			case dtNeeded:
				names = append(names, value)
			case dtSymtab:
				symbols = value
			case dtStrtab:
				addr = value
			case dtStrsz:
				size = value
			}
		}
		var ok bool
		if d.strings, ok = f.at(addr); !ok {
			return d, true
		}
		d.strings.size = min(d.strings.size, size)
		for _, n := range names[:min(len(names), 256)] {
			if s := f.text(d.strings, n); s != "" {
				d.needed = append(d.needed, s)
			}
		}
		if d.symbols, ok = f.at(symbols); !ok {
			return d, true
		}
		// No entry says how many symbols there are. The table of sections does; without it the names stand behind them.
		if s, ok := f.sections[".dynsym"]; ok && s.offset == d.symbols.offset {
			d.symbols.size = min(d.symbols.size, s.size)
		} else if addr > symbols {
			d.symbols.size = min(d.symbols.size, addr-symbols)
		}
		return d, true
	}
	return d, false
}

// imports reports whether the file asks for a symbol: one that it names and does not define.
func (f *image) imports(d dynamic, name string) (bool, error) {
	step, section := 16, 14 // of a symbol, and where in it its section stands
	if f.wide {
		step, section = 24, 6
	}
	want := name + "\x00"
	got := make([]byte, len(want))
	found := false
	rest := 0 // bytes of a symbol that were in the piece before
	var carry [24]byte
	err := f.pieces(d.symbols, func(b []byte) bool {
		for len(b) > 0 {
			n := copy(carry[rest:step], b)
			b = b[n:]
			if rest += n; rest < step {
				return true
			}
			rest = 0
			off := uint64(f.order.Uint32(carry[:]))
			if off == 0 || f.order.Uint16(carry[section:]) != 0 || off+uint64(len(want)) > d.strings.size {
				continue
			}
			if _, err := f.r.ReadAt(got, int64(d.strings.offset+off)); err == nil && string(got) == want {
				found = true
				return false
			}
		}
		return true
	})
	return found, err
}

// text is the string at an offset into a table of them.
func (f *image) text(table span, off uint64) string {
	if off >= table.size {
		return ""
	}
	b, err := f.bytes(span{offset: table.offset + off, size: table.size - off}, longestString)
	if err != nil {
		return ""
	}
	word, _, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return ""
	}
	return strings.ToValidUTF8(string(word), "?")
}

// constants are the spans that hold the program's texts: .rodata, or without sections every segment that cannot be
// written.
func (f *image) constants() []span {
	if s, ok := f.sections[".rodata"]; ok && s.size > 0 {
		return []span{s}
	}
	var out []span
	for _, s := range f.segments {
		if s.kind == ptLoad && s.flags&pfWrite == 0 && s.size > 0 {
			out = append(out, s)
		}
	}
	return out
}
