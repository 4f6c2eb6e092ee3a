package path

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A send is what a host's overlay namespace does with frames for an address of the network.
type send struct {
	arp  *Hop   // who asks for the link address gets no answer, or a doubtful one; nil when it does
	rest *Hop   // frames for the link address get lost, or that cannot be told; nil when they do not
	mac  string // that the address is answered with; where it is not, the one that it should be
	leg  *leg   // where they end up on this host; nil for a tunnel
	vtep netip.Addr
	port int // UDP; with vni also of a tunnel that has no entry
	vni  int

	fixed  bool     // the forwarding entry is one that the device does not change itself
	learns teaching // what the VXLAN device does with what it sees come in
}

// lan walks from the ports of an overlay's bridge to an address: who answers for it, where the bridge and the tunnel
// send the frames. ep is who should have the address; nil for a virtual address, which the balancer here should have.
func (m *machine) lan(w *walk, o *overlay, ip netip.Addr, ep *Endpoint, balancer *leg) send {
	s := o.space
	at := func(step string) Hop { return Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: step} }
	here := m.Name
	var out send
	local := balancer != nil || ep != nil && ep.Host == here
	stop := func() send { out.rest, w.bad = w.bad, nil; return out }

	br := o.bridge(ip)
	if br == nil || !s.Whole("link") {
		h := at("bridge")
		h.Expected = "a bridge with a port for each sandbox"
		h.Subject = "netns:" + m.Name + "/" + s.Name
		if br == nil && s.Whole("link") {
			h.Why, h.Ref = "there is no bridge in the namespace", s.Ref
			w.drop(h)
		} else {
			h.Why = "the devices of the namespace were not captured whole"
			w.doubt(h)
		}
		return stop()
	}
	if !br.Up() {
		h := at("bridge")
		h.Expected, h.Observed, h.Why, h.Ref, h.Subject = br.Name+" up", br.Name+" "+state(br), "the bridge is down", br.Ref, m.linkSubject(br)
		w.drop(h)
		return stop()
	}

	// who answers
	replies, unsure := s.Ask(br, nil, ip)
	want := ""
	if ep != nil {
		want = ep.MAC
	}
	if balancer != nil {
		want = balancer.dev.MAC
	}
	h := at("neighbour")
	// This runs for each host and endpoint, and mostly all is well: only what is told is put into words.
	well := len(replies) == 1 && replies[0].MAC != "" && (want == "" || replies[0].MAC == want)
	if !well || w.keep {
		address := ip.String()
		h.Subject = "neigh:" + m.Name + "/" + s.Name + "/" + address
		switch {
		case ep != nil && local:
			h.Expected = ep.Label + " of " + m.Name + " answers for " + address + " with " + want
		case ep != nil:
			h.Expected = "the tunnel answers for " + address + " with " + want
		case balancer != nil:
			h.Expected = balancer.space.Name + " answers for " + address + " with " + want
		}
	}
	if ep != nil {
		h.ExpectedRef = ep.Ref
	}
	out.mac = want
	differ := false
	proxies, others := 0, 0
	for _, r := range replies {
		differ = differ || r.MAC != replies[0].MAC
		if !well || w.keep {
			h.Ref = r.Ref()
		}
		if r.Proxy {
			proxies++
		} else {
			others++
		}
	}
	var arp walk
	arp.keep = w.keep
	switch {
	case len(replies) == 0 && unsure != "":
		h.Why = unsure
		arp.doubt(h)
	case len(replies) == 0:
		h.Observed, h.absent = "nobody answers", true
		h.Why = "no namespace here has the address, and the tunnel has no neighbour for it"
		if local {
			h.Why = "no device on this bridge answers for the address"
			h.Subject, h.Ref = m.silent(o, ip, ep, balancer)
		} else {
			h.Ref = s.Ref
			if vx := o.tunnel(br); vx != nil && (!vx.Up() || !vx.Forwarding()) {
				h.Step, h.Subject, h.Ref, h.Observed, h.Why, h.absent = "link", m.linkSubject(vx), vx.Ref, vx.Name+" "+state(vx), "the tunnel is down, and nobody answers in place of the far end", false
			}
		}
		arp.drop(h)
	case differ:
		macs := map[string]bool{}
		for _, r := range replies {
			macs[r.MAC] = true
		}
		h.Observed = "answers with " + strings.Join(keys(macs), " and ")
		h.Why = "several answer, and which answer counts is a matter of time"
		arp.doubt(h)
	case proxies > 0 && others > 0:
		out.mac = replies[0].MAC
		h.Observed = "the tunnel answers beside the sandbox"
		h.Subject = "fdb:" + m.Name + "/" + s.Name + "/" + out.mac
		h.Why = "each exchange moves the link address behind the tunnel and back: which answer the bridge saw last decides"
		arp.doubt(h)
	default:
		out.mac = replies[0].MAC
		if want != "" && out.mac != want {
			h.Observed = "answered with " + out.mac
			h.Why = "that is not the link address of the endpoint"
			if proxies > 0 {
				arp.drop(h)
			} else {
				arp.doubt(h)
			}
			break
		}
		if w.keep {
			h.Observed, h.Subject = "answered with "+out.mac, ""
			arp.pass(h)
		}
	}
	w.hops = append(w.hops, arp.hops...)
	out.arp = arp.bad
	if out.mac == "" {
		if out.arp == nil {
			h.Why = "the link address that the endpoint should have is not known"
			w.doubt(h)
			return stop()
		}
		return out
	}

	// where the frames go
	h = at("fdb")
	// The subject is put together when something is told, which is rare.
	tell := func(end func(Hop)) {
		if h.Subject == "" {
			h.Subject = "fdb:" + m.Name + "/" + s.Name + "/" + out.mac
		}
		end(h)
	}
	if ep != nil {
		h.ExpectedRef = ep.Ref
	}
	entry, _ := s.Switch(br, out.mac)
	vx := o.tunnel(br)
	var port *stack.Link
	switch {
	case entry != nil:
		port = s.Link(entry.Index)
		h.Ref = entry.Ref()
		h.fresh = entry.Seen == stack.SeenLast && !entry.Permanent()
		if port != nil && port != br && port.Master != br.Index {
			port, h.Ref = nil, "" // of a port that has left the bridge
		}
	case !s.Whole("fdb"):
		h.Why = "the forwarding entries were not captured whole"
		tell(w.doubt)
		return stop()
	}
	if port == nil { // flooded: the one that has the address takes it
		if local {
			for _, l := range o.legs() {
				if l.dev.MAC == out.mac {
					port = l.port
				}
			}
		} else {
			port = vx
		}
		if port != nil && !port.Floods() {
			h.Why, h.Observed, h.Ref, h.Subject = "the bridge has no entry, and does not flood to "+port.Name, "no entry", port.Ref, m.linkSubject(port)
			tell(w.drop)
			return stop()
		}
	}
	if port == nil {
		h.Observed, h.Why, h.Ref, h.absent = "no port leads there", "no port of the bridge leads to "+out.mac, br.Ref, true
		if p := o.unplugged(out.mac); p != nil {
			h.Step, h.Subject, h.Ref, h.absent = "link", m.linkSubject(p), p.Ref, false
			h.Expected, h.Observed, h.Why = p.Name+" is a port of "+br.Name, p.Name+" is on no bridge", "the sandbox is cut off from its network"
		}
		if unsure != "" && h.absent {
			h.Observed, h.Why = "", unsure
			tell(w.doubt)
		} else {
			tell(w.drop)
		}
		return stop()
	}
	if !port.Up() || !port.Forwarding() {
		h.Step, h.Expected, h.Observed, h.Ref, h.Subject = "link", port.Name+" up and forwarding", port.Name+" "+state(port), port.Ref, m.linkSubject(port)
		h.Why, h.absent = "the port of the bridge does not pass frames", port.Kind == "veth"
		tell(w.drop)
		return stop()
	}
	if port.Kind != "vxlan" {
		return m.toPort(w, o, out, h, port, local, ep)
	}

	// through the tunnel
	entries, gone := s.Tunnel(port, out.mac)
	out.port, out.vni = port.VXLANPort, port.VNI
	if !local && (len(entries) == 0 || entries[0].MAC != out.mac || len(entries) == 1 && !entries[0].Permanent()) {
		h.taught = teaches(port)
	}
	out.fixed = len(entries) > 0 && entries[0].Permanent() && entries[0].MAC == out.mac
	out.learns = teaches(port)
	if local || len(entries) == 0 || ep == nil {
		h.Expected = out.mac + " behind the VTEP of its node"
	}
	switch {
	case local && entry != nil && entry.Permanent():
		h.Observed, h.Why = "the bridge sends it to the tunnel", "the endpoint is on this host, and its frames go into the tunnel"
		tell(w.drop)
		return stop()
	case local:
		h.Observed, h.Why = "the bridge saw it behind the tunnel", "the endpoint is on this host, and the bridge learned its address behind the tunnel: frames are lost until it sends again"
		tell(w.doubt)
		return stop()
	case len(entries) == 0 && len(gone) > 0:
		h.Ref, h.Why = gone[0].Ref(), "the entry was there at the first read only"
		tell(w.doubt)
		return stop()
	case len(entries) == 0 && !s.Whole("fdb"):
		h.Why = "the forwarding entries were not captured whole"
		tell(w.doubt)
		return stop()
	case len(entries) == 0:
		h.Observed, h.absent, h.Ref = "no entry", true, s.Ref
		h.Why = "the tunnel has no entry for the link address, and drops what it has none for"
		tell(w.drop)
		return stop()
	}
	e := entries[0]
	if len(entries) > 1 && ep != nil { // a copy goes to each
		for _, x := range entries {
			if ok, _ := m.world.owns(x.Dst, ep.Node, ep.Host); ok {
				e = x
			}
		}
	}
	out.vtep = e.Dst
	if e.Port != 0 {
		out.port = e.Port
	}
	if e.VNI != 0 {
		out.vni = e.VNI
	}
	owns, known := false, false
	if ep != nil {
		owns, known = m.world.owns(e.Dst, ep.Node, ep.Host)
	}
	if owns && !w.keep && e.Seen != stack.SeenLast {
		return stop() // mostly all is well, and nothing is told
	}
	h.Ref = e.Ref()
	if ep != nil {
		h.Expected = out.mac + " behind a VTEP of " + m.world.node(ep.Node)
		h.Observed = "behind " + e.Dst.String()
		switch {
		case owns:
		case m.own(e.Dst):
			h.Why = "that is an address of this host itself"
			tell(w.drop)
			return stop()
		case known:
			h.Why = "that is another node"
			tell(w.drop)
			return stop()
		case m.world.addressed[ep.Host]:
			h.Why = "that is no address of the node"
			tell(w.drop)
			return stop()
		default:
			h.Why = "whose address that is is not known"
			tell(w.doubt)
			return stop()
		}
	}
	if e.Seen == stack.SeenLast {
		h.Why = "the entry was there at the last read only"
		tell(w.doubt)
		return stop()
	}
	if w.keep {
		h.Subject = ""
		h.Observed = fmt.Sprintf("%s > %s, VNI %d, UDP port %d", out.mac, out.vtep, out.vni, out.port)
		w.pass(h)
	}
	return stop()
}

