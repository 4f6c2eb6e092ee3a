package analyze

import (
	"context"
	"database/sql"
)

// trackedUDP sums the UDP entries of connection tracking that are alike. All of them are kept, unless coverage says truncated; then what
// there is of that namespace is left out.
const trackedUDP = `
SELECT e.host, e.netns, e.src, e.dst, COALESCE(e.dport, 0), e.reply_src,
  SUM(CASE WHEN r.host IS NULL OR e.seen <> 'first' THEN 1 ELSE 0 END), SUM(CASE WHEN r.host IS NOT NULL AND e.seen = 'last' THEN 1 ELSE 0 END),
  SUM(CASE WHEN (r.host IS NULL OR e.seen <> 'first') AND instr(COALESCE(e.status, ''), 'seen_reply') > 0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN r.host IS NOT NULL AND e.seen = 'both' AND instr(COALESCE(e.status, ''), 'seen_reply') = 0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN r.host IS NOT NULL AND e.seen = 'both' THEN e.bytes_last - e.bytes END), SUM(CASE WHEN r.host IS NOT NULL AND e.seen = 'both' THEN e.reply_bytes_last - e.reply_bytes END),
  MIN(e.ref)
FROM conntrack_entry AS e
JOIN captured AS k ON k.tbl = 'conntrack_entry' AND k.host = e.host AND k.netns = e.netns
LEFT JOIN reading AS r ON r.host = e.host
WHERE e.proto = 'udp' AND substr(e.dst, 1, 4) <> '127.' AND e.dst <> '::1' AND e.src <> e.dst AND substr(e.dst, 1, 4) <> '224.' AND substr(e.dst, 1, 2) <> 'ff' AND e.dst <> '255.255.255.255'
  AND COALESCE(e.dport, 0) NOT IN (SELECT 4789 UNION SELECT 7946 UNION SELECT vxlan_port FROM link WHERE vxlan_port IS NOT NULL)
GROUP BY e.host, e.netns, e.src, e.dst, e.dport, e.reply_src`

// readUDP adds the flows of UDP, of which connection tracking is the witness. The same flow has an entry in every namespace on its way that
// tracks: the client's counts, for a virtual address the balancer's, which knows the task; the server's only where the client's does not
// track. Who sent first is the client.
func (t *trafficTally) readUDP(ctx context.Context, tx *sql.Tx) error {
	tracks := map[atNetns]bool{}
	var at atNetns
	if err := eachInto(ctx, tx, `SELECT DISTINCT e.host, e.netns FROM conntrack_entry AS e JOIN captured AS k ON k.tbl = 'conntrack_entry' AND k.host = e.host AND k.netns = e.netns`,
		[]any{&at.host, &at.netns}, func() error { tracks[at] = true; return nil }); err != nil {
		return err
	}
	var src, dst, replySrc, ref string
	var port, now, opened, answered, silent int64
	var sent, got sql.NullInt64
	return eachInto(ctx, tx, trackedUDP, []any{&at.host, &at.netns, &src, &dst, &port, &replySrc, &now, &opened, &answered, &silent, &sent, &got, &ref}, func() error {
		k, ok := t.whereUDP(tracks, at, src, dst, port, replySrc)
		if !ok || now == 0 {
			return nil
		}
		k.proto = "udp"
		f := t.flow(k)
		f.countedAt, f.balanced = "", true
		f.tracked += now
		f.opened += opened
		f.answered += answered
		f.unanswered += silent
		if window := t.window[at.host]; sent.Valid && got.Valid && window > 0 {
			f.toServer.add(sent.Int64, window)
			f.toClient.add(got.Int64, window)
		}
		if f.ref == "" {
			f.ref = ref
		}
		return nil
	})
}

// whereUDP says between whom a flow is, if the namespace is the one whose word counts.
func (t *trafficTally) whereUDP(tracks map[atNetns]bool, at atNetns, src, dst string, port int64, replySrc string) (k flowKey, ok bool) {
	k.via, k.port = "direct", port
	if net, balances := t.lb[at]; balances && replySrc != dst {
		return t.behindBalancer(at, net, "udp", src, dst, replySrc, port), true
	}
	net, own, onNet := t.netOf(at, src)
	if onNet || t.own[spot{host: at.host, ip: src}] && t.owner[at].kind == partyHost || t.task[spot{host: at.host, ip: src}].netns == at.netns {
		k.client = t.ownerOf(at)
		if service, ok := t.vip[spot{net: net, ip: dst}]; onNet && ok {
			lb, ok := t.ofNet[spot{net: net, host: at.host}]
			k.server, k.network, k.via = party{kind: partyService, label: service}, t.network(net), "vip"
			return k, !ok || !tracks[lb]
		}
		k.server, k.network = t.peerOf(at, own, dst)
		k.backend = dst
		t.lead(&k, "udp", port)
		return k, true
	}
	net, own, onNet = t.netOf(at, replySrc)
	if !onNet && !(t.own[spot{host: at.host, ip: replySrc}] && t.owner[at].kind == partyHost) && t.task[spot{host: at.host, ip: replySrc}].netns != at.netns {
		return k, false // on its way through
	}
	if _, balanced := t.balancer[spot{net: net, ip: src}]; onNet && balanced {
		return k, false // the balancer's namespace tells who is behind it
	}
	k.server, k.backend = t.ownerOf(at), own
	k.client, k.network = t.peerOf(at, own, src)
	return k, !tracks[atNetns{k.client.host, k.client.netns}]
}
