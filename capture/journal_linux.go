package capture

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/capture/journal"
	"github.com/netmortem/netmortem/schema"
)

// Bounds on reading journals.
const (
	mostJournals = 64      // files that are opened
	mostEntries  = 200_000 // entries of one file that are looked at for one document
)

// A journalPart is what of the journal becomes one document: the entries that have any of these values.
type journalPart struct {
	doc  string
	want []journal.Match
}

// runtimeParts are what the journal has of the container runtime. A container that logs by dockerd has dockerd's unit in its
// entries, so that dockerd's own are found by the name that its standard output has; those of systemd about it by UNIT.
var runtimeParts = []journalPart{
	{"log/journal/docker.jsonl", []journal.Match{
		{Field: "SYSLOG_IDENTIFIER", Value: "dockerd"}, {Field: "SYSLOG_IDENTIFIER", Value: "dockerd-current"}, {Field: "SYSLOG_IDENTIFIER", Value: "docker"},
		{Field: "UNIT", Value: "docker.service"}, {Field: "UNIT", Value: "docker.socket"},
	}},
	{"log/journal/containerd.jsonl", []journal.Match{
		{Field: "SYSLOG_IDENTIFIER", Value: "containerd"}, {Field: "SYSLOG_IDENTIFIER", Value: "docker-containerd"}, {Field: "UNIT", Value: "containerd.service"},
	}},
	{"log/journal/coredump.jsonl", []journal.Match{{Field: "SYSLOG_IDENTIFIER", Value: "systemd-coredump"}}},
}

// kernelPart is the kernel's log, for hosts where the ring buffer is closed to us.
var kernelPart = journalPart{kernelJournal, []journal.Match{{Field: "_TRANSPORT", Value: "kernel"}}}

// journalFields are the fields that are kept. Of what systemd-coredump notes, environment, open files and maps stay where
// they are.
var journalFields = []string{
	"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "UNIT", "_PID", "_COMM", "_TRANSPORT", "_SOURCE_MONOTONIC_TIMESTAMP",
	"COREDUMP_PID", "COREDUMP_UID", "COREDUMP_GID", "COREDUMP_SIGNAL", "COREDUMP_SIGNAL_NAME", "COREDUMP_TIMESTAMP", "COREDUMP_RLIMIT", "COREDUMP_HOSTNAME",
	"COREDUMP_COMM", "COREDUMP_EXE", "COREDUMP_UNIT", "COREDUMP_CGROUP", "COREDUMP_FILENAME", "COREDUMP_TRUNCATED", "COREDUMP_CMDLINE",
}

// ofContainers are fields that the journald driver of dockerd adds to what a container says (moby
// daemon/logger/journald/journald.go).
var ofContainers = []string{"CONTAINER_ID", "CONTAINER_ID_FULL", "CONTAINER_NAME"}

// journalLog keeps what the journal has of dockerd, containerd and systemd-coredump.
var journalLog = &Collector{
	Name: "journal",
	Doc: "entries of dockerd, containerd, of systemd about them, and of systemd-coredump, from the journal's files, one JSON object a line: chosen fields, " +
		"secrets masked; without what containers say",
	Needs: "root or the group systemd-journal",
	Effects: "None: files are read with pread and not mapped, so that one that is cut meanwhile costs an error; no lock is taken and journald is not asked " +
		"to write out what it holds. Access times stay where that is allowed.",
	Since:    "0.2.0",
	Docs:     journalDocs(),
	Deadline: DefaultItemDeadline * 2,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		files, say, err := openJournals(h)
		if err != nil {
			return err
		}
		defer closeJournals(files)
		if len(files) == 0 {
			return &Incomplete{schema.Absent, "no journal files of the time that is asked for: " + strings.Join(journalDirs, ", ")}
		}
		for _, part := range runtimeParts {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			text, got, masks := readJournals(ctx, h, files, part)
			if err := putJournal(s, part.doc, text, got, masks, say); err != nil {
				return err
			}
		}
		return nil
	},
}

func journalDocs() []string {
	var names []string
	for _, p := range runtimeParts {
		names = append(names, p.doc)
	}
	return names
}

// journalDirs are where journald keeps its files, below the machine's id: on disk, and in memory.
var journalDirs = []string{"/var/log/journal", "/run/log/journal"}

// openJournal is a journal file that may hold entries of the time that is asked for.
type openedJournal struct {
	name string
	f    *os.File
	j    *journal.File
	last uint64
}

// openJournals opens the system's journals, the newest first. say is what was left out.
func openJournals(h *Host) (files []openedJournal, say []string, err error) {
	oldest := uint64(h.oldest().UnixMicro())
	for _, base := range journalDirs {
		dirs, dirErr := os.ReadDir(h.Path(base))
		if dirErr != nil && !errors.Is(dirErr, fs.ErrNotExist) {
			err = firstError(err, dirErr)
		}
		for _, d := range dirs {
			if !d.IsDir() || len(d.Name()) != 32 { // that of a journal namespace has a dot behind the id
				continue
			}
			dir := path.Join(base, d.Name())
			entries, dirErr := os.ReadDir(h.Path(dir))
			if dirErr != nil {
				err = firstError(err, dirErr)
			}
			for _, e := range entries {
				name := path.Join(dir, e.Name())
				if !strings.HasPrefix(e.Name(), "system") || !strings.HasSuffix(e.Name(), ".journal") && !strings.HasSuffix(e.Name(), ".journal~") {
					continue
				}
				o, openErr := openJournalFile(h, name)
				switch {
				case errors.Is(openErr, journal.ErrNotJournal):
					say = append(say, fmt.Sprintf("%s: %v", name, openErr))
				case openErr != nil:
					err = firstError(err, openErr)
				case o.last < oldest && o.last != 0:
					o.close()
				default:
					files = append(files, o)
				}
			}
		}
	}
	slices.SortFunc(files, func(a, b openedJournal) int { return cmp.Compare(b.last, a.last) })
	if len(files) > mostJournals {
		say = append(say, fmt.Sprintf("only the newest %d of %d files", mostJournals, len(files)))
		closeJournals(files[mostJournals:])
		files = files[:mostJournals]
	}
	if len(files) > 0 && err != nil {
		say, err = append(say, err.Error()), nil
	}
	return files, say, err
}

