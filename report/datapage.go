package report

import (
	"github.com/netmortem/netmortem/analyze"
	captured "github.com/netmortem/netmortem/schema" // json.go has a schema of its own
)

// A Query asks the database for what a part of the page shows.
type Query struct {
	Part, To string // the part, and its place in the page
	SQL      string
}

// Queries are those of the page's parts, in their order. Each runs on the database that analyze writes.
func Queries() []Query {
	return []Query{
		{"Causes", "#causes", "SELECT rank, severity, confidence, rule, host, summary, ref FROM cause ORDER BY rank"},
		{"Findings of each cause, and what follows", "#findings", "SELECT rank, role, rule, host, subject, why FROM cause_finding ORDER BY rank, role"},
		{"Paths that break", "#paths", "SELECT * FROM path_pair WHERE verdict <> 'delivered'"},
		{"Where they break", "#paths", "SELECT * FROM path_segment WHERE verdict <> 'delivered'"},
		{"Who talks to whom", "#map", "SELECT client, server, network, via, proto, port, quality, why FROM traffic"},
		{"Published ports", "#map", "SELECT service, published, target, proto, mode, ref FROM published_port ORDER BY published"},
		{"Tunnels: forwarding entries that should be there", "#map", "SELECT host, net, mac, ip, node, endpoint_ref FROM expected_fdb"},
		{"Services", "#map", "SELECT name, mode, replicas, endpoint_mode, image, ref FROM swarm_service ORDER BY name"},
		{"Tasks", "#map", "SELECT label, host, desired, state, err, container, ref FROM task_now ORDER BY label"},
		{"Containers", "#hosts", "SELECT host, name, service, image, state, exit_code, restart_count, started_at, ref FROM container ORDER BY host, name"},
		{"Networks", "#map", "SELECT DISTINCT name, network_id, driver, scope, vni FROM network ORDER BY name"},
		{"Containers that ended", "#failures", "SELECT host, label, exit_code, oom, asked, ago_s, ref FROM container_end ORDER BY ago_s"},
		{"Events of the engines", "#time", "SELECT time, host, type, action, name, ref FROM docker_event ORDER BY time"},
		{"Clocks", "#time", "SELECT node, leader, low_s, high_s, why FROM clock_offset"},
		{"What was captured", "#coverage", "SELECT host, tbl, netns, outcome, reason, ref FROM coverage"},
		{"Gaps", "#coverage", "SELECT host, tbl, netns, document, outcome, reason, ref FROM gap"},
	}
}

// Queries are those of the page's parts.
func (p *htmlPage) Queries() []Query { return Queries() }

// Examples are questions that a reader may ask the database next.
func (p *htmlPage) Examples() []analyze.Example { return analyze.Examples() }

// Tables are what capture writes and analyze loads.
func (p *htmlPage) Tables() []captured.Table { return captured.Tables }

// DatabaseName is the path of the database in commands.
func (p *htmlPage) DatabaseName() string {
	if p.Database == "" {
		return "report.db"
	}
	return p.Database
}
