package main

import (
	"fmt"
	"net/netip"
	"time"
)

// The shape of an application: ten hosts share one overlay, on which each of five services has a task on each host.
const (
	hostsOfApp  = 10
	tasksOnHost = 5
	managers    = 3
	maxApps     = 1 << 14 // as many /24 as 10.64.0.0/10 has
)

// fleet is a swarm of so many hosts.
type fleet struct {
	hosts, containers, broken int
	walk                      bool // with what a packet's way depends on, too
	services, leftovers       int  // in place of the applications one network with so many services; see services.go
}

// The clock of the fleet: everything was started an hour before it was captured.
var (
	captured = time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC)
	started  = captured.Add(-time.Hour)
)

// An app is one overlay with its services: number a of those that the block of ten hosts shares.
type app struct {
	n     int // over the whole fleet; 0 is the ingress network
	block int // hosts block*10 to block*10+9
}

func (f *fleet) appsOfBlock() int { return f.containers / tasksOnHost }

// apps are those of a block of hosts.
func (f *fleet) apps(block int) []app {
	var out []app
	for i := range f.appsOfBlock() {
		out = append(out, app{1 + block*f.appsOfBlock() + i, block})
	}
	return out
}

// id pads a number to an id of Docker's length whose beginning is unique.
func id(kind string, n int) string { return fmt.Sprintf("%07x%s%018d", n, kind, 0)[:25] }

func (a app) network() string         { return id("n", a.n) }
func (a app) name() string            { return fmt.Sprintf("app%d", a.n) }
func (a app) vni() int64              { return int64(4096 + a.n) }
func (a app) service(s int) string    { return id("s", a.n*tasksOnHost+s) }
func (a app) task(s, host int) string { return id("t", (a.n*tasksOnHost+s)*hostsOfApp+host) }
func (a app) container(s, host int) string {
	return fmt.Sprintf("%012x%052d", (a.n*tasksOnHost+s)*hostsOfApp+host, 0)
}
func (a app) serviceName(s int) string { return fmt.Sprintf("app%d_s%d", a.n, s) }

// ip is an address of the overlay's /24: .1 is the bridge, .2 to .6 the services, .10 to .19 the balancers, .20 to .69 tasks.
func (a app) ip(last int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(64 + a.n>>8), byte(a.n), byte(last)})
}
func (a app) vip(s int) netip.Addr          { return a.ip(2 + s) }
func (a app) balancer(host int) netip.Addr  { return a.ip(10 + host) }
func (a app) taskIP(s, host int) netip.Addr { return a.ip(20 + s*hostsOfApp + host) }

// mac is what Docker makes of an overlay's address (libnetwork, netutils.GenerateMACFromIP).
func mac(ip netip.Addr) string {
	b := ip.As4()
	return fmt.Sprintf("02:42:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3])
}

func hostName(h int) string { return fmt.Sprintf("host%04d", h) }
func nodeID(h int) string   { return id("h", h) }

// vtep is a host's own address.
func vtep(h int) netip.Addr { return netip.AddrFrom4([4]byte{172, 31, byte(h >> 8), byte(h)}) }

// ingressIP is a host's balancer on the ingress network, a /16.
func ingressIP(h int) netip.Addr {
	n := h + 2
	return netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)})
}

// ingress is the network of the routing mesh, which every host is on.
var ingress = app{}
