package corefile

import (
	"bytes"
	"fmt"
	"path"
	"strings"
)

// Types of notes (linux/elf.h).
const (
	ntPrstatus = 1
	ntPrpsinfo = 3
	ntAuxv     = 6
	ntSiginfo  = 0x53494749
	ntFile     = 0x46494c45
	ntBuildID  = 3 // with the name GNU, in the executable
)

// auxiliary is what NT_AUXV says of the executable.
type auxiliary struct{ phdr, entry, execfn uint64 }

// notes walks one segment of notes.
func (m *image) notes(at load, aux *auxiliary) error {
	if at.size > maxNotes {
		at.size = maxNotes
		defer func() {
			m.core.Problem = fmt.Sprintf("only the first %d bytes of the notes were read", int64(maxNotes))
		}()
	}
	for pos := uint64(0); pos+12 <= at.size; {
		h, err := m.bytes(at.off+pos, 12)
		if err != nil {
			return fmt.Errorf("notes: %w", err)
		}
		namesz, descsz, typ := uint64(m.order.Uint32(h)), uint64(m.order.Uint32(h[4:])), m.order.Uint32(h[8:])
		desc := pos + 12 + align(namesz)
		next := desc + align(descsz)
		if next > at.size+3 {
			return fmt.Errorf("note of type %#x with %d bytes is longer than its segment", typ, descsz)
		}
		if name, err := m.noteName(at.off+pos+12, namesz); err == nil && name == "CORE" {
			if err := m.note(typ, at.off+desc, descsz, aux); err != nil {
				return err
			}
		}
		pos = next
	}
	return nil
}

func align(n uint64) uint64 { return (n + 3) &^ 3 }

func (m *image) noteName(off, size uint64) (string, error) {
	if size == 0 || size > 32 {
		return "", nil
	}
	b, err := m.bytes(off, int(size))
	return text(b), err
}

// note reads one note that the kernel wrote.
func (m *image) note(typ uint32, off, size uint64, aux *auxiliary) error {
	most := uint64(256) // of those of fixed size only the beginning is of interest
	switch typ {
	case ntFile, ntAuxv:
		most = maxNote
	case ntPrstatus:
		m.core.Threads++
		if m.core.Threads > 1 {
			return nil
		}
	case ntPrpsinfo, ntSiginfo:
	default:
		return nil
	}
	b, err := m.bytes(off, int(min(size, most)))
	if err != nil {
		return fmt.Errorf("note of type %#x: %w", typ, err)
	}
	switch typ {
	case ntPrstatus:
		if len(b) >= 14 { // struct elf_prstatus: si_signo, si_code, si_errno, pr_cursig
			sig := int64(int16(m.order.Uint16(b[12:])))
			m.core.Signal = &sig
		}
	case ntPrpsinfo:
		m.prpsinfo(b)
	case ntSiginfo:
		m.siginfo(b)
	case ntAuxv:
		m.auxv(b, aux)
	case ntFile:
		return m.files(b)
	}
	return nil
}

// prpsinfo reads struct elf_prpsinfo (linux/elfcore.h): state, sname, zomb, nice, flag, uid, gid, pid, ppid, pgrp, sid,
// fname[16], psargs[80]. The user has 16 bits where the structure has 124 bytes, else 32.
func (m *image) prpsinfo(b []byte) {
	var uid, pid int64
	var fname int
	switch {
	case m.wide && len(b) >= 136:
		uid, pid, fname = int64(m.order.Uint32(b[16:])), int64(int32(m.order.Uint32(b[24:]))), 40
	case !m.wide && len(b) >= 128:
		uid, pid, fname = int64(m.order.Uint32(b[8:])), int64(int32(m.order.Uint32(b[16:]))), 32
	case !m.wide && len(b) >= 124:
		uid, pid, fname = int64(m.order.Uint16(b[8:])), int64(int32(m.order.Uint32(b[12:]))), 28
	default:
		return
	}
	m.core.UID, m.core.PID = &uid, &pid
	m.core.Comm = text(b[fname : fname+16])
	m.core.Args = strings.TrimRight(text(b[fname+16:fname+96]), " ")
}

// siginfo reads the beginning of siginfo_t: signo, errno, code, and the address where the signal has one.
func (m *image) siginfo(b []byte) {
	if len(b) < 24 {
		return
	}
	signo, code := int32(m.order.Uint32(b)), int64(int32(m.order.Uint32(b[8:])))
	m.core.Code = &code
	switch signo {
	case 4, 5, 7, 8, 11: // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
		if code <= 0 || code == 128 { // SI_KERNEL, or sent by a process: there is a process id in its place
			return
		}
		addr := uint64(m.order.Uint32(b[12:]))
		if m.wide {
			addr = m.order.Uint64(b[16:])
		}
		m.core.Addr = &addr
	}
}

