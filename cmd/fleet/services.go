package main

import (
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/schema"
)

// One network on which all services are, as that of moby/moby#52661: 23 hosts, 3,000 services, and in each host's namespace of it some
// 50,000 forwarding entries, most of which are left of tasks that have ended.

// The addresses of the wide network, 10.64.0.0/14: services first, then the hosts' balancers, then tasks, then what is left over.
const (
	wideBits  = 14
	wideFirst = 2
	namesOf   = 50   // names that a container is asked for: capture asks for no more (capture, dnsNames)
	namesAll  = 5000 // and those of a host together (capture, dnsTotal)
)

// wide is the network.
var wide = app{n: 1}

// wideIP is the nth address of the wide network.
func wideIP(n int) netip.Addr {
	n += wideFirst
	return netip.AddrFrom4([4]byte{10, byte(64 + n>>16), byte(n >> 8), byte(n)})
}

func (f *fleet) wideVIP(s int) netip.Addr      { return wideIP(s) }
func (f *fleet) wideBalancer(h int) netip.Addr { return wideIP(f.services + h) }
func (f *fleet) wideTask(s int) netip.Addr     { return wideIP(f.services + f.hosts + s) }
func (f *fleet) wideLeft(n int) netip.Addr     { return wideIP(2*f.services + f.hosts + n) }

// Service s has one task, on this host.
func (f *fleet) hostOfService(s int) int { return s % f.hosts }

func wideService(s int) string   { return id("s", 1+s) }
func wideName(s int) string      { return fmt.Sprintf("service%d", s) }
func wideTaskID(s int) string    { return id("t", 1+s) }
func wideContainer(s int) string { return fmt.Sprintf("%012x%052d", 1+s, 0) }

// wideRows are one host's part of the wide network.
func (b *bundle) wideRows() {
	subnet := netip.PrefixFrom(wideIP(0), wideBits).Masked()
	ns := b.overlayOn(wide, 1450, subnet)
	lb := b.space(schema.Netns{Kind: schema.NetnsLB, Name: "lb_" + wide.network()[:9], Network: wide.network()[:9]})
	own := b.wideBalancer(b.host)
	b.veth(lb, "eth0", mac(own), ns, "veth0", 1, 1450)
	b.address(lb, 1, "eth0", own, wideBits)
	b.nat(lb, 1, "POSTROUTING", fmt.Sprintf("-A POSTROUTING -d %s -m ipvs --ipvs -j SNAT --to-source %s", subnet, own), own, subnet)
	for s := range b.services {
		b.balanceOne(lb, b.wideVIP(s), int64(256+s), int64(s+1), []netip.Addr{b.wideTask(s)})
		if b.hostOfService(s) == b.host {
			b.wideTaskRows(ns, s)
		} else if b.host >= b.broken || s != b.host+1 {
			b.remote(ns, b.wideTask(s), b.hostOfService(s))
		}
	}
	for h := range b.hosts {
		if h != b.host {
			b.remote(ns, b.wideBalancer(h), h)
		}
	}
	for n := range b.leftovers { // of the first host all, of the others a tenth: one namespace is that large
		if others := b.hosts - 1; others > 0 && (b.host == 0 || n < b.leftovers/10) {
			b.remote(ns, b.wideLeft(n), (b.host+1+n%others)%b.hosts)
		}
	}
}

// wideTaskRows make the container of a service's task.
func (b *bundle) wideTaskRows(overlay string, s int) {
	cid, ip := wideContainer(s), b.wideTask(s)
	ns := b.space(schema.Netns{Kind: schema.NetnsContainer, Name: cid[:12], Container: cid, Processes: 1})
	b.veth(ns, "eth0", mac(ip), overlay, fmt.Sprintf("veth%d", s+1), 1, 1450)
	b.address(ns, 1, "eth0", ip, wideBits)
	b.put("container", schema.Container{
		Container: cid, Name: wideName(s) + ".1", State: "running", StartedAt: started,
		ServiceID: wideService(s), Service: wideName(s), TaskID: wideTaskID(s), NodeID: nodeID(b.host),
	})
	b.walkSandbox(ns)
	if b.walk {
		for range min(namesOf, 2*b.services, namesAll-b.asked) { // each those behind the one before, as capture does
			x := b.asked % b.services
			if b.asked%(2*b.services) < b.services {
				b.ask(ns, cid, wideName(x), wideName(x), false, b.wideVIP(x))
			} else {
				b.ask(ns, cid, "tasks."+wideName(x), wideName(x), true, b.wideTask(x))
			}
			b.asked++
		}
	}
	b.put("container_network", schema.ContainerNetwork{Container: cid, Network: wide.name(), NetworkID: wide.network(), IP: ip, PrefixLen: wideBits, MAC: mac(ip)})
}

// wideSwarm are the services and tasks as a manager knows them.
func (b *bundle) wideSwarm() {
	for s := range b.services {
		b.put("swarm_service", schema.SwarmService{ServiceID: wideService(s), Name: wideName(s), Mode: "replicated", Replicas: ptr(int64(1)), EndpointMode: "vip", CreatedAt: started, UpdatedAt: started})
		b.put("swarm_service_network", schema.SwarmServiceNetwork{ServiceID: wideService(s), NetworkID: wide.network()})
		b.put("swarm_service_vip", schema.SwarmServiceVIP{ServiceID: wideService(s), NetworkID: wide.network(), IP: b.wideVIP(s), PrefixLen: wideBits})
		b.put("swarm_task", schema.SwarmTask{
			TaskID: wideTaskID(s), ServiceID: wideService(s), Slot: 1, NodeID: nodeID(b.hostOfService(s)), Desired: "running", State: "running",
			StateAt: started, CreatedAt: started, Container: wideContainer(s), Seen: schema.SeenBoth,
		})
		b.put("swarm_task_address", schema.SwarmTaskAddress{TaskID: wideTaskID(s), NetworkID: wide.network(), Network: wide.name(), IP: b.wideTask(s), PrefixLen: wideBits, Seen: schema.SeenBoth})
	}
}
