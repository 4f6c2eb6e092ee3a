package stack

import (
	"net/netip"
	"strconv"
)

// A Service is a virtual service of IPVS.
type Service struct {
	Six          bool
	Mark         uint32 // 0: by address
	Proto        string
	Address      netip.Addr
	Port         int
	Scheduler    string
	Flags        string
	Destinations []*Destination
	Seen         Seen
	Ref          string
}

// A Destination is a real server of a virtual service.
type Destination struct {
	Address   netip.Addr
	Port      int    // 0 keeps the packet's own
	Forward   string // masq, route, tunnel, local or bypass
	Weight    int    // 0 takes no new connections
	Threshold int    // most connections that it takes; 0: no bound
	Active    int    // connections at the last read
	Seen      Seen

	origin
}

// Ref is the address of the row.
func (d *Destination) Ref() string { return d.ref("ipvs_destination") }

func putService(s *Space, f []string) {
	s.Services = append(s.Services, &Service{
		Six: f[1] == "ipv6", Mark: mark(f[2]), Proto: f[3], Address: ip(f[4]), Port: number(f[5]), Scheduler: f[6], Flags: f[7], Seen: Seen(f[8]), Ref: f[9],
	})
}

func putDestination(s *Space, f []string) {
	d := s.Host.slabs.destinations.row()
	*d = Destination{Address: ip(f[5]), Port: number(f[6]), Forward: f[7], Weight: number(f[8]), Threshold: number(f[9]), Active: number(f[10]), Seen: Seen(f[12]), origin: origin{s.Host, f[13]}}
	if f[11] != "" {
		d.Active = number(f[11])
	}
	m, address, port := mark(f[1]), ip(f[3]), number(f[4])
	for _, v := range s.Services {
		if v.Six != d.Address.Is6() || v.Mark != m || (m == 0 && (v.Proto != f[2] || v.Address != address || v.Port != port)) {
			continue
		}
		v.Destinations = append(v.Destinations, d)
	}
}

// mark reads a firewall mark, of which the kernel has 32 bits.
func mark(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}

// Virtual is the virtual service that takes a packet, nil for none: first by mark, then by address and port, then by
// address alone (ip_vs_service_find, net/netfilter/ipvs/ip_vs_ctl.c). Moving is set where only one of two reads saw it.
func (s *Space) Virtual(fwmark uint32, proto string, address netip.Addr, port int) (v *Service, moving bool) {
	try := func(ok func(v *Service) bool) *Service {
		for _, v := range s.Services {
			if v.Six != address.Is6() || !ok(v) {
				continue
			}
			if v.Seen.Gone() {
				moving = true
				continue
			}
			return v
		}
		return nil
	}
	if fwmark != 0 {
		if v := try(func(v *Service) bool { return v.Mark == fwmark }); v != nil {
			return v, moving
		}
	}
	for _, p := range [...]int{port, 0} {
		if v := try(func(v *Service) bool { return v.Mark == 0 && v.Proto == proto && v.Address == address && v.Port == p }); v != nil {
			return v, moving
		}
	}
	return nil, moving
}

// Takes reports whether a destination may be chosen for a new connection (ip_vs_rr_schedule and its like leave out
// those of weight 0 and those over their threshold).
func (d *Destination) Takes() bool {
	return !d.Seen.Gone() && d.Weight > 0 && (d.Threshold == 0 || d.Active < d.Threshold)
}
