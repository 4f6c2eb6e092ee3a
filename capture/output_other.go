//go:build !linux

package capture

import (
	"math"
	"os"
)

// freeBytes knows nothing here: nothing is captured either.
func freeBytes(string) (free, size int64, err error) { return math.MaxInt64, 0, nil }

// mayCreate knows nothing either.
func mayCreate(string) error { return nil }

// rename gives a file its final name.
func rename(from, to string, overwrite bool) error {
	if overwrite {
		return os.Rename(from, to)
	}
	return linkInstead(from, to)
}
