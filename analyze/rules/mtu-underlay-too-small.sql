-- Underlay takes smaller packets than the overlays make
-- catalogue: A15
-- severity: high
-- since: 0.3.0
-- layer: underlay
-- need: one host
-- blame: configuration
-- views: the options of the networks and the MTU of the host's own device
-- check: ip route get <vtep>; ip link show dev <dev>; ping -c 3 -M do -s <probe_size> <vtep>
-- remedy: ip link set dev <dev> mtu <needed>
--   (only where the network between the nodes carries packets of that size, on every node)
-- risk: where something in between does not, large packets are lost for the host's own connections, too.
-- verify: ping -c 3 -M do -s <probe_size> <vtep>
-- undo: ip link set dev <dev> mtu <dev_mtu>
-- remedy: docker network create -d overlay --opt com.docker.network.driver.mtu=<underlay_mtu> NAME
--   (an option cannot be changed: make a network anew, move the services over, remove the old one; the option is the underlay's
--   MTU, Docker takes its 50 bytes off itself; ingress: docker network rm ingress, then create it with --ingress and the option)
-- risk: tasks are replaced as they move; while ingress is gone, no published port answers.
-- verify: nsenter --net=/run/docker/netns/<netns> ip link show
-- undo: create the network again without the option and move the services back
-- upstream: moby/moby#24906, moby/moby#36689, moby/moby#43673, moby/libnetwork#1021, moby/libnetwork#2661, docker/for-linux#594
-- limits: judges the device that the host itself sends by, its route, and what the kernel has learned of the path. A router in
--   between that takes less, and does not say so, is not seen. Hosts with policy routing are not judged. From kernel 5.9 on a sender
--   on the overlay is told the size that fits, so that TCP recovers where ICMP is let through; UDP and peers with older kernels do not.
--
-- An overlay's devices have an MTU of 1500 less 50 bytes for VXLAN, unless the network has an option that says otherwise. The
-- engine never looks at the device that the packets leave by. Where that one takes less, as with tunnels, WireGuard, some clouds (1450,
-- 1460, 1400) and VLAN or VPN underlays, each full-sized packet of a container becomes one that does not fit.
--
-- Then small things work and large ones hang: names resolve, connections open, a short answer arrives, a page, an image or a TLS
-- certificate chain does not. The kernel may cut the outer packet into fragments, which many clouds and firewalls drop,
-- or refuse it. Counters of fragments and of refused packets are given as facts where they were captured; they count
-- everything since boot.
--
-- The option is the cure when the underlay cannot be changed: it belongs to every overlay network of the swarm, ingress among them, and
-- docker_gwbridge should have the same.
SELECT
  p.host,
  p.dev || ' on ' || p.host || ' takes packets of ' || p.mtu || ' bytes to ' || p.vtep || ', but overlays ('
    || t.networks || ') make packets of up to ' || t.needed || ': large ones are cut up or lost' AS summary,
  'mtu:' || p.host || '/' || p.dev || '/' || p.family AS subject,
  p.dev,
  p.mtu AS underlay_mtu,
  p.why AS because,
  t.needed,
  t.networks,
  t.veth_mtu,
  p.vtep,
  p.vteps,
  p.dev_mtu,
  t.needed - 28 AS probe_size,
  t.netns,
  s.ip_frag_creates AS fragments_made,
  s.ip_frag_fails AS refused_as_too_big,
  s.ip_reasm_fails AS reassembly_failed,
  p.link_ref,
  p.route_ref,
  t.veth_ref,
  s.ref AS counters_ref
FROM underlay_path AS p
JOIN (
  SELECT host, family, needed, veth_mtu, netns, veth_ref, networks FROM (
    SELECT host, family, needed, veth_mtu, netns, veth_ref,
      ROW_NUMBER() OVER (PARTITION BY host, family ORDER BY needed DESC, netns) AS place,
      group_concat(network, ', ') OVER (PARTITION BY host, family) AS networks
    FROM (
      SELECT o.host, u.family, o.netns_name AS netns, o.network, MAX(v.mtu) AS veth_mtu, MIN(v.ref) AS veth_ref, u.mtu AS floor_mtu,
        MAX(v.mtu) + CASE u.family WHEN 'ipv6' THEN 70 ELSE 50 END + 26 * COALESCE(MAX(x.encrypted), 0) AS needed
      FROM overlay_netns AS o
      JOIN (SELECT host, family, MIN(mtu) AS mtu FROM underlay_path GROUP BY host, family) AS u ON u.host = o.host
      JOIN link AS v ON v.host = o.host AND v.netns = o.netns AND v.kind = 'veth' AND v.master > 0
      LEFT JOIN expected_mtu AS x ON x.host = o.host AND x.netns = o.netns
      GROUP BY o.host, u.family, o.netns_name, o.network, u.mtu
      ORDER BY o.network
    ) WHERE needed > floor_mtu
  ) WHERE place = 1
) AS t ON t.host = p.host AND t.family = p.family AND t.needed > p.mtu
LEFT JOIN (
  SELECT c.host, MAX(c.ip_frag_creates) AS ip_frag_creates, MAX(c.ip_frag_fails) AS ip_frag_fails, MAX(c.ip_reasm_fails) AS ip_reasm_fails, MAX(c.ref) AS ref
  FROM snmp_counter AS c JOIN netns AS n ON n.host = c.host AND n.netns = c.netns AND n.kind = 'host'
  GROUP BY c.host) AS s ON s.host = p.host
