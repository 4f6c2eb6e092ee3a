package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// Encrypted networks go through IPsec in transport mode: a rule of mangle OUTPUT marks the packets of a network's VNI, a
// policy for the mark asks for an association with the far host, and there the packet comes in as ESP, is opened, and
// comes in once more as UDP (moby, libnetwork/drivers/overlay/encryption.go; xfrm_output_resume and xfrm4_transport_finish,
// net/xfrm and net/ipv4). Their overhead is 26 bytes more at least.

// A sealedKey is a way of an encrypted network: its packets may meet other rules than those of plain ones.
type sealedKey struct {
	vtep netip.Addr
	port int
	vni  int
}

// A sealed is a host's way out to a VTEP for one encrypted network.
type sealed struct {
	bad   *Hop
	src   netip.Addr
	clear bool // no policy takes the packet: it goes in clear
	spi   uint32
	key   string // hash of the key
	ref   string // row of the association
	hops  []Hop
}

// vxlanHead is the header behind UDP (RFC 7348, section 5).
func vxlanHead(vni int) string {
	return string([]byte{8, 0, 0, 0, byte(vni >> 16), byte(vni >> 8), byte(vni), 0})
}

const protoESP = 50

// seal walks an outer packet of an encrypted network from the host's own namespace onto the wire.
func (m *machine) seal(k sealedKey, keep bool) *sealed {
	out := &sealed{}
	w := &walk{keep: keep}
	defer func() { out.bad, out.hops = w.bad, w.hops }()
	s := m.Initial
	h := Hop{Host: m.Name, Step: "underlay, route", Expected: "a route to " + k.vtep.String()}
	if s == nil {
		h.Why = "the host's own namespace was not captured"
		w.doubt(h)
		return out
	}
	d := s.Lookup(stack.Flow{Dst: k.vtep})
	h.Place, h.Netns, h.Ref, h.Subject = s.Name, s.ID, or(d.Ref, s.Ref), "route:"+m.Name+"/"+s.Name+"/"+k.vtep.String()
	switch {
	case !d.Known:
		h.Why = d.Why
		w.doubt(h)
		return out
	case d.Link == nil:
		h.Why = "that is no other host: " + d.Why
		w.drop(h)
		return out
	case !d.Link.Up():
		h.Step, h.Subject, h.Ref, h.Observed, h.Why = "underlay, link", m.linkSubject(d.Link), d.Link.Ref, d.Link.Name+" "+state(d.Link), "the device is down"
		w.drop(h)
		return out
	}
	out.src = d.Source
	p := opening(protoUDP)
	p.Src, p.Dst, p.Dport, p.Local, p.Kind, p.Out, p.Payload, p.Encrypted = d.Source, k.vtep, uint16(k.port), true, ruleset.KindHost, d.Link.Name, vxlanHead(k.vni), ruleset.Unknown
	p = m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		return out
	}
	h = Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "encryption", Expected: "a mark, a policy and an association for " + k.vtep.String(), Subject: "xfrm:" + m.Name + "/" + k.vtep.String(), Ref: s.Ref}
	switch {
	case p.MarkUnknown != 0:
		h.Why = "whether a rule marks the packets of the network is not known"
		w.doubt(h)
		return out
	case !s.Whole("xfrm_policy") || !s.Whole("xfrm_state"):
		h.Why = "policies and associations of IPsec were not captured whole"
		w.doubt(h)
		return out
	}
	policy, ok := s.Policy("out", stack.Datagram{Src: d.Source, Dst: k.vtep, Proto: "udp", SPort: -1, DPort: k.port, Mark: p.Mark})
	switch {
	case !ok:
		h.Why = "a policy of IPsec asks for what is not modelled"
		w.doubt(h)
		return out
	case policy == nil || policy.Templates == 0 && policy.Action == "allow":
		out.clear = true
		h.Observed = "no policy takes the packet: it goes in clear"
		w.pass(h)
		m.hook(w, s, ruleset.Postrouting, p)
		return out
	case policy.Action != "allow":
		h.Ref, h.Why = policy.Ref, "the policy says block"
		w.drop(h)
		return out
	}
	a := s.Association(policy)
	if a == nil {
		h.Ref, h.Observed, h.Why = policy.Ref, "a policy without an association", "there is no association that the policy asks for, and the packet is dropped"
		w.drop(h)
		return out
	}
	out.spi, out.key, out.ref = a.SPI, a.KeyHash, a.Ref
	if keep {
		h.Subject, h.Ref, h.Observed = "", a.Ref, fmt.Sprintf("ESP with SPI %#x", a.SPI)
		w.pass(h)
	}
	p.Encrypted = ruleset.Yes
	m.hook(w, s, ruleset.Postrouting, p)
	if w.stopped() {
		return out
	}
	esp := ruleset.Packet{Proto: protoESP, Src: p.Src, Dst: p.Dst, Local: true, Kind: ruleset.KindHost, Out: p.Out, Mark: p.Mark, Decrypted: ruleset.No, Encrypted: ruleset.No, IPVS: ruleset.No, Bridged: ruleset.No}
	esp = m.hook(w, s, ruleset.Output, esp)
	if !w.stopped() {
		m.hook(w, s, ruleset.Postrouting, esp)
	}
	return out
}

