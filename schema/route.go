package schema

import "net/netip"

// Route is one route of any table (RTM_NEWROUTE). A multipath route is one row for each next hop.
type Route struct {
	Netns    string       `json:"netns" class:"plain" doc:"namespace"`
	Family   string       `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	TableID  int64        `json:"table_id" class:"plain" doc:"routing table: 254 main, 255 local, 253 default"`
	Type     string       `json:"type" class:"plain" doc:"unicast, local, broadcast, blackhole, unreachable, prohibit, …"`
	Dst      netip.Prefix `json:"dst,omitzero" class:"addr" doc:"destination; 0.0.0.0/0 or ::/0 for default"`
	Src      netip.Prefix `json:"src,omitzero" class:"addr" doc:"source selector, if the route has one"`
	Gateway  netip.Addr   `json:"gateway,omitzero" class:"addr" doc:"next hop; absent for a connected route"`
	PrefSrc  netip.Addr   `json:"pref_src,omitzero" class:"addr" doc:"source address to prefer"`
	Ifindex  int64        `json:"ifindex,omitzero" class:"plain" doc:"output device"`
	Dev      string       `json:"dev,omitzero" class:"plain" doc:"name of that device"`
	Protocol string       `json:"protocol" class:"plain" doc:"who made it: kernel, boot, static, ra, dhcp or a number"`
	Scope    string       `json:"scope" class:"plain" doc:"global, site, link, host, nowhere or a number"`
	Metric   int64        `json:"metric,omitzero" class:"plain" doc:"priority, lower wins"`
	MTU      int64        `json:"mtu,omitzero" class:"plain" doc:"RTAX_MTU, bytes"`
	Weight   int64        `json:"weight,omitzero" class:"plain" doc:"weight of this next hop of a multipath route"`
	Flags    string       `json:"flags,omitzero" class:"plain" doc:"RTM_F_* and RTNH_F_* set: onlink, linkdown, dead, cloned, …"`
	Extra    string       `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}

// PolicyRule is one routing policy rule (RTM_NEWRULE).
type PolicyRule struct {
	Netns    string       `json:"netns" class:"plain" doc:"namespace"`
	Family   string       `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Priority int64        `json:"priority" class:"plain" doc:"order, lower first"`
	Action   string       `json:"action" class:"plain" doc:"lookup, goto, nop, blackhole, unreachable or prohibit"`
	TableID  int64        `json:"table_id,omitzero" class:"plain" doc:"routing table to look up"`
	Src      netip.Prefix `json:"src,omitzero" class:"addr" doc:"source selector"`
	Dst      netip.Prefix `json:"dst,omitzero" class:"addr" doc:"destination selector"`
	InIface  string       `json:"in_iface,omitzero" class:"plain" doc:"incoming device"`
	OutIface string       `json:"out_iface,omitzero" class:"plain" doc:"outgoing device"`
	Fwmark   *int64       `json:"fwmark,omitzero" class:"plain" doc:"mark to match"`
	Fwmask   *int64       `json:"fwmask,omitzero" class:"plain" doc:"mask of that mark"`
	Invert   bool         `json:"invert,omitzero" class:"plain" doc:"FIB_RULE_INVERT: matches what the selectors do not"`
	Extra    string       `json:"extra,omitzero" class:"plain" doc:"attributes not decoded: space separated type=hex"`
}
