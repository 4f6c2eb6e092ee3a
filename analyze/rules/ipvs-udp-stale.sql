-- UDP flow that IPVS keeps sending to a removed task
-- catalogue: B11
-- severity: medium
-- since: 0.3.0
-- layer: ipvs
-- need: one host, two reads
-- blame: driver
-- views: IPVS's connections and its destinations
-- check: nsenter --net=/run/docker/netns/<netns> sh -c 'ipvsadm -lnc | grep UDP; ipvsadm -ln; sysctl net.ipv4.vs.expire_nodest_conn'
-- remedy: nsenter --net=/run/docker/netns/<netns> sysctl -w net.ipv4.vs.expire_nodest_conn=1
-- risk: none; the next datagram of each such flow ends it, and the one after goes to a living task
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -lnc shows no UDP entry with <ip>
-- undo: nsenter --net=/run/docker/netns/<netns> sysctl -w net.ipv4.vs.expire_nodest_conn=0
-- remedy: let the client send from a new port: restart it
-- risk: the client's own
-- verify: nsenter --net=/run/docker/netns/<netns> ipvsadm -lnc
-- undo: nothing to undo
-- upstream: moby/moby#36878, moby/moby#8795
-- fixed-in: 18.09.0 sets expire_nodest_conn=1
-- limits: silent where expire_nodest_conn is 1 or not known: then the next datagram mends it. A destination of weight 0 is not a
--   removed one.
--
-- UDP has no end, so IPVS keeps the pair of a client's port and the chosen task for 300 seconds after the last datagram. When the task's
-- destination is removed meanwhile, the pair stays; with expire_nodest_conn=0 every further datagram of that client is dropped in
-- silence until the pair runs out. Senders that use one port for ever (syslog, statsd, DNS forwarders, VoIP)
-- lose five minutes of data after each update of the service, and it looks as if the new task did not work.
--
-- Engines from 18.09 on set expire_nodest_conn=1; a namespace that was made before the module ip_vs was loaded has the kernel's 0
-- all the same.
WITH flow AS (
  SELECT i.host, i.netns, i.client, i.cport, i.vaddress, i.vport, i.address, MIN(i.ref) AS ref, COUNT(DISTINCT i.read) AS reads, MAX(CASE WHEN i.read = 'last' THEN i.expires_s END) AS expires_s
  FROM ipvs_connection AS i WHERE i.proto = 'udp' AND i.cport > 0
  GROUP BY i.host, i.netns, i.client, i.cport, i.vaddress, i.vport, i.address
)
SELECT
  f.host,
  n.name || ' on ' || f.host || ' keeps ' || CASE COUNT(*) WHEN 1 THEN 'a UDP flow' ELSE COUNT(*) || ' UDP flows' END || ' of clients, of ' || MIN(f.client) || ' to ' || f.vaddress || ':' || f.vport
    || ', for ' || f.address || ', which is no destination any more' AS summary,
  'ipvs:' || f.host || '/' || n.name || '/udp/' || f.vaddress || ':' || f.vport || '/' || f.address AS subject,
  n.name AS netns,
  f.address AS ip,
  f.vaddress AS vip,
  f.vport AS port,
  MIN(f.client) AS client,
  COUNT(*) AS flows,
  MAX(f.expires_s) AS longest_s,
  MIN(f.ref) AS connection_ref,
  y.ref AS sysctl_ref,
  c.ref AS destinations_ref
FROM flow AS f
JOIN netns AS n ON n.host = f.host AND n.netns = f.netns AND n.kind IN ('lb', 'ingress', 'container')
JOIN sysctl AS y ON y.host = f.host AND y.netns = f.netns AND y.key = 'net.ipv4.vs.expire_nodest_conn' AND y.value = '0'
JOIN captured AS c ON c.tbl = 'ipvs_destination' AND c.host = f.host AND c.netns = f.netns
LEFT JOIN ipvs_destination AS d ON d.host = f.host AND d.netns = f.netns AND d.address = f.address
WHERE f.reads = 2 AND d.host IS NULL
GROUP BY f.host, f.netns, n.name, f.vaddress, f.vport, f.address, y.ref, c.ref
