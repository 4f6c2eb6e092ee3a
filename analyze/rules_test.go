package analyze

import (
	"path/filepath"
	"testing"
)

// TestRules runs every rule over its fixtures. Each rule has one that fires and one that does not.
func TestRules(t *testing.T) {
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	for _, r := range shippedRules(t) {
		fires, silent := false, false
		for _, path := range fixturesOf(t, r.ID) {
			t.Run(r.ID+"/"+filepath.Base(path), func(t *testing.T) {
				f := readFixture(t, path)
				found := runRule(t, r, f.hosts)
				if len(found) > 0 {
					fires = true
				} else {
					silent = true
				}
				f.check(t, printFindings(found))
			})
		}
		if !fires || !silent {
			t.Errorf("rule %s: wants a fixture that fires (has: %t) and one that does not (has: %t) below testdata/rules/%s", r.ID, fires, silent, r.ID)
		}
	}
}
