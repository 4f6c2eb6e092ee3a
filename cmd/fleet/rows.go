package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/netmortem/netmortem/schema"
)

const second = time.Second

// old is how long ago what Docker programmed was programmed, in seconds.
var old = 3500.0

func ptr[T any](v T) *T { return &v }

// space makes a network namespace.
func (b *bundle) space(n schema.Netns) string {
	n.Netns = fmt.Sprint(4026531840 + len(b.spaces))
	n.Dev = 4
	b.spaces = append(b.spaces, n.Netns)
	b.put("netns", n)
	b.walkSpace(n)
	return n.Netns
}

// link makes a link with the next index of its namespace.
func (b *bundle) link(l schema.Link) int64 {
	b.ifs[l.Netns]++
	l.Ifindex = b.ifs[l.Netns]
	if l.Flags == "" {
		l.Flags, l.Operstate = "up,broadcast,running,multicast,lower_up", "up"
	}
	if l.MAC == "" {
		l.MAC = fmt.Sprintf("6a:00:00:%02x:%02x:%02x", len(b.spaces)>>8, len(b.spaces)&255, l.Ifindex&255)
	}
	b.put("link", l)
	return l.Ifindex
}

// address gives a link an address, and the namespace the route to its network.
func (b *bundle) address(ns string, ifindex int64, dev string, ip netip.Addr, bits int64) {
	if bits < 32 {
		b.put("route", schema.Route{
			Netns: ns, Family: "ipv4", TableID: 254, Type: "unicast", Dst: netip.PrefixFrom(ip, int(bits)).Masked(), PrefSrc: ip,
			Ifindex: ifindex, Dev: dev, Protocol: "kernel", Scope: "link",
		})
	}
	b.put("address", schema.Address{Netns: ns, Ifindex: ifindex, Dev: dev, IP: ip, PrefixLen: bits, Scope: "global", Flags: "permanent"})
	b.walkAddress(ns, ifindex, dev, ip)
}

// veth makes a pair: one end in a sandbox, the other one a port of a bridge.
func (b *bundle) veth(sandbox, dev, hwaddr, bridgeNetns, port string, bridge, mtu int64) int64 {
	inside, outside := b.ifs[sandbox]+1, b.ifs[bridgeNetns]+1
	b.link(schema.Link{Netns: sandbox, Name: dev, Kind: "veth", MAC: hwaddr, MTU: mtu, PeerNetns: bridgeNetns, PeerIfindex: outside})
	b.link(schema.Link{Netns: bridgeNetns, Name: port, Kind: "veth", MTU: mtu, Master: bridge, PeerNetns: sandbox, PeerIfindex: inside})
	return inside
}

// hostRows are the host's own namespace and what the daemon says of itself.
func (b *bundle) hostRows() {
	b.put("host", schema.Host{
		Hostname: hostName(b.host), Kernel: "6.1.0", Arch: "x86_64", Wall: captured,
		FirstRead: captured.Add(second), LastRead: captured.Add(11 * second), FinishedRead: captured.Add(12 * second),
	})
	ns := b.space(schema.Netns{Kind: schema.NetnsHost, Name: "host", PID: 1, Processes: 200})
	eth0 := b.link(schema.Link{Netns: ns, Name: "eth0", MTU: 1500, MAC: fmt.Sprintf("52:54:00:00:%02x:%02x", b.host>>8, b.host&255)})
	b.address(ns, eth0, "eth0", vtep(b.host), 16)
	b.link(schema.Link{Netns: ns, Name: "docker_gwbridge", Kind: "bridge", MTU: 1500})
	b.address(ns, 2, "docker_gwbridge", netip.MustParseAddr("172.18.0.1"), 16)
	b.walkHost(ns)
	b.put("engine", schema.Engine{
		Version: "27.5.1", SwarmState: "active", NodeID: nodeID(b.host), NodeAddr: vtep(b.host).String(), Manager: ptr(b.host < managers),
	})
}

// overlay makes the namespace of an overlay with its bridge and VXLAN device.
func (b *bundle) overlay(a app, mtu int64) string {
	if a == ingress {
		return b.overlayOn(a, mtu, netip.MustParsePrefix("10.0.0.0/16"))
	}
	return b.overlayOn(a, mtu, netip.PrefixFrom(a.ip(0), 24))
}

