-- Another program holds the lock of iptables
-- catalogue: G13
-- severity: medium
-- since: 0.3.0
-- layer: firewall
-- need: logs
-- blame: firewall
-- check: journalctl -u docker | grep 'xtables lock'; lsof /run/xtables.lock
-- remedy: find what holds it (lsof /run/xtables.lock): a script that lists all rules in a loop, fail2ban, a firewall's reload; let it work less often or in one iptables-restore
-- risk: none for Docker
-- verify: no more such lines
-- undo: nothing to undo
-- remedy: restart dockerd on this node when nothing holds the lock, so that what it could not write is written
-- risk: without live-restore its containers are restarted; on a manager the quorum misses one for a while
-- verify: iptables -t nat -S DOCKER-INGRESS; netmortem analyze of a new capture
-- undo: nothing to undo
-- limits: says that something was not written, not what: see ingress-dnat-missing-or-wrong and fwmark-ipvs-mismatch. Kernels and tools
--   of nftables know no such lock.
--
-- Each call of the legacy iptables takes one lock for the whole host, /run/xtables.lock, and hands the whole table back to the
-- kernel. dockerd makes a call for each rule. When another program holds the lock for long, because it has very many rules or calls in
-- a loop, dockerd waits, and a call that may not wait fails: a published port then lacks its DNAT rule, or a virtual
-- address its mark, and Docker does not try again.
--
-- Medium when a call failed within the last hour; a line that only says that it waits is low.
SELECT
  host,
  CASE WHEN MAX(failed) = 1 THEN 'a call of iptables failed on ' || host || ' because another program held its lock, within the last hour'
    ELSE 'dockerd on ' || host || ' waited for the lock of iptables within the last hour' END AS summary,
  'xtables:' || host AS subject,
  CASE WHEN MAX(failed) = 1 THEN 'medium' ELSE 'low' END AS severity,
  COUNT(*) AS lines,
  SUM(failed) AS failed,
  CAST(MIN(age_s) + 0.5 AS INTEGER) AS last_s_ago,
  MAX(text) AS line,
  MIN(ref) AS line_ref
FROM (
  SELECT host, age_s, COALESCE(error, text) AS text, ref,
    CASE WHEN instr(text || COALESCE(error, ''), 'Perhaps you want') > 0 OR instr(text || COALESCE(error, ''), 'exit status 4') > 0 OR instr(text || COALESCE(error, ''), 'iptables failed') > 0 THEN 1 ELSE 0 END AS failed
  FROM log_line_age WHERE class = 'xtables-lock' AND age_s < 3600
)
GROUP BY host
