package path

import (
	"fmt"
	"testing"
)

// TestUntoldPairs lists some of the pairs that one missing table leaves untold, and counts them all. What breaks a pair, or
// leaves it untold by a row of its own, is another reason.
func TestUntoldPairs(t *testing.T) {
	table := &Hop{Step: "socket", Verdict: Unknown, lacks: "socket"}
	row := &Hop{Step: "socket", Verdict: Unknown}
	for _, tt := range []struct {
		name     string
		services int
		hop      *Hop
		pairs    int // of each service
		listed   int // of all
	}{
		{"one service", 1, table, 50, alike},
		{"one service, by a row", 1, row, 50, alike},
		{"few", 1, table, alike, alike},
		{"two services", 2, table, 50, 2 * alike},
		{"many services", 100, table, 50, alikeInAll},
		{"many services, by a row", 100, row, 50, 100 * alike},
		{"dropped", 1, &Hop{Step: "socket", Verdict: Dropped}, 50, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newJudge(&World{})
			for s := range tt.services {
				for range tt.pairs {
					j.pair(Pair{Server: fmt.Sprint(s), Via: "vip"}, part{}, []part{{tt.hop, 1}}, false)
				}
			}
			pairs := 0
			for _, s := range j.sums {
				pairs += s.Pairs
			}
			if len(j.pairs) != tt.listed || pairs != tt.services*tt.pairs {
				t.Errorf("%d pairs are listed of %d that are counted", len(j.pairs), pairs)
			}
		})
	}
}
