package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
	"github.com/netmortem/netmortem/schema"
)

// An under is a host's way to a VTEP: the same for all networks that use the same UDP port, unless the host's rules look for the VNI.
type under struct {
	bad  *Hop // nil: packets leave the host
	src  netip.Addr
	mtu  int // of the way, as far as this host knows it
	dev  *stack.Link
	hops []Hop
}

// looksInside reports whether rules of the host's own namespace look at what is behind the UDP header of a packet, as those do by which
// Docker tells the packets of an encrypted network from those of others (programMangle, drivers/overlay/encryption.go). They stay when
// the network is gone.
func (m *machine) looksInside() bool {
	if m.Initial == nil || m.rows[m.Initial.ID] == nil {
		return false
	}
	rows := m.rows[m.Initial.ID]
	return slices.ContainsFunc(rows.IPTablesRules, func(r ruleset.Row[schema.IPTablesRule]) bool {
		return strings.Contains(r.Row.Spec, "-m u32 ") || strings.Contains(r.Row.Spec, "-m bpf ")
	}) || slices.ContainsFunc(rows.NftRules, func(r ruleset.Row[schema.NftRule]) bool { return strings.Contains(r.Row.Text, "@") })
}

// outer is what a way through the underlay depends on: with the VNI where rules of the host look for it.
func outer(t tunnel, looksInside bool) tunnel {
	if !looksInside {
		t.vni = 0
	}
	return t
}

// outerPacket is a packet of a tunnel before it has addresses.
func (m *machine) outerPacket(t tunnel) ruleset.Packet {
	p := opening(protoUDP)
	p.Dst, p.Dport, p.Kind = t.vtep, uint16(t.port), ruleset.KindHost
	if m.inside {
		p.Payload = vxlanHead(t.vni)
	}
	return p
}

// under walks an outer packet of a tunnel from the host's own namespace, where the socket of the VXLAN device is, onto
// the wire.
func (m *machine) under(t tunnel, keep bool) *under {
	vtep, dport, key := t.vtep, t.port, outer(t, m.inside)
	if u := m.unders[key]; u != nil && !keep {
		return u
	}
	w := &walk{keep: keep}
	u := &under{}
	m.unders[key] = u
	defer func() { u.bad, u.hops = w.bad, w.hops }()
	s := m.Initial
	if s == nil {
		w.doubt(Hop{Host: m.Name, Step: "underlay", Why: "the host's own namespace was not captured"})
		return u
	}
	d := s.Lookup(stack.Flow{Dst: vtep})
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, route", Ref: or(d.Ref, s.Ref)}
	if left := d.Known && !d.Local() && d.Link != nil && d.Link.Up(); !left || keep {
		h.Expected, h.Subject = "a route to "+vtep.String(), "route:"+m.Name+"/"+s.Name+"/"+vtep.String()
	}
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return u
	case d.Local():
		h.Why = "that is an address of this host itself"
		w.drop(h)
		return u
	case d.Link == nil:
		h.Why = d.Why
		w.drop(h)
		return u
	case !d.Link.Up():
		h.Step, h.Subject, h.Ref, h.Observed, h.Why = "underlay, link", m.linkSubject(d.Link), d.Link.Ref, d.Link.Name+" "+state(d.Link), "the device is down"
		w.drop(h)
		return u
	}
	u.src, u.dev, u.mtu = d.Source, d.Link, d.Link.MTU
	if d.Route.MTU > 0 && d.Route.MTU < u.mtu {
		u.mtu = d.Route.MTU
	}
	if keep {
		h.Subject = ""
		h.Observed = fmt.Sprintf("by %s from %s, MTU %d", d.Link.Name, addrText(d.Source), u.mtu)
		w.pass(h)
	}
	p := m.outerPacket(t)
	p.Src, p.Local, p.Out, p.Encrypted = d.Source, true, d.Link.Name, ruleset.Unknown
	p = m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		m.underSubject(w, dport)
		return u
	}
	m.hook(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		m.underSubject(w, dport)
		return u
	}
	if n, _ := s.Neighbour(d.Link, d.Next); n != nil && !n.Valid() {
		w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, neighbour", Expected: d.Next.String() + " answers", Observed: "state " + n.State, Ref: n.Ref(),
			Subject: "neighbour:" + m.Name + "/" + s.Name + "/" + d.Next.String(), Why: "it did not answer when it was last asked"})
	}
	return u
}

// underSubject keys a rule of the host that stops the data path as the rules about the firewall do.
func (m *machine) underSubject(w *walk, dport int) {
	for i := range w.hops {
		if w.hops[i].Verdict != Delivered {
			w.hops[i].Subject = m.firewallSubject(&w.hops[i], dport)
		}
	}
	w.bad.Subject = m.firewallSubject(w.bad, dport)
}

func (m *machine) firewallSubject(h *Hop, dport int) string {
	rows := m.rows[m.Initial.ID]
	if rows == nil {
		return h.Subject
	}
	for i := range rows.IPTablesRules {
		if r := &rows.IPTablesRules[i]; r.Ref == h.Ref {
			return fmt.Sprintf("firewall:%s/%s/udp/%d", m.Name, r.Row.Flavour, dport)
		}
	}
	for i := range rows.IPTablesChains {
		if r := &rows.IPTablesChains[i]; r.Ref == h.Ref {
			return fmt.Sprintf("firewall:%s/%s/udp/%d", m.Name, r.Row.Flavour, dport)
		}
	}
	return h.Subject
}

// A gate is how a host takes the outer packets of other hosts' tunnels to one UDP port.
type gate struct {
	of   tunnel              // what outer makes of it
	any  *Hop                // of any sender; nil: they come in
	from map[netip.Addr]*Hop // where it depends on the sender: of each VTEP that is known
	keep []Hop

	mtu      int    // of the device that has the address; 0: not known
	dev, ref string // its name and row
}

