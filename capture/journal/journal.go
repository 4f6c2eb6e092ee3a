// Package journal reads systemd's journal files, newest entries first, without libsystemd and without mapping them into
// memory: a file that shrinks or is damaged costs an error, not the process. The format is systemd's, described in its
// JOURNAL_FILE_FORMAT page and in src/libsystemd/sd-journal/journal-def.h.
//
// Entries are found by the indexes that the file has for its data: only those of the fields that are asked for are read,
// however busy the journal is.
package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// ErrNotJournal says that a file is no journal file, or one that uses features that this package does not know.
var ErrNotJournal = errors.New("not a journal file")

// A Match names data whose entries are wanted: FIELD=value.
type Match struct{ Field, Value string }

// An Entry is one entry, with the fields that were asked for.
type Entry struct {
	Realtime  uint64 // microseconds since 1970
	Monotonic uint64 // microseconds since boot
	BootID    [16]byte
	Fields    map[string]string
	offset    uint64
}

// A File is a journal file that is open.
type File struct {
	r       io.ReaderAt
	size    uint64
	compact bool
	head    header
	near    []byte // what was read last, with what follows it
	at      uint64
	steps   int               // objects that may still be read
	known   map[uint64]string // payloads of small data objects, by offset: most are shared by many entries
	zstd    *zstd.Decoder

	Unpacked   int // data objects that were packed and could be read
	Unreadable int // data objects that were not read: packed with xz, too long, or damaged
	Damaged    int // entries that could not be read
}

// header is what is used of struct Header.
type header struct {
	flags                  uint32
	fieldTable, fieldBytes uint64
	headTime, tailTime     uint64
	entries                uint64
}

// Bounds on what a file may cost.
const (
	maxSteps   = 4 << 20  // objects
	maxPayload = 64 << 10 // bytes of one field: a message is seldom longer
	maxItems   = 1024     // fields of an entry
	maxKnown   = 8192     // payloads that are remembered
	maxShort   = 512      // … if they are no longer than this
	ahead      = 16 << 10
)

// Object types and flags, and incompatible flags of the file.
const (
	typeData, typeField, typeEntry, typeEntryArray = 1, 2, 3, 6

	packedXZ, packedLZ4, packedZSTD = 1, 2, 4

	flagXZ, flagLZ4, flagKeyed, flagZSTD, flagCompact = 1, 2, 4, 8, 16
)

var le = binary.LittleEndian

// Open reads the header of a file of that size.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: uint64(max(size, 0)), steps: maxSteps, known: map[uint64]string{}}
	h, err := f.bytes(0, 208)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotJournal, err)
	}
	if string(h[:8]) != "LPKSHHRH" {
		return nil, ErrNotJournal
	}
	f.head = header{
		flags: le.Uint32(h[12:]), fieldTable: le.Uint64(h[120:]), fieldBytes: le.Uint64(h[128:]),
		entries: le.Uint64(h[152:]), headTime: le.Uint64(h[184:]), tailTime: le.Uint64(h[192:]),
	}
	if f.head.flags&^(flagXZ|flagLZ4|flagKeyed|flagZSTD|flagCompact) != 0 {
		return nil, fmt.Errorf("%w: incompatible flags %#x", ErrNotJournal, f.head.flags)
	}
	f.compact = f.head.flags&flagCompact != 0
	return f, nil
}

// Close frees what unpacking needed.
func (f *File) Close() {
	if f.zstd != nil {
		f.zstd.Close()
	}
}

// Span is the time of the first and the last entry, microseconds since 1970.
func (f *File) Span() (first, last uint64) { return f.head.headTime, f.head.tailTime }

var errSteps = errors.New("more objects than a journal of that size has")

// bytes reads n bytes at off. They are valid until the next call.
func (f *File) bytes(off uint64, n int) ([]byte, error) {
	if off > f.size || f.size-off < uint64(n) {
		return nil, fmt.Errorf("%d bytes at %#x: %w", n, off, io.ErrUnexpectedEOF)
	}
	if off >= f.at && off-f.at <= uint64(len(f.near)) && uint64(len(f.near))-(off-f.at) >= uint64(n) {
		return f.near[off-f.at:][:n:n], nil
	}
	b := f.near[:0]
	want := max(n, int(min(ahead, f.size-off)))
	b = slices.Grow(b, want)[:want]
	k, err := f.r.ReadAt(b, int64(off))
	if k < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		f.near, f.at = nil, 0
		return nil, fmt.Errorf("%d bytes at %#x: %w", n, off, err)
	}
	f.near, f.at = b[:k], off
	return b[:n:n], nil
}

