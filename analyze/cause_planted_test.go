package analyze

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A rowEdit changes the lines of one table of one host that have all of Where: they go, or Old becomes New in them. With Add a line is
// put at the table's end instead.
type rowEdit struct {
	host, table string
	where       []string
	old, new    string
	add         string
}

// The namespaces of the healthy bundles, which have the same numbers on both hosts.
const (
	ofHost    = `"netns":"4026531840"`
	ofMeshBox = `"netns":"4026532116"`
	ofAppLB   = `"netns":"4026532238"`
	ofAppNet  = `"netns":"4026532421"`
	client2   = `"netns":"4026532667"`
	vote3     = `"netns":"4026532865"`
)

func gone(host, table string, where ...string) rowEdit {
	return rowEdit{host: host, table: table, where: where}
}

func turned(host, table, old, new string, where ...string) rowEdit {
	return rowEdit{host: host, table: table, where: append(where, old), old: old, new: new}
}

func added(host, table, line string) rowEdit { return rowEdit{host: host, table: table, add: line} }

// iptablesRule is a row of a rule.
func iptablesRule(netns, tbl, chain string, num int, spec, more string) string {
	return fmt.Sprintf(`{%s,"family":"ipv4","flavour":"legacy","tbl":%q,"chain":%q,"num":%d,"spec":"-A %s %s",%s,"packets":40,"bytes":2400,"packets_last":44,"bytes_last":2640,"seen":"both"}`, netns, tbl, chain, num, chain, spec, more)
}

