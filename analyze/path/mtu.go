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
	size := from.mtu + overhead(from.hn.net, u.src)
	if u.mtu == 0 || size <= u.mtu || j.world.kernel[a.name] >= 5009 {
		return nil
	}
	return j.once("mtu", a.name, fmt.Sprint(from.hn.net.Net, " ", size), func() *Hop {
		return &Hop{Host: a.name, Place: from.hn.space, Step: "MTU", Verdict: Unknown, Subject: "mtu:" + a.name + "/" + from.hn.space,
			Expected: fmt.Sprintf("an underlay for packets of %d bytes", size), Observed: fmt.Sprintf("MTU %d", u.mtu),
			Why: "small packets pass; those of full size are answered by an ICMP error or cut into fragments, and whether these arrive is not told"}
	})
}

// large doubts datagrams of full size over an underlay, or to a sandbox, that takes less, there or back, where TCP is told to use
// smaller segments: the first one that is too large for the underlay is answered by an ICMP error, and whether the sender sends again
// is its own affair. Nil for TCP, and where all take all.
func (j *judge) large(from *legState, ep *Endpoint, proto string) *Hop {
	if proto != "udp" {
		return nil
	}
	h := j.datagrams(from, ep)
	to := j.legOf(ep)
	if h == nil && to != nil && from.ep != nil {
		h = j.datagrams(to, from.ep)
	}
	if h == nil {
		h = j.ends(from, to)
	}
	return h
}

// ends doubts datagrams between two sandboxes whose devices differ in MTU: what is larger than the receiver's is dropped without a
// word (__is_skb_forwardable), for a bridge neither takes apart nor answers. Nil where one of them is not known.
func (j *judge) ends(a, b *legState) *Hop {
	if a == nil || b == nil || a.mtu == 0 || b.mtu == 0 || a.mtu == b.mtu {
		return nil
	}
	small, most := a, b.mtu
	if b.mtu < a.mtu {
		small, most = b, a.mtu
	}
	return j.once("ends", small.netns, fmt.Sprint(small.hn.net.Net, " ", most), func() *Hop {
		return &Hop{Host: small.hn.host.name, Place: small.space, Netns: small.netns, Step: "MTU", Verdict: Unknown, Subject: "mtu:" + small.hn.host.name + "/" + small.hn.space, Ref: small.ref,
			Expected: fmt.Sprintf("a device that takes packets of %d bytes, as the other end's does", most), Observed: fmt.Sprintf("MTU %d", small.mtu),
			Why: "small datagrams pass; one that is larger than the receiver's device takes is dropped, and nobody is told"}
	})
}

func (j *judge) datagrams(from *legState, ep *Endpoint) *Hop {
	t := from.hn.way(ep).tun
	if t == nil {
		return nil
	}
	a := from.hn.host
	u := a.under(*t)
	if u == nil || u.mtu == 0 {
		return nil
	}
	size := from.mtu + overhead(from.hn.net, u.src)
	if size <= u.mtu {
		return nil
	}
	return j.once("datagrams", a.name, fmt.Sprint(from.hn.net.Net, " ", size), func() *Hop {
		return &Hop{Host: a.name, Place: from.hn.space, Step: "MTU", Verdict: Unknown, Subject: "mtu:" + a.name + "/" + from.hn.space,
			Expected: fmt.Sprintf("an underlay for packets of %d bytes", size), Observed: fmt.Sprintf("MTU %d", u.mtu),
			Why: "small datagrams pass; one of full size is answered by an ICMP error, and arrives when it is sent again in fragments"}
	})
}

// takes doubts the way of packets of full size that leave a host, and are larger than the MTU of the device by which they
// come to the other: nothing tells the sender, and whether a driver takes what is larger than its own MTU differs.
func (j *judge) takes(from *legState, u *under, b *hostState, g *gate) *Hop {
	if g == nil || g.mtu == 0 || from.mtu == 0 {
		return nil
	}
	size := from.mtu + overhead(from.hn.net, u.src)
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

// A narrowing is what the MTU of a host's device leaves open where other hosts on the subnet have another one, and so may the outside.
type narrowing struct {
	in  *Hop // what comes in packets of full size; nil where no other host sends larger ones
	out *Hop // answers of full size in datagrams, for TCP agrees on smaller segments; nil where no other host takes less
}

// narrow compares a host's device with those of the other hosts on its subnet.
func (w *World) narrow(host string, at netip.Addr) narrowing {
	var own *wire
	for i := range w.wires {
		if x := &w.wires[i]; x.host == host && x.at.Addr() == at {
			own = x
		}
	}
	if own == nil {
		return narrowing{}
	}
	most, least := own, own
	for i := range w.wires {
		x := &w.wires[i]
		if x.host == host || x.at.Masked() != own.at.Masked() {
			continue
		}
		if x.mtu > most.mtu {
			most = x
		}
		if x.mtu < least.mtu {
			least = x
		}
	}
	var n narrowing
	if most != own {
		n.in = tooLarge(host, own.dev, own.ref, own.mtu, most.mtu)
	}
	if least != own {
		n.out = tooLarge(least.host, least.dev, least.ref, least.mtu, own.mtu)
	}
	return n
}

// stop is what is in doubt for a protocol.
func (n narrowing) stop(proto string) *Hop {
	if proto == "udp" {
		return worst(n.in, n.out)
	}
	return n.in
}
