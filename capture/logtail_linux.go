package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Bounds on reading one text file backwards.
const (
	tailChunk   = 256 << 10
	tailScan    = 16      // as many times the bound on what is kept are looked through, when lines are chosen
	tailMaxLine = 1 << 20 // a longer line is cut off at its front
)

// keeping is what becomes of a line of a log.
type keeping int

const (
	keepLine keeping = iota
	skipLine         // another program's
	stopLine         // too old: everything above it is older
)

// tailed is what there is to say of a tail.
type tailed struct {
	size    int64 // of the file
	scanned int64 // that were looked through, from its end
	lines   int64 // that were kept
	cut     bool  // a bound ended the reading, not the file's beginning nor the time asked for
}

func (t tailed) String() string {
	if t.cut {
		return fmt.Sprintf("%d lines of the last %d of %d bytes", t.lines, t.scanned, t.size)
	}
	return fmt.Sprintf("%d lines", t.lines)
}

// openLog opens a regular file for reading without touching its access time where that is allowed.
func openLog(name string, flags int) (*os.File, error) {
	var st unix.Stat_t
	if err := unix.Stat(name, &st); err != nil {
		return nil, fmt.Errorf("stat %s: %w", name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	flags |= unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOCTTY
	fd, err := unix.Open(name, flags|unix.O_NOATIME, 0)
	if err == unix.EPERM { // not the owner
		fd, err = unix.Open(name, flags, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		unix.Close(fd)
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// tailOfFile returns the newest lines of a file that choose keeps, at most limit bytes of them, in order. Without choose
// all are kept.
func tailOfFile(ctx context.Context, name string, limit int64, choose func(line []byte) keeping) ([]byte, tailed, error) {
	f, err := openLog(name, 0)
	if err != nil {
		return nil, tailed{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, tailed{}, err
	}
	scan := limit
	if choose != nil {
		scan *= tailScan
	}
	return tailOf(ctx, f, st.Size(), limit, scan, choose)
}

// tailOf reads backwards from size.
func tailOf(ctx context.Context, f readerAt, size, limit, scan int64, choose func(line []byte) keeping) ([]byte, tailed, error) {
	got := tailed{size: size}
	var kept [][]byte // from the newest on
	var bytesKept int64
	var carry []byte // the end of a line whose beginning was not read yet
	end := false
	take := func(line []byte) {
		if len(line) == 0 || end {
			return
		}
		if choose != nil {
			switch choose(line) {
			case skipLine:
				return
			case stopLine:
				end = true
				return
			}
		}
		if bytesKept+int64(len(line)) > limit {
			got.cut, end = true, true
			return
		}
		if choose != nil { // few of many: do not hold the rest of the chunk for them
			line = bytes.Clone(line)
		}
		kept = append(kept, line)
		bytesKept += int64(len(line))
	}
	for pos := size; pos > 0 && !end; {
		if ctx.Err() != nil {
			got.cut = true
			break
		}
		if got.scanned >= scan {
			got.cut = true
			break
		}
		n := min(pos, tailChunk)
		pos -= n
		chunk := make([]byte, n, int(n)+len(carry))
		if k, err := f.ReadAt(chunk, pos); int64(k) < n {
			if err == nil {
				err = fmt.Errorf("only %d of %d bytes at %d", k, n, pos)
			}
			return nil, got, fmt.Errorf("read backwards: %w", err) // it was cut meanwhile
		}
		got.scanned += n
		chunk = append(chunk, carry...)
		begin := 0
		if pos > 0 {
			begin = bytes.IndexByte(chunk, '\n') + 1
			if begin == 0 { // no line begins here
				carry = chunk[max(0, len(chunk)-tailMaxLine):]
				continue
			}
		}
		carry = chunk[:begin:begin]
		for rest := chunk[begin:]; len(rest) > 0 && !end; {
			at := bytes.LastIndexByte(rest[:len(rest)-1], '\n') + 1
			take(rest[at:])
			rest = rest[:at]
		}
	}
	slices.Reverse(kept)
	got.lines = int64(len(kept))
	return bytes.Join(kept, nil), got, nil
}

type readerAt interface {
	ReadAt(p []byte, off int64) (int, error)
}
