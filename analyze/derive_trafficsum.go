package analyze

import (
	"context"
	"database/sql"
)

// counted says whose sockets count the connections of two parties: a client whose table of sockets was read whole goes first.
func (t *trafficTally) counted(client, server party) (at string, partial bool) {
	switch {
	case t.whole[atNetns{client.host, client.netns}]:
		return "client", false
	case t.whole[atNetns{server.host, server.netns}]:
		return "server", false
	case client.netns != "":
		return "client", true
	case server.netns != "":
		return "server", true
	}
	return "", false
}

// add takes a socket; server says that it is the server's end, whole that its namespace's table of sockets was read to the end. What
// is told of a sample would be of those that fare badly, which capture prefers: their figures are left out, and they are only counted.
func (f *flow) add(s *tcpSocket, server, whole bool, window float64) {
	counts := f.countedAt == "client" && !server || f.countedAt == "server" && server
	open := s.state != "syn-sent" && s.state != "syn-recv"
	telling := int64(1)
	if s.now && !counts {
		f.others++
	}
	if s.now && counts {
		f.sockets++
		switch s.state {
		case "established":
			f.established++
		case "syn-sent":
			f.synSent++
		case "syn-recv":
			f.synRecv++
		case "close-wait":
			f.closeWait++
		default:
			f.closing++
		}
		if !open && s.retransmits >= halfOpenRetransmits {
			f.halfOpen++
			telling += 1e6
		}
	}
	if s.now && open && s.waits && s.retransmits >= stuckRetransmits {
		if server {
			f.stuckServer++
		} else {
			f.stuckClient++
		}
		telling += 1e6
	}
	if server && s.unread {
		f.unread++
		telling += 1e6
	}
	if whole && s.lifeSegs.Valid && s.lifeAgain.Valid {
		f.told = true
		f.lifeSegs += s.lifeSegs.Int64
		f.lifeAgain += s.lifeAgain.Int64
		if s.now {
			f.unacked += s.unacked.Int64
			f.lost += s.lost.Int64
		}
	}
	mine, others := &f.toServer, &f.toClient
	if server {
		mine, others = others, mine
	}
	if whole && open && s.segs.Valid && s.again.Valid {
		mine.sent = true
		mine.segs += max(s.segs.Int64, 0)
		mine.again += max(s.again.Int64, 0)
		telling += 1000 * max(s.again.Int64, 0)
	}
	if counts && open && s.both && s.acked.Valid && s.received.Valid {
		f.measured++
		if whole {
			mine.add(s.acked.Int64, window)
			others.add(s.received.Int64, window)
		}
		if s.acked.Int64 > 0 || s.received.Int64 > 0 {
			f.active++
			if s.rtt.Int64 > 0 {
				f.timed++
				f.rtt = append(f.rtt, s.rtt.Int64)
				if s.rtt.Int64 >= slowRTT && s.minRTT.Valid && s.rtt.Int64 >= slowRTTTimes*s.minRTT.Int64 {
					f.slow++
					telling += 500
				}
			}
		}
	}
	if counts && s.now {
		age := float64(s.idle.Int64) / 1000
		if s.both {
			age = max(age, window)
		}
		f.oldest = max(f.oldest, age)
	}
	if telling > f.telling {
		f.telling, f.ref = telling, s.ref
	}
}

func (d *direction) add(bytes int64, window float64) {
	d.counted = true
	d.bytes += max(bytes, 0)
	d.rate += float64(max(bytes, 0)) / window
}

// readGroups adds the connections in time-wait, of which TCP forgets all but addresses and ports. Those of a server to a balancer are left
// to IPVS, which knows who is behind it.
func (t *trafficTally) readGroups(ctx context.Context, tx *sql.Tx) error {
	var s tcpSocket
	var n int64
	return eachInto(ctx, tx, `
SELECT s.host, s.netns, s.local, COALESCE(s.local_port, 0), s.peer, COALESCE(s.peer_port, 0), COALESCE(s.sockets_last, s.sockets, 0), s.ref
FROM socket_group AS s LEFT JOIN reading AS r ON r.host = s.host
WHERE s.state = 'time-wait' AND (r.host IS NULL OR s.seen <> 'first') AND s.peer <> s.local AND substr(s.local, 1, 4) <> '127.' AND s.local <> '::1'`,
		[]any{&s.at.host, &s.at.netns, &s.local, &s.localPort, &s.peer, &s.peerPort, &n, &s.ref}, func() error {
			if s.peerPort > 0 {
				s.state = "syn-sent" // what it was when it asked: the group has only the server's port
			} else {
				s.state = ""
			}
			k, w, server := t.where(&s)
			if server && w.lb != (atNetns{}) || !server && s.peerPort == 0 {
				return nil
			}
			f := t.flow(k)
			f.timeWait += n
			if f.ref == "" {
				f.ref = s.ref
			}
			return nil
		})
}

// readBalancers adds what IPVS tells of connections, those among them that no socket shows any more.
func (t *trafficTally) readBalancers(ctx context.Context, tx *sql.Tx) error {
	var at atNetns
	var client, vip, dest, first, last, ref string
	var vport int64
	return eachInto(ctx, tx, `
SELECT c.host, c.netns, c.client, c.vaddress, c.vport, c.address,
  COALESCE(MAX(CASE c.read WHEN 'first' THEN c.state END), ''), COALESCE(MAX(CASE c.read WHEN 'last' THEN c.state END), ''), MAX(c.ref)
FROM ipvs_connection AS c
JOIN reading AS r ON r.host = c.host
JOIN captured AS k ON k.tbl = 'ipvs_connection' AND k.host = c.host AND k.netns = c.netns
WHERE c.proto = 'tcp' AND c.cport > 0
GROUP BY c.host, c.netns, c.client, c.cport, c.vaddress, c.vport, c.address, c.port`,
		[]any{&at.host, &at.netns, &client, &vip, &vport, &dest, &first, &last, &ref}, func() error {
			net, ok := t.lb[at]
			if !ok || last == "" {
				return nil
			}
			k := t.behindBalancer(at, net, "tcp", client, vip, dest, vport)
			f := t.flow(k)
			f.balanced = true
			if f.otherRef == "" {
				f.otherRef = ref
			}
			waiting := func(state string) bool { return state == "SYN_RECV" || state == "SYN_SENT" || state == "NONE" }
			if last == "ESTABLISHED" {
				f.tracked++
			}
			if last == "FIN_WAIT" || last == "TIME_WAIT" {
				f.finished++
			}
			if waiting(first) && waiting(last) {
				f.unanswered++
				f.otherRef = ref
			}
			if first == "" {
				f.opened++
				switch {
				case last == "CLOSE":
					// In tcp_states of ip_vs_proto_tcp.c only a reset leads here: an orderly end goes by FIN_WAIT or CLOSE_WAIT to TIME_WAIT.
					f.reset++
				case !waiting(last):
					f.answered++
				}
			}
			return nil
		})
}
