//go:build cgo && linux

package packrows

// #include "packrows.h"
import "C"

import (
	"fmt"

	_ "github.com/mattn/go-sqlite3" // the SQLite whose functions packrows.c calls
)

// MaxColumns is the number of columns that a packed row can have.
const MaxColumns = C.PACKROWS_COLUMNS

// Register makes packrows known to every connection that is opened afterwards, and reports whether it could. It may
// be called any number of times.
func Register() error {
	if rc := C.netmortem_packrows_register(); rc != 0 {
		return fmt.Errorf("register packrows: SQLite error %d", int(rc))
	}
	return nil
}
