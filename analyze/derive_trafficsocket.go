package analyze

import (
	"context"
	"database/sql"
)

// A tcpSocket is what a row of socket says of a connection.
type tcpSocket struct {
	at                               atNetns
	local, peer                      string
	localPort, peerPort              int64
	state, ref                       string
	now, both                        bool          // the last read held it; both did, in the same state
	waits                            bool          // for an acknowledgement: the timer of retransmissions is set
	retransmits                      int64         // of the oldest segment
	acked, received                  sql.NullInt64 // payload bytes between the reads
	segs, again                      sql.NullInt64 // sent between the reads
	lifeSegs, lifeAgain              sql.NullInt64
	unacked, lost, rtt, minRTT, idle sql.NullInt64
	unread                           bool // bytes waited in both reads, and the program took none
}

// tcpSockets selects every TCP socket that has a peer elsewhere. A host without a window between two reads has one read only.
const tcpSockets = `
SELECT s.host, s.netns, s.local, s.local_port, s.peer, COALESCE(s.peer_port, 0), s.state, s.ref,
  CASE WHEN r.host IS NULL OR s.seen <> 'first' THEN 1 ELSE 0 END,
  CASE WHEN r.host IS NOT NULL AND s.seen = 'both' THEN 1 ELSE 0 END,
  CASE WHEN CASE s.seen WHEN 'both' THEN s.timer_last ELSE s.timer END = 'on' THEN 1 ELSE 0 END,
  COALESCE(s.retransmits_last, s.retransmits, 0),
  CASE WHEN s.seen = 'both' AND r.host IS NOT NULL THEN s.bytes_acked_last - s.bytes_acked END, CASE WHEN s.seen = 'both' AND r.host IS NOT NULL THEN s.bytes_received_last - s.bytes_received END,
  CASE WHEN s.seen = 'both' AND r.host IS NOT NULL THEN s.segs_out_last - s.segs_out END, CASE WHEN s.seen = 'both' AND r.host IS NOT NULL THEN s.total_retrans_last - s.total_retrans END,
  COALESCE(s.segs_out_last, s.segs_out), COALESCE(s.total_retrans_last, s.total_retrans),
  COALESCE(s.unacked_last, s.unacked), COALESCE(s.lost_last, s.lost), COALESCE(s.rtt_us_last, s.rtt_us), s.min_rtt_us,
  MAX(COALESCE(s.last_data_sent_ms_last, s.last_data_sent_ms), COALESCE(s.last_data_recv_ms_last, s.last_data_recv_ms)),
  CASE WHEN ` + unreadSocket + ` THEN 1 ELSE 0 END
FROM socket AS s LEFT JOIN reading AS r ON r.host = s.host
WHERE s.proto = 'tcp' AND s.state <> 'listening' AND s.state <> 'unconnected' AND s.peer IS NOT NULL AND s.peer <> s.local
  AND substr(s.local, 1, 4) <> '127.' AND s.local <> '::1'`

// scan lists where the columns of tcpSockets go.
func (s *tcpSocket) scan() []any {
	return []any{
		&s.at.host, &s.at.netns, &s.local, &s.localPort, &s.peer, &s.peerPort, &s.state, &s.ref, &s.now, &s.both, &s.waits, &s.retransmits,
		&s.acked, &s.received, &s.segs, &s.again, &s.lifeSegs, &s.lifeAgain, &s.unacked, &s.lost, &s.rtt, &s.minRTT, &s.idle, &s.unread,
	}
}

// A wanted connection is one whose other end stands behind a balancer.
type wanted struct {
	lb         atNetns
	ip         string // of the client's socket: its own; of the server's: the balancer's, its peer
	port       int64
	to         string // virtual address; of the server's socket the server's own address
	toPort     int64  // virtual port; not used for the server's, whose port a REDIRECT may have changed
	serverSide bool
}

// A behind is a socket that waits for its other end to be found.
type behind struct {
	wanted
	tcpSocket
	flowKey
}

// mostBehind bounds the sockets that wait for a balancer's word at a time, and so what they take: each batch costs a look through all
// connections of IPVS and connection tracking.
const mostBehind = 1 << 18

