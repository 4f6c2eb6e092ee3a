package analyze

import "github.com/netmortem/netmortem/schema"

// dockerSA reads the associations of the overlay driver alone: it marks its own with one request id, 0xD0C4E3
// (drivers/overlay/encryption.go), so other tunnels of the host stay out. The other end is another captured host that has the
// address to itself; which is unknown for an address that no captured host, or more than one, has.
var dockerSA = Derived{
	Name: "docker_sa",
	Doc:  "IPsec associations of encrypted overlays in the hosts' own namespaces, there in both reads.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("src", schema.Addr, "outer source")),
		must(text("dst", schema.Addr, "outer destination")),
		must(whole("spi", "security parameter index")),
		text("key_hash", schema.Plain, "hash of its key, the same on both ends of one association"),
		text("src_host", schema.Name, "captured host that has the source; NULL when none, or more than one, has it"),
		text("dst_host", schema.Name, "captured host that has the destination"),
		must(whole("packets", "packets through it at the first read")),
		must(whole("packets_last", "packets through it at the last read")),
		whole("integrity_errors", "packets whose check failed, at the last read"),
		number("added_s", "when it was made, seconds since 1970"),
		must(refCol("ref", "row of xfrm_state")),
	},
	Query: `
WITH owner AS (
  SELECT a.ip, MIN(a.host) AS host FROM address AS a
  JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind = 'host'
  WHERE a.scope = 'global' GROUP BY a.ip HAVING COUNT(DISTINCT a.host) = 1
)
SELECT x.host, x.netns, x.src, x.dst, x.spi, x.aead_key_hash, s.host, d.host, x.packets, COALESCE(x.packets_last, x.packets), x.integrity_errors_last,
  (julianday(x.added) - 2440587.5) * 86400.0, x.ref
FROM xfrm_state AS x
JOIN netns AS n ON n.host = x.host AND n.netns = x.netns AND n.kind = 'host'
LEFT JOIN owner AS s ON s.ip = x.src
LEFT JOIN owner AS d ON d.ip = x.dst
WHERE x.reqid = 13681891 AND x.proto = 'esp' AND x.seen = 'both'`,
	Index: []string{"host, spi", "host, dst", "host, src"},
}

// expectedXfrm follows from what the host itself has programmed: the driver makes associations for the node of every remote
// endpoint of an encrypted network (checkEncryption), and the same endpoints have forwarding entries. The order of the joins is
// given, for most swarms have no encrypted network and very many forwarding entries.
var expectedXfrm = Derived{
	Name: "expected_xfrm",
	Doc:  "Nodes to which a host should have IPsec associations both ways, and a policy: one row for each VTEP that a forwarding entry of an encrypted overlay names.",
	Columns: []schema.Column{
		colHost(),
		must(text("host_netns", schema.Plain, "the host's own namespace, where associations and policies are")),
		must(text("vtep", schema.Addr, "address of the other node")),
		must(text("network", schema.Name, "encrypted network, the first one by name")),
		must(whole("networks", "encrypted networks that reach the node")),
		must(whole("endpoints", "forwarding entries to it")),
		must(whole("settled", "1 when one of the entries, and its namespace, is a minute old")),
		must(refCol("fdb_ref", "row of fdb, one of them")),
		must(refCol("network_ref", "row of network")),
		colWhy(),
	},
	Query: `
SELECT o.host, h.netns, f.dst, MIN(n.name), COUNT(DISTINCT n.network_id), COUNT(*),
  MAX(CASE WHEN o.age_s >= 60 AND f.updated_s >= 60 THEN 1 ELSE 0 END), MIN(f.ref), MIN(n.ref),
  MIN(o.host || ' sends frames of the encrypted network ' || n.name || ' to ' || f.dst)
FROM network AS n
CROSS JOIN overlay_netns AS o ON o.host = n.host AND o.net = substr(n.network_id, 1, 8) AND o.copies = 1
JOIN netns AS h ON h.host = o.host AND h.kind = 'host'
CROSS JOIN vxlan_fdb AS f ON f.host = o.host AND f.netns = o.netns AND f.entry = 'programmed' AND f.seen = 'both'
WHERE n.driver = 'overlay' AND n.encrypted = 1 AND substr(f.dst, 1, 4) <> '127.'
GROUP BY o.host, h.netns, f.dst`,
	Index: []string{"host, vtep"},
}
