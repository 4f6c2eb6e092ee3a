package analyze

import (
	"slices"
	"testing"
)

// TestCatalogue holds rules and catalogue against each other: every known failure has a rule or a reason why not, and not both;
// every rule that is shipped names entries that there are. A rule that somebody links to as the entry's name has that name.
func TestCatalogue(t *testing.T) {
	judged := map[string][]string{}
	for _, r := range shippedRules(t) {
		if len(r.Entries()) == 0 {
			t.Errorf("rule %s names no entry of the catalogue", r.ID)
		}
		for _, id := range r.Entries() {
			if !slices.ContainsFunc(Catalogue, func(e CatalogueEntry) bool { return e.ID == id }) {
				t.Errorf("rule %s: the catalogue has no entry %s", r.ID, id)
			}
			judged[id] = append(judged[id], r.ID)
		}
	}
	seen := map[string]bool{}
	for _, e := range Catalogue {
		if seen[e.ID] || seen[e.Slug] {
			t.Errorf("%s %s: the catalogue has the id or the name twice", e.ID, e.Slug)
		}
		seen[e.ID], seen[e.Slug] = true, true
		switch rules := judged[e.ID]; {
		case len(rules) == 0 && e.Unjudged == "":
			t.Errorf("%s %s: no rule judges it, and no reason says why not", e.ID, e.Slug)
		case len(rules) > 0 && e.Unjudged != "":
			t.Errorf("%s %s: %q judges it, and yet it is said why none does", e.ID, e.Slug, rules)
		}
	}
}

// TestRunbook wants of every shipped rule what somebody on call needs: each remedy says what it may break, how to see that it
// helped and how to take it back; and the rule says what it needs and whom it blames.
func TestRunbook(t *testing.T) {
	for _, r := range shippedRules(t) {
		if r.Need == "" || r.Blame == "" {
			t.Errorf("rule %s: lacks need or blame", r.ID)
		}
		for i, m := range r.Remedies {
			for _, x := range []struct{ name, text string }{{"risk", m.Risk}, {"verify", m.Verify}, {"undo", m.Undo}} {
				if x.text == "" {
					t.Errorf("rule %s: remedy %d lacks %s", r.ID, i+1, x.name)
				}
			}
		}
	}
}
