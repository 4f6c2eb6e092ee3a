package path

import (
	"net/netip"
	"slices"
)

// A hostState is what was judged of one host while it was in memory: everything that pairs are put together from.
type hostState struct {
	name   string
	nets   map[string]*hostNet
	unders []*under // by the pool's number of what outer makes of a tunnel
	pool   *pool
	gates  []*gate // one for each of its VTEPs and UDP ports: few
	inside bool    // its rules look inside of packets
	pubs   []*pubState
	outs   []outState
	mesh   bool

	seals     map[sealedKey]*sealed
	opens     map[sealedKey]opened
	inbound   map[stateKey]inbound
	xfrmWhole bool
}

// A tunnel is where a forwarding entry leads.
type tunnel struct {
	vtep      netip.Addr
	port, vni int
}

// An end is a VXLAN device of a network: what stops packets for its VNI and UDP port there, nil where it takes them.
type end struct {
	vni, port int
	bad       *Hop
}

// A hostNet is one network on one host.
type hostNet struct {
	net   *Network
	host  *hostState
	ways  []wayNumber // by place in Network.list
	known []way       // by number; no fewer than ways has
	legs  []*legState
	lb    *legState           // the balancer's; nil for none
	loose map[netip.Addr]*Hop // ports that are on no bridge, by an address behind them
	vxlan string              // what its VXLAN device is
	ref   string              // row of that device
	own   string              // row of the namespace
	vips  map[vipKey]*vipState
	space string
	ends  []end
}

// way is how frames get to an endpoint of the network.
func (hn *hostNet) way(ep *Endpoint) *way { return &hn.known[hn.ways[ep.n]] }

// end is what stops the packets of a tunnel at the network's VXLAN device on a host; ok is false where none is for them.
func (hn *hostNet) end(t *tunnel) (bad *Hop, ok bool) {
	if hn == nil {
		return nil, false
	}
	for i := range hn.ends {
		if e := &hn.ends[i]; e.vni == t.vni && e.port == t.port {
			return e.bad, true
		}
	}
	return nil, false
}

type vipKey struct {
	ip    netip.Addr
	proto string
}

// A way is what is kept of a send: to whom, from this host.
type way struct {
	arp, rest *Hop
	tun       *tunnel // nil: it stays on the host, or gets nowhere. Without a VTEP: the tunnel has no entry
	fixed     bool    // the tunnel's entry is one that the device does not change itself
	learns    teaching
}

// A legState is one sandbox on one network.
type legState struct {
	ep      *Endpoint // nil: nobody whom the swarm knows
	host    *hostState
	hn      *hostNet
	space   string // name of the namespace
	netns   string
	mtu     int                 // of its device; 0: not known
	ref     string              // row of its device
	except  map[netip.Addr]*Hop // what it remembers otherwise than is answered; a nil entry: it remembers for good what is not answered
	knows   bool                // its neighbours were captured
	whole   bool                // its sockets were captured
	self    hearsay             // of names that it was asked for itself
	peers   *hearsay            // of other names, from those on the same networks; nil for none
	unasked *Hop                // resolving any other name
	out     map[netip.Addr]*Hop // leaving towards an address, where that was judged by itself
	leaves  *Hop                // leaving towards the network
	udp     *leaving            // the same for datagrams; nil where they leave as segments of TCP do
	listen  []port
	spent   map[netip.AddrPort]*Hop // to whom it has no port left
	own     map[netip.Addr]*owned   // addresses of others that it has, too; nil for none
	back    *part                   // the way from the balancer, when it was judged

	entrance                          // at its own address
	virtual  map[netip.Addr]*entrance // at virtual addresses that direct routing leaves in the packet; nil for none
}

// An entrance is arrival at a sandbox by one address.
type entrance struct {
	any   *Hop // at any port
	doors []door
}

// A door is a port that arrival at was judged for: what stops it, nil where a socket takes the connection.
type door struct {
	port port
	bad  *Hop
}

// door is arrival at a port; ok is false where that was not judged. There are few, and each pair asks. Of a port that is published twice the
// last counts.
func (e *entrance) door(p port) (bad *Hop, ok bool) {
	for i := range slices.Backward(e.doors) {
		if d := &e.doors[i]; d.port.Port == p.Port && d.port.Proto == p.Proto {
			return d.bad, true
		}
	}
	return nil, false
}

// A leaving is what keeps packets of a protocol from leaving a sandbox.
type leaving struct {
	out    map[netip.Addr]*Hop // towards an address, where that was judged by itself
	leaves *Hop                // towards the network
}

// put keeps what is not as it is towards the network.
func (o *leaving) put(ip netip.Addr, h, typical *Hop) {
	if h == typical {
		return
	}
	if o.out == nil {
		o.out = map[netip.Addr]*Hop{}
	}
	o.out[ip] = h
}

// A vipState is a virtual address on one host.
type vipState struct {
	vip *VIP
	way way // from the port of a client to the balancer
	bal *balancing
}

// A wayOut is what ways out that are whole have in common.
type wayOut struct {
	src netip.Addr
	mtu int
}

// under is the host's way out for a tunnel, nil where none was walked.
func (hs *hostState) under(t tunnel) *under {
	if n, ok := hs.pool.numbers[outer(t, hs.inside)]; ok && n < len(hs.unders) {
		return hs.unders[n]
	}
	return nil
}

// gate is how a tunnel's packets come in, nil where that was not walked.
func (hs *hostState) gate(t tunnel) *gate {
	t = outer(t, hs.inside)
	for _, g := range hs.gates {
		if g.of == t {
			return g
		}
	}
	return nil
}

func (hn *hostNet) leg(netns string) *legState {
	for _, l := range hn.legs {
		if l.netns == netns {
			return l
		}
	}
	return nil
}

// legOf is the sandbox of an endpoint.
func (hn *hostNet) legOf(ep *Endpoint) *legState {
	for _, l := range hn.legs {
		if l.ep == ep {
			return l
		}
	}
	return nil
}
