-- A file system that Docker needs is full
-- catalogue: H2
-- severity: critical
-- since: 0.3.0
-- layer: host
-- need: one host, logs
-- blame: configuration
-- check: df -h <mount_point>; df -i <mount_point>; docker system df
-- remedy: truncate -s 0 on the largest log (fact largest_file), if it is a container's json-file log
-- risk: what it said is lost
-- verify: df -h <mount_point>
-- undo: none; copy the file elsewhere first
-- remedy: docker image prune; docker builder prune
-- risk: images that no container uses are pulled or built again when they are needed
-- verify: docker system df
-- undo: docker pull of what is missed
-- remedy: for good, bound the logs: in daemon.json "log-opts" with max-size 10m and max-file 3, and restart dockerd
-- risk: containers keep their former options until they are created anew; without live-restore the restart stops them
-- verify: docker inspect of a new container: HostConfig.LogConfig
-- undo: the former daemon.json
-- limits: a quota of a project or a user, and what root may still use, are not looked at: the figure is that of df, which counts
--   what is left for everybody else.
--
-- With Docker's data root full no container starts, no image is pulled, and what runs fails wherever it writes: databases stop, json-file
-- logs tear. A manager cannot write its raft log and leaves the quorum. A full /run keeps containerd and runc from
-- starting anything, a full /var/log loses the lines that would have told why. Inodes run out apart from bytes: many small files
-- fill a disk that df -h calls half empty.
--
-- Looked at are the file systems that hold Docker's root, containerd's, /, /var, /var/log, /run and /tmp. High from 95 per cent on, of bytes or
-- inodes, since pulls and writes come in gigabytes; critical from 99, or when a log speaks of "no space left on
-- device" within the last hour as well. A disk of which more than 50 GB are left is full by nobody's standard and only
-- low, and so are /tmp and the places of cores.
--
-- The usual cause is a log without a bound: json-file has none unless max-size is set. The largest file that capture saw is among the facts.
WITH fs AS (
  SELECT host, devno, MIN(mount_point) AS mount_point, MAX(docker_root) AS docker_root, MAX(fstype) AS fstype, MIN(ref) AS ref,
    group_concat(DISTINCT holds) AS holds,
    MAX(CASE WHEN docker_root = 1 OR instr(holds, 'containerd') > 0 OR instr(',' || holds || ',', ',/,') > 0 OR instr(',' || holds || ',', ',/var,') > 0
      OR instr(',' || holds || ',', ',/var/log,') > 0 OR instr(',' || holds || ',', ',/run,') > 0 THEN 1 ELSE 0 END) AS needed,
    MAX(bytes_total - bytes_free) AS used, MIN(bytes_avail) AS avail, MAX(inodes_total) AS inodes, MIN(inodes_free) AS inodes_free
  FROM mount
  WHERE holds IS NOT NULL AND holds <> '' AND read_only = 0 AND bytes_total > 0 AND bytes_avail IS NOT NULL
  GROUP BY host, devno
), lines AS (
  SELECT host, COUNT(*) AS n, MIN(age_s) AS age_s, MIN(ref) AS ref FROM (
    SELECT host, age_s, ref FROM log_line_age WHERE class = 'no-space' AND age_s < 3600
    UNION ALL
    SELECT host, age_s, ref FROM kernel_log_age WHERE class = 'no-space' AND age_s < 3600
  ) GROUP BY host
), largest AS (
  SELECT host, path, disk_bytes, ref FROM (
    SELECT host, path, disk_bytes, ref, ROW_NUMBER() OVER (PARTITION BY host ORDER BY disk_bytes DESC, path) AS place FROM log_file
  ) WHERE place = 1
), judged AS (
  SELECT fs.*,
    CASE WHEN used * 5 >= (used + avail) * 4.75 THEN 1 ELSE 0 END AS by_bytes,
    CASE WHEN inodes > 0 AND inodes_free * 20 <= inodes THEN 1 ELSE 0 END AS by_inodes,
    CASE WHEN (inodes > 0 AND inodes_free * 100 <= inodes) OR avail * 99 <= used THEN 1 ELSE 0 END AS at_end
  FROM fs
)
SELECT
  f.host,
  'the file system of ' || f.mount_point || ' on ' || f.host || ' has '
    || CASE WHEN f.by_bytes = 1 THEN CAST(f.avail * 0.000001 AS INTEGER) || ' MB left of ' || CAST((f.used + f.avail) * 0.000001 AS INTEGER) ELSE '' END
    || CASE WHEN f.by_bytes = 1 AND f.by_inodes = 1 THEN ', and ' ELSE '' END
    || CASE WHEN f.by_inodes = 1 THEN f.inodes_free || ' inodes left of ' || f.inodes ELSE '' END
    || CASE WHEN f.docker_root = 1 THEN '; Docker''s data is on it' ELSE '' END AS summary,
  'disk:' || f.host || f.mount_point AS subject,
  CASE WHEN f.needed = 0 OR (f.by_inodes = 0 AND f.avail > 50000000000) THEN 'low'
    WHEN f.at_end = 1 OR l.n > 0 THEN 'critical' ELSE 'high' END AS severity,
  f.mount_point,
  f.fstype,
  f.holds,
  CAST(f.avail * 0.000001 AS INTEGER) AS mb_left,
  f.inodes_free AS inodes_left,
  l.n AS no_space_lines,
  g.path AS largest_file,
  CAST(g.disk_bytes * 0.000001 AS INTEGER) AS largest_file_mb,
  f.ref AS mount_ref,
  l.ref AS line_ref,
  g.ref AS file_ref
FROM judged AS f
LEFT JOIN lines AS l ON l.host = f.host
LEFT JOIN largest AS g ON g.host = f.host
WHERE f.by_bytes = 1 OR f.by_inodes = 1
