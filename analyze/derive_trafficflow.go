package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"

	"github.com/netmortem/netmortem/schema"
)

// trafficFlow is what the tables of traffic are summed from. A connection has up to three witnesses: the client's socket, the server's, and
// the load balancer in between. The client's counts it, if the sockets of its namespace were captured; else the server's does; else the
// balancer's. What the other end alone knows, its retransmissions and what its program has not read, is added without counting again.
//
// A virtual address stands between the two ends: the client's socket shows it as its peer, the server's socket shows the address of the
// balancer on the client's node. The balancer's IPVS connection says which task the client got, its conntrack entry which client is
// behind the balancer's port.
//
// Which end is the client's follows from who listens. Loopback and what a namespace says to itself are left out.
var trafficFlow = Derived{
	Name: "traffic_flow",
	Doc:  "TCP and UDP between one namespace and one other end, as captured: one row a client, server, port of the server and backend. What traffic and traffic_host sum up.",
	Columns: []schema.Column{
		must(text("client_kind", schema.Plain, "service, container, host, balancer (somebody behind that node's load balancer), unknown (an address of a network of Docker's that nothing captured has) or outside")),
		must(text("client", schema.Name, "name of the service, container or host; an address of what is unknown; outside")),
		text("client_host", schema.Name, "captured host that it is on"),
		text("client_netns", schema.Plain, "its namespace there"),
		must(text("server_kind", schema.Plain, "as client_kind")),
		must(text("server", schema.Name, "name of the service, container or host; an address of what is unknown or outside")),
		text("server_host", schema.Name, "captured host that it is on; NULL when the backend is not known either"),
		text("server_netns", schema.Plain, "its namespace there"),
		text("backend", schema.Addr, "address of the server; NULL where only its virtual or published address is known"),
		text("astray", schema.Name, "who has that address, where the balancer gave the connection to what is not of the server's"),
		text("network", schema.Name, "overlay that it goes over, by name; NULL for none"),
		must(text("via", schema.Plain, "vip, published (a port of the routing mesh or of a host) or direct")),
		must(text("proto", schema.Plain, "tcp; or udp, of which connection tracking alone tells: columns tracked to unanswered")),
		must(whole("port", "port of the server, in its container")),
		text("counted_at", schema.Plain, "whose sockets the connections were counted by: client or server; NULL when neither's were captured"),
		text("unplaced", schema.Plain, "why it is not known which end is the client: such a row is in no other table"),
		must(whole("sockets", "sockets of the counting end in the last read")),
		whole("connections", "the same, if its table of sockets was read whole; NULL otherwise"),
		must(whole("other_sockets", "sockets of the other end in the last read of its host: the same connections at another time, not added")),
		must(whole("established", "of the sockets: established")),
		must(whole("syn_sent", "of the sockets: syn-sent")),
		must(whole("syn_recv", "of the sockets: syn-recv")),
		must(whole("close_wait", "of the sockets: close-wait, that is the other end has closed and the program has not")),
		must(whole("closing", "of the sockets: in any other state of closing but time-wait")),
		must(whole("time_wait", "closed ones that either end remembers, at least: five and more between two addresses")),
		must(whole("half_open", "connections whose SYN or SYN-ACK was sent again twice and more without an answer")),
		must(whole("stuck", "open connections whose oldest segment was sent again three times and more without an answer, at either end")),
		must(whole("measured", "connections that both reads held with what TCP knows of them, counted at one end")),
		must(whole("active", "of these: payload was acknowledged or received in between")),
		must(whole("timed", "of the active ones: their round trip time is known")),
		must(whole("slow", "of the timed ones: it was long, and long beside the shortest one of the connection")),
		must(whole("unread", "connections at the server's end of which the program read nothing between the reads, though bytes waited")),
		whole("to_server_bytes", "payload to the server between the reads, of measured connections"),
		whole("to_client_bytes", "payload to the client between the reads, of measured connections"),
		number("to_server_rate", "the same, bytes a second"),
		number("to_client_rate", "the same, bytes a second"),
		whole("to_server_segs", "segments that the client sent between the reads; NULL when its end was not measured"),
		whole("to_server_again", "of these: sent again"),
		whole("to_client_segs", "segments that the server sent between the reads; NULL when its end was not measured"),
		whole("to_client_again", "of these: sent again"),
		whole("life_segs", "segments that the sockets of both ends sent since their connections began"),
		whole("life_again", "of these: sent again"),
		whole("unacked", "segments on the way at the last read"),
		whole("lost", "of these held for lost"),
		whole("rtt_min_us", "shortest smoothed round trip time at the last read, of timed connections, microseconds"),
		whole("rtt_median_us", "median of them"),
		whole("rtt_max_us", "longest"),
		number("oldest_s", "one connection has existed for so many seconds at least: since it last carried payload, or since the first read"),
		whole("tracked", "connections that IPVS holds as established at the last read; NULL where it does not stand between. UDP: flows that connection tracking holds"),
		whole("finished", "connections that IPVS remembers as ended in order, within the last two minutes"),
		whole("opened", "connections that it dealt out between the reads. UDP: new flows"),
		whole("answered", "of these: the handshake was completed. UDP: of the tracked ones: with a reply"),
		whole("reset", "of these: ended by a reset"),
		whole("unanswered", "connections without an answer from the server in both reads. UDP: flows"),
		refCol("ref", "row of socket, the most telling one; else of socket_group or ipvs_connection"),
		refCol("other_ref", "row of ipvs_connection or conntrack_entry that joined the ends"),
	},
	Reads: []string{"netns_owner", "local_endpoint", "task_endpoint", "socket", "reading", "overlay_network", "endpoint", "balancer", "service_vip", "bridge_endpoint",
		"address", "netns", "network_subnet", "captured", "vtep", "uncaptured_node", "published_port", "socket_group", "ipvs_connection", "conntrack_entry", "link"},
	Fill: fillTrafficFlow,
}