// readSockets places every socket, those that a balancer stands before when there are enough of them.
func (t *trafficTally) readSockets(ctx context.Context, tx *sql.Tx) error {
	var s tcpSocket
	var later []behind
	err := eachInto(ctx, tx, tcpSockets, s.scan(), func() error {
		k, w, server := t.where(&s)
		if w.lb == (atNetns{}) {
			t.flow(k).add(&s, server, t.whole[s.at], t.window[s.at.host])
			return nil
		}
		if later = append(later, behind{w, s, k}); len(later) < mostBehind {
			return nil
		}
		err := t.join(ctx, tx, later)
		later = later[:0]
		return err
	})
	if err != nil {
		return err
	}
	return t.join(ctx, tx, later)
}

// join places sockets by what their balancers know.
func (t *trafficTally) join(ctx context.Context, tx *sql.Tx, list []behind) error {
	found := map[wanted]*otherEnd{}
	servers := 0
	for i := range list {
		found[list[i].wanted] = nil
		if list[i].serverSide {
			servers++
		}
	}
	if servers < len(list) {
		if err := findBackends(ctx, tx, found); err != nil {
			return err
		}
	}
	if servers > 0 {
		if err := findClients(ctx, tx, found); err != nil {
			return err
		}
	}
	for i := range list {
		b := &list[i]
		end := found[b.wanted]
		f := t.flow(t.joined(b, end))
		f.add(&b.tcpSocket, b.serverSide, t.whole[b.at], t.window[b.at.host])
		if end != nil && f.otherRef == "" {
			f.otherRef = end.ref
		}
	}
	return nil
}

// where says which end a socket is, and who both ends are; a wanted with a balancer when that has to be asked.
func (t *trafficTally) where(s *tcpSocket) (k flowKey, w wanted, server bool) {
	k.via = "direct"
	net, own, onNet := t.netOf(s.at, s.local)
	if t.listens[listener{s.at, portOf{"tcp", s.localPort}}] && s.state != "syn-sent" {
		k.server, k.backend, k.port = t.ownerOf(s.at), own, s.localPort
		if onNet {
			if lb, ok := t.balancer[spot{net: net, ip: s.peer}]; ok {
				k.network = t.network(net)
				return k, wanted{lb: lb, ip: s.peer, port: s.peerPort, to: s.local, serverSide: true}, true
			}
		}
		k.client, k.network = t.peerOf(s.at, s.local, s.peer)
		return k, w, true
	}
	k.client, k.port = t.ownerOf(s.at), s.peerPort
	if onNet {
		if service, ok := t.vip[spot{net: net, ip: s.peer}]; ok {
			k.server, k.network, k.via = party{kind: partyService, label: service}, t.network(net), "vip"
			lb, ok := t.ofNet[spot{net: net, host: s.at.host}]
			if t.lb[s.at] == net {
				lb, ok = s.at, true
			}
			if ok {
				w = wanted{lb: lb, ip: s.local, port: s.localPort, to: s.peer, toPort: s.peerPort}
			}
			return k, w, false
		}
	}
	k.server, k.network = t.peerOf(s.at, s.local, s.peer)
	k.backend = s.peer
	if t.lead(&k, "tcp", s.peerPort) {
		return k, w, false
	}
	if s.state != "syn-sent" {
		k.unplaced = t.undirected(s, k.server)
	}
	return k, w, false
}

// firstEphemeral is the lowest port that the kernel gives to a client by default (net.ipv4.ip_local_port_range).
const firstEphemeral = 32768

// undirected says why a socket on whose port nobody listens need not be the client's end; empty when it is. The listener at the other end may
// stand behind a translation of the host's, where it is not seen.
func (t *trafficTally) undirected(s *tcpSocket, peer party) string {
	there := atNetns{peer.host, peer.netns}
	switch {
	case t.listens[listener{there, portOf{"tcp", s.peerPort}}]:
	case s.localPort < firstEphemeral:
		return "nobody listens on its port, which is none of those that clients get"
	case s.peerPort >= firstEphemeral && t.whole[there]:
		return "nobody listens on either of its ports"
	}
	return ""
}

