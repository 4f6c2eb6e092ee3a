package analyze

import (
	"fmt"
	"slices"

	"github.com/netmortem/netmortem/schema"
)

// traffic is what the report draws as edges. The word comes with its reason, and with how many it was judged by: bad words from the
// worst down, each where it is seen, not guessed. Queueing goes first: a full accept queue is why others wait for an answer.
//
// A connection on which nothing was sent between the reads says nothing about the way: it is idle, not slow and not ok.
var traffic = Derived{
	Name: "traffic",
	Doc:  "TCP and UDP between services, with a word for its quality: one row a client, server, network and port. For what is no service: a container, a host, an address, or what is outside.",
	Columns: slices.Concat(
		trafficEnds(),
		[]schema.Column{
			must(text("via", schema.Plain, "vip, published, direct, or several")),
			text("counted_at", schema.Plain, "whose sockets the connections were counted by: client, server or both (each connection once); NULL when neither's were captured"),
		},
		trafficSums(),
		[]schema.Column{
			whole("refused", "connections refused between the reads: reset before an answer, as the balancer and the client's own counter of failed connects agree; NULL where either was not captured"),
			must(whole("astray", "connections that a load balancer gave to what is not of the server's: open ones, or those dealt out between the reads, whichever are more")),
			text("astray_to", schema.Name, "who has the address that it gave them to; one of several"),
			must(whole("clients", "namespaces of clients that were seen to use it")),
			must(whole("backends", "addresses of the server that were seen in use")),
			text("backend_most", schema.Addr, "address of the server that has the most connections, of those whose backend is known"),
			number("backend_share", "its share of them, 0 to 1"),
			must(text("quality", schema.Plain, "queueing, refused, half-open, lossy, slow, ok or unknown")),
			must(text("why", schema.Name, "what the word follows from, with x of y judged")),
			refCol("ref", "row of socket, socket_group or ipvs_connection that tells the most"),
			refCol("other_ref", "row of ipvs_connection or conntrack_entry that joined client and server"),
			refCol("queue_ref", "row of socket of service_queue"),
		},
	),
	Query: fmt.Sprintf(`
WITH failed AS (
  SELECT host, netns, SUM(CASE WHEN read = 'last' THEN tcp_attempt_fails ELSE -tcp_attempt_fails END) AS fails
  FROM snmp_counter WHERE tcp_attempt_fails IS NOT NULL GROUP BY host, netns HAVING COUNT(DISTINCT read) = 2
), flow AS (
  SELECT f.*, CASE WHEN a.fails < f.reset THEN a.fails WHEN a.fails IS NOT NULL THEN f.reset END AS refused
  FROM traffic_flow AS f LEFT JOIN failed AS a ON a.host = f.client_host AND a.netns = f.client_netns
  WHERE f.unplaced IS NULL
), shared AS (
  SELECT client_kind, client, server_kind, server, network, proto, port, backend, used, SUM(used) OVER edge AS known, ROW_NUMBER() OVER (edge ORDER BY used DESC, backend) AS place
  FROM (SELECT client_kind, client, server_kind, server, network, proto, port, backend, SUM(sockets) AS used FROM flow
    WHERE backend IS NOT NULL GROUP BY client_kind, client, server_kind, server, network, proto, port, backend)
  WHERE used > 0
  WINDOW edge AS (PARTITION BY client_kind, client, server_kind, server, network, proto, port)
), edge AS (
  SELECT client_kind, client, server_kind, server, network, proto, port,
    CASE WHEN COUNT(DISTINCT via) = 1 THEN MIN(via) ELSE 'several' END AS via,
    CASE WHEN COUNT(DISTINCT counted_at) = 2 THEN 'both' ELSE MIN(counted_at) END AS counted_at,
%[1]s,
    SUM(refused) AS refused, SUM(CASE WHEN astray IS NULL THEN 0 WHEN sockets > COALESCE(opened, 0) THEN sockets ELSE COALESCE(opened, 0) END) AS astray, MAX(astray) AS astray_to,
    COUNT(DISTINCT client_host || '/' || client_netns) AS clients, COUNT(DISTINCT backend) AS backends,
    COUNT(*) - COUNT(connections) AS unsure, MAX(ref) AS any_ref,
    MAX(CASE WHEN half_open + stuck + unread > 0 OR to_server_again + to_client_again > 0 THEN ref END) AS bad_ref, MAX(other_ref) AS other_ref
  FROM flow GROUP BY client_kind, client, server_kind, server, network, proto, port
), judged AS (
  SELECT e.*, q.verdict, q.why AS queue_why, q.ref AS queue_ref, s.backend AS backend_most, ROUND(1.0 * s.used / s.known, 3) AS backend_share, CASE
    WHEN q.verdict IN ('full', 'overflowing', 'unaccepted') OR e.unread > 0 THEN 'queueing'
    WHEN e.proto = 'udp' AND q.verdict = 'dropping' THEN 'lossy'
    WHEN e.proto = 'udp' THEN CASE WHEN e.answered > 0 THEN 'ok' ELSE 'unknown' END
    WHEN e.refused >= %[2]d AND e.refused * %[3]d >= e.opened THEN 'refused'
    WHEN e.half_open > 0 OR e.unanswered > 0 THEN 'half-open'
    WHEN e.stuck > 0 THEN 'lossy'
    WHEN e.unsure = 0 AND (e.to_server_again >= %[4]d AND e.to_server_again * %[5]d >= e.to_server_segs OR e.to_client_again >= %[4]d AND e.to_client_again * %[5]d >= e.to_client_segs) THEN 'lossy'
    WHEN e.unsure = 0 AND e.slow > 0 AND e.slow * 2 >= e.timed THEN 'slow'
    WHEN e.active > 0 AND e.unsure = 0 THEN 'ok'
    WHEN e.reset > 0 AND e.reset * 2 >= e.opened THEN 'unknown'
    WHEN e.answered > 0 OR e.time_wait > 0 OR e.finished > 0 THEN 'ok'
    ELSE 'unknown' END AS quality
  FROM edge AS e
  LEFT JOIN service_queue AS q ON q.kind = e.server_kind AND q.name = e.server AND q.proto = e.proto AND q.port = e.port
  LEFT JOIN shared AS s ON s.place = 1 AND s.client_kind = e.client_kind AND s.client = e.client AND s.server_kind = e.server_kind AND s.server = e.server
    AND s.network IS e.network AND s.proto = e.proto AND s.port = e.port
)
SELECT client_kind, client, CASE client_kind WHEN 'service' THEN client END, server_kind, server, CASE server_kind WHEN 'service' THEN server END, network, proto, port, via, counted_at,
%[6]s,
  refused, astray, astray_to, clients, backends, backend_most, backend_share, quality,
  CASE WHEN proto = 'udp' AND quality = 'lossy' THEN queue_why
    WHEN proto = 'udp' THEN answered || ' of ' || tracked || ' flows had a reply' || CASE WHEN answered = 0 THEN ', which some protocols never give' ELSE '' END
  ELSE CASE quality
    WHEN 'queueing' THEN COALESCE(CASE WHEN verdict IN ('full', 'overflowing', 'unaccepted', 'unread') THEN queue_why END, 'bytes waited in both reads on ' || unread || ' connections, and none was taken in between')
    WHEN 'refused' THEN refused || ' of ' || opened || ' new connections were refused between the reads'
    WHEN 'half-open' THEN CASE WHEN half_open > 0 THEN half_open || ' of ' || sockets || ' connections have had no answer to a SYN that was sent three times and more' ELSE '' END
      || CASE WHEN unanswered > 0 THEN CASE WHEN half_open > 0 THEN '; ' ELSE '' END || unanswered || CASE unanswered WHEN 1 THEN ' connection' ELSE ' connections' END || ' through the load balancer had no answer from the server in both reads' ELSE '' END
    WHEN 'lossy' THEN CASE WHEN stuck > 0 THEN stuck || ' of ' || sockets || ' connections wait for an acknowledgement although they sent three times again; ' ELSE '' END
      || 'sent again ' || COALESCE(to_server_again || ' of ' || to_server_segs || ' segments to the server', 'an unknown number to the server') || ', '
      || COALESCE(to_client_again || ' of ' || to_client_segs || ' to the client', 'to the client not captured')
    WHEN 'slow' THEN 'the round trip of ' || slow || ' of ' || timed || ' connections takes %[7]d ms and more, %[8]d times the shortest of each and more; at most ' || (rtt_max_us / 1000) || ' ms'
    WHEN 'ok' THEN CASE WHEN active > 0 AND unsure = 0 THEN active || ' of ' || sockets || ' open connections carried payload between the reads, ' || (COALESCE(to_server_again, 0) + COALESCE(to_client_again, 0))
        || ' of ' || (COALESCE(to_server_segs, 0) + COALESCE(to_client_segs, 0)) || ' segments were sent again'
        || CASE WHEN to_server_segs IS NULL THEN ' (to the server: not captured)' WHEN to_client_segs IS NULL THEN ' (to the client: not captured)' ELSE '' END
      WHEN answered > 0 THEN answered || ' of ' || opened || ' new connections were answered between the reads' || CASE WHEN reset > 0 THEN ', ' || reset || ' ended by a reset' ELSE '' END || CASE WHEN active = 0 AND sockets > 0 THEN '; nothing was sent on the ' || sockets || ' open ones' ELSE '; none was open long enough to tell loss and speed' END
      ELSE CASE WHEN time_wait > 0 THEN 'at least ' || time_wait || ' connections were closed in order within the last minute' ELSE finished || ' connections were closed in order within the last two minutes' END || CASE WHEN sockets > 0 THEN '; nothing was sent on the ' || sockets || ' open ones' ELSE '; none was open long enough to tell loss and speed' END END
    ELSE CASE WHEN reset > 0 AND reset * 2 >= opened THEN reset || ' of ' || opened || ' new connections ended by a reset between the reads: refused, or cut by a program'
      WHEN sockets = 0 AND counted_at IS NULL THEN 'neither end''s sockets were captured'
      WHEN sockets > 0 AND unsure > 0 THEN 'the sockets that would tell were not captured, or as a sample only'
      WHEN sockets > 0 AND measured > 0 THEN 'nothing was sent between the reads of the ' || CASE counted_at WHEN 'both' THEN 'hosts' ELSE counted_at || '''s host' END || ' on ' || measured || ' of ' || sockets || ' open connections'
      WHEN sockets > 0 AND sockets = syn_sent + syn_recv THEN 'nothing but ' || sockets || ' connections that wait for a first answer'
      WHEN sockets > 0 THEN 'what TCP knows of the ' || sockets || ' open connections was not captured in both reads'
      WHEN other_sockets > 0 THEN 'the client''s host shows no open connection, the server''s showed ' || other_sockets || ' when it was read'
      ELSE 'no connection is open, and none was opened between the reads' END
  END END || CASE WHEN astray > 0 THEN '; a load balancer gave ' || astray || CASE astray WHEN 1 THEN ' connection to ' ELSE ' connections to ' END || astray_to ELSE '' END,
  COALESCE(bad_ref, any_ref, other_ref), other_ref, queue_ref
FROM judged`, sumOf(trafficSums()), refusedLeast, refusedShare, leastAgain, lossShare, names(trafficSums()), slowRTT/1000, slowRTTTimes),
	Index: []string{"client_service, server_service", "server_service"},
}

