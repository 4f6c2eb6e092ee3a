package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"regexp"
	"strconv"

	"github.com/netmortem/netmortem/schema"
)

// gossipPeer is what one host's memberlist said of its peers lately. A peer is an address where a line or a network's
// list of peers tells it, because a daemon that restarts comes back under another name; else the name.
var gossipPeer = Derived{
	Name: "gossip_peer",
	Doc:  "What a host's gossip layer logged of each peer in the quarter of an hour before the capture: one row a host and peer.",
	Columns: []schema.Column{
		colHost(),
		must(text("peer", schema.Plain, "last name of the peer in the gossip")),
		text("ip", schema.Addr, "its address, where a line or a list of peers tells it"),
		must(whole("suspected", "times that it answered no probe")),
		must(whole("refuted", "times that this host had to contradict a suspicion which the peer passed on")),
		must(whole("failed", "times that it was declared failed: its records were dropped then")),
		must(whole("udp", "times that it answered over TCP but not over UDP")),
		text("state", schema.Plain, "failed, left or active: the last word about it; NULL when nothing changed"),
		number("state_ago_s", "seconds from that word to the start of the capture"),
		number("state_at_s", "when that was, seconds since 1970 by this host's clock"),
		must(refCol("ref", "last row of log_line about it")),
		refCol("failed_ref", "row of log_line that says failed"),
		refCol("udp_ref", "row of log_line that says that only TCP answers"),
	},
	Reads: []string{"log_line_age", "host", "network_peer"},
	Index: []string{"host"},
	Fill:  fillGossipPeer,
}

// gossipWindow is how far back, in seconds, lines of the gossip speak for the present.
const gossipWindow = 900

// The lines of memberlist (net.go, state.go) and of NetworkDB (cluster.go, event_delegate.go, nodemgmt.go). The first
// group is the peer's name, the second its address.
var gossipLines = []struct {
	event string
	shape *regexp.Regexp
}{
	{"suspected", regexp.MustCompile(`Suspect (\S+) has failed, no acks received`)},
	{"refuted", regexp.MustCompile(`Refuting a (?:suspect|dead) message \(from: ([^)\s]+)\)`)},
	{"failed", regexp.MustCompile(`^Node (\S+) change state \w+ --> NodeFailed`)},
	{"left", regexp.MustCompile(`^Node (\S+) change state \w+ --> NodeLeft`)},
	{"active", regexp.MustCompile(`^Node (\S+) change state \w+ --> NodeActive`)},
	{"active", regexp.MustCompile(`^Node ([^\s/]+)/([0-9a-fA-F.:]+), joined gossip cluster`)},
	{"udp", regexp.MustCompile(`Was able to (?:connect to|reach) (\S+) (?:over TCP but UDP|but other probes failed|via TCP but not UDP)`)},
}

// A gossipTally is a row of gossip_peer in the making.
type gossipTally struct {
	host, peer, ip                string
	count                         map[string]int64 // by event
	state, ref, failedRef, udpRef any
	stateAgo, stateAt             any
}

