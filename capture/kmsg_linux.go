package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// The documents of the kernel's log: one of them holds it, the others are absent and say why.
const (
	kernelKmsg  = "log/kernel.kmsg"  // records of /dev/kmsg
	kernelDmesg = "log/kernel.dmesg" // lines of syslog(2): <priority>[seconds] text
	kernelText  = "log/kernel.text"  // lines of a syslog daemon's file

	kernelJournal = "log/kernel.journal" // entries of the journal, one JSON object a line
)

// kernelDocs lists them in the order in which they are tried.
var kernelDocs = []string{kernelKmsg, kernelDmesg, kernelJournal, kernelText}

// kernelFiles are where syslog daemons put the kernel's messages, and what boot left.
var kernelFiles = []string{"/var/log/kern.log", "/var/log/dmesg"}

// kernelLog keeps the kernel's ring buffer.
var kernelLog = &Collector{
	Name: "kernel_log",
	Doc: "the kernel's ring buffer: records of /dev/kmsg, else the buffer by syslog(2), else the journal's entries, else the tail of /var/log/kern.log. " +
		"Records of the time that is asked for, and older ones from warnings on.",
	Needs: "CAP_SYSLOG where kernel.dmesg_restrict is 1",
	Effects: "None: every open of /dev/kmsg has a position of its own and reading moves no other (kernel/printk/printk.c, devkmsg_open); " +
		"syslog(2) is asked with SYSLOG_ACTION_READ_ALL, which neither consumes nor clears. Opened without waiting, so an empty buffer does not block.",
	Since: "0.2.0",
	Docs:  kernelDocs,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		tail, err := readKmsg(ctx, h)
		if err == nil {
			return putKernel(s, kernelKmsg, tail, h.Options)
		}
		why := fmt.Sprintf("/dev/kmsg is closed: %v", err)
		if text, err := klogAll(h.Options.LogBytes); err == nil {
			tail = newTail(h.Options.LogBytes)
			for line := range bytes.Lines(text) {
				tail.add(line)
			}
			return putKernel(s, kernelDmesg, tail, h.Options)
		}
		if files, _, _ := openJournals(h); len(files) > 0 {
			text, got, masks := readJournals(ctx, h, files, kernelPart)
			closeJournals(files)
			if got.entries > 0 {
				otherKernel(s, kernelJournal)
				return putJournal(s, kernelJournal, text, got, masks, []string{why})
			}
		}
		for _, name := range kernelFiles {
			text, got, textErr := tailOfFile(ctx, h.Path(name), h.Options.LogBytes, nil)
			if textErr != nil || len(text) == 0 {
				continue
			}
			otherKernel(s, kernelText)
			return putLog(s, kernelText, text, name+": "+got.String()+"; "+why, got.cut)
		}
		return err
	},
}

// putKernel writes the buffer and says that the other documents are not needed.
func putKernel(s *Sink, name string, t *tail, o Options) error {
	var say []string
	if t.older > 0 {
		say = append(say, fmt.Sprintf("%d records below a warning, older than %s, left out", t.older, o.Since))
	}
	if t.lost > 0 {
		say = append(say, fmt.Sprintf("%d older records were overwritten while it was read", t.lost))
	}
	if t.dropped > 0 {
		say = append(say, fmt.Sprintf("the oldest %d of %d records left out: bound of %d bytes", t.dropped, t.dropped+t.kept(), t.limit))
	}
	otherKernel(s, name)
	return putLog(s, name, t.bytes(), strings.Join(say, "; "), t.dropped > 0)
}

// otherKernel says that the documents beside name are not needed.
func otherKernel(s *Sink, name string) {
	for _, other := range kernelDocs {
		if other != name {
			s.Cover(schema.Coverage{Document: other, Outcome: schema.Absent, Reason: "not needed: raw/" + name + " holds the kernel's log"})
		}
	}
}

