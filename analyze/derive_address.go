package analyze

import (
	"context"
	"database/sql"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// addressUse gathers every claim to an IPv4 address of a network of Docker's, whoever makes it; one address has several rows where
// several witnesses know it, and an owner is spelled the same by all of them: the id of the task, else of the container, else the
// node whose load balancer it is. Witnesses differ: managers allot the addresses of overlays, gateways and virtual ones among
// them, and say nothing of load balancers; daemons and kernels know what is on their own host.
//
// Tasks that do not run any more are left out: the API goes on showing the address that they had, while the allocator has freed it
// when they ended. A container of a task that the managers call ended counts, if it still had the address a minute later.
var addressUse = Derived{
	Name: "address_use",
	Doc:  "Who uses which IPv4 address of which network: gateways, virtual addresses, tasks that have not ended, load balancers, attached containers; one row a claim.",
	Columns: []schema.Column{
		colNet(),
		must(text("ip", schema.Addr, "address")),
		must(text("kind", schema.Plain, "gateway, vip, task, attachment (a task without a service, which stands for an attached container), container or lb")),
		must(text("owner", schema.Plain, "id of the service, task or container; gateway; load balancer of <node>")),
		text("label", schema.Name, "its name"),
		text("host", schema.Name, "captured host that holds it"),
		must(text("source", schema.Plain, "managers, kernel or daemon: who says so")),
		must(whole("settled", "1 when it has been there for a minute, so that nothing is just moving")),
		must(refCol("ref", "row that says so")),
		colWhy(),
	},
	Query: `
SELECT net, ip, kind, owner, MIN(label), MIN(host), source, MIN(settled), MIN(ref), MIN(why) FROM (
  SELECT substr(network_id, 1, 8) AS net, gateway AS ip, 'gateway' AS kind, 'gateway' AS owner, 'gateway' AS label, NULL AS host, 'daemon' AS source, 1 AS settled, ref,
    'the network''s gateway, the same on every node' AS why
  FROM network_subnet WHERE gateway IS NOT NULL
  UNION ALL
  SELECT substr(v.network_id, 1, 8), v.ip, 'vip', v.service_id, s.name, NULL, 'managers', 1, v.ref, 'virtual address of service ' || COALESCE(s.name, v.service_id)
  FROM swarm_service_vip AS v LEFT JOIN swarm_service AS s ON s.host = v.host AND s.service_id = v.service_id
  UNION ALL
  SELECT net, ip, CASE WHEN COALESCE(service_id, '') = '' THEN 'attachment' ELSE 'task' END, task_id, label, host, 'managers',
    CASE WHEN running = 1 AND since_s <= look_s - 60 THEN 1 ELSE 0 END, address_ref, 'the managers have task ' || COALESCE(label, task_id) || ' in state ' || COALESCE(state, 'unknown')
  FROM task_endpoint WHERE gone = 0
  UNION ALL
  SELECT l.net, a.ip, CASE WHEN l.kind <> 'container' THEN 'lb' WHEN l.task_id IS NOT NULL THEN 'task' ELSE 'container' END,
    CASE WHEN l.kind <> 'container' THEN 'load balancer of ' || COALESCE(h.node_id, l.host) ELSE COALESCE(l.task_id, l.container) END, l.label, l.host, 'kernel',
    CASE WHEN l.kind = 'container' AND c.container IS NULL THEN 0 WHEN l.since_s <= r.first_s - 60 AND COALESCE(t.since_s, 0) <= r.first_s - 60 THEN 1 ELSE 0 END, a.ref, 'the kernel of ' || l.host || ' has it on ' || a.dev || ' of ' || l.label
  FROM local_endpoint AS l
  JOIN address AS a ON a.host = l.host AND a.netns = l.netns AND a.dev = l.dev AND a.scope = 'global' AND a.prefix_len < 32
  JOIN reading AS r ON r.host = l.host
  LEFT JOIN container AS c ON c.host = l.host AND c.container = l.container
  LEFT JOIN swarm_host AS h ON h.host = l.host
  LEFT JOIN (SELECT task_id, MAX(since_s) AS since_s FROM task_endpoint WHERE gone = 1 GROUP BY task_id) AS t ON t.task_id = l.task_id
  WHERE l.kind IS NOT NULL
  UNION ALL
  SELECT substr(e.network_id, 1, 8), e.ip, CASE WHEN c.task_id <> '' THEN 'task' WHEN c.container IS NOT NULL THEN 'container' ELSE 'lb' END,
    CASE WHEN c.container IS NULL THEN 'load balancer of ' || COALESCE(h.node_id, e.host) ELSE COALESCE(NULLIF(c.task_id, ''), c.container) END, COALESCE(c.name, e.owner), e.host, 'daemon',
    CASE WHEN c.container IS NULL OR (julianday(c.started_at) - 2440587.5) * 86400.0 <= r.first_s - 60 AND COALESCE(t.since_s, 0) <= r.first_s - 60 THEN 1 ELSE 0 END,
    e.ref, 'the daemon of ' || e.host || ' lists it for ' || COALESCE(c.name, e.owner)
  FROM network_endpoint AS e
  JOIN reading AS r ON r.host = e.host
  LEFT JOIN container AS c ON c.host = e.host AND c.container = e.owner
  LEFT JOIN swarm_host AS h ON h.host = e.host
  LEFT JOIN (SELECT task_id, MAX(since_s) AS since_s FROM task_endpoint WHERE gone = 1 GROUP BY task_id) AS t ON t.task_id = c.task_id
  WHERE c.container IS NOT NULL OR substr(e.owner, 1, 3) = 'lb-' OR e.owner = 'ingress-sbox'
) WHERE ip IS NOT NULL AND instr(ip, ':') = 0 AND length(net) = 8
GROUP BY net, ip, kind, owner, source`,
	Index: []string{"net, ip"},
}

// networkSize counts as the allocator does: all addresses of the subnets but the first and the last one of each.
var networkSize = Derived{
	Name: "network_size",
	Doc:  "How many IPv4 addresses a network of Docker's can give out, its gateway's among them, and how many are known to be used.",
	Columns: []schema.Column{
		colNet(),
		must(text("network_id", schema.Plain, "full id")),
		must(text("network", schema.Name, "name")),
		must(text("driver", schema.Plain, "overlay, bridge, …")),
		must(text("host", schema.Name, "a host that knows it; of a local network its own")),
		must(text("subnets", schema.Addr, "its IPv4 subnets, comma separated")),
		must(whole("size", "addresses that can be given out")),
		must(whole("used", "addresses known to be in use, at least")),
		must(refCol("ref", "row of network_subnet")),
	},
	Reads: []string{"network", "network_subnet", "address_use", "task_endpoint", "host_era"},
	Index: []string{"net"},
	Fill:  fillNetworkSize,
}

// Nodes whose bundle is missing have a load balancer's address on each overlay on which they run tasks, if the others'
// engines do so: counted, for used says "at least".
const networkSizes = `
SELECT substr(n.network_id, 1, 8), n.network_id, n.name, n.driver, n.host, s.subnet, s.ref,
  COALESCE((SELECT COUNT(DISTINCT u.ip) FROM address_use AS u WHERE u.net = substr(n.network_id, 1, 8)), 0)
  + CASE WHEN n.driver = 'overlay' AND EXISTS (SELECT 1 FROM host_era WHERE era = 'lb') THEN
    (SELECT COUNT(DISTINCT t.node_id) FROM task_endpoint AS t WHERE t.net = substr(n.network_id, 1, 8) AND t.running = 1 AND t.host IS NULL) ELSE 0 END
FROM (SELECT network_id, MIN(name) AS name, MIN(driver) AS driver, MIN(host) AS host FROM network WHERE driver IN ('overlay', 'bridge') GROUP BY network_id) AS n
JOIN network_subnet AS s ON s.host = n.host AND s.network_id = n.network_id
WHERE instr(s.subnet, ':') = 0 AND length(n.network_id) >= 8
ORDER BY n.network_id, s.subnet`

func fillNetworkSize(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type network struct {
		net, id, name, driver, host, subnets, ref string
		size, used                                int64
	}
	var last network
	flush := func() error {
		if last.id == "" || last.size == 0 {
			return nil
		}
		return put(last.net, last.id, last.name, last.driver, last.host, last.subnets, last.size, last.used, last.ref)
	}
	for scan, err := range queried(ctx, tx, networkSizes) {
		if err != nil {
			return err
		}
		var n network
		if err := scan(&n.net, &n.id, &n.name, &n.driver, &n.host, &n.subnets, &n.ref, &n.used); err != nil {
			return err
		}
		p, err := netip.ParsePrefix(n.subnets)
		if err != nil || !p.Addr().Is4() {
			continue
		}
		n.size = hostAddresses(p)
		if n.id == last.id {
			last.subnets += "," + n.subnets
			last.size += n.size
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		last = n
	}
	return flush()
}

// hostAddresses is how many addresses of an IPv4 subnet an allocator of Docker's gives out: all but the network's own and the
// broadcast address.
func hostAddresses(p netip.Prefix) int64 {
	if p.Bits() > 30 {
		return 0
	}
	return int64(1)<<(32-p.Bits()) - 2
}

// stuckTask is what a failed allocation looks like. Mostly the allocator leaves the task in the state that it was made in, and
// gives it no error.
var stuckTask = Derived{
	Name: "stuck_task",
	Doc:  "Tasks that get no address: those that have waited for 15 seconds or longer in state new, without an error, in every read, and those that their node refused in the last 15 minutes because it got no address itself for its load balancer (moby waitNodeAttachments). One row a task and network that its service asks for.",
	Columns: []schema.Column{
		must(text("task_id", schema.Plain, "task")),
		must(text("service_id", schema.Plain, "its service")),
		text("service", schema.Name, "name of the service"),
		colNet(),
		must(text("manager", schema.Name, "captured manager that says so")),
		must(number("waits_s", "seconds that it has waited, or since it was refused")),
		must(refCol("ref", "row of swarm_task")),
	},
	Query: `
WITH stuck AS MATERIALIZED (
  SELECT t.host, t.task_id, t.service_id, r.last_s - (julianday(t.state_at) - 2440587.5) * 86400.0 AS waits_s, t.ref
  FROM swarm_task AS t
  CROSS JOIN reading AS r
  WHERE r.host = t.host AND (
    t.state = 'new' AND t.desired = 'running' AND COALESCE(t.err, '') = '' AND t.seen = 'both' AND (julianday(t.state_at) - 2440587.5) * 86400.0 <= r.last_s - 15
    OR t.state = 'rejected' AND instr(t.err, 'node is missing network attachments') > 0 AND (julianday(t.state_at) - 2440587.5) * 86400.0 >= r.last_s - 900)
)
SELECT t.task_id, t.service_id, MIN(s.name), substr(n.network_id, 1, 8), t.host, MIN(t.waits_s), MIN(t.ref)
FROM stuck AS t
JOIN swarm_service_network AS n ON n.host = t.host AND n.service_id = t.service_id
LEFT JOIN swarm_service AS s ON s.host = t.host AND s.service_id = t.service_id
WHERE length(n.network_id) >= 8
GROUP BY t.task_id, t.service_id, substr(n.network_id, 1, 8), t.host`,
	Index: []string{"net"},
}

// addressRange is the first and last address of an IPv4 prefix as numbers.
func addressRange(p netip.Prefix) (first, last uint32) {
	b := p.Masked().Addr().As4()
	first = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return first, first | ^uint32(0)>>p.Bits()
}
