package analyze

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// maxLogLine bounds one line of a log.
const maxLogLine = 2 << 20

// decodeKernelLog decodes what capture found of the kernel's log, in any of its forms.
func decodeKernelLog(doc string, r io.Reader) ([]decoded, error) {
	var parse func(line string) (schema.KernelLog, bool, error)
	switch doc[strings.LastIndexByte(doc, '.')+1:] {
	case "kmsg":
		parse = parseKmsg
	case "dmesg":
		parse = parseDmesg
	case "journal":
		parse = parseKernelJournal
	default:
		parse = parseKernelText
	}
	var rows []decoded
	var errs []error
	var oom oomState
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLogLine)
	for n := int64(1); sc.Scan(); n++ {
		row, ok, err := parse(sc.Text())
		if err != nil && len(errs) < maxMistakes {
			errs = append(errs, &elementError{n, err})
		}
		if !ok {
			continue
		}
		describeKernel(&row)
		oom.see(&row)
		rows = append(rows, decoded{n, row})
	}
	if err := sc.Err(); err != nil {
		return rows, fmt.Errorf("read: %w", err)
	}
	return rows, joinErrors(errs)
}

// joinErrors is the first mistake with the number of the others: the document is a log, and one cause makes many.
func joinErrors(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return fmt.Errorf("%w; and %d more like it", errs[0], len(errs)-1)
}

// parseKmsg parses "priority,sequence,microseconds,flags[,more];text" (Documentation/ABI/testing/dev-kmsg). Lines that
// begin with a blank belong to the record above: keys of its device.
func parseKmsg(line string) (row schema.KernelLog, ok bool, err error) {
	if line == "" || line[0] == ' ' {
		return row, false, nil
	}
	head, text, found := strings.Cut(line, ";")
	f := strings.Split(head, ",")
	if !found || len(f) < 4 {
		return row, false, fmt.Errorf("no record of /dev/kmsg: %.60q", line)
	}
	pri, err1 := strconv.ParseUint(f[0], 10, 32)
	seq, err2 := strconv.ParseInt(f[1], 10, 64)
	us, err3 := strconv.ParseInt(f[2], 10, 64)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return row, false, fmt.Errorf("no record of /dev/kmsg: %.60q", line)
	}
	row.Seq, row.MonotonicUs, row.Text = &seq, &us, unescapeKmsg(text)
	row.Level, row.Facility = priority(pri)
	return row, true, nil
}

// priority names the two parts of a priority of syslog.
func priority(pri uint64) (level, facility string) {
	if n := pri >> 3; n < uint64(len(facilities)) {
		facility = facilities[n]
	} else {
		facility = strconv.FormatUint(n, 10)
	}
	return levels[pri&7], facility
}

var (
	levels     = []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}
	facilities = []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"ntp", "security", "console", "solaris-cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
)

