package stack

import "net/netip"

// Answers reports whether the namespace answers a question for the link address of ip that comes in by a device: it has
// the address, on that device or, unless arp_ignore says otherwise, on any (arp_process and arp_ignore, net/ipv4/arp.c;
// of IPv6 ndisc_recv_ns, which asks the device). Known is false where the addresses or arp_ignore were not captured.
func (s *Space) Answers(in *Link, ip netip.Addr) (answers, known bool, ref string) {
	if !s.Whole("address") {
		return false, false, ""
	}
	a := s.Local(ip)
	if a == nil {
		return false, true, ""
	}
	if a.Index == in.Index {
		return true, true, a.Ref
	}
	if ip.Is6() {
		return false, true, a.Ref
	}
	ignore := "0"
	for _, key := range [...]string{"net.ipv4.conf.all.arp_ignore", "net.ipv4.conf." + in.Name + ".arp_ignore"} {
		v, ok := s.Sysctl(key)
		if !ok {
			return false, false, a.Ref
		}
		ignore = max(ignore, v.Value)
	}
	return ignore == "0", true, a.Ref
}

// A Reply is an answer to a question for a link address on a bridge.
type Reply struct {
	MAC   string
	From  *Link // device that answers: at the other end of a port, the bridge itself, or the VXLAN device as a proxy
	Proxy bool
	ref   string // row of the address
	by    *Neighbour
}

// Ref is the row of the address, or of the proxy's neighbour.
func (r *Reply) Ref() string {
	if r.by != nil {
		return r.by.Ref()
	}
	return r.ref
}

// Ask is who answers on a bridge for the link address of ip, when the question comes in by a port; from is nil where it
// comes from the bridge's own namespace. Unsure says why there may be an answer more: a port whose other end was not captured.
func (s *Space) Ask(bridge, from *Link, ip netip.Addr) (replies []Reply, unsure string) {
	if !s.Whole("link") {
		unsure = "the devices of " + s.Name + " were not captured"
	}
	if bridge.Up() && from != nil {
		switch yes, known, ref := s.Answers(bridge, ip); {
		case yes:
			replies = append(replies, Reply{MAC: bridge.MAC, From: bridge, ref: ref})
		case !known:
			unsure = "the addresses of " + s.Name + " were not captured"
		}
	}
	for _, port := range s.Ports(bridge) {
		if port == from || !port.Up() || !port.Forwarding() || !port.Floods() {
			continue
		}
		switch port.Kind {
		case "vxlan":
			if n, why := s.proxied(port, ip); n != nil {
				replies = append(replies, Reply{MAC: n.MAC, From: port, Proxy: true, by: n})
			} else if why != "" {
				unsure = why
			}
		case "veth":
			peer := port.Peer()
			if peer == nil {
				unsure = "the other end of " + port.Name + " in " + s.Name + " was not captured"
				continue
			}
			if !peer.Up() {
				continue
			}
			switch yes, known, ref := peer.Space.Answers(peer, ip); {
			case yes:
				replies = append(replies, Reply{MAC: peer.MAC, From: peer, ref: ref})
			case !known:
				unsure = "the addresses of " + peer.Space.Name + " were not captured"
			}
		default:
			unsure = "what is behind " + port.Name + " in " + s.Name + " is not known"
		}
	}
	return replies, unsure
}

// proxied is the neighbour with which a VXLAN device answers in place of the far end: it does for what it has a sure
// link address of, unless its own table says that the address is no tunnel's. Whatever it finds, the question never
// crosses the tunnel (arp_reduce and neigh_reduce, drivers/net/vxlan/vxlan_core.c). Without the flag proxy the question
// goes to all tunnels, and who answers there is not told here.
func (s *Space) proxied(dev *Link, ip netip.Addr) (n *Neighbour, unsure string) {
	if !dev.Has("proxy") {
		return nil, dev.Name + " in " + s.Name + " is no proxy: who answers behind the tunnel is not told"
	}
	now, earlier := s.Neighbour(dev, ip)
	switch {
	case now != nil && now.Connected():
		if e := s.firstSelf(dev, now.MAC); e != nil && !e.Dst.IsValid() {
			return nil, ""
		}
		return now, ""
	case earlier != nil:
		return nil, "the neighbour " + ip.String() + " of " + dev.Name + " in " + s.Name + " was there at the first read only"
	case !s.Whole("neighbour"):
		return nil, "the neighbours of " + s.Name + " were not captured"
	}
	return nil, ""
}
