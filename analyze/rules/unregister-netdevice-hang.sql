-- The kernel cannot let go of a network device
-- catalogue: G14
-- severity: high
-- since: 0.3.0
-- layer: kernel
-- need: logs
-- blame: kernel
-- check: dmesg | tail; ps -eo pid,stat,wchan:30,comm | grep ' D'
-- remedy: drain the node and reboot it: docker node update --availability drain <host>
-- risk: its tasks start elsewhere; a reboot may hang, too, and need the hypervisor's reset
-- verify: dmesg shows no more such lines; docker run --rm of any image ends
-- undo: docker node update --availability active <host>
-- upstream: moby/moby#5618
-- fixed-in: several kernels; each cause had its own fix, the last common ones in 4.19, 5.4 and 5.15
-- limits: the line comes every ten seconds while it lasts. One or two of them that stopped by themselves are harmless and only low.
--
-- When a container ends, its namespace goes, and with it the devices in it. The kernel waits until nobody holds a reference to such a
-- device any more: a route in a cache, a socket that still closes, a leak in a driver. While it waits it holds the lock under
-- which all changes to network devices are made (the whole kernel has one), so that creating and removing containers, networks
-- and addresses hangs behind it: dockerd and containerd sit in state D and no signal ends them.
--
-- Reported as high when the kernel said so three times and more, the last time within two minutes of the capture: then it has
-- lasted for half a minute and still does. Nothing but a reboot helps; a newer kernel is the cure.
WITH lines AS (
  SELECT host, COALESCE(dev, 'a device') AS dev, COUNT(*) AS n, MIN(age_s) AS last_s, MAX(age_s) AS first_s, MIN(text) AS text, MIN(ref) AS ref
  FROM kernel_log_age WHERE class = 'unregister-netdevice' AND age_s < 86400 GROUP BY host, COALESCE(dev, 'a device')
), stuck AS (
  SELECT host, COUNT(*) AS n, group_concat(DISTINCT comm) AS programs, MIN(ref) AS ref
  FROM process WHERE seen = 'both' AND state = 'D' AND state_last = 'D' AND kernel_thread IS NULL GROUP BY host
)
SELECT
  l.host,
  'the kernel of ' || l.host || CASE WHEN l.last_s < 120 AND l.n >= 3 THEN ' waits' ELSE ' waited' END || ' for ' || l.dev || ' to become free, and said so ' || l.n
    || CASE WHEN l.n = 1 THEN ' time' ELSE ' times' END
    || CASE WHEN l.last_s < 120 AND l.n >= 3 AND s.n > 0 THEN '; ' || s.n || CASE WHEN s.n = 1 THEN ' process hangs' ELSE ' processes hang' END ELSE '' END AS summary,
  'netdevice:' || l.host || '/' || l.dev AS subject,
  CASE WHEN l.last_s < 120 AND l.n >= 3 THEN 'high' ELSE 'low' END AS severity,
  l.dev,
  l.n AS lines,
  CAST(l.last_s + 0.5 AS INTEGER) AS last_s_ago,
  CAST(l.first_s + 0.5 AS INTEGER) AS first_s_ago,
  l.text AS line,
  s.n AS processes_in_d,
  s.programs,
  l.ref AS line_ref,
  s.ref AS process_ref
FROM lines AS l
LEFT JOIN stuck AS s ON s.host = l.host
