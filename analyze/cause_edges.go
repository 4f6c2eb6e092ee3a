package analyze

import (
	"fmt"
	"strings"
)

// A causeEdge says that findings of one rule follow from a finding of another.
//
// It holds for two findings when the cause states what Given asks for, the symptom what Shown asks for, and every key of Same has a
// value that both state. A key that one of them does not state is not shared. Without any key the symptom may be anywhere in the
// swarm: that is for effects which cross the wire.
//
// An edge is a claim about Docker and the kernel, never about a time: what is only often seen together has none.
type causeEdge struct {
	Cause    string
	Given    []Fact
	Symptoms []string
	Shown    []Fact
	Same     []causeKey
	Why      string
}

// The facts by which one rule's findings differ in what follows from them.
var (
	dropsGossip   = []Fact{{"purpose", "gossip"}}
	dropsUDP      = []Fact{{"purpose", "gossip"}, {"proto", "udp"}}
	dropsData     = []Fact{{"purpose", "data path"}}
	dropsESP      = []Fact{{"purpose", "data path"}, {"proto", "esp"}}
	dropsManagers = []Fact{{"purpose", "managers"}}
	bothRowsGone  = []Fact{{"forwarding_entry", "missing, too"}}
)

// What two findings may share.
var (
	onHost      = []causeKey{keyHost}
	inNetns     = []causeKey{keyNetns}
	ofService   = []causeKey{keyService}
	ofNetwork   = []causeKey{keyNet}
	ofWorkload  = []causeKey{keyWorkload}
	ofAddress   = []causeKey{keyNet, keyIP}
	ofName      = []causeKey{keyHost, keyNet, keyService}
	ofHostIP    = []causeKey{keyHost, keyIP}
	ofHostNet   = []causeKey{keyHost, keyNet}
	ofMesh      = []causeKey{keyHost, keyPort}
	ofEndpoint  = []causeKey{keyHost, keyNet, keyIP}
	ofBalancer  = []causeKey{keyNetns, keyService}
	ofPeer      = []causeKey{keyAsPeer}
	ofVirtualIP = []causeKey{keyNetns, keyVIP}
	ofFrame     = []causeKey{keyNetns, keyMAC}
	everywhere  = []causeKey{}
)

