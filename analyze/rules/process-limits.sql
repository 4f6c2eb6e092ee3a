-- A limit on open files, processes or threads is nearly reached
-- catalogue: G12
-- severity: high
-- since: 0.3.0
-- layer: kernel
-- need: one host, logs
-- blame: configuration
-- check: cat /proc/sys/fs/file-nr; docker exec <container> sh -c 'cat /sys/fs/cgroup/pids.current /sys/fs/cgroup/pids.max'; ls /proc/<pid>/fd | wc -l
-- remedy: docker update --pids-limit <twice> <container> (a task's container keeps it until it is replaced)
-- risk: a program that leaks processes takes the host's memory in place of its own limit
-- verify: docker exec <container> cat /sys/fs/cgroup/pids.max
-- undo: docker update --pids-limit <bound> <container>
-- remedy: prlimit --pid <pid> --nofile=<twice>:<twice>
-- risk: a program that leaks files only meets its limit later
-- verify: grep files /proc/<pid>/limits
-- undo: prlimit --pid <pid> --nofile=<bound>:<bound>
-- remedy: docker service update --limit-pids <twice> --ulimit-add nofile=<twice>:<twice> <service>
-- risk: its tasks are replaced one by one
-- verify: docker service inspect <service>
-- undo: docker service update --rollback <service>
-- remedy: sysctl -w fs.file-max=<twice> (kernel.threads-max, kernel.pid_max for threads)
-- risk: none but the memory that more files and threads take
-- verify: cat /proc/sys/fs/file-nr
-- undo: sysctl -w fs.file-max=<bound>
-- limits: how many inotify watches each user has is not captured, only the daemon's word that they ran out. A limit that a program
--   sets for itself on purpose looks like any other; limits below 64 files or 10 processes are left alone for that reason.
--
-- At RLIMIT_NOFILE accept() and socket() fail with EMFILE: a server then spins or stalls while its listener's queue fills (see
-- listen-overflow), a client cannot connect. At pids.max of the cgroup, or the kernel's own bounds on threads, fork()
-- and the creation of threads fail with EAGAIN: health checks and docker exec are the first to fail, as they need a new process. At
-- fs.file-max every program of the host is hit.
--
-- A program that leaks looks healthy until that moment. Reported from nine tenths of a limit on, in both reads; the limits that
-- matter are those of the running process, not what a unit or a service asks for. A limit that has refused somebody between the
-- reads is reported whatever it is, and of several processes with one name in one container the one with the most files. Lines of the kernel's and the daemon's log count for an hour.
WITH pids AS (
  SELECT host, cgroup, MAX(container) AS container,
    MAX(CASE WHEN file = 'pids.current' THEN number END) AS used, MAX(CASE WHEN file = 'pids.current' THEN number_last END) AS used_last,
    MAX(CASE WHEN file = 'pids.max' THEN number END) AS bound,
    MAX(CASE WHEN file = 'pids.events' AND key = 'max' THEN number_last - number END) AS refused,
    MAX(CASE WHEN file = 'pids.current' THEN ref END) AS ref, MAX(CASE WHEN file = 'pids.max' THEN ref END) AS bound_ref
  FROM cgroup_stat WHERE file IN ('pids.current', 'pids.max', 'pids.events') AND seen = 'both' GROUP BY host, cgroup
), files AS (
  SELECT host, MAX(CASE WHEN key = 'allocated' AND read = 'first' THEN amount END) AS used, MAX(CASE WHEN key = 'allocated' AND read = 'last' THEN amount END) AS used_last,
    MAX(CASE WHEN key = 'max' THEN amount END) AS bound, MAX(CASE WHEN key = 'allocated' THEN ref END) AS ref
  FROM host_counter WHERE source = 'file-nr' GROUP BY host
), tasks AS (
  SELECT host, MIN(tasks) AS used, MAX(CASE WHEN read = 'last' THEN tasks END) AS used_last, MAX(ref) AS ref FROM loadavg GROUP BY host
), lines AS (
  SELECT host, class, container, COUNT(*) AS n, MIN(age_s) AS age_s, MIN(text) AS text, MIN(ref) AS ref FROM (
    SELECT host, class, container, age_s, text, ref FROM kernel_log_age WHERE class IN ('fork-rejected', 'file-max') AND age_s < 3600
    UNION ALL
    SELECT host, class, container, age_s, COALESCE(error, text), ref FROM log_line_age WHERE class IN ('too-many-files', 'inotify-full') AND age_s < 3600
  ) GROUP BY host, class, container
), found AS (
  SELECT p.host, p.container, 'pids' AS what, COALESCE(substr(p.container, 1, 12), p.cgroup) || '/pids' AS place, NULL AS pid, NULL AS comm, p.used_last AS used, p.bound, p.refused, NULL AS severity, NULL AS text, p.ref, p.bound_ref
  FROM pids AS p
  WHERE (p.bound >= 10 AND p.used * 10 >= p.bound * 9 AND p.used_last * 10 >= p.bound * 9) OR p.refused > 0
  UNION ALL
  SELECT host, container, 'files of a process', COALESCE(substr(container, 1, 12), 'host') || '/files/' || comm, pid, comm, fds_last, nofile_soft, NULL, NULL, NULL, ref, NULL
  FROM (
    SELECT p.*, ROW_NUMBER() OVER (PARTITION BY p.host, p.container, p.comm ORDER BY p.fds_last DESC, p.pid) AS place
    FROM process AS p
    WHERE p.seen = 'both' AND p.nofile_soft >= 64 AND p.fds * 10 >= p.nofile_soft * 9 AND p.fds_last * 10 >= p.nofile_soft * 9
  ) WHERE place = 1
  UNION ALL
  SELECT host, NULL, 'files of the host', 'fs.file-max', NULL, NULL, used_last, bound, NULL, NULL, NULL, ref, NULL
  FROM files WHERE bound > 0 AND used * 10 >= bound * 9 AND used_last * 10 >= bound * 9
  UNION ALL
  SELECT t.host, NULL, 'threads of the host', k.key, NULL, NULL, t.used_last, CAST(k.value AS INTEGER), NULL, NULL, NULL, t.ref, k.ref
  FROM tasks AS t JOIN sysctl AS k ON k.host = t.host AND k.key IN ('kernel.threads-max', 'kernel.pid_max')
  WHERE t.used * 10 >= CAST(k.value AS INTEGER) * 9 AND t.used_last * 10 >= CAST(k.value AS INTEGER) * 9
  UNION ALL
  SELECT host, container, class, COALESCE(substr(container, 1, 12), 'host') || '/' || class, NULL, NULL, NULL, NULL, n,
    CASE WHEN class IN ('too-many-files', 'inotify-full') THEN 'medium' END, text, ref, NULL
  FROM lines
)
SELECT
  f.host,
  CASE f.what
    WHEN 'pids' THEN COALESCE(c.name, 'the group ' || f.place) || ' on ' || f.host || ' has ' || CAST(f.used AS INTEGER) || ' of at most ' || COALESCE(CAST(CAST(f.bound AS INTEGER) AS TEXT), 'unlimited') || ' processes and threads'
      || CASE WHEN f.refused > 0 THEN ': ' || CAST(f.refused AS INTEGER) || ' were refused between the two reads' ELSE '' END
    WHEN 'files of a process' THEN f.comm || ' (' || f.pid || COALESCE(' of ' || c.name, '') || ') on ' || f.host || ' has ' || f.used || ' of at most ' || f.bound || ' files open'
    WHEN 'files of the host' THEN 'the programs of ' || f.host || ' have ' || f.used || ' of at most ' || f.bound || ' files open'
    WHEN 'threads of the host' THEN f.host || ' runs ' || f.used || ' threads of at most ' || f.bound || ' (' || f.place || ')'
    WHEN 'fork-rejected' THEN 'the kernel of ' || f.host || ' refused a process to ' || COALESCE(c.name, 'a control group') || ' within the last hour'
    WHEN 'file-max' THEN 'the kernel of ' || f.host || ' ran out of files (fs.file-max) within the last hour'
    WHEN 'inotify-full' THEN 'the daemon of ' || f.host || ' met a limit of inotify within the last hour'
    ELSE 'the daemon of ' || f.host || ' met a limit on open files within the last hour' END AS summary,
  'limit:' || f.host || '/' || f.place AS subject,
  f.severity,
  f.what,
  substr(f.container, 1, 12) AS container,
  c.service,
  f.pid,
  f.comm,
  CAST(f.used AS INTEGER) AS used,
  CAST(f.bound AS INTEGER) AS bound,
  CAST(f.bound * 2 AS INTEGER) AS twice,
  CAST(f.refused AS INTEGER) AS refused,
  f.text AS line,
  f.ref AS used_ref,
  f.bound_ref
FROM found AS f
LEFT JOIN (SELECT host, container, MAX(name) AS name, MAX(service) AS service FROM container GROUP BY host, container) AS c ON c.host = f.host AND c.container = f.container
