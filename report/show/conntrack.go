package show

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/netmortem/netmortem/schema"
)

// protoNumbers are the numbers that conntrack prints behind the name of a protocol.
var protoNumbers = map[string]int{"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136}

// icmpAnswers are the types of ICMP that answer another (nf_conntrack_proto_icmp.c: invmap; the same of ICMPv6).
var icmpAnswers = map[int64]int64{8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 128: 129, 129: 128}

// conntrackText is one entry as conntrack -L -o id prints it. Of its use count the bundle has nothing.
func conntrackText(s *scope, c *schema.ConntrackEntry) string {
	x := parseExtra(c.Extra)
	state, timeout, id := c.State, c.TimeoutS, c.CtID
	if c.StateLast != "" {
		state = c.StateLast
	}
	timeout, id = latestOf(timeout, c.TimeoutSLast), latestOf(id, c.CtIDLast)
	var p phrase
	name, n := c.Proto, protoNumbers[c.Proto]
	if v, err := strconv.Atoi(c.Proto); err == nil { // the bundle has the number of one that it cannot name
		name, n = "unknown", v
	}
	p.add(fmt.Sprintf("%-8s %d", name, n))
	if timeout != nil {
		p.add(number(*timeout))
	}
	p.add(state)
	icmp := func(typ int64) {
		if c.ICMPType != nil {
			p.add(fmt.Sprintf("type=%d code=%d id=%d", typ, or(c.ICMPCode, 0), or(c.ICMPID, 0)))
		}
	}
	tuple := func(src, dst netip.Addr, sport, dport int64) {
		p.add("src="+src.String(), "dst="+dst.String())
		if c.ICMPType == nil && (sport != 0 || dport != 0) {
			p.add("sport="+number(sport), "dport="+number(dport))
		}
	}
	count := func(packets, bytes *int64) {
		if packets != nil && bytes != nil {
			p.add("packets="+number(*packets), "bytes="+number(*bytes))
		}
	}
	tuple(c.Src, c.Dst, c.Sport, c.DPort)
	icmp(or(c.ICMPType, 0))
	if c.ZoneDir == "orig" {
		p.add("zone-orig=" + number(c.Zone))
	}
	count(latestOf(c.Packets, c.PacketsLast), latestOf(c.Bytes, c.BytesLast))
	if !has(c.Status, "seen_reply") {
		p.add("[UNREPLIED]")
	}
	tuple(c.ReplySrc, c.ReplyDst, c.ReplySport, c.ReplyDport)
	icmp(icmpAnswers[or(c.ICMPType, 0)])
	if c.ZoneDir == "reply" {
		p.add("zone-reply=" + number(c.Zone))
	}
	count(latestOf(c.ReplyPackets, c.ReplyPacketsLast), latestOf(c.ReplyBytes, c.ReplyBytesLast))
	if has(c.Status, "assured") {
		p.add("[ASSURED]")
	}
	if has(c.Status, "offload") {
		p.add("[OFFLOAD]")
	}
	p.add("mark=" + number(c.Mark))
	if c.Zone != 0 && c.ZoneDir == "" {
		p.add("zone=" + number(c.Zone))
	}
	if c.Helper != "" {
		p.add("helper=" + c.Helper)
	}
	if id != nil {
		p.add("id=" + number(*id))
	}
	if c.Nat != "" { // what was translated stands in the two tuples; the word makes it greppable
		p.add("# " + c.Nat)
	}
	p.add(x.rest(), s.seen(c.Seen))
	return p.String() + "\n"
}

// conntrackFoot says how many entries there are: not every one has a row.
func conntrackFoot(s *scope, ns *namespace) string {
	u, ok := s.usage[ns.Netns.Netns]
	if !ok {
		return ""
	}
	most := ""
	if u.MaxEntries != nil {
		most = fmt.Sprintf(" of at most %d", *u.MaxEntries)
	}
	return fmt.Sprintf("# conntrack -C: %d entries%s; quiet ones have no line here, the table conntrack_count has them counted\n", latest(u.Entries, u.EntriesLast), most)
}
