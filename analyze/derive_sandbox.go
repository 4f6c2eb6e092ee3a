package analyze

import "github.com/netmortem/netmortem/schema"

// expectedSandboxAddress is what the daemon says of its endpoints, held against the devices that the kernel has. It covers overlays,
// bridges and the gateway bridge, whose endpoints the daemon lists by the sandbox: gateway_<first 12 characters of its id>, or
// gateway_ingress-sbox. Load balancers of overlays are listed as lb-<network>.
var expectedSandboxAddress = Derived{
	Name: "expected_sandbox_address",
	Doc:  "Addresses that the daemon has given to endpoints of this host, and the device that has each: containers, load balancers, and their legs on docker_gwbridge.",
	Columns: []schema.Column{
		colHost(),
		must(text("network_id", schema.Plain, "full id of the network")),
		must(text("network", schema.Name, "its name")),
		must(text("driver", schema.Plain, "overlay or bridge")),
		must(text("owner", schema.Plain, "container, or name of the load balancer or sandbox")),
		must(text("label", schema.Name, "name of the endpoint")),
		text("netns", schema.Plain, "namespace that should hold it; NULL when it is not known"),
		text("netns_name", schema.Plain, "its name"),
		must(text("ip", schema.Addr, "IPv4 address")),
		text("mac", schema.Addr, "hardware address that the daemon gave"),
		text("dev", schema.Plain, "device there that has the address; NULL when none has"),
		text("dev_mac", schema.Addr, "its hardware address"),
		number("since_s", "when the container started, seconds since 1970"),
		must(refCol("ref", "row of network_endpoint")),
		refCol("address_ref", "row of address"),
		refCol("link_ref", "row of link"),
		colWhy(),
	},
	Query: `
SELECT e.host, e.network_id, n.name, n.driver, e.owner, e.name, s.netns, s.name, e.ip, e.mac, l.name, l.mac,
  (julianday(c.started_at) - 2440587.5) * 86400.0, e.ref, a.ref, l.ref,
  'the daemon of ' || e.host || ' gave ' || e.ip || ' on ' || n.name || ' to ' || e.name
FROM network_endpoint AS e
JOIN network AS n ON n.host = e.host AND n.network_id = e.network_id AND n.driver IN ('overlay', 'bridge')
LEFT JOIN container AS c ON c.host = e.host AND c.container = e.owner AND c.state = 'running'
LEFT JOIN netns AS s ON s.host = e.host AND s.kind <> 'host' AND s.name =
  CASE WHEN c.container IS NOT NULL THEN substr(c.sandbox_id, 1, 12)
    WHEN e.owner = 'ingress-sbox' OR e.owner = 'gateway_ingress-sbox' OR e.name = 'gateway_ingress-sbox' THEN 'ingress_sbox'
    WHEN substr(e.name, 1, 8) = 'gateway_' THEN substr(e.name, 9)
    WHEN substr(e.owner, 1, 3) = 'lb-' THEN 'lb_' || substr(e.network_id, 1, 9) END
LEFT JOIN address AS a ON a.host = s.host AND a.netns = s.netns AND a.ip = e.ip
LEFT JOIN link AS l ON l.host = a.host AND l.netns = a.netns AND l.ifindex = a.ifindex
WHERE e.ip IS NOT NULL`,
	Index: []string{"host, netns"},
}

// endpointPort starts from the container's end, so that links of other software stay out: a pod's namespace belongs to a
// container without a network of Docker's.
var endpointPort = Derived{
	Name: "endpoint_port",
	Doc:  "Ports of running containers: the ends of their veth pairs in the host's or an overlay's namespace.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("port", schema.Plain, "device there")),
		must(whole("ifindex", "its index")),
		whole("master", "index of the bridge; NULL for none"),
		text("operstate", schema.Plain, "RFC 2863 state of the port"),
		must(whole("other_down", "1 when the container's end is not up")),
		must(text("endpoint", schema.Name, "name of the container")),
		text("service", schema.Name, "its service"),
		number("age_s", "seconds from the container's start to the first read"),
		must(refCol("ref", "row of link of the port")),
		must(refCol("link_ref", "row of link of the container's end")),
	},
	Query: `
SELECT p.host, p.netns, p.name, p.ifindex, NULLIF(p.master, 0), p.operstate,
  CASE WHEN instr(',' || e.flags || ',', ',up,') = 0 THEN 1 ELSE 0 END, c.name, NULLIF(c.service, ''),
  r.first_s - (julianday(c.started_at) - 2440587.5) * 86400.0, p.ref, e.ref
FROM link AS p
JOIN link AS e ON e.host = p.host AND e.netns = p.peer_netns AND e.ifindex = p.peer_ifindex
JOIN netns AS s ON s.host = e.host AND s.netns = e.netns AND s.kind = 'container'
JOIN container AS c ON c.host = s.host AND c.container = s.container AND c.state = 'running' AND COALESCE(c.network_mode, '') <> 'none'
LEFT JOIN reading AS r ON r.host = p.host
WHERE p.kind = 'veth' AND substr(p.name, 1, 4) = 'veth' AND p.peer_netns <> p.netns`,
	Index: []string{"host, netns"},
}
