package analyze

import (
	"slices"
	"testing"
)

// TestSwarmKnown captures nodes too early, too late, not at all, and twice.
func TestSwarmKnown(t *testing.T) {
	db, _, _ := loadHosts(t, nil, computed())
	for _, q := range []string{
		`INSERT INTO captured (host, tbl, outcome, line) VALUES ('m', 'swarm_node', 'ok', 1), ('twin', 'swarm_node', 'ok', 2), ('blind', 'swarm_node', 'ok', 3)`,
		// The manager m names two nodes, twin one that two bundles claim beside one, blind one that no bundle is of.
		`INSERT INTO swarm_node (host, doc, line, node_id) VALUES ('m', 0, 1, 'a'), ('m', 0, 2, 'b'), ('twin', 0, 1, 'a'), ('twin', 0, 2, 'c'), ('blind', 0, 1, 'a'), ('blind', 0, 2, 'd')`,
		`INSERT INTO known_host (host, node_id, first_s, last_s, netns_ref) VALUES ('a', 'a', 1000, 1010, ''), ('b', 'b', 1100, 1110, ''), ('c', 'c', 1000, 1010, ''), ('c2', 'c', 9000, 9010, '')`,
		`INSERT INTO swarm_view (host, manager, first_s, last_s, look_s, gap_s, tasks_ref) VALUES
  ('both', 'm', 1050, 1060, 0, 0, ''), ('first', 'm', 1120, 1130, 0, 0, ''), ('late', 'm', 1121, 1130, 0, 0, ''), ('last', 'm', 970, 980, 0, 0, ''), ('early', 'm', 970, 979, 0, 0, ''),
  ('once', 'twin', 1000, 1010, 0, 0, ''), ('neither', 'twin', 2000, 2010, 0, 0, ''), ('without', 'blind', 1000, 1010, 0, 0, '')`,
	} {
		if _, err := db.tx.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	var host, manager, ref string
	var nodes int
	err := eachOf(t.Context(), db.tx, swarmKnown.Query, []any{&host, &manager, &nodes, &ref}, func() {
		got = append(got, host)
		if line := map[string]string{"m": "1", "twin": "2"}[manager]; nodes != 2 || ref != manager+"/rows/coverage.jsonl:"+line {
			t.Errorf("%s: %d nodes by %s", host, nodes, ref)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if want := []string{"both", "first", "last", "once"}; !slices.Equal(got, want) {
		t.Errorf("known for %v, want %v", got, want)
	}
}