// trafficHost is the lens of hosts: pairs that talk, never all pairs.
var trafficHost = Derived{
	Name: "traffic_host",
	Doc:  "TCP and UDP between captured hosts, of services and of the hosts themselves: one row a pair that talks and protocol.",
	Columns: slices.Concat(
		[]schema.Column{
			must(text("client_host", schema.Name, "captured host of the clients")),
			must(text("server_host", schema.Name, "captured host of the servers; the same for what stays on it")),
			must(text("proto", schema.Plain, "tcp or udp")),
		},
		trafficSums(),
	),
	Query: fmt.Sprintf(`
SELECT client_host, server_host, proto,
%s
FROM traffic_flow WHERE unplaced IS NULL AND client_host IS NOT NULL AND server_host IS NOT NULL
GROUP BY client_host, server_host, proto`, sumOf(trafficSums())),
}

// trafficEnds are the columns that tell edges apart.
func trafficEnds() []schema.Column {
	return []schema.Column{
		must(text("client_kind", schema.Plain, "service, container, host, balancer (somebody behind that node's routing mesh), unknown (an address of a network of Docker's that nothing captured has) or outside")),
		must(text("client", schema.Name, "name of the service, container or host; an address of what is unknown; outside")),
		text("client_service", schema.Name, "the same for a service; else NULL"),
		must(text("server_kind", schema.Plain, "as client_kind")),
		must(text("server", schema.Name, "name of the service, container or host; an address of what is unknown or outside")),
		text("server_service", schema.Name, "the same for a service; else NULL"),
		text("network", schema.Name, "overlay that it goes over; NULL for none"),
		must(text("proto", schema.Plain, "tcp; or udp, of which connection tracking alone tells: columns tracked to unanswered")),
		must(whole("port", "port of the server, in its container")),
	}
}

