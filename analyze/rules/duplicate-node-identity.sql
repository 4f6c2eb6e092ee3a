-- Two hosts share an identity
-- catalogue: F11
-- severity: high
-- since: 0.3.0
-- layer: swarm
-- need: several hosts
-- blame: configuration
-- check: on both: docker info -f '{{.ID}} {{.Swarm.NodeID}}'; cat /etc/machine-id; ip -br link
-- remedy: on the clone: docker swarm leave --force; systemctl stop docker; rm -r /var/lib/docker/swarm /etc/docker/key.json /var/lib/docker/engine-id; systemctl start docker; docker swarm join
-- risk: the clone's tasks run elsewhere; it joins as a new node, without its labels
-- verify: docker info -f '{{.ID}} {{.Swarm.NodeID}}' differs on the two
-- undo: keep a copy of what is removed
-- remedy: a machine id: rm /etc/machine-id; systemd-machine-id-setup; reboot
-- risk: DHCP may hand out another address afterwards
-- verify: cat /etc/machine-id
-- undo: write the old one back
-- remedy: an old entry of the same host name: docker node rm <old_node>
-- risk: none for a node that is down for good
-- verify: docker node ls
-- undo: docker swarm join on that node
-- limits: two bundles of one host are told by its boot: two boots that live at the same time are two hosts. Equal host names in the list of nodes are low, and medium when both
--   nodes are ready.
--
-- A machine that was cloned after it had joined brings along the certificate, and with it the id, of the original. The managers know one node and hear from two: sessions
-- replace each other, each of the two is told to run the tasks of both, and the node flaps between ready and down.
--
-- The same engine id confuses registries and licence counters, the same machine id gives two hosts one DHCP lease and, with persistent MAC policies, equal
-- MACs on their links, which a switch learns now here, now there. Equal host names do not break the swarm but everything that names nodes by them,
-- constraints and templates among it; usually the older one is the same machine before it joined anew.
WITH boot AS (
  SELECT kind, id, boot_id, MIN(host) AS host, MIN(from_s) AS from_s, MAX(to_s) AS to_s, MIN(ref) AS ref FROM host_identity GROUP BY kind, id, boot_id
), beside AS (
  SELECT b.*, LEAD(from_s) OVER w AS next_from, MAX(to_s) OVER (PARTITION BY kind, id ORDER BY from_s, host ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before_to
  FROM boot AS b WINDOW w AS (PARTITION BY kind, id ORDER BY from_s, host)
), shared AS (
  SELECT kind, id, MIN(host) AS host, group_concat(host, ', ') AS hosts, COUNT(*) AS bearers, MIN(ref) AS ref, MAX(ref) AS last_ref
  FROM (SELECT * FROM beside WHERE next_from + 60 < to_s OR from_s + 60 < before_to ORDER BY kind, id, host)
  GROUP BY kind, id HAVING COUNT(*) > 1
)
SELECT
  s.host,
  s.hosts || ' have the same ' || group_concat(s.kind || ' (' || s.id || ')', ', ') AS summary,
  'identity:' || s.host || '/shared' AS subject,
  CASE WHEN MAX(CASE s.kind WHEN 'swarm node id' THEN 1 ELSE 0 END) = 1 THEN 'high' ELSE 'medium' END AS severity,
  group_concat(s.kind, ', ') AS kind,
  MIN(s.id) AS id,
  s.hosts,
  s.bearers,
  NULL AS old_node,
  MIN(s.ref) AS one_ref,
  MAX(s.last_ref) AS other_ref
FROM (SELECT * FROM shared ORDER BY host, hosts, kind) AS s
GROUP BY s.host, s.hosts, s.bearers
UNION ALL
SELECT
  n.host,
  n.nodes || ' nodes of the swarm are called ' || n.hostname || ', ' || n.ready || ' of them ready',
  'identity:' || n.host || '/hostname/' || n.hostname,
  CASE WHEN n.ready > 1 THEN 'medium' ELSE 'low' END,
  'host name',
  n.hostname,
  NULL,
  n.nodes,
  n.down_node,
  n.ref,
  n.last_ref
FROM (SELECT s.host, s.hostname, COUNT(*) AS nodes, SUM(CASE WHEN s.state = 'ready' THEN 1 ELSE 0 END) AS ready,
    MIN(CASE WHEN s.state = 'down' THEN s.node_id END) AS down_node, MIN(s.ref) AS ref, MAX(s.ref) AS last_ref
  FROM swarm_node AS s
  JOIN (SELECT w.host, ROW_NUMBER() OVER (ORDER BY r.last_s DESC, w.host) AS place FROM (SELECT DISTINCT host FROM swarm_node) AS w JOIN reading AS r ON r.host = w.host) AS v
    ON v.host = s.host AND v.place = 1
  WHERE s.hostname <> '' GROUP BY s.host, s.hostname HAVING COUNT(*) > 1) AS n
