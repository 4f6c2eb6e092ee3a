//go:build !cgo || !linux

package packrows

import "errors"

// MaxColumns is the number of columns that a packed row can have.
const MaxColumns = 0

// Register reports that there is no packrows here: it needs cgo, and a linker on which it was tried.
func Register() error { return errors.New("packrows is not built in") }
