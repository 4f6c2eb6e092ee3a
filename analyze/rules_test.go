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
		t.Run(r.ID, func(t *testing.T) {
			bench := newBench(t, r)
			fires, silent, ran := false, false, 0
			paths := fixturesOf(t, r.ID)
			for _, path := range paths {
				t.Run(filepath.Base(path), func(t *testing.T) {
					ran++
					f := readFixture(t, path)
					found := bench.run(t, f.hosts)
					fires, silent = fires || len(found) > 0, silent || len(found) == 0
					f.check(t, printFindings(found))
				})
			}
			if ran == len(paths) && !(fires && silent) { // -run may have asked for some of them only
				t.Errorf("rule %s: wants a fixture that fires (has: %t) and one that does not (has: %t) below testdata/rules/%s", r.ID, fires, silent, r.ID)
			}
		})
	}
}
