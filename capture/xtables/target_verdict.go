package xtables

var (
	reject4 = []string{
		"icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable", "icmp-port-unreachable", "",
		"icmp-net-prohibited", "icmp-host-prohibited", "tcp-reset", "icmp-admin-prohibited",
	}
	reject6 = []string{
		"icmp6-no-route", "icmp6-adm-prohibited", "", "icmp6-addr-unreachable", "icmp6-port-unreachable", "", "tcp-reset",
		"icmp6-policy-fail", "icmp6-reject-route",
	}
)

// rejectTarget reads struct ipt_reject_info and ip6t_reject_info.
func rejectTarget(names []string) func(*out, uint8) {
	return func(o *out, _ uint8) {
		with := o.u32(0)
		if int64(with) >= int64(len(names)) || names[with] == "" {
			o.bad = true
			return
		}
		o.say(" --reject-with %s", names[with])
	}
}

// logTarget reads struct xt_log_info. Level 4, warning, is the default.
func logTarget(o *out, _ uint8) {
	if s := o.str(2, 30); s != "" {
		o.say(" --log-prefix %s", quote(s))
	}
	if level := o.u8(0); level != 4 {
		o.say(" --log-level %d", level)
	}
	for _, b := range []bit{
		{1, "tcp-sequence"}, {2, "tcp-options"}, {4, "ip-options"}, {8, "uid"}, {32, "macdecode"},
	} {
		if uint32(o.u8(1))&b.mask != 0 {
			o.say(" --log-%s", b.name)
		}
	}
}

// nflogTarget reads struct xt_nflog_info.
func nflogTarget(o *out, _ uint8) {
	if s := o.str(12, 64); s != "" {
		o.say(" --nflog-prefix %s", quote(s))
	}
	if g := o.u16(4); g != 0 {
		o.say(" --nflog-group %d", g)
	}
	switch n := o.u32(0); {
	case o.u16(8)&1 != 0:
		o.say(" --nflog-size %d", n)
	case n != 0:
		o.say(" --nflog-range %d", n)
	}
	if t := o.u16(6); t != 0 {
		o.say(" --nflog-threshold %d", t)
	}
}

// tcpmssTarget reads struct xt_tcpmss_info.
func tcpmssTarget(o *out, _ uint8) {
	if mss := o.u16(0); mss == 0xffff {
		o.say(" --clamp-mss-to-pmtu")
	} else {
		o.say(" --set-mss %d", mss)
	}
}

// nfqueueTarget reads struct xt_NFQ_info and its revisions.
func nfqueueTarget(o *out, rev uint8) {
	num, total := o.u16(0), uint16(1)
	if rev > 0 {
		total = o.u16(2)
	}
	if total > 1 {
		o.say(" --queue-balance %d:%d", num, num+total-1)
	} else {
		o.say(" --queue-num %d", num)
	}
	if rev >= 2 && o.u16(4)&1 != 0 {
		o.say(" --queue-bypass")
	}
	if rev >= 3 && o.u16(4)&2 != 0 {
		o.say(" --queue-cpu-fanout")
	}
}

// checksumTarget reads struct xt_CHECKSUM_info.
func checksumTarget(o *out, _ uint8) {
	if o.u8(0)&1 != 0 {
		o.say(" --checksum-fill")
	}
}

// teeTarget reads struct xt_tee_tginfo.
func teeTarget(o *out, _ uint8) {
	o.say(" --gateway %s", ip6Text(o.addr(0)))
	if s := o.str(16, 16); s != "" {
		o.say(" --oif %s", s)
	}
}
