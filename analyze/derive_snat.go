package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// expectedSNAT follows fwmarker of libnetwork's service_linux.go: with the first virtual service of a namespace it makes
// one rule for all of them, in the same breath as vs.conntrack=1. Networks with direct routing have neither. Since
// 18.09 the namespace is the balancer's and answers come back through it; before, it was every container's.
var expectedSNAT = Derived{
	Name: "expected_snat",
	Doc:  "Rules that should translate the source of what IPVS forwards: one for each namespace that has balanced load for a minute, unless its network uses direct routing.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNetnsName(),
		must(text("kind", schema.Plain, "lb, ingress or container")),
		colNet(),
		text("network", schema.Name, "name of the network"),
		text("dev", schema.Plain, "its device on the network"),
		must(text("subnet", schema.Addr, "destinations that it is for: the network's addresses")),
		must(text("to_ip", schema.Addr, "source that it gives: the namespace's own address")),
		must(refCol("service_ref", "row of ipvs_service of a virtual service there")),
		must(refCol("address_ref", "row of address")),
		must(refCol("network_ref", "row of network, which says that it has no direct routing")),
		colWhy(),
	},
	Reads: []string{"balancer", "local_endpoint", "ipvs_service", "ipvs_destination", "network", "host_era"},
	Index: []string{"host, netns"},
	Fill:  fillExpectedSNAT,
}

const snatPlaces = `
SELECT b.host, b.netns, b.netns_name, b.kind, b.net, b.network, b.dev, l.ip, l.prefix_len, MIN(s.ref), l.address_ref, MIN(w.ref), MIN(e.version)
FROM balancer AS b
JOIN local_endpoint AS l ON l.host = b.host AND l.netns = b.netns AND l.net = b.net AND l.ip IS NOT NULL AND l.address_ref IS NOT NULL
JOIN ipvs_service AS s ON s.host = b.host AND s.netns = b.netns AND s.fwmark > 0 AND s.family = 'ipv4' AND s.seen = 'both'
JOIN network AS w ON w.host = b.host AND substr(w.network_id, 1, 8) = b.net AND w.driver = 'overlay' AND w.dsr = 0
LEFT JOIN host_era AS e ON e.host = b.host
LEFT JOIN ipvs_destination AS d ON d.host = b.host AND d.netns = b.netns AND d.forward = 'route'
WHERE b.age_s >= 60 AND d.host IS NULL
GROUP BY b.host, b.netns, b.netns_name, b.kind, b.net, b.network, b.dev, l.ip, l.prefix_len, l.address_ref
ORDER BY b.host, b.netns, b.net`

func fillExpectedSNAT(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	for scan, err := range queried(ctx, tx, snatPlaces) {
		if err != nil {
			return err
		}
		var host, netns, name, kind, net, ip, serviceRef, addressRef, networkRef string
		var network, dev, version sql.NullString
		var bits sql.NullInt64
		if err := scan(&host, &netns, &name, &kind, &net, &network, &dev, &ip, &bits, &serviceRef, &addressRef, &networkRef, &version); err != nil {
			return err
		}
		p, err := netip.ParsePrefix(fmt.Sprintf("%s/%d", ip, bits.Int64))
		if err != nil || !bits.Valid || bits.Int64 == 32 {
			continue // no address of its own
		}
		why := name + " balances load for " + p.Masked().String() + " with addresses translated"
		if version.Valid {
			why += ", as engine " + version.String + " does"
		}
		if err := put(host, netns, name, kind, net, nullable(network), nullable(dev), p.Masked().String(), ip, serviceRef, addressRef, networkRef, why); err != nil {
			return err
		}
	}
	return nil
}
