package libc

import (
	"errors"
	"io"
)

// ErrBudget says that a file was not read to its end because it is too big.
var ErrBudget = errors.New("too big to be searched whole")

// A Budget bounds how many bytes are read of one file.
type Budget struct {
	R    io.ReaderAt
	Left int64
}

// ReadAt reads as long as there is something left.
func (b *Budget) ReadAt(p []byte, off int64) (int, error) {
	if b.Left <= 0 {
		return 0, ErrBudget
	}
	short := int64(len(p)) > b.Left
	if short {
		p = p[:b.Left]
	}
	n, err := b.R.ReadAt(p, off)
	b.Left -= int64(n)
	if err == nil && short {
		err = ErrBudget
	}
	return n, err
}
