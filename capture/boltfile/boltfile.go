// Package boltfile reads a Bolt database, as libnetwork and swarmkit keep theirs, while its owner writes to it.
//
// The library go.etcd.io/bbolt maps the file, trusts what stands in it, and locks it: one torn page ends the process, and
// a lock is what the owner may stumble over. This reader takes every length and page number as a claim. It reads pages only
// as it comes to them and writes nothing.
//
// The layout is that of bbolt's internal/common: page.go, meta.go, bucket.go. Numbers have the byte order of the machine.
package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// ErrDamaged says that the file is no Bolt database, or not a whole one.
var ErrDamaged = errors.New("damaged")

// ErrChanging says that the owner wrote while the file was read, so that what was read may belong to different moments.
var ErrChanging = errors.New("it changed while it was read")

const (
	magic   = 0xED0CDAED
	version = 2

	pageHeader = 16 // id, flags, count, overflow
	element    = 16 // of a branch or a leaf
	metaSize   = 64

	branchPage = 0x01
	leafPage   = 0x02
	metaPage   = 0x04

	bucketElement = 0x01
	bucketHeader  = 16 // root, sequence

	maxDepth = 32       // of pages below a bucket, and of buckets in buckets
	maxPage  = 16 << 20 // bytes with overflow pages: a value that is longer is none of ours
)

var order = binary.NativeEndian

// meta is what one of the two meta pages says.
type meta struct {
	pageSize int64
	root     uint64
	pages    uint64 // high water mark: no page has this number
	txid     uint64
}

// file is a database that is being read.
type file struct {
	r    io.ReaderAt
	size int64
	meta meta
	left int64 // pages that may still be read: each has one place in the tree
}

// Walk calls f with each pair in the order of keys, with the names of the buckets that it is in. The slices are the
// callee's. An error of f ends the walk and is returned. Other errors wrap ErrDamaged or ErrChanging, or come from r.
func Walk(r io.ReaderAt, size int64, f func(bucket []string, key, value []byte) error) error {
	m, err := readMeta(r, size)
	if err != nil {
		return err
	}
	d := &file{r: r, size: size, meta: m, left: size/m.pageSize + 1}
	err = d.tree(nil, m.root, 0, f)
	if now, errNow := readMeta(r, size); errNow == nil && now.txid != m.txid && (err == nil || errors.Is(err, ErrDamaged)) {
		return ErrChanging
	}
	return err
}

// readMeta reads the newer of the two meta pages that is whole.
func readMeta(r io.ReaderAt, size int64) (meta, error) {
	var best meta
	try := func(at int64) bool {
		m, ok := metaAt(r, at)
		if ok && (best.pageSize == 0 || m.txid > best.txid) {
			best = m
		}
		return ok
	}
	if try(0) {
		try(best.pageSize)
	} else { // the first is torn: where the second is depends on the page's size, which is the machine's
		for at := int64(1 << 10); at <= 1<<16; at <<= 1 {
			if m, ok := metaAt(r, at); ok && m.pageSize == at {
				try(at)
				break
			}
		}
	}
	if best.pageSize == 0 {
		return meta{}, fmt.Errorf("no whole meta page in %d bytes: %w", size, ErrDamaged)
	}
	return best, nil
}

func metaAt(r io.ReaderAt, at int64) (meta, bool) {
	var b [pageHeader + metaSize]byte
	if n, _ := r.ReadAt(b[:], at); n < len(b) {
		return meta{}, false
	}
	p := b[pageHeader:]
	h := fnv.New64a()
	h.Write(p[:metaSize-8])
	m := meta{pageSize: int64(order.Uint32(p[8:])), root: order.Uint64(p[16:]), pages: order.Uint64(p[40:]), txid: order.Uint64(p[48:])}
	ok := order.Uint16(b[8:])&metaPage != 0 && order.Uint32(p) == magic && order.Uint32(p[4:]) == version &&
		order.Uint64(p[56:]) == h.Sum64() && m.pageSize >= 1<<10 && m.pageSize <= 1<<16
	return m, ok
}

