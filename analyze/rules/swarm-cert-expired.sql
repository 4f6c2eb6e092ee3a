-- Certificate of the swarm or of the API is not valid
-- catalogue: F7
-- severity: critical
-- since: 0.3.0
-- layer: swarm
-- need: one host
-- blame: configuration
-- check: openssl x509 -noout -dates -in <path>; date -u; docker info | grep -A3 'Swarm:'
-- remedy: compare the clock of <host_name> with the others' first, and set it if it is wrong: timedatectl set-ntp true
-- risk: time stamps jump; software that measures time by the clock may be confused
-- verify: openssl x509 -noout -checkend 0 -in <path>
-- undo: timedatectl set-ntp false
-- remedy: a worker, or a manager while the others keep a majority: docker swarm leave --force, then docker swarm join with a new token
-- risk: the node's tasks stop, and run elsewhere; it comes back as a new node, without its labels
-- verify: docker node ls on a manager, and docker node rm of the old entry
-- undo: the node cannot have its old identity back
-- remedy: all managers: set the clock back to before <not_after>, restart dockerd, docker swarm ca --rotate, then set the clock right
-- risk: the whole control plane works under a wrong clock meanwhile
-- verify: docker swarm ca --rotate ends; openssl x509 -noout -enddate -in <path>
-- undo: set the clock right
-- upstream: moby/moby#42660, moby/moby#24132, docker/for-linux#400
-- limits: judged by the host's own clock, which may be the very thing that is wrong (clock-skew). Only on hosts whose daemon says that it is part of a swarm, or
--   for the API's own certificates. Not renewed means: less than a tenth of
--   its life and less than a week left; a healthy node renews between half and four fifths of it.
--
-- Nodes prove who they are with certificates that the managers sign for 90 days, and renew long before their end. A node that was switched off
-- for longer, that reached no manager, or whose clock is wrong, finds its own one expired or not yet valid: its TLS handshakes fail on both sides,
-- its daemon reports an error of x509 and the managers call the node down.
--
-- The containers on it may go on or not, names and overlays of the swarm freeze. If it is a manager, the majority shrinks; if it is the certificate
-- authority's own, nobody can renew.
SELECT
  c.host,
  CASE c.kind WHEN 'swarm-node' THEN 'the swarm certificate of ' WHEN 'swarm-ca' THEN 'the swarm''s certificate authority, as seen by ' ELSE 'the API certificate of ' END || c.host
    || CASE WHEN c.left_s < 0 THEN ' expired ' || CAST(-c.left_s * 0.0000115741 AS INTEGER) || ' days ago (' || c.not_after || ')'
      WHEN c.begun_s < 0 THEN ' is not valid before ' || c.not_before
      ELSE ' ends in ' || CAST(c.left_s * 0.000277778 AS INTEGER) || ' hours and was not renewed' END AS summary,
  'certificate:' || c.host || '/' || c.kind AS subject,
  CASE WHEN c.left_s >= 0 AND c.begun_s >= 0 THEN 'medium' WHEN c.kind IN ('api', 'api-ca') THEN 'medium' ELSE 'critical' END AS severity,
  c.path,
  c.host AS host_name,
  c.cn,
  c.not_before,
  c.not_after,
  e.swarm_error AS error,
  c.ref AS certificate_ref,
  e.ref AS engine_ref
FROM certificate_age AS c
JOIN engine AS e ON e.host = c.host
WHERE ((c.kind IN ('swarm-node', 'swarm-ca') AND e.swarm_state <> 'inactive' AND e.swarm_state <> '') OR c.kind IN ('api', 'api-ca'))
  AND (c.left_s < 0 OR c.begun_s < 0 OR (c.kind <> 'api-ca' AND c.left_s < 0.1 * c.life_s AND c.left_s < 86400 * 7 AND c.begun_s > 3600))
UNION ALL
SELECT
  e.host,
  'the daemon of ' || e.host || ' cannot take part in the swarm: ' || e.swarm_error,
  'certificate:' || e.host || '/swarm-node',
  'critical',
  '/var/lib/docker/swarm/certificates/swarm-node.crt',
  e.host,
  NULL,
  NULL,
  NULL,
  e.swarm_error,
  NULL,
  e.ref
FROM engine AS e
LEFT JOIN certificate_age AS c ON c.host = e.host AND c.kind = 'swarm-node' AND (c.left_s < 0 OR c.begun_s < 0)
JOIN captured AS k ON k.host = e.host AND k.tbl = 'certificate'
WHERE lower(e.swarm_error) LIKE '%x509%' AND c.host IS NULL