// joined completes a key with what the balancer knows.
func (t *trafficTally) joined(b *behind, end *otherEnd) flowKey {
	k := b.flowKey
	net := t.lb[b.lb]
	switch {
	case b.serverSide && end != nil:
		k.client, k.via = t.clientOf(b.lb, net, end.ip), t.viaOf(b.lb)
	case b.serverSide:
		k.client, k.via = party{kind: partyBalancer, label: b.lb.host, host: b.lb.host}, t.viaOf(b.lb)
		if k.via == "vip" {
			// The clients of an lb_ namespace are containers of its host, and have been counted there.
			k.unplaced = "which of the clients behind the load balancer of " + b.lb.host + " it belongs to was not captured; there it is counted"
		}
	case end != nil:
		k.backend = end.ip
		k.server, k.astray = t.serverOf(k.server.label, net, end.ip)
	case !t.whole[b.at]:
		k.unplaced = "it is one of a sample of its client's sockets, and which task it leads to was not captured"
	}
	return k
}

// clientOf is who has an address before a balancer: on the overlay, or where the routing mesh's host routes to.
func (t *trafficTally) clientOf(lb atNetns, net, ip string) party {
	if t.viaOf(lb) == "published" {
		return t.beyond(lb.host, ip)
	}
	if p, ok := t.task[spot{net: net, ip: ip}]; ok {
		return p
	}
	return party{kind: partyUnknown, label: ip}
}

// serverOf is who answers for a service at an address that a balancer chose; astray names who else has the address. What the client asked
// for stays the server: it asked for that, and the balancer's choice is what is wrong.
func (t *trafficTally) serverOf(service, net, ip string) (p party, astray string) {
	p, known := t.task[spot{net: net, ip: ip}]
	switch {
	case service == "" && known:
		return p, ""
	case service == "":
		return party{kind: partyUnknown, label: ip}, ""
	case known && (p.kind != partyService || p.label != service):
		return party{kind: partyService, label: service}, p.label
	case known:
		return p, ""
	}
	return party{kind: partyService, label: service}, ""
}

// behindBalancer is who talks to whom where a balancer sent what a client asked a virtual address or a published port for to dest.
func (t *trafficTally) behindBalancer(at atNetns, net, proto, client, vip, dest string, port int64) flowKey {
	k := flowKey{client: t.clientOf(at, net, client), backend: dest, network: t.network(net), via: t.viaOf(at), port: port}
	service := t.vip[spot{net: net, ip: vip}]
	if p, ok := t.port[portOf{proto, port}]; ok && k.via == "published" {
		service, k.port = p.service, p.target
	}
	k.server, k.astray = t.serverOf(service, net, dest)
	return k
}

// viaOf is the way that leads through a balancer.
func (t *trafficTally) viaOf(lb atNetns) string {
	if t.mesh[lb] {
		return "published"
	}
	return "vip"
}

// An otherEnd is what a balancer knows of a connection.
type otherEnd struct{ ip, ref string }

// findBackends asks IPVS for the destination of each connection that a client's socket is part of.
func findBackends(ctx context.Context, tx *sql.Tx, found map[wanted]*otherEnd) error {
	var w wanted
	return findEnds(ctx, tx, `SELECT host, netns, client, cport, vaddress, vport, address, ref, read = 'last' FROM ipvs_connection WHERE proto = 'tcp' AND cport > 0`,
		&w, []any{&w.lb.host, &w.lb.netns, &w.ip, &w.port, &w.to, &w.toPort}, found)
}

// findClients asks connection tracking who is behind a balancer's address and port.
func findClients(ctx context.Context, tx *sql.Tx, found map[wanted]*otherEnd) error {
	w := wanted{serverSide: true}
	return findEnds(ctx, tx, `SELECT host, netns, reply_dst, COALESCE(reply_dport, 0), reply_src, src, ref, seen <> 'first' FROM conntrack_entry WHERE proto = 'tcp' AND nat = 'dnat,snat'`,
		&w, []any{&w.lb.host, &w.lb.netns, &w.ip, &w.port, &w.to}, found)
}

// findEnds notes the other end of each connection that is wanted: the query selects parts of w, the end's address and row, and whether
// the last read says so, which counts.
func findEnds(ctx context.Context, tx *sql.Tx, query string, w *wanted, parts []any, found map[wanted]*otherEnd) error {
	var end otherEnd
	var last bool
	return eachOf(ctx, tx, query, append(parts, &end.ip, &end.ref, &last), func() {
		if old, ok := found[*w]; ok && (old == nil || last) {
			e := end
			found[*w] = &e
		}
	})
}
