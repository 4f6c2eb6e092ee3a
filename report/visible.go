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

// visibleCopy is a deep copy of r in which every string is visible, also those of fields that are added later.
func visibleCopy(r *analyze.Result) *analyze.Result {
	return mapStrings(r, func(field, s string) string { return visible(s, blocks[field]) })
}

// mapStrings is a deep copy of r with f applied to every string; field is the struct field that holds it, such as
// Finding.Summary. A nil slice becomes an empty one, except in a scene, where nil says that nothing of the kind was captured.
func mapStrings(r *analyze.Result, f func(field, s string) string) *analyze.Result {
	out := reflect.New(reflect.TypeFor[analyze.Result]()).Elem()
	copyStrings(out, reflect.ValueOf(r).Elem(), "", f)
	return out.Addr().Interface().(*analyze.Result)
}

func copyStrings(dst, src reflect.Value, field string, f func(field, s string) string) {
	switch src.Kind() {
	case reflect.String:
		dst.SetString(f(field, src.String()))
	case reflect.Slice:
		if src.IsNil() && strings.HasPrefix(field, sceneField) {
			return
		}
		dst.Set(reflect.MakeSlice(src.Type(), src.Len(), src.Len()))
		for i := range src.Len() {
			copyStrings(dst.Index(i), src.Index(i), field, f)
		}
	case reflect.Map:
		dst.Set(reflect.MakeMap(src.Type()))
		for it := src.MapRange(); it.Next(); {
			k, v := reflect.New(src.Type().Key()).Elem(), reflect.New(src.Type().Elem()).Elem()
			copyStrings(k, it.Key(), field, f)
			copyStrings(v, it.Value(), field, f)
			dst.SetMapIndex(k, v)
		}
	case reflect.Struct:
		dst.Set(src) // also what has no exported fields, as time.Time
		for i := range src.NumField() {
			if t := src.Type().Field(i); t.IsExported() {
				name := src.Type().Name() + "." + t.Name
				if src.Type().PkgPath() == scenePackage {
					name = sceneField + name
				}
				copyStrings(dst.Field(i), src.Field(i), name, f)
			}
		}
	case reflect.Pointer:
		if !src.IsNil() {
			dst.Set(reflect.New(src.Type().Elem()))
			copyStrings(dst.Elem(), src.Elem(), field, f)
		}
	default:
		dst.Set(src)
	}
}
