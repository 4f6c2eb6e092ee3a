package analyze

import "github.com/netmortem/netmortem/schema"

// bridgeEndpoint is localEndpoint for the bridges in the host's own namespace, docker0, docker_gwbridge and those of
// bridge networks: each port is followed to the device and addresses at its other end.
var bridgeEndpoint = Derived{
	Name: "bridge_endpoint",
	Doc:  "What a host's own bridges lead to: one row for each address at the other end of a veth port.",
	Columns: []schema.Column{
		colHost(),
		must(text("bridge", schema.Plain, "name of the bridge in the host's namespace")),
		must(text("bridge_netns", schema.Plain, "that namespace")),
		must(whole("bridge_ifindex", "index of the bridge there")),
		must(text("ip", schema.Addr, "address at the other end")),
		text("mac", schema.Addr, "hardware address of the device that has it"),
		must(text("netns", schema.Plain, "namespace at the other end")),
		text("netns_name", schema.Plain, "its name"),
		text("kind", schema.Plain, "what that namespace is: container, ingress, …"),
		text("label", schema.Name, "name of the container, or of the namespace where there is none"),
		number("since_s", "start of the container, seconds since 1970; NULL for a namespace without one"),
		must(refCol("link_ref", "row of link of that device")),
		must(refCol("address_ref", "row of address")),
	},
	Query: `
SELECT h.host, b.name, b.netns, b.ifindex, a.ip, e.mac, e.netns, s.name, s.kind, COALESCE(c.name, s.name),
  (julianday(c.started_at) - 2440587.5) * 86400.0, e.ref, a.ref
FROM netns AS h
JOIN link AS b ON b.host = h.host AND b.netns = h.netns AND b.kind = 'bridge'
JOIN link AS p ON p.host = b.host AND p.netns = b.netns AND p.kind = 'veth' AND p.master = b.ifindex
JOIN link AS e ON e.host = p.host AND e.netns = p.peer_netns AND e.ifindex = p.peer_ifindex
JOIN address AS a ON a.host = e.host AND a.netns = e.netns AND a.ifindex = e.ifindex AND a.scope = 'global'
LEFT JOIN netns AS s ON s.host = e.host AND s.netns = e.netns
LEFT JOIN container AS c ON c.host = s.host AND c.container = s.container
WHERE h.kind = 'host'`,
	Index: []string{"host, bridge_ifindex, ip"},
}
