package capture

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maskText masks what is a secret in any string: the login of a URL or of a data source name, swarm join tokens and
// unlock keys, private keys, credentials after Bearer and Basic, tokens of a well-known shape, and the value of a
// name=value or "name": value pair whose name tells.
func maskText(s string) string {
	if len(s) < 4 {
		return s
	}
	for _, r := range secretShapes {
		if strings.Contains(s, r.needs) {
			s = r.shape.ReplaceAllString(s, r.by)
		}
	}
	s = maskURLs(s)
	return maskPairs(s)
}

// secretShapes are secrets that are known by their look. needs is a substring that every match has, looked for
// first since most strings have none of them.
var secretShapes = []struct {
	needs string
	shape *regexp.Regexp
	by    string
}{
	{"SWMTKN", regexp.MustCompile(`SWMTKN-[0-9A-Za-z_-]+`), masked}, // swarmkit ca/certificates.go: GenerateJoinToken
	{"SWMKEY", regexp.MustCompile(`SWMKEY-[0-9A-Za-z+/=_-]+`), masked},
	{"PRIVATE KEY", regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----|$)`), masked},
	{" ", regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9+/._~-]{8,}=*`), "$1 " + masked},
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), masked}, // RFC 7519
	{"AKIA", regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`), masked},
	{"gh", regexp.MustCompile(`\bgh[pousr]_[A-Za-z0-9]{20,}`), masked},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{20,}`), masked},
	{"glpat-", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{16,}`), masked},
	{"xox", regexp.MustCompile(`\bxox[abeprs]-[A-Za-z0-9-]{10,}`), masked},
	{"hvs.", regexp.MustCompile(`\bhvs\.[A-Za-z0-9_-]{16,}`), masked},
	{"@", regexp.MustCompile(`[^\s"'=,;]+:[^\s"']*@(tcp|unix)\(`), masked + "@$1("}, // data source name of a database driver
}

// maskURLs masks the login of every URL in s: all between :// and the last @ of its authority.
func maskURLs(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "://")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		i += len("://")
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexAny(s, " \t\r\n\"'`<>|\\")
		if end < 0 {
			end = len(s)
		}
		url := s[:end]
		authority := url
		if j := strings.IndexAny(url, "/?#"); j >= 0 {
			authority = url[:j]
			// A password that holds one of them unescaped: what follows the colon is then no port.
			if _, port, ok := strings.Cut(authority, ":"); ok && !digits(port) && !strings.Contains(authority, "@") && strings.Contains(url, "@") {
				authority = url
			}
		}
		if at := strings.LastIndexByte(authority, '@'); at > 0 && url[:at] != masked {
			b.WriteString(masked)
			s = s[at:]
		}
	}
}

// maskLogin masks user:password@ at the start of an address without a scheme.
func maskLogin(s string) string {
	if at := strings.LastIndexByte(s, '@'); at > 0 && !strings.Contains(s, "://") {
		return masked + s[at:]
	}
	return s
}

// pair finds name=value, and name: value where the colon is that of a header or of JSON and not of an image's tag.
// A value goes on to white space or punctuation that separates options; in quotes, to the closing one.
var pair = regexp.MustCompile(`([A-Za-z0-9_][A-Za-z0-9_.-]*)(["']?\s*=\s*|["']\s*:\s*|\s*:\s+)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s"'&,;]+)`)

// maskPairs masks the values of the pairs in s whose name tells.
func maskPairs(s string) string {
	if !strings.ContainsAny(s, "=:") || !mayTell(s) {
		return s
	}
	var b strings.Builder
	for {
		m := pair.FindStringSubmatchIndex(s)
		if m == nil {
			b.WriteString(s)
			return b.String()
		}
		name, value := s[m[2]:m[3]], s[m[6]:m[7]]
		if !telling(name) && !header(name) || strings.Trim(value, `"'`) == "" || strings.HasPrefix(strings.Trim(value, `"'`), masked) {
			// The value may hold pairs of its own (--opt=o=password=x): go on behind the name.
			b.WriteString(s[:m[5]])
			s = s[m[5]:]
			continue
		}
		quote := ""
		if value[0] == '"' || value[0] == '\'' {
			quote = value[:1]
		}
		b.WriteString(s[:m[6]] + quote + masked + quote)
		s = s[m[7]:]
		if header(name) { // Authorization: scheme value
			if i := strings.IndexAny(s, "\"'\r\n"); i >= 0 {
				s = s[i:]
			} else {
				s = ""
			}
		}
	}
}

// tellingStems are such that every telling name, and that of every header, holds one, separators left out.
var tellingStems = [][]byte{
	[]byte("auth"), []byte("bearer"), []byte("cred"), []byte("jwt"), []byte("pass"), []byte("private"), []byte("psk"),
	[]byte("pw"), []byte("secret"), []byte("token"), []byte("key"), []byte("connectionstring"), []byte("cookie"),
}

// mayTell reports whether s can hold a telling name at all. Most lines of a log do not, and the search for pairs is dear.
func mayTell(s string) bool {
	var room [512]byte
	letters := room[:0]
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9'):
			letters = append(letters, byte(r))
		case r >= 'A' && r <= 'Z':
			letters = append(letters, byte(r)|0x20)
		case r >= utf8.RuneSelf: // letters whose lower case may be one of ours
			letters = utf8.AppendRune(letters, unicode.ToLower(r))
		}
	}
	for _, stem := range tellingStems {
		if bytes.Contains(letters, stem) {
			return true
		}
	}
	return false
}

// header reports whether the name is that of an HTTP header whose value may hold blanks.
func header(name string) bool {
	return strings.EqualFold(name, "authorization") || strings.EqualFold(name, "cookie")
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }
