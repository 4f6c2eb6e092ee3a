package analyze

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestKnownVersions holds the list to its form: rules that exist or are planned, issues that one can look up, ranges in order.
func TestKnownVersions(t *testing.T) {
	issue := regexp.MustCompile(`^moby/[a-z]+(#\d+|@[0-9a-f]{10})$`)
	end := regexp.MustCompile(`^\d+(\.\d+){0,2}$`)
	for _, k := range KnownVersions {
		if !issue.MatchString(k.Issue) || k.What == "" || len(k.In) == 0 || len(k.Rules) == 0 {
			t.Errorf("%s: lacks something", k.Issue)
		}
		if !slices.Contains([]string{"", "swarm", "encrypted", "firewalld", "finding"}, k.Where) {
			t.Errorf("%s: where %q", k.Issue, k.Where)
		}
		for _, id := range k.Rules {
			if !slices.ContainsFunc(Catalogue, func(e CatalogueEntry) bool { return e.Slug == id }) {
				t.Errorf("%s: no entry of the catalogue is called %s", k.Issue, id)
			}
		}
		for _, r := range k.In {
			if !end.MatchString(r.From) || !end.MatchString(r.Last) || endOf(r.From, 0).rank() > endOf(r.Last, 999).rank() {
				t.Errorf("%s: range %s to %s", k.Issue, r.From, r.Last)
			}
		}
	}
}

// TestKnownFor goes to the ends of ranges.
func TestKnownFor(t *testing.T) {
	tests := []struct{ rule, version, want string }{
		{"encrypted-sa-mismatch", "25.0.12", "moby/moby@057e35dd65"},
		{"encrypted-sa-mismatch", "25.0.13", "moby/moby#53420 moby/moby#51951"},
		{"encrypted-sa-mismatch", "25.0.15", "moby/moby#53420"},
		{"encrypted-sa-mismatch", "29.2.0", "moby/moby#53420 moby/moby#51951"},
		{"encrypted-sa-mismatch", "29.2.1", "moby/moby#53420"},
		{"fdb-permanent-missing", "28.5.1", ""},
		{"fdb-permanent-missing", "29.0.0-rc.1", "moby/moby#53663"},
		{"fdb-permanent-missing", "29.8.0", "moby/moby#53663"},
		{"fdb-permanent-missing", "29.8.1", ""},
		{"fdb-permanent-missing", "dev", ""},
		{"ipvs-stale-backend", "18.03.0-ce", "moby/moby#47728 moby/moby#36797"},
	}
	for _, test := range tests {
		var got []string
		for _, k := range knownFor(test.rule, test.version) {
			got = append(got, k.Issue)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s on %s: got %q, want %q", test.rule, test.version, s, test.want)
		}
	}
	k := knownFor("fdb-permanent-missing", "29.1.0")[0]
	if want := "moby/moby#53663, engine 29.1.0: an address learned from traffic keeps the driver from adding the permanent FDB entry again after a flap; fixed after 29.8.0"; k.Line() != want {
		t.Errorf("got %s", k.Line())
	}
}
