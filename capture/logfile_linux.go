package capture

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds of the search for files of logs.
const (
	biggestLogs    = 100     // files that get a row for their size
	mostLogEntries = 100_000 // directory entries that are looked at
	logDepth       = 6
)

// logFile points at dumps that dockerd made of itself, and at the biggest logs.
var logFile = &Collector{
	Name: "log_file",
	Doc: "paths, sizes and times of what dockerd dumped of itself (goroutine-stacks-*.log, daemon-data-*.log) and of the biggest logs: containers' below Docker's " +
		"root, journals, and everything below /var/log; their text stays on the host",
	Needs:   "root, to look into Docker's root",
	Effects: "None: directories are listed and files looked at with lstat, none is opened. A file system that is not known to be local is not touched.",
	Since:   "0.2.0",
	Tables:  []string{"log_file"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		root, err := h.Options.resolve(h.dockerRoot())
		if err != nil {
			root = h.dockerRoot()
		}
		l := &logSearch{ctx: ctx, h: h}
		if text, err := os.ReadFile(h.Path("/proc/1/mountinfo")); err == nil {
			l.mounts, _ = parseMounts(text)
		}
		for _, dir := range []string{"/run/docker", "/var/run/docker", root} { // moby daemon/debugtrap_unix.go: exec-root, else data-root
			l.dumps(dir)
		}
		l.tree(filepath.Join(root, "containers"), 0)
		l.tree("/var/log", 0)
		l.tree("/run/log/journal", 0)
		slices.SortStableFunc(l.logs, func(a, b schema.LogFile) int { return int(min(max(b.DiskBytes-a.DiskBytes, -1), 1)) })
		left := max(0, len(l.logs)-biggestLogs)
		for _, list := range [][]schema.LogFile{l.found, l.logs[:len(l.logs)-left]} {
			for i := range list {
				if err := s.Put(&list[i]); err != nil {
					return err
				}
			}
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case l.denied != nil:
			return l.denied
		case l.entries > mostLogEntries:
			return &Incomplete{schema.Truncated, fmt.Sprintf("only the first %d directory entries were looked at", mostLogEntries)}
		case left > 0:
			return &Incomplete{schema.OK, fmt.Sprintf("the biggest %d of %d files", biggestLogs, len(l.logs))}
		}
		return nil
	},
}

type logSearch struct {
	ctx     context.Context
	h       *Host
	mounts  []schema.Mount
	found   []schema.LogFile // dumps: each has a row
	logs    []schema.LogFile
	entries int
	denied  error
}

// list lists a directory whose file system may be touched.
func (l *logSearch) list(dir string) []fs.DirEntry {
	if at := mountOf(l.mounts, dir); at >= 0 && noStatfs(l.mounts, at) != "" || l.ctx.Err() != nil || l.entries > mostLogEntries {
		return nil
	}
	entries, err := os.ReadDir(l.h.Path(dir))
	if err != nil && !os.IsNotExist(err) && l.denied == nil {
		l.denied = err
	}
	l.entries += len(entries)
	return entries
}

// row describes a regular file, nil for anything else.
func (l *logSearch) row(name, kind string) *schema.LogFile {
	var st unix.Stat_t
	if unix.Lstat(l.h.Path(name), &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	return &schema.LogFile{Path: name, Kind: kind, Bytes: st.Size, DiskBytes: st.Blocks * 512, LastWrite: time.Unix(st.Mtim.Unix()).UTC()}
}

// dumps finds what dockerd wrote at SIGUSR1.
func (l *logSearch) dumps(dir string) {
	to, err := l.h.Options.resolve(dir)
	if err != nil {
		return
	}
	for _, e := range l.list(to) {
		kind := ""
		switch {
		case strings.HasPrefix(e.Name(), "goroutine-stacks-"):
			kind = "goroutines"
		case strings.HasPrefix(e.Name(), "daemon-data-"):
			kind = "daemon-data"
		default:
			continue
		}
		row := l.row(path.Join(to, e.Name()), kind)
		if row != nil && !slices.ContainsFunc(l.found, func(r schema.LogFile) bool { return r.Path == row.Path }) {
			l.found = append(l.found, *row)
		}
	}
}

// tree finds the logs below a directory.
func (l *logSearch) tree(dir string, depth int) {
	to, err := l.h.Options.resolve(dir)
	if err != nil {
		return
	}
	for _, e := range l.list(to) {
		name := path.Join(to, e.Name())
		if e.IsDir() {
			if depth < logDepth {
				l.tree(name, depth+1)
			}
			continue
		}
		if !e.Type().IsRegular() {
			continue
		}
		kind, container := "system", ""
		switch parts := strings.Split(name, "/"); {
		case strings.Contains(name, "/containers/"):
			for _, p := range parts {
				if wholeContainerID.MatchString(p) {
					container = p
				}
			}
			if !strings.Contains(e.Name(), ".log") {
				continue // config.v2.json and the like
			}
			kind = "container"
		case strings.HasSuffix(e.Name(), ".journal"), strings.HasSuffix(e.Name(), ".journal~"):
			kind = "journal"
		}
		if row := l.row(name, kind); row != nil {
			row.Container = container
			l.logs = append(l.logs, *row)
		}
	}
}
