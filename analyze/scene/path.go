package scene

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
)

// The bounds of what is told of paths.
const (
	maxPaths  = 1000 // that are listed
	maxTraced = 60   // segments of which one path is walked hop by hop
	maxHosts  = 24   // hosts that are read for that
	maxWide   = 4    // the same where a network has so many services that reading one costs as much as ten others
)

// readPaths lists who does not surely reach whom, and walks one such path hop by hop for each step at which paths end.
func readPaths(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	err := listPaths(ctx, tx, s)
	if err != nil || len(s.Paths) == 0 {
		return err
	}
	ends, err := readEnds(ctx, tx)
	if err != nil {
		return err
	}
	walks := representatives(s.Paths)
	if err := walkAll(ctx, tx, s.Paths, walks, ends); err != nil {
		return err
	}
	return quoteHops(ctx, see, s.Paths)
}

// listPaths fills in Paths and PathsLeft. A path whose segment several causes share is the first one's.
func listPaths(ctx context.Context, tx *sql.Tx, s *Scene) error {
	var p Path
	err := each(ctx, tx, fmt.Sprintf(`SELECT p.client_kind, COALESCE(p.client_host, ''), COALESCE(p.client, ''), COALESCE(p.client_service, ''), COALESCE(p.server_service, ''),
  COALESCE(p.network, ''), p.via, COALESCE(p.target, ''), COALESCE(p.proto, ''), COALESCE(p.port, 0), CASE p.verdict WHEN 'some' THEN '%s' ELSE p.verdict END,
  COALESCE(p.reached, 0), COALESCE(p.backends, 0), COALESCE(p.segment, 0), COALESCE(p.alike, 0), COALESCE(c.rank, 0)
FROM path_pair AS p LEFT JOIN (SELECT segment, MIN(rank) AS rank FROM cause_segment GROUP BY segment) AS c ON c.segment = p.segment
ORDER BY c.rank IS NULL, c.rank, CASE p.verdict WHEN 'dropped' THEN 0 WHEN 'some' THEN 1 ELSE 2 END, p.segment IS NULL, p.segment, p.rowid
LIMIT %d`, Partly, maxPaths),
		[]any{&p.ClientKind, &p.ClientHost, &p.Client, &p.From, &p.To, &p.Network, &p.Via, &p.Target, &p.Proto, &p.Port, &p.Verdict,
			&p.Reached, &p.Backends, &p.Segment, &p.Alike, &p.Cause}, func() {
			p.Key = len(s.Paths) + 1
			s.Paths = append(s.Paths, p)
		})
	if err != nil {
		return err
	}
	var all int
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(some + dropped + unknown), 0) FROM path_pair_count`).Scan(&all)
	for i := range s.Paths {
		all -= 1 + s.Paths[i].Alike
	}
	s.PathsLeft = max(0, all)
	return err
}

// An end is a step at which paths end: what is known of it without a walk.
type end struct {
	hop  Hop
	kind string
}

// readEnds reads the segments at which paths end, by key.
func readEnds(ctx context.Context, tx *sql.Tx) (map[int]end, error) {
	out := map[int]end{}
	var key int
	var e end
	err := each(ctx, tx, `SELECT segment, kind, COALESCE(hop_host, ''), COALESCE(place, ''), hop, verdict, COALESCE(expected, ''), COALESCE(observed, ''), COALESCE(why, ''),
  COALESCE(subject, ''), COALESCE(ref, ''), COALESCE(expected_ref, '') FROM path_segment`,
		[]any{&key, &e.kind, &e.hop.Host, &e.hop.Place, &e.hop.Step, &e.hop.Verdict, &e.hop.Expected, &e.hop.Observed, &e.hop.Why, &e.hop.Subject, &e.hop.Ref, &e.hop.ExpectedRef},
		func() { out[key] = e })
	return out, err
}

// representatives are the places of the paths that stand for their segments, in order of the list.
func representatives(paths []Path) []int {
	var out []int
	seen := map[int]bool{}
	for i := range paths {
		if key := paths[i].Segment; key != 0 && !seen[key] {
			seen[key] = true
			out = append(out, i)
		}
	}
	return out
}

// quoteHops fills in what stands at the rows that decided.
func quoteHops(ctx context.Context, see Sight, paths []Path) error {
	if see.Excerpts == nil {
		return nil
	}
	var refs []string
	seen := map[string]bool{}
	deciding(paths, func(h *Hop) {
		if !seen[h.Ref] {
			seen[h.Ref] = true
			refs = append(refs, h.Ref)
		}
	})
	if len(refs) == 0 {
		return nil
	}
	text, err := see.Excerpts(ctx, refs)
	deciding(paths, func(h *Hop) { h.Excerpt = text[h.Ref] })
	return err
}

// deciding calls f with each hop that is not passed and cites a row.
func deciding(paths []Path, f func(*Hop)) {
	for i := range paths {
		for j := range paths[i].Hops {
			if h := &paths[i].Hops[j]; h.Ref != "" && (h.Verdict == Dropped || h.Verdict == Unknown) {
				f(h)
			}
		}
	}
}

// worse reports which of two verdicts of a hop decides.
func worse(a, b string) bool {
	weight := map[string]int{Dropped: 2, Unknown: 1}
	return cmp.Compare(weight[a], weight[b]) > 0
}
