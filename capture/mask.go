package capture

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// masked stands in a document where a value was that must not leave the host.
const masked = "<masked>"

// errNotJSON is why a document is withheld: what cannot be parsed cannot be searched for secrets.
var errNotJSON = errors.New("not JSON, so its secrets could not be masked")

// maskJSON returns a JSON document without its secrets, and how many values were masked. Every byte outside those
// values stays as it was; with nothing to mask the result equals doc. What cannot be parsed gives errNotJSON.
//
// Masked are: environment values (NAME stays); everything below a key that holds keys, tokens or registry logins;
// payloads of secrets and configs; values of labels and options whose key tells of a secret; secrets on command
// lines; and in any string at all: logins in URLs, join tokens, private keys, name=value pairs with a telling name.
func maskJSON(doc []byte) ([]byte, int, error) {
	if !json.Valid(doc) {
		return nil, 0, errNotJSON
	}
	m := masker{in: doc}
	m.out.Grow(len(doc))
	m.value(place{})
	m.out.Write(m.in[m.pos:])
	return m.out.Bytes(), m.count, nil
}

// A treatment says how the strings at a place of the document are looked at.
type treatment int

const (
	byContent  treatment = iota // mask only what is in itself a secret
	whole                       // mask all of it
	environ                     // NAME=value: mask the value
	command                     // a command line, or the arguments of one
	login                       // an address that may begin with a login, with or without a scheme: a proxy's
	assignment                  // key=value with a key that a user chose: a label in a list
)

// A place is where in the document the walker is.
type place struct {
	key    string // lower-case key of the nearest object member
	how    treatment
	chosen bool // the keys of this object were chosen by a user: a label, an option, a variable
}

// masker walks a document that is known to be valid JSON.
type masker struct {
	in    []byte
	pos   int // all of in before it has been written or dropped
	out   bytes.Buffer
	count int

	program string // last program met in a command whose short options hold passwords: its arguments may stand elsewhere
}

// space copies white space.
func (m *masker) space() {
	start := m.pos
	for m.pos < len(m.in) && strings.IndexByte(" \t\r\n", m.in[m.pos]) >= 0 {
		m.pos++
	}
	m.out.Write(m.in[start:m.pos])
}

// copy copies n bytes.
func (m *masker) copy(n int) {
	m.out.Write(m.in[m.pos : m.pos+n])
	m.pos += n
}

func (m *masker) value(p place) {
	m.space()
	switch m.in[m.pos] {
	case '{':
		m.object(p)
	case '[':
		m.array(p)
	case '"':
		m.put(m.text(p))
	default: // a number, true, false or null
		end := m.pos
		for end < len(m.in) && strings.IndexByte(" \t\r\n,]}", m.in[end]) < 0 {
			end++
		}
		token := m.in[m.pos:end]
		if (p.how == whole || p.how == environ) && token[0] != 'n' && token[0] != 't' && token[0] != 'f' {
			m.pos = end
			m.put(m.replace(masked))
			return
		}
		m.copy(end - m.pos)
	}
}

func (m *masker) object(p place) {
	m.copy(1)
	for {
		m.space()
		switch m.in[m.pos] {
		case '}':
			m.copy(1)
			return
		case ',':
			m.copy(1)
			continue
		}
		raw := m.token()
		m.out.Write(raw)
		m.space()
		m.copy(1) // the colon
		m.space()
		m.value(p.member(unquote(raw), m.in[m.pos]))
	}
}

func (m *masker) array(p place) {
	m.copy(1)
	args := argv{program: m.program}
	for {
		m.space()
		switch m.in[m.pos] {
		case ']':
			m.copy(1)
			m.program = args.program
			return
		case ',':
			m.copy(1)
			continue
		case '"':
			if p.how == command { // the elements are one command line: an option's value may be the next one
				raw := m.token()
				word := unquote(raw)
				if s := args.mask(word); s != word {
					m.put(m.replace(s))
				} else {
					m.out.Write(raw)
				}
				continue
			}
		}
		m.value(p)
	}
}

// token reads a string token, quotes included.
func (m *masker) token() []byte {
	start := m.pos
	m.pos++
	for m.in[m.pos] != '"' {
		if m.in[m.pos] == '\\' {
			m.pos++
		}
		m.pos++
	}
	m.pos++
	return m.in[start:m.pos]
}

// text reads a string and returns the token to write for it.
func (m *masker) text(p place) []byte {
	raw := m.token()
	s := unquote(raw)
	if s == "" {
		return raw
	}
	t := s
	switch p.how {
	case whole:
		t = masked
	case environ:
		if name, _, ok := strings.Cut(s, "="); !p.chosen && ok {
			t = name + "=" + masked
		} else if p.chosen {
			t = masked
		}
	case command:
		t = maskCommand(s)
	case login:
		t = maskLogin(maskText(s))
	case assignment:
		t = maskText(s)
		if name, _, ok := strings.Cut(s, "="); ok && !p.chosen && (telling(name) || tellingLabel(strings.ToLower(name))) {
			t = name + "=" + masked
		}
	default:
		if p.key == "path" { // of a container: the program; Args come behind it
			m.program = programOf(s)
		}
		t = maskText(s)
	}
	if t == s {
		return raw
	}
	return m.replace(t)
}

// replace counts a masked value and returns its token.
func (m *masker) replace(s string) []byte {
	m.count++
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return bytes.TrimRight(b.Bytes(), "\n")
}

func (m *masker) put(token []byte) { m.out.Write(token) }

// unquote decodes a string token that is known to be valid.
func unquote(token []byte) string {
	if bytes.IndexByte(token, '\\') < 0 {
		return string(token[1 : len(token)-1])
	}
	var s string
	_ = json.Unmarshal(token, &s) // valid by the check at the start
	return s
}
