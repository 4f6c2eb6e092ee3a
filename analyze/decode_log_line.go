package analyze

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// decodeLogText decodes the lines of a text log: structured as logfmt or JSON, behind the stamp of a syslog daemon or not.
func decodeLogText(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLogLine)
	for n := int64(1); sc.Scan(); n++ {
		if strings.TrimSpace(sc.Text()) == "" {
			continue
		}
		row := parseLogLine(sc.Text())
		describeLogLine(&row)
		rows = append(rows, decoded{n, row})
	}
	if err := sc.Err(); err != nil {
		return rows, fmt.Errorf("read: %w", err)
	}
	return rows, nil
}

// decodeLogJournal decodes entries of the journal, one JSON object a line.
func decodeLogJournal(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	var errs []error
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, maxLogLine)
	for n := int64(1); sc.Scan(); n++ {
		var e map[string]string
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			if len(errs) < maxMistakes {
				errs = append(errs, &elementError{n, fmt.Errorf("no entry of a journal: %w", err)})
			}
			continue
		}
		row := schema.LogLine{Ident: cmp.Or(e["SYSLOG_IDENTIFIER"], e["_COMM"]), Unit: cmp.Or(e["UNIT"], e["_SYSTEMD_UNIT"])}
		parseMessage(e["MESSAGE"], &row)
		row.PID = number64(cmp.Or(e["COREDUMP_PID"], e["_PID"]))
		if row.Time.IsZero() { // the program's own stamp is the nearer one
			row.Time = journalTime(e["__REALTIME_TIMESTAMP"])
		}
		if pri, err := strconv.ParseUint(e["PRIORITY"], 10, 3); err == nil && row.Level == "" {
			row.Level = levels[pri]
		}
		if e["COREDUMP_PID"] != "" {
			row.Category, row.Container = "core-dump", containerOfPath(e["COREDUMP_CGROUP"])
			row.Fields = coredumpFields(e)
		}
		describeLogLine(&row)
		rows = append(rows, decoded{n, row})
	}
	if err := sc.Err(); err != nil {
		return rows, fmt.Errorf("read: %w", err)
	}
	return rows, joinErrors(errs)
}

// coredumpFields are the fields of systemd-coredump's message in the order of their names.
func coredumpFields(e map[string]string) string {
	var out []string
	for key, value := range e {
		if rest, ok := strings.CutPrefix(key, "COREDUMP_"); ok {
			out = append(out, strings.ToLower(rest)+"="+value)
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// syslogLine is a line of a syslog daemon: RFC 3339 or traditional stamp, host, program with process id.
var syslogLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\S+|\w{3} [ \d]\d \d\d:\d\d:\d\d) \S+ ([^\s:\[]+)(?:\[(\d+)\])?: (.*)$`)

// parseLogLine takes a line apart.
func parseLogLine(line string) (row schema.LogLine) {
	if m := syslogLine.FindStringSubmatch(line); m != nil {
		row.Ident, row.PID = m[2], number64(m[3])
		parseMessage(m[4], &row)
		if at, err := time.Parse(time.RFC3339Nano, m[1]); err == nil && row.Time.IsZero() {
			row.Time = at.UTC()
		} else if err != nil && row.Time.IsZero() {
			row.Stamp = m[1]
		}
		return row
	}
	parseMessage(line, &row)
	return row
}

// parseMessage takes what a program wrote: a line of logfmt or JSON, as dockerd and containerd do, or plain text.
func parseMessage(text string, row *schema.LogLine) {
	row.Text = text
	var pairs [][2]string
	switch {
	case strings.HasPrefix(text, "time="), strings.HasPrefix(text, "level="):
		pairs = logfmt(text)
	case strings.HasPrefix(text, "{"):
		pairs = jsonPairs(text)
	}
	if len(pairs) == 0 {
		return
	}
	var rest []string
	row.Text = ""
	for _, p := range pairs {
		key, value := p[0], p[1]
		switch key {
		case "time":
			if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
				row.Time = at.UTC()
			}
		case "level":
			row.Level = value
		case "msg":
			row.Text = value
		case "error":
			row.Error = value
		default:
			if (key == "container" || key == "containerID" || key == "id") && wholeID.MatchString(value) {
				row.Container = value
			}
			rest = append(rest, key+"="+quoteField(value))
		}
	}
	row.Fields = strings.Join(rest, " ")
}

// quoteField quotes a value that would not be one word.
func quoteField(s string) string {
	if strings.ContainsAny(s, " \"=\n\t") || s == "" {
		return strconv.Quote(s)
	}
	return s
}

var (
	wholeID = regexp.MustCompile(`^[0-9a-f]{64}$`)
	anID    = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
)

// logfmt splits key=value pairs as logrus' text formatter writes them: a value that is no plain word is quoted as a Go
// string. What does not fit ends the reading.
func logfmt(s string) [][2]string {
	var out [][2]string
	for s = strings.TrimLeft(s, " "); s != ""; s = strings.TrimLeft(s, " ") {
		key, rest, ok := strings.Cut(s, "=")
		if !ok || key == "" || strings.ContainsAny(key, " \"") {
			return append(out, [2]string{"rest", s})
		}
		if !strings.HasPrefix(rest, `"`) {
			value, after, _ := strings.Cut(rest, " ")
			out, s = append(out, [2]string{key, value}), after
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil { // cut short, or masked across its end
			return append(out, [2]string{key, strings.TrimSuffix(rest[1:], `"`)})
		}
		value, _ := strconv.Unquote(quoted) // QuotedPrefix has checked it
		out, s = append(out, [2]string{key, value}), rest[len(quoted):]
	}
	return out
}

// jsonPairs are the members of an object, dockerd's log-format json, in the order of their names; nil for what is none.
func jsonPairs(s string) [][2]string {
	var m map[string]any
	if json.Unmarshal([]byte(s), &m) != nil {
		return nil
	}
	var out [][2]string
	for key, value := range m {
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				continue
			}
			text = string(b)
		}
		out = append(out, [2]string{key, text})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

// describeLogLine finds the class, and a container that is named in the text only.
func describeLogLine(row *schema.LogLine) {
	text := row.Text
	if row.Error != "" {
		text += ": " + row.Error
	}
	if row.Category == "" {
		row.Category, _ = classify(daemonClasses, text)
	}
	if row.Container == "" && strings.Contains(strings.ToLower(text), "container") {
		row.Container = anID.FindString(text)
	}
}
