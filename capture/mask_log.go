package capture

import (
	"bytes"
	"regexp"
	"strings"
)

// maskLog returns the text of a log without its secrets, and how many values were masked. Every line stays a line, so
// that document:line is the address of what stood there.
//
// Beside what maskText finds in any text, these go: bodies of requests, which dockerd logs in debug mode and which hold
// environments; command lines that the kernel's audit writes; all lines of a private key.
func maskLog(text []byte) ([]byte, int) {
	var out bytes.Buffer
	out.Grow(len(text))
	count, inKey := 0, false
	for line := range bytes.Lines(text) {
		end := len(bytes.TrimRight(line, "\r\n"))
		s, key := string(line[:end]), false
		switch {
		case inKey:
			key, inKey = true, !keyEnd.MatchString(s)
		case keyBegin.MatchString(s):
			// maskText masks a whole key within a line, and what follows one that only begins.
			inKey = !keyEnd.MatchString(s)
		case keyEnd.MatchString(s): // its beginning is above the part of the log that was read
			count += maskAbove(&out)
			key = true
		}
		if key {
			s = masked
			count++
		} else {
			clean := maskLogLine(s)
			if clean != s {
				count += max(1, strings.Count(clean, masked)-strings.Count(s, masked))
			}
			s = clean
		}
		out.WriteString(s)
		out.Write(line[end:])
	}
	return out.Bytes(), count
}

var (
	keyBegin = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	keyEnd   = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	keyBody  = regexp.MustCompile(`(^|[\s:])[A-Za-z0-9+/=]{32,}\s*$`) // a line of base64, maybe behind a log's stamp
)

// maskAbove masks the lines of base64 at the end of what was written already.
func maskAbove(out *bytes.Buffer) int {
	lines := bytes.SplitAfter(out.Bytes(), []byte("\n"))
	n := len(lines)
	for n > 0 && (len(lines[n-1]) == 0 || keyBody.Match(lines[n-1])) {
		n--
	}
	keep, count := len(bytes.Join(lines[:n], nil)), 0
	var rest bytes.Buffer
	for _, line := range lines[n:] {
		if len(line) > 0 {
			rest.WriteString(masked + "\n")
			count++
		}
	}
	out.Truncate(keep)
	out.Write(rest.Bytes())
	return count
}

// logSecrets are parts of log lines that are masked to the end of the line or of the value, whatever is in them.
var logSecrets = []struct {
	needs string
	shape *regexp.Regexp
	by    string
}{
	// moby api/server/middleware/debug.go: the body of a POST, until 27 as text, later as a field of text or of JSON
	{"form data: ", regexp.MustCompile(`form data: .*$`), "form data: " + masked},
	{"form-data=", regexp.MustCompile(`form-data=("(?:[^"\\]|\\.)*"?|\S+)`), "form-data=" + masked},
	{`"form-data":`, regexp.MustCompile(`"form-data":.*$`), `"form-data":"` + masked + `"`},
	// dockerd in debug mode prints IPsec states with their keys (vishvananda/netlink XfrmStateAlgo.String) and the beginning
	// of the gossip's and the overlays' keys (moby libnetwork/drivers/overlay/encryption.go, agent.go)
	{"Key: 0x", regexp.MustCompile(`Key: 0x[0-9A-Fa-f]+`), "Key: " + masked},
	{"(key: ", regexp.MustCompile(`\(key: [0-9A-Fa-f]+`), "(key: " + masked},
	{"ncryption key", regexp.MustCompile(`(ncryption keys?(?: \d+)?: )[^"(]+`), "${1}" + masked},
	{" key ", regexp.MustCompile(`\b((?:Adding|Primary|Remove) [Kk]ey )[0-9A-Fa-f]{2,}`), "${1}" + masked},
	// kernel/auditsc.c: EXECVE records hold all arguments, PROCTITLE records the same as hexadecimal
	{"argc=", regexp.MustCompile(`(\bargc=\d+) .*$`), "$1 " + masked},
	{"proctitle=", regexp.MustCompile(`\bproctitle=.*$`), "proctitle=" + masked},
	{"type=1319", regexp.MustCompile(`\bdata=\S+`), "data=" + masked},
}

// maskLogLine masks one line.
func maskLogLine(s string) string {
	for _, r := range logSecrets {
		if strings.Contains(s, r.needs) {
			s = r.shape.ReplaceAllString(s, r.by)
		}
	}
	return maskText(s)
}