// plantedRows are faults of the lab as what they leave in the rows of a healthy swarm.
var plantedRows = []struct {
	fault string
	edits []rowEdit
}{
	{"fdb-permanent-missing", []rowEdit{gone("node2", "fdb", ofAppNet, `"mac":"02:42:0a:14:01:09"`)}},
	{"fdb-wrong-vtep", []rowEdit{turned("node2", "fdb", `"dst":"10.99.0.11"`, `"dst":"10.99.0.99"`, ofAppNet, `"mac":"02:42:0a:14:01:09"`)}},
	{"fdb-remote-self-reference", []rowEdit{turned("node1", "fdb", `"dst":"10.99.0.12"`, `"dst":"10.99.0.11"`, ofAppNet, `"mac":"02:42:0a:14:01:0a"`)}},
	{"neigh-missing", []rowEdit{gone("node1", "neighbour", ofAppNet, `"ip":"10.20.1.10"`)}},
	{"mac-ip-mismatch", []rowEdit{turned("node1", "neighbour", `"mac":"02:42:0a:14:01:0a"`, `"mac":"02:42:0a:14:01:fe"`, ofAppNet, `"ip":"10.20.1.10"`)}},
	{"neigh-stale-permanent", []rowEdit{
		added("node2", "neighbour", `{`+ofAppNet+`,"ifindex":11,"dev":"vxlan0","ip":"10.20.1.200","mac":"02:42:0a:14:01:c8","state":"permanent","confirmed_s":100,"used_s":100,"updated_s":100,"seen":"both"}`),
		added("node2", "fdb", `{`+ofAppNet+`,"ifindex":11,"dev":"vxlan0","mac":"02:42:0a:14:01:c8","dst":"10.99.0.11","state":"permanent","self":true,"on_master":false,"used_s":100,"updated_s":100,"seen":"both"}`)}},
	{"fdb-local-mac-behind-vxlan", []rowEdit{
		added("node2", "neighbour", `{`+ofAppNet+`,"ifindex":11,"dev":"vxlan0","ip":"10.20.1.8","mac":"02:42:0a:14:01:08","state":"permanent","confirmed_s":100,"used_s":100,"updated_s":100,"seen":"both"}`),
		added("node2", "fdb", `{`+ofAppNet+`,"ifindex":11,"dev":"vxlan0","mac":"02:42:0a:14:01:08","dst":"127.0.0.1","state":"permanent","self":true,"on_master":false,"used_s":100,"updated_s":100,"seen":"both"}`)}},
	{"vip-alias-missing", []rowEdit{gone("node1", "address", ofAppLB, `"ip":"10.20.1.11"`)}},
	{"vip-multiple-marks", []rowEdit{added("node2", "iptables_rule", iptablesRule(ofAppLB, "mangle", "INPUT", 3, "-d 10.20.1.11/32 -j MARK --set-xmark 0x101/0xffffffff", `"dst":"10.20.1.11/32","target":"MARK","mark":257,"mark_mask":4294967295`))}},
	{"fwmark-wrong-mark", []rowEdit{turned("node2", "iptables_rule", `0x104/0xffffffff`, `0x3e7/0xffffffff`, ofAppLB), turned("node2", "iptables_rule", `"mark":260`, `"mark":999`, ofAppLB)}},
	{"fwmark-without-service", []rowEdit{gone("node1", "ipvs_service", ofAppLB, `"fwmark":260`), gone("node1", "ipvs_destination", ofAppLB, `"fwmark":260`)}},
	{"fwmark-without-service-ingress", []rowEdit{gone("node2", "ipvs_service", ofMeshBox, `"fwmark":262`), gone("node2", "ipvs_destination", ofMeshBox, `"fwmark":262`)}},
	{"ipvs-all-weights-zero", []rowEdit{turned("node1", "ipvs_destination", `"weight":1`, `"weight":0`, ofAppLB, `"fwmark":260`)}},
	{"ipvs-weight-zero", []rowEdit{turned("node2", "ipvs_destination", `"weight":1`, `"weight":0`, ofAppLB, `"fwmark":260`, `"address":"10.20.1.12"`)}},
	{"ipvs-missing-backend", []rowEdit{gone("node2", "ipvs_destination", ofAppLB, `"fwmark":260`, `"address":"10.20.1.12"`)}},
	{"ipvs-stale-backend", []rowEdit{turned("node1", "ipvs_destination", `"address":"10.20.1.12"`, `"address":"10.20.1.201"`, ofAppLB, `"fwmark":260`),
		added("node1", "ipvs_destination", `{`+ofAppLB+`,"fwmark":260,"address":"10.20.1.12","port":0,"forward":"masq","weight":1,"active":0,"inactive":0,"seen":"both"}`)}},
	{"ipvs-foreign-backend", []rowEdit{added("node2", "ipvs_destination", `{`+ofAppLB+`,"fwmark":260,"address":"10.20.1.10","port":0,"forward":"masq","weight":1,"active":0,"inactive":0,"seen":"both"}`)}},
	{"ipvs-snat-missing", []rowEdit{gone("node1", "iptables_rule", ofAppLB, `"ipvs":true`)}},
	{"ipvs-snat-untracked", []rowEdit{turned("node2", "sysctl", `"value":"1"`, `"value":"0"`, ofAppLB, `"key":"net.ipv4.vs.conntrack"`)}},
	{"ingress-dnat-missing", []rowEdit{gone("node2", "iptables_rule", ofHost, `"chain":"DOCKER-INGRESS"`, `"target":"DNAT"`)}},
	{"ingress-accept-missing", []rowEdit{gone("node1", "iptables_rule", ofHost, `"chain":"DOCKER-INGRESS"`, `--dport 8080 -j ACCEPT`), turned("node1", "iptables_chain", `"policy":"ACCEPT"`, `"policy":"DROP"`, ofHost, `"tbl":"filter"`, `"chain":"FORWARD"`)}},
	{"ingress-jump-missing", []rowEdit{gone("node2", "iptables_rule", ofHost, `"tbl":"nat"`, `"chain":"PREROUTING"`, `DOCKER-INGRESS`)}},
	{"ingress-mark-missing", []rowEdit{gone("node1", "iptables_rule", ofMeshBox, `"chain":"PREROUTING"`, `"mark":262`)}},
	{"ingress-port-multiple-marks", []rowEdit{added("node1", "iptables_rule", iptablesRule(ofMeshBox, "mangle", "PREROUTING", 2, "-p tcp -m tcp --dport 8080 -j MARK --set-xmark 0x3e7/0xffffffff", `"proto":"tcp","dport_min":8080,"dport_max":8080,"target":"MARK","mark":999,"mark_mask":4294967295`))}},
	{"firewall-reload-wiped", []rowEdit{gone("node2", "iptables_rule", ofHost, `"chain":"DOCKER-INGRESS"`)}},
	{"forward-drop-docker-user", []rowEdit{gone("node1", "iptables_rule", `-A DOCKER-USER -j RETURN`),
		added("node1", "iptables_rule", iptablesRule(ofHost, "filter", "DOCKER-USER", 1, "-i eth0 -j DROP", `"in_iface":"eth0","target":"DROP"`))}},
	{"forward-reject-before-docker", []rowEdit{gone("node2", "iptables_rule", `-A FORWARD -j DOCKER-USER`),
		added("node2", "iptables_rule", iptablesRule(ofHost, "filter", "FORWARD", 1, "-j REJECT --reject-with icmp-port-unreachable", `"target":"REJECT"`))}},
	{"vxlan-port-blocked", []rowEdit{added("node2", "iptables_rule", iptablesRule(ofHost, "filter", "INPUT", 1, "-p udp -m udp --dport 4789 -j DROP", `"proto":"udp","dport_min":4789,"dport_max":4789,"target":"DROP"`))}},
	{"firewall-blocks-gossip-tcp", []rowEdit{added("node2", "iptables_rule", iptablesRule(ofHost, "filter", "INPUT", 1, "-p tcp -m tcp --dport 7946 -j DROP", `"proto":"tcp","dport_min":7946,"dport_max":7946,"target":"DROP"`))}},
	{"ip-forward-off", []rowEdit{turned("node2", "sysctl", `"value":"1"`, `"value":"0"`, ofHost, `"key":"net.ipv4.ip_forward"`), turned("node2", "sysctl", `"value":"1"`, `"value":"0"`, ofHost, `"key":"net.ipv4.conf.`, `.forwarding"`)}},
	{"localhost-published-fails", []rowEdit{turned("node1", "sysctl", `"value":"1"`, `"value":"0"`, ofHost, `"key":"net.ipv4.conf.docker_gwbridge.route_localnet"`)}},
	{"veth-unplugged", []rowEdit{turned("node2", "link", `"master":2,`, ``, ofAppNet, `"name":"veth2"`)}},
	{"lb-unplugged", []rowEdit{turned("node2", "link", `"master":2,`, ``, ofAppNet, `"name":"veth0"`)}},
	{"vni-mismatch", []rowEdit{turned("node2", "link", `"vni":4097`, `"vni":4999`, ofAppNet)}},
	{"mtu-underlay-too-small", []rowEdit{turned("node2", "link", `"mtu":1500`, `"mtu":1400`, ofHost, `"name":"eth0"`)}},
	{"mac-rewritten", []rowEdit{turned("node2", "link", `"mac":"02:42:0a:14:01:0c"`, `"mac":"8e:11:22:33:44:55"`, vote3, `"name":"eth0"`)}},
	{"dns-nat-chain-missing", []rowEdit{gone("node2", "iptables_rule", client2, `"chain":"DOCKER_OUTPUT"`)}},
	{"task-ingress-redirect-missing", []rowEdit{gone("node2", "iptables_rule", vote3, `"chain":"PREROUTING"`, `REDIRECT`)}},
	{"ingress-dnat-wrong", []rowEdit{turned("node1", "iptables_rule", `172.18.0.3:8080","proto"`, `172.18.0.250:8080","proto"`, ofHost, `"chain":"DOCKER-INGRESS"`), turned("node1", "iptables_rule", `"to_ip":"172.18.0.3"`, `"to_ip":"172.18.0.250"`, ofHost, `"chain":"DOCKER-INGRESS"`)}},
	{"bridge-learned-blackhole", []rowEdit{gone("node2", "fdb", ofAppNet, `"dev":"veth3"`, `"mac":"02:42:0a:14:01:08"`), added("node2", "fdb", `{`+ofAppNet+`,"ifindex":11,"dev":"vxlan0","mac":"02:42:0a:14:01:08","state":"noarp","self":false,"on_master":true,"master":2,"used_s":3,"updated_s":3,"seen":"both"}`)}},
	{"veth-down", []rowEdit{turned("node2", "link", `"flags":"up,broadcast,running,multicast,lower_up","operstate":"up"`, `"flags":"broadcast,multicast","operstate":"down"`, ofAppNet, `"name":"veth2"`),
		turned("node2", "link", `"port_state":"forwarding"`, `"port_state":"disabled"`, ofAppNet, `"name":"veth2"`)}},
	{"veth-gateway-unplugged", []rowEdit{turned("node1", "link", `"master":16,`, ``, ofHost, `"ifindex":28,`)}},
	{"br-netfilter-off", []rowEdit{turned("node2", "sysctl", `"value":"1"`, `"value":"0"`, ofHost, `"key":"net.bridge.bridge-nf-call-iptables"`)}},
	{"bridge-overlaps-route", []rowEdit{added("node2", "route", `{`+ofHost+`,"family":"ipv4","table_id":254,"type":"unicast","dst":"172.18.0.0/24","gateway":"10.99.0.11","ifindex":2,"dev":"eth0","protocol":"boot","scope":"global"}`)}},
	{"host-arp-stale-bridge", []rowEdit{added("node2", "neighbour", `{`+ofHost+`,"ifindex":16,"dev":"docker_gwbridge","ip":"172.18.0.8","mac":"02:42:ac:12:ff:fe","state":"permanent","confirmed_s":30,"used_s":30,"updated_s":30,"seen":"both"}`)}},
	{"mtu-inconsistent", []rowEdit{turned("node1", "link", `"mtu":1450`, `"mtu":1400`, `"netns":"4026532864"`, `"name":"eth0"`)}},
	{"vxlan-left-in-host", []rowEdit{added("node2", "link", `{`+ofHost+`,"ifindex":99,"name":"vx-001069-gonen","kind":"vxlan","mac":"52:f4:16:a0:b4:77","mtu":1450,"flags":"broadcast,multicast","operstate":"down","vni":4201,"vxlan_port":4789,"vxlan_flags":"learning,proxy,l2miss,l3miss"}`)}},
	{"arp-incomplete", []rowEdit{added("node1", "neighbour", `{`+ofHost+`,"ifindex":2,"dev":"eth0","ip":"10.99.0.1","state":"incomplete","probes":6,"used_s":1,"updated_s":1,"seen":"both"}`)}},
	{"ip-duplicate", []rowEdit{added("node2", "address", `{`+client2+`,"ifindex":21,"dev":"eth0","ip":"10.20.1.7","prefix_len":24,"scope":"global","flags":"permanent"}`)}},
}

