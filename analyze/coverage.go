package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// coverage gathers what one bundle says of its own completeness, and concludes what is known: see the tables
// captured and gap.
type coverage struct {
	host    string
	items   []item
	files   map[string]bool // entries of the bundle, relative to its top
	netns   map[string]bool // every namespace that a row names
	losses  []loss
	damages int64           // things that could not be understood, each counted once
	gaps    []Gap           // for the result: one for each item or damage
	lost    map[string]loss // by table: the first thing that is missing
	swarm   map[string]bool // tables of the swarm that this bundle holds whole: its host is a manager
	lay     *layout
	row     []packedValue     // used again for each row
	names   map[string]string // short texts that many rows have, each once
}

// An item is what a coverage row says, its costs left out.
type item struct {
	tbl, netns, document string
	outcome              schema.Outcome
	reason               string
	found                bool // rows or bytes were written
	line                 int64
}

// A loss is something that is not known to the end: a gap that a coverage row tells of, or one that nobody knew of
// when the bundle was written.
type loss struct {
	tbl, netns, document string
	outcome              schema.Outcome
	reason, ref          string
}

func newCoverage(host string, lay *layout) *coverage {
	return &coverage{host: host, files: map[string]bool{}, netns: map[string]bool{}, lost: map[string]loss{}, swarm: map[string]bool{}, lay: lay, names: map[string]string{}}
}

// name is a text that many rows have.
func (c *coverage) name(b []byte) string {
	s, ok := c.names[string(b)]
	if !ok {
		s = string(b)
		c.names[s] = s
	}
	return s
}

// add takes a packed row of the table coverage. A fleet has millions.
func (c *coverage) add(line int64, packed []byte) {
	var err error
	if c.row, _, err = unpackInto(c.row[:0], packed); err != nil {
		return
	}
	v := c.row[len(c.row)-len(c.lay.keys):]
	at := c.lay.index
	it := item{
		tbl: c.name(v[at["tbl"]].text), netns: c.name(v[at["netns"]].text), document: string(v[at["document"]].text),
		outcome: schema.Outcome(c.name(v[at["outcome"]].text)), reason: string(v[at["reason"]].text),
		found: v[at["rows"]].int > 0 || v[at["bytes"]].int > 0, line: line,
	}
	if ns := cmp.Or(it.netns, documentNetns(it.document)); ns != "" {
		c.netns[ns] = true
	}
	c.items = append(c.items, it)
}

// namespace takes a packed row of the table netns.
func (c *coverage) namespace(packed []byte, lay *layout) {
	v, _, err := unpack(nil, packed)
	if err != nil {
		return
	}
	if id, ok := v[len(v)-len(lay.keys)+lay.index["netns"]].(string); ok {
		c.netns[id] = true
	}
}

// ref is the address of a coverage row.
func (c *coverage) ref(line int64) string {
	return c.host + "/rows/coverage.jsonl:" + strconv.FormatInt(line, 10)
}

// damage notes that something could not be understood at load.
func (c *coverage) damage(tbl, netns, document, reason, ref string) {
	c.losses = append(c.losses, loss{tbl, netns, document, schema.Partial, reason, ref})
}

// damageDocument is damage of every table that is decoded from a document.
func (c *coverage) damageDocument(document, reason, ref string) {
	for _, tbl := range tablesFrom(document) {
		c.damage(tbl, c.netnsOf(&item{document: document}, tbl), document, reason, ref)
	}
}

// A place is a table of a host, or of one of its namespaces.
type place struct{ tbl, netns string }

// conclude works out captured and gap and packs their rows.
func (c *coverage) conclude(interrupted string, packOf func(table string) *pack) {
	good := map[place][]*item{} // items that were read whole, by what they speak for
	lost := map[place]bool{}
	spoken := map[string]bool{} // tables that any coverage row speaks for
	gap := packOf("gap")
	put := func(l loss) {
		lost[place{l.tbl, l.netns}] = true
		if _, ok := c.lost[l.tbl]; !ok {
			c.lost[l.tbl] = l
		}
		gap.begin(len(gapTable.Columns))
		gap.text(c.host)
		gap.optional(l.netns)
		gap.optional(l.tbl)
		gap.optional(l.document)
		gap.text(string(l.outcome))
		gap.optional(l.reason)
		gap.text(l.ref)
	}
	note := func(tbl, netns, document string, o schema.Outcome, reason, ref string) {
		what := cmp.Or(document, tbl)
		if netns != "" {
			what += " in " + netns
		}
		c.gaps = append(c.gaps, Gap{Item: what, Outcome: string(o), Reason: reason, Ref: ref})
	}

	for i := range c.items {
		it := &c.items[i]
		outcome, reason := it.outcome, it.reason
		if !slices.Contains(schema.Outcomes, outcome) {
			outcome, reason = schema.Partial, fmt.Sprintf("no such outcome: %q", it.outcome)
		}
		if !outcome.Gap() && it.found {
			if file := missingFile(it, c.files); file != "" {
				outcome, reason = schema.Partial, file+" is not in the bundle"
			}
		}
		tables := tablesOf(it)
		for _, tbl := range tables {
			spoken[tbl] = true
		}
		if !outcome.Gap() {
			for _, tbl := range tables {
				pl := place{tbl, c.netnsOf(it, tbl)}
				good[pl] = append(good[pl], it)
			}
			continue
		}
		ref := c.ref(it.line)
		if !strings.HasPrefix(reason, schema.OnRequest) {
			note(it.tbl, it.netns, it.document, outcome, reason, ref)
		}
		if len(tables) == 0 {
			put(loss{"", it.netns, it.document, outcome, reason, ref})
		}
		for _, tbl := range tables {
			put(loss{tbl, c.netnsOf(it, tbl), it.document, outcome, reason, ref})
		}
	}
	seen := map[string]bool{}
	for _, l := range c.losses {
		if !seen[l.ref] {
			note(l.tbl, l.netns, l.document, l.outcome, l.reason, l.ref)
			seen[l.ref] = true
			c.damages++
		}
		put(l)
	}

	namespaces := slices.Sorted(maps.Keys(c.netns))
	captured, columns := packOf("captured"), len(capturedTable.stored())
	for i := range schema.Tables {
		t := &schema.Tables[i]
		if t.Name == "coverage" {
			continue
		}
		if !spoken[t.Name] {
			if t.Scope != schema.PerSwarm || interrupted != "" {
				reason := "the bundle has no coverage row for it: its capture did not plan it"
				if interrupted != "" {
					reason = "the bundle ends before its coverage rows: " + interrupted
				}
				put(loss{t.Name, "", "", schema.Skipped, reason, c.host + "/meta.json:1"})
			}
			continue
		}
		places := []string{""}
		if t.Scope == schema.PerNetns {
			places = namespaces
		}
		for _, ns := range places {
			if it, ok := known(t, ns, good, lost); ok && (t.Scope != schema.PerSwarm || it.outcome == schema.OK) {
				if t.Scope == schema.PerSwarm {
					c.swarm[t.Name] = true
				}
				captured.begin(columns)
				captured.text(c.host)
				captured.optional(ns)
				captured.text(t.Name)
				captured.text(string(it.outcome))
				captured.int(it.line)
			}
		}
	}
}

