package schema

import "net/netip"

// IPTablesChain is one chain of one iptables table.
type IPTablesChain struct {
	Netns       string `json:"netns" class:"plain" doc:"namespace"`
	Family      string `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Flavour     string `json:"flavour" class:"plain" doc:"legacy (ip_tables) or nft (iptables-nft)"`
	Tbl         string `json:"tbl" class:"plain" doc:"raw, mangle, nat, filter or security"`
	Chain       string `json:"chain" class:"plain" doc:"name"`
	Policy      string `json:"policy,omitzero" class:"plain" doc:"ACCEPT or DROP for a built-in chain; absent for a user's"`
	Packets     int64  `json:"packets" class:"plain" counter:"y" doc:"packets that met the policy, first read"`
	Bytes       int64  `json:"bytes" class:"plain" counter:"y" doc:"their bytes, first read"`
	PacketsLast *int64 `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesLast   *int64 `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Seen        string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// IPTablesRule is one rule. Spec is what iptables-save prints; the other columns decode the parts that Docker's own
// rules use. A column is absent where the rule does not constrain it.
//
// Unmodelled lists what no column says, also where Spec does: whoever follows a packet by the columns cannot tell what
// such a rule does with it. Parameters of a target that do not change the packet's way (the prefix of a LOG, the kind
// of a REJECT) do not count. An extension that no decoder knows stands in Spec as [unmodelled name.revision=hex].
type IPTablesRule struct {
	Netns       string       `json:"netns" class:"plain" doc:"namespace"`
	Family      string       `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Flavour     string       `json:"flavour" class:"plain" doc:"legacy (ip_tables) or nft (iptables-nft)"`
	Tbl         string       `json:"tbl" class:"plain" doc:"raw, mangle, nat, filter or security"`
	Chain       string       `json:"chain" class:"plain" doc:"chain that holds it"`
	Num         int64        `json:"num" class:"plain" doc:"position in its chain, from 1, as iptables -L --line-numbers counts"`
	Spec        string       `json:"spec" class:"text" doc:"the rule as iptables-save prints it: -A CHAIN …"`
	Proto       string       `json:"proto,omitzero" class:"plain" doc:"protocol: tcp, udp, sctp, icmp, … or a number"`
	Src         netip.Prefix `json:"src,omitzero" class:"addr" doc:"source"`
	Dst         netip.Prefix `json:"dst,omitzero" class:"addr" doc:"destination"`
	InIface     string       `json:"in_iface,omitzero" class:"plain" doc:"incoming device, + as wildcard"`
	OutIface    string       `json:"out_iface,omitzero" class:"plain" doc:"outgoing device, + as wildcard"`
	DportMin    *int64       `json:"dport_min,omitzero" class:"plain" doc:"destination port, lower end"`
	DportMax    *int64       `json:"dport_max,omitzero" class:"plain" doc:"destination port, upper end"`
	SportMin    *int64       `json:"sport_min,omitzero" class:"plain" doc:"source port, lower end"`
	SportMax    *int64       `json:"sport_max,omitzero" class:"plain" doc:"source port, upper end"`
	CTState     string       `json:"ctstate,omitzero" class:"plain" doc:"conntrack states that match: NEW,RELATED,ESTABLISHED,…"`
	SrcType     string       `json:"src_type,omitzero" class:"plain" doc:"kind of source address: -m addrtype --src-type LOCAL"`
	DstType     string       `json:"dst_type,omitzero" class:"plain" doc:"kind of destination address: -m addrtype --dst-type LOCAL"`
	IPVS        bool         `json:"ipvs,omitzero" class:"plain" doc:"matches IPVS connections: -m ipvs --ipvs"`
	Inverted    string       `json:"inverted,omitzero" class:"plain" doc:"which of proto, src, dst, in_iface, out_iface, dport, sport, ctstate, src_type, dst_type, ipvs are negated with !, comma separated"`
	Target      string       `json:"target,omitzero" class:"plain" doc:"ACCEPT, DROP, MARK, DNAT, … or the chain jumped to; absent for none"`
	Goto        bool         `json:"goto,omitzero" class:"plain" doc:"-g instead of -j"`
	Mark        *int64       `json:"mark,omitzero" class:"plain" doc:"MARK: value set (--set-xmark VALUE/MASK)"`
	MarkMask    *int64       `json:"mark_mask,omitzero" class:"plain" doc:"MARK: mask"`
	ToIP        netip.Addr   `json:"to_ip,omitzero" class:"addr" doc:"DNAT, SNAT: new address"`
	ToPortMin   *int64       `json:"to_port_min,omitzero" class:"plain" doc:"DNAT, SNAT, REDIRECT: new port, lower end"`
	ToPortMax   *int64       `json:"to_port_max,omitzero" class:"plain" doc:"DNAT, SNAT, REDIRECT: new port, upper end"`
	Unmodelled  string       `json:"unmodelled,omitzero" class:"plain" doc:"what the rule does or asks that no column says, space separated: name.revision=hex of matches and targets, name.nft=hex of expressions of nftables"`
	Packets     int64        `json:"packets" class:"plain" counter:"y" doc:"packets that matched, first read"`
	Bytes       int64        `json:"bytes" class:"plain" counter:"y" doc:"their bytes, first read"`
	PacketsLast *int64       `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesLast   *int64       `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Seen        string       `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// NftChain is one chain of nftables.
type NftChain struct {
	Netns    string `json:"netns" class:"plain" doc:"namespace"`
	Family   string `json:"family" class:"plain" doc:"ip, ip6, inet, arp, bridge or netdev"`
	Tbl      string `json:"tbl" class:"plain" doc:"table"`
	Chain    string `json:"chain" class:"plain" doc:"name"`
	Handle   int64  `json:"handle" class:"plain" doc:"NFTA_CHAIN_HANDLE"`
	Type     string `json:"type,omitzero" class:"plain" doc:"base chain: filter, nat or route"`
	Hook     string `json:"hook,omitzero" class:"plain" doc:"base chain: prerouting, input, forward, output, postrouting or ingress"`
	Priority *int64 `json:"priority,omitzero" class:"plain" doc:"base chain: order among chains of the hook"`
	Policy   string `json:"policy,omitzero" class:"plain" doc:"base chain: accept or drop"`
	Dev      string `json:"dev,omitzero" class:"plain" doc:"base chain of the ingress hook: device"`
}

// NftRule is one rule of nftables. Expr keeps the kernel's expressions undecoded, so nothing is lost to a reader
// that knows more than this one; Text is a rendering in nft's own words of those that this one knows.
type NftRule struct {
	Netns       string `json:"netns" class:"plain" doc:"namespace"`
	Family      string `json:"family" class:"plain" doc:"ip, ip6, inet, arp, bridge or netdev"`
	Tbl         string `json:"tbl" class:"plain" doc:"table"`
	Chain       string `json:"chain" class:"plain" doc:"chain"`
	Handle      int64  `json:"handle" class:"plain" doc:"NFTA_RULE_HANDLE"`
	Num         int64  `json:"num" class:"plain" doc:"position in its chain, from 1"`
	Text        string `json:"text,omitzero" class:"text" doc:"the rule in nft's words; an expression not known stands as name#hex"`
	Expr        string `json:"expr" class:"plain" doc:"NFTA_RULE_EXPRESSIONS without counter values, hex"`
	Userdata    string `json:"userdata,omitzero" class:"text" doc:"comment, or hex of other user data"`
	Packets     *int64 `json:"packets,omitzero" class:"plain" counter:"y" doc:"counter expression: packets, first read"`
	Bytes       *int64 `json:"bytes,omitzero" class:"plain" counter:"y" doc:"counter expression: bytes, first read"`
	PacketsLast *int64 `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesLast   *int64 `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Seen        string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// NftSet is one set or map of nftables.
type NftSet struct {
	Netns    string `json:"netns" class:"plain" doc:"namespace"`
	Family   string `json:"family" class:"plain" doc:"ip, ip6, inet, arp, bridge or netdev"`
	Tbl      string `json:"tbl" class:"plain" doc:"table"`
	Name     string `json:"name" class:"plain" doc:"name; __set%d and __map%d for anonymous ones"`
	Flags    string `json:"flags,omitzero" class:"plain" doc:"NFT_SET_* set: anonymous, constant, interval, map, timeout, …"`
	KeyType  int64  `json:"key_type,omitzero" class:"plain" doc:"nft's number for the type of the key"`
	KeyLen   int64  `json:"key_len,omitzero" class:"plain" doc:"length of the key, bytes"`
	DataType int64  `json:"data_type,omitzero" class:"plain" doc:"map: nft's number for the type of the value"`
	DataLen  int64  `json:"data_len,omitzero" class:"plain" doc:"map: length of the value, bytes"`
}

// NftElement is one element of a set or map.
type NftElement struct {
	Netns  string `json:"netns" class:"plain" doc:"namespace"`
	Family string `json:"family" class:"plain" doc:"ip, ip6, inet, arp, bridge or netdev"`
	Tbl    string `json:"tbl" class:"plain" doc:"table"`
	Set    string `json:"set_name" class:"plain" doc:"set or map"`
	Key    string `json:"key" class:"addr" doc:"key, hex"`
	KeyEnd string `json:"key_end,omitzero" class:"addr" doc:"upper end of an interval, hex"`
	Data   string `json:"data,omitzero" class:"addr" doc:"map: value, hex, or the verdict in words"`
	Flags  string `json:"flags,omitzero" class:"plain" doc:"interval_end, catchall"`
}