// object reads the header of an object of a type, with at least the n bytes that its kind has.
func (f *File) object(off uint64, typ byte, n int) (b []byte, size uint64, err error) {
	if f.steps--; f.steps < 0 {
		return nil, 0, errSteps
	}
	if off == 0 || off%8 != 0 {
		return nil, 0, fmt.Errorf("object at %#x: no such place", off)
	}
	b, err = f.bytes(off, n)
	if err != nil {
		return nil, 0, err
	}
	size = le.Uint64(b[8:])
	if b[0] != typ || size < uint64(n) || size > f.size-off {
		return nil, 0, fmt.Errorf("object at %#x: type %d, %d bytes; want type %d", off, b[0], size, typ)
	}
	return b, size, nil
}

// dataHeader is how long a data object is in front of its payload.
func (f *File) dataHeader() int {
	if f.compact {
		return 72
	}
	return 64
}

// payload reads a data object's FIELD=value. One that cannot be read is empty.
func (f *File) payload(off uint64) (string, error) {
	if s, ok := f.known[off]; ok {
		return s, nil
	}
	n := f.dataHeader()
	b, size, err := f.object(off, typeData, n)
	if err != nil {
		return "", err
	}
	flags, length := b[1], size-uint64(n)
	if length > maxPayload {
		f.Unreadable++
		return "", nil
	}
	if b, err = f.bytes(off+uint64(n), int(length)); err != nil {
		return "", err
	}
	s := ""
	switch flags & 7 {
	case 0:
		s = string(b)
	case packedLZ4, packedZSTD:
		if b, err = f.unpack(flags&7, b); err != nil {
			f.Unreadable++
			return "", nil
		}
		f.Unpacked++
		s = string(b)
	default:
		f.Unreadable++
		return "", nil
	}
	if len(s) <= maxShort && len(f.known) < maxKnown {
		f.known[off] = s
	}
	return s, nil
}

// unpack unpacks a payload, at most maxPayload bytes of it: LZ4 as a block behind its length, ZSTD as a frame.
func (f *File) unpack(how byte, b []byte) ([]byte, error) {
	if how == packedLZ4 {
		if len(b) < 8 {
			return nil, io.ErrUnexpectedEOF
		}
		n := le.Uint64(b)
		if n > 16*maxPayload {
			return nil, fmt.Errorf("%d bytes", n)
		}
		out := make([]byte, n)
		k, err := lz4.UncompressBlock(b[8:], out)
		return out[:min(max(k, 0), maxPayload)], err
	}
	if f.zstd == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(16*maxPayload), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			return nil, err
		}
		f.zstd = d
	}
	out, err := f.zstd.DecodeAll(b, nil)
	return out[:min(len(out), maxPayload)], err
}

// find returns the offsets of the data objects that are wanted: for each field the file has a list of its values.
func (f *File) find(want []Match) ([]uint64, error) {
	if f.head.fieldBytes > f.size || f.head.fieldBytes%16 != 0 {
		return nil, fmt.Errorf("table of fields: %d bytes", f.head.fieldBytes)
	}
	var out []uint64
	for i := uint64(0); i < f.head.fieldBytes; i += 16 {
		b, err := f.bytes(f.head.fieldTable+i, 8)
		if err != nil {
			return out, fmt.Errorf("table of fields: %w", err)
		}
		for field := le.Uint64(b); field != 0; {
			b, size, err := f.object(field, typeField, 40)
			if err != nil {
				return out, fmt.Errorf("field: %w", err)
			}
			next, data := le.Uint64(b[24:]), le.Uint64(b[32:])
			name := ""
			if size-40 <= 64 { // the longest name that the journal takes
				if b, err = f.bytes(field+40, int(size-40)); err != nil {
					return out, fmt.Errorf("field: %w", err)
				}
				name = string(b)
			}
			if slices.ContainsFunc(want, func(m Match) bool { return m.Field == name }) {
				if out, err = f.values(out, data, want); err != nil {
					return out, fmt.Errorf("values of %s: %w", name, err)
				}
			}
			field = next
		}
	}
	return out, nil
}

// values adds the wanted ones of a field's list of values.
func (f *File) values(out []uint64, data uint64, want []Match) ([]uint64, error) {
	for data != 0 {
		b, _, err := f.object(data, typeData, f.dataHeader())
		if err != nil {
			return out, err
		}
		next := le.Uint64(b[32:])
		s, err := f.payload(data)
		if err != nil {
			return out, err
		}
		if slices.ContainsFunc(want, func(m Match) bool { return s == m.Field+"="+m.Value }) {
			out = append(out, data)
		}
		data = next
	}
	return out, nil
}

// backwards goes through the entries of one data object, the last one first.
type backwards struct {
	f      *File
	first  uint64  // the one entry that is not in an array
	arrays []array // from the first on
	left   uint64  // items of the last array that were not given out
}

