package capture

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// procDir is a directory of procfs that is open while files of it are read one after the other.
type procDir struct {
	path string // of the last file's directory
	fd   int    // that directory, -1 when it could not be opened, 0 when nobody has read a second file of it
}

// readProc reads a file of procfs to its end, into a buffer that the next call uses again. One read with room for all is
// one consistent look at most of these files.
//
// Thousands of them are read, so it does without os.File, which would ask the poller for each, and from the second file
// of a directory on without the walk from the root: the kernel looks up every step of a path below /proc/sys/net among
// the entries of all namespaces.
func (n *Netns) readProc(path string) ([]byte, error) {
	fd, err := n.openProc(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	b := n.proc[:0]
	for {
		b = slices.Grow(b, 16<<10)
		k, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if k == 0 {
			n.proc = b
			return b, nil
		}
		b = b[:len(b)+k]
	}
}

// openProc opens an absolute path.
func (n *Netns) openProc(path string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC
	at := strings.LastIndexByte(path, '/')
	d := &n.procDir
	if path[:at] != d.path {
		d.close()
		d.path = path[:at]
		return unix.Open(path, flags, 0)
	}
	if d.fd == 0 {
		fd, err := unix.Open(d.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			fd = -1
		}
		d.fd = fd
	}
	if d.fd < 0 {
		return unix.Open(path, flags, 0)
	}
	return unix.Openat(d.fd, path[at+1:], flags, 0)
}

// close forgets the directory. What /proc/thread-self/net shows is of the thread, and of the namespace that it is in.
func (d *procDir) close() {
	if d.fd > 0 {
		unix.Close(d.fd)
	}
	*d = procDir{}
}
