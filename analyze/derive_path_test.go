package analyze

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPathsOfScenarios asks what the walk says of scenarios of healthy swarms, of both eras: captures that lack much of what a packet's
// way depends on. What they lack must not drop anything. Their containers' rules are not among their rows though the capture says that it
// was whole, so that no question gets to a resolver there: that is what it would be.
func TestPathsOfScenarios(t *testing.T) {
	for _, name := range []string{"healthy.txtar", "classic-healthy.txtar", "classic-host-mode.txtar"} {
		t.Run(name, func(t *testing.T) {
			db, _, _ := loadHosts(t, readFixture(t, filepath.Join("..", "testdata", "scenarios", name)).hosts, computed())
			for s := range lines(t, db.tx, "SELECT DISTINCT subject FROM path_segment WHERE verdict = 'dropped'") {
				if !strings.HasPrefix(s, "resolver:") {
					t.Errorf("dropped by %s", s)
				}
			}
			if name != "classic-host-mode.txtar" && len(lines(t, db.tx, "SELECT kind || ' ' || host FROM path_count WHERE delivered + unknown + dropped > 0")) == 0 {
				t.Error("nothing was judged")
			}
		})
	}
}
