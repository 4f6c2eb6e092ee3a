package analyze

import (
	"context"
	"database/sql"
	"errors"
)

// walkedPaths is what was found out about paths: what is broken or could not be told, and how many there are in all. A nil one means
// that no path was walked.
type walkedPaths struct {
	segments []causeSegment
	pairs    []causePair
	counts   []causePairCount
	paths    Paths
}

// A causeSegment is a row of path_segment: one step of a path that drops, or that could not be judged.
type causeSegment struct {
	key                  int
	kind, host, netns    string
	net, what, target    string
	dropped              bool
	hop, subject         string
	expected, observed   string
	why, ref, expectedAt string
}

// A causePair is a row of path_pair: a client and a service that do not wholly reach each other.
type causePair struct {
	clientKind, clientHost, client string
	clientService, serverService   string
	network, target                string
	verdict                        string
	segment                        int
}

// A causePairCount is a row of path_pair_count: all pairs of two services on a network.
type causePairCount struct {
	clientService, serverService, network string
	pairs, delivered, some, dropped, lost int
}

// The verdicts of a pair that a cause may answer for.
const (
	pairDropped = "dropped"
	pairSome    = "some"
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
	err = each(ctx, tx, `SELECT COALESCE(client_service, ''), COALESCE(server_service, ''), COALESCE(network, ''), pairs, delivered, some, dropped, unknown FROM path_pair_count`,
		func(scan func(...any) error) error {
			var c causePairCount
			err := scan(&c.clientService, &c.serverService, &c.network, &c.pairs, &c.delivered, &c.some, &c.dropped, &c.lost)
			w.counts = append(w.counts, c)
			return err
		})
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
	return each(ctx, tx, `SELECT segment, COALESCE(kind, ''), COALESCE(host, ''), COALESCE(netns, ''), COALESCE(net, ''), COALESCE(what, ''), COALESCE(target, ''),
  verdict = 'dropped', COALESCE(hop, ''), COALESCE(subject, ''), COALESCE(expected, ''), COALESCE(observed, ''), COALESCE(why, ''), COALESCE(ref, ''), COALESCE(expected_ref, '')
FROM path_segment ORDER BY segment`, func(scan func(...any) error) error {
		var s causeSegment
		err := scan(&s.key, &s.kind, &s.host, &s.netns, &s.net, &s.what, &s.target, &s.dropped, &s.hop, &s.subject, &s.expected, &s.observed, &s.why, &s.ref, &s.expectedAt)
		w.segments = append(w.segments, s)
		return err
	})
}

func (w *walkedPaths) readPairs(ctx context.Context, tx *sql.Tx) error {
	return each(ctx, tx, `SELECT COALESCE(client_kind, ''), COALESCE(client_host, ''), COALESCE(client, ''), COALESCE(client_service, ''), COALESCE(server_service, ''),
  COALESCE(network, ''), COALESCE(target, ''), verdict, COALESCE(segment, 0)
FROM path_pair WHERE verdict IN ('dropped', 'some')`, func(scan func(...any) error) error {
		var p causePair
		err := scan(&p.clientKind, &p.clientHost, &p.client, &p.clientService, &p.serverService, &p.network, &p.target, &p.verdict, &p.segment)
		w.pairs = append(w.pairs, p)
		return err
	})
}
