package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ByLayer sorts rules as they are listed: by layer, from the wire up, then by their first entry of the catalogue, then by id.
func ByLayer(rules []*Rule) []*Rule {
	sorted := slices.Clone(rules)
	slices.SortStableFunc(sorted, func(a, b *Rule) int {
		return cmp.Or(cmp.Compare(slices.Index(Layers, a.Layer), slices.Index(Layers, b.Layer)),
			cmp.Compare(cataloguePlace(a), cataloguePlace(b)), strings.Compare(a.ID, b.ID))
	})
	return sorted
}

// cataloguePlace is where a rule's first entry stands in the catalogue; behind all of them without one.
func cataloguePlace(r *Rule) int {
	for _, id := range r.Entries() {
		if i := slices.IndexFunc(Catalogue, func(e CatalogueEntry) bool { return e.ID == id }); i >= 0 {
			return i
		}
	}
	return len(Catalogue)
}

// Entries are the entries of the failure catalogue that a rule judges.
func (r *Rule) Entries() []string {
	return strings.FieldsFunc(r.Catalogue, func(c rune) bool { return c == ' ' || c == ',' })
}

// Line is the first sentence of the explanation.
func (r *Rule) Line() string {
	doc, _, _ := strings.Cut(r.Doc, "\n\n")
	doc = strings.Join(strings.Fields(doc), " ")
	for i := 0; i < len(doc); i++ {
		if doc[i] == '.' && (i+1 == len(doc) || doc[i+1] == ' ') {
			return doc[:i+1]
		}
	}
	return doc
}

// RulesMD is the page RULES.md: the rules by layer, and the known failures that no bundle can tell of.
func RulesMD(rules []*Rule) string {
	var b strings.Builder
	judged := map[string]bool{}
	for _, r := range rules {
		for _, id := range r.Entries() {
			judged[id] = true
		}
	}
	unjudged := slices.DeleteFunc(slices.Clone(Catalogue), func(e CatalogueEntry) bool { return e.Unjudged == "" })
	fmt.Fprintf(&b, `# Rules

Printed from the headers of the rules and from catalogue.go; do not edit (%s).

%d rules judge %d of the %d known failures of Docker's networking; what cannot be judged from bundles stands at the end, with
the reason. %s is the page of a rule. [rules/FORMAT.md](rules/FORMAT.md) describes the files,
[WRITING_RULES.md](WRITING_RULES.md) how to write one of your own.

The layers go from the wire up to the clock. *Needs* says what must have been captured before the rule can judge.
`, "`UPDATE=1 go test ./analyze -run TestRulesMD`", len(rules), len(judged), len(Catalogue), "`netmortem explain RULE`")
	layer := ""
	for _, r := range ByLayer(rules) {
		if r.Layer != layer {
			layer = r.Layer
			fmt.Fprintf(&b, "\n## %s\n\n| rule | entry | severity | needs | what is wrong, and the mechanism |\n|---|---|---|---|---|\n", layer)
		}
		fmt.Fprintf(&b, "| [%s](rules/%s.sql) | %s | %s | %s | **%s.** %s |\n", r.ID, r.ID, mdCell(r.Catalogue), r.Severity, mdCell(r.Need), mdCell(r.Title), mdCell(r.Line()))
	}
	b.WriteString("\n## Known failures that no rule judges\n\n| entry | failure | why not |\n|---|---|---|\n")
	for _, e := range unjudged {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", e.ID, e.Slug, mdCell(e.Unjudged))
	}
	return b.String()
}

// mdCell keeps a text in its cell of a table, as it is.
func mdCell(s string) string {
	return strings.NewReplacer("|", `\|`, "_", `\_`, "*", `\*`, "<", "&lt;", "`", "\\`", "\n", " ").Replace(s)
}
