package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// A rootDir is the root directory of a process, open; links in it may not lead out of it.
type rootDir struct{ fd int }

// openRoot opens the root directory of a process.
func openRoot(proc pidDir) (rootDir, error) {
	fd, err := unix.Openat(proc.fd, "root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return rootDir{}, fmt.Errorf("open its root directory: %w", err)
	}
	return rootDir{fd}, nil
}

func (r rootDir) close() { unix.Close(r.fd) }

// open opens a regular file, with its state. Nothing else is opened for reading: not a fifo, a device or a directory. Its
// time of access stays as it is, if we may ask for that.
func (r rootDir) open(name string) (*os.File, unix.Stat_t, error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	path, err := unix.Openat2(r.fd, name, &how)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) { // before 5.6, or forbidden by a seccomp filter
		path, err = r.walk(name)
	}
	if err != nil {
		return nil, unix.Stat_t{}, err
	}
	defer unix.Close(path)
	return reopen(path, name)
}

// reopen opens for reading what is open as a path.
func reopen(path int, name string) (*os.File, unix.Stat_t, error) {
	var st unix.Stat_t
	if err := unix.Fstat(path, &st); err != nil {
		return nil, st, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, st, errNotRegular
	}
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	self := fmt.Sprintf("/proc/self/fd/%d", path)
	fd, err := unix.Open(self, flags|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		fd, err = unix.Open(self, flags, 0)
	}
	if err != nil {
		return nil, st, err
	}
	return os.NewFile(uintptr(fd), name), st, nil
}

var errNotRegular = errors.New("not a regular file")

// walk opens a path element by element for kernels without openat2, and follows no link.
func (r rootDir) walk(name string) (int, error) {
	at := r.fd
	parts := splitPath(name)
	if slices.Contains(parts, "..") {
		return -1, unix.ENOENT
	}
	for _, part := range parts {
		fd, err := unix.Openat(at, part, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		if at != r.fd {
			unix.Close(at)
		}
		if err != nil {
			return -1, err
		}
		at = fd
	}
	if at == r.fd {
		return unix.FcntlInt(uintptr(at), unix.F_DUPFD_CLOEXEC, 0)
	}
	return at, nil
}

// read reads a regular file, at most most bytes of it, and its state.
func (r rootDir) read(name string, most int64) ([]byte, unix.Stat_t, error) {
	f, st, err := r.open(name)
	if err != nil {
		return nil, st, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most))
	return text, st, err
}
