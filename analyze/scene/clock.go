package scene

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// clockQuery has a row for each captured host: what its kernel says of its clock (adjtimex(2): STA_UNSYNC, maxerror), and what the stamps
// of its tasks say of it, if any bound it. A host is matched to its node by the id that its own daemon tells.
const clockQuery = `
SELECT h.host, h.clock_synced, h.clock_maxerror_us / 1e6, h.ref, COALESCE(l.name, ''), CASE WHEN l.host = h.host THEN 1 ELSE 0 END,
  c.low_s, c.high_s, COALESCE(c.leader, ''), COALESCE(c.why, ''), COALESCE(c.low_ref, '')
FROM host AS h
LEFT JOIN (SELECT host, MAX(node_id) AS node_id, MAX(low_s) AS low_s, MIN(high_s) AS high_s, MAX(leader) AS leader, MAX(why) AS why, MIN(low_ref) AS low_ref
  FROM clock_offset WHERE host IS NOT NULL GROUP BY host) AS c ON c.host = h.host
LEFT JOIN (SELECT s.host, MIN(n.hostname) AS name FROM swarm_node AS n JOIN swarm_host AS s ON s.node_id = n.node_id WHERE n.leader = 1 GROUP BY s.host) AS l ON l.host = h.host
ORDER BY h.host`

// readClocks says of every captured host how far its clock may be off. Nothing is corrected by it: a time stays what its host said.
func readClocks(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	seen := map[string]bool{}
	var host, hostRef, leaderName, leader, why, ref string
	var synced, self sql.NullInt64
	var maxError, low, high sql.NullFloat64
	err := each(ctx, tx, clockQuery, []any{&host, &synced, &maxError, &hostRef, &leaderName, &self, &low, &high, &leader, &why, &ref}, func() {
		if seen[host] {
			return
		}
		seen[host] = true
		c := Clock{Host: host, Leader: leader, Ref: ref, Why: why}
		if synced.Valid {
			yes := synced.Int64 != 0
			c.Synced = &yes
		}
		if maxError.Valid && maxError.Float64 >= 0 {
			x := maxError.Float64
			c.MaxError = &x
		}
		switch {
		case self.Int64 == 1:
			zero := 0.0
			c.Leader, c.Low, c.High, c.Ref, c.Why = leaderName, &zero, &zero, hostRef, "the swarm's leader: the clock that the others are measured by"
		case low.Valid && high.Valid && low.Float64 <= high.Float64:
			l, h := low.Float64, high.Float64
			c.Low, c.High = &l, &h
		default:
			c.Leader, c.Ref = "", hostRef
			c.Why = "no captured manager's task list bounds it: it is not known how far this clock is off the others"
		}
		s.Clocks = append(s.Clocks, c)
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(s.Clocks, func(a, b Clock) int { return strings.Compare(a.Host, b.Host) })
	return nil
}

// A Reach is how much earlier and later than a host's stamp says something may have happened, by the clock that the hosts have in common.
type Reach struct {
	Early, Late float64 // seconds, both to be added to a stamp; Early ≤ Late
	By          string  // what they rest on
}

// Reach of a clock: from the bounds on its offset, or, where there are none, from what the kernel says of a clock that is kept in step. It
// is false when nothing is known: then no event of the host can be put before or after one of another.
func (c *Clock) Reach() (Reach, bool) {
	switch {
	case c.Low != nil && c.High != nil:
		// A clock that is ahead by at least Low stamped an event at least that much too late.
		return Reach{0 - *c.High, 0 - *c.Low, "the stamps of its tasks"}, true
	case c.Synced != nil && *c.Synced && c.MaxError != nil:
		return Reach{-*c.MaxError, *c.MaxError, fmt.Sprintf("the kernel's word that its clock is synchronised to %.3g s", *c.MaxError)}, true
	}
	return Reach{}, false
}
