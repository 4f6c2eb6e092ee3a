-- A network device drops packets
-- catalogue: G8
-- severity: medium
-- since: 0.3.0
-- layer: underlay
-- need: one host, two reads
-- blame: underlay
-- check: ip -s -s link show dev <dev>; ethtool -S <dev>
-- remedy: ethtool -G <dev> rx 4096 (a longer receive ring; see ethtool -g for the most)
-- risk: many drivers take the link down for a second
-- verify: ip -s link show dev <dev>: dropped stands still
-- undo: ethtool -G <dev> rx with the former number
-- remedy: errors: exchange the cable, the port, the card; look at duplex and firmware
-- risk: the link is down while it is done
-- verify: ip -s link show dev <dev>: errors stands still
-- undo: nothing to undo
-- limits: rx_dropped also counts frames that nobody wanted (LLDP, unknown VLANs, all that comes to the idle member of a bond): alone it is
--   low. vxlan devices and bridges of overlays are left out: they drop what has no destination, multicast above all, all the time.
--
-- A card whose receive ring is full drops (rx_missed, rx_fifo, no_buffer, or whatever its driver calls it), a virtual one
-- when its hypervisor does not take what is sent. A veth drops when its other end is down or gone. Loss below the host's own
-- stack hits all overlays at once, the gossip among them, and looks like a fault of Docker.
--
-- Looked at are the host's own devices, and the veths of all namespaces. Reported are ten lost packets a second, if they are one in
-- two hundred of those that passed in that direction, and errors at the same rate; and counters of the driver for missing buffers that
-- grow by ten a second. Packets that a card dropped on receive are medium only when its driver counts missing buffers, too.
WITH device AS (
  SELECT l.host, l.netns, l.name AS dev, l.kind, o.label, o.kind AS place_kind, o.netns_name
  FROM link AS l JOIN netns_owner AS o ON o.host = l.host AND o.netns = l.netns
  WHERE (o.kind = 'host' AND l.name <> 'lo' AND (l.kind IS NULL OR l.kind IN ('bond', 'vlan', 'team', 'macvlan', 'ipvlan'))) OR (l.kind = 'veth' AND o.kind <> 'other')
), moved AS (
  SELECT a.host, a.netns, a.dev, b.rx_drop - a.rx_drop AS rx_drop, b.tx_drop - a.tx_drop AS tx_drop, b.rx_errs - a.rx_errs AS rx_errs, b.tx_errs - a.tx_errs AS tx_errs,
    b.rx_packets - a.rx_packets AS rx, b.tx_packets - a.tx_packets AS tx, a.ref AS first_ref, b.ref AS last_ref
  FROM netdev_counter AS a
  JOIN netdev_counter AS b ON b.host = a.host AND b.netns = a.netns AND b.dev = a.dev AND b.read = 'last'
  WHERE a.read = 'first' AND (b.rx_drop > a.rx_drop OR b.tx_drop > a.tx_drop OR b.rx_errs > a.rx_errs OR b.tx_errs > a.tx_errs)
), driver AS (
  SELECT host, dev, stat, count_last - count AS grown, ref,
    ROW_NUMBER() OVER (PARTITION BY host, dev ORDER BY count_last - count DESC, stat) AS place
  FROM nic_stat
  WHERE seen = 'both' AND count_last > count
    AND (instr(stat, 'missed') > 0 OR instr(stat, 'fifo') > 0 OR instr(stat, 'no_buf') > 0 OR instr(stat, 'nobuf') > 0 OR instr(stat, 'out_of_buffer') > 0 OR instr(stat, 'no_dma') > 0)
)
SELECT
  m.host,
  m.dev || ' of ' || d.label || ' on ' || m.host || ' lost ' || (m.rx_drop + m.rx_errs) || ' received and ' || (m.tx_drop + m.tx_errs) || ' sent packets between the two reads' AS summary,
  'link:' || m.host || '/' || d.netns_name || '/' || m.dev AS subject,
  CASE WHEN d.kind = 'veth' OR v.grown >= 10 * (r.last_s - r.first_s) OR m.rx_errs >= 10 * (r.last_s - r.first_s)
    OR (m.tx_drop + m.tx_errs >= 10 * (r.last_s - r.first_s) AND (m.tx_drop + m.tx_errs) * 200 >= m.tx) THEN 'medium' ELSE 'low' END AS severity,
  CASE WHEN d.place_kind = 'host' AND d.kind IS NULL THEN 'underlay' ELSE 'kernel' END AS blame,
  d.netns_name AS netns,
  m.dev,
  m.rx_drop,
  m.tx_drop,
  m.rx_errs,
  m.tx_errs,
  m.rx AS received,
  m.tx AS sent,
  NULL AS stat,
  NULL AS grown,
  m.first_ref,
  m.last_ref
FROM moved AS m
JOIN device AS d ON d.host = m.host AND d.netns = m.netns AND d.dev = m.dev
JOIN reading AS r ON r.host = m.host
LEFT JOIN driver AS v ON v.host = m.host AND v.dev = m.dev AND v.place = 1 AND d.place_kind = 'host'
WHERE (m.rx_drop + m.rx_errs >= 10 * (r.last_s - r.first_s) AND (m.rx_drop + m.rx_errs) * 200 >= m.rx)
  OR (m.tx_drop + m.tx_errs >= 10 * (r.last_s - r.first_s) AND (m.tx_drop + m.tx_errs) * 200 >= m.tx)
UNION ALL
SELECT v.host, 'the driver of ' || v.dev || ' on ' || v.host || ' counted ' || v.grown || ' more ' || v.stat || ' between the two reads: it has no buffers for what comes',
  'link:' || v.host || '/host/' || v.dev || '/driver', 'medium', 'underlay', 'host', v.dev, NULL, NULL, NULL, NULL, NULL, NULL, v.stat, v.grown, v.ref, NULL
FROM driver AS v
JOIN reading AS r ON r.host = v.host
WHERE v.place = 1 AND v.grown >= 10 * (r.last_s - r.first_s)
