package analyze

import "testing"

// TestSwarmLogClasses holds the classes that gossip and swarm rules read against lines as dockerd writes them.
func TestSwarmLogClasses(t *testing.T) {
	tests := []struct{ line, class string }{
		{`time="2026-11-21T09:50:26.253437971Z" level=info msg="memberlist: Suspect 586c38486d4e has failed, no acks received"`, "gossip-flap"},
		{`time="2026-11-21T09:50:31.253437971Z" level=info msg="memberlist: Marking 586c38486d4e as failed, suspect timeout reached (0 peer confirmations)"`, "gossip-flap"},
		{`time="2026-11-21T09:51:30.474474515Z" level=warning msg="memberlist: Refuting a suspect message (from: 8d4d510fd653)"`, "gossip-flap"},
		{`time="2026-11-21T09:50:31.254Z" level=info msg="Node 586c38486d4e change state NodeActive --> NodeFailed"`, "gossip-flap"},
		{`time="2026-11-21T09:50:41.254Z" level=info msg="Node 586c38486d4e change state NodeFailed --> NodeActive"`, "gossip-state"},
		{`time="2026-11-21T09:14:48.831037211Z" level=info msg="Node 8d4d510fd653/10.99.0.11, joined gossip cluster"`, "gossip-state"},
		{`time="2026-11-21T09:14:48.831037211Z" level=info msg="Node 8d4d510fd653/10.99.0.11, left gossip cluster"`, "gossip-state"},
		{`time="2026-11-21T09:50:26Z" level=warning msg="memberlist: Was able to connect to 586c38486d4e over TCP but UDP probes failed, network may be misconfigured"`, "gossip-udp"},
		{`time="2026-11-21T13:41:29.81893921Z" level=warning msg="memberlist: Was able to connect to b556e5e25654 but other probes failed, network may be misconfigured"`, "gossip-udp"},
		{`time="2018-03-02T09:50:26Z" level=warning msg="memberlist: Was able to reach node-b-586c38486d4e via TCP but not UDP, network may be misconfigured and not allowing bidirectional UDP"`, "gossip-udp"},
		{`time="2026-11-21T09:50:26Z" level=error msg="heartbeat to manager {yg9iog1ascb4t83yyx2og22bo 10.99.0.11:2377} failed" error="rpc error: code = DeadlineExceeded desc = context deadline exceeded" method="(*session).heartbeat" module=node/agent`, "heartbeat"},
		{`time="2026-11-21T09:50:26Z" level=error msg="agent: session failed" backoff=100ms error="node not registered" module=node/agent`, "session"},
		{`time="2026-11-21T09:50:26Z" level=info msg="NetworkDB stats node1(8d4d510fd653) - netID:4hte44mraqcd5kpw6v6e1zpjj leaving:false netPeers:2 entries:18 Queue qLen:0 netMsg/s:0"`, "gossip-stats"},
		{`time="2026-11-21T09:50:26Z" level=info msg="NetworkDB stats node1(8d4d510fd653) - netID:4hte44mraqcd5kpw6v6e1zpjj leaving:false netPeers:2 entries:18 Queue qLen:412 netMsg/s:3"`, "gossip-backlog"},
		{`time="2026-11-21T09:50:26Z" level=error msg="Error creating cluster object" error="x509: certificate has expired or is not yet valid"`, "certificate"},
		{`time="2026-11-21T09:50:26Z" level=fatal msg="Error creating cluster component: --live-restore daemon configuration is incompatible with swarm mode"`, "live-restore"},
		{`time="2026-11-21T09:50:26Z" level=error msg="swarm component could not be started" error="manager stopped: can't initialize raft node: rpc error: code = Unknown desc = could not connect to prospective new cluster member"`, "swarm-start"},
	}
	for _, tt := range tests {
		row := parseLogLine(tt.line)
		describeLogLine(&row)
		if row.Category != tt.class {
			t.Errorf("class %q; want %q: %s", row.Category, tt.class, tt.line)
		}
	}
}