// causeEdges is everything that netmortem knows about one finding following from another, from the wire up. A test keeps the rules'
// names true and the list free of circles.
var causeEdges = []causeEdge{
	// gossip that does not arrive
	{"firewall-blocks-swarm-ports", dropsGossip, []string{"dns-stale-record", "dns-missing-record", "dns-alias-stale", "dns-view-divergence", "networkdb-divergence", "neigh-stale-permanent", "dns-slow-on-join", "networkdb-queue-backlog"}, nil, onHost,
		"a node that gossip does not reach is not told of endpoints that come and go"},
	{"firewall-blocks-swarm-ports", dropsGossip, []string{"neigh-missing"}, bothRowsGone, onHost,
		"an endpoint that the node was not told of has neither row there"},
	{"firewall-blocks-swarm-ports", dropsUDP, []string{"gossip-udp-blocked", "gossip-flap"}, nil, onHost,
		"what is dropped here is what the node's own probes are answered with"},
	{"firewall-blocks-swarm-ports", dropsUDP, []string{"gossip-udp-blocked", "gossip-flap", "networkdb-divergence"}, nil, ofPeer,
		"other nodes' probes to this one are what is dropped"},
	{"mtu-underlay-too-small", nil, []string{"networkdb-divergence", "dns-stale-record", "dns-missing-record"}, nil, onHost,
		"gossip's long messages are larger than its probes and do not pass"},
	{"gossip-udp-blocked", nil, []string{"gossip-flap"}, nil, onHost,
		"without datagrams a node is suspected until a probe over TCP comes back"},
	{"gossip-flap", nil, []string{"networkdb-divergence"}, nil, onHost,
		"a peer that was held for failed is no member until the next reconnect"},
	{"networkdb-divergence", nil, []string{"dns-missing-record", "dns-stale-record", "ipvs-missing-backend", "dns-view-divergence"}, nil, onHost,
		"events of a node that is no member to this one do not reach it"},
	{"networkdb-divergence", nil, []string{"neigh-missing"}, bothRowsGone, onHost,
		"an endpoint of a node that is no member to this one has neither row here"},
	{"networkdb-queue-backlog", nil, []string{"dns-missing-record", "dns-stale-record", "dns-slow-on-join"}, nil, onHost,
		"events wait in the queue of the node that should send them"},
	{"dns-missing-record", nil, []string{"dns-view-divergence"}, nil, ofName,
		"the host's answer lacks what another's has"},
	{"dns-missing-record", nil, []string{"neigh-missing"}, bothRowsGone, []causeKey{keyHost, keyNet, keyIP},
		"the record and both rows come from one event, and none of them is there"},
	{"dns-stale-record", nil, []string{"dns-view-divergence"}, nil, ofName,
		"the host's answer has what another's no longer has"},
	{"dns-stale-record", nil, []string{"neigh-stale-permanent"}, nil, ofEndpoint,
		"the record and the row are taken away by one event, which did not come"},
	{"dns-stale-record", nil, []string{"dns-client-cache"}, nil, ofHostIP,
		"clients go on asking where the name leads them"},
	{"neigh-missing", bothRowsGone, []string{"fdb-permanent-missing"}, nil, []causeKey{keyNetns, keyIP},
		"the driver writes both rows at one event"},
	{"neigh-missing", nil, []string{"arp-incomplete"}, nil, ofHostIP,
		"the tunnel's device has nothing to answer ARP with"},

	// tunnels and what lies below them
	{"firewall-blocks-swarm-ports", dropsData, []string{"vxlan-port-blocked"}, nil, onHost,
		"what the rule drops is what the tunnels should hear"},
	{"firewall-blocks-swarm-ports", dropsESP, []string{"encrypted-esp-blocked"}, nil, onHost,
		"ESP is what encrypted tunnels arrive as"},
	{"firewall-blocks-swarm-ports", dropsData, []string{"tcp-retrans-high"}, nil, everywhere,
		"what is dropped is sent again, by both ends of each connection through the tunnel"},
	{"firewall-blocks-swarm-ports", dropsData, []string{"syncookies"}, nil, everywhere,
		"a handshake whose answer is dropped stays half open where it is answered"},
	{"firewall-blocks-swarm-ports", dropsManagers, []string{"heartbeat-under-load", "node-down-containers-running", "raft-quorum-lost", "swarm-cert-expired"}, nil, everywhere,
		"nodes and other managers speak to a manager at this port"},
	{"vni-mismatch", nil, []string{"vxlan-port-blocked"}, nil, ofNetwork,
		"a tunnel is deaf to packets with another VNI, at both ends"},
	{"vni-mismatch", nil, []string{"vxlan-vni-exists", "fdb-permanent-missing", "neigh-missing"}, nil, inNetns,
		"the device was made anew, and is not the one that the driver programs"},
	{"vni-mismatch", nil, []string{"tcp-retrans-high"}, nil, everywhere,
		"what a deaf tunnel does not hear is sent again"},
	{"vni-mismatch", nil, []string{"syncookies"}, nil, everywhere,
		"a handshake whose answer is not heard stays half open where it is answered"},
	{"vxlan-port-blocked", nil, []string{"tcp-retrans-high"}, nil, onHost,
		"what goes into a tunnel from which nothing comes back is sent again"},
	{"overlay-netns-orphan", nil, []string{"vxlan-vni-exists"}, nil, inNetns,
		"the left-over namespace holds the device"},
	{"advertise-addr-wrong", nil, []string{"vxlan-port-blocked", "gossip-flap", "gossip-udp-blocked", "node-down-containers-running"}, nil, onHost,
		"the others send to the address that the node says, and it does not have it"},
	{"advertise-addr-wrong", nil, []string{"fdb-wrong-vtep", "fdb-remote-self-reference"}, nil, everywhere,
		"the others take the node's tunnel to be at that address"},
	{"nic-tx-checksum-offload", nil, []string{"tcp-retrans-high"}, nil, everywhere,
		"a packet with a wrong checksum is dropped where it arrives"},
	{"nic-tx-checksum-offload", nil, []string{"vxlan-port-blocked"}, nil, everywhere,
		"what this host sends through a tunnel is not taken elsewhere"},
	{"nic-drops", nil, []string{"tcp-retrans-high"}, nil, onHost, "what the device drops is sent again"},
	{"softnet-drops", nil, []string{"tcp-retrans-high"}, nil, onHost, "what a processor drops is sent again"},
	{"cloud-pps-limit", nil, []string{"tcp-retrans-high", "nic-drops"}, nil, onHost, "what the machine's limit drops is sent again"},
	{"mtu-underlay-too-small", nil, []string{"tcp-retrans-high"}, nil, onHost, "segments that are too long are sent again, shorter"},
	{"encrypted-sa-mismatch", nil, []string{"tcp-retrans-high"}, nil, onHost, "what cannot be decrypted is sent again"},
	{"encrypted-esp-blocked", nil, []string{"tcp-retrans-high"}, nil, onHost, "what does not arrive is sent again"},
	{"encrypted-match-module-missing", nil, []string{"encrypted-sa-mismatch", "encrypted-esp-blocked"}, nil, onHost,
		"without the match nothing is marked for encryption"},

	// forwarding
	{"fdb-remote-self-reference", nil, []string{"fdb-local-mac-behind-vxlan", "bridge-learned-blackhole"}, nil, inNetns,
		"frames that leave for this very host come back in by the tunnel, which learns from them that local containers are behind it"},
	{"fdb-local-mac-behind-vxlan", nil, []string{"bridge-learned-blackhole"}, nil, ofFrame,
		"the bridge learns the address at the tunnel's port when the tunnel answers for it"},
	{"ip-duplicate", nil, []string{"mac-ip-mismatch", "fdb-wrong-vtep", "neigh-missing", "fdb-permanent-missing", "arp-incomplete"}, nil, ofAddress,
		"of two endpoints with one address each host programs one"},
	{"udev-networkd-mac-rewrite", nil, []string{"mac-ip-mismatch", "fdb-permanent-missing"}, nil, ofAddress,
		"the endpoint's device no longer has the address that all nodes were told"},
	{"udev-networkd-mac-rewrite", nil, []string{"veth-dangling"}, nil, ofHostNet,
		"a manager of links that takes Docker's for its own takes them from their bridges"},
	{"fdb-permanent-missing", nil, []string{"tcp-retrans-high"}, nil, onHost, "frames to the endpoint are dropped, and sent again"},
	{"fdb-wrong-vtep", nil, []string{"tcp-retrans-high"}, nil, onHost, "frames to the endpoint go to another host, and are sent again"},
	{"neigh-table-overflow", nil, []string{"arp-incomplete"}, nil, onHost, "an answer finds no room in the table"},
	{"vip-alias-missing", nil, []string{"arp-incomplete"}, nil, []causeKey{keyHost, keyVIPAsIP}, "nobody answers ARP for the virtual address"},

	// balancing
	{"lb-sandbox-missing", nil, []string{"vip-alias-missing"}, nil, ofHostNet, "the alias belongs into the namespace that is not there"},
	{"ipvs-module-missing", nil, []string{"fwmark-ipvs-mismatch", "ipvs-missing-backend", "ipvs-snat-missing", "lb-sandbox-missing", "ipvs-all-weights-zero"}, nil, onHost,
		"without IPVS in the kernel there is no virtual service"},
	{"kernel-config", nil, []string{"ipvs-module-missing", "encrypted-match-module-missing"}, nil, onHost, "the kernel was built without it"},
	{"vip-multiple-marks", nil, []string{"fwmark-ipvs-mismatch"}, nil, ofVirtualIP, "the second mark has no virtual service"},
	{"ingress-port-multiple-marks", nil, []string{"fwmark-ipvs-mismatch"}, nil, ofMesh, "the second mark has no virtual service"},
	{"fwmark-ipvs-mismatch", nil, []string{"ipvs-missing-backend"}, nil, ofBalancer, "with the virtual service its destinations are gone"},
	{"ipvs-stale-backend", nil, []string{"tcp-retrans-high"}, nil, onHost, "connections that are given to it are opened again and again"},

	// the mesh and the host's firewall
	{"firewall-reload-wiped", nil, []string{"ingress-dnat-missing-or-wrong"}, nil, onHost, "the rules for the ports went with the others"},
	{"iptables-disabled", nil, []string{"ingress-dnat-missing-or-wrong", "ipvs-snat-missing"}, nil, onHost, "the daemon was told to write no rules"},
	{"iptables-backend-mixed", nil, []string{"ingress-dnat-missing-or-wrong", "forward-drop-no-docker"}, nil, onHost, "rules of one flavour do not see those of the other"},
	{"nft-backend-with-swarm", nil, []string{"ingress-dnat-missing-or-wrong"}, nil, onHost, "swarm writes the mesh's rules for iptables only"},
	{"xtables-lock-contention", nil, []string{"ingress-dnat-missing-or-wrong", "fwmark-ipvs-mismatch", "ipvs-snat-missing"}, nil, onHost, "a rule that could not be written in time is not there"},
	{"ingress-sandbox-missing", nil, []string{"ingress-dnat-missing-or-wrong", "fwmark-ipvs-mismatch"}, nil, ofMesh, "there is no namespace to send the port to"},
	{"ingress-sandbox-missing", nil, []string{"ingress-dnat-missing-or-wrong"}, nil, onHost, "there is no namespace to send the port to"},
	{"published-port-conflict", nil, []string{"task-not-scheduled"}, nil, ofService, "no node has the port free"},

	// names
	{"dns-ndots-search-storm", nil, []string{"dns-upstream-bad"}, nil, ofWorkload,
		"questions that no service answers go to the servers outside only because of the search domains"},
	{"overlay-overlaps-underlay-dns", nil, []string{"dns-upstream-bad"}, nil, onHost, "the server is looked for inside the overlay"},
	{"dns-5s-conntrack-race", nil, []string{"conntrack-insert-failed"}, nil, inNetns, "they are the same packets"},
	{"dns-upstream-bad", nil, []string{"dns-concurrency-limit"}, nil, onHost, "questions that are not answered pile up"},

	// addresses
	{"ipam-exhausted", nil, []string{"lb-sandbox-missing"}, nil, ofNetwork, "no address was left for the node's load balancer"},
	{"ipam-exhausted", nil, []string{"task-not-scheduled"}, nil, ofService, "no address was left for the task"},
	{"ipam-leak", nil, []string{"ipam-exhausted", "task-not-scheduled"}, nil, ofService, "addresses that nobody has are not given out again"},

	// connection tracking and sockets
	{"conntrack-long-established", nil, []string{"conntrack-full"}, nil, inNetns, "entries that nobody uses fill the table"},
	{"conntrack-full", nil, []string{"conntrack-insert-failed", "tcp-retrans-high"}, nil, inNetns, "a packet that cannot be tracked is dropped"},
	{"listen-overflow", nil, []string{"tcp-retrans-high", "syncookies"}, nil, inNetns, "a handshake that the listener has no room for is tried again"},
	{"syncookies", nil, []string{"tcp-retrans-high"}, nil, inNetns, "what is sent into a half-open connection is sent again"},
	{"tcp-mem-pressure", nil, []string{"tcp-retrans-high", "listen-overflow"}, nil, onHost, "segments for which there is no memory are dropped"},

	// processes
	{"segfault-core", nil, []string{"exit-code-map", "restart-loop", "healthcheck-kill"}, nil, ofWorkload, "it ended because it crashed"},
	{"oom-cgroup", nil, []string{"exit-code-map", "restart-loop", "healthcheck-kill"}, nil, ofWorkload, "the kernel ended it at its limit"},
	{"oom-host", nil, []string{"exit-code-map", "restart-loop", "oom-cgroup"}, nil, ofWorkload, "the kernel ended it when the host had no memory left"},
	{"memory-overcommit", nil, []string{"oom-host"}, nil, onHost, "more memory is promised than there is"},
	{"oom-host", nil, []string{"shim-daemon-trouble"}, nil, onHost, "the daemons are processes, too"},
	{"disk-full", nil, []string{"shim-daemon-trouble"}, nil, onHost, "the daemons cannot write"},
	{"healthcheck-kill", nil, []string{"restart-loop", "exit-code-map", "stop-timeout"}, nil, ofWorkload, "it is ended as unhealthy, and replaced"},
	{"restart-loop", nil, []string{"exit-code-map"}, nil, ofWorkload, "each end has its code"},
	{"restart-loop", nil, []string{"rolling-update-stuck"}, nil, ofService, "tasks of the new version do not stay up"},
	{"task-not-scheduled", nil, []string{"rolling-update-stuck"}, nil, ofService, "tasks of the new version cannot be placed or started"},
	{"dnsrr-with-ingress", nil, []string{"rolling-update-stuck", "task-not-scheduled"}, nil, ofService, "the managers refuse such a service"},
	{"pid1-zombies", nil, []string{"process-limits"}, nil, ofWorkload, "dead children count"},
	{"process-limits", nil, []string{"listen-overflow"}, nil, ofService, "a server that may start nothing accepts nothing"},
	{"log-driver-blocking", nil, []string{"listen-overflow", "healthcheck-kill"}, nil, ofService, "a program that waits for its log answers nobody"},
	{"cpu-steal-pressure", nil, []string{"listen-overflow", "healthcheck-kill"}, nil, ofService, "a program that is not run answers late"},
	{"cpu-steal-pressure", nil, []string{"heartbeat-under-load", "gossip-flap"}, nil, onHost, "a daemon that is not run answers late"},
	{"live-restore-with-swarm", nil, []string{"config-skew"}, []Fact{{"setting", "live-restore"}}, onHost, "it is that setting"},

	// the swarm
	{"swarm-cert-expired", nil, []string{"heartbeat-under-load", "node-down-containers-running"}, nil, onHost, "managers do not speak with a node whose certificate has ended"},
	{"clock-skew", nil, []string{"swarm-cert-expired"}, nil, onHost, "by this clock the certificate is not valid"},
	{"raft-quorum-lost", nil, []string{"task-not-scheduled", "rolling-update-stuck", "heartbeat-under-load"}, nil, everywhere, "without a leader nothing is decided"},
	{"node-down-containers-running", nil, []string{"dead-node-endpoints"}, nil, []causeKey{keyNode}, "it is the same node"},
	{"duplicate-node-identity", nil, []string{"gossip-flap", "node-down-containers-running"}, nil, onHost, "two hosts take each other's place"},
	{"unregister-netdevice-hang", nil, []string{"shim-daemon-trouble"}, nil, onHost, "the daemon waits for the device for ever"},
}

