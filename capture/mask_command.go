package capture

import (
	"path"
	"regexp"
	"strings"
)

// argv masks the words of one command line, given one after the other.
type argv struct {
	next    bool   // the word before was an option whose value is a secret
	maybe   bool   // with next: or it was a switch that takes no value, as --auth is
	env     bool   // the word before was an option whose value is NAME=value of the environment
	port    bool   // the word before was -p of an unknown program
	script  bool   // the word before was -c: a script for a shell follows
	program string // last word that looked like a program with short options for passwords
}

// shortPassword names, for the programs whose password options are one letter, that letter. Programs are told by
// the last part of their path, a version behind it left out.
var shortPassword = map[string]string{
	"mysql": "p", "mysqldump": "p", "mysqladmin": "p", "mysqlimport": "p", "mysqlcheck": "p", "mysqlshow": "p", "mysqlsh": "p",
	"mariadb": "p", "mariadb-dump": "p", "mariadb-admin": "p", "mongo": "p", "mongosh": "p", "mongodump": "p", "mongorestore": "p",
	"sshpass": "p", "redis-cli": "a", "keydb-cli": "a", "valkey-cli": "a", "ldapsearch": "w", "ldapadd": "w", "ldapmodify": "w",
	"curl": "u", "smbclient": "U", "cypher-shell": "p", "rabbitmqadmin": "p", "mosquitto_pub": "P", "mosquitto_sub": "P",
	"sqlcmd": "P", "snmpwalk": "A", "snmpget": "A", "ipmitool": "P",
}

// programOf is the key in shortPassword of a program that is called by this word, empty for any other.
func programOf(word string) string {
	if _, known := shortPassword[path.Base(word)]; known {
		return path.Base(word)
	}
	return ""
}

// portLike is what -p is followed by when it is a port, a mapping of ports or a path, and no password.
var portLike = regexp.MustCompile(`^([0-9.:,-]+(/?(tcp|udp|sctp))?|[./-].*)$`)

// harmlessP are words that begin with p and stand behind one dash in usual commands, so that -p is no password there.
var harmlessP = regexp.MustCompile(`^-p([0-9]*[:/,.-][0-9:/,.-]*(tcp|udp)?|ort|orts|ath|rint|rint0|rune|erm|id|idfile|id-file|roto|rotocol|rofile|eer|eers|ool|refix|lugin|lugins|roject|ipe|arents?|retty|ublic|thread|v|ing|rog|rocess)(=.*)?$`)

// mask returns an argument without its secret. One with blanks in it is looked at as a script for a shell, too.
func (a *argv) mask(arg string) string {
	script := a.script
	a.script = arg == "-c"
	if !strings.ContainsAny(arg, shellBreaks) || a.next {
		return a.word(arg)
	}
	name, _, ok := strings.Cut(arg, "=")
	if ok && !script && !strings.ContainsAny(name, shellBreaks) && telling(name) { // one argument, so all of it is the value
		return name + "=" + masked
	}
	return maskCommand(arg)
}

// word returns one word of a command line without its secret.
func (a *argv) word(word string) string {
	if word == "" {
		return word
	}
	if a.env {
		a.env = false
		if name, value, ok := strings.Cut(word, "="); ok && value != "" {
			return name + "=" + masked
		}
		return word
	}
	if a.next {
		a.next = false
		if !a.maybe || !strings.HasPrefix(word, "--") {
			return masked
		}
	}
	if program := programOf(word); program != "" {
		a.program = program
		return word
	}
	port := a.port
	if a.port = false; port && !portLike.MatchString(word) {
		return masked
	}
	if strings.HasPrefix(word, "-") {
		return a.option(word)
	}
	if word = maskText(word); strings.Contains(word, masked) {
		return word
	}
	// user:password@host without a scheme; an image's digest looks alike.
	if at := strings.LastIndexByte(word, '@'); at > 0 && strings.Contains(word[:at], ":") && !strings.HasPrefix(word[at:], "@sha256:") {
		return masked + word[at:]
	}
	return word
}

// option masks an option, and remembers when the next word is its value.
func (a *argv) option(word string) string {
	name, value, valued := strings.Cut(strings.TrimLeft(word, "-"), "=")
	switch {
	case valued && (name == "env" || name == "e"): // --env=NAME=value
		if v, secret, ok := strings.Cut(value, "="); ok && secret != "" {
			return word[:len(word)-len(value)] + v + "=" + masked
		}
		return word
	case valued && telling(name) && value != "":
		return word[:len(word)-len(value)] + masked
	case valued && name == "user" && strings.Contains(value, ":"):
		return word[:len(word)-len(value)] + masked
	case valued && !strings.HasPrefix(word, "-p"):
		return maskText(word)
	case word == "-e" || word == "--env":
		a.env = true
		return word
	case telling(name) && !valued:
		a.next, a.maybe = true, onlyAuth(name)
		return word
	case strings.HasPrefix(word, "--"):
		if name == "user" && a.program == "curl" {
			a.next, a.maybe = true, false
		}
		return maskText(word)
	}
	letter, known := shortPassword[a.program]
	switch {
	case known && word == "-"+letter: // mysql's -p alone asks at the terminal; what follows it is then the database
		a.next, a.maybe = true, false
		return word
	case known && strings.HasPrefix(word, "-"+letter):
		return "-" + letter + masked
	case strings.HasPrefix(word, "-p") && len(word) > 2 && !harmlessP.MatchString(word):
		return "-p" + masked
	case word == "-p" && !known:
		a.port = true // a port more often than a password
		return word
	}
	return maskText(word)
}

// onlyAuth reports whether a telling option may as well be a switch: auth, no-auth, private.
func onlyAuth(name string) bool {
	joined := strings.Join(words(name), "")
	return joined == "auth" || joined == "noauth" || joined == "private" || joined == "enableauth"
}

// maskCommand masks the secrets of a command line or a shell script that is one string.
func maskCommand(s string) string {
	s = maskText(s) // what needs more than a word to be seen
	var b strings.Builder
	var a argv
	for s != "" {
		blank := len(s) - len(strings.TrimLeft(s, shellBreaks))
		if strings.ContainsAny(s[:blank], "\n;|&") {
			a = argv{} // another command begins
		}
		b.WriteString(s[:blank])
		s = s[blank:]
		n, inner := shellWord(s)
		word := s[:n]
		s = s[n:]
		if inner != "" { // in quotes as a whole: keep them
			b.WriteString(word[:1] + a.mask(inner) + word[n-1:])
			continue
		}
		b.WriteString(a.word(word))
	}
	return b.String()
}

// shellBreaks separate words and commands in a shell.
const shellBreaks = " \t\r\n;|&()"

// shellWord returns the length of the first word of s, and its inside if it stands in quotes as a whole.
func shellWord(s string) (n int, inner string) {
	quote := byte(0)
word:
	for n < len(s) {
		c := s[n]
		switch {
		case quote != 0:
			if c == '\\' && quote == '"' && n+1 < len(s) {
				n++
			} else if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '\\' && n+1 < len(s):
			n++
		case strings.IndexByte(shellBreaks, c) >= 0:
			break word
		}
		n++
	}
	if n >= 2 && (s[0] == '\'' || s[0] == '"') && s[n-1] == s[0] && strings.IndexByte(s[1:n-1], s[0]) < 0 {
		inner = s[1 : n-1]
	}
	return n, inner
}
