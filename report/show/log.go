package show

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// maxLog bounds the text that is held to put the logs of one host in order, bytes. Capture keeps less by default.
const maxLog = 256 << 20

// A logEntry is one line of a log.
type logEntry struct {
	at   time.Time // of its stamp, else of the line before
	text string
}

// showLog prints the logs of a host as journalctl -o short-iso-precise does: those of kernel, dockerd, containerd and the
// journal in one order of time.
func showLog(ctx context.Context, p *printer, x *index, v *view) error {
	if err := p.section(x, v.like); err != nil {
		return err
	}
	var all []logEntry
	size := 0
	err := p.documents(ctx, x, v, func(e *schema.Entry) error {
		if p.options.JSON {
			return p.logJSON(e)
		}
		r := &logReader{host: x.source.host, name: strings.TrimPrefix(e.Name, "raw/log/"), meta: &x.source.meta}
		return eachLine(e, func(_ int64, line []byte) error {
			entry, ok := r.read(string(line))
			if !ok {
				return nil
			}
			if size += len(entry.text); size > maxLog {
				return fmt.Errorf("the logs of %s are longer than %d MiB; print them one by one: show … %s", x.source.host, maxLog>>20, e.Name)
			}
			all = append(all, entry)
			return nil
		})
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b logEntry) int { return a.at.Compare(b.at) })
	for _, e := range all {
		if err := p.text(e.text + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// logJSON prints a log as lines of JSON: those of the journal are some, of others the text is put into one.
func (p *printer) logJSON(e *schema.Entry) error {
	return eachLine(e, func(n int64, line []byte) error {
		if json.Valid(line) {
			return p.raw(line)
		}
		return p.rawText(e.Name, n, string(line))
	})
}

// rawText prints a line of a document that is no JSON as a line of JSON.
func (p *printer) rawText(document string, n int64, text string) error {
	b, err := json.Marshal(struct {
		Document string `json:"document"`
		Line     int64  `json:"line"`
		Text     string `json:"text"`
	}{document, n, text})
	if err != nil {
		return err
	}
	return p.raw(b)
}

// A logReader turns the lines of one document into entries.
type logReader struct {
	host string
	name string // of the document, below raw/log/
	meta *schema.Meta
	last time.Time // stamp of the line before
}

func (r *logReader) read(line string) (logEntry, bool) {
	var at time.Time
	var text string
	switch {
	case r.name == "kernel.kmsg":
		if line == "" || line[0] == ' ' { // keys of the record above
			return logEntry{}, false
		}
		at, text = r.kmsg(line)
	case r.name == "kernel.dmesg":
		at, text = r.dmesg(line)
	case r.name == "kernel.journal", strings.HasPrefix(r.name, "journal/"):
		at, text = r.journal(line)
	default:
		at, text = r.daemon(line)
	}
	if at.IsZero() {
		at = r.last
	}
	r.last = at
	return logEntry{at, text}, true
}

// short is a line of journalctl. Without a time there is none in it.
func (r *logReader) short(at time.Time, ident, text string) string {
	var p phrase
	if !at.IsZero() {
		p.add(stamp(at))
	}
	p.add(r.host, ident+": "+text)
	return p.String()
}

// sinceBoot is the time of a stamp of the kernel's log: capture's two clocks say when boot was.
func (r *logReader) sinceBoot(us int64) time.Time {
	if r.meta.Monotonic == 0 || r.meta.Started.IsZero() {
		return time.Time{}
	}
	return r.meta.Started.Add(time.Duration(us)*time.Microsecond - time.Duration(r.meta.Monotonic))
}

// kmsg is a record of /dev/kmsg: priority,sequence,microseconds,flags;text (Documentation/ABI/testing/dev-kmsg).
func (r *logReader) kmsg(line string) (time.Time, string) {
	head, text, ok := strings.Cut(line, ";")
	f := strings.Split(head, ",")
	if !ok || len(f) < 3 {
		return time.Time{}, line
	}
	us, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return time.Time{}, line
	}
	at := r.sinceBoot(us)
	return at, r.short(at, "kernel", text)
}

// dmesgStamp is <6>[   12.345678]; the priority may be missing.
var dmesgStamp = regexp.MustCompile(`^(?:<\d+>)?\[ *(\d{1,9})\.(\d{6})\] ?`)

func (r *logReader) dmesg(line string) (time.Time, string) {
	m := dmesgStamp.FindStringSubmatch(line)
	if m == nil {
		return time.Time{}, line
	}
	sec, _ := strconv.ParseInt(m[1], 10, 64) // digits, and not too many
	us, _ := strconv.ParseInt(m[2], 10, 64)
	at := r.sinceBoot(sec*1e6 + us)
	return at, r.short(at, "kernel", line[len(m[0]):])
}

// journal is an entry of the journal.
func (r *logReader) journal(line string) (time.Time, string) {
	var e map[string]any
	if json.Unmarshal([]byte(line), &e) != nil {
		return time.Time{}, line
	}
	get := func(key string) string { s, _ := e[key].(string); return s }
	at := time.Time{}
	if us, err := strconv.ParseInt(cmp.Or(get("_SOURCE_REALTIME_TIMESTAMP"), get("__REALTIME_TIMESTAMP")), 10, 64); err == nil {
		at = time.UnixMicro(us)
	}
	ident := cmp.Or(get("SYSLOG_IDENTIFIER"), get("_COMM"), "unknown")
	if pid := cmp.Or(get("_PID"), get("SYSLOG_PID")); pid != "" {
		ident += "[" + pid + "]"
	}
	return at, r.short(at, ident, get("MESSAGE"))
}

var (
	logfmtTime  = regexp.MustCompile(`^time="?(\d{4}-\d\d-\d\dT[^" ]+)`)
	jsonTime    = regexp.MustCompile(`"time":"(\d{4}-\d\d-\d\dT[^"]+)"`)
	syslogTime  = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\S+) \S+ [^\s:\[]+(\[\d+\])?: `)
	syslogPlain = regexp.MustCompile(`^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:\[]+(\[\d+\])?: `)
	daemonFile  = regexp.MustCompile(`^(.+)-(\d+)\.fd\d+$`)
)

// daemon is a line of a text log. One that a syslog daemon wrote has its host and program already.
func (r *logReader) daemon(line string) (time.Time, string) {
	for _, pattern := range []*regexp.Regexp{syslogTime, logfmtTime, jsonTime} {
		m := pattern.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, m[1])
		if err != nil {
			continue
		}
		if pattern == syslogTime {
			return at, line
		}
		return at, r.short(at, r.ident(), line)
	}
	if syslogPlain.MatchString(line) {
		return time.Time{}, line // a stamp without year and zone
	}
	return time.Time{}, r.short(r.last, r.ident(), line)
}

// ident is the program whose log this is, by the document's name: daemon/dockerd-758.fd1, daemon/docker.log.
func (r *logReader) ident() string {
	base := path.Base(r.name)
	if m := daemonFile.FindStringSubmatch(base); m != nil {
		return fmt.Sprintf("%s[%s]", m[1], m[2])
	}
	return strings.TrimSuffix(base, ".log")
}
