package capture

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes asks the file system of a directory for the bytes that this process may still use, and for its size.
func freeBytes(dir string) (free, size int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * st.Bsize, int64(st.Blocks) * st.Bsize, nil
}

// mayCreate says why this process cannot create a file in a directory, without trying: it is not allowed to, or the file
// system is read-only. What it is allowed to by its capabilities counts.
func mayCreate(dir string) error {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// rename gives a file its final name. Without overwrite it refuses in the same step when that name is taken.
func rename(from, to string, overwrite bool) error {
	if overwrite {
		return os.Rename(from, to)
	}
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // file systems without the flag
		return linkInstead(from, to)
	}
	return err
}
