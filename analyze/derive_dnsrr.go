package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/netmortem/netmortem/schema"
)

// dnsrrOrder predicts what glibc's getaddrinfo makes of a round-robin name, for the containers where it would sort.
//
// Whether glibc sorts IPv4 answers by prefix at all depends on an IPv6 address in the client's namespace: only then
// does its dump of interfaces tell the prefix length that rule 9 needs (measured with 2.36; rfc3484_sort in
// sysdeps/posix/getaddrinfo.c). An address on lo does not count here: whether ::1 alone is enough is not settled. Clients
// without one are left out, for their order stays the resolver's own, which is shuffled.
var dnsrrOrder = Derived{
	Name: "dnsrr_order",
	Doc:  "Order in which glibc would try the tasks of a dnsrr service, for containers on its network whose namespace has an IPv6 address: RFC 6724 rule 9 as glibc does it for IPv4.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		text("client", schema.Name, "name of the container"),
		must(text("client_ip", schema.Addr, "its address on the network: the source that it would pick")),
		must(text("ip6", schema.Addr, "IPv6 address that makes glibc sort")),
		must(text("ip6_ref", schema.Plain, "row of address that holds it")),
		colNet(),
		text("network", schema.Name, "name of the network"),
		must(text("name", schema.Name, "name of the service")),
		must(text("ip", schema.Addr, "address of a running task")),
		text("label", schema.Name, "name of the task"),
		must(whole("common_bits", "leading bits that the two addresses share")),
		must(whole("rank", "1 for the tasks that are tried first; tasks of one rank keep the shuffled order")),
		must(number("share", "probability of being tried first")),
		must(whole("backends", "running tasks of the service on the network")),
		must(refCol("client_ref", "row of address that holds the client's address")),
		must(refCol("task_ref", "row of swarm_task")),
	},
	Reads: []string{"local_endpoint", "address", "task_endpoint", "swarm_service", "overlay_network", "reading"},
	Index: []string{"host, net, name"},
	Fill:  fillDNSRROrder,
}

// dnsrrClients selects, by client and service, every running task; tasks of a service are no clients of it here, for
// each would find itself.
const dnsrrClients = `
WITH six AS (
  SELECT host, netns, MIN(ip) AS ip, MIN(ref) AS ref FROM address
  WHERE instr(ip, ':') > 0 AND ip <> '::1' AND dev <> 'lo' AND instr(COALESCE(flags, ''), 'tentative') = 0
  GROUP BY host, netns
)
SELECT l.host, l.netns, l.label, l.ip, l.prefix_len, six.ip, six.ref, l.net, w.network, t.service, t.ip, t.label, l.address_ref, t.ref
FROM local_endpoint AS l
JOIN six ON six.host = l.host AND six.netns = l.netns
JOIN overlay_network AS w ON w.net = l.net AND w.ingress = 0
JOIN task_endpoint AS t ON t.net = l.net AND t.running = 1 AND t.service IS NOT NULL
JOIN swarm_service AS s ON s.service_id = t.service_id AND s.endpoint_mode = 'dnsrr'
WHERE l.kind = 'container' AND l.ip IS NOT NULL AND l.address_ref IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM task_endpoint AS self WHERE self.net = l.net AND self.ip = l.ip AND self.service_id = t.service_id)
GROUP BY l.host, l.netns, l.label, l.ip, l.prefix_len, six.ip, six.ref, l.net, w.network, t.service, t.ip, t.label, l.address_ref, t.ref
ORDER BY l.host, l.netns, l.net, t.service, t.ip`

// A dnsrrPair is a client and one task that it may try.
type dnsrrPair struct {
	host, netns, client, clientIP, ip6, ip6Ref, net, network, name, ip, label, clientRef, taskRef sql.NullString
	prefixLen                                                                                     sql.NullInt64
}

func fillDNSRROrder(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	rows, err := tx.QueryContext(ctx, dnsrrClients)
	if err != nil {
		return err
	}
	defer rows.Close()
	var group []dnsrrPair // pairs of one client and one name
	flush := func() error {
		defer func() { group = group[:0] }()
		return putDNSRROrder(group, put)
	}
	for rows.Next() {
		var p dnsrrPair
		if err := rows.Scan(&p.host, &p.netns, &p.client, &p.clientIP, &p.prefixLen, &p.ip6, &p.ip6Ref, &p.net, &p.network,
			&p.name, &p.ip, &p.label, &p.clientRef, &p.taskRef); err != nil {
			return err
		}
		if len(group) > 0 {
			if q := group[0]; q.host != p.host || q.netns != p.netns || q.net != p.net || q.name != p.name {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		group = append(group, p)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return flush()
}

// putDNSRROrder ranks the tasks of one name for one client.
func putDNSRROrder(group []dnsrrPair, put func(row ...any) error) error {
	if len(group) < 2 {
		return nil
	}
	src, err := netip.ParsePrefix(fmt.Sprintf("%s/%d", group[0].clientIP.String, group[0].prefixLen.Int64))
	if err != nil {
		return nil // an address that is none sorts nothing
	}
	type ranked struct {
		dnsrrPair
		distance int
	}
	var list []ranked
	for _, p := range group {
		dst, err := netip.ParseAddr(p.ip.String)
		if err != nil || !dst.Is4() {
			return nil
		}
		list = append(list, ranked{p, glibcDistance(src, dst)})
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.distance, b.distance) })
	first := 0
	for _, r := range list {
		if r.distance == list[0].distance {
			first++
		}
	}
	rank := 0
	for i, r := range list {
		if i == 0 || r.distance != list[i-1].distance {
			rank++
		}
		share := 0.0
		if rank == 1 {
			share = 1 / float64(first)
		}
		dst := netip.MustParseAddr(r.ip.String)
		if err := put(r.host.String, r.netns.String, nullable(r.client), r.clientIP.String, r.ip6.String, r.ip6Ref.String, r.net.String,
			nullable(r.network), r.name.String, r.ip.String, nullable(r.label), int64(32-bits.Len32(xor(src.Addr(), dst))), int64(rank), share,
			int64(len(list)), r.clientRef.String, r.taskRef.String); err != nil {
			return err
		}
	}
	return nil
}

// glibcDistance is what rule 9 of glibc's rfc3484_sort compares for an IPv4 destination: the place of the highest bit
// in which it differs from the source, from 1; 0 when the destination is outside the source's subnet, where glibc
// does not look. The smaller one is tried first.
func glibcDistance(src netip.Prefix, dst netip.Addr) int {
	if !src.Masked().Contains(dst) {
		return 0
	}
	return bits.Len32(xor(src.Addr(), dst))
}

func xor(a, b netip.Addr) uint32 {
	x, y := a.As4(), b.As4()
	var out uint32
	for i := range x {
		out = out<<8 | uint32(x[i]^y[i])
	}
	return out
}

func nullable(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}
