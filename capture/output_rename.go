package capture

import (
	"errors"
	"io/fs"
	"os"
)

// linkInstead gives a file a second name, which fails if that is taken, and removes the first. Where there are no hard
// links it looks before it renames.
func linkInstead(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		return os.Remove(from)
	case errors.Is(err, fs.ErrExist):
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}
