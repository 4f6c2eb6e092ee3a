-- Search domains multiply the lookups of containers
-- catalogue: D13
-- severity: medium
-- since: 0.3.0
-- layer: dns
-- need: one host
-- blame: configuration
-- check: docker exec <container> cat /etc/resolv.conf
-- remedy: end names outside with a dot in the client's configuration: example.com. is looked up once
-- risk: none; some programs refuse such names
-- verify: docker exec <container> getent hosts example.com.
-- undo: take the dot away
-- remedy: docker service update --dns-option-add ndots:1 <service> (docker run --dns-option ndots:1 for others)
-- risk: the tasks are replaced; names with dots that rely on a search domain resolve later, or no more
-- verify: docker exec <container> cat /etc/resolv.conf
-- undo: docker service update --dns-option-rm ndots:1 <service>
-- remedy: take the search domains from the host's /etc/resolv.conf, or give containers their own: "dns-search" in daemon.json, then systemctl restart docker
-- risk: the node's control plane is away for the restart; short names of that domain stop to resolve in containers
-- verify: docker exec <container> cat /etc/resolv.conf
-- undo: the former file, and systemctl restart docker
-- upstream: moby/libnetwork#2082, resolv.conf(5)
-- limits: counted are the questions that a name with fewer dots than ndots costs before it is asked as it is; what the programs really look up is not
--   captured. One finding a host, with the worst container as the example.
--
-- A resolver library that is told ndots:n first tries each search domain for every name with fewer than n dots, and only then the name itself. Each try
-- is one more question, for A and for AAAA, which no service of Docker's answers: it goes to the servers outside and comes back as "no such
-- name". With ndots:5 and three domains, one lookup of api.example.com is eight questions instead of two. Lookups are as much slower, names
-- leak to the servers outside, and with a slow server the resolver's limit is near (see dns-concurrency-limit).
--
-- Docker itself writes ndots:0, so such a value was set by somebody: in the service's or container's DNS options, in the daemon's, or in the
-- host's own resolv.conf, which containers inherit.
WITH setting AS (
  SELECT r.host, r.container,
    MAX(CASE WHEN r.item = 'option' AND r.value = 'ndots' THEN CAST(r.setting AS INTEGER) END) AS ndots,
    SUM(CASE WHEN r.item = 'search' AND r.value <> '.' THEN 1 ELSE 0 END) AS domains,
    MAX(CASE WHEN r.item = 'option' AND r.value = 'ndots' THEN r.ref END) AS option_ref,
    MIN(CASE WHEN r.item = 'search' THEN r.ref END) AS search_ref
  FROM resolver_config AS r GROUP BY r.host, r.container
), ranked AS (
  SELECT s.*, c.name, c.service, COUNT(*) OVER (PARTITION BY s.host) AS containers,
    ROW_NUMBER() OVER (PARTITION BY s.host ORDER BY s.domains DESC, s.ndots DESC, c.name, s.container) AS place
  FROM setting AS s
  JOIN container AS c ON c.host = s.host AND c.container = s.container AND c.state = 'running'
  WHERE s.ndots >= 2 AND s.domains >= 1
)
SELECT
  r.host,
  r.containers || CASE WHEN r.containers = 1 THEN ' container' ELSE ' containers' END || ' on ' || r.host || ' ask up to ' || (r.domains + 1)
    || ' names for each that they look up: ndots:' || r.ndots || ' and ' || r.domains || CASE WHEN r.domains = 1 THEN ' search domain' ELSE ' search domains' END
    || ' in ' || r.name AS summary,
  'resolver:' || r.host || '/search' AS subject,
  r.name AS container,
  r.service,
  r.containers,
  r.ndots,
  r.domains AS search_domains,
  r.domains + 1 AS questions_a_lookup,
  r.option_ref,
  r.search_ref
FROM ranked AS r
WHERE r.place = 1
