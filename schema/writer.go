package schema

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A Compression of a bundle.
type Compression string

// The compressions that a Writer knows.
const (
	Zstd Compression = "zstd"
	Gzip Compression = "gzip"
)

// A Writer builds one bundle. Rows and documents may be put from several goroutines; Close writes the bundle.
//
// SUMMARY.txt and meta.json come first in the file but are known last, so the body is compressed in memory and
// the head is written before it: a compressed stream is a sequence of frames, and any reader joins them.
type Writer struct {
	Meta Meta

	mu       sync.Mutex
	comp     Compression
	top      string              // the directory of all entries: fixed at the start, as Meta may change until Close
	at       time.Time           // time of all entries
	names    map[string]bool     // of the documents so far
	rows     map[string]*waiting // by table name
	packer   *packer             // of rows that wait
	body     bytes.Buffer
	enc      io.WriteCloser
	tar      *tar.Writer
	manifest Manifest
}

// NewWriter starts a bundle of the host that meta names.
func NewWriter(meta Meta, comp Compression) (*Writer, error) {
	meta.Format = FormatVersion
	w := &Writer{Meta: meta, comp: comp, top: meta.Top(), at: meta.Started, names: map[string]bool{}, rows: map[string]*waiting{}}
	packer, err := newPacker()
	if err != nil {
		return nil, err
	}
	w.packer = packer
	enc, err := compressor(&w.body, comp)
	if err != nil {
		return nil, err
	}
	w.enc, w.tar = enc, tar.NewWriter(enc)
	return w, nil
}

// encoderWindow is how far back the compression looks.
const encoderWindow = 1 << 20

func compressor(dst io.Writer, comp Compression) (io.WriteCloser, error) {
	switch comp {
	case Zstd:
		// "better" is smaller and decodes faster than the default; one goroutine keeps a broken host's other processors
		// free; the encoder holds twice its window in memory, and what repeats in a bundle repeats nearby.
		return zstd.NewWriter(dst, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(encoderWindow))
	case Gzip:
		return gzip.NewWriterLevel(dst, gzip.DefaultCompression)
	}
	return nil, fmt.Errorf("no such compression: %q", comp)
}

// Top is the name of the bundle's one directory: netmortem_<host>_<UTC>.
func (m *Meta) Top() string {
	host := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, m.Host)
	return "netmortem_" + host + "_" + m.Started.UTC().Format("20060102T150405Z")
}

// Put adds one row: a value, or a pointer to one, of a record type of Tables. It returns the row's line.
func (w *Writer) Put(row any) (int64, error) {
	t := tableOfType(reflect.Indirect(reflect.ValueOf(row)).Type())
	if t == nil || t.Decoded() {
		return 0, fmt.Errorf("no table takes rows of type %T", row)
	}
	line, err := json.Marshal(row)
	if err != nil {
		return 0, fmt.Errorf("encode a row of %s: %w", t.Name, err)
	}
	return w.PutLine(t.Name, line), nil
}

// PutLine adds one row that is already encoded, without its newline. It returns the row's line.
func (w *Writer) PutLine(name string, line []byte) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.rows[name]
	if t == nil {
		t = &waiting{}
		w.rows[name] = t
	}
	t.add(line, w.packer)
	return t.count
}

// Lines is the number of rows that a table has so far.
func (w *Writer) Lines(name string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.rows[name]; t != nil {
		return t.count
	}
	return 0
}

// Size is the number of bytes that the bundle would have if it were closed now, rows uncompressed: an upper bound
// for whoever guards the disk.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int64(w.body.Len())
	for _, t := range w.rows {
		n += t.size
	}
	return n
}

// What an entry adds to a compressed bundle beside its content, as measured on bundles of many small documents: its hash
// and name in the manifest, its header in the archive. And what the encoder may hold back that counts nowhere yet.
const (
	entryOverhead   = 96
	encoderHoldback = 128 << 10
)

