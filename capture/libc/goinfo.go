package libc

import (
	"bytes"
	"encoding/binary"
	"runtime/debug"
	"strings"
)

// goMagic begins the build information of Go (debug/buildinfo). That package is not used: it would decompress sections.
const goMagic = "\xff Go buildinf:"

const (
	mostGoInfo  = 1 << 20
	goInfoAlign = 16
)

// goSettings are the build settings that decide about Go's resolver, and nothing else: others may hold what somebody
// passed to the linker.
var goSettings = []string{"CGO_ENABLED", "-tags", "DefaultGODEBUG"}

// goBuild is the version of Go that a program was built by, empty for none, and its settings.
func (f *image) goBuild() (version string, settings map[string]string) {
	var where span
	if s, ok := f.sections[".go.buildinfo"]; ok {
		where = s
	} else {
		for _, s := range f.segments { // the linker puts it at the start of the data
			if s.kind == ptLoad && s.flags&pfWrite != 0 {
				where = s
				break
			}
		}
	}
	b, err := f.bytes(where, mostGoInfo)
	if err != nil {
		return "", nil
	}
	for from := 0; ; {
		i := bytes.Index(b[from:], []byte(goMagic))
		if i < 0 {
			return "", nil
		}
		if from += i; from%goInfoAlign == 0 {
			b = b[from:]
			break
		}
		from++
	}
	if len(b) < 32 {
		return "", nil
	}
	var module string
	if b[15]&2 != 0 { // two strings behind the header, each after its length (Go 1.18)
		version, b = inline(b[32:])
		module, _ = inline(b)
	} else { // two pointers to strings
		order := binary.ByteOrder(binary.LittleEndian)
		if b[15]&1 != 0 {
			order = binary.BigEndian
		}
		version, module = f.pointed(order, int(b[14]), b[16:]), f.pointed(order, int(b[14]), b[16+int(b[14]&15):])
	}
	if !strings.HasPrefix(version, "go") && !strings.HasPrefix(version, "devel") || len(version) > 128 {
		return "", nil
	}
	return version, buildSettings(module)
}

// inline reads a length and a string.
func inline(b []byte) (string, []byte) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return "", nil
	}
	return string(b[w : w+int(n)]), b[w+int(n):]
}

// pointed reads a string by a pointer to its header.
func (f *image) pointed(order binary.ByteOrder, size int, b []byte) string {
	word := func(b []byte) (uint64, bool) {
		switch {
		case size == 8 && len(b) >= 8:
			return order.Uint64(b), true
		case size == 4 && len(b) >= 4:
			return uint64(order.Uint32(b)), true
		}
		return 0, false
	}
	addr, ok := word(b)
	if !ok {
		return ""
	}
	s, ok := f.at(addr)
	if !ok {
		return ""
	}
	head, err := f.bytes(s, uint64(2*size))
	if err != nil || len(head) < 2*size {
		return ""
	}
	data, _ := word(head)
	length, _ := word(head[size:])
	if s, ok = f.at(data); !ok || length > s.size || length > mostGoInfo {
		return ""
	}
	text, err := f.bytes(s, length)
	if err != nil {
		return ""
	}
	return string(text)
}

// buildSettings reads the settings out of the module information, which stands between two marks of 16 bytes.
func buildSettings(module string) map[string]string {
	if len(module) < 33 || module[len(module)-17] != '\n' {
		return nil
	}
	info, err := debug.ParseBuildInfo(module[16 : len(module)-16])
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for _, s := range info.Settings {
		for _, key := range goSettings {
			if s.Key == key && len(s.Value) <= longestString {
				out[key] = s.Value
			}
		}
	}
	return out
}
