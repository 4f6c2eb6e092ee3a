-- Task that calls its own service and is given itself
-- catalogue: C20
-- severity: low
-- since: 0.3.0
-- layer: ipvs
-- need: one host
-- blame: driver
-- check: nsenter --net=/run/docker/netns/<netns> ipvsadm -lnc (an entry whose source and destination are one address)
-- remedy: let the task call itself by 127.0.0.1, or others by tasks.SERVICE
-- risk: none
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -lnc
-- undo: take the change of its configuration back
-- remedy: update the engine to 18.09 or newer
-- risk: the node's tasks are moved while it is updated
-- verify: docker version
-- undo: none: an older engine may not read a newer one's store
-- upstream: moby/libnetwork#2108
-- fixed-in: 18.09.0
-- limits: engines before 18.09, and only while the connection is in the kernel's table.
--
-- Before 18.09 every container balances for itself, in its own namespace. When its service's virtual address gives a connection to the very task that
-- opened it, the packet would have to come back with its own address as source and as destination; the kernel does not take
-- that, and the connect hangs. It happens to one call of n, so programs that find their peers by their own service's
-- name (clusters, caches) fail now and then. Since 18.09 a namespace of its own stands between, which translates the
-- source, and the call works.
SELECT
  i.host,
  COALESCE(l.label, n.name) || ' on ' || i.host || ' called ' || COALESCE(v.service || ' (' || i.vaddress || ')', i.vaddress) || ', its own service, and was given itself (' || i.address || ')' AS summary,
  'hairpin:' || i.host || '/' || n.name || '/' || i.vaddress AS subject,
  n.name AS netns,
  i.vaddress AS vip,
  i.address AS ip,
  v.service,
  e.version AS engine,
  COUNT(*) AS connections,
  MIN(i.ref) AS connection_ref,
  e.ref AS era_ref
FROM ipvs_connection AS i
JOIN netns AS n ON n.host = i.host AND n.netns = i.netns AND n.kind = 'container'
JOIN host_era AS e ON e.host = i.host AND e.era = 'container'
LEFT JOIN (SELECT host, netns, ip, MIN(label) AS label, MIN(net) AS net FROM local_endpoint WHERE kind = 'container' GROUP BY host, netns, ip) AS l ON l.host = i.host AND l.netns = i.netns AND l.ip = i.address
LEFT JOIN (SELECT net, ip, MIN(service) AS service FROM service_vip GROUP BY net, ip) AS v ON v.net = l.net AND v.ip = i.vaddress
WHERE i.client = i.address AND i.proto = 'tcp' AND i.state IN ('SYN_SENT', 'SYN_RECV', 'NONE')
GROUP BY i.host, n.name, l.label, i.vaddress, i.address, v.service, e.version, e.ref