// Packed is about the number of bytes that the bundle would have if it were closed now: what is compressed for good, and
// rows as they wait, which become smaller still.
func (w *Writer) Packed() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int64(w.body.Len()) + entryOverhead*int64(len(w.manifest.Entries)) + encoderHoldback
	for _, t := range w.rows {
		n += t.bytes + int64(len(t.open))/openShrinks
	}
	return n
}

// openShrinks is how much smaller rows become at least. JSON lines of one kind shrink to a tenth and less.
const openShrinks = 4

// PackedSize is about what a document would add to Packed.
func (w *Writer) PackedSize(data []byte) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var n int64
	for len(data) > 0 {
		piece := data[:min(len(data), linePiece)]
		n += int64(w.packer.size(piece))
		data = data[len(piece):]
	}
	return n
}

// Raw adds a verbatim document; name is relative to raw/, slash separated, and may not repeat. A name that a reader
// would refuse is an error here.
func (w *Writer) Raw(name string, data []byte) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("document %q: %w", name, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names[name] {
		return fmt.Errorf("document %q: written already", name)
	}
	w.names[name] = true
	return w.entry(w.tar, "raw/"+name, data)
}

func (w *Writer) entry(tw *tar.Writer, name string, data []byte) error {
	sum := sha256.Sum256(data)
	w.manifest.Entries = append(w.manifest.Entries, ManifestEntry{name, int64(len(data)), hex.EncodeToString(sum[:])})
	return writeEntry(tw, w.top+"/"+name, w.at, data)
}

// rowsEntry writes the rows of a table, and forgets them.
func (w *Writer) rowsEntry(name string, l *waiting) error {
	if err := writeHeader(w.tar, w.top+"/"+name, w.at, l.size); err != nil {
		return err
	}
	sum, err := l.writeTo(w.tar, w.packer)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.manifest.Entries = append(w.manifest.Entries, ManifestEntry{name, l.size, sum})
	l.open = nil
	return nil
}

func writeEntry(tw *tar.Writer, name string, at time.Time, data []byte) error {
	if err := writeHeader(tw, name, at, int64(len(data))); err != nil {
		return err
	}
	if _, err := tw.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func writeHeader(tw *tar.Writer, name string, at time.Time, size int64) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX}
	if err := tw.WriteHeader(h); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Close writes the bundle to dst: summary and Meta, the documents, the rows, coverage last of them, the manifest.
func (w *Writer) Close(dst io.Writer, summary string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make([]string, 0, len(w.rows))
	for name := range w.rows {
		if name != "coverage" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range append(names, "coverage") {
		if t := w.rows[name]; t != nil {
			if err := w.rowsEntry("rows/"+name+".jsonl", t); err != nil {
				return err
			}
		}
	}

	var head bytes.Buffer
	enc, err := compressor(&head, w.comp)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(enc)
	meta, err := json.MarshalIndent(w.Meta, "", "  ")
	if err != nil {
		return fmt.Errorf("encode meta.json: %w", err)
	}
	if err := w.entry(tw, "SUMMARY.txt", []byte(summary)); err != nil {
		return err
	}
	if err := w.entry(tw, "meta.json", append(meta, '\n')); err != nil {
		return err
	}
	if err := tw.Flush(); err != nil { // no trailer: the archive goes on in the body
		return fmt.Errorf("write the head of the bundle: %w", err)
	}
	if err := enc.Close(); err != nil {
		return fmt.Errorf("write the head of the bundle: %w", err)
	}

	manifest, err := json.MarshalIndent(w.manifest, "", " ")
	if err != nil {
		return fmt.Errorf("encode manifest.json: %w", err)
	}
	if err := writeEntry(w.tar, w.top+"/manifest.json", w.at, append(manifest, '\n')); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return fmt.Errorf("close the archive: %w", err)
	}
	if err := w.enc.Close(); err != nil {
		return fmt.Errorf("close the archive: %w", err)
	}
	for _, part := range [][]byte{head.Bytes(), w.body.Bytes()} {
		if _, err := dst.Write(part); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	return nil
}

// tableOfType returns the table whose record type is t, or nil.
func tableOfType(t reflect.Type) *Table {
	for i := range Tables {
		if Tables[i].Type == t {
			return &Tables[i]
		}
	}
	return nil
}
