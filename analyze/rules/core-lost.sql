-- Cores of crashing containers are lost
-- catalogue: I6
-- severity: medium
-- since: 0.3.0
-- layer: process
-- need: one host
-- blame: configuration
-- check: cat /proc/sys/kernel/core_pattern; prlimit --core --pid <pid>
-- remedy: sysctl -w kernel.core_pattern='|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h' (where the package systemd-coredump is installed)
-- risk: cores of every container go to the host's disk, /var/lib/systemd/coredump, up to the limits in coredump.conf
-- verify: netmortem analyze of a new capture; for a test, docker run --rm <image> sh -c 'sh -c "kill -SEGV \$\$"; true' and coredumpctl list
-- undo: sysctl -w kernel.core_pattern='<core_pattern>'
-- remedy: docker service update --ulimit-add core=-1:-1 --mount-add type=bind,src=/var/crash,dst=/var/crash <service>, and an absolute core_pattern below /var/crash
-- risk: every task of the service is replaced; the volume has to have room for the whole resident memory of each process
-- verify: netmortem analyze of a new capture
-- undo: docker service update --ulimit-rm core --mount-rm /var/crash <service>
-- limits: judges first processes of the containers that run now, and the daemons. That no core was found after a crash says that it is
--   not where cores go on this host; a program that was told not to dump (prctl, a set-user-id binary) leaves none either.
--
-- kernel.core_pattern belongs to the whole kernel; a container cannot have its own. A pattern that begins with | starts a program in
-- the host's namespaces, whoever crashed: cores of containers are found on the host, with coredumpctl or below /var/crash. If the image
-- was copied from another distribution, the program may not exist, and every core goes nowhere.
--
-- Any other pattern is a path, and the kernel opens it as the crashing process would: in its own mount namespace, relative to its
-- working directory. The core then lies in the container's layer and goes with it, which for a task of a swarm is a matter of minutes;
-- a read-only root, a directory that the image lacks, a user who may not write there, or RLIMIT_CORE 0 mean that there is none.
--
-- With low severity this is a warning before the crash, one for each host. It is of medium severity when something crashed within
-- the last day and left nothing, or the kernel says itself that a core was dropped.
WITH fate AS (
  SELECT d.host, COUNT(*) AS processes, SUM(CASE WHEN d.verdict IN ('lost', 'cut-short') THEN 1 ELSE 0 END) AS lost,
    SUM(CASE WHEN d.verdict = 'until-removed' THEN 1 ELSE 0 END) AS until_removed,
    MIN(CASE WHEN d.verdict IN ('lost', 'cut-short') THEN d.reason END) AS lost_reason,
    MIN(CASE WHEN d.verdict = 'until-removed' THEN d.reason END) AS removed_reason,
    MIN(CASE WHEN d.verdict IN ('lost', 'cut-short') THEN d.target_ref END) AS lost_ref, MIN(CASE WHEN d.verdict = 'until-removed' THEN d.target_ref END) AS removed_ref,
    MIN(CASE WHEN d.verdict IN ('lost', 'cut-short', 'until-removed') THEN d.pid END) AS pid
  FROM core_destination AS d WHERE d.container IS NOT NULL GROUP BY d.host
), crash AS (
  SELECT e.host, COUNT(*) AS crashes, MIN(e.ago_s) AS ago_s, MAX(e.ended_s) AS last_s, MAX(e.label) AS name, MIN(e.ref) AS ref
  FROM container_end AS e WHERE e.exit_code IN (132, 134, 135, 136, 139) AND e.ago_s BETWEEN -60 AND 86400 GROUP BY e.host
), core AS (
  SELECT f.host, COUNT(*) AS cores FROM core_file AS f GROUP BY f.host
), dropped AS (
  SELECT k.host, MIN(k.ago_s) AS ago_s, MIN(k.text) AS text, MIN(k.ref) AS ref
  FROM kernel_fault AS k WHERE k.class = 'core-lost' AND k.ago_s BETWEEN -60 AND 86400 GROUP BY k.host
)
SELECT
  h.host,
  CASE WHEN d.ref IS NOT NULL THEN 'The kernel of ' || h.host || ' dropped a core: ' || d.text
    WHEN k.ref IS NOT NULL AND a.ref IS NOT NULL AND o.cores IS NULL THEN k.name || ' on ' || h.host || ' crashed, and no core is left'
      || COALESCE(': ' || COALESCE(f.lost_reason, f.removed_reason), '')
    ELSE 'A core of ' || (f.lost + f.until_removed) || ' of ' || f.processes || ' containers on ' || h.host || ' would be lost: ' || COALESCE(f.lost_reason, f.removed_reason)
    END AS summary,
  'host:' || h.host || '/cores' AS subject,
  CASE WHEN d.ref IS NULL AND (k.ref IS NULL OR a.ref IS NULL OR o.cores IS NOT NULL) THEN 'low' END AS severity,
  h.core_pattern,
  f.processes AS containers,
  NULLIF(f.lost, 0) AS would_be_lost,
  NULLIF(f.until_removed, 0) AS would_go_with_the_container,
  f.pid,
  k.crashes,
  k.name AS crashed,
  CAST(COALESCE(d.ago_s, k.ago_s) AS INTEGER) AS seconds_ago,
  COALESCE(f.lost_ref, f.removed_ref) AS target_ref,
  k.ref AS end_ref,
  d.ref AS kernel_ref,
  CASE WHEN k.ref IS NOT NULL AND o.cores IS NULL THEN a.ref END AS coverage_ref
FROM host AS h
LEFT JOIN fate AS f ON f.host = h.host
LEFT JOIN crash AS k ON k.host = h.host
LEFT JOIN core AS o ON o.host = h.host
LEFT JOIN dropped AS d ON d.host = h.host
LEFT JOIN captured AS a ON a.host = h.host AND a.tbl = 'core_file'
WHERE f.lost > 0 OR f.until_removed > 0 OR d.ref IS NOT NULL OR (k.ref IS NOT NULL AND a.ref IS NOT NULL AND o.cores IS NULL)
