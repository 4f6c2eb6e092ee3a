-- IPVS makes clients wait when a source port comes again
-- catalogue: B10
-- severity: low
-- since: 0.3.0
-- layer: ipvs
-- need: one host
-- blame: driver
-- views: what the engine sets and what the namespace has
-- check: for n in /run/docker/netns/lb_* /run/docker/netns/ingress_sbox; do nsenter --net=$n sysctl net.ipv4.vs.conn_reuse_mode net.ipv4.vs.expire_nodest_conn; done
-- remedy: for n in /run/docker/netns/lb_* /run/docker/netns/ingress_sbox; do nsenter --net=$n sysctl -w net.ipv4.vs.conn_reuse_mode=0 net.ipv4.vs.expire_nodest_conn=1
--   net.ipv4.vs.expire_quiescent_template=1; done
-- risk: none for open connections; with mode 0 a reused port goes to the task that its old connection went to
-- verify: the same loop without -w shows the values
-- undo: set the values back to <value>
-- remedy: load the module at boot (echo ip_vs > /etc/modules-load.d/ip_vs.conf), so that the settings are there when dockerd makes a namespace
-- risk: none
-- verify: after the next boot: nsenter --net=/run/docker/netns/<netns> sysctl net.ipv4.vs.conn_reuse_mode
-- undo: rm /etc/modules-load.d/ip_vs.conf
-- remedy: update the kernel to 5.9 or newer
-- risk: a reboot
-- verify: uname -r
-- undo: boot the old kernel
-- upstream: moby/moby#35082, cloudnativelabs/kube-router#544
-- fixed-in: 20.10.0 sets the mode; kernel 5.9 no longer drops the packet
-- limits: kernels of distributions may have the change of 5.9 under an older number. One finding a host.
--
-- A client that opens many short connections uses a source port again within two minutes, while IPVS still has the old connection in
-- TIME_WAIT. With conn_reuse_mode=1 IPVS wants a new connection then; but the old one is also tracked (vs.conntrack=1), and
-- kernels before 5.9 drop the SYN and expire the old one, so that only the client's second SYN gets through: such connects
-- take exactly 1 second, or 3, and rates stay low. Engines from 20.10 on set mode 0 and expire_nodest_conn=1 for that reason.
--
-- An engine of 20.10 or newer whose namespace still has the kernel's own values made it before the module ip_vs was loaded: there was
-- nothing to set then, and it does not try again there. On an older engine the value is the engine's own. In both cases the
-- kernel decides whether it hurts: 5.9 and newer are not judged. It is medium when one client has a thousand and more
-- connections in TIME_WAIT there, for then ports do come again; low otherwise.
--
-- The other way round, mode 0 without expire_nodest_conn=1, a reused port sticks to a destination that is gone.
WITH bad AS (
  SELECT n.host, n.netns, n.name, c.key, c.value, c.ref,
    CASE c.key WHEN 'net.ipv4.vs.conn_reuse_mode' THEN 'a source port that comes again waits a second' ELSE 'a source port that comes again sticks to a destination that is gone' END AS what
  FROM netns AS n
  JOIN kernel_version AS k ON k.host = n.host
  JOIN sysctl AS t ON t.host = n.host AND t.netns = n.netns AND t.key = 'net.ipv4.vs.conntrack' AND t.value = '1'
  JOIN sysctl AS c ON c.host = n.host AND c.netns = n.netns AND c.key IN ('net.ipv4.vs.conn_reuse_mode', 'net.ipv4.vs.expire_nodest_conn')
  LEFT JOIN sysctl AS m ON m.host = n.host AND m.netns = n.netns AND m.key = 'net.ipv4.vs.conn_reuse_mode'
  WHERE n.kind IN ('lb', 'ingress') AND (c.key = 'net.ipv4.vs.conn_reuse_mode' AND c.value = '1' AND k.rank < 5009
    OR c.key = 'net.ipv4.vs.expire_nodest_conn' AND c.value = '0' AND m.value = '0')
), busy AS (
  SELECT host, netns, MAX(n) AS n FROM (
    SELECT i.host, i.netns, i.client, COUNT(*) AS n FROM ipvs_connection AS i
    WHERE i.state = 'TIME_WAIT' AND i.read = 'first' GROUP BY i.host, i.netns, i.client)
  GROUP BY host, netns
), judged AS (
  SELECT b.host, COUNT(DISTINCT b.netns) AS places, MIN(b.name) AS netns, MIN(b.key) AS key, MIN(b.value) AS value, MIN(b.what) AS what, MIN(b.ref) AS ref, MAX(u.n) AS reused
  FROM bad AS b
  JOIN ipvs_service AS s ON s.host = b.host AND s.netns = b.netns AND s.fwmark > 0 AND s.seen = 'both'
  LEFT JOIN busy AS u ON u.host = b.host AND u.netns = b.netns
  GROUP BY b.host
)
SELECT
  j.host,
  CASE j.places WHEN 1 THEN j.netns ELSE j.places || ' namespaces' END || ' on ' || j.host || ' balance' || CASE j.places WHEN 1 THEN 's' ELSE '' END || ' load with '
    || j.key || '=' || j.value || ' on kernel ' || k.kernel || ': ' || j.what AS summary,
  'sysctl:' || j.host || '/' || j.key AS subject,
  CASE WHEN j.reused >= 1000 THEN 'medium' END AS severity,
  j.netns,
  j.key,
  j.value,
  k.kernel,
  e.version AS engine,
  j.reused AS time_wait_of_one_client,
  CASE WHEN e.rank >= 20010000 THEN 'the engine sets ' || CASE j.key WHEN 'net.ipv4.vs.conn_reuse_mode' THEN '0' ELSE '1' END || ', and the namespace has the kernel''s value' END AS views,
  j.ref AS sysctl_ref,
  k.ref AS kernel_ref,
  e.ref AS engine_ref
FROM judged AS j
JOIN kernel_version AS k ON k.host = j.host
LEFT JOIN engine_version AS e ON e.host = j.host
