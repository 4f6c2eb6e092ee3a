-- Something beside Docker manages the links of containers
-- catalogue: A23
-- severity: high
-- since: 0.3.0
-- layer: link
-- need: one host
-- blame: configuration
-- views: the daemon and this host's kernel
-- check: networkctl list; nmcli device; nsenter --net=/run/docker/netns/<netns> ip link show <dev>
-- remedy: nsenter --net=/run/docker/netns/<netns> ip link set dev <dev> address <mac>
-- risk: the endpoint's open connections stall until its neighbours have asked for its address again
-- verify: nsenter --net=/run/docker/netns/<netns> ip link show <dev>
-- undo: nsenter --net=/run/docker/netns/<netns> ip link set dev <dev> address <dev_mac>
-- remedy: tell networkd and udev to leave such links alone: a file /etc/systemd/network/00-docker.network with [Match] Name=veth* docker* br-*
--   and [Link] Unmanaged=yes, and 00-docker.link with [Match] Driver=veth bridge and [Link] MACAddressPolicy=none; networkctl reload
-- risk: links of other software that match the names are left alone, too
-- verify: networkctl list says unmanaged for veth links
-- undo: remove the two files; networkctl reload
-- remedy: for NetworkManager, a file /etc/NetworkManager/conf.d/docker.conf with [keyfile] unmanaged-devices=interface-name:veth*;interface-name:docker*;interface-name:br-*;
--   systemctl reload NetworkManager
-- risk: none for links of hardware
-- verify: nmcli device says unmanaged
-- undo: remove the file and reload
-- upstream: docker/for-linux#644, flannel-io/flannel#1155, moby/libnetwork#2380, systemd/systemd#21185, systemd/systemd#28626
-- limits: a program in the container that sets its own address looks the same. Devices that the daemon does not list are not judged.
--
-- Docker gives each endpoint its hardware address and, on overlays, tells it to all other nodes, which program it as neighbour and
-- forwarding entry. udev's default MACAddressPolicy=persistent, a .network file that matches every link, or NetworkManager may
-- rewrite it, between the moment when the pair is made and that when it is moved into the container, or later. Frames
-- of others then carry an address that nobody has: the container can speak, and nobody can answer.
--
-- Weaker signs are told for the host as a whole: a default route that leads through a link of Docker's (somebody's DHCP or
-- router advertisement), addresses of 169.254.0.0/16 on veth ports, and links of Docker's that a manager keeps configuring.
SELECT
  x.host,
  x.label || ' on ' || x.host || ' has the hardware address ' || x.dev_mac || ' on ' || x.network || ', and Docker has told everybody ' || x.mac AS summary,
  'link:' || x.host || '/' || x.netns_name || '/' || x.dev AS subject,
  CASE x.driver WHEN 'overlay' THEN 'high' ELSE 'medium' END AS severity,
  x.netns_name AS netns,
  x.dev,
  x.mac,
  x.dev_mac,
  x.network,
  x.label AS endpoint,
  x.ip,
  NULL AS managed_by,
  NULL AS links,
  x.ref AS endpoint_ref,
  x.link_ref,
  x.address_ref
FROM expected_sandbox_address AS x
WHERE x.mac <> x.dev_mac
UNION ALL
SELECT
  r.host,
  'the default route of ' || r.host || ' leads through ' || r.dev || ', a link of Docker''s: the host cannot reach what is outside' AS summary,
  'route:' || r.host || '/default/' || r.dev AS subject,
  'high', NULL, r.dev, NULL, NULL, NULL, NULL, r.gateway, NULL, NULL, r.ref, NULL, NULL
FROM route AS r
JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE r.type = 'unicast' AND r.table_id = 254 AND r.dst = '0.0.0.0/0'
  AND ((substr(r.dev, 1, 4) = 'veth' AND length(r.dev) = 11) OR r.dev IN ('docker0', 'docker_gwbridge') OR (substr(r.dev, 1, 3) = 'br-' AND length(r.dev) = 15))
UNION ALL
SELECT
  a.host,
  CAST(COUNT(*) AS TEXT) || CASE WHEN COUNT(*) = 1 THEN ' veth port of Docker''s' ELSE ' veth ports of Docker''s' END || ' on ' || a.host || ' got addresses of 169.254.0.0/16: a DHCP client or manager is at work on them' AS summary,
  'address:' || a.host || '/veth/169.254.0.0/16' AS subject,
  'medium', NULL, MIN(a.dev), NULL, NULL, NULL, NULL, MIN(a.ip), NULL, COUNT(*), MIN(a.ref), NULL, NULL
FROM address AS a
JOIN netns AS n ON n.host = a.host AND n.netns = a.netns AND n.kind = 'host'
WHERE substr(a.ip, 1, 8) = '169.254.' AND substr(a.dev, 1, 4) = 'veth' AND length(a.dev) = 11
GROUP BY a.host
UNION ALL
SELECT
  m.host,
  m.managed_by || ' on ' || m.host || ' keeps configuring ' || CAST(COUNT(*) AS TEXT) || CASE WHEN COUNT(*) = 1 THEN ' link' ELSE ' links' END || ' of Docker''s (' || MIN(l.name) || ')' AS summary,
  'managed:' || m.host || '/' || m.managed_by AS subject,
  'low', NULL, MIN(l.name), NULL, NULL, NULL, NULL, NULL, m.managed_by, COUNT(*), MIN(m.ref), MIN(l.ref), NULL
FROM managed_link AS m
JOIN netns AS n ON n.host = m.host AND n.kind = 'host'
JOIN link AS l ON l.host = n.host AND l.netns = n.netns AND l.ifindex = m.ifindex
WHERE m.admin_state IN ('configuring', 'pending') AND m.managed = 1
  AND ((substr(l.name, 1, 4) = 'veth' AND length(l.name) = 11) OR l.name IN ('docker0', 'docker_gwbridge') OR (substr(l.name, 1, 3) = 'br-' AND length(l.name) = 15))
GROUP BY m.host, m.managed_by