// bundleHost reads a bundle into memory, to be changed.
func bundleHost(t *testing.T, path string) *fixtureHost {
	t.Helper()
	b, err := schema.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	h := &fixtureHost{name: b.Meta.Host, files: map[string][]byte{}, meta: b.Meta}
	for {
		e, err := b.Next()
		if err == io.EOF {
			return h
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.files[e.Name], err = io.ReadAll(e.Data); err != nil {
			t.Fatal(err)
		}
	}
}

// plant applies edits; one that changes nothing is an error of the test.
func plant(t *testing.T, hosts []*fixtureHost, edits []rowEdit) []*fixtureHost {
	t.Helper()
	for _, e := range edits {
		i := slices.IndexFunc(hosts, func(h *fixtureHost) bool { return h.name == e.host })
		file, n := "rows/"+e.table+".jsonl", 0
		hosts[i] = hosts[i].edit(func(name string, data []byte) []byte {
			if name != file {
				return data
			}
			if e.add != "" {
				n++
				return append(bytes.Clone(data), e.add+"\n"...)
			}
			var out []byte
			for line := range bytes.Lines(data) {
				hit := true
				for _, w := range e.where {
					hit = hit && bytes.Contains(line, []byte(w))
				}
				switch {
				case !hit:
					out = append(out, line...)
				case e.old != "":
					out = append(out, bytes.Replace(line, []byte(e.old), []byte(e.new), 1)...)
				}
				if hit {
					n++
				}
			}
			return out
		})
		if n == 0 {
			t.Fatalf("nothing in %s of %s has %q", e.table, e.host, e.where)
		}
	}
	return hosts
}

// analyzeHosts is a whole analysis of hosts in memory.
func analyzeHosts(t *testing.T, hosts []*fixtureHost) *Result {
	t.Helper()
	a := &analysis{options: Options{Now: time.Unix(1, 0), Progress: func(Progress) {}}, rules: shippedRules(t), derived: computed()}
	for _, h := range hosts {
		a.sources = append(a.sources, h.source())
	}
	a.sources, _ = label(a.sources)
	res, err := a.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res.Verdict = verdict(res)
	return res
}

// healthyHosts are the hosts of the bundles in which nothing was planted.
func healthyHosts(t *testing.T) []*fixtureHost {
	t.Helper()
	if err := sqliteAvailable(); err != nil {
		t.Skip(err)
	}
	var hosts []*fixtureHost
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "bundles", "healthy-every-collector", "*.tar.zst"))
	if err != nil || len(paths) != 2 {
		t.Fatal(paths, err)
	}
	for _, p := range paths {
		hosts = append(hosts, bundleHost(t, p))
	}
	return hosts
}

