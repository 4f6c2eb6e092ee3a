-- Nodes do not agree on the encryption of an overlay
-- catalogue: A18
-- severity: critical
-- since: 0.3.0
-- layer: vxlan
-- need: one host, two reads
-- blame: driver
-- views: the associations and policies of this host, those of the node at the other end, and the forwarding entries
-- check: ip -s xfrm state; ip xfrm policy; cat /proc/net/xfrm_stat (on <host>, and on the node that has <remote>)
-- remedy: restart dockerd on <host>: systemctl restart docker
-- risk: the node's tasks are replaced unless live-restore is on, which swarm mode refuses; the driver flushes its associations and makes them anew
-- verify: ip xfrm state | grep -c 'reqid 13681891' gives four for each other node
-- undo: nothing to undo
-- remedy: bring all nodes to one engine version, 29.2.1 or newer (25.0.15 in the 25.0 series)
-- risk: a node is drained while it is upgraded
-- verify: docker node ls --format '{{.Hostname}} {{.EngineVersion}}'
-- undo: install the former version
-- upstream: moby/moby#26523, moby/moby#30766; moby commits 51664a25d7, 057e35dd65
-- fixed-in: SPI of mixed versions: 29.2.1, 25.0.15; associations of other networks removed: 29.0.0, 25.0.13
-- limits: SPIs and keys are compared between captured hosts only, and SPIs only of associations that are a minute old. Associations
--   that outlived their network are not judged. The key itself is never captured: hashes are compared.
--
-- For each other node of an encrypted network the driver keeps one association for what it sends, one for each of the swarm's
-- three keys for what it receives, and a policy that ties marked VXLAN traffic to the first. The SPI of an association is a hash of
-- both addresses and the key's tag, so that two nodes come to the same number without asking each other. When they do not, the
-- receiver drops each packet: XfrmInNoStates for an SPI that it does not have, XfrmInStateProtoError for another key.
--
-- It comes about when nodes run 29.0.0 to 29.2.0 or 25.0.13 to 25.0.14 beside other versions, which hash addresses of another
-- length; when one encrypted network was deleted on an engine before 29.0, which took away the associations that
-- other networks still needed; when a node missed a rotation of keys, every twelve hours; or when a node joined with the
-- listen address 0.0.0.0, which then stands in the associations.
WITH own AS (
  SELECT n.host, n.netns, s.ref AS states_ref, p.ref AS policies_ref
  FROM netns AS n
  JOIN captured AS s ON s.host = n.host AND s.netns = n.netns AND s.tbl = 'xfrm_state'
  JOIN captured AS p ON p.host = n.host AND p.netns = n.netns AND p.tbl = 'xfrm_policy'
  WHERE n.kind = 'host'
), policy AS (
  SELECT p.host, p.netns, p.dst, p.src, p.spi, p.ref FROM xfrm_policy AS p
  WHERE p.direction = 'out' AND p.mark = 13681891 AND p.seen = 'both'
), mismatch AS (
  SELECT e.host, e.vtep AS remote, 1 AS rank, 'missing' AS signature, NULL AS spi,
    'has no ' || CASE WHEN o.host IS NULL AND i.host IS NULL AND p.host IS NULL THEN 'association or policy'
      WHEN o.host IS NULL THEN 'association for what it sends' WHEN i.host IS NULL THEN 'association for what it receives' ELSE 'policy' END
      || ' for ' || e.vtep || ', to which ' || e.network || ' sends encrypted frames' AS what,
    e.network, NULL AS other, e.fdb_ref AS ref, COALESCE(o.ref, i.ref, p.ref) AS beside_ref, w.states_ref AS looked_ref
  FROM expected_xfrm AS e
  JOIN own AS w ON w.host = e.host AND w.netns = e.host_netns
  LEFT JOIN (SELECT host, netns, dst, MIN(ref) AS ref FROM xfrm_state WHERE reqid = 13681891 GROUP BY host, netns, dst) AS o ON o.host = w.host AND o.netns = w.netns AND o.dst = e.vtep
  LEFT JOIN (SELECT host, netns, src, MIN(ref) AS ref FROM xfrm_state WHERE reqid = 13681891 GROUP BY host, netns, src) AS i ON i.host = w.host AND i.netns = w.netns AND i.src = e.vtep
  LEFT JOIN (SELECT host, netns, dst, MIN(ref) AS ref FROM xfrm_policy WHERE direction = 'out' AND mark = 13681891 GROUP BY host, netns, dst) AS p
    ON p.host = w.host AND p.netns = w.netns AND p.dst = e.vtep
  WHERE e.settled = 1 AND (o.host IS NULL OR i.host IS NULL OR p.host IS NULL)
  UNION ALL
  SELECT p.host, p.dst, 2, 'policy', p.spi,
    'has a policy for ' || p.dst || ' that wants SPI ' || CAST(p.spi AS TEXT) || ', which none of its associations has', NULL, NULL, p.ref, NULL, w.states_ref
  FROM policy AS p
  JOIN expected_xfrm AS n ON n.host = p.host AND n.vtep = p.dst
  JOIN own AS w ON w.host = p.host AND w.netns = p.netns
  LEFT JOIN xfrm_state AS s ON s.host = p.host AND s.netns = p.netns AND s.spi = p.spi AND s.dst = p.dst
  WHERE p.spi > 0 AND s.host IS NULL
  UNION ALL
  SELECT o.host, o.dst, 3, 'spi', o.spi,
    'sends to ' || o.dst || ' with SPI ' || CAST(o.spi AS TEXT) || ', which ' || o.dst_host || ' does not have', NULL, o.dst_host, o.ref, NULL, w.states_ref
  FROM docker_sa AS o
  JOIN expected_xfrm AS n ON n.host = o.host AND n.vtep = o.dst
  JOIN own AS w ON w.host = o.dst_host
  JOIN reading AS r ON r.host = o.dst_host
  JOIN reading AS ro ON ro.host = o.host
  LEFT JOIN xfrm_state AS i ON i.host = w.host AND i.netns = w.netns AND i.spi = o.spi
  WHERE o.dst_host <> o.host AND o.added_s <= r.first_s - 60 AND r.first_s - ro.first_s <= 300 AND ro.first_s - r.first_s <= 300 AND i.host IS NULL
  UNION ALL
  SELECT o.host, o.dst, 4, 'key', o.spi,
    'and ' || i.host || ' have different keys for SPI ' || CAST(o.spi AS TEXT) || ' (' || o.src || ' to ' || o.dst || ')', NULL, i.host, o.ref, i.ref, NULL
  FROM docker_sa AS o
  JOIN expected_xfrm AS n ON n.host = o.host AND n.vtep = o.dst
  JOIN docker_sa AS i ON i.host = o.dst_host AND i.spi = o.spi AND i.src = o.src AND i.dst = o.dst
  WHERE o.dst_host <> o.host AND i.key_hash <> o.key_hash
  UNION ALL
  SELECT s.host, CASE WHEN s.src = '0.0.0.0' OR s.src = '::' THEN s.dst ELSE s.src END, 5, 'address', s.spi,
    'has an association between ' || s.src || ' and ' || s.dst || ': an unspecified address matches no packet', NULL, NULL, s.ref, NULL, NULL
  FROM docker_sa AS s
  JOIN (SELECT DISTINCT host FROM expected_xfrm) AS n ON n.host = s.host
  WHERE s.src IN ('0.0.0.0', '::') OR s.dst IN ('0.0.0.0', '::')
)
SELECT
  m.host,
  m.host || ' ' || m.what AS summary,
  'xfrm:' || m.host || '/' || m.remote AS subject,
  m.signature,
  m.remote,
  m.spi,
  m.network,
  m.other AS other_host,
  e.version AS engine,
  x.version AS other_engine,
  m.ref AS first_ref,
  m.beside_ref,
  m.looked_ref
FROM (SELECT mismatch.*, ROW_NUMBER() OVER (PARTITION BY host, remote ORDER BY rank, spi, ref) AS place FROM mismatch) AS m
LEFT JOIN engine AS e ON e.host = m.host
LEFT JOIN engine AS x ON x.host = m.other
WHERE m.place = 1