// auxv reads the auxiliary vector: pairs of longs.
func (m *image) auxv(b []byte, aux *auxiliary) {
	w := m.wordSize()
	for ; len(b) >= 2*w; b = b[2*w:] {
		value := m.word(b[w:])
		switch m.word(b) {
		case 3: // AT_PHDR
			aux.phdr = value
		case 9: // AT_ENTRY
			aux.entry = value
		case 31: // AT_EXECFN
			aux.execfn = value
		}
	}
}

// files reads NT_FILE (fs/binfmt_elf.c, fill_files_note): count, page size, count times start, end and offset in pages,
// then the names, each with a NUL behind it.
func (m *image) files(b []byte) error {
	w := m.wordSize()
	if len(b) < 2*w {
		return nil
	}
	count, page := m.word(b), m.word(b[w:])
	table := b[2*w:]
	if count > maxFiles || count*uint64(3*w) > uint64(len(table)) {
		return fmt.Errorf("NT_FILE: %d mappings in %d bytes", count, len(b))
	}
	names := table[count*uint64(3*w):]
	m.core.Files = make([]Mapped, 0, count)
	for range count {
		name, rest, ok := bytes.Cut(names, []byte{0})
		if !ok {
			return fmt.Errorf("NT_FILE: only %d of %d names", len(m.core.Files), count)
		}
		names = rest
		m.core.Files = append(m.core.Files, Mapped{
			Start: m.word(table), End: m.word(table[w:]), Offset: m.word(table[2*w:]) * page, File: string(name[:min(len(name), maxName)]),
		})
		table = table[3*w:]
	}
	return nil
}

// executable finds the executable's path and build id. The mapping that holds the program headers is the executable's; the
// name that execve was given may be relative, or that of a script's interpreter.
func (m *image) executable(aux auxiliary) {
	for _, at := range []uint64{aux.phdr, aux.entry} {
		for _, f := range m.core.Files {
			if at != 0 && at >= f.Start && at < f.End && m.core.Executable == "" {
				m.core.Executable = f.File
			}
		}
	}
	if m.core.Executable == "" && aux.execfn != 0 {
		for n := maxName; n >= 16 && m.core.Executable == ""; n /= 2 { // it stands near the end of the stack
			if b, ok := m.memory(aux.execfn, n); ok {
				m.core.Executable = text(b)
			}
		}
		if m.core.Executable != "" {
			m.core.Executable = path.Clean(m.core.Executable)
		}
	}
	for _, f := range m.core.Files {
		if f.File == m.core.Executable && f.Offset == 0 {
			m.core.BuildID = m.buildID(f.Start)
			return
		}
	}
}

// buildID reads the build id of the file that is mapped at start, if the core has its first page.
func (m *image) buildID(start uint64) []byte {
	size := 52
	if m.wide {
		size = 64
	}
	h, ok := m.memory(start, size)
	if !ok || string(h[:4]) != "\x7fELF" {
		return nil
	}
	var phoff uint64
	var entry, count int
	if m.wide {
		phoff, entry, count = m.order.Uint64(h[32:]), int(m.order.Uint16(h[54:])), int(m.order.Uint16(h[56:]))
	} else {
		phoff, entry, count = uint64(m.order.Uint32(h[28:])), int(m.order.Uint16(h[42:])), int(m.order.Uint16(h[44:]))
	}
	if entry < 32 || m.wide && entry < 56 || count > 256 {
		return nil
	}
	for i := range count {
		p, ok := m.memory(start+phoff+uint64(i*entry), entry)
		if !ok {
			return nil
		}
		if m.order.Uint32(p) != 4 { // PT_NOTE
			continue
		}
		var off, size uint64
		if m.wide {
			off, size = m.order.Uint64(p[8:]), m.order.Uint64(p[32:])
		} else {
			off, size = uint64(m.order.Uint32(p[4:])), uint64(m.order.Uint32(p[16:]))
		}
		if size > 4096 {
			continue
		}
		if b, ok := m.memory(start+off, int(size)); ok {
			if id := m.findBuildID(b); id != nil {
				return id
			}
		}
	}
	return nil
}

// findBuildID walks notes in memory.
func (m *image) findBuildID(b []byte) []byte {
	for len(b) >= 12 {
		namesz, descsz, typ := uint64(m.order.Uint32(b)), uint64(m.order.Uint32(b[4:])), m.order.Uint32(b[8:])
		desc := 12 + align(namesz)
		next := desc + align(descsz)
		if next > uint64(len(b)) {
			return nil
		}
		if typ == ntBuildID && text(b[12:12+namesz]) == "GNU" && descsz > 0 && descsz <= 64 {
			return b[desc : desc+descsz]
		}
		b = b[next:]
	}
	return nil
}

// text is a string up to its NUL.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