// array is one array of entries: the items that are used.
type array struct{ offset, items uint64 }

func (f *File) backwards(data uint64) (*backwards, error) {
	b, _, err := f.object(data, typeData, f.dataHeader())
	if err != nil {
		return nil, err
	}
	it := &backwards{f: f, first: le.Uint64(b[40:])}
	next, n := le.Uint64(b[48:]), le.Uint64(b[56:])
	if n > 0 {
		n--
	}
	for next != 0 && n > 0 {
		b, size, err := f.object(next, typeEntryArray, 24)
		if err != nil {
			return it, err // what is in the arrays before it is still there
		}
		used := min(n, (size-24)/f.itemSize())
		it.arrays = append(it.arrays, array{next, used})
		n -= used
		next = le.Uint64(b[16:])
	}
	if k := len(it.arrays); k > 0 {
		it.left = it.arrays[k-1].items
	}
	return it, nil
}

// itemSize is that of one item of an array of entries.
func (f *File) itemSize() uint64 {
	if f.compact {
		return 4
	}
	return 8
}

// previous returns the offset of the next older entry, 0 at the end.
func (it *backwards) previous() (uint64, error) {
	for k := len(it.arrays); k > 0; k = len(it.arrays) {
		if it.left == 0 {
			if it.arrays = it.arrays[:k-1]; k > 1 {
				it.left = it.arrays[k-2].items
			}
			continue
		}
		it.left--
		size := it.f.itemSize()
		if it.f.steps--; it.f.steps < 0 {
			return 0, errSteps
		}
		b, err := it.f.bytes(it.arrays[k-1].offset+24+it.left*size, int(size))
		if err != nil {
			return 0, err
		}
		off := uint64(0)
		if size == 4 {
			off = uint64(le.Uint32(b))
		} else {
			off = le.Uint64(b)
		}
		if off != 0 { // not written yet
			return off, nil
		}
	}
	off := it.first
	it.first = 0
	return off, nil
}

// Entries calls visit with the entries that have any of the wanted data, the newest first, until it returns false. Of
// each, the fields that keep names are read. An error tells what was damaged; entries before it were visited.
func (f *File) Entries(want []Match, keep func(field string) bool, visit func(e *Entry) bool) error {
	data, err := f.find(want)
	var broken []error
	if err != nil {
		broken = append(broken, err)
	}
	var its []*backwards
	var heads []uint64 // the next entry of each
	advance := func(i int) {
		off, err := its[i].previous()
		if err != nil {
			broken, off = append(broken, err), 0
		}
		heads[i] = off
	}
	for _, d := range data {
		it, err := f.backwards(d)
		if err != nil {
			broken = append(broken, err)
		}
		if it != nil {
			its, heads = append(its, it), append(heads, 0)
			advance(len(its) - 1)
		}
	}
	last := uint64(math.MaxUint64)
	for len(heads) > 0 {
		off := slices.Max(heads) // a file only grows: what is behind is newer
		if off == 0 {
			break
		}
		for i := range heads {
			if heads[i] == off {
				advance(i)
			}
		}
		if off >= last { // an index that does not go back
			continue
		}
		last = off
		e, err := f.entry(off, keep)
		if errors.Is(err, errSteps) {
			broken = append(broken, err)
			break
		}
		if err != nil {
			f.Damaged++
			continue
		}
		if !visit(e) {
			break
		}
	}
	return errors.Join(broken...)
}

// entry reads one entry. A field that cannot be read is missing in it.
func (f *File) entry(off uint64, keep func(field string) bool) (*Entry, error) {
	b, size, err := f.object(off, typeEntry, 64)
	if err != nil {
		return nil, err
	}
	e := &Entry{Realtime: le.Uint64(b[24:]), Monotonic: le.Uint64(b[32:]), Fields: map[string]string{}, offset: off}
	copy(e.BootID[:], b[40:])
	itemSize := uint64(16)
	if f.compact {
		itemSize = 4
	}
	n := (size - 64) / itemSize
	if n > maxItems {
		return nil, fmt.Errorf("entry at %#x: %d fields", off, n)
	}
	if b, err = f.bytes(off+64, int(n*itemSize)); err != nil {
		return nil, err
	}
	items := make([]uint64, n)
	for i := range items {
		if f.compact {
			items[i] = uint64(le.Uint32(b[4*i:]))
		} else {
			items[i] = le.Uint64(b[16*i:])
		}
	}
	for _, item := range items {
		if item == 0 {
			continue
		}
		s, err := f.payload(item)
		if err != nil {
			if errors.Is(err, errSteps) {
				return nil, err
			}
			f.Unreadable++
			continue
		}
		if name, value, ok := strings.Cut(s, "="); ok && keep(name) {
			e.Fields[name] = value
		}
	}
	return e, nil
}
