package show

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// ipvsText is the services of a namespace with their destinations, as ipvsadm -Ln prints them, with --stats as ipvsadm -Ln
// --stats. The bundle has neither the module's version nor the size of its table, so the first line lacks them.
func ipvsText(s *scope, rows map[string][]row) string {
	services := decodeRows[schema.IPVSService](s, rows, "ipvs_service")
	destinations := decodeRows[schema.IPVSDestination](s, rows, "ipvs_destination")
	var b strings.Builder
	b.WriteString("IP Virtual Server\n")
	if s.stats {
		fmt.Fprintf(&b, "%-33s %8s %8s %8s %8s %8s\n  -> RemoteAddress:Port\n", "Prot LocalAddress:Port", "Conns", "InPkts", "OutPkts", "InBytes", "OutBytes")
	} else {
		fmt.Fprintf(&b, "Prot LocalAddress:Port Scheduler Flags\n  -> %-28s %-7s %-6s %-10s %s\n", "RemoteAddress:Port", "Forward", "Weight", "ActiveConn", "InActConn")
	}
	belongs := map[*schema.IPVSDestination]bool{}
	for _, v := range services {
		b.WriteString(serviceText(s, v))
		for _, d := range destinations {
			if d.Fwmark == v.Fwmark && d.Proto == v.Proto && d.VAddress == v.Address && d.VPort == v.Port && (v.Fwmark == 0 || d.Address.Is4() == (v.Family != "ipv6")) {
				belongs[d] = true
				b.WriteString(destinationText(s, d))
			}
		}
	}
	for _, d := range destinations { // of a service that was gone when services were read
		if !belongs[d] {
			b.WriteString("# of a service that is not in the bundle: " + serviceName(d.Fwmark, d.Proto, d.VAddress, d.VPort, false) + "\n" + destinationText(s, d))
		}
	}
	return b.String()
}

// serviceName is TCP  10.0.0.1:80 or FWM  258.
func serviceName(fwmark int64, proto string, address netip.Addr, port int64, six bool) string {
	if fwmark != 0 {
		name := fmt.Sprintf("FWM  %d", fwmark)
		if six {
			name += " IPv6"
		}
		return name
	}
	return fmt.Sprintf("%-4s %s", strings.ToUpper(proto), endpoint(address, port))
}

// endpoint is an address with its port, in brackets if it is of IPv6.
func endpoint(a netip.Addr, port int64) string {
	if a.Is6() {
		return fmt.Sprintf("[%s]:%d", a, port)
	}
	return fmt.Sprintf("%s:%d", a, port)
}

func serviceText(s *scope, v *schema.IPVSService) string {
	name := serviceName(v.Fwmark, v.Proto, v.Address, v.Port, v.Family == "ipv6")
	var p phrase
	if s.stats { // all of the first read: of bytes there is no other
		p.add(fmt.Sprintf("%-33s %8s %8s %8s %8s %8s", name, large(v.Conns), large(v.InPkts), large(v.OutPkts), large(v.InBytes), large(v.OutBytes)))
	} else {
		p.add(name, v.Scheduler)
		if has(v.Flags, "persistent") {
			p.add("persistent", number(v.TimeoutS))
			if full := map[bool]int64{true: 128, false: 32}[v.Family == "ipv6"]; v.Netmask != 0 && v.Netmask != full {
				p.add("mask", mask(v))
			}
		}
		if has(v.Flags, "onepacket") {
			p.add("ops")
		}
		var flags []string
		for i, f := range []string{"sched1", "sched2", "sched3"} {
			if has(v.Flags, f) {
				flags = append(flags, schedulerFlag(v.Scheduler, i))
			}
		}
		if len(flags) > 0 {
			p.add("(" + strings.Join(flags, ",") + ")")
		}
	}
	p.add(parseExtra(v.Extra).rest(), s.seen(v.Seen))
	return p.String() + "\n"
}

// mask is the persistence granularity: a netmask for IPv4, a length for IPv6.
func mask(v *schema.IPVSService) string {
	if v.Family == "ipv6" {
		return number(v.Netmask)
	}
	m := ^uint32(0) << (32 - min(max(v.Netmask, 0), 32))
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}

// schedulerFlag names the flags of a scheduler (ipvsadm(8), -b).
func schedulerFlag(scheduler string, i int) string {
	names := map[string][]string{"sh": {"sh-fallback", "sh-port"}, "mh": {"mh-fallback", "mh-port"}}[scheduler]
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("flag-%d", i+1)
}

func destinationText(s *scope, d *schema.IPVSDestination) string {
	name := endpoint(d.Address, d.Port)
	var text string
	if s.stats {
		text = fmt.Sprintf("  -> %-28s %8s %8s %8s %8s %8s", name, large(d.Conns), large(d.InPkts), large(d.OutPkts), "-", "-")
	} else {
		forward := d.Forward
		if forward != "" {
			forward = strings.ToUpper(forward[:1]) + forward[1:]
		}
		text = fmt.Sprintf("  -> %-28s %-7s %-6d %-10d %d", name, forward, d.Weight, latest(d.Active, d.ActiveLast), latest(d.Inactive, d.InactiveLast))
	}
	for _, more := range []string{parseExtra(d.Extra).rest(), s.seen(d.Seen)} {
		if more != "" {
			text += " " + more
		}
	}
	return text + "\n"
}

// large is a counter in eight columns, as ipvsadm shortens it.
func large(n int64) string {
	switch {
	case n < 1e8:
		return number(n)
	case n < 1e10:
		return number(n/1e3) + "K"
	case n < 1e13:
		return number(n/1e6) + "M"
	}
	return number(n/1e9) + "G"
}
