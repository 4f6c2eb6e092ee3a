package analyze

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// blindKey tells whether a finding was there before: its wording may change with what is known, its subject not.
func blindKey(f Finding) string { return f.Host + "\x00" + f.Subject }

// A blinding is a fixture with something taken away.
type blinding struct {
	what  string
	hosts []*fixtureHost
}

func blindings(q *question, f *fixture) []blinding {
	var out []blinding
	for i, h := range f.hosts {
		with := func(what string, changed ...*fixtureHost) {
			out = append(out, blinding{what, slices.Concat(f.hosts[:i], changed, f.hosts[i+1:])})
		}
		if len(f.hosts) > 1 {
			with("the host " + h.name)
		}
		for _, table := range q.reads {
			tab := schema.TableByName(table)
			with(h.name+"/"+table, h.without(tab))
			if namespaces := h.namespaces(table); tab.Scope == schema.PerNetns && len(namespaces) > 1 {
				for _, ns := range namespaces {
					with(h.name+"/"+table+" in namespace "+ns, h.withoutIn(tab, ns))
				}
			}
		}
		for name := range maps.Keys(h.files) {
			if doc, ok := strings.CutPrefix(name, "raw/"); ok && len(tablesFrom(doc)) > 0 {
				with(h.name+"/"+name, h.withoutDocument(doc))
			}
		}
		with(h.name+"'s coverage", h.edit(func(name string, data []byte) []byte {
			if name == "rows/coverage.jsonl" {
				return nil
			}
			return data
		}))
		with(h.name+"'s last read", h.readOnce())
	}
	return out
}

// edit copies the host with every file changed by f; a file that becomes nil is gone.
func (h *fixtureHost) edit(f func(name string, data []byte) []byte) *fixtureHost {
	c := &fixtureHost{name: h.name, meta: h.meta, files: map[string][]byte{}, filled: h.filled}
	for name, data := range h.files {
		if data = f(name, data); data != nil {
			c.files[name] = data
		}
	}
	return c
}

// editCoverage changes each coverage row.
func editCoverage(data []byte, f func(c *schema.Coverage)) []byte {
	out := []byte{}
	for line := range bytes.Lines(data) {
		var c schema.Coverage
		if json.Unmarshal(line, &c) != nil {
			out = append(out, line...)
			continue
		}
		f(&c)
		b, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

// without takes a table away: its rows, and its coverage, which says denied. The documents of a decoded table feed
// other tables too; those keep their rows only if they stand in rows/.
func (h *fixtureHost) without(t *schema.Table) *fixtureHost {
	return h.edit(func(name string, data []byte) []byte {
		doc, isDoc := strings.CutPrefix(name, "raw/")
		switch {
		case name == "rows/"+t.Name+".jsonl", isDoc && slices.Contains(tablesFrom(doc), t.Name):
			return nil
		case name == "rows/coverage.jsonl":
			return editCoverage(data, func(c *schema.Coverage) {
				if c.Tbl == t.Name || c.Document != "" && slices.Contains(tablesFrom(c.Document), t.Name) {
					c.Outcome, c.Reason = schema.Denied, "taken away"
				}
			})
		}
		return data
	})
}

// namespaces are those in which the host has rows of a table.
func (h *fixtureHost) namespaces(table string) []string {
	seen := map[string]bool{}
	for line := range bytes.Lines(h.files["rows/"+table+".jsonl"]) {
		if ns := netnsOfLine(line); ns != "" {
			seen[ns] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func netnsOfLine(line []byte) string {
	var row struct {
		Netns string `json:"netns"`
	}
	if json.Unmarshal(line, &row) != nil {
		return ""
	}
	return row.Netns
}

// withoutIn takes a table away in one namespace, as if it could not be entered.
func (h *fixtureHost) withoutIn(t *schema.Table, ns string) *fixtureHost {
	return h.edit(func(name string, data []byte) []byte {
		switch name {
		case "rows/" + t.Name + ".jsonl":
			out := []byte{}
			for line := range bytes.Lines(data) {
				if netnsOfLine(line) == ns {
					line = []byte("\n") // the addresses of the others stay
				}
				out = append(out, line...)
			}
			return out
		case "rows/coverage.jsonl":
			return editCoverage(data, func(c *schema.Coverage) {
				if c.Tbl == t.Name && c.Netns == ns {
					c.Outcome, c.Reason = schema.Denied, "taken away"
				}
			})
		}
		return data
	})
}

// withoutDocument takes one document away.
func (h *fixtureHost) withoutDocument(doc string) *fixtureHost {
	return h.edit(func(name string, data []byte) []byte {
		switch name {
		case "raw/" + doc:
			return nil
		case "rows/coverage.jsonl":
			return editCoverage(data, func(c *schema.Coverage) {
				if strings.TrimPrefix(c.Document, "raw/") == doc {
					c.Outcome, c.Reason = schema.Timeout, "taken away"
				}
			})
		}
		return data
	})
}

// readOnce makes the host one that was read a single time: what both reads saw, the first saw; and the last read's
// documents are not there.
func (h *fixtureHost) readOnce() *fixtureHost {
	return h.edit(func(name string, data []byte) []byte {
		switch {
		case strings.HasSuffix(name, ".last") || strings.HasSuffix(name, ".last.json"):
			return nil
		case name == "rows/host.jsonl":
			return withoutKeys(data, "last_read")
		case name == "rows/coverage.jsonl":
			var out []byte
			for line := range bytes.Lines(data) {
				if !bytes.Contains(line, []byte(".last")) {
					out = append(out, line...)
				}
			}
			return out
		case strings.HasPrefix(name, "rows/"):
			return bytes.ReplaceAll(data, []byte(`"seen":"both"`), []byte(`"seen":"first"`))
		}
		return data
	})
}

func withoutKeys(data []byte, keys ...string) []byte {
	var out []byte
	for line := range bytes.Lines(data) {
		var row map[string]any
		if json.Unmarshal(line, &row) != nil {
			continue
		}
		for _, k := range keys {
			delete(row, k)
		}
		b, err := json.Marshal(row)
		if err != nil {
			panic(err)
		}
		out = append(append(out, b...), '\n')
	}
	return out
}