// An opened is how a host takes what comes for an encrypted network.
type opened struct {
	esp   *Hop // what keeps ESP out
	plain *Hop // what keeps out the UDP that was inside
	clear *Hop // what keeps out UDP in clear
}

// A stateKey is an association by what a packet tells of it.
type stateKey struct {
	src, dst netip.Addr
	spi      uint32
}

// An inbound is an association for what comes in.
type inbound struct{ key, ref string }

// open walks packets of an encrypted network from the wire to the socket of the VXLAN devices: as ESP, as what was in it,
// and in clear.
func (m *machine) open(k sealedKey) opened {
	in := func(proto uint8, decrypted ruleset.Tri) *Hop {
		w := &walk{}
		s := m.Initial
		if s == nil {
			return &Hop{Host: m.Name, Step: "underlay, arrival", Verdict: Unknown, Why: "the host's own namespace was not captured"}
		}
		a := s.Local(k.vtep)
		if a == nil {
			return nil // the gate says so
		}
		p := ruleset.Packet{Proto: proto, Dst: k.vtep, In: a.Device, Kind: ruleset.KindHost, Decrypted: decrypted, Encrypted: ruleset.No, IPVS: ruleset.No, Bridged: ruleset.No}
		if proto == protoUDP {
			p.Dport, p.Payload = uint16(k.port), vxlanHead(k.vni)
		}
		p = m.hook(w, s, ruleset.Prerouting, p)
		if !w.stopped() {
			m.hook(w, s, ruleset.Input, p)
		}
		return m.kept(w.bad)
	}
	return opened{esp: in(protoESP, ruleset.No), plain: in(protoUDP, ruleset.Yes), clear: in(protoUDP, ruleset.No)}
}

// examineSealed judges what an encrypted network asks of the host: towards each VTEP that its forwarding entries name, and at its own.
func (m *machine) examineSealed(hs *hostState, hn *hostNet) {
	if !hn.net.Encrypted {
		return
	}
	for _, ep := range hn.net.list {
		m.tunnels(hn.way(ep), ep, func(t tunnel) {
			k := sealedKey(t)
			if hs.seals[k] == nil {
				x := m.seal(k, false)
				x.bad, x.key, x.ref, x.hops = m.kept(x.bad), strings.Clone(x.key), strings.Clone(x.ref), nil
				hs.seals[k] = x
			}
		})
	}
	if m.Initial == nil {
		return
	}
	hs.xfrmWhole = m.Initial.Whole("xfrm_state")
	for _, a := range m.Initial.Associations {
		if !a.Seen.Gone() {
			hs.inbound[stateKey{a.Src, a.Dst, a.SPI}] = inbound{strings.Clone(a.KeyHash), strings.Clone(a.Ref)}
		}
	}
	for _, l := range m.overlays[hn.net.Net].space.Links {
		if l.Kind != "vxlan" {
			continue
		}
		for vtep, nodes := range m.world.vtep {
			if (nodes[m.world.nodeOf[m.Name]] || nodes[m.Name]) && m.Initial.Local(vtep) != nil {
				k := sealedKey{vtep, l.VXLANPort, l.VNI}
				hs.opens[k] = m.open(k)
			}
		}
	}
}

// sealedWay judges the underlay of an encrypted network between two hosts.
func (j *judge) sealedWay(a, b *hostState, t *tunnel) *Hop {
	k := sealedKey{t.vtep, t.port, t.vni}
	s := a.seals[k]
	if s == nil || s.bad != nil || b == nil {
		if s == nil {
			return nil
		}
		return s.bad
	}
	o, ok := b.opens[k]
	switch {
	case !ok:
		return nil // the gate and the tunnel's end say so
	case s.clear:
		return worst(s.bad, o.clear)
	}
	return j.once("esp", a.name, fmt.Sprint(b.name, t.vtep, t.vni), func() *Hop {
		if h := worst(o.esp, o.plain); h != nil {
			return h
		}
		h := &Hop{Host: b.name, Place: stack.KindHost, Step: "decryption", Expected: fmt.Sprintf("an association from %s with SPI %#x, and the same key", s.src, s.spi), ExpectedRef: s.ref,
			Subject: "xfrm:" + b.name + "/" + s.src.String()}
		x, ok := b.inbound[stateKey{s.src, t.vtep, s.spi}]
		switch {
		case !ok && !b.xfrmWhole:
			h.Verdict, h.Why = Unknown, "the associations of the host were not captured whole"
		case !ok:
			h.Verdict, h.Observed, h.Why = Dropped, "none", "the far host has no such association, and drops the packet"
		case x.key != "" && s.key != "" && x.key != s.key:
			h.Verdict, h.Ref, h.Observed, h.Why = Dropped, x.ref, "another key", "the far host has another key for the association, and drops the packet"
		case x.key == "" || s.key == "":
			h.Verdict, h.Ref, h.Why = Unknown, x.ref, "whether both hosts have the same key is not known"
		default:
			return nil
		}
		return h
	})
}