// page reads a page with its overflow.
func (d *file) page(id uint64) ([]byte, error) {
	if id < 2 || id >= d.meta.pages || int64(id) > d.size/d.meta.pageSize {
		return nil, fmt.Errorf("page %d of %d: %w", id, d.meta.pages, ErrDamaged)
	}
	if d.left--; d.left < 0 {
		return nil, fmt.Errorf("pages in a circle: %w", ErrDamaged)
	}
	at := int64(id) * d.meta.pageSize
	var head [pageHeader]byte
	if _, err := d.r.ReadAt(head[:], at); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, short(err))
	}
	length := (int64(order.Uint32(head[12:])) + 1) * d.meta.pageSize
	if got := order.Uint64(head[:]); got != id {
		return nil, fmt.Errorf("page %d says that it is page %d: %w", id, got, ErrDamaged)
	}
	if length > maxPage || at+length > d.size {
		return nil, fmt.Errorf("page %d has %d bytes: %w", id, length, ErrDamaged)
	}
	b := make([]byte, length)
	if _, err := d.r.ReadAt(b, at); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, short(err))
	}
	return b, nil
}

// short turns the end of the file into damage.
func short(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrDamaged
	}
	return err
}

// tree walks the pages below one.
func (d *file) tree(bucket []string, id uint64, depth int, f func([]string, []byte, []byte) error) error {
	if depth > maxDepth {
		return fmt.Errorf("%d pages deep: %w", depth, ErrDamaged)
	}
	b, err := d.page(id)
	if err != nil {
		return err
	}
	return d.elements(bucket, b, depth, f)
}

// elements walks the elements of a page.
func (d *file) elements(bucket []string, b []byte, depth int, f func([]string, []byte, []byte) error) error {
	if len(b) < pageHeader {
		return fmt.Errorf("a page of %d bytes: %w", len(b), ErrDamaged)
	}
	kind, count := order.Uint16(b[8:]), int(order.Uint16(b[10:]))
	if pageHeader+count*element > len(b) {
		return fmt.Errorf("%d elements in %d bytes: %w", count, len(b), ErrDamaged)
	}
	for i := range count {
		at := pageHeader + i*element
		e := b[at:]
		switch {
		case kind&branchPage != 0:
			if err := d.tree(bucket, order.Uint64(e[8:]), depth+1, f); err != nil {
				return err
			}
		case kind&leafPage != 0:
			key, value, err := pair(b, at)
			if err != nil {
				return err
			}
			if order.Uint32(e)&bucketElement == 0 {
				err = f(bucket, key, value)
			} else {
				err = d.bucket(append(bucket[:len(bucket):len(bucket)], string(key)), value, depth+1, f)
			}
			if err != nil {
				return err
			}
		default:
			return fmt.Errorf("a page of kind %#x: %w", kind, ErrDamaged)
		}
	}
	return nil
}

// pair is the key and the value of a leaf's element, whose position counts from the element.
func pair(b []byte, at int) (key, value []byte, err error) {
	e := b[at:]
	pos, k, v := uint64(order.Uint32(e[4:])), uint64(order.Uint32(e[8:])), uint64(order.Uint32(e[12:]))
	from := uint64(at) + pos
	if from+k+v > uint64(len(b)) {
		return nil, nil, fmt.Errorf("an element that ends at %d of %d bytes: %w", from+k+v, len(b), ErrDamaged)
	}
	return b[from : from+k], b[from+k : from+k+v], nil
}

// bucket walks a bucket. A small one has its page inside.
func (d *file) bucket(name []string, value []byte, depth int, f func([]string, []byte, []byte) error) error {
	if len(value) < bucketHeader {
		return fmt.Errorf("bucket %q of %d bytes: %w", name, len(value), ErrDamaged)
	}
	if depth > maxDepth {
		return fmt.Errorf("%d pages deep: %w", depth, ErrDamaged)
	}
	if root := order.Uint64(value); root != 0 {
		return d.tree(name, root, depth, f)
	}
	return d.elements(name, value[bucketHeader:], depth, f)
}
