-- Endpoint's link is down, or plugged into no bridge
-- catalogue: A22
-- severity: high
-- since: 0.3.0
-- layer: link
-- need: one host
-- blame: driver
-- check: nsenter --net=<path> ip -d link show <port>
-- remedy: nsenter --net=<path> ip link set <port> master <bridge> up
-- risk: none; this is how the driver leaves a port
-- verify: nsenter --net=<path> ip link show <port> says master <bridge> and LOWER_UP
-- undo: nsenter --net=<path> ip link set <port> nomaster
-- remedy: docker service update --force <service>, or docker restart <endpoint>
-- risk: the task or container is replaced
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: moby/libnetwork#1522
-- limits: only ends that were captured. A pair whose other namespace is gone does not exist: the kernel removes both ends with either
--   namespace. What started less than a minute before the capture is not judged, nor pods, whose links are not Docker's.
--
-- Each endpoint hangs on a veth pair: one end is the container's device, the other a port of the overlay's bridge or, in the host's
-- namespace, of docker_gwbridge or another bridge. A port that has no master forwards nothing; one that is down, or whose other
-- end is down, forwards nothing either. Docker's own view does not change: names resolve to the address, IPVS sends to it, ARP for it
-- goes unanswered.
--
-- Ports lose their bridge when something on the host manages links by itself (NetworkManager, networkd, a script that sets all
-- unknown links down), when dockerd dies between making a pair and plugging it in, or when the bridge is full: it takes 1023
-- ports, after which the kernel answers "exchange full". Pairs with both ends in the host's namespace are such left-overs; they
-- harm nobody and are told at low severity.
SELECT
  p.host,
  p.endpoint || ' on ' || p.host || ' is cut off from ' || COALESCE(o.network, 'the host')
    || CASE WHEN p.master IS NULL THEN ': its port ' || p.port || ' is on no bridge' WHEN p.other_down = 1 THEN ': its device is down'
      ELSE ': its port ' || p.port || ' is down' END AS summary,
  'link:' || p.host || '/' || n.name || '/' || p.port AS subject,
  CASE WHEN n.kind = 'overlay' THEN 'high' ELSE 'medium' END AS severity,
  n.name AS netns,
  CASE WHEN n.kind = 'host' THEN '/proc/1/ns/net' ELSE n.path END AS path,
  p.port,
  COALESCE(b.name, CASE WHEN n.kind = 'overlay' THEN 'br0' END) AS bridge,
  p.operstate,
  p.endpoint,
  p.service,
  o.network,
  NULL AS ports,
  p.ref AS port_ref,
  p.link_ref,
  n.ref AS netns_ref
FROM endpoint_port AS p
JOIN netns AS n ON n.host = p.host AND n.netns = p.netns AND n.kind IN ('overlay', 'host')
LEFT JOIN overlay_netns AS o ON o.host = p.host AND o.netns = p.netns
LEFT JOIN link AS b ON b.host = p.host AND b.netns = p.netns AND b.ifindex = p.master
WHERE p.age_s >= 60 AND (p.master IS NULL OR p.operstate IN ('down', 'lowerlayerdown', 'notpresent'))
UNION ALL
SELECT
  b.host,
  b.name || ' in ' || n.name || ' on ' || b.host || ' has ' || CAST(COUNT(*) AS TEXT) || ' ports, and a bridge takes 1023' AS summary,
  'link:' || b.host || '/' || n.name || '/' || b.name AS subject,
  CASE WHEN COUNT(*) >= 1023 THEN 'high' ELSE 'medium' END,
  n.name,
  n.path,
  NULL,
  b.name,
  NULL,
  NULL,
  NULL,
  NULL,
  COUNT(*),
  b.ref,
  NULL,
  n.ref
FROM link AS b
JOIN netns AS n ON n.host = b.host AND n.netns = b.netns AND n.kind IN ('overlay', 'host')
JOIN link AS p ON p.host = b.host AND p.netns = b.netns AND p.master = b.ifindex
WHERE b.kind = 'bridge' AND b.name <> 'docker_gwbridge'
GROUP BY b.host, b.name, n.name, n.path, b.ref, n.ref HAVING COUNT(*) >= 1000
UNION ALL
SELECT
  v.host,
  v.host || ' has ' || CAST(COUNT(*) AS TEXT) || ' ends of veth pairs that begin and end in its own namespace: no container uses them' AS summary,
  'link:' || v.host || '/host/' || MIN(v.name) AS subject,
  'low',
  'host',
  '/proc/1/ns/net',
  MIN(v.name),
  NULL,
  NULL,
  NULL,
  NULL,
  NULL,
  COUNT(*),
  MIN(v.ref),
  NULL,
  NULL
FROM link AS v
JOIN netns AS n ON n.host = v.host AND n.netns = v.netns AND n.kind = 'host'
JOIN (SELECT p.host, MAX(p.ifindex) AS ifindex FROM endpoint_port AS p JOIN netns AS h ON h.host = p.host AND h.netns = p.netns AND h.kind = 'host' WHERE p.age_s >= 60 GROUP BY p.host) AS y
  ON y.host = v.host AND v.ifindex < y.ifindex
WHERE v.kind = 'veth' AND substr(v.name, 1, 4) = 'veth' AND length(v.name) = 11 AND v.peer_netns = v.netns AND v.master IS NULL
GROUP BY v.host
