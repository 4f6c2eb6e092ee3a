-- Engine release with known faults in its networking
-- catalogue: J6
-- severity: low
-- since: 0.3.0
-- layer: clock
-- need: one host
-- blame: daemon
-- check: docker version --format '{{.Server.Version}}' on the host, then the release notes of the versions after it
-- remedy: plan an update of the engine on <host>: drain the node (docker node update --availability drain NODE), update the packages,
--   docker node update --availability active NODE; one node at a time
-- risk: draining moves every task of the node; managers need their majority while one of them is away
-- verify: docker version --format '{{.Server.Version}}', then netmortem analyze of a new capture
-- undo: install the package of <version> again; a swarm's store that a newer engine has written is not promised to be readable by an older one
-- upstream: the fact "faults" names the issues
-- limits: silent on development builds and on versions without numbers, and on releases newer than the list. Which faults bite is
--   told only by findings of other rules: these carry the issue that fits themselves.
--
-- Some releases are known to lose rows, names or connections that others keep. This is no sign that anything is wrong now; it
-- says which faults to expect of this engine, so that an odd symptom is held against them first, and what release is free of each.
--
-- A fault is listed where it can bite at all: those of swarms on members of a swarm, those of encryption where an
-- encrypted network is known, those of firewalld where it runs. Faults that nearly every release had up to their fix are told
-- beside the findings that they explain, and not here. A swarm of mixed releases has the faults of each of them, and
-- some only appear between two of them: encrypted traffic between 29.0–29.2.0 and any other release is an example.
SELECT
  k.host,
  'Engine ' || k.version || ' on ' || k.host || ' has ' || CASE k.n WHEN 1 THEN 'a known fault' ELSE k.n || ' known faults' END
    || ' in its networking, ' || k.first_issue || CASE k.n WHEN 1 THEN '' ELSE ' among them' END AS summary,
  'engine:' || k.host || '/' || k.version AS subject,
  k.version,
  k.faults,
  k.engine_ref
FROM (
  SELECT host, MIN(version) AS version, COUNT(*) AS n, MIN(issue) AS first_issue, group_concat(line, '; ') AS faults, MIN(engine_ref) AS engine_ref
  FROM (SELECT host, version, issue, line, engine_ref FROM known_bad_version ORDER BY host, issue)
  GROUP BY host
) AS k
