package capture

import (
	"path"
	"regexp"
	"strings"
)

// Kinds of core_pattern (core(5); fs/coredump.c, format_corename).
const (
	coreNone     = "none"     // empty: no core at all
	corePipe     = "pipe"     // |program arguments
	coreSocket   = "socket"   // @path, from 6.16 on
	coreAbsolute = "absolute" // a path of the crashing process's mount namespace
	coreRelative = "relative" // a path from its working directory
)

// corePattern is core_pattern taken apart.
type corePattern struct {
	kind, text string
	handler    string // program of a pipe
	file       string // path of the others, specifiers in it; with .%p behind it where core_uses_pid adds that
}

func parseCorePattern(text string, usesPID bool) corePattern {
	text = strings.TrimRight(text, "\n")
	p := corePattern{text: text, file: text}
	switch {
	case text == "" && !usesPID:
		p.kind = coreNone
	case strings.HasPrefix(text, "|"):
		p.kind, p.file = corePipe, ""
		if f := strings.Fields(text[1:]); len(f) > 0 {
			p.handler = f[0]
		}
		return p
	case strings.HasPrefix(text, "@"):
		p.kind, p.file = coreSocket, strings.TrimLeft(text, "@")
		return p
	case strings.HasPrefix(text, "/"):
		p.kind = coreAbsolute
	default:
		p.kind = coreRelative
	}
	if usesPID && !strings.Contains(strings.ReplaceAll(text, "%%", ""), "%p") {
		p.file += ".%p"
	}
	return p
}

// in is the path of the core of a process whose working directory is cwd, specifiers left in it.
func (p corePattern) in(cwd string) string {
	switch p.kind {
	case coreAbsolute:
		return path.Clean(p.file)
	case coreRelative:
		return path.Join(cwd, p.file)
	}
	return ""
}

// dirOf is the directory that a core with that path is in, and whether that is all of it: below a directory whose name holds
// specifiers it is the part above them.
func dirOf(core string) (dir string, whole bool) {
	dir = path.Dir(core)
	at := strings.IndexByte(dir, '%')
	if at < 0 {
		return dir, true
	}
	return path.Dir(dir[:at] + "x"), false
}

// specifier is one of core_pattern: a % and a letter.
var specifier = regexp.MustCompile(`%(?:%|.)`)

// nameOf matches the names of files that the pattern makes, without its directory. Other than that, everything that begins
// with core is worth a look.
func (p corePattern) nameOf() *regexp.Regexp {
	base := path.Base(p.file)
	var b strings.Builder
	b.WriteString("^(?:core.*|")
	for {
		at := specifier.FindStringIndex(base)
		if at == nil {
			break
		}
		b.WriteString(regexp.QuoteMeta(base[:at[0]]))
		if base[at[0]:at[1]] == "%%" {
			b.WriteString("%")
		} else {
			b.WriteString(".*")
		}
		base = base[at[1]:]
	}
	b.WriteString(regexp.QuoteMeta(base) + ")$")
	if p.file == "" || strings.HasSuffix(b.String(), "|.*)$") { // of specifiers only: it would match every file
		return regexp.MustCompile(`^core.*$`)
	}
	return regexp.MustCompile(b.String())
}