// teaches says whether a VXLAN device learns from what comes in behind which VTEP a link address is (IFLA_VXLAN_LEARNING;
// vxlan_rcv and vxlan_snoop, drivers/net/vxlan/vxlan_core.c). Docker's devices answer for neighbours: one without any flag
// is one whose flags were not captured.
func teaches(l *stack.Link) teaching {
	switch {
	case l.VXLANFlags == "":
		return mayBeTaught
	case l.Has("learning"):
		return teachable
	}
	return untaught
}

// toPort is the last step of a frame that stays on the host: the port's other end takes it if it is its own.
func (m *machine) toPort(w *walk, o *overlay, out send, h Hop, port *stack.Link, local bool, ep *Endpoint) send {
	stop := func() send { out.rest, w.bad = w.bad, nil; return out }
	peer := port.Peer()
	well := peer != nil && peer.Up() && peer.MAC == out.mac
	var back *stack.Forward
	if well {
		if back = o.leadingBack(m); back != nil && back.MAC == out.mac {
			back = nil
		}
	}
	if !well || back != nil || w.keep {
		h.Subject = "fdb:" + m.Name + "/" + o.space.Name + "/" + out.mac
		h.Expected = out.mac + " at the port of its sandbox"
		h.Observed = "at the port " + port.Name
	}
	switch {
	case peer == nil && port.Kind == "veth":
		h.Step, h.Subject, h.Why = "link", m.linkSubject(port), "the other end of "+port.Name+" was not captured"
		w.doubt(h)
		return stop()
	case peer == nil:
		h.Why = "what is behind " + port.Name + " is not known"
		w.doubt(h)
		return stop()
	case !peer.Up():
		h.Step, h.Subject, h.Ref = "link", m.linkSubject(peer), peer.Ref
		h.Expected, h.Observed = peer.Name+" in "+peer.Space.Name+" up", peer.Name+" "+state(peer)
		h.Why, h.absent = "the device of the sandbox is down", true
		w.drop(h)
		return stop()
	case peer.MAC != out.mac:
		h.Observed += ", whose other end is " + peer.MAC
		h.Why = "the bridge sends the frames to another sandbox, which does not take them"
		if !local {
			h.Why = "the endpoint is on another host, and the bridge has its address at a local port"
		}
		w.drop(h)
		return stop()
	}
	if back != nil {
		h.Subject, h.Ref = "fdb:"+m.Name+"/"+o.space.Name+"/"+back.MAC, back.Ref()
		h.Observed += "; " + back.MAC + " is behind " + back.Dst.String() + ", this host itself"
		h.Why = "who sends to that comes back in by the tunnel, and the bridge learns it there: frames to it are lost until it sends again"
		w.doubt(h)
		return stop()
	}
	out.leg = &leg{peer.Space, peer, port, peer.Space.On(peer)}
	if w.keep {
		h.Subject = ""
		h.Observed = fmt.Sprintf("%s > %s, %s of %s", out.mac, port.Name, peer.Name, peer.Space.Name)
		w.pass(h)
	}
	return stop()
}

