-- A processor drops packets before the network stack sees them
-- catalogue: G7
-- severity: medium
-- since: 0.3.0
-- layer: kernel
-- need: one host, two reads
-- blame: kernel
-- check: cat /proc/net/softnet_stat (a line a processor, hexadecimal: processed, dropped, time_squeeze); mpstat -P ALL 1 5
-- remedy: sysctl -w net.core.netdev_max_backlog=16384
-- risk: packets wait longer in place of being dropped; some memory
-- verify: the second column of /proc/net/softnet_stat stands still
-- undo: sysctl -w net.core.netdev_max_backlog=<max_backlog>
-- remedy: spread the work: more queues (ethtool -L), or RPS: echo the mask of all processors > /sys/class/net/<dev>/queues/rx-0/rps_cpus, for vxlan's veths, too
-- risk: packets of one flow stay in order, but caches are used worse
-- verify: the lines of /proc/net/softnet_stat grow alike
-- undo: echo 0 to the same file
-- limits: what the network card itself drops is counted elsewhere: see nic-drops.
--
-- A veth pair, RPS and the loopback hand a packet over by the backlog of one processor, which holds net.core.netdev_max_backlog
-- packets, 1000 by default. Everything between two containers goes that way, and what comes out of a tunnel once more. When
-- the processor does not keep up, what does not fit is dropped, and no interface counts it.
--
-- Often one processor is full while the others idle: all packets of a tunnel between two nodes look like one or few flows to
-- the card, which then gives them to one queue. The facts tell the share of the worst processor; time_squeeze says how
-- often it ran out of its budget with packets left, which by itself is no loss.
--
-- Reported from ten lost packets between the reads on, if they are one in ten thousand of those processed.
WITH moved AS (
  SELECT a.host, a.cpu,
    b.dropped - a.dropped + CASE WHEN b.dropped < a.dropped THEN 4294967296 ELSE 0 END AS dropped,
    b.time_squeeze - a.time_squeeze + CASE WHEN b.time_squeeze < a.time_squeeze THEN 4294967296 ELSE 0 END AS squeezed,
    b.processed - a.processed + CASE WHEN b.processed < a.processed THEN 4294967296 ELSE 0 END AS processed,
    a.ref AS first_ref, b.ref AS last_ref
  FROM softnet AS a JOIN softnet AS b ON b.host = a.host AND b.cpu = a.cpu AND b.read = 'last'
  WHERE a.read = 'first'
), ranked AS (
  SELECT moved.*, SUM(dropped) OVER (PARTITION BY host) AS all_dropped, SUM(processed) OVER (PARTITION BY host) AS all_processed,
    COUNT(*) OVER (PARTITION BY host) AS cpus, ROW_NUMBER() OVER (PARTITION BY host ORDER BY dropped DESC, cpu) AS place
  FROM moved
)
SELECT
  r.host,
  'the processors of ' || r.host || ' dropped ' || r.all_dropped || ' packets between the two reads because their backlog was full'
    || CASE WHEN r.cpus > 1 THEN ', ' || r.dropped || ' of them processor ' || r.cpu ELSE '' END AS summary,
  'softnet:' || r.host AS subject,
  r.all_dropped AS dropped,
  r.all_processed AS processed,
  r.cpu AS worst_cpu,
  r.dropped AS dropped_by_worst,
  r.processed AS processed_by_worst,
  r.squeezed AS time_squeeze_of_worst,
  r.cpus,
  k.value AS max_backlog,
  r.first_ref,
  r.last_ref
FROM ranked AS r
LEFT JOIN sysctl AS k ON k.host = r.host AND k.key = 'net.core.netdev_max_backlog'
WHERE r.place = 1 AND r.all_dropped >= 10 AND r.all_dropped * 10000 >= r.all_processed
