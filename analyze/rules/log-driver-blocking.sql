-- A program waits for its log to be taken
-- catalogue: H3
-- severity: medium
-- since: 0.3.0
-- layer: process
-- need: one host, two reads, logs
-- blame: configuration
-- check: docker inspect -f '{{.HostConfig.LogConfig}}' <container>; cat /proc/<pid>/wchan
-- remedy: bring back what takes the logs (fluentd, graylog, syslog): the program goes on by itself
-- risk: none
-- verify: cat /proc/<pid>/wchan no longer says pipe_write
-- undo: nothing to undo
-- remedy: docker service update --log-driver <log_driver> --log-opt mode=non-blocking --log-opt max-buffer-size=4m <service>, with its other log options again
-- risk: its tasks are replaced; when the buffer is full, lines are lost in place of the program standing still
-- verify: docker inspect -f '{{.HostConfig.LogConfig}}' of a new container
-- undo: docker service update --rollback <service>
-- limits: a program that waits for another pipe of its own looks the same. The kernel must tell where a process waits (wchan), for which
--   capture needs CAP_SYS_PTRACE; some kernels are built without it.
--
-- What a container prints goes through a pipe of 64 KB to dockerd, which hands it to the log driver. By default that is blocking: when
-- fluentd, graylog or a syslog server over TCP does not take lines, dockerd stops reading, the pipe fills, and the program's next
-- write() to standard output does not return. The program stands still in the middle of a request, health checks fail, and
-- nothing in any log says why. json-file does it, too, when the disk is full or dockerd hangs.
--
-- Medium: a process of the container was found in pipe_write at both reads without having used any processor time in between.
-- With a driver that keeps its lines on the host it must be the container's first process: others may wait for a pipe of their own,
-- and are low. With a driver that sends lines away and no mode=non-blocking, complaints of the daemon about that driver within the last hour are
-- enough. A blocking driver by itself is the default everywhere, and no finding.
WITH waiting AS (
  SELECT host, container, COUNT(*) AS n, MIN(pid) AS pid, MIN(comm) AS comm, MAX(CASE WHEN ns_pid = 1 THEN 1 ELSE 0 END) AS main, MIN(ref) AS ref
  FROM process
  WHERE container IS NOT NULL AND seen = 'both' AND wchan IN ('pipe_write', 'pipe_wait_writable', 'anon_pipe_write') AND wchan_last = wchan
    AND user_ms_last = user_ms AND system_ms_last = system_ms
  GROUP BY host, container
), complaints AS (
  SELECT host, container, COUNT(*) AS n, MIN(COALESCE(error, text)) AS text, MIN(ref) AS ref
  FROM log_line_age WHERE class = 'log-driver' AND age_s < 3600 AND container IS NOT NULL GROUP BY host, container
)
SELECT
  c.host,
  c.name || ' on ' || c.host || CASE WHEN w.ref IS NOT NULL THEN ' stands still: ' || w.comm || ' waits to write its output, which the log driver ' || COALESCE(c.log_driver, 'in use') || ' does not take'
    ELSE ' uses the log driver ' || c.log_driver || ', which blocks and fails: ' || l.text END AS summary,
  'log:' || c.host || '/' || substr(c.container, 1, 12) AS subject,
  CASE WHEN l.ref IS NOT NULL OR w.main = 1 OR c.log_driver NOT IN ('json-file', 'local', 'none', 'journald') THEN 'medium' ELSE 'low' END AS severity,
  substr(c.container, 1, 12) AS container,
  c.service,
  c.log_driver,
  c.log_options,
  w.pid,
  w.comm,
  w.n AS processes,
  l.n AS complaints,
  l.text AS complaint,
  c.ref AS container_ref,
  w.ref AS process_ref,
  l.ref AS line_ref
FROM container AS c
LEFT JOIN waiting AS w ON w.host = c.host AND w.container = c.container
LEFT JOIN complaints AS l ON l.host = c.host AND l.container = c.container
WHERE c.state = 'running' AND (w.ref IS NOT NULL
  OR (l.ref IS NOT NULL AND c.log_driver NOT IN ('json-file', 'local', 'none', 'journald') AND instr(COALESCE(c.log_options, ''), 'mode=non-blocking') = 0))
