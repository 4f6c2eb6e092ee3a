package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// processSocketCollector finds out who holds the sockets that the first read has kept.
var processSocketCollector = &Collector{
	Name:    "process_socket",
	Doc:     "Processes that hold a socket with a row of the first read: the links of /proc/PID/fd of every process.",
	Needs:   "CAP_SYS_PTRACE, for processes of other users",
	Effects: "A link is read, never followed or opened, so a pipe, a device or a file of a dead file server that a process holds is not touched.",
	Since:   "0.2.0",
	Tables:  []string{"process_socket"},
	Run:     readProcessSockets,
}

// Bounds of the search.
const (
	mostSocketLinks   = 300_000 // links read
	mostSocketHolders = 8       // rows for one socket
)

func readProcessSockets(ctx context.Context, h *Host, s *Sink) error {
	inodes := h.sockets.owned()
	if len(inodes) == 0 {
		return nil
	}
	proc := h.Options.proc()
	entries, err := os.ReadDir(proc)
	if err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	f := &socketFinder{inodes: inodes, held: make(map[uint32]uint8, len(inodes)), s: s, dir: make([]byte, 32<<10)}
	for i, pid := range pids {
		if ctx.Err() != nil {
			f.say = append(f.say, fmt.Sprintf("%d of %d processes were looked at", i, len(pids)))
			break
		}
		if f.links >= mostSocketLinks {
			return &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d processes were looked at, which have %d open files", i, len(pids), f.links)}
		}
		if err := f.process(ctx, proc+"/"+strconv.Itoa(pid)+"/fd", int64(pid)); err != nil {
			return err
		}
	}
	if f.more > 0 {
		f.say = append(f.say, fmt.Sprintf("%d more descriptors of sockets that %d have", f.more, mostSocketHolders))
	}
	switch {
	case ctx.Err() != nil:
		return &Incomplete{schema.Timeout, strings.Join(f.say, "; ")}
	case f.denied > 0:
		f.say = append(f.say, fmt.Sprintf("%d processes did not let us see their files", f.denied))
		return &Incomplete{schema.Denied, strings.Join(f.say, "; ")}
	case f.more > 0:
		return &Incomplete{schema.Truncated, strings.Join(f.say, "; ")}
	}
	return nil
}

// socketFinder looks through the descriptors of processes.
type socketFinder struct {
	inodes map[uint32]string // those that are looked for, and their namespaces
	held   map[uint32]uint8  // rows by inode
	s      *Sink
	dir    []byte // room for entries of a directory
	names  []string
	links  int
	more   int
	denied int
	say    []string
}

// process looks at one process. One that is gone has nothing to tell.
func (f *socketFinder) process(ctx context.Context, path string, pid int64) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
			f.denied++
		}
		return nil
	}
	defer unix.Close(fd)
	var link [32]byte // as socket:[4294967295]
	for ctx.Err() == nil && f.links < mostSocketLinks {
		n, err := unix.ReadDirent(fd, f.dir)
		if err == unix.EINTR {
			continue
		}
		if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
			f.denied++
			return nil
		}
		if err != nil || n <= 0 {
			return nil
		}
		_, _, f.names = unix.ParseDirent(f.dir[:n], -1, f.names[:0])
		for _, name := range f.names {
			f.links++
			k, err := unix.Readlinkat(fd, name, link[:])
			if err != nil {
				continue
			}
			inode, ok := socketLink(link[:k])
			if !ok {
				continue
			}
			if err := f.found(inode, pid, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// found puts the row of a descriptor, if its socket is looked for.
func (f *socketFinder) found(inode uint32, pid int64, name string) error {
	netns, wanted := f.inodes[inode]
	if !wanted {
		return nil
	}
	if f.held[inode] >= mostSocketHolders {
		f.more++
		return nil
	}
	f.held[inode]++
	number, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return nil // . and ..
	}
	return f.s.Put(&schema.ProcessSocket{Inode: int64(inode), PID: pid, FD: number, Netns: netns})
}

// socketLink reads socket:[inode].
func socketLink(link []byte) (inode uint32, ok bool) {
	rest, ok := strings.CutPrefix(string(link), "socket:[")
	if !ok {
		return 0, false
	}
	rest, ok = strings.CutSuffix(rest, "]")
	n, err := strconv.ParseUint(rest, 10, 32)
	return uint32(n), ok && err == nil
}
