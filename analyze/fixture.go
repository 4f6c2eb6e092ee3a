package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// A fixture is a miniature cluster in a text archive: its files have bundle paths, node-a/rows/fdb.jsonl or
// node-a/raw/docker/tasks.json, and the file want holds the findings as printed by [printFindings].
//
// What a fixture does not say is healthy and complete: a host without rows/coverage.jsonl gets coverage rows that
// call every table, namespace and document read whole, and a host without rows/host.jsonl was read twice. Rows of a
// decoded table may stand in rows/<table>.jsonl, which is shorter than the document.
type fixture struct {
	path  string
	ar    *txtar.Archive
	hosts []*fixtureHost
}

// A fixtureHost is one of its hosts, as a bundle in memory.
type fixtureHost struct {
	name  string
	files map[string][]byte // relative to the bundle's top
	meta  schema.Meta

	filled bool // rows/coverage.jsonl is not the fixture's own
}

// parseFixture reads a fixture's file.
func parseFixture(path string) (*fixture, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &fixture{path: path, ar: txtar.Parse(data)}
	byName := map[string]*fixtureHost{}
	for _, file := range f.ar.Files {
		host, name, ok := strings.Cut(file.Name, "/")
		if !ok {
			if file.Name != "want" {
				return nil, fmt.Errorf("%s: file %s is neither below a host nor want", path, file.Name)
			}
			continue
		}
		h := byName[host]
		if h == nil {
			h = &fixtureHost{name: host, files: map[string][]byte{}, meta: schema.Meta{
				Format: schema.FormatVersion, Tool: "fixture", CaptureID: host, Host: host,
				Started: time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC), Finished: time.Date(2026, 11, 20, 2, 14, 20, 0, time.UTC), Window: 10,
			}}
			byName[host] = h
			f.hosts = append(f.hosts, h)
		}
		if name == "meta.json" {
			if err := json.Unmarshal(file.Data, &h.meta); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, file.Name, err)
			}
			continue
		}
		if h.files[name] != nil {
			return nil, fmt.Errorf("%s: file %s is there twice", path, file.Name)
		}
		h.files[name] = file.Data
	}
	for _, h := range f.hosts {
		h.complete()
	}
	return f, nil
}

// complete fills in what the fixture leaves unsaid.
func (h *fixtureHost) complete() {
	if h.files["rows/host.jsonl"] == nil {
		h.files["rows/host.jsonl"] = fmt.Appendf(nil, `{"hostname":%q,"kernel":"6.1.0","wall":"2026-11-20T02:14:07Z","first_read":"2026-11-20T02:14:08Z","last_read":"2026-11-20T02:14:18Z","finished_read":"2026-11-20T02:14:19Z"}`+"\n", h.name)
	}
	if h.files["rows/coverage.jsonl"] != nil {
		return
	}
	var b bytes.Buffer
	for _, c := range h.allCoverage() {
		line, err := json.Marshal(c)
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	h.files["rows/coverage.jsonl"], h.filled = b.Bytes(), true
}

// namedItems puts the item in the place of the line where text cites coverage that was filled in: coverage.jsonl:fdb@1,
// so that goldens do not change when a table joins the schema.
func namedItems(hosts []*fixtureHost, text string) string {
	return coverageRef.ReplaceAllStringFunc(text, func(ref string) string {
		m := coverageRef.FindStringSubmatch(ref)
		i := slices.IndexFunc(hosts, func(h *fixtureHost) bool { return h.name == m[1] && h.filled })
		n, err := strconv.Atoi(m[2])
		if i < 0 || err != nil {
			return ref
		}
		lines := bytes.Split(hosts[i].files["rows/coverage.jsonl"], []byte("\n"))
		var c schema.Coverage
		if n < 1 || n > len(lines) || json.Unmarshal(lines[n-1], &c) != nil {
			return ref
		}
		name := c.Tbl + c.Document
		if c.Tbl != "" && c.Netns != "" {
			name += "@" + c.Netns
		}
		return m[1] + "/rows/coverage.jsonl:" + name
	})
}

var coverageRef = regexp.MustCompile(`([^\s/]+)/rows/coverage\.jsonl:([0-9]+)`)

// allCoverage says ok to every table, in every namespace that a row of the host names, and to every document. The
// swarm's documents are absent on a host that has none of them and none of their rows: a worker.
func (h *fixtureHost) allCoverage() []schema.Coverage {
	namespaces := map[string]bool{}
	manager := false
	for name, data := range h.files {
		if ns := documentNetns(name); ns != "" {
			namespaces[ns] = true
		}
		for line := range bytes.Lines(data) {
			var row struct {
				Netns string `json:"netns"`
			}
			if strings.HasPrefix(name, "rows/") && json.Unmarshal(line, &row) == nil && row.Netns != "" {
				namespaces[row.Netns] = true
			}
		}
		for i := range schema.Tables {
			t := &schema.Tables[i]
			if t.Scope == schema.PerSwarm && (name == "rows/"+t.Name+".jsonl" || slices.Contains(t.Docs, strings.TrimPrefix(name, "raw/"))) {
				manager = true
			}
		}
	}
	var out []schema.Coverage
	docs := map[string]bool{}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		switch {
		case t.Name == "coverage":
		case t.Decoded():
			for _, doc := range t.Docs {
				if docs[doc] {
					continue
				}
				docs[doc] = true
				outcome := schema.OK
				if t.Scope == schema.PerSwarm && !manager {
					outcome = schema.Absent
				}
				if !strings.Contains(doc, "*") {
					out = append(out, schema.Coverage{Collector: "docker", Document: "raw/" + doc, Outcome: outcome})
					continue
				}
				for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
					out = append(out, schema.Coverage{Collector: "proc", Netns: ns, Document: "raw/" + strings.Replace(doc, "*", ns, 1), Outcome: outcome})
				}
			}
		case t.Scope == schema.PerNetns && len(namespaces) == 0:
			out = append(out, schema.Coverage{Collector: t.Name, Tbl: t.Name, Outcome: schema.Absent})
		case t.Scope == schema.PerNetns:
			for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
				out = append(out, schema.Coverage{Collector: t.Name, Tbl: t.Name, Netns: ns, Outcome: schema.OK})
			}
		default:
			out = append(out, schema.Coverage{Collector: t.Name, Tbl: t.Name, Outcome: schema.OK})
		}
	}
	return out
}

