package scene

import (
	"context"
	"database/sql"
)

// unseenQuery has the lanes of captured hosts of which nothing was captured, with the first reason. A table that was read in part is not one of them.
const unseenQuery = `
WITH lane (lane, tbl) AS (VALUES ('docker', 'docker_event'), ('kernel', 'kernel_log'), ('log', 'log_line'), ('forward', 'kernel_event_count'))
SELECT h.host, l.lane, COALESCE(MIN(g.outcome), ''), COALESCE(MIN(g.reason), '')
FROM host AS h CROSS JOIN lane AS l
LEFT JOIN captured AS c ON c.host = h.host AND c.tbl = l.tbl
LEFT JOIN gap AS g ON g.host = h.host AND g.tbl = l.tbl
WHERE c.host IS NULL
GROUP BY h.host, l.lane
UNION ALL
SELECT h.host, 'counter', '', 'the host was read once, so that nothing tells what rose' FROM host AS h LEFT JOIN reading AS r ON r.host = h.host WHERE r.host IS NULL
UNION ALL
SELECT h.host, 'task', '', 'no manager''s task list is in any bundle' FROM host AS h WHERE NOT EXISTS (SELECT 1 FROM captured AS c WHERE c.tbl = 'swarm_task')
ORDER BY 1, 2`

// readUnseen says of which lanes nothing is known: an empty lane of a host is calm only if somebody looked.
func readUnseen(ctx context.Context, tx *sql.Tx, s *Scene) error {
	var host, lane, outcome, reason string
	seen := map[string]bool{}
	for _, e := range s.Events {
		seen[e.Host+"\x00"+e.Lane] = true
	}
	return each(ctx, tx, unseenQuery, []any{&host, &lane, &outcome, &reason}, func() {
		if seen[host+"\x00"+lane] {
			return // another table told of it
		}
		why := reason
		switch {
		case outcome == "" && reason == "":
			why = "not in the bundle"
		case reason == "":
			why = outcome
		case outcome != "":
			why = outcome + ": " + reason
		}
		s.Unseen = append(s.Unseen, Unseen{Host: host, Lane: lane, Why: oneLine(why)})
	})
}