// putLog masks the text of a log and writes it. What there is to say of it becomes the reason of its outcome.
func putLog(s *Sink, name string, text []byte, say string, cut bool) error {
	clean, n := maskLog(text)
	if err := s.Document(name, clean, n); err != nil {
		return err
	}
	if cut || say != "" {
		c := schema.Coverage{Document: name, Outcome: schema.OK, Reason: say}
		if cut {
			c.Outcome = schema.Truncated
		}
		s.Cover(c)
	}
	return nil
}

// kmsgRecord is more than one record can have: CONSOLE_EXT_LOG_MAX of the kernel.
const kmsgRecord = 16 << 10

// readKmsg reads all records that the ring buffer holds now.
func readKmsg(ctx context.Context, h *Host) (*tail, error) {
	name := h.Path("/dev/kmsg")
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return nil, fmt.Errorf("stat %s: %w", name, err)
	}
	// In containers it may be a link to the console, or a fifo.
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(1, 11) {
		return nil, fmt.Errorf("%s is not the kernel's log", name)
	}
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer unix.Close(fd)
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	oldest := now.Nano()/1000 - h.Options.Since.Microseconds()
	t := newTail(h.Options.LogBytes)
	buf := make([]byte, kmsgRecord)
	for i := 0; ; i++ {
		if i%256 == 0 && ctx.Err() != nil {
			return t, nil // a log that grows as fast as it is read: what there is is its older part
		}
		n, err := unix.Read(fd, buf)
		switch {
		case err == unix.EINTR:
		case err == unix.EPIPE: // the next record was overwritten meanwhile: reading goes on with the oldest that is left
			t.lost++
		case err == unix.EAGAIN || err == nil && n == 0:
			return t, nil
		case err != nil:
			if i > 0 {
				return t, nil
			}
			return nil, fmt.Errorf("read %s: %w", name, err)
		default:
			if level, us, ok := kmsgHead(buf[:n]); ok && us < oldest && level > 4 {
				t.older++
				continue
			}
			t.add(buf[:n])
		}
	}
}

// kmsgHead reads the level and the stamp of a record: "priority,sequence,microseconds,flags;text"
// (Documentation/ABI/testing/dev-kmsg).
func kmsgHead(rec []byte) (level int, us int64, ok bool) {
	head, _, ok := strings.Cut(string(rec[:min(len(rec), 80)]), ";")
	f := strings.Split(head, ",")
	if !ok || len(f) < 3 {
		return 0, 0, false
	}
	pri, err1 := strconv.Atoi(f[0])
	us, err2 := strconv.ParseInt(f[2], 10, 64)
	return pri & 7, us, err1 == nil && err2 == nil
}

// klogAll is the newest part of the ring buffer by syslog(2), which older kernels and closed devices leave.
func klogAll(limit int64) ([]byte, error) {
	const readAll, sizeBuffer = 3, 10 // SYSLOG_ACTION_READ_ALL, SYSLOG_ACTION_SIZE_BUFFER of linux/syslog.h
	size, err := unix.Klogctl(sizeBuffer, nil)
	if err != nil {
		return nil, fmt.Errorf("size of the kernel's log: %w", err)
	}
	buf := make([]byte, min(int64(size), limit))
	if len(buf) == 0 {
		return nil, errors.New("the kernel keeps no log")
	}
	n, err := unix.Klogctl(readAll, buf)
	if err != nil {
		return nil, fmt.Errorf("read the kernel's log: %w", err)
	}
	return buf[:n], nil
}

// hostZone is the host's local zone, UTC when it cannot be told.
func hostZone(o Options) *time.Location {
	file := o.path("/etc/localtime")
	if to, err := os.Readlink(file); err == nil {
		if _, name, ok := strings.Cut(to, "zoneinfo/"); ok {
			file = o.path("/usr/share/zoneinfo/" + name)
		}
	}
	if data, err := readBounded(file, 1<<20); err == nil {
		if loc, err := time.LoadLocationFromTZData("local", data); err == nil {
			return loc
		}
	}
	return time.UTC
}
