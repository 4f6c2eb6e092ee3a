package capture

import (
	"bytes"
	"time"
)

// logStamp is the time of a line: that of the program (logfmt's time=, JSON's "time":), else the stamp of the syslog
// daemon at its beginning, which may lack a zone, then zone's, and a year, then the last one that is not after now.
// It is zero for a line without one.
func logStamp(line []byte, zone *time.Location, now time.Time) time.Time {
	for _, key := range []string{`time="`, `"time":"`} {
		if _, rest, ok := bytes.Cut(line, []byte(key)); ok {
			if value, _, ok := bytes.Cut(rest, []byte(`"`)); ok {
				if at, err := time.Parse(time.RFC3339Nano, string(value)); err == nil {
					return at
				}
			}
		}
	}
	if word, _, ok := bytes.Cut(line[:min(len(line), 64)], []byte(" ")); ok && len(word) > 10 && word[4] == '-' {
		if at, err := time.Parse(time.RFC3339Nano, string(word)); err == nil {
			return at
		}
	}
	if len(line) >= len(time.Stamp) {
		if at, err := time.ParseInLocation(time.Stamp, string(line[:len(time.Stamp)]), zone); err == nil {
			now = now.In(zone)
			at = time.Date(now.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, zone)
			if at.After(now.Add(24 * time.Hour)) { // of last year
				at = at.AddDate(-1, 0, 0)
			}
			return at
		}
	}
	return time.Time{}
}

// oldest is how far back logs are read.
func (h *Host) oldest() time.Time {
	start := h.Start
	if start.IsZero() {
		start = time.Now()
	}
	return start.Add(-h.Options.Since)
}