// leads reports whether a cause is what was planted, or what that follows from.
func (p *plantedFault) leads(c *Cause) bool {
	root, other := rootOfFault[p.name]
	return p.wants(c.Rule) || other && c.Rule == root.rule
}

// TestLongCausesOfPlantedRows plants faults of the lab in the rows of a real healthy swarm and asks for the first cause. What only packets
// leave behind, counters and logs, is not there: rules that live on those are the lab's to try.
func TestLongCausesOfPlantedRows(t *testing.T) {
	healthy := healthyHosts(t)
	faults := map[string]plantedFault{}
	for _, f := range plantedFaults(t) {
		faults[f.name] = f
	}
	first := 0
	for _, p := range plantedRows {
		t.Run(p.fault, func(t *testing.T) {
			f, ok := faults[p.fault]
			if !ok {
				t.Fatal("the lab has no such fault")
			}
			res := analyzeHosts(t, plant(t, slices.Clone(healthy), p.edits))
			if f.leads(&res.Causes[0]) {
				first++
			} else {
				t.Errorf("want %v first, got\n%s", f.want, causeText(res.Causes))
			}
			for _, c := range res.Causes {
				if c.Kind == CausePath {
					t.Errorf("a path is broken and no rule named for it: %s", c.Summary)
				}
			}
			t.Log(res.Verdict)
		})
	}
	t.Logf("the planted one is first in %d of %d", first, len(plantedRows))
}