// stops is the step that stops packets of a sender, nil when they come in.
func (g *gate) stops(src netip.Addr) *Hop {
	if h, ok := g.from[src]; ok {
		return h
	}
	return g.any
}

// gate walks an outer packet from the wire to the socket of the VXLAN devices.
func (m *machine) gate(t tunnel, src netip.Addr, keep bool) *gate {
	g := &gate{}
	if src.IsValid() {
		w := m.arriveOuter(src, t, keep)
		g.any, g.keep = w.bad, w.hops
		return g
	}
	w := m.arriveOuter(netip.Addr{}, t, keep)
	g.any = w.bad
	if verdictOf(g.any) == Delivered && !m.filtersReverse() {
		return g
	}
	if verdictOf(g.any) == Dropped {
		return g
	}
	g.from = map[netip.Addr]*Hop{}
	for ip := range m.world.vtep {
		if ip.Is4() == t.vtep.Is4() && !m.own(ip) {
			g.from[ip] = m.arriveOuter(ip, t, false).bad
		}
	}
	return g
}

// filtersReverse reports whether the host checks source addresses on any device, or that is not known.
func (m *machine) filtersReverse() bool {
	if m.Initial == nil {
		return true
	}
	for _, l := range m.Initial.Links {
		v, ok := m.Initial.Sysctl("net.ipv4.conf." + l.Name + ".rp_filter")
		if l.Master == 0 && l.Kind != "veth" && (!ok || v.Value != "0") {
			return true
		}
	}
	v, ok := m.Initial.Sysctl("net.ipv4.conf.all.rp_filter")
	return !ok || v.Value != "0"
}

func (m *machine) arriveOuter(src netip.Addr, t tunnel, keep bool) *walk {
	w, vtep, dport := &walk{keep: keep}, t.vtep, t.port
	s := m.Initial
	if s == nil {
		w.doubt(Hop{Host: m.Name, Step: "underlay, arrival", Why: "the host's own namespace was not captured"})
		return w
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, arrival", Expected: vtep.String() + " is an address of the host"}
	a := s.Local(vtep)
	if a == nil {
		h.Why, h.Subject = "no device of the host has the address", "vtep:"+m.Name
		if s.Whole("address") {
			w.drop(h)
		} else {
			h.Why = "the addresses of the host were not captured"
			w.doubt(h)
		}
		return w
	}
	in := s.Link(a.Index)
	if in == nil {
		h.Why = "the device of the address was not captured"
		w.doubt(h)
		return w
	}
	if !in.Up() {
		h.Subject, h.Ref, h.Observed, h.Why = m.linkSubject(in), in.Ref, in.Name+" "+state(in), "the device is down"
		w.drop(h)
		return w
	}
	p := m.outerPacket(t)
	p.Src, p.In = src, in.Name
	p = m.hook(w, s, ruleset.Prerouting, p)
	if w.stopped() {
		m.underSubject(w, dport)
		return w
	}
	if src.IsValid() {
		switch c := s.Reverse(in, src, vtep, p.Mark); {
		case !c.Known:
			w.doubt(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, source", Why: c.Why, Ref: c.Ref})
		case !c.Pass:
			w.drop(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, source", Expected: "a way back to " + src.String() + " by " + in.Name, Why: c.Why, Ref: c.Ref,
				Subject: "sysctl:" + m.Name + "/net.ipv4.conf." + in.Name + ".rp_filter"})
		}
		if w.stopped() {
			return w
		}
	}
	if p.Dst != vtep {
		w.drop(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "underlay, arrival", Why: "a rule translates the destination to " + p.Dst.String()})
		return w
	}
	m.hook(w, s, ruleset.Input, p)
	if w.stopped() {
		m.underSubject(w, dport)
		return w
	}
	return w
}

// tunnelEnd finds the overlay that takes packets of a VNI and port: the VXLAN device with both.
func (m *machine) tunnelEnd(w *walk, o *overlay, vni, dport int) {
	h := Hop{Host: m.Name, Step: "tunnel", Expected: fmt.Sprintf("a VXLAN device for VNI %d and UDP port %d", vni, dport)}
	if o == nil {
		h.Subject = "lb:" + m.Name
		if m.Host.Whole("netns") {
			h.Why, h.absent = "the host has no namespace for the network", true
			w.drop(h)
		} else {
			h.Why = "the namespaces of the host were not captured whole"
			w.doubt(h)
		}
		return
	}
	h.Place, h.Netns, h.Subject = o.space.Name, o.space.ID, "vxlan:"+m.Name+"/"+o.space.Name
	if !o.space.Whole("link") {
		h.Why = "the devices of the namespace were not captured whole"
		w.doubt(h)
		return
	}
	for _, l := range o.space.Links {
		if l.Kind != "vxlan" || l.VNI != vni || l.VXLANPort != dport {
			continue
		}
		h.Ref = l.Ref
		if !l.Up() {
			h.Subject, h.Observed, h.Why = m.linkSubject(l), l.Name+" "+state(l), "the VXLAN device is down"
			w.drop(h)
			return
		}
		if w.keep {
			h.Subject = ""
			h.Observed = fmt.Sprintf("%s, VNI %d", l.Name, l.VNI)
			w.pass(h)
		}
		return
	}
	for _, l := range o.space.Links {
		if l.Kind == "vxlan" {
			h.Observed, h.Ref = fmt.Sprintf("%s, VNI %d, UDP port %d", l.Name, l.VNI, l.VXLANPort), l.Ref
		}
	}
	h.Why = "no VXLAN device of the network takes what the other host sends"
	w.drop(h)
}
