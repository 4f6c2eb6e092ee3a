package capture

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// openIn opens a path below another root directory, which is open as root. Links within it are followed as a process with
// that root would follow them, and cannot lead out; where the kernel cannot promise that (before 5.6) a path with links is
// refused. Nothing but a directory or a regular file is opened.
func openIn(root int, name string, flags int) (int, error) {
	name = strings.TrimLeft(path.Clean("/"+name), "/")
	if name == "" {
		name = "."
	}
	flags |= unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	// O_PATH first: opening for reading is something that a fifo's writer, or a device, would notice.
	fd, err := unix.Openat2(root, name, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		fd, err = openSteps(root, name)
	}
	if err != nil {
		return -1, fmt.Errorf("open /%s: %w", name, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return -1, fmt.Errorf("stat /%s: %w", name, err)
	}
	if t := st.Mode & unix.S_IFMT; t != unix.S_IFREG && t != unix.S_IFDIR {
		return -1, fmt.Errorf("/%s: neither a file nor a directory", name)
	}
	// What the descriptor stands for, whatever the name means by now.
	real, err := unix.Open(fmt.Sprintf("/proc/thread-self/fd/%d", fd), flags, 0)
	if err != nil {
		return -1, fmt.Errorf("open /%s: %w", name, err)
	}
	return real, nil
}

// openSteps opens a path one name after the other and follows no link.
func openSteps(root int, name string) (int, error) {
	fd, err := unix.Openat(root, ".", unix.O_PATH|unix.O_CLOEXEC, 0)
	for part := range strings.SplitSeq(name, "/") {
		if err != nil {
			return -1, err
		}
		if part == "." {
			continue
		}
		var next int
		next, err = unix.Openat(fd, part, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
		unix.Close(fd)
		fd = next
	}
	return fd, err
}
