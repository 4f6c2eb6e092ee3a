package analyze

import "github.com/netmortem/netmortem/schema"

// expectedVXLAN takes the VNI from the network object, the managers' before the host's own daemon's, and the port from the
// swarm's configuration; 0 there means 4789. A network of several subnets has a VXLAN device and a VNI for each of them, made
// when the first endpoint of that subnet comes, so only networks of one subnet are here.
var expectedVXLAN = Derived{
	Name: "expected_vxlan",
	Doc:  "VNI and UDP port that the VXLAN device of an overlay namespace should have: networks of one IPv4 subnet.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNet(),
		must(whole("vni", "VNI")),
		whole("port", "UDP port; NULL where no manager that tells was captured"),
		must(text("source", schema.Plain, "managers or daemon: whose network object says the VNI")),
		must(colWhy()),
		must(refCol("network_ref", "row of network that says the VNI")),
		refCol("port_ref", "row of swarm_spec"),
	},
	Query: `
WITH told AS (
  SELECT w.host, substr(w.network_id, 1, 8) AS net, MIN(w.vni) AS vni, MIN(w.ref) AS ref
  FROM network AS w
  JOIN (SELECT host, network_id FROM network_subnet WHERE instr(subnet, ':') = 0 GROUP BY host, network_id HAVING COUNT(*) = 1) AS s
    ON s.host = w.host AND s.network_id = w.network_id
  WHERE w.driver = 'overlay' AND w.vni > 0
  GROUP BY w.host, substr(w.network_id, 1, 8) HAVING COUNT(DISTINCT w.network_id) = 1
), spec AS (
  SELECT host, MIN(COALESCE(NULLIF(data_path_port, 0), 4789)) AS port, MIN(ref) AS ref FROM swarm_spec GROUP BY host
)
SELECT host, netns, net, vni, port, source,
  'VNI of ' || network || ' as ' || CASE source WHEN 'managers' THEN 'manager ' || teller || ' has it' ELSE 'its own daemon has it' END
    || COALESCE(', data path port of the swarm ' || port, ''),
  ref, port_ref
FROM (
  SELECT o.host, o.netns, o.net, o.network, t.vni, p.port, CASE WHEN t.host = v.manager THEN 'managers' ELSE 'daemon' END AS source,
    t.host AS teller, t.ref, p.ref AS port_ref,
    ROW_NUMBER() OVER (PARTITION BY o.host, o.netns ORDER BY CASE WHEN t.host = v.manager THEN 1 ELSE 2 END) AS place
  FROM overlay_netns AS o
  LEFT JOIN swarm_view AS v ON v.host = o.host
  JOIN told AS t ON t.net = o.net AND (t.host = v.manager OR t.host = o.host)
  LEFT JOIN spec AS p ON p.host = v.manager
) WHERE place = 1`,
	Index: []string{"host, netns"},
}
