package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// A textLog is a file where a syslog daemon or an init system puts what dockerd and containerd say.
type textLog struct {
	doc    string // below log/daemon/
	path   string
	shared bool // other programs write there, too: only lines of the container runtime are kept
}

var textLogs = []textLog{
	{"docker.log", "/var/log/docker.log", false},                 // OpenRC, sysvinit
	{"docker", "/var/log/docker", false},                         // Amazon Linux 1
	{"upstart-docker.log", "/var/log/upstart/docker.log", false}, // Ubuntu 14.04
	{"containerd.log", "/var/log/containerd.log", false},
	{"daemon.log", "/var/log/daemon.log", true}, // Debian until 11
	{"syslog", "/var/log/syslog", true},
	{"messages", "/var/log/messages", true}, // Red Hat, SUSE
}

// runtimeLine finds a line of the container runtime, or of systemd about it, in a log of all programs. What a container
// says by the syslog driver has another tag: the container's id, or docker/ and a name.
var runtimeLine = regexp.MustCompile(`^(?:\d{4}-\S+|\w{3} [ \d]\d [\d:]{8}) \S+ (?:(?:docker|dockerd|containerd|dockerd-current|docker-containerd|systemd-coredump)(?:\[\d+\])?: |systemd\[\d+\]: .*\b(?:docker|containerd)\.(?:service|socket)\b)`)

// daemonLog keeps the tails of the container runtime's text logs.
var daemonLog = &Collector{
	Name: "daemon_log",
	Doc: "tails of the text logs of dockerd and containerd: files of /var/log, and whatever regular file their standard output and error are; " +
		"of files that other programs share, the lines of the container runtime only",
	Needs: "being allowed to read /var/log; root for the standard output of dockerd",
	Effects: "None: regular files are opened for reading, without touching the access time where that is allowed. " +
		"A file on a network file system that hangs costs the deadline.",
	Since: "0.2.0",
	Docs:  daemonDocs(),
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		seen := map[nsKey]bool{}
		for _, l := range textLogs {
			if err := tailLog(ctx, h, s, seen, "log/daemon/"+l.doc, h.Path(l.path), l.shared); err != nil {
				return err
			}
		}
		all, err := h.known(ctx)
		for _, p := range all {
			if p.comm != "dockerd" && p.comm != "containerd" || p.container != "" {
				continue
			}
			for _, fd := range []string{"1", "2"} {
				name := h.Options.proc() + "/" + strconv.Itoa(p.pid) + "/fd/" + fd
				var st unix.Stat_t
				if unix.Stat(name, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
					continue // a socket of the journal, a pipe, /dev/null
				}
				doc := fmt.Sprintf("log/daemon/%s-%d.fd%s", p.comm, p.pid, fd)
				if err := tailLog(ctx, h, s, seen, doc, name, false); err != nil {
					return err
				}
			}
		}
		return err
	},
}

func daemonDocs() []string {
	var names []string
	for _, l := range textLogs {
		names = append(names, "log/daemon/"+l.doc)
	}
	return names
}

// tailLog writes the tail of one file. A file that was read already under another name is absent.
func tailLog(ctx context.Context, h *Host, s *Sink, seen map[nsKey]bool, doc, name string, shared bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	say := func(o schema.Outcome, reason string) error {
		s.Cover(schema.Coverage{Document: doc, Outcome: o, Reason: reason})
		return nil
	}
	var st unix.Stat_t
	if err := unix.Stat(name, &st); errors.Is(err, fs.ErrNotExist) || err == unix.ENOTDIR {
		return say(schema.Absent, name+" does not exist")
	} else if err != nil {
		o := outcomeOf(fmt.Errorf("stat %s: %w", name, err))
		return say(o.Outcome, o.reason)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return say(schema.Absent, name+" is not a file")
	}
	key := nsKey{int64(st.Dev), st.Ino}
	if seen[key] {
		if slices.Contains(daemonDocs(), doc) {
			return say(schema.Absent, name+" is in the bundle under another name")
		}
		return nil
	}
	seen[key] = true
	zone, now := hostZone(h.Options), time.Now()
	oldest := h.oldest()
	text, got, err := tailOfFile(ctx, name, h.Options.LogBytes, func(line []byte) keeping {
		if at := logStamp(line, zone, now); !at.IsZero() && at.Before(oldest) {
			return stopLine
		}
		if shared && !runtimeLine.Match(line) {
			return skipLine
		}
		return keepLine
	})
	if err != nil {
		o := outcomeOf(err)
		return say(o.Outcome, o.reason)
	}
	where := name
	if to, err := os.Readlink(name); err == nil {
		where = to
	}
	return putLog(s, doc, text, fmt.Sprintf("%s of %s since %s", got, where, oldest.UTC().Format(time.RFC3339)), got.cut)
}
