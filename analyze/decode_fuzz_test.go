package analyze

import (
	"bytes"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// FuzzDecodeText gives any text to every decoder of a text form. It wants no panic, rows of tables that exist, and for each the line
// of something that is in the text.
func FuzzDecodeText(f *testing.F) {
	for _, dir := range []string{"proc", "host"} {
		paths, err := filepath.Glob(filepath.Join("..", "testdata", "sources", dir, "*.txtar"))
		if err != nil || len(paths) == 0 {
			f.Fatal("no seeds: ", err)
		}
		for _, path := range paths {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				f.Fatal(err)
			}
			for _, file := range ar.Files {
				f.Add(file.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := int64(bytes.Count(text, []byte("\n"))) + 1
		for _, d := range decoders {
			if filepath.Dir(d.document) == "docker" {
				continue // of JSON
			}
			rows, _ := d.decode(d.document, bytes.NewReader(text))
			for _, r := range rows {
				tableOfRow(r.row)
				if r.line < 1 || r.line > lines {
					t.Fatalf("%s: a row of line %d of %d", d.document, r.line, lines)
				}
			}
		}
	})
}

// TestDecoderOf finds for each document the decoder whose pattern names it.
func TestDecoderOf(t *testing.T) {
	for _, doc := range []string{
		"netns/4026532281/proc_net_snmp", "netns/1/proc_net_sockstat6.last", "proc/pressure/io.last", "proc/stat", "docker/tasks.last.json",
		"host/etc/sysctl.d/99-x.conf", "host/etc/sysctl.conf", "host/usr/lib/systemd/network/99-default.link",
	} {
		if decoderOf(doc) == nil {
			t.Errorf("%s: no decoder", doc)
		}
	}
	for _, doc := range []string{"netns/4026532281/proc_net_unix", "netns/proc_net_snmp", "host/etc/hosts", "host/etc/sysctl.d/sub/x.conf", "proc/pressure", ""} {
		if decoderOf(doc) != nil {
			t.Errorf("%s: has a decoder", doc)
		}
	}
	for _, d := range decoders {
		if decoderOf(d.document) == nil {
			t.Errorf("%s is not found", d.document)
		}
	}
}

// TestTablesFrom finds by name what the patterns of all tables say.
func TestTablesFrom(t *testing.T) {
	docs := []string{"raw/netns/4026532281/proc_net_snmp", "raw/host/etc/sysctl.d/99-x.conf", "raw/proc/pressure/io.last", "raw/none", "raw/", "raw/netns/1", "raw/host/etc/hosts"}
	for i := range schema.Tables {
		for _, doc := range schema.Tables[i].Docs {
			docs = append(docs, "raw/"+doc)
		}
	}
	for _, doc := range docs {
		want := map[string]bool{}
		for i := range schema.Tables {
			for _, pattern := range schema.Tables[i].Docs {
				if matches(pattern, doc) {
					want[schema.Tables[i].Name] = true
				}
			}
		}
		got := tablesFrom(doc)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", doc, got, want)
		}
		for _, table := range got {
			if !want[table] {
				t.Errorf("%s: %s is not decoded from it", doc, table)
			}
		}
	}
}
