package schema

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Lines reads an entry line by line: bounded in memory, and with the numbers that addresses cite.
//
//	lines := entry.Lines()
//	for lines.Next() {
//		row, number := lines.Bytes(), lines.Number()
//	}
//	if err := lines.Err(); err != nil { … }
type Lines struct {
	name   string // what errors call the entry
	r      *bufio.Reader
	max    int
	number int64
	cur    []byte
	long   []byte // a line that did not fit into r's buffer
	err    error
}

// Lines reads the entry's data by line, each bounded by Limits.LineBytes.
func (e *Entry) Lines() *Lines {
	size := int(min(e.Size, 1<<16)) // a bundle has thousands of small documents
	return &Lines{name: e.path + ": " + e.Name, r: bufio.NewReaderSize(e.Data, size), max: e.lineBytes}
}

// NewLines reads r by line, none longer than max bytes; name is what errors call it.
func NewLines(name string, r io.Reader, max int) *Lines {
	return &Lines{name: name, r: bufio.NewReaderSize(r, 1<<16), max: max}
}

// Next goes to the next line and reports whether there is one. A last line without its newline counts, unless the
// bundle breaks there: half a row is no row.
func (l *Lines) Next() bool {
	if l.err != nil {
		return false
	}
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long)+len(part) > l.max+1 {
			return l.stop(fmt.Errorf("%s:%d: %w: line longer than %d bytes", l.name, l.number+1, ErrRefused, l.max))
		}
		switch {
		case err == bufio.ErrBufferFull:
			l.long = append(l.long, part...)
			continue
		case err != nil && err != io.EOF:
			return l.stop(err)
		}
		l.cur = part
		if len(l.long) > 0 {
			l.long = append(l.long, part...)
			l.cur = l.long
		}
		if err == nil {
			l.cur = l.cur[:len(l.cur)-1]
		} else {
			l.err = io.EOF
			if len(l.cur) == 0 {
				return l.stop(io.EOF)
			}
		}
		l.number++
		return true
	}
}

func (l *Lines) stop(err error) bool {
	l.cur, l.err = nil, err
	return false
}

// Bytes is the line without its newline, valid until the call of Next after.
func (l *Lines) Bytes() []byte { return l.cur }

// Number is the line's number, from 1.
func (l *Lines) Number() int64 { return l.number }

// Err is why Next returned false: nil at the end, and nil at a break, which Bundle.Interrupted tells.
func (l *Lines) Err() error {
	if l.err == io.EOF || errors.Is(l.err, ErrBreak) {
		return nil
	}
	return l.err
}
