package analyze

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A causeMoment is something dated that a finding cites.
type causeMoment struct {
	at   time.Time
	kind momentKind
	what string
	ref  string
}

type momentKind int

const (
	momentBegan momentKind = iota // a task or a container came up: what is about it was not so before
	momentEnded                   // a task ended: from then on, what still leads to it is wrong
	momentSeen                    // a line of a log, an event, a container's end: it was so then
)

// turnsAtEnd are the rules of which a finding is true from the very end of the task that it cites: before that, the entry was right.
var turnsAtEnd = []string{"dns-stale-record", "dns-client-cache", "ipvs-stale-backend", "ipvs-udp-stale", "neigh-stale-permanent", "task-container-mismatch"}

// boundByStart are the rules that speak of one container, task or endpoint: what they find was not so before that came up.
var boundByStart = []string{
	"bridge-learned-blackhole", "conntrack-full", "dns-missing-record", "dns-nat-chain-missing", "dns-rr-rfc3484-skew", "ephemeral-ports",
	"fdb-local-mac-behind-vxlan", "fdb-permanent-missing", "fdb-remote-self-reference", "fdb-wrong-vtep", "healthcheck-kill", "host-arp-stale-bridge",
	"ip-duplicate", "ipvs-missing-backend", "listen-overflow", "log-driver-blocking", "mac-ip-mismatch", "mtu-inconsistent", "neigh-missing",
	"pid1-zombies", "process-limits", "syncookies", "task-ingress-redirect-missing", "task-target-port-not-listening", "tcp-retrans-high",
	"udev-networkd-mac-rewrite", "udp-buffer-errors", "veth-dangling", "vip-multiple-marks",
}

// momentQueries read the dated rows among those that are cited: time, kind, what happened, address. The table cause_cited holds them.
var momentQueries = []string{
	`SELECT t.state_at, CASE WHEN t.state IN ('running', 'starting') THEN 0 WHEN t.state IN ('complete', 'failed', 'shutdown', 'rejected', 'remove', 'orphaned') THEN 1 ELSE 2 END,
  'task ' || COALESCE(COALESCE(s.name || '.', '') || COALESCE(NULLIF(t.slot, 0), (SELECT MIN(n.hostname) FROM swarm_node AS n WHERE n.host = t.host AND n.node_id = t.node_id)), t.task_id)
    || CASE WHEN t.state = 'running' THEN ' came up' WHEN t.state IN ('complete', 'failed', 'shutdown', 'rejected', 'remove', 'orphaned') THEN ' has ended, ' || t.state ELSE ' was ' || t.state END, t.ref
FROM swarm_task AS t JOIN cause_cited AS c ON c.ref = t.ref LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
WHERE t.state_at IS NOT NULL`,
	`SELECT CASE WHEN c.state = 'running' THEN c.started_at ELSE c.finished_at END, CASE WHEN c.state = 'running' THEN 0 ELSE 2 END,
  'container ' || COALESCE(c.name, substr(c.container, 1, 12)) || CASE WHEN c.state = 'running' THEN ' was started' ELSE ' ended' END, c.ref
FROM container AS c JOIN cause_cited AS x ON x.ref = c.ref WHERE c.state = 'running' AND c.started_at IS NOT NULL OR c.state IN ('exited', 'dead') AND c.finished_at IS NOT NULL`,
	`SELECT e.time, 2, COALESCE(e.type || ' ', '') || COALESCE(e.action, 'event') || COALESCE(' of ' || COALESCE(e.name, e.service, substr(e.actor_id, 1, 12)), ''), e.ref
FROM docker_event AS e JOIN cause_cited AS x ON x.ref = e.ref WHERE e.time IS NOT NULL`,
	`SELECT l.time, 2, 'the kernel''s log says so', l.ref FROM kernel_log AS l JOIN cause_cited AS x ON x.ref = l.ref WHERE l.time IS NOT NULL`,
	`SELECT l.time, 2, 'a line of the daemon''s log says so', l.ref FROM log_line AS l JOIN cause_cited AS x ON x.ref = l.ref WHERE l.time IS NOT NULL`,
}

// ownersQuery says when the container came up whose namespace a name is: before that the namespace did not exist. The table cause_named
// holds the names that findings bounded by it have; of several containers the one that came up last is the last.
const ownersQuery = `
WITH named AS MATERIALIZED (
  SELECT o.host, o.netns_name, o.container FROM netns_owner AS o CROSS JOIN cause_named AS n ON n.host = o.host AND n.netns = o.netns_name WHERE o.kind = 'container'
)
SELECT o.host, o.netns_name, c.started_at, 'container ' || COALESCE(c.name, substr(c.container, 1, 12)) || ' was started', c.ref
FROM container AS c CROSS JOIN named AS o ON o.host = c.host AND o.container = c.container
WHERE c.state = 'running' AND c.started_at IS NOT NULL ORDER BY c.started_at, c.ref`

