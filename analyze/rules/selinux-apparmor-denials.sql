-- A security module denies containers or Docker something
-- catalogue: H5
-- severity: medium
-- since: 0.3.0
-- layer: kernel
-- need: logs
-- blame: configuration
-- check: dmesg | grep -E 'apparmor="DENIED"|avc:  denied|type=1326'; ausearch -m avc -ts recent
-- remedy: SELinux: label what is mounted (the option :Z or :z of the volume), or restorecon -R of the directory
-- risk: :Z takes the directory away from other containers and from the host's own services
-- verify: ausearch -m avc -ts recent shows nothing new
-- undo: restorecon -R of the directory
-- remedy: AppArmor: give the container a profile that allows it (--security-opt apparmor=NAME), seccomp: --security-opt seccomp=FILE
-- risk: the container may do more than before
-- verify: docker inspect -f '{{.AppArmorProfile}} {{.HostConfig.SecurityOpt}}' of the container
-- undo: start it without the option
-- limits: with auditd running the records go to its own log, which is not captured. Denials of programs that have nothing to do with Docker
--   (snaps, printing, time) are left out, and so is what is only recorded (permissive=1).
--
-- A container that may not write to its volume, a dockerd that may not read a directory, a stop that never arrives because the signal is
-- denied: they look like faults of the program, and only the kernel's log tells. Profiles change with updates of the
-- distribution and of Docker, so a service that has run for months fails after a patch day.
--
-- Medium: something was denied within the last hour to a process in Docker's AppArmor profile, to one with a label of containers,
-- to dockerd, containerd or runc, or a process was killed by a seccomp filter. Low where it was ptrace: tools that
-- list processes try that, and live without.
WITH denied AS (
  SELECT host, class, COALESCE(comm, 'a process') AS comm, age_s, text, ref,
    CASE WHEN instr(text, 'operation="ptrace"') > 0 OR instr(text, '{ ptrace }') > 0 OR instr(text, '{ sys_ptrace }') > 0 THEN 1 ELSE 0 END AS ptrace
  FROM kernel_log_age
  WHERE age_s < 3600 AND instr(text, 'permissive=1') = 0 AND (
    (class = 'apparmor-denied' AND (instr(text, 'profile="docker-') > 0 OR instr(text, 'docker') > 0 OR instr(text, 'containerd') > 0 OR instr(text, 'comm="runc') > 0))
    OR (class = 'selinux-denied' AND (instr(text, ':container_t:') > 0 OR instr(text, ':svirt_lxc_net_t:') > 0 OR instr(text, ':container_runtime_t:') > 0 OR instr(text, ':docker_t:') > 0))
    OR (class = 'seccomp' AND (instr(text, ' sig=31 ') > 0 OR instr(text, 'code=0x80000000') > 0 OR instr(text, 'code=0x0') > 0)))
)
SELECT
  host,
  CASE class WHEN 'apparmor-denied' THEN 'AppArmor' WHEN 'selinux-denied' THEN 'SELinux' ELSE 'a seccomp filter' END || ' on ' || host || ' denied ' || comm || ' something '
    || COUNT(*) || CASE WHEN COUNT(*) = 1 THEN ' time' ELSE ' times' END || ' within the last hour' AS summary,
  'denied:' || host || '/' || class || '/' || comm AS subject,
  CASE WHEN MIN(ptrace) = 1 THEN 'low' ELSE 'medium' END AS severity,
  comm,
  COUNT(*) AS times,
  CAST(MIN(age_s) + 0.5 AS INTEGER) AS last_s_ago,
  MIN(text) AS line,
  MIN(ref) AS line_ref
FROM denied
GROUP BY host, class, comm