// TestLongCausesOfTwoPlanted plants two at once: both are among the first two.
func TestLongCausesOfTwoPlanted(t *testing.T) {
	healthy := healthyHosts(t)
	faults := map[string]plantedFault{}
	for _, f := range plantedFaults(t) {
		faults[f.name] = f
	}
	edits := map[string][]rowEdit{}
	for _, p := range plantedRows {
		edits[p.fault] = p.edits
	}
	both := 0
	pairs := [][2]string{
		{"fdb-permanent-missing", "vip-alias-missing"}, {"fdb-permanent-missing", "ingress-dnat-missing"}, {"ipvs-stale-backend", "neigh-missing"},
		{"ipvs-snat-missing", "vip-multiple-marks"}, {"fwmark-without-service", "forward-reject-before-docker"}, {"ip-forward-off", "ingress-mark-missing"},
		{"vni-mismatch", "ingress-accept-missing"}, {"vxlan-port-blocked", "vip-alias-missing"}, {"dns-nat-chain-missing", "veth-unplugged"},
		{"mac-ip-mismatch", "ipvs-foreign-backend"}, {"fdb-remote-self-reference", "task-ingress-redirect-missing"}, {"lb-unplugged", "fwmark-without-service"},
	}
	for _, pair := range pairs {
		t.Run(pair[0]+"+"+pair[1], func(t *testing.T) {
			a, b := faults[pair[0]], faults[pair[1]]
			res := analyzeHosts(t, plant(t, slices.Clone(healthy), slices.Concat(edits[pair[0]], edits[pair[1]])))
			x, y := &res.Causes[0], &res.Causes[1]
			if a.leads(x) && b.leads(y) || a.leads(y) && b.leads(x) {
				both++
			} else {
				t.Errorf("want %v and %v first, got\n%s", a.want, b.want, causeText(res.Causes))
			}
		})
	}
	t.Logf("both are among the first two in %d of %d", both, len(pairs))
}
