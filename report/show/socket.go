package show

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// socketHead is the line of columns.
const socketHead = "Netid State      Recv-Q Send-Q            Local Address:Port             Peer Address:Port  Process\n"

// socketStates are the states as ss prints them.
var socketStates = map[string]string{"established": "ESTAB", "listening": "LISTEN", "unconnected": "UNCONN", "closed": "UNCONN"}

// socketText is one socket as ss -tuwanpmio prints it. Figures are those of the last read that saw it.
func socketText(s *scope, k *schema.Socket) string {
	state := socketStates[k.State]
	if state == "" {
		state = strings.ToUpper(k.State)
	}
	var p phrase
	p.add(fmt.Sprintf("%-5s %-10s %-6s %-6s %28s %28s ", k.Proto, state,
		figure(latestOf(k.RecvQ, k.RecvQLast)), figure(latestOf(k.SendQ, k.SendQLast)), socketEnd(k, k.Local, k.LocalPort, true), socketEnd(k, k.Peer, k.PeerPort, false)))
	p.add(users(s, k.Inode))
	timer, expires, retrans := k.Timer, k.ExpiresMs, k.Retransmits
	if k.Seen == schema.SeenBoth && s.twice() { // what was not there at the last read is not now
		timer, expires, retrans = k.TimerLast, k.ExpiresMsLast, k.RetransmitsLast
	}
	if timer != "" {
		p.add(fmt.Sprintf("timer:(%s,%s,%d)", timer, milliseconds(expires), or(latestOf(retrans, k.ProbesLast), 0)))
	}
	if k.Inode == 0 {
		p.add("ino:0")
	}
	p.add(s.seen(k.Seen))
	text := strings.TrimRight(p.String(), " ")
	if info := socketInfo(k); info != "" {
		text += "\n\t " + info
	}
	return text + "\n"
}

// socketEnd is address and port; ss writes * for any address of a socket that takes both families, and for no port.
func socketEnd(k *schema.Socket, a netip.Addr, port int64, local bool) string {
	six := k.Family == "ipv6"
	host := ""
	switch {
	case (!a.IsValid() || a.IsUnspecified()) && six && (k.V6Only == nil || !*k.V6Only):
		host = "*"
	case !a.IsValid() && six:
		host = "[::]"
	case !a.IsValid():
		host = "0.0.0.0"
	case six && a.Unmap().Is4():
		host = "[::ffff:" + a.Unmap().String() + "]"
	case six:
		host = "[" + a.WithZone("").String() + "]"
	default:
		host = a.String()
	}
	if k.Dev != "" && local {
		host += "%" + k.Dev
	}
	switch {
	case k.Proto == "raw" && local:
		return host + ":" + protoName(port, six)
	case port == 0:
		return host + ":*"
	}
	return host + ":" + number(port)
}

// protoName is the protocol of a raw socket, as /etc/protocols has it.
func protoName(n int64, six bool) string {
	name := map[int64]string{0: "ip", 1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "ipv6-icmp", 89: "ospf", 112: "vrrp", 255: "*"}[n]
	if name == "" {
		return number(n)
	}
	if n == 0 && six {
		return "hopopt"
	}
	return name
}

// users are the processes that hold the socket.
func users(s *scope, inode int64) string {
	if inode == 0 || len(s.holders[inode]) == 0 {
		return ""
	}
	var list []string
	for _, h := range s.holders[inode] {
		list = append(list, fmt.Sprintf("(%q,pid=%d,fd=%d)", s.comm[h.PID], h.PID, h.FD))
	}
	return "users:(" + strings.Join(list, ",") + ")"
}

// figure is a number, - when it is not known.
func figure(n *int64) string {
	if n == nil {
		return "-"
	}
	return number(*n)
}

func or(n *int64, other int64) int64 {
	if n == nil {
		return other
	}
	return *n
}

// milliseconds is a timer as ss prints it: 1min59sec, 12sec, 1.500ms, 200ms.
func milliseconds(n *int64) string {
	if n == nil {
		return ""
	}
	ms, sec, minutes := *n%1000, *n/1000%60, *n/60000
	text := ""
	if minutes > 0 {
		text, ms = fmt.Sprintf("%dmin", minutes), 0
		if minutes > 9 {
			sec = 0
		}
	}
	if sec > 0 {
		if sec > 9 {
			ms = 0
		}
		text += number(sec) + map[bool]string{true: ".", false: "sec"}[ms > 0]
	}
	if ms > 0 {
		text += fmt.Sprintf("%03dms", ms)
	}
	return text
}

