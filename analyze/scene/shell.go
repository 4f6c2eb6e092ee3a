package scene

import (
	"fmt"
	"strings"
	"time"
)

// shellWord is a word that a shell takes as this text and nothing else, whoever wrote it.
//
// Within '…' nothing is special but the end of it. Text with anything but printable ASCII is written as $'…', which bash, zsh, ksh and
// POSIX since 2024 know: a control character in a command would be acted upon by the terminal that it is pasted into, and a letter that
// looks like another one, or turns the direction of writing, by the eye. What begins with a dash would be an option: callers put -- or ./ before it.
func shellWord(s string) string {
	plain, quotable := s != "", true
	for i := range len(s) {
		c := s[i]
		switch {
		case c < 0x20 || c > 0x7e:
			plain, quotable = false, false
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_@%+:,./-", c) >= 0, c == '=' && i > 0:
		default:
			plain = false
		}
	}
	switch {
	case plain:
		return s
	case quotable:
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c > 0x7e || c == '!':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// shellPath is [shellWord] of a path, which no program takes for an option.
func shellPath(s string) string {
	if strings.HasPrefix(s, "-") {
		s = "./" + s
	}
	return shellWord(s)
}

// shellLine is a command: words that are quoted where they must be.
func shellLine(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellWord(w)
	}
	return strings.Join(out, " ")
}

// Around a failure, logs are asked for from shortly before it to shortly after.
const (
	logBefore = 2 * time.Minute
	logAfter  = 30 * time.Second
)

// dockerTime is a time as docker logs --since takes it.
func dockerTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// journalTime is a time as journalctl --since takes it (systemd.time(7)).
func journalTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// dockerLogs shows what a container wrote around a time; all that it wrote last when the time is not known.
func dockerLogs(container string, from, to time.Time) string {
	if from.IsZero() {
		return shellLine("docker", "logs", "--timestamps", "--tail", "200", "--", container)
	}
	return shellLine("docker", "logs", "--timestamps", "--since", dockerTime(from.Add(-logBefore)), "--until", dockerTime(to.Add(logAfter)), "--", container)
}

// taskLogs does the same by the managers, for a task whose container is gone. The command has no --until.
func taskLogs(task string, from time.Time) string {
	if from.IsZero() {
		return shellLine("docker", "service", "logs", "--timestamps", "--tail", "200", "--", task)
	}
	return shellLine("docker", "service", "logs", "--timestamps", "--since", dockerTime(from.Add(-logBefore)), "--", task)
}

// journal shows the journal around a time: of a unit, or of the kernel when the unit is empty.
func journal(unit string, from, to time.Time) string {
	words := []string{"journalctl", "--utc"}
	if unit == "" {
		words = append(words, "--dmesg")
	} else {
		words = append(words, "--unit="+unit)
	}
	if from.IsZero() {
		return shellLine(append(words, "--lines=200")...)
	}
	return shellLine(append(words, "--since="+journalTime(from.Add(-logBefore)), "--until="+journalTime(to.Add(logAfter)))...)
}
