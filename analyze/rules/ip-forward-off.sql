-- Kernel does not forward what containers send and receive
-- catalogue: C6
-- severity: critical
-- since: 0.3.0
-- layer: host
-- need: one host
-- blame: configuration
-- check: sysctl net.ipv4.ip_forward net.ipv4.conf.<dev>.forwarding; grep -rs ip_forward /etc/sysctl.conf /etc/sysctl.d /usr/lib/sysctl.d
-- remedy: sysctl -w <key>=1
-- risk: the host forwards between all its networks again; with an ACCEPT policy of FORWARD it is a router
-- verify: sysctl <key>; docker exec <container> ping -c1 <gateway>
-- undo: sysctl -w <key>=0
-- remedy: for good: set net.ipv4.ip_forward = 1 in a file below /etc/sysctl.d that sorts last, and IPv4Forwarding=yes where networkd manages the device
-- risk: none
-- verify: sysctl --system, then sysctl net.ipv4.ip_forward
-- undo: delete the file
-- limits: only hosts with containers that have a network of their own, or with the routing mesh; single devices are judged for Docker's bridges with a port, and for the device of the default route.
--
-- What goes from a container to the world, or from the world to a published port, is forwarded by the host. dockerd turns forwarding on when
-- it starts and does not look again. Something turned it off afterwards: sysctl --system with a file that says 0 (hardening guides have it),
-- NetworkManager or networkd when they set up a link, a tuned profile. The kernel looks at the device that a packet comes in by, so one
-- device's setting is enough to break one direction.
--
-- Containers reach nothing outside their host but overlay peers, published ports hang, and nothing is logged. Overlay traffic goes on, for
-- VXLAN ends in the host itself. Writing ip_forward sets every device at once.
SELECT
  s.host,
  s.host || CASE WHEN s.dev IS NULL THEN ' forwards no packets (net.ipv4.ip_forward is 0)' ELSE ' forwards nothing that comes in by ' || s.dev || ' (' || s.key || ' is 0)' END
    || ', and ' || u.containers || CASE WHEN u.containers = 1 THEN ' container has a network' ELSE ' containers have networks' END || ' of ' || CASE WHEN u.containers = 1 THEN 'its' ELSE 'their' END || ' own' AS summary,
  'sysctl:' || s.host || '/' || s.key AS subject,
  CASE WHEN o.ref IS NOT NULL THEN 'low' END AS severity,
  s.key,
  s.dev,
  u.containers,
  f.file AS set_by,
  CASE WHEN s.dev IS NULL THEN c.forwarded END AS forwarded_meanwhile,
  o.value AS engine_option,
  s.ref AS sysctl_ref,
  s.dev_ref,
  u.ref AS netns_ref,
  f.ref AS setting_ref,
  o.ref AS option_ref
FROM (
  SELECT y.host, y.netns, y.key, NULL AS dev, NULL AS dev_ref, MIN(y.ref) AS ref FROM sysctl AS y WHERE y.key = 'net.ipv4.ip_forward' AND y.value = '0' GROUP BY y.host, y.netns, y.key
  UNION ALL
  SELECT y.host, y.netns, y.key, d.name, d.ref, y.ref
  FROM (SELECT b.host, b.netns, b.name, MIN(b.ref) AS ref FROM link AS b JOIN link AS p ON p.host = b.host AND p.netns = b.netns AND p.master = b.ifindex
      WHERE b.kind = 'bridge' AND (b.name IN ('docker0', 'docker_gwbridge') OR substr(b.name, 1, 3) = 'br-') GROUP BY b.host, b.netns, b.name
    UNION
    SELECT r.host, r.netns, r.dev, MIN(r.ref) FROM route AS r WHERE r.dst = '0.0.0.0/0' AND r.table_id = 254 AND r.type = 'unicast' AND r.dev <> '' GROUP BY r.host, r.netns, r.dev) AS d
  JOIN (SELECT host, netns, key, ref FROM sysctl WHERE lower(key) LIKE 'net.ipv4.conf.%.forwarding' AND value = '0') AS y ON y.host = d.host AND y.netns = d.netns
    AND y.key = 'net.ipv4.conf.' || replace(d.name, '.', '/') || '.forwarding'
  JOIN sysctl AS a ON a.host = y.host AND a.netns = y.netns AND a.key = 'net.ipv4.ip_forward' AND a.value = '1'
) AS s
JOIN netns AS h ON h.host = s.host AND h.netns = s.netns AND h.kind = 'host'
JOIN (SELECT host, SUM(CASE WHEN kind = 'container' THEN 1 ELSE 0 END) AS containers, MIN(ref) AS ref FROM netns WHERE kind IN ('container', 'ingress') GROUP BY host) AS u ON u.host = s.host
LEFT JOIN (SELECT host, MIN(value) AS value, MIN(ref) AS ref FROM daemon_option WHERE name = 'ip-forward' AND lower(value) = 'false' GROUP BY host) AS o ON o.host = s.host
LEFT JOIN (SELECT host, key, MIN(file) AS file, MIN(ref) AS ref FROM host_setting WHERE key IN ('net.ipv4.ip_forward', 'net.ipv4.conf.all.forwarding') AND argument = '0' GROUP BY host, key) AS f
  ON f.host = s.host AND s.dev IS NULL AND f.key = 'net.ipv4.ip_forward'
LEFT JOIN (SELECT host, netns, MAX(ip_forw_datagrams) - MIN(ip_forw_datagrams) AS forwarded FROM snmp_counter GROUP BY host, netns) AS c ON c.host = s.host AND c.netns = s.netns