// socketInfo is the second line: memory (-m) and what TCP knows (-i), in the order of iproute2 (misc/ss.c:
// tcp_stats_print). What the bundle does not have is left out.
func socketInfo(k *schema.Socket) string {
	var p phrase
	if k.RmemBytes != nil || k.RmemBytesLast != nil {
		mem := []string{"r" + figure(latestOf(k.RmemBytes, k.RmemBytesLast))}
		for _, m := range []struct {
			name string
			n    *int64
		}{{"rb", k.RcvbufBytes}, {"tb", k.SndbufBytes}, {"w", k.WmemBytes}, {"d", latestOf(k.Drops, k.DropsLast)}} {
			if m.n != nil {
				mem = append(mem, m.name+number(*m.n))
			}
		}
		p.add("skmem:(" + strings.Join(mem, ",") + ")")
	}
	if k.Proto != "tcp" {
		return p.String()
	}
	for _, o := range []struct{ name, shown string }{{"ts", "ts"}, {"sack", "sack"}, {"ecn", "ecn"}, {"ecn_seen", "ecnseen"}, {"syn_data", "fastopen"}} {
		if has(k.TCPOptions, o.name) {
			p.add(o.shown)
		}
	}
	p.add(k.Congestion)
	say := func(name string, n *int64) {
		if n != nil && *n != 0 {
			p.add(name + ":" + number(*n))
		}
	}
	say("rto", k.RtoMs)
	say("backoff", k.Backoff)
	if rtt := latestOf(k.RttUs, k.RttUsLast); rtt != nil && *rtt != 0 {
		p.add(fmt.Sprintf("rtt:%g/%g", float64(*rtt)/1000, float64(or(k.RttvarUs, 0))/1000))
	}
	say("mss", k.SndMSS)
	say("pmtu", k.PMTU)
	say("cwnd", latestOf(k.SndCwnd, k.SndCwndLast))
	say("ssthresh", k.SndSsthresh)
	say("bytes_sent", latestOf(k.BytesSent, k.BytesSentLast))
	say("bytes_retrans", latestOf(k.BytesRetrans, k.BytesRetransLast))
	say("bytes_acked", latestOf(k.BytesAcked, k.BytesAckedLast))
	say("bytes_received", latestOf(k.BytesReceived, k.BytesReceivedLast))
	say("segs_out", latestOf(k.SegsOut, k.SegsOutLast))
	say("segs_in", latestOf(k.SegsIn, k.SegsInLast))
	say("lastsnd", latestOf(k.LastDataSentMs, k.LastDataSentMsLast))
	say("lastrcv", latestOf(k.LastDataRecvMs, k.LastDataRecvMsLast))
	say("lastack", k.LastAckRecvMs)
	if k.DeliveryRate != nil && *k.DeliveryRate != 0 {
		p.add("delivery_rate " + number(*k.DeliveryRate*8) + "bps")
	}
	say("delivered", k.Delivered)
	for _, b := range []struct {
		name string
		n    *int64
	}{{"busy", k.BusyUs}, {"rwnd_limited", k.RwndLimitedUs}, {"sndbuf_limited", k.SndbufLimitedUs}} {
		if b.n != nil && *b.n != 0 {
			p.add(fmt.Sprintf("%s:%dms", b.name, *b.n/1000))
		}
	}
	say("unacked", latestOf(k.Unacked, k.UnackedLast))
	if total := latestOf(k.TotalRetrans, k.TotalRetransLast); total != nil && *total != 0 || or(k.RetransOut, 0) != 0 {
		p.add(fmt.Sprintf("retrans:%d/%d", or(k.RetransOut, 0), or(total, 0)))
	}
	say("lost", latestOf(k.Lost, k.LostLast))
	say("sacked", k.Sacked)
	say("reord_seen", k.ReordSeen)
	say("notsent", k.NotsentBytes)
	if k.MinRttUs != nil && *k.MinRttUs != 0 {
		p.add(fmt.Sprintf("minrtt:%g", float64(*k.MinRttUs)/1000))
	}
	say("rcv_ooopack", k.RcvOoopack)
	say("snd_wnd", k.SndWnd)
	if k.CAState != "" && k.CAState != "open" { // ss has no word for it
		p.add("# ca_state:" + k.CAState)
	}
	if k.Shutdown != "" {
		p.add("# shutdown:" + k.Shutdown)
	}
	return p.String()
}

// socketFoot says how many sockets are in time-wait: they are counted and have no rows.
func socketFoot(s *scope, ns *namespace) string {
	if n := s.timeWait[ns.Netns.Netns]; n > 0 {
		return fmt.Sprintf("# ss -s: %d more in TIME-WAIT, which are only counted: the tables socket_count and socket_group\n", n)
	}
	return ""
}