// A flowKey is what the connections of one row have in common.
type flowKey struct {
	client, server party
	backend        string
	network, via   string
	proto          string // empty for tcp
	port           int64
	astray         string // who else has the backend's address
	unplaced       string
}

// A flow sums the connections of one row.
type flow struct {
	flowKey
	countedAt                                                                    string
	partial                                                                      bool // the counting end's table of sockets was not read whole
	sockets, others, established, synSent, synRecv, closeWait, closing, timeWait int64
	halfOpen, stuckClient, stuckServer, measured, active, timed, slow, unread    int64
	toServer, toClient                                                           direction
	lifeSegs, lifeAgain, unacked, lost                                           int64
	told, balanced                                                               bool // some socket said what TCP knows; IPVS stands between
	rtt                                                                          []int64
	oldest                                                                       float64
	tracked, finished, opened, answered, reset, unanswered                       int64
	ref, otherRef                                                                string
	telling                                                                      int64
}

// A direction sums what one end sent.
type direction struct {
	bytes       int64
	rate        float64
	counted     bool // bytes
	segs, again int64
	sent        bool // segs
}

// A trafficTally makes flows.
type trafficTally struct {
	*trafficBook
	flows map[flowKey]*flow
	list  []*flow // in the order in which they came
}

func (t *trafficTally) flow(k flowKey) *flow {
	if k.client.kind == partyOutside {
		k.client.label = partyOutside
	}
	f := t.flows[k]
	if f == nil {
		f = &flow{flowKey: k}
		f.countedAt, f.partial = t.counted(k.client, k.server)
		t.flows[k] = f
		t.list = append(t.list, f)
	}
	return f
}

func fillTrafficFlow(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	b, err := readTrafficBook(ctx, tx)
	if err != nil {
		return err
	}
	t := &trafficTally{trafficBook: b, flows: map[flowKey]*flow{}}
	if err := t.readSockets(ctx, tx); err != nil {
		return err
	}
	if err := t.readGroups(ctx, tx); err != nil {
		return err
	}
	if err := t.readBalancers(ctx, tx); err != nil {
		return err
	}
	if err := t.readUDP(ctx, tx); err != nil {
		return err
	}
	slices.SortStableFunc(t.list, func(a, b *flow) int {
		return cmp.Or(cmp.Compare(a.client.label, b.client.label), cmp.Compare(a.server.label, b.server.label), cmp.Compare(a.network, b.network),
			cmp.Compare(a.proto, b.proto), cmp.Compare(a.port, b.port), cmp.Compare(a.client.host, b.client.host), cmp.Compare(a.client.netns, b.client.netns), cmp.Compare(a.backend, b.backend))
	})
	for _, f := range t.list {
		if err := put(f.row()...); err != nil {
			return err
		}
	}
	return nil
}

// row is the flow in the order of the columns.
func (f *flow) row() []any {
	when := func(known bool, n int64) any {
		if !known {
			return nil
		}
		return n
	}
	rate := func(d direction) any {
		if !d.counted {
			return nil
		}
		return math.Round(d.rate*10) / 10
	}
	var shortest, median, longest any
	if len(f.rtt) > 0 {
		slices.Sort(f.rtt)
		shortest, median, longest = f.rtt[0], f.rtt[len(f.rtt)/2], f.rtt[len(f.rtt)-1]
	}
	var oldest any
	if f.oldest > 0 {
		oldest = math.Round(f.oldest*10) / 10
	}
	return []any{
		f.client.kind, f.client.label, orNull(f.client.host), orNull(f.client.netns),
		f.server.kind, f.server.label, orNull(f.server.host), orNull(f.server.netns), orNull(f.backend), orNull(f.astray),
		orNull(f.network), f.via, cmp.Or(f.proto, "tcp"), f.port, orNull(f.countedAt), orNull(f.unplaced),
		f.sockets, when(f.countedAt != "" && !f.partial, f.sockets), f.others,
		f.established, f.synSent, f.synRecv, f.closeWait, f.closing, f.timeWait,
		f.halfOpen, max(f.stuckClient, f.stuckServer), f.measured, f.active, f.timed, f.slow, f.unread,
		when(f.toServer.counted, f.toServer.bytes), when(f.toClient.counted, f.toClient.bytes), rate(f.toServer), rate(f.toClient),
		when(f.toServer.sent, f.toServer.segs), when(f.toServer.sent, f.toServer.again), when(f.toClient.sent, f.toClient.segs), when(f.toClient.sent, f.toClient.again),
		when(f.told, f.lifeSegs), when(f.told, f.lifeAgain), when(f.told, f.unacked), when(f.told, f.lost),
		shortest, median, longest, oldest,
		when(f.balanced, f.tracked), when(f.balanced && f.proto == "", f.finished), when(f.balanced, f.opened), when(f.balanced, f.answered), when(f.balanced, f.reset), when(f.balanced, f.unanswered),
		orNull(f.ref), orNull(f.otherRef),
	}
}