// endedQuery says when an address lost its last owner: by network and by service, for findings state the one or the other.
const endedQuery = `SELECT COALESCE(o.network, ''), COALESCE(t.service, ''), t.ip, t.since_s, 'task ' || COALESCE(t.label, t.task_id) || ' has ended, ' || COALESCE(t.state, 'gone'), t.ref
FROM task_endpoint AS t LEFT JOIN overlay_network AS o ON o.net = t.net
WHERE t.gone = 1 AND t.since_s IS NOT NULL ORDER BY t.since_s`

// addressTurns are those of turnsAtEnd that speak of an address which nobody has any more: its last owner's end is theirs.
var addressTurns = []string{"dns-stale-record", "dns-client-cache", "ipvs-stale-backend", "neigh-stale-permanent"}

// causeTimes is what is known of when.
type causeTimes struct {
	ended  map[string]causeMoment   // by network/address and service/address
	cited  map[string][]causeMoment // by address
	owners map[string]causeMoment   // by host/namespace
	first  map[string]time.Time     // host: when its kernel was read first
	refs   map[string]string        // host: the row that says so
}

// timesOf reads the dated rows that the findings cite.
func timesOf(ctx context.Context, db *database, findings []Finding) (*causeTimes, error) {
	t := &causeTimes{ended: map[string]causeMoment{}, cited: map[string][]causeMoment{}, first: map[string]time.Time{}, refs: map[string]string{}}
	if _, err := db.tx.ExecContext(ctx, "CREATE TEMP TABLE cause_cited (ref TEXT PRIMARY KEY) WITHOUT ROWID"); err != nil {
		return nil, err
	}
	in := newInserter(db, "cause_cited", 1)
	seen := map[string]bool{}
	for i := range findings {
		for _, e := range findings[i].Evidence {
			if !seen[e.Ref] && strings.Contains(e.Ref, "/raw/") {
				seen[e.Ref] = true
				if err := in.values(ctx, []any{e.Ref}); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := in.flush(ctx); err != nil {
		return nil, err
	}
	for _, q := range momentQueries {
		var m causeMoment
		var at string
		err := eachOf(ctx, db.tx, q, []any{&at, &m.kind, &m.what, &m.ref}, func() {
			var err error
			if m.at, err = time.Parse(time.RFC3339Nano, at); err == nil { // a time that is none says nothing
				t.cited[m.ref] = append(t.cited[m.ref], m)
			}
		})
		if err != nil {
			return nil, fmt.Errorf("read the times of what is cited: %w", err)
		}
	}
	var err error
	if t.owners, err = ownersOf(ctx, db, findings); err != nil {
		return nil, fmt.Errorf("read when containers came up: %w", err)
	}
	var network, service, ip string
	var ended float64
	m := causeMoment{kind: momentEnded}
	err = eachOf(ctx, db.tx, endedQuery, []any{&network, &service, &ip, &ended, &m.what, &m.ref}, func() {
		m.at = time.UnixMicro(int64(ended * 1e6)).UTC()
		t.ended["network "+network+" "+ip], t.ended["service "+service+" "+ip] = m, m // the last one stays
	})
	if err != nil {
		return nil, fmt.Errorf("read when addresses lost their owners: %w", err)
	}
	var host, at, ref string
	err = eachOf(ctx, db.tx, "SELECT host, first_read, ref FROM host WHERE first_read IS NOT NULL", []any{&host, &at, &ref}, func() {
		if x, err := time.Parse(time.RFC3339Nano, at); err == nil {
			t.first[host], t.refs[host] = x, ref
		}
	})
	if err != nil {
		return nil, err
	}
	_, err = db.tx.ExecContext(ctx, "DROP TABLE cause_cited")
	return t, err
}

// ownersOf says when the containers came up whose namespaces findings name that such a start bounds, by host/namespace. They are few, and a
// fleet's containers many.
func ownersOf(ctx context.Context, db *database, findings []Finding) (map[string]causeMoment, error) {
	named := map[[2]string]bool{}
	for i := range findings {
		if f := &findings[i]; slices.Contains(boundByStart, f.Rule) {
			for _, netns := range f.list("netns") {
				named[[2]string{f.Host, netns}] = true
			}
		}
	}
	owners := map[string]causeMoment{}
	if len(named) == 0 {
		return owners, nil
	}
	if _, err := db.tx.ExecContext(ctx, "CREATE TEMP TABLE cause_named (host TEXT, netns TEXT, PRIMARY KEY (host, netns)) WITHOUT ROWID"); err != nil {
		return nil, err
	}
	in := newInserter(db, "cause_named", 2)
	for n := range named {
		if err := in.values(ctx, []any{n[0], n[1]}); err != nil {
			return nil, err
		}
	}
	if err := in.flush(ctx); err != nil {
		return nil, err
	}
	var host, netns, at string
	m := causeMoment{kind: momentBegan}
	err := eachOf(ctx, db.tx, ownersQuery, []any{&host, &netns, &at, &m.what, &m.ref}, func() {
		var err error
		if m.at, err = time.Parse(time.RFC3339Nano, at); err == nil {
			owners[host+"/"+netns] = m
		}
	})
	if err != nil {
		return nil, err
	}
	_, err = db.tx.ExecContext(ctx, "DROP TABLE cause_named")
	return owners, err
}

// Since of a cause, in the words of whoever asks when it began.
//
// The moment is known when something that the finding cites made it true: the end of the task that a stale entry is for. Otherwise the
// latest start of what it is about bounds it on one side, and the earliest line that tells of it, or the first read, on the other.
// What no captured row bounds was there before the capture, and nothing more is said.
func (t *causeTimes) since(g *causeGroup) *Since {
	if len(g.nodes) == 0 {
		return nil
	}
	s := t.own(g.nodes)
	if s.Because != "" {
		return s
	}
	// The first dated consequence is worth more than nothing.
	var felt *Since
	for _, n := range g.followers() {
		x := t.own([]*causeNode{n})
		if x.exact() && (felt == nil || x.By.Before(felt.By)) {
			felt = x
		}
	}
	if felt != nil {
		felt.Felt = true
		felt.Words = fmt.Sprintf("felt since %s (%s)", stamp(felt.By), felt.Because)
		return felt
	}
	return s
}

// dated is 1 for what a captured row dates.
func (s *Since) dated() int {
	if s != nil && s.Because != "" {
		return 1
	}
	return 0
}

func (s *Since) exact() bool { return !s.By.IsZero() && s.By.Equal(s.After) }

// own is what the findings themselves say.
func (t *causeTimes) own(nodes []*causeNode) *Since {
	var turned, began, seen *causeMoment
	var first time.Time
	firstRef, open := "", false
	for _, n := range nodes {
		turns, bound := slices.Contains(turnsAtEnd, n.Rule), slices.Contains(boundByStart, n.Rule)
		if at, ok := t.first[n.Host]; ok && (first.IsZero() || at.Before(first)) {
			first, firstRef = at, t.refs[n.Host]
		}
		var start *causeMoment // of this finding
		for _, netns := range n.list("netns") {
			if m, ok := t.owners[n.Host+"/"+netns]; ok && bound {
				start = &m
			}
		}
		for _, e := range n.Evidence {
			for _, m := range t.cited[e.Ref] {
				switch {
				case m.kind == momentBegan && bound && (start == nil || m.at.After(start.at)):
					start = &m
				case m.kind == momentEnded && turns && (turned == nil || m.at.Before(turned.at)):
					turned = &m
				case m.kind == momentSeen && (seen == nil || m.at.Before(seen.at)):
					seen = &m
				}
			}
		}
		if m := t.lastOwner(n); m != nil && turned == nil {
			turned = m
		}
		// Of several findings the one that began first bounds them all, and one without a bound leaves them without.
		switch {
		case start == nil:
			open = true
		case began == nil || start.at.Before(began.at):
			began = start
		}
	}
	if open {
		began = nil
	}
	switch {
	case turned != nil:
		return &Since{Words: fmt.Sprintf("since %s (%s)", stamp(turned.at), turned.what), After: turned.at, By: turned.at, Because: turned.what, Ref: turned.ref}
	case seen != nil && began != nil && began.at.Before(seen.at):
		return &Since{Words: fmt.Sprintf("since %s at the latest (%s), after %s (%s)", stamp(seen.at), seen.what, stamp(began.at), began.what),
			After: began.at, By: seen.at, Because: seen.what, Ref: seen.ref}
	case seen != nil:
		return &Since{Words: fmt.Sprintf("since %s at the latest (%s)", stamp(seen.at), seen.what), By: seen.at, Because: seen.what, Ref: seen.ref}
	case began != nil:
		return &Since{Words: fmt.Sprintf("since before the capture, after %s (%s)", stamp(began.at), began.what), After: began.at, By: first, Because: began.what, Ref: began.ref}
	}
	return &Since{Words: "since before the capture", By: first, Ref: firstRef}
}

// lastOwner is when the address that a finding speaks of lost its last owner; nil when no captured task had it.
func (t *causeTimes) lastOwner(n *causeNode) *causeMoment {
	if !slices.Contains(addressTurns, n.Rule) {
		return nil
	}
	for _, key := range []string{"network", "service"} {
		for _, name := range n.list(key) {
			for _, ip := range n.list("ip") {
				if m, ok := t.ended[key+" "+name+" "+ip]; ok {
					return &m
				}
			}
		}
	}
	return nil
}

// stamp is a time as all renderings write it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
