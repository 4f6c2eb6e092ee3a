package path

import (
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
	"github.com/netmortem/netmortem/schema"
)

// firewallTables are what a ruleset is made of.
var firewallTables = [...]string{"iptables_chain", "iptables_rule", "nft_chain", "nft_rule", "nft_set", "nft_element"}

// readRules reads the firewall rows of a host, by namespace.
func readRules(ctx context.Context, r *stack.Reader, host string) (map[string]*ruleset.Rows, error) {
	all := map[string]*ruleset.Rows{}
	of := func(netns string) *ruleset.Rows {
		if all[netns] == nil {
			all[netns] = &ruleset.Rows{}
		}
		return all[netns]
	}
	err := readTable(ctx, r, host, "iptables_chain", func(ns string, x []ruleset.Row[schema.IPTablesChain]) {
		s := of(ns)
		s.IPTablesChains = extend(s.IPTablesChains, x)
	})
	if err == nil {
		err = readTable(ctx, r, host, "iptables_rule", func(ns string, x []ruleset.Row[schema.IPTablesRule]) {
			s := of(ns)
			s.IPTablesRules = extend(s.IPTablesRules, x)
		})
	}
	if err == nil {
		err = readTable(ctx, r, host, "nft_chain", func(ns string, x []ruleset.Row[schema.NftChain]) { s := of(ns); s.NftChains = extend(s.NftChains, x) })
	}
	if err == nil {
		err = readTable(ctx, r, host, "nft_rule", func(ns string, x []ruleset.Row[schema.NftRule]) { s := of(ns); s.NftRules = extend(s.NftRules, x) })
	}
	if err == nil {
		err = readTable(ctx, r, host, "nft_set", func(ns string, x []ruleset.Row[schema.NftSet]) { s := of(ns); s.NftSets = extend(s.NftSets, x) })
	}
	if err == nil {
		err = readTable(ctx, r, host, "nft_element", func(ns string, x []ruleset.Row[schema.NftElement]) {
			s := of(ns)
			s.NftElements = extend(s.NftElements, x)
		})
	}
	return all, err
}

// extend puts rows behind others. Mostly there are none yet, and the rows stay where they are.
func extend[T any](rows, more []T) []T {
	if len(rows) == 0 {
		return more
	}
	return append(rows, more...)
}

// readTable reads a table of one host into its record struct. Counters are left out: no rule asks for them. So is the namespace: the
// rows are put under it.
func readTable[T any](ctx context.Context, r *stack.Reader, host, table string, put func(netns string, rows []ruleset.Row[T])) error {
	t := schema.TableByName(table)
	columns := "netns,line"
	var fields []int
	for _, c := range t.Columns {
		if !c.Counter && c.Name != "netns" {
			columns += "," + c.Name
			fields = append(fields, c.Field)
		}
	}
	n, err := r.Count(ctx, host, table)
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	rows, netns := make([]ruleset.Row[T], 0, n), make([]string, 0, n) // of all namespaces
	err = r.Each(ctx, host, table, columns, "", func(f []string) {
		rows = append(rows, ruleset.Row[T]{Ref: stack.Ref(host, table, f[1])})
		netns = append(netns, f[0])
		v := reflect.ValueOf(&rows[len(rows)-1].Row).Elem()
		for i, n := range fields {
			if s := f[2+i]; s != "" {
				setField(v.Field(n), s)
			}
		}
	})
	from := 0
	for to := range netns { // those of a namespace come one after the other
		if to+1 == len(netns) || netns[to+1] != netns[from] {
			put(netns[from], rows[from:to+1:to+1])
			from = to + 1
		}
	}
	return err
}

func setField(v reflect.Value, s string) {
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = s
	case *bool:
		*p = s == "1"
	case *int64:
		*p, _ = strconv.ParseInt(s, 10, 64)
	case **int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err == nil {
			*p = &n
		}
	case *netip.Addr:
		*p, _ = netip.ParseAddr(s)
	case *netip.Prefix:
		*p, _ = netip.ParsePrefix(s)
	}
}

// space answers what rules ask of the namespace that they stand in.
type space struct{ *stack.Space }

func (s space) AddrType(a netip.Addr, dev string) (ruleset.RouteType, bool) {
	if !s.Whole("address") || !s.Whole("route") {
		return 0, false
	}
	if dev != "" {
		if x := s.Local(a); x != nil && x.Device == dev {
			return ruleset.LocalAddr, true
		}
	}
	d := s.Lookup(stack.Flow{Dst: a})
	switch {
	case d.Local():
		if dev != "" && s.Local(a) == nil {
			return ruleset.LocalAddr, true // 127.0.0.0/8
		}
		if dev != "" {
			return ruleset.Unicast, true
		}
		return ruleset.LocalAddr, true
	case d.Known && d.Route != nil:
		return ruleset.Unicast, true
	case !d.Known && s.broadcast(a):
		return ruleset.Broadcast, true
	case d.Known:
		return ruleset.Unicast, true // inet_addr_type: what is not in the local table is unicast
	}
	return 0, false
}

func (s space) broadcast(a netip.Addr) bool {
	for _, r := range s.Routes {
		if r.Type == "broadcast" && r.Dst.Contains(a) && r.Dst.IsSingleIP() {
			return true
		}
	}
	return false
}

func (s space) Masquerade(dev string, dst netip.Addr) (netip.Addr, bool) {
	d := s.Lookup(stack.Flow{Dst: dst})
	if !d.Forward() || d.Link.Name != dev || !s.Whole("address") {
		return netip.Addr{}, false
	}
	// inet_select_addr with the next hop: what the route prefers does not count (nf_nat_masquerade_ipv4).
	var first netip.Addr
	for _, a := range s.On(d.Link) {
		if a.IP.Is4() != dst.Is4() || a.Scope == "host" {
			continue
		}
		if a.Prefix().Contains(d.Next) {
			return a.IP, true
		}
		if !first.IsValid() {
			first = a.IP
		}
	}
	return first, true
}

func (s space) Redirect(dev string, dst netip.Addr) (netip.Addr, bool) {
	l := s.Device(dev)
	if l == nil || !s.Whole("address") {
		return netip.Addr{}, false
	}
	for _, a := range s.On(l) {
		if a.IP.Is4() == dst.Is4() && (dst.Is4() || a.Scope == "global" && !dst.IsLinkLocalUnicast() || a.Scope == "link" && dst.IsLinkLocalUnicast()) {
			return a.IP, true
		}
	}
	return netip.Addr{}, true
}

func (s space) Route(q ruleset.RouteQuery) (ruleset.Route, bool) {
	f := stack.Flow{Dst: q.Dst, Src: q.Src, Mark: q.Mark}
	if q.In != "" {
		if f.In = s.Device(q.In); f.In == nil {
			return ruleset.Route{}, false
		}
	}
	if q.Out != "" {
		return ruleset.Route{}, false // a look-up by device is not modelled
	}
	d := s.Lookup(f)
	switch {
	case d.Local():
		return ruleset.Route{Type: ruleset.LocalAddr, Dev: "lo"}, true
	case d.Forward():
		return ruleset.Route{Type: ruleset.Unicast, Dev: d.Link.Name}, true
	case d.Known:
		return ruleset.Route{Type: ruleset.Unreachable}, true
	}
	return ruleset.Route{}, false
}

func (s space) Ifindex(dev string) (uint32, bool) {
	if l := s.Device(dev); l != nil {
		return uint32(l.Index), true
	}
	return 0, false
}
