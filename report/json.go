package report

import (
	"bytes"
	_ "embed" // result.schema.json
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/netmortem/netmortem/analyze"
)

//go:embed result.schema.json
var schema []byte

// Schema is the JSON Schema of what JSON writes. It is printed from the structs of package analyze and kept current
// by a test.
func Schema() []byte { return bytes.Clone(schema) }

// JSON writes the result as one indented document, lossless: strings are as captured. Characters that a terminal
// would act upon, and markup, are written as \u escapes, so that the document can be looked at and embedded.
func JSON(w io.Writer, r *analyze.Result) error {
	whole := copied(r, mapper{f: func(_, s string) string { return s }, share: true}) // an array is never null
	doc, err := json.MarshalIndent(whole, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if _, err := w.Write(append(escapeHidden(doc), '\n')); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// escapeHidden escapes the hidden characters of a JSON document; outside strings there are none but line breaks.
func escapeHidden(doc []byte) []byte {
	out := make([]byte, 0, len(doc))
	for i := 0; i < len(doc); {
		r, n := utf8.DecodeRune(doc[i:])
		switch {
		case r < 0x80 && r != 0x7f || !hidden(r):
			out = append(out, doc[i:i+n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	return out
}