// source makes a host loadable.
func (h *fixtureHost) source() *source {
	return &source{path: h.name + ".tar.zst", meta: h.meta, open: func() (entries, error) {
		return &memoryBundle{files: h.files, names: slices.Sorted(maps.Keys(h.files))}, nil
	}}
}

// A memoryBundle is a bundle that was never a file.
type memoryBundle struct {
	files map[string][]byte
	names []string
}

func (m *memoryBundle) Next() (*schema.Entry, error) {
	if len(m.names) == 0 {
		return nil, io.EOF
	}
	name := m.names[0]
	m.names = m.names[1:]
	return &schema.Entry{Name: name, Size: int64(len(m.files[name])), Data: bytes.NewReader(m.files[name])}, nil
}

func (m *memoryBundle) Close() error { return nil }

// printFindings is the form of want: the host and the summary, then the subject, how bad it is and whose fault, the facts and the
// addresses, indented.
func printFindings(list []Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s: %s\n\t%s\n", f.Host, f.Summary, f.Subject)
		fmt.Fprintf(&b, "\t%s", f.Severity)
		if f.Blame != "" {
			fmt.Fprintf(&b, ", blames %s", f.Blame)
		}
		if f.Views != "" {
			fmt.Fprintf(&b, ": %s", f.Views)
		}
		b.WriteByte('\n')
		for _, x := range f.Facts {
			fmt.Fprintf(&b, "\t%s = %s\n", x.Name, x.Value)
		}
		for _, e := range f.Evidence {
			fmt.Fprintf(&b, "\t%s\n", e.Ref)
		}
	}
	return b.String()
}

// want is what the fixture says that the rule finds, and whether it says so at all.
func (f *fixture) want() (string, bool) {
	for _, x := range f.ar.Files {
		if x.Name == "want" {
			return string(x.Data), true
		}
	}
	return "", false
}

// rewrite puts findings in the place of want, in the file.
func (f *fixture) rewrite(got string) error {
	i := slices.IndexFunc(f.ar.Files, func(x txtar.File) bool { return x.Name == "want" })
	if i < 0 {
		f.ar.Files = append(f.ar.Files, txtar.File{Name: "want"})
		i = len(f.ar.Files) - 1
	}
	f.ar.Files[i].Data = []byte(got)
	return os.WriteFile(f.path, txtar.Format(f.ar), 0o666)
}