// unescapeKmsg undoes \xNN, as which the kernel writes what is not printable ASCII, and the backslash.
func unescapeKmsg(s string) string {
	if !strings.Contains(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x' {
			if n, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// dmesgLine is "<6>[   12.345678][  T123] text"; the priority and the caller may be missing.
var dmesgLine = regexp.MustCompile(`^(?:<(\d+)>)?\[ *(\d+)\.(\d{6})\](?:\[ *[TC]\d+\])? ?(.*)$`)

func parseDmesg(line string) (row schema.KernelLog, ok bool, err error) {
	m := dmesgLine.FindStringSubmatch(line)
	if m == nil {
		row.Text = line
		return row, strings.TrimSpace(line) != "", nil // a line whose beginning was cut, or of a kernel without stamps
	}
	if pri, err := strconv.ParseUint(m[1], 10, 32); err == nil {
		row.Level, row.Facility = priority(pri)
	}
	sec, err1 := strconv.ParseInt(m[2], 10, 40)
	frac, _ := strconv.ParseInt(m[3], 10, 64)
	if err1 == nil {
		us := sec*1e6 + frac
		row.MonotonicUs = &us
	}
	row.Text = m[4]
	return row, true, nil
}

// kernelTextLine is a line that a syslog daemon wrote: a stamp, the host, "kernel:". What is behind it may hold the
// kernel's own stamp, but of which boot is not said.
var kernelTextLine = regexp.MustCompile(`^(\S+T\S+|\w{3} [ \d]\d \d\d:\d\d:\d\d) \S+ kernel: (?:\[ *\d+\.\d+\] )?(.*)$`)

func parseKernelText(line string) (row schema.KernelLog, ok bool, err error) {
	m := kernelTextLine.FindStringSubmatch(line)
	if m == nil {
		return parseDmesg(line) // /var/log/dmesg; of this boot, where it still exists
	}
	if at, err := time.Parse(time.RFC3339Nano, m[1]); err == nil {
		row.Time = at.UTC()
	}
	row.Text = m[2]
	return row, true, nil
}

// parseKernelJournal parses an entry of the journal in its JSON form.
func parseKernelJournal(line string) (row schema.KernelLog, ok bool, err error) {
	var e map[string]string
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		return row, false, fmt.Errorf("no entry of a journal: %w", err)
	}
	row.Text, row.Time = e["MESSAGE"], journalTime(e["__REALTIME_TIMESTAMP"])
	if us, err := strconv.ParseInt(e["_SOURCE_MONOTONIC_TIMESTAMP"], 10, 64); err == nil {
		row.MonotonicUs = &us
	}
	if pri, err := strconv.ParseUint(e["PRIORITY"], 10, 3); err == nil {
		row.Level, row.Facility = levels[pri], "kern"
	}
	return row, true, nil
}

// describeKernel fills in what the text says.
func describeKernel(row *schema.KernelLog) {
	class, g := classify(kernelClasses, row.Text)
	row.Category = class
	row.Comm, row.Cgroup, row.Constraint, row.Dev = g["comm"], g["cgroup"], g["constraint"], g["dev"]
	row.Src, row.Dst, row.Proto = g["src"], g["dst"], g["proto"]
	row.PID, row.Dport = number64(g["pid"]), number64(g["dport"])
	row.Container = containerOfPath(row.Cgroup)
	switch {
	case g["global"] != "" || strings.HasPrefix(strings.ToLower(g["what"]), "out of"):
		row.OOM = "global"
	case g["limit"] != "" || strings.HasPrefix(g["what"], "Memory cgroup"):
		row.OOM = "cgroup"
	}
}

// number64 is a number in a text, nil when there is none.
func number64(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// containerID finds a container's full id in the path of a cgroup, by either cgroup driver.
var containerID = regexp.MustCompile(`(?:^|[/-])([0-9a-f]{64})(?:\.scope)?(?:/|$)`)

// containerOfPath is the container that a cgroup is of, the inner one of two; empty for none.
func containerOfPath(cgroup string) string {
	parts := strings.Split(cgroup, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if m := containerID.FindStringSubmatch(parts[i]); m != nil {
			return m[1]
		}
	}
	return ""
}

// oomState carries what one line of an OOM kill says over to the next: the cgroup stands in one, the victim in another.
type oomState struct {
	cgroup, container, constraint, oom string
	pid                                *int64 // that the cgroup was said of; nil when it was said of all that follow
}

func (s *oomState) see(row *schema.KernelLog) {
	switch row.Category {
	case "oom-invoked":
		*s = oomState{}
	case "oom-constraint":
		*s = oomState{cgroup: row.Cgroup, container: row.Container, constraint: cmp.Or(row.Constraint, s.constraint), oom: cmp.Or(row.OOM, s.oom), pid: row.PID}
	case "oom-kill", "oom-chosen":
		row.OOM = cmp.Or(row.OOM, s.oom)
		if row.Category == "oom-chosen" {
			s.oom = row.OOM
		}
		if s.cgroup != "" && (s.pid == nil || row.PID != nil && *row.PID == *s.pid) {
			row.Cgroup, row.Container, row.Constraint = s.cgroup, s.container, s.constraint
		}
	}
}

// stampKernelLog gives records their time: capture's clocks say when boot was.
func stampKernelLog(rows []decoded, m *schema.Meta) {
	if m.Monotonic == 0 || m.Started.IsZero() {
		return
	}
	boot := m.Started.Add(-time.Duration(m.Monotonic))
	for i := range rows {
		if row, ok := rows[i].row.(schema.KernelLog); ok && row.Time.IsZero() && row.MonotonicUs != nil {
			row.Time = boot.Add(time.Duration(*row.MonotonicUs) * time.Microsecond).UTC()
			rows[i].row = row
		}
	}
}

// journalTime is a time of the journal: microseconds since 1970.
func journalTime(us string) time.Time {
	n, err := strconv.ParseInt(us, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}
