package path

import (
	"fmt"
	"net/netip"
)

// A wire is an address of a host's own device of IPv4: no bridge, no end of a veth.
type wire struct {
	host string
	at   netip.Prefix // address with the subnet's length
	mtu  int
	dev  string
	ref  string
}

// overhead is what a tunnel puts before a packet of a network: 50 bytes over IPv4, 70 over IPv6, and 26 more at least
// where it is encrypted.
func overhead(net *Network, over netip.Addr) int {
	n := 50
	if over.Is6() {
		n = 70
	}
	if net.Encrypted {
		n += 26
	}
	return n
}

// mtu doubts the way of packets of full size where the underlay takes less than they have with the tunnel's headers. From
// Linux 5.9 on the tunnel tells a sender of TCP to use smaller segments, as skb_tunnel_check_pmtu does for what comes from
// the port of a bridge, and takes apart what is still too large.
func (j *judge) mtu(from *legState, u *under) *Hop {
	a := from.hn.host
	size := from.hn.mtu + overhead(from.hn.net, u.src)
	if u.mtu == 0 || size <= u.mtu || j.world.kernel[a.name] >= 5009 {
		return nil
	}
	return j.once("mtu", a.name, from.hn.net.Net, func() *Hop {
		return &Hop{Host: a.name, Place: from.hn.space, Step: "MTU", Verdict: Unknown, Subject: "mtu:" + a.name + "/" + from.hn.space,
			Expected: fmt.Sprintf("an underlay for packets of %d bytes", size), Observed: fmt.Sprintf("MTU %d", u.mtu),
			Why: "small packets pass; those of full size are answered by an ICMP error or cut into fragments, and whether these arrive is not told"}
	})
}

// large doubts datagrams of full size over an underlay that takes less, there or back, where TCP is told to use smaller
// segments: the first one that is too large is answered by an ICMP error, and whether the sender sends again is its own affair.
// Nil for TCP, and where the underlay takes all.
func (j *judge) large(from *legState, ep *Endpoint, proto string) *Hop {
	if proto != "udp" {
		return nil
	}
	h := j.datagrams(from, ep)
	if to := j.legOf(ep); h == nil && to != nil && from.ep != nil {
		h = j.datagrams(to, from.ep)
	}
	return h
}

func (j *judge) datagrams(from *legState, ep *Endpoint) *Hop {
	t := from.hn.ways[ep.n].tun
	if t == nil {
		return nil
	}
	a := from.hn.host
	u := a.under(*t)
	if u == nil || u.mtu == 0 {
		return nil
	}
	size := from.hn.mtu + overhead(from.hn.net, u.src)
	if size <= u.mtu {
		return nil
	}
	return j.once("datagrams", a.name, from.hn.net.Net, func() *Hop {
		return &Hop{Host: a.name, Place: from.hn.space, Step: "MTU", Verdict: Unknown, Subject: "mtu:" + a.name + "/" + from.hn.space,
			Expected: fmt.Sprintf("an underlay for packets of %d bytes", size), Observed: fmt.Sprintf("MTU %d", u.mtu),
			Why: "small datagrams pass; one of full size is answered by an ICMP error, and arrives when it is sent again in fragments"}
	})
}

// takes doubts the way of packets of full size that leave a host, and are larger than the MTU of the device by which they
// come to the other: nothing tells the sender, and whether a driver takes what is larger than its own MTU differs.
func (j *judge) takes(from *legState, u *under, b *hostState, g *gate) *Hop {
	if g == nil || g.mtu == 0 || from.hn.mtu == 0 {
		return nil
	}
	size := from.hn.mtu + overhead(from.hn.net, u.src)
	if u.mtu > 0 {
		size = min(size, u.mtu) // the sender's host takes apart what is larger
	}
	if size <= g.mtu {
		return nil
	}
	return j.once("takes", b.name, fmt.Sprint(g.dev, " ", size), func() *Hop {
		return tooLarge(b.name, g.dev, g.ref, g.mtu, size)
	})
}

func tooLarge(host, dev, ref string, mtu, size int) *Hop {
	return &Hop{Host: host, Place: "host", Step: "underlay, MTU", Verdict: Unknown, Subject: "mtu:" + host + "/" + dev + "/ipv4", Ref: ref,
		Expected: fmt.Sprintf("%s takes packets of %d bytes", dev, size), Observed: fmt.Sprintf("%s, MTU %d", dev, mtu),
		Why: "small packets pass; drivers differ in whether they take one that is larger than their own MTU, and no sender is told"}
}

// narrow doubts what the outside sends a host in packets of full size: where another host on the same subnet sends larger
// ones than the device takes by its MTU, so may the outside. Nil where all have the same.
func (w *World) narrow(host string, at netip.Addr) *Hop {
	var own *wire
	for i := range w.wires {
		if x := &w.wires[i]; x.host == host && x.at.Addr() == at {
			own = x
		}
	}
	if own == nil {
		return nil
	}
	most := own.mtu
	for i := range w.wires {
		if x := &w.wires[i]; x.host != host && x.at.Masked() == own.at.Masked() {
			most = max(most, x.mtu)
		}
	}
	if most == own.mtu {
		return nil
	}
	return tooLarge(host, own.dev, own.ref, own.mtu, most)
}