// trafficSums are the columns of traffic_flow that add up, with what is left of a round trip time when it does.
func trafficSums() []schema.Column {
	return []schema.Column{
		must(whole("sockets", "open connections in the last read, at least")),
		whole("connections", "the same, if every table of sockets that counts was read whole; NULL otherwise"),
		must(whole("other_sockets", "the same connections as the other end shows them at another time: not added")),
		must(whole("established", "of them: established")),
		must(whole("syn_sent", "of them: syn-sent")),
		must(whole("syn_recv", "of them: syn-recv")),
		must(whole("close_wait", "of them: close-wait, that is the other end has closed and the program has not")),
		must(whole("closing", "of them: in any other state of closing but time-wait")),
		must(whole("time_wait", "closed ones that either end remembers, at least: five and more between two addresses")),
		must(whole("half_open", "connections whose SYN or SYN-ACK was sent again twice and more without an answer")),
		must(whole("stuck", "open connections whose oldest segment was sent again three times and more without an answer")),
		must(whole("measured", "connections that both reads held with what TCP knows of them")),
		must(whole("active", "of these: payload moved in between")),
		must(whole("timed", "of the active ones: their round trip time is known")),
		must(whole("slow", "of the timed ones: it was long, and long beside the shortest one of the connection")),
		must(whole("unread", "connections of which the server's program read nothing between the reads, though bytes waited")),
		whole("to_server_bytes", "payload to the server between the reads, of measured connections"),
		whole("to_client_bytes", "payload to the client between the reads, of measured connections"),
		number("to_server_rate", "the same, bytes a second"),
		number("to_client_rate", "the same, bytes a second"),
		whole("to_server_segs", "segments that captured clients sent between the reads; NULL when none was measured"),
		whole("to_server_again", "of these: sent again"),
		whole("to_client_segs", "segments that captured servers sent between the reads; NULL when none was measured"),
		whole("to_client_again", "of these: sent again"),
		whole("life_segs", "segments that the open sockets of both ends sent since their connections began"),
		whole("life_again", "of these: sent again"),
		whole("unacked", "segments on the way at the last read"),
		whole("lost", "of these held for lost"),
		whole("rtt_min_us", "shortest smoothed round trip time at the last read, of timed connections, microseconds"),
		whole("rtt_median_us", "median of them; where several namespaces are summed the longest of their medians"),
		whole("rtt_max_us", "longest of them"),
		number("oldest_s", "one connection has existed for so many seconds at least"),
		whole("tracked", "connections that IPVS holds as established at the last read; NULL where it does not stand between. UDP: flows that connection tracking holds"),
		whole("finished", "connections that IPVS remembers as ended in order, within the last two minutes"),
		whole("opened", "connections that IPVS dealt out between the reads. UDP: new flows"),
		whole("answered", "of these: the handshake was completed. UDP: of the tracked ones: with a reply"),
		whole("reset", "of these: ended by a reset"),
		whole("unanswered", "connections in IPVS without an answer from the server in both reads. UDP: flows"),
	}
}

// sumOf is the SELECT list that sums these columns of traffic_flow.
func sumOf(cols []schema.Column) string {
	var list []schema.Column
	for _, c := range cols {
		switch c.Name {
		case "connections":
			c.Name = "CASE WHEN COUNT(connections) = COUNT(*) THEN SUM(connections) END AS connections"
		case "rtt_min_us":
			c.Name = "MIN(rtt_min_us) AS rtt_min_us"
		case "rtt_median_us", "rtt_max_us", "oldest_s":
			c.Name = "MAX(" + c.Name + ") AS " + c.Name
		default:
			c.Name = "SUM(" + c.Name + ") AS " + c.Name
		}
		list = append(list, c)
	}
	return names(list)
}
