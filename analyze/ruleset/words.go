package ruleset

import "strings"

// words cuts a rule into its words as a shell would: in double quotes, after a backslash, a character stands for
// itself. A word that was quoted loses its quotes.
func words(s string) []string {
	if !strings.ContainsAny(s, `"\`) {
		return strings.Fields(s)
	}
	var out []string
	var b strings.Builder
	in, quoted := false, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && quoted && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case c == '"':
			quoted, in = !quoted, true
		case c == ' ' && !quoted:
			if in {
				out = append(out, b.String())
				b.Reset()
			}
			in = false
		default:
			b.WriteByte(c)
			in = true
		}
	}
	if in {
		out = append(out, b.String())
	}
	return out
}

// An option is one --option of a match or a target with its values.
type option struct {
	name   string // without dashes
	invert bool
	args   []string
}

// arg is a value, empty for one that is not there.
func (o *option) arg(i int) string {
	if i < len(o.args) {
		return o.args[i]
	}
	return ""
}

// values says how many values an option has, where what follows might be taken for a value, or a value for an option:
// a comment may be "-j". Others take what follows up to a word that begins with a dash or is "!".
var values = map[string]int{
	"comment": 1, "log-prefix": 1, "nflog-prefix": 1, "helper": 1, "name": 1, "tcp-flags": 2, "match-set": 2, "u32": 1, "bytecode": 1,
	"ipvs": 0, "strict": 0, "next": 0, "log-uid": 0, "physdev-in": 1, "physdev-out": 1, "object-pinned": 1, "to-source": 1, "to-destination": 1,
}

// options reads options up to the next match or target and returns the words behind them.
func options(w []string) (list []option, rest []string) {
	invert := false
	for len(w) > 0 {
		switch {
		case w[0] == "!":
			if len(w) < 2 || !strings.HasPrefix(w[1], "--") {
				return list, w
			}
			invert, w = true, w[1:]
		case strings.HasPrefix(w[0], "--"):
			o := option{name: w[0][2:], invert: invert}
			invert, w = false, w[1:]
			n, fixed := values[o.name]
			if !fixed {
				for n < len(w) && w[n] != "!" && (!strings.HasPrefix(w[n], "-") || len(w[n]) > 1 && w[n][1] >= '0' && w[n][1] <= '9') && !strings.HasPrefix(w[n], "[unmodelled") {
					n++
				}
			}
			n = min(n, len(w))
			o.args, w = w[:n:n], w[n:]
			list = append(list, o)
		default:
			return list, w
		}
	}
	return list, nil
}

// cutUnmodelled takes the mark of an extension that capture did not understand from the front: [unmodelled name.1=hex].
func cutUnmodelled(w []string) (name string, rest []string, ok bool) {
	if len(w) < 2 || w[0] != "[unmodelled" {
		return "", w, false
	}
	name, _, _ = strings.Cut(w[1], "=")
	return name, w[2:], true
}