// effectRules find an effect and never its cause: alone they are unexplained.
var effectRules = []string{
	"arp-incomplete", "conntrack-insert-failed", "dns-view-divergence", "gossip-flap", "networkdb-divergence", "rolling-update-stuck", "tcp-retrans-high", "vxlan-port-blocked",
}

// checkEdges says what is wrong with a list of edges: a rule that does not exist, an edge without a reason or a symptom, a circle.
func checkEdges(edges []causeEdge, rules map[string]bool) (wrong []string) {
	follows := map[string][]string{}
	for i, e := range edges {
		if e.Why == "" || len(e.Symptoms) == 0 {
			wrong = append(wrong, fmt.Sprintf("edge %d of %s lacks a reason or a symptom", i, e.Cause))
		}
		for _, r := range append([]string{e.Cause}, e.Symptoms...) {
			if !rules[r] {
				wrong = append(wrong, fmt.Sprintf("edge %d names %s, which is no rule", i, r))
			}
		}
		follows[e.Cause] = append(follows[e.Cause], e.Symptoms...)
	}
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(rule string, way []string)
	visit = func(rule string, way []string) {
		way = append(way[:len(way):len(way)], rule)
		switch state[rule] {
		case open:
			wrong = append(wrong, "a circle: "+strings.Join(way, ", "))
		case 0:
			state[rule] = open
			for _, s := range follows[rule] {
				visit(s, way)
			}
			state[rule] = done
		}
	}
	for _, e := range edges {
		visit(e.Cause, nil)
	}
	return wrong
}
