package libc

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The C libraries that are told apart.
const (
	Glibc  = "glibc"
	Musl   = "musl"
	UClibc = "uclibc"
	Bionic = "bionic"
)

// File is what an ELF file says of name resolution.
type File struct {
	Static      bool              // it asks for no dynamic linker and no library
	Interpreter string            // dynamic linker that it asks for
	Needed      []string          // libraries that it asks for
	Resolves    *bool             // a dynamic program: it asks for getaddrinfo; nil if that is not known
	Go          string            // version of Go that built it, empty for none
	GoSettings  map[string]string // CGO_ENABLED, -tags, DefaultGODEBUG, as far as they are set
	Libc        string            // C library that it is, holds, or by its dynamic linker asks for; empty when not known
	Version     string            // version of that library, when the file itself tells
	Build       string            // who built that library
	How         string            // what told of the library
}

// Identify reads a library or an executable. A library is searched for the texts of a C library; an executable only if it
// is linked statically. What was found before an error is good.
func Identify(r io.ReaderAt, library bool) (File, error) {
	f, err := open(r)
	if err != nil {
		return File{}, err
	}
	var out File
	out.Interpreter = f.interpreter()
	d, dynamic := f.dynamic()
	out.Needed = d.needed
	out.Static = out.Interpreter == "" && len(d.needed) == 0
	out.Go, out.GoSettings = f.goBuild()
	if dynamic && !library && !out.Static && d.symbols.size > 0 {
		found, err := f.imports(d, "getaddrinfo")
		if err != nil {
			return out, err
		}
		out.Resolves = &found
	}
	if out.Interpreter != "" && !library {
		if out.Libc = byLinker(out.Interpreter); out.Libc != "" {
			out.How = "dynamic linker " + out.Interpreter
		}
		return out, nil
	}
	if !library && (!out.Static || out.Go != "" && !out.cgo()) {
		return out, nil
	}
	for _, s := range f.constants() {
		if err := f.search(s, &out, library); err != nil || out.Libc != "" {
			return out, err
		}
	}
	return out, nil
}

// cgo reports whether a program of Go was built with cgo and the C resolver.
func (f File) cgo() bool {
	return f.GoSettings["CGO_ENABLED"] == "1" && !slices.Contains(strings.Split(f.GoSettings["-tags"], ","), "netgo")
}

// Cgo says of a program of Go whether it can call the C library's resolver; nil if that is not known, or no such program.
func (f File) Cgo() *bool {
	switch {
	case f.Go == "":
		return nil
	case f.Resolves != nil:
		return f.Resolves
	case !f.Static:
		return nil
	case f.GoSettings["CGO_ENABLED"] == "" && f.Libc == "":
		return nil
	}
	return new(f.cgo() && f.Libc != "")
}

// byLinker is the C library that a dynamic linker belongs to.
func byLinker(name string) string {
	switch base := path.Base(name); {
	case strings.HasPrefix(base, "ld-musl-"):
		return Musl
	case strings.HasPrefix(base, "ld-linux") || strings.HasPrefix(base, "ld64.so") || strings.HasPrefix(base, "ld.so") || strings.HasPrefix(base, "ld-2."):
		return Glibc
	case strings.HasPrefix(base, "ld-uClibc") || strings.HasPrefix(base, "ld64-uClibc"):
		return UClibc
	case base == "linker" || base == "linker64":
		return Bionic
	}
	return ""
}

var (
	// glibcBanner is what libc.so.6 prints when it is run (glibc csu/version.c).
	glibcBanner = regexp.MustCompile(`GNU C Library \(([^()\n]{1,80})\)[^\n]{0,40} release version ([0-9]+(?:\.[0-9]+)+)`)

	// muslVersion is __libc_version (musl src/internal/version.c), a string of its own.
	muslVersion = regexp.MustCompile(`\x00([0-9]\.[0-9]{1,2}\.[0-9]{1,2}(?:-git-[0-9]{1,5}-g[0-9a-f]{6,40})?)\x00`)
)

// Texts that only one library has. musl's dynamic linker prints its name (ldso/dynlink.c), its strerror has a text of its own
// for 0 (src/errno/__strerror.h); the rest of glibc's are in every program that it is linked to statically.
const (
	muslName    = "musl libc ("
	muslError   = "\x00No error information\x00"
	glibcName   = "GNU C Library ("
	uclibcName  = "uClibc"
	glibcStatic = "Fatal glibc error: "
	glibcTune   = "GLIBC_TUNABLES"
)

// search looks for the texts of a C library in a span.
func (f *image) search(s span, out *File, library bool) error {
	err := f.scan(s, func(b []byte) bool {
		has := func(text string) bool { return bytes.Contains(b, []byte(text)) }
		switch {
		case has(glibcName):
			if m := glibcBanner.FindSubmatch(b); m != nil {
				out.Libc, out.Build, out.Version, out.How = Glibc, string(m[1]), string(m[2]), "text of the C library's version"
				return false
			}
		case has(muslName):
			out.Libc, out.How = Musl, "text of the C library's dynamic linker"
			return false
		case library:
		case has(glibcStatic) || has(glibcTune):
			out.Libc, out.How = Glibc, "texts of the C library in a static program"
		case has(muslError):
			out.Libc, out.How = Musl, "texts of the C library in a static program"
		case out.Libc == "" && has(uclibcName):
			out.Libc, out.How = UClibc, "its name in a static program"
		}
		return true
	})
	if err != nil || out.Libc != Musl || !library {
		return err
	}
	return f.scan(s, func(b []byte) bool {
		if m := muslVersion.FindSubmatch(b); m != nil {
			out.Version, out.How = string(m[1]), "text of the C library's version"
			return false
		}
		return true
	})
}
