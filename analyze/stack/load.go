package stack

import (
	"context"
	"net/netip"
	"strings"
)

// steps are the tables of a namespace, in the order in which they are read: a destination of IPVS finds its service.
var steps = []struct {
	table, columns, where string
	put                   func(s *Space, f []string)
}{
	{"link", "netns,ifindex,name,kind,mac,mtu,flags,operstate,master,ref,peer_netns,peer_ifindex,vni,vxlan_port,vxlan_local,vxlan_flags,vxlan_group,port_state,port_flags", "", putLink},
	{"address", "netns,ifindex,ip,prefix_len,scope,flags,dev,ref", "", putAddress},
	{"route", "netns,family,table_id,type,dst,src,gateway,pref_src,ifindex,metric,mtu,weight,flags,scope,ref", "", putRoute},
	{"policy_rule", "netns,family,priority,action,table_id,src,dst,in_iface,out_iface,fwmark,fwmask,invert,extra,ref", "", putRule},
	{"neighbour", "netns,ifindex,ip,mac,state,flags,seen,line", "", putNeighbour},
	{"fdb", "netns,ifindex,mac,dst,port,vni,state,self,on_master,master,seen,vlan,line", "mac IS NOT NULL", putForward},
	{"ipvs_service", "netns,family,fwmark,proto,address,port,scheduler,flags,seen,ref", "", putService},
	{"ipvs_destination", "netns,fwmark,proto,vaddress,vport,address,port,forward,weight,u_threshold,active,active_last,seen,line", "", putDestination},
	{"socket", "netns,proto,family,local,local_port,state,dev,v6only,recv_q,recv_q_last,send_q,seen,ref,peer", "state IN ('listening','unconnected') AND proto IN ('tcp','udp')", putSocket},
	{"xfrm_state", "netns,src,dst,proto,spi,reqid,mode,mark,mark_mask,aead_key_hash,seen,ref", "", putAssociation},
	{"xfrm_policy", "netns,direction,action,selector,mark,mark_mask,src,dst,proto,spi,reqid,mode,optional,templates,priority,seen,ref", "", putPolicy},
	{"conntrack_usage", "netns,entries,max_entries,entries_last,ref", "", putTracking},
	{"socket_group", "netns,peer,peer_port,sockets,sockets_last,ref", "peer_port > 0 AND seen <> 'first'", putGroup},
	{"sysctl", "netns,key,value,line", "", putSysctl},
}

// Host reads one host: one pass over its range of each table.
func (r *Reader) Host(ctx context.Context, name string) (*Host, error) {
	h := &Host{Name: name, byID: map[string]*Space{}, whole: map[string][]bool{}, all: map[string]bool{}}
	// Namespaces come first: a row of a namespace that is not in the list belongs to nothing.
	err := r.Each(ctx, name, "netns", "netns,name,kind,network,container,ref", "", func(f []string) {
		s := newSpace(h, f)
		s.n = len(h.Spaces)
		if twin := h.byID[s.ID]; twin != nil {
			s.n = twin.n
		}
		h.Spaces = append(h.Spaces, s)
		h.byID[s.ID] = s
		if s.Kind == KindHost && h.Initial == nil {
			h.Initial = s
		}
	})
	if err != nil {
		return nil, err
	}
	for _, step := range steps {
		var last *Space
		err := r.Each(ctx, name, step.table, step.columns, step.where, func(f []string) {
			if last == nil || last.ID != f[0] {
				last = h.byID[f[0]]
			}
			if last != nil {
				step.put(last, f)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for _, s := range h.Spaces {
		for _, l := range s.Links {
			l.peer = l.findPeer()
		}
	}
	err = r.Each(ctx, name, "captured", "netns,tbl", "", func(f []string) { h.captured(f[0], f[1]) })
	return h, err
}

// captured notes that a table was captured to its end in a namespace; the empty one is the whole host.
func (h *Host) captured(netns, table string) {
	if netns == "" {
		h.all[strings.Clone(table)] = true
	}
	of := h.whole[table]
	if of == nil {
		of = make([]bool, len(h.Spaces))
		h.whole[strings.Clone(table)] = of
	}
	if s := h.byID[netns]; s != nil {
		of[s.n] = true
	}
}

// newSpace is a namespace without rows: of netns, name, kind, network, container and ref.
func newSpace(h *Host, f []string) *Space {
	return &Space{
		Host: h, ID: strings.Clone(f[0]), Name: strings.Clone(f[1]), Kind: strings.Clone(f[2]), Network: strings.Clone(f[3]), Container: strings.Clone(f[4]), Ref: strings.Clone(f[5]),
		byIndex: map[int]*Link{}, ports: map[int][]*Link{}, on: map[int][]*Address{}, fib: map[int]*fib{}, local: map[netip.Addr]*Address{},
	}
}

func putLink(s *Space, f []string) {
	l := s.Host.slabs.links.row()
	*l = Link{
		Space: s, Index: number(f[1]), Name: f[2], Kind: f[3], MAC: f[4], MTU: number(f[5]), Flags: f[6], Operstate: f[7], Master: number(f[8]), Ref: f[9],
		PeerSpace: f[10], PeerIndex: number(f[11]), VNI: number(f[12]), VXLANPort: number(f[13]), VXLANLocal: ip(f[14]), VXLANFlags: f[15], VXLANGroup: ip(f[16]),
		PortState: f[17], PortFlags: f[18],
	}
	l.up, l.floods = l.isUp(), l.PortFlags == "" || has(l.PortFlags, "flood")
	s.Links = append(s.Links, l)
	s.byIndex[l.Index] = l
	s.ports[l.Master] = append(s.ports[l.Master], l)
}

func putAddress(s *Space, f []string) {
	value := ip(f[2])
	if !value.IsValid() {
		return
	}
	a := s.Host.slabs.addresses.row()
	*a = Address{Index: number(f[1]), IP: value, Bits: number(f[3]), Scope: f[4], Flags: f[5], Device: f[6], Ref: f[7]}
	s.Addresses = append(s.Addresses, a)
	s.on[a.Index] = append(s.on[a.Index], a)
	if s.local[a.IP] == nil {
		s.local[a.IP] = a
	}
}

// newest is the last of the rows as a list of its own, in the place where it is: most keys have one row, and no list is made for each.
func newest[T any](rows []T) []T { return rows[len(rows)-1 : len(rows) : len(rows)] }

// ip reads an address; what is none is the zero address. An IPv4 address in IPv6's clothes is one of IPv4.
func ip(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// prefix reads a prefix or a single address; ok is false for what is neither.
func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	if a := ip(s); a.IsValid() {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}
