// Package hostile makes bundles of an attacker: real ones in which each captured text carries what would run, forge or
// hide something where it is shown. Tests read them; nothing else imports it.
package hostile

import (
	"errors"
	"io"
	"os"
	"path"
	"reflect"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Payload is appended to texts, everywhere the same so that rows that belong together still do. If any of it runs in a
// browser, window.__pwn is there. It has what ends a terminal's line, title and colour, what turns the order of
// letters, and what is markup, a script's end, a template, a link, a cell's border. Host names may have 255 bytes.
const Payload = "\x1b]0;t\a\x1b[31m\u202e\u2066\u200b\u009b\x00</script></style></title><img src=x onerror=__pwn=1>\r\n" +
	"<svg onload=__pwn=1>\"'><a href=javascript:__pwn=1>x</a>`${__pwn=1}{{.}}|[x](javascript:1)\U000e0041"

// Formula stands before the payload in rows that are made up: what a spreadsheet would run.
const Formula = "=cmd|'/C calc'!A0"

// Mark is in each planted text, and in no other.
const Mark = "__pwn=1"

// A Plant says which texts are planted.
type Plant string

// Names leaves the words alone that rules compare, such as permanent and vxlan: findings are still found. All leaves
// nothing alone.
const (
	Names Plant = "names"
	All   Plant = "all"
)

// Write writes the bundle at from once more to the file to, planted.
func Write(to, from string, how Plant) error {
	in, err := schema.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	meta := in.Meta
	for _, s := range []*string{&meta.Tool, &meta.CaptureID, &meta.Host, &meta.MachineID, &meta.BootID} {
		*s += Payload
	}
	if how == All {
		meta.Interrupted = Formula + Payload
	}
	w, err := schema.NewWriter(meta, schema.Zstd)
	if err != nil {
		return err
	}
	docs := map[string]bool{}
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(e.Data)
		if err != nil {
			return err
		}
		dir, name, _ := strings.Cut(e.Name, "/")
		switch dir {
		case "rows":
			t := schema.TableByName(strings.TrimSuffix(name, ".jsonl"))
			for line := range strings.Lines(string(data)) {
				w.PutLine(t.Name, row(t, []byte(strings.TrimSuffix(line, "\n")), how))
			}
		case "raw":
			docs[name] = true
			if err := w.Raw(name, document(name, data, how)); err != nil {
				return err
			}
		}
	}
	for name, text := range more {
		if !docs[name] {
			if err := w.Raw(name, []byte(strings.ReplaceAll(text, "PAYLOAD", quoted(name, Formula+Payload)))); err != nil {
				return err
			}
		}
	}
	for i := range schema.Tables {
		if t := &schema.Tables[i]; !t.Decoded() && t.Name != "coverage" {
			if _, err := w.Put(madeUp(t)); err != nil {
				return err
			}
		}
	}
	for _, t := range schema.Tables { // of whatever was not planned, too, so that rules look at it
		if t.Name != "coverage" {
			if _, err := w.Put(schema.Coverage{Collector: "hostile" + Payload, Tbl: t.Name, Outcome: schema.OK}); err != nil {
				return err
			}
		}
	}
	for _, o := range []schema.Outcome{schema.Denied, schema.Partial, schema.Outcome(Payload)} {
		if _, err := w.Put(schema.Coverage{Collector: "hostile", Netns: Payload, Document: "raw/x" + Payload, Tbl: "fdb", Outcome: o, Reason: Formula + Payload}); err != nil {
			return err
		}
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(w.Close(f, "a summary"+Payload+"\n"), f.Close())
}

// quoted is a text as a document takes it: within a JSON string, or on one line.
func quoted(name, s string) string {
	if ext := path.Ext(name); ext == ".json" || ext == ".jsonl" {
		return inJSON(s)
	}
	return oneLine(s)
}

// madeUp is a row in which every text is planted and everything else has a value.
func madeUp(t *schema.Table) any {
	v := reflect.New(t.Type).Elem()
	for i := range v.NumField() {
		fill(v.Field(i))
	}
	return v.Interface()
}