// overlayOn is overlay with a subnet.
func (b *bundle) overlayOn(a app, mtu int64, subnet netip.Prefix) string {
	ns := b.space(schema.Netns{Kind: schema.NetnsOverlay, Name: "1-" + a.network()[:10], Network: a.network()[:10]})
	b.link(schema.Link{Netns: ns, Name: "br0", Kind: "bridge", MTU: mtu})
	b.link(schema.Link{
		Netns: ns, Name: "vxlan0", Kind: "vxlan", MTU: mtu, Master: 1, VNI: ptr(a.vni()), VXLANPort: 4789,
		VXLANFlags: "learning,proxy,l2miss,l3miss", VXLANAgeing: ptr(int64(300)),
	})
	b.put("network", schema.Network{NetworkID: a.network(), Name: a.name(), Driver: "overlay", Scope: "swarm", Ingress: a == ingress, VNI: ptr(a.vni())})
	gateway := subnet.Addr().Next()
	b.put("network_subnet", schema.NetworkSubnet{NetworkID: a.network(), Subnet: subnet, Gateway: gateway})
	b.address(ns, 1, "br0", gateway, int64(subnet.Bits()))
	return ns
}

// remote programs an overlay for an endpoint on another host.
func (b *bundle) remote(ns string, ip netip.Addr, host int) {
	hw := mac(ip)
	b.put("neighbour", schema.Neighbour{Netns: ns, Ifindex: 2, Dev: "vxlan0", IP: ip, MAC: hw, State: "permanent", ConfirmedS: &old, UsedS: &old, UpdatedS: &old, Seen: schema.SeenBoth})
	b.put("fdb", schema.FDB{Netns: ns, Ifindex: 2, Dev: "vxlan0", MAC: hw, Dst: vtep(host), State: "permanent", Self: true, UsedS: &old, UpdatedS: &old, Seen: schema.SeenBoth})
}

// ingressRows are the routing mesh: nothing is published, but every host's balancer is there.
func (b *bundle) ingressRows() {
	ns := b.overlay(ingress, 1450)
	sandbox := b.space(schema.Netns{Kind: schema.NetnsIngress, Name: "ingress_sbox"})
	ip := ingressIP(b.host)
	b.veth(sandbox, "eth0", mac(ip), ns, "veth0", 1, 1450)
	b.address(sandbox, 1, "eth0", ip, 16)
	for h := range b.hosts {
		if h != b.host {
			b.remote(ns, ingressIP(h), h)
		}
	}
}

// appRows are one application's part of the host.
func (b *bundle) appRows(a app) {
	self := b.host % hostsOfApp
	ns := b.overlay(a, 1450)
	lb := b.space(schema.Netns{Kind: schema.NetnsLB, Name: "lb_" + a.network()[:9], Network: a.network()[:9]})
	b.veth(lb, "eth0", mac(a.balancer(self)), ns, "veth0", 1, 1450)
	b.address(lb, 1, "eth0", a.balancer(self), 24)
	b.nat(lb, 1, "POSTROUTING", fmt.Sprintf("-A POSTROUTING -d %s/24 -m ipvs --ipvs -j SNAT --to-source %s", a.ip(0), a.balancer(self)), a.balancer(self), netip.PrefixFrom(a.ip(0), 24))
	for s := range tasksOnHost {
		b.balance(lb, a, s)
		b.task(ns, a, s, self)
	}
	missing := b.host < b.broken && a.n == b.apps(b.host / hostsOfApp)[0].n
	for h := range hostsOfApp {
		if h == self {
			continue
		}
		b.remote(ns, a.balancer(h), a.block*hostsOfApp+h)
		for s := range tasksOnHost {
			if missing && s == 0 {
				missing = false
				ip := a.taskIP(s, h)
				b.put("neighbour", schema.Neighbour{Netns: ns, Ifindex: 2, Dev: "vxlan0", IP: ip, MAC: mac(ip), State: "permanent", UpdatedS: &old, Seen: schema.SeenBoth})
				continue
			}
			b.remote(ns, a.taskIP(s, h), a.block*hostsOfApp+h)
		}
	}
}

// nat writes the rule that gives a balancer's connections the balancer's address.
func (b *bundle) nat(ns string, num int64, chain, spec string, to netip.Addr, dst netip.Prefix) {
	b.put("iptables_rule", schema.IPTablesRule{Netns: ns, Family: "ipv4", Flavour: "legacy", Tbl: "nat", Chain: chain, Num: num, Spec: spec, Dst: dst, IPVS: true, Target: "SNAT", ToIP: to, Seen: schema.SeenBoth})
}