func openJournalFile(h *Host, name string) (openedJournal, error) {
	f, err := openLog(h.Path(name), 0)
	if err != nil {
		return openedJournal{}, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return openedJournal{}, err
	}
	j, err := journal.Open(f, st.Size())
	if err != nil {
		f.Close()
		return openedJournal{}, err
	}
	_, last := j.Span()
	return openedJournal{name, f, j, last}, nil
}

func (o openedJournal) close() {
	o.j.Close()
	o.f.Close()
}

func closeJournals(files []openedJournal) {
	for _, o := range files {
		o.close()
	}
}

// journalRead is what there is to say of one document.
type journalRead struct {
	entries    int
	skipped    int // of containers
	unreadable int
	cut        bool
	problems   []string
}

// journalLine is one line and when it was written.
type journalLine struct {
	at   uint64
	text []byte
}

// readJournals reads one part from all files, as many of the newest entries as the bound allows, in the order of time.
func readJournals(ctx context.Context, h *Host, files []openedJournal, part journalPart) ([]byte, journalRead, int) {
	oldest := uint64(h.oldest().UnixMicro())
	var got journalRead
	var lines []journalLine
	masks, size := 0, int64(0)
	keep := func(name string) bool {
		return slices.Contains(journalFields, name) || slices.Contains(ofContainers, name)
	}
	for _, o := range files {
		looked, before := 0, o.j.Unreadable+o.j.Damaged
		err := o.j.Entries(part.want, keep, func(e *journal.Entry) bool {
			if looked++; looked > mostEntries || looked%256 == 0 && ctx.Err() != nil {
				got.cut = true
				return false
			}
			if e.Realtime < oldest {
				return false
			}
			for _, name := range ofContainers {
				if e.Fields[name] != "" {
					got.skipped++
					return true
				}
			}
			line, n := journalText(e)
			if size += int64(len(line)); size > h.Options.LogBytes {
				got.cut = true
				return false
			}
			lines, masks = append(lines, journalLine{e.Realtime, line}), masks+n
			return true
		})
		if err != nil {
			got.problems = append(got.problems, fmt.Sprintf("%s: %v", o.name, err))
		}
		got.unreadable += o.j.Unreadable + o.j.Damaged - before
		if size > h.Options.LogBytes {
			break
		}
	}
	got.entries = len(lines)
	slices.Reverse(lines)
	slices.SortStableFunc(lines, func(a, b journalLine) int { return cmp.Compare(a.at, b.at) })
	var text []byte
	for _, l := range lines {
		text = append(text, l.text...)
	}
	return text, got, masks
}

// journalText is an entry as a line: the names of fields are those of journalctl -o json.
func journalText(e *journal.Entry) ([]byte, int) {
	m := map[string]string{
		"__REALTIME_TIMESTAMP": strconv.FormatUint(e.Realtime, 10), "__MONOTONIC_TIMESTAMP": strconv.FormatUint(e.Monotonic, 10),
		"_BOOT_ID": hex.EncodeToString(e.BootID[:]),
	}
	masks := 0
	for name, value := range e.Fields {
		clean, n := value, 0
		switch name {
		case "COREDUMP_CMDLINE":
			if clean = maskCommand(value); clean != value {
				n = 1
			}
		default:
			var b []byte
			b, n = maskLog([]byte(value))
			clean = string(b)
		}
		m[name], masks = clean, masks+n
	}
	line, err := json.Marshal(m)
	if err != nil { // strings always have a form
		return nil, masks
	}
	return append(line, '\n'), masks
}

// putJournal writes one document and what there is to say of it.
func putJournal(s *Sink, doc string, text []byte, got journalRead, masks int, say []string) error {
	if err := s.Document(doc, text, masks); err != nil {
		return err
	}
	c := schema.Coverage{Document: doc, Outcome: schema.OK, Masked: int64(masks)}
	say = append([]string{fmt.Sprintf("%d entries", got.entries)}, say...)
	if got.skipped > 0 {
		say = append(say, fmt.Sprintf("%d of containers left out", got.skipped))
	}
	if got.unreadable > 0 {
		say = append(say, fmt.Sprintf("%d entries or fields could not be read (packed with xz, longer than 64 KiB, or being written)", got.unreadable))
	}
	if len(got.problems) > 0 {
		c.Outcome = schema.Partial
		say = append(say, got.problems...)
	}
	if got.cut {
		c.Outcome = schema.Truncated
		say = append(say, "older ones left out: a bound was reached")
	}
	c.Reason = strings.Join(say, "; ")
	s.Cover(c)
	return nil
}
