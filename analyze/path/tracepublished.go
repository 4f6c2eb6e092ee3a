package path

import (
	"fmt"
	"net/netip"

	"github.com/netmortem/netmortem/analyze/stack"
)

// in walks from the outside, or from another host, to a published port.
func (t *tracer) in(q Question) (*Trace, error) {
	var pub *Published
	host := q.To.Host
	if q.To.IP.IsLoopback() {
		if host = q.From.Host; host == "" {
			return nil, fmt.Errorf("the outside does not get to %s; a host asks itself there: --from HOST", q.To.IP)
		}
	}
	for _, p := range t.world.Ports {
		if (q.To.Service == nil || p.ServiceID == q.To.Service.ID) && p.Proto == q.Proto && (q.Port == 0 || p.Port == q.Port || q.To.Service != nil && p.Target == q.Port) {
			pub = p
			break
		}
	}
	if pub == nil {
		return nil, fmt.Errorf("no service publishes %s port %d", q.Proto, q.Port)
	}
	if host == "" {
		for _, h := range t.world.Hosts {
			if pub.Mode == "ingress" && t.world.mesh[h] || pub.Mode == "host" && t.world.hasTask(pub.ServiceID, h) {
				host = h
				break
			}
		}
	}
	if host == "" {
		return nil, fmt.Errorf("no captured host is expected to serve %s port %d", pub.Proto, pub.Port)
	}
	from, src := q.From.Label, somewhere4
	if q.From.Host != "" && q.From.Host != host {
		for ip, nodes := range t.world.vtep {
			if ip.Is4() && (nodes[q.From.Host] || nodes[t.world.nodeOf[q.From.Host]]) && !ip.IsPrivate() || nodes[t.world.nodeOf[q.From.Host]] && ip.Is4() && t.routed(ip, host) {
				src = ip
			}
		}
	}
	tr := &Trace{From: from, To: fmt.Sprintf("%s, port %d of %s", pub.Service, pub.Port, host), Proto: pub.Proto, Port: pub.Port, Via: pub.Mode, Network: "ingress"}
	if q.To.IP.IsValid() {
		tr.To += " at " + q.To.IP.String()
	}
	m, err := t.need(host)
	if err != nil {
		return nil, err
	}
	if m == nil {
		tr.Common = []Hop{*t.missing(&Endpoint{Node: t.world.nodeOf[host]})}
		return tr.done(), nil
	}
	w := &walk{keep: true}
	var ps *pubState
	if q.From.Host == host {
		at := q.To.IP
		if !at.IsValid() {
			if at = m.ownAddress(); !at.IsValid() {
				return nil, fmt.Errorf("at which address others ask %s was not captured; ask for 127.0.0.1", host)
			}
		}
		ps = m.publishOwn(w, pub, at, nil)
	} else if q.To.IP.Is6() {
		ps = m.publishSix(w, pub, q.To.IP)
	} else {
		ps = m.publish(w, pub, src)
	}
	sv := t.world.Services[pub.ServiceID]
	tr.Common = legged("published", ps.hops)
	t.settle(tr.Common, sv.newest(nil))
	if h := t.world.narrow(host, ps.at).stop(ps.pub.Proto); h != nil && ps.bad == nil && !ps.own {
		tr.Common = append(tr.Common, h.in("published"))
	}
	if ps.bal == nil || len(ps.bal.to) == 0 || ps.bad != nil {
		return tr.done(), nil
	}
	for _, hn := range t.hosts[host].nets {
		if !hn.net.Ingress || hn.lb == nil {
			continue
		}
		tr.Network = hn.net.Name
		if err := t.roomFor(ps.bal.endpoints()); err != nil {
			return nil, err
		}
		for i := range ps.bal.to {
			if ep := ps.bal.to[i].ep; ep != nil {
				if _, err := t.need(ep.Host); err != nil {
					return nil, err
				}
			}
		}
		parts := t.meshBackends(hn, sv, ps)
		for i := range ps.bal.to {
			x := &ps.bal.to[i]
			b := Branch{To: x.ip.String(), Hops: legged("balancer", x.hops)}
			if h := parts[i].hop; h != nil && h.Step == "destination" {
				b.Hops = append(b.Hops, h.in("balancer"))
			} else if x.ep != nil {
				b.To = x.ep.Label + ", " + x.ip.String()
				t.carried(&b, "request", hn.lb, x.ep)
				t.arrived(&b, x.ep, x.ep.IP, port{pub.Proto, pub.Port})
				if back := t.legOf(x.ep); back != nil {
					t.carried(&b, "answer", back, hn.lb.ep)
				}
			}
			tr.Ways = append(tr.Ways, b)
		}
	}
	return tr.done(), nil
}

// routed reports whether an address is one that other hosts send to: a VTEP of a forwarding entry, not one of a bridge.
func (t *tracer) routed(ip netip.Addr, host string) bool {
	m, err := t.need(host)
	if err != nil || m == nil || m.Initial == nil {
		return false
	}
	d := m.Initial.Lookup(stack.Flow{Dst: ip})
	return d.Forward() && d.Link.Kind != "bridge"
}

// out walks from a sandbox to the outside.
func (t *tracer) out(q Question) (*Trace, error) {
	if len(q.From.Endpoints) == 0 {
		return nil, fmt.Errorf("%s is no sandbox: what it sends to the outside is not walked", q.From.Label)
	}
	ep := q.From.Endpoints[0]
	tr := &Trace{From: ep.Label + " on " + t.world.node(ep.Node), To: "the outside", Proto: q.Proto, Via: "egress"}
	m, err := t.need(ep.Host)
	if err != nil {
		return nil, err
	}
	if m == nil {
		tr.Common = []Hop{*t.missing(ep)}
		return tr.done(), nil
	}
	s := m.taskSpace(ep)
	if s == nil || m.Initial == nil {
		tr.Common = []Hop{*t.door(ep, port{"tcp", 0})}
		return tr.done(), nil
	}
	for _, port := range m.Initial.Links {
		peer := port.Peer()
		if port.Kind != "veth" || port.Bridge() == nil || peer == nil || peer.Space != s {
			continue
		}
		l := leg{peer.Space, peer, port, peer.Space.On(peer)}
		for _, a := range l.ips {
			if a.IP.Is4() {
				w := &walk{keep: true}
				m.egress(w, l, a.IP)
				tr.add("egress", w)
				return tr.done(), nil
			}
		}
	}
	tr.Common = []Hop{{Host: m.Name, Place: s.Name, Netns: s.ID, Leg: "egress", Step: "link", Expected: "a device on a bridge of the host", Verdict: Dropped, Ref: s.Ref,
		Subject: "route:" + m.Name + "/" + s.Name + "/default", Why: "the sandbox has no device on a bridge of the host: its networks have no way out"}}
	if !m.Initial.Whole("link") {
		tr.Common[0].Verdict, tr.Common[0].Why = Unknown, "the devices of the host were not captured whole"
	}
	return tr.done(), nil
}

// port is the first port of a service, 0 where none is known.
func (t *tracer) port(sv *Service, proto string) int {
	if sv == nil {
		return 0
	}
	t.discover(sv)
	for _, p := range sv.portsOf() {
		if p.Proto == proto {
			return p.Port
		}
	}
	return 0
}
