package analyze

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

// walkedPaths is what was found out about paths: what is broken or could not be told, and how many there are in all. A nil one means
// that no path was walked.
type walkedPaths struct {
	segments []causeSegment
	pairs    []causePair
	counts   []causePairCount
	paths    Paths
}

// A causeSegment is a row of path_segment: one step at which segments of paths end, or of which that cannot be told.
type causeSegment struct {
	key            int
	kind           string
	host           string // whose packets they are
	network        string // by name
	what, target   string // what the first of them is for
	targets        int    // how many there are
	dropped        bool
	hop            string
	hopHost, place string // where the step is
	subject        string

	expected, observed   string
	why, ref, expectedAt string
}

// weight is how many segments it stands for.
func (s *causeSegment) weight() int { return max(1, s.targets) }

// A causePair is a row of path_pair: a client and a service that do not wholly reach each other.
type causePair struct {
	clientKind, clientHost, client string
	clientService, serverService   string
	network, target                string
	verdict                        string
	segment                        int
	alike                          int // further ones that are not in the table
}

// A causePairCount is a row of path_pair_count: all pairs of two services on a network, or of one with all where there are many.
type causePairCount struct {
	clientService, serverService, network string
	pairs, delivered, some, dropped, lost int
}

// The verdicts of a pair that is not wholly delivered.
const (
	pairDropped = "dropped"
	pairSome    = "some"
	pairOpen    = "cannot tell"
)

// services are the two ends and the network that a pair is counted under.
type services struct{ client, server, network string }

func (p *causePair) services() services {
	return services{p.clientService, p.serverService, p.network}
}

// readWalked reads the tables path_*. It is nil when they are not there, or when nothing at all is counted in them.
func readWalked(ctx context.Context, tx *sql.Tx) (*walkedPaths, error) {
	var tables int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('path_segment', 'path_count', 'path_pair', 'path_pair_count')`).Scan(&tables)
	if err != nil || tables < 4 {
		return nil, err
	}
	w := &walkedPaths{}
	err = errors.Join(w.readCounts(ctx, tx), w.readSegments(ctx, tx), w.readPairs(ctx, tx))
	if err != nil {
		return nil, err
	}
	if p := w.paths; p.Delivered+p.Dropped+p.Unknown+p.Pairs == 0 {
		return nil, nil
	}
	return w, nil
}

func (w *walkedPaths) readCounts(ctx context.Context, tx *sql.Tx) error {
	err := tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(delivered), 0), COALESCE(SUM(dropped), 0), COALESCE(SUM(unknown), 0) FROM path_count`).
		Scan(&w.paths.Delivered, &w.paths.Dropped, &w.paths.Unknown)
	if err != nil {
		return err
	}
	var c causePairCount
	err = eachOf(ctx, tx, `SELECT COALESCE(client_service, ''), COALESCE(server_service, ''), COALESCE(network, ''), pairs, delivered, some, dropped, unknown FROM path_pair_count`,
		[]any{&c.clientService, &c.serverService, &c.network, &c.pairs, &c.delivered, &c.some, &c.dropped, &c.lost},
		func() { w.counts = append(w.counts, c) })
	w.sum()
	return err
}

// sum fills in the totals of pairs.
func (w *walkedPaths) sum() {
	for _, c := range w.counts {
		w.paths.Pairs += c.pairs
		w.paths.Whole += c.delivered
		w.paths.Partly += c.some
		w.paths.Broken += c.dropped
		w.paths.Unjudged += c.lost
	}
}

func (w *walkedPaths) readSegments(ctx context.Context, tx *sql.Tx) error {
	names := map[string]string{} // of networks, by what their ids begin with
	var net, name string
	err := eachOf(ctx, tx, "SELECT net, network FROM overlay_network", []any{&net, &name}, func() { names[net] = name })
	if err != nil {
		return err
	}
	var s causeSegment
	return eachOf(ctx, tx, `SELECT s.segment, s.kind, s.host, COALESCE(s.net, n.net, ''), COALESCE(s.what, ''), COALESCE(s.target, ''), s.targets,
  s.verdict = 'dropped', s.hop, COALESCE(s.hop_host, ''), COALESCE(s.place, ''), COALESCE(s.subject, ''), COALESCE(s.expected, ''), COALESCE(s.observed, ''),
  COALESCE(s.why, ''), COALESCE(s.ref, ''), COALESCE(s.expected_ref, '')
FROM path_segment AS s
LEFT JOIN (SELECT host, netns_name, MIN(net) AS net FROM overlay_netns GROUP BY host, netns_name) AS n ON n.host = s.hop_host AND n.netns_name = s.place
ORDER BY s.segment`,
		[]any{&s.key, &s.kind, &s.host, &net, &s.what, &s.target, &s.targets, &s.dropped, &s.hop, &s.hopHost, &s.place, &s.subject, &s.expected, &s.observed,
			&s.why, &s.ref, &s.expectedAt}, func() {
			if key, ok := strings.CutPrefix(s.subject, "address:"); ok && net == "" {
				if parts := strings.Split(key, "/"); len(parts) == 3 {
					net = parts[1]
				}
			}
			s.network = names[net]
			w.segments = append(w.segments, s)
		})
}

func (w *walkedPaths) readPairs(ctx context.Context, tx *sql.Tx) error {
	var p causePair
	return eachOf(ctx, tx, `SELECT client_kind, COALESCE(client_host, ''), COALESCE(client, ''), COALESCE(client_service, ''), COALESCE(server_service, ''),
  COALESCE(network, ''), COALESCE(target, ''), verdict, segment, COALESCE(alike, 0)
FROM path_pair WHERE segment IS NOT NULL`,
		[]any{&p.clientKind, &p.clientHost, &p.client, &p.clientService, &p.serverService, &p.network, &p.target, &p.verdict, &p.segment, &p.alike},
		func() { w.pairs = append(w.pairs, p) })
}