// known reports whether everything that speaks for a table in a namespace (or, with an empty one, on the host) says
// that it was read whole, and the item to cite for it: one that found something, before one that had nothing to read.
func known(t *schema.Table, ns string, good map[place][]*item, lost map[place]bool) (*item, bool) {
	if len(lost) > 0 && (lost[place{t.Name, ""}] || lost[place{t.Name, ns}]) {
		return nil, false
	}
	items := good[place{t.Name, ns}]
	if ns != "" {
		items = append(slices.Clip(items), good[place{t.Name, ""}]...)
	}
	if len(items) == 0 {
		return nil, false
	}
	for _, pattern := range t.Docs { // a decoded table needs each of its documents
		if !slices.ContainsFunc(items, func(it *item) bool { return it.tbl != "" || matches(pattern, it.document) }) {
			return nil, false
		}
	}
	for _, it := range items {
		if it.outcome == schema.OK {
			return it, true
		}
	}
	return items[0], true
}

// tablesOf are the tables that a coverage row speaks for.
func tablesOf(it *item) []string {
	var out []string
	if it.tbl != "" {
		out = append(out, it.tbl)
	}
	if it.document != "" {
		out = append(out, tablesFrom(it.document)...)
	}
	return out
}

// tablesByDocument are the tables that are decoded from each document, by its anyNetns; those with another * are in
// tablesByPattern.
var tablesByDocument, tablesByPattern = documentTables()

type patternTable struct{ pattern, table string }

func documentTables() (exact map[string][]string, patterns []patternTable) {
	exact = map[string][]string{}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		for _, doc := range t.Docs {
			if strings.Contains(strings.TrimPrefix(doc, "netns/*/"), "*") {
				patterns = append(patterns, patternTable{doc, t.Name})
			} else {
				exact[doc] = append(exact[doc], t.Name)
			}
		}
	}
	return exact, patterns
}

// anyNetns is a document's name, relative to raw/, with a * for the namespace.
func anyNetns(name string) string {
	if rest, ok := strings.CutPrefix(name, "netns/"); ok {
		if _, doc, ok := strings.Cut(rest, "/"); ok {
			return "netns/*/" + doc
		}
	}
	return name
}

// tablesFrom are the tables that are decoded from a document. A fleet has millions of documents: most are found by name.
func tablesFrom(document string) []string {
	name := strings.TrimPrefix(document, "raw/")
	if name == "" {
		return nil
	}
	out := slices.Clip(tablesByDocument[anyNetns(name)])
	for _, p := range tablesByPattern {
		if p.pattern[0] == name[0] && matches(p.pattern, name) && !slices.Contains(out, p.table) {
			out = append(out, p.table)
		}
	}
	return out
}

// matches reports whether a document, relative to the bundle's top or to raw/, is one that the pattern names.
func matches(pattern, document string) bool {
	ok, err := path.Match(pattern, strings.TrimPrefix(document, "raw/"))
	return ok && err == nil
}

// netnsOf is the namespace that a coverage row speaks for in a table: none where the table has none.
func (c *coverage) netnsOf(it *item, tbl string) string {
	t := schema.TableByName(tbl)
	if t == nil || t.Scope != schema.PerNetns {
		return ""
	}
	if it.netns == "" && it.document != "" {
		return documentNetns(it.document)
	}
	return it.netns
}

// documentNetns is the namespace that a document's path names: netns/<id>/…
func documentNetns(document string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(document, "raw/"), "netns/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}

// missingFile is the file that a coverage row says was written but that the bundle does not have; empty if it has.
func missingFile(it *item, files map[string]bool) string {
	if it.document != "" {
		if name := "raw/" + strings.TrimPrefix(it.document, "raw/"); !files[name] {
			return name
		}
		return ""
	}
	if t := schema.TableByName(it.tbl); t != nil && !t.Decoded() {
		if name := "rows/" + it.tbl + ".jsonl"; !files[name] {
			return name
		}
	}
	return ""
}
