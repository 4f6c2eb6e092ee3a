package analyze

import "github.com/netmortem/netmortem/schema"

// expectedMTU follows network.maxMTU of libnetwork's overlay driver, in every version: the option
// com.docker.network.driver.mtu, or 1500, less 50 for VXLAN; encrypted networks lose 26 more for ESP and are rounded down to a
// multiple of 4. The MTU of the host's own devices is never asked for. The driver sets it on both ends of every veth pair;
// newer engines set it on the VXLAN device, too.
var expectedMTU = Derived{
	Name: "expected_mtu",
	Doc:  "MTU that every veth pair of an overlay namespace should have, by the options of its network.",
	Columns: []schema.Column{
		colHost(), colNetns(), colNet(),
		must(whole("mtu", "MTU in bytes")),
		must(whole("encrypted", "1 when the network is encrypted")),
		must(whole("wire", "size of the largest packet that it makes on an IPv4 underlay, bytes")),
		must(colWhy()),
		must(refCol("network_ref", "row of network")),
	},
	Query: `
SELECT o.host, o.netns, o.net, s.mtu, s.encrypted, s.mtu + 50 + 26 * s.encrypted,
  CASE WHEN s.option > 0 THEN 'option com.docker.network.driver.mtu=' || s.option ELSE 'no MTU option, so 1500' END
    || ', less 50 for VXLAN' || CASE WHEN s.encrypted = 1 THEN ', less 26 for ESP, to a multiple of 4' ELSE '' END,
  s.ref
FROM overlay_netns AS o
JOIN (SELECT net, option, encrypted, ref,
    CASE WHEN encrypted = 1 THEN plain - 26 - (plain - 26) % 4 ELSE plain END AS mtu
  FROM (SELECT substr(network_id, 1, 8) AS net, MAX(mtu) AS option, MAX(encrypted) AS encrypted, MIN(ref) AS ref,
      COALESCE(NULLIF(MAX(mtu), 0), 1500) - 50 AS plain
    FROM network WHERE driver = 'overlay'
    GROUP BY substr(network_id, 1, 8)
    HAVING COUNT(DISTINCT network_id) = 1 AND COUNT(DISTINCT COALESCE(mtu, 0)) = 1 AND COUNT(DISTINCT encrypted) = 1)) AS s
  ON s.net = o.net`,
	Index: []string{"host, netns"},
}
