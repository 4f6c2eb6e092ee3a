package report

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// Visible returns s as one line of text in which nothing is hidden: a control character becomes its picture (␛ for
// escape, ␊ for newline), an invisible or direction-changing one its number (\u202e), a byte that is no UTF-8 its
// value (\xff). Whoever prints captured text on a terminal prints this.
func Visible(s string) string { return visible(s, false) }

// visible is Visible; a block keeps its newlines and tabs.
func visible(s string, block bool) string {
	if allASCII(s) {
		return s
	}
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || hidden(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case block && (r == '\n' || r == '\t'):
			b.WriteRune(r)
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the block Control Pictures has them in order
		case r == 0x7f:
			b.WriteRune('␡')
		case hidden(r) && r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// allASCII reports whether s is of ASCII's visible characters and spaces alone, as nearly all is that is captured.
func allASCII(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// hidden reports whether a reader would not see the rune: controls (C0, C1, delete), format characters (bidirectional
// overrides, zero widths, tags), line and paragraph separators, private use, and spaces that are not the space.
func hidden(r rune) bool {
	return r != ' ' && !unicode.IsGraphic(r) || r != ' ' && unicode.Is(unicode.Zs, r) || blank(r)
}

// blank reports letters and marks that Unicode counts as graphic and fonts draw as nothing.
func blank(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0: // joiner, Hangul and Khmer fillers, empty Braille
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r)
}

// blocks are the fields of a Result that may span lines: text of rules, and excerpts. Every other one is a line.
var blocks = map[string]bool{"Finding.Check": true, "Finding.Remedy": true, "Evidence.Excerpt": true, "Competing.Check": true, "Judged.Means": true, "scene.Hop.Excerpt": true}

// scenePackage is where the types of a scene are; sceneField stands before the names of their fields.
var scenePackage = reflect.TypeFor[scene.Scene]().PkgPath()

const sceneField = "scene."

// visibleCopy is r with every string visible, also those of fields that are added later. What nothing hides in is shared with r: of a
// result that fills half the memory there is no room for another, and a page changes nothing in it.
func visibleCopy(r *analyze.Result) *analyze.Result {
	return copied(r, mapper{f: func(field, s string) string { return visible(s, blocks[field]) }, share: true})
}

// copied is r with a mapper applied to every string. A nil slice becomes an empty one, except in a scene, where nil says that nothing of
// the kind was captured.
func copied(r *analyze.Result, m mapper) *analyze.Result {
	m.names = map[reflect.Type][]string{}
	out := reflect.New(reflect.TypeFor[analyze.Result]()).Elem()
	m.copy(out, reflect.ValueOf(r).Elem(), "")
	return out.Addr().Interface().(*analyze.Result)
}

// A mapper copies values and maps the strings in them.
type mapper struct {
	f     func(field, s string) string // field is the struct field that holds s, such as Finding.Summary
	share bool                         // what would be copied as it is is shared

	names map[reflect.Type][]string // of the fields of a struct
}

func (m mapper) copy(dst, src reflect.Value, field string) {
	if m.share && m.same(src, field) {
		dst.Set(src)
		return
	}
	switch src.Kind() {
	case reflect.String:
		dst.SetString(m.f(field, src.String()))
	case reflect.Slice:
		if stays(src, field) {
			return
		}
		dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			m.copy(dst.Index(i), src.Index(i), field)
		}
	case reflect.Map:
		dst.Set(reflect.MakeMap(src.Type()))
		for it := src.MapRange(); it.Next(); {
			k, v := reflect.New(src.Type().Key()).Elem(), reflect.New(src.Type().Elem()).Elem()
			m.copy(k, it.Key(), field)
			m.copy(v, it.Value(), field)
			dst.SetMapIndex(k, v)
		}
	case reflect.Struct:
		dst.Set(src) // also what has no exported fields, as time.Time
		for i, name := range m.fields(src.Type()) {
			if name != "" {
				m.copy(dst.Field(i), src.Field(i), name)
			}
		}
	case reflect.Pointer:
		if !src.IsNil() {
			dst.Set(reflect.New(src.Type().Elem()))
			m.copy(dst.Elem(), src.Elem(), field)
		}
	default:
		dst.Set(src)
	}
}

// same reports whether a copy would be as what it is of.
func (m mapper) same(src reflect.Value, field string) bool {
	switch src.Kind() {
	case reflect.String:
		return m.f(field, src.String()) == src.String()
	case reflect.Slice:
		if src.IsNil() {
			return stays(src, field)
		}
		for i := range src.Len() {
			if !m.same(src.Index(i), field) {
				return false
			}
		}
	case reflect.Map:
		if src.IsNil() {
			return false
		}
		for it := src.MapRange(); it.Next(); {
			if !m.same(it.Key(), field) || !m.same(it.Value(), field) {
				return false
			}
		}
	case reflect.Struct:
		for i, name := range m.fields(src.Type()) {
			if name != "" && !m.same(src.Field(i), name) {
				return false
			}
		}
	case reflect.Pointer:
		return src.IsNil() || m.same(src.Elem(), field)
	}
	return true
}

// stays reports whether a nil slice does not become an empty one.
func stays(src reflect.Value, field string) bool {
	return src.IsNil() && strings.HasPrefix(field, sceneField)
}

// fields are what the fields of a struct are called here; empty for one that is not exported.
func (m mapper) fields(t reflect.Type) []string {
	names, ok := m.names[t]
	if ok {
		return names
	}
	for i := range t.NumField() {
		name := ""
		if f := t.Field(i); f.IsExported() {
			name = t.Name() + "." + f.Name
			if t.PkgPath() == scenePackage {
				name = sceneField + name
			}
		}
		names = append(names, name)
	}
	m.names[t] = names
	return names
}