// balance programs a balancer for one service.
func (b *bundle) balance(lb string, a app, s int) {
	var tasks []netip.Addr
	for h := range hostsOfApp {
		tasks = append(tasks, a.taskIP(s, h))
	}
	b.balanceOne(lb, a.vip(s), int64(256+s), int64(s+1), tasks)
}

// balanceOne programs a balancer for one virtual address; num is the place of its rule.
func (b *bundle) balanceOne(lb string, vip netip.Addr, mark, num int64, tasks []netip.Addr) {
	b.address(lb, 1, "eth0", vip, 32)
	b.put("iptables_rule", schema.IPTablesRule{
		Netns: lb, Family: "ipv4", Flavour: "legacy", Tbl: "mangle", Chain: "INPUT", Num: num, Dst: netip.PrefixFrom(vip, 32),
		Spec: fmt.Sprintf("-A INPUT -d %s/32 -j MARK --set-xmark %#x/0xffffffff", vip, mark), Target: "MARK", Mark: &mark, MarkMask: ptr(int64(0xffffffff)), Seen: schema.SeenBoth,
	})
	b.put("ipvs_service", schema.IPVSService{Netns: lb, Family: "ipv4", Fwmark: mark, Scheduler: "rr", Flags: "hashed", Netmask: 32, Seen: schema.SeenBoth})
	for _, ip := range tasks {
		b.put("ipvs_destination", schema.IPVSDestination{Netns: lb, Fwmark: mark, Address: ip, Forward: "masq", Weight: 1, Seen: schema.SeenBoth})
	}
}

// task makes the container of one task.
func (b *bundle) task(overlay string, a app, s, self int) {
	cid := a.container(s, self)
	ns := b.space(schema.Netns{Kind: schema.NetnsContainer, Name: cid[:12], Container: cid, Processes: 1})
	ip := a.taskIP(s, self)
	b.veth(ns, "eth0", mac(ip), overlay, fmt.Sprintf("veth%d", s+1), 1, 1450)
	b.address(ns, 1, "eth0", ip, 24)
	b.put("container", schema.Container{
		Container: cid, Name: fmt.Sprintf("%s.%d", a.serviceName(s), self+1), State: "running", StartedAt: started,
		ServiceID: a.service(s), Service: a.serviceName(s), TaskID: a.task(s, self), NodeID: nodeID(b.host),
	})
	b.walkTask(ns, cid, a)
	b.put("container_network", schema.ContainerNetwork{Container: cid, Network: a.name(), NetworkID: a.network(), IP: ip, PrefixLen: 24, MAC: mac(ip)})
}

// swarmRows are what a manager knows of all.
func (b *bundle) swarmRows() {
	for h := range b.hosts {
		n := schema.SwarmNode{NodeID: nodeID(h), Hostname: hostName(h), Role: "worker", Availability: "active", State: "ready", Addr: vtep(h).String(), EngineVersion: "27.5.1"}
		if h < managers {
			n.Role, n.Leader, n.Reachability = "manager", h == 0, "reachable"
		}
		b.put("swarm_node", n)
	}
	if b.services > 0 {
		b.wideSwarm()
		return
	}
	for block := range b.hosts / hostsOfApp {
		for _, a := range b.apps(block) {
			for s := range tasksOnHost {
				b.serviceRows(a, s)
			}
		}
	}
}

func (b *bundle) serviceRows(a app, s int) {
	svc := a.service(s)
	b.put("swarm_service", schema.SwarmService{ServiceID: svc, Name: a.serviceName(s), Mode: "replicated", Replicas: ptr(int64(hostsOfApp)), EndpointMode: "vip", CreatedAt: started, UpdatedAt: started})
	b.put("swarm_service_network", schema.SwarmServiceNetwork{ServiceID: svc, NetworkID: a.network()})
	b.put("swarm_service_vip", schema.SwarmServiceVIP{ServiceID: svc, NetworkID: a.network(), IP: a.vip(s), PrefixLen: 24})
	for h := range hostsOfApp {
		task := a.task(s, h)
		b.put("swarm_task", schema.SwarmTask{
			TaskID: task, ServiceID: svc, Slot: int64(h + 1), NodeID: nodeID(a.block*hostsOfApp + h), Desired: "running", State: "running",
			StateAt: started, CreatedAt: started, Container: a.container(s, h), Seen: schema.SeenBoth,
		})
		b.put("swarm_task_address", schema.SwarmTaskAddress{TaskID: task, NetworkID: a.network(), Network: a.name(), IP: a.taskIP(s, h), PrefixLen: 24, Seen: schema.SeenBoth})
	}
}