// leadingBack is an entry that sends frames for another host's endpoint to this host itself, nil for none. They leave the tunnel where
// they came from (vxlan_xmit_one to a local destination, drivers/net/vxlan/vxlan_core.c), and the bridge moves their sender's address to
// the port of the tunnel.
func (o *overlay) leadingBack(m *machine) *stack.Forward {
	if !o.looked {
		o.looked = true
		here := map[string]bool{} // the bridge knows these by their ports, and asks no tunnel
		for _, l := range o.legs() {
			here[l.dev.MAC] = true
		}
		o.back = o.space.Programmed(func(e *stack.Forward) bool { return m.own(e.Dst) && !here[e.MAC] })
	}
	return o.back
}

// silent names the row because of which nobody here answers for an address of this host.
func (m *machine) silent(o *overlay, ip netip.Addr, ep *Endpoint, balancer *leg) (subject, ref string) {
	if balancer != nil {
		if !balancer.dev.Up() {
			return m.linkSubject(balancer.dev), balancer.dev.Ref
		}
		if !balancer.port.Up() {
			return m.linkSubject(balancer.port), balancer.port.Ref
		}
		return "vip:" + m.Name + "/" + balancer.space.Name + "/" + ip.String(), balancer.space.Ref
	}
	if ep != nil {
		if p := o.unplugged(ep.MAC); p != nil {
			return m.linkSubject(p), p.Ref
		}
	}
	for _, l := range o.legs() {
		if ep != nil && l.dev.MAC == ep.MAC {
			if !l.dev.Up() {
				return m.linkSubject(l.dev), l.dev.Ref
			}
			if !l.port.Up() {
				return m.linkSubject(l.port), l.port.Ref
			}
			return "address:" + m.Name + "/" + o.net.Net + "/" + ip.String(), l.dev.Ref
		}
	}
	return "address:" + m.Name + "/" + o.net.Net + "/" + ip.String(), o.space.Ref
}

// own reports whether an address is the host's own.
func (m *machine) own(ip netip.Addr) bool {
	return ip.IsLoopback() || m.Initial != nil && m.Initial.Local(ip) != nil
}

func (m *machine) linkSubject(l *stack.Link) string {
	return "link:" + m.Name + "/" + l.Space.Name + "/" + l.Name
}

// state says what keeps a device from passing packets.
func state(l *stack.Link) string {
	switch {
	case !strings.Contains(","+l.Flags+",", ",up,"):
		return "down"
	case l.PortState != "" && !l.Forwarding():
		return "in the state " + l.PortState
	case !l.Up():
		return "up, without a carrier"
	}
	return "up"
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sortStrings(out)
	return out
}
