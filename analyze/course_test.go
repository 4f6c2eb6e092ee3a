package analyze

import (
	"slices"
	"strings"
	"testing"
)

// TestCourse orders the derived tables: each behind all that it reads, those that Asides wait for before the others.
func TestCourse(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	list := computed()
	db, err := create(t.Context(), "", list)
	if err != nil {
		t.Fatal(err)
	}
	defer db.discard()
	reads, err := readsOf(t.Context(), db, list)
	if err != nil {
		t.Fatal(err)
	}
	c := newCourse(list, reads)
	order := slices.Concat(c.soon, c.late)
	if len(order) != len(list) {
		t.Errorf("%d of %d tables have a place", len(order), len(list))
	}
	place := map[string]int{}
	for i, d := range order {
		place[d.Name] = i
	}
	waited := 0 // how many must be filled before the last Aside begins
	for _, d := range order {
		for _, name := range slices.Concat(reads[d.Name], d.Beside, []string{d.With}) {
			if at, derived := place[name]; derived && at >= place[d.Name] {
				t.Errorf("%s is filled before %s, which it reads", d.Name, name)
			}
		}
		if d.Aside != nil {
			waited = max(waited, c.after(slices.Concat(d.Reads, d.Beside)))
		}
		if got, want := c.from[d.Name], min(place[d.Name], len(c.soon))+1; got != want {
			t.Errorf("%s can be read from %d on, not %d", d.Name, want, got)
		}
	}
	for _, d := range c.soon[:waited] {
		if d.Aside != nil {
			t.Errorf("the Asides wait for %s, which is one", d.Name)
		}
	}
	var next []string
	for _, d := range c.soon[waited:] {
		if d.Aside == nil && d.With == "" {
			break
		}
		next = append(next, d.Name)
	}
	if got := strings.Join(next, " "); got != "dns_question dns_answer_set dns_view" {
		t.Errorf("what prompt Asides put when the others have what they wait for: %s", got)
	}
}