func fillGossipPeer(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type key struct{ host, name string }
	ips := map[key]string{} // by observer, and by "" for what any host's list of peers says
	for scan, err := range queried(ctx, tx, "SELECT DISTINCT name, ip FROM network_peer ORDER BY name, ip") {
		if err != nil {
			return err
		}
		var name, ip string
		if err := scan(&name, &ip); err != nil {
			return err
		}
		ips[key{"", name}] = ip
	}

	type line struct {
		host, text, ref string
		at, ago         float64
		event, name     string
	}
	var lines []line
	for scan, err := range queried(ctx, tx, `
		SELECT l.host, l.text, l.ref, (julianday(h.wall) - 2440587.5) * 86400.0 - l.age_s, l.age_s
		FROM log_line_age AS l JOIN host AS h ON h.host = l.host
		WHERE l.class IN ('gossip-flap', 'gossip-state', 'gossip-udp') ORDER BY l.host, l.age_s DESC, l.ref`) {
		if err != nil {
			return err
		}
		var l line
		if err := scan(&l.host, &l.text, &l.ref, &l.at, &l.ago); err != nil {
			return err
		}
		for _, g := range gossipLines {
			m := g.shape.FindStringSubmatch(l.text)
			if m == nil {
				continue
			}
			l.event, l.name = g.event, m[1]
			if len(m) > 2 {
				ips[key{l.host, l.name}] = m[2]
			}
			lines = append(lines, l)
			break
		}
	}

	tallies := map[key]*gossipTally{}
	var order []*gossipTally
	for _, l := range lines {
		if l.ago > gossipWindow {
			continue
		}
		ip := cmp.Or(ips[key{l.host, l.name}], ips[key{"", l.name}])
		k := key{l.host, cmp.Or(ip, l.name)}
		t := tallies[k]
		if t == nil {
			t = &gossipTally{host: l.host, ip: ip, count: map[string]int64{}}
			tallies[k], order = t, append(order, t)
		}
		t.peer, t.ref = l.name, l.ref
		t.count[l.event]++
		switch l.event {
		case "failed", "left", "active":
			t.state, t.stateAgo, t.stateAt = l.event, l.ago, l.at
		}
		switch l.event {
		case "failed":
			t.failedRef = l.ref
		case "udp":
			t.udpRef = l.ref
		}
	}
	for _, t := range order {
		var ip any
		if t.ip != "" {
			ip = t.ip
		}
		if err := put(t.host, t.peer, ip, t.count["suspected"], t.count["refuted"], t.count["failed"], t.count["udp"],
			t.state, t.stateAgo, t.stateAt, t.ref, t.failedRef, t.udpRef); err != nil {
			return err
		}
	}
	return nil
}

// networkdbStat takes the figures out of the line that NetworkDB writes every five minutes for each network (networkdb.go,
// until 28 with one queue, newer with two).
var networkdbStat = Derived{
	Name: "networkdb_stat",
	Doc:  "What NetworkDB says of itself every five minutes, of the last hour: one row a line.",
	Columns: []schema.Column{
		colHost(),
		text("network_id", schema.Plain, "network, or the beginning of its id; NULL for lines about the node as a whole"),
		whole("peers", "nodes on the network"),
		whole("entries", "records of the network"),
		whole("queue", "messages that wait to be sent"),
		whole("healthscore", "0 is healthy; of lines about the node as a whole"),
		must(number("ago_s", "seconds from the line to the start of the capture")),
		must(whole("place", "1 for the last line about that network, or about the node")),
		must(refCol("ref", "row of log_line")),
	},
	Reads: []string{"log_line_age"},
	Index: []string{"host, network_id"},
	Fill:  fillNetworkDBStat,
}

var (
	statLine  = regexp.MustCompile(`netID:(\S+) leaving:\w+ netPeers:(\d+) entries:(\d+) Queue qLen:(\d+)(?:\+(\d+))?`)
	scoreLine = regexp.MustCompile(`healthscore:(\d+)`)
)

func fillNetworkDBStat(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	var out [][]any
	places := map[[2]string]int64{}
	for scan, err := range queried(ctx, tx, `SELECT host, text, age_s, ref FROM log_line_age
		WHERE class IN ('gossip-stats', 'gossip-backlog', 'gossip-degraded') AND age_s < 3600 ORDER BY host, age_s, ref`) {
		if err != nil {
			return err
		}
		var host, line, ref string
		var ago float64
		if err := scan(&host, &line, &ago, &ref); err != nil {
			return err
		}
		row := []any{host, nil, nil, nil, nil, nil, ago, nil, ref}
		net := ""
		if m := statLine.FindStringSubmatch(line); m != nil {
			net = m[1]
			queue := int64(0)
			for _, s := range m[4:] {
				n, _ := strconv.ParseInt(s, 10, 64) // the second is empty where there is one queue
				queue += n
			}
			row[1], row[2], row[3], row[4] = net, number64Of(m[2]), number64Of(m[3]), queue
		} else if m := scoreLine.FindStringSubmatch(line); m != nil {
			row[5] = number64Of(m[1])
		} else {
			continue
		}
		places[[2]string{host, net}]++
		row[7] = places[[2]string{host, net}]
		out = append(out, row)
	}
	for _, row := range out {
		if err := put(row...); err != nil {
			return err
		}
	}
	return nil
}

// number64Of is a number that a pattern has matched.
func number64Of(digits string) any {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil
	}
	return n
}
