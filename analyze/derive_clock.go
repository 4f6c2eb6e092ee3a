package analyze

import (
	"context"
	"database/sql"
	"math"

	"github.com/netmortem/netmortem/schema"
)

// clockOffset bounds how far a node's clock is from the leader's, from the stamps of tasks.
//
// A task's object is made and stored under the leader's clock (CreatedAt, UpdatedAt), what its node reports carries the
// node's clock (Status.Timestamp). Whatever the clocks say, a task is made before its node reports of it, and its node
// reports before the leader stores that. With offset = node − leader this gives two bounds that need no assumption about the network:
//
//	state_at − updated_at ≤ offset ≤ state_at − created_at
//
// Only the newest reports count, those of the last minute before the newest one: a clock that was set since would
// contradict itself. Bounds that cross make no row. State that the managers write themselves (new, pending, assigned,
// orphaned, remove) is no report. When the bundles were taken does not matter, nor in which order.
var clockOffset = Derived{
	Name: "clock_offset",
	Doc:  "How far a node's clock was from that of the swarm's leader, by the stamps of its newest task: one row a node.",
	Columns: []schema.Column{
		must(text("node_id", schema.Plain, "node")),
		text("node", schema.Name, "its host name"),
		text("host", schema.Name, "that node, if it was captured"),
		text("leader", schema.Name, "host name of the leader"),
		text("leader_id", schema.Plain, "its node id; the node is never its own yardstick"),
		must(text("manager", schema.Name, "captured host whose task list it is")),
		must(number("low_s", "the node's clock is ahead by at least that many seconds; negative when it may be behind")),
		must(number("high_s", "the node's clock is ahead by at most that many seconds; negative when it is behind for sure")),
		must(whole("reports", "task reports that bound it")),
		must(number("age_s", "seconds from the newest of them to the manager's last read, by the managers' clocks")),
		colWhy(),
		must(refCol("low_ref", "row of swarm_task that gives the lower bound")),
		must(refCol("high_ref", "row of swarm_task that gives the upper bound")),
	},
	Reads: []string{"swarm_task", "swarm_node", "swarm_host", "reading"},
	Index: []string{"node_id"},
	Fill:  fillClockOffset,
}

// clockReports selects the reports of nodes' agents as the captured manager that looked last knows them.
const clockReports = `
WITH last AS (
  SELECT r.host, r.last_s FROM reading AS r JOIN (SELECT DISTINCT host FROM swarm_task) AS t ON t.host = r.host
  ORDER BY r.last_s DESC, r.host LIMIT 1
), leader AS (
  SELECT n.host, MIN(n.node_id) AS node_id, MIN(n.hostname) AS hostname FROM swarm_node AS n WHERE n.leader = 1 GROUP BY n.host
)
SELECT t.node_id, n.hostname, h.host, d.hostname, d.node_id, t.host, l.last_s, t.state, t.ref,
  (julianday(t.created_at) - 2440587.5) * 86400.0, (julianday(t.state_at) - 2440587.5) * 86400.0, (julianday(t.updated_at) - 2440587.5) * 86400.0
FROM swarm_task AS t
JOIN last AS l ON l.host = t.host
JOIN swarm_node AS n ON n.host = t.host AND n.node_id = t.node_id
JOIN leader AS d ON d.host = t.host AND d.node_id <> t.node_id
LEFT JOIN (SELECT node_id, MIN(host) AS host FROM swarm_host GROUP BY node_id) AS h ON h.node_id = t.node_id
WHERE t.node_id <> '' AND t.state IN ('accepted', 'preparing', 'ready', 'starting', 'running', 'complete', 'failed', 'rejected', 'shutdown')
  AND COALESCE(t.err, '') <> 'assigned node no longer meets constraints' -- the managers' own word
  AND julianday(t.created_at) IS NOT NULL AND julianday(t.state_at) IS NOT NULL AND julianday(t.updated_at) IS NOT NULL
ORDER BY t.node_id, t.updated_at DESC, t.ref`

// clockReportSpan is how long before a node's newest report, in seconds, others still count.
const clockReportSpan = 60

// A clockBound is a row of clock_offset in the making.
type clockBound struct {
	node                                     string
	hostname, host, leader, leaderID, reader sql.NullString
	newest, look, low, high                  float64
	lowRef, highRef                          string
	reports                                  int64
}

func fillClockOffset(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	var out []*clockBound
	for scan, err := range queried(ctx, tx, clockReports) {
		if err != nil {
			return err
		}
		var c clockBound
		var state, ref string
		var created, reported, stored float64
		if err := scan(&c.node, &c.hostname, &c.host, &c.leader, &c.leaderID, &c.reader, &c.look, &state, &ref, &created, &reported, &stored); err != nil {
			return err
		}
		var b *clockBound
		if n := len(out); n > 0 && out[n-1].node == c.node {
			b = out[n-1]
		} else {
			b = &c
			b.newest, b.low, b.high = stored, math.Inf(-1), math.Inf(1)
			out = append(out, b)
		}
		if stored < b.newest-clockReportSpan {
			continue
		}
		b.reports++
		if low := reported - stored; low > b.low {
			b.low, b.lowRef = low, ref
		}
		if high := reported - created; high < b.high {
			b.high, b.highRef = high, ref
		}
	}
	for _, b := range out {
		if b.low > b.high+0.001 { // julianday keeps no more than a millisecond
			continue
		}
		why := "a node reports of a task after the leader made it and before the leader stores the report"
		if err := put(b.node, nullable(b.hostname), nullable(b.host), nullable(b.leader), nullable(b.leaderID), b.reader.String,
			math.Round(b.low*1000)/1000, math.Round(b.high*1000)/1000, b.reports, math.Round(b.look-b.newest), why, b.lowRef, b.highRef); err != nil {
			return err
		}
	}
	return nil
}
