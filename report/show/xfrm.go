package show

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// xfrmText is the associations and policies of a namespace, as ip -s xfrm state and ip xfrm policy print them. Keys never
// leave the host: in their place stands a hash, by which the two ends of an association can be compared.
func xfrmText(s *scope, rows map[string][]row) string {
	var b strings.Builder
	head := "# ip xfrm state\n"
	for _, x := range decodeRows[schema.XfrmState](s, rows, "xfrm_state") {
		b.WriteString(head + stateText(s, x))
		head = ""
	}
	head = "# ip xfrm policy\n"
	for _, x := range decodeRows[schema.XfrmPolicy](s, rows, "xfrm_policy") {
		b.WriteString(head + policyText(s, x))
		head = ""
	}
	return b.String()
}

func stateText(s *scope, x *schema.XfrmState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "src %s dst %s\n", x.Src, x.Dst)
	fmt.Fprintf(&b, "\tproto %s %s mode %s", x.Proto, s.spi(x.SPI, x.Reqid), x.Mode)
	if seen := s.seen(x.Seen); seen != "" {
		b.WriteString(" " + seen)
	}
	fmt.Fprintf(&b, "\n\treplay-window %d", x.ReplayWindow)
	if x.Flags != "" {
		fmt.Fprintf(&b, " flag %s", strings.ReplaceAll(x.Flags, ",", " "))
	}
	b.WriteByte('\n')
	if m := markText("mark", x.Mark, x.MarkMask); m != "" {
		fmt.Fprintf(&b, "\t%s\n", m)
	}
	if x.OutputMark != nil {
		fmt.Fprintf(&b, "\toutput-mark %#x\n", *x.OutputMark)
	}
	for _, alg := range []struct {
		kind, name, hash string
		bits, extra      int64
	}{
		{"auth-trunc", x.AuthAlg, x.AuthKeyHash, x.AuthKeyBits, x.AuthTruncBits}, {"enc", x.CryptAlg, x.CryptKeyHash, x.CryptKeyBits, 0},
		{"aead", x.AEADAlg, x.AEADKeyHash, x.AEADKeyBits, x.AEADICVBits}, {"comp", x.CompAlg, "", 0, 0},
	} {
		if alg.name == "" {
			continue
		}
		var p phrase
		p.add(alg.kind, alg.name)
		if alg.bits > 0 {
			p.add(fmt.Sprintf("<key of %d bits, hash %s>", alg.bits, dash(alg.hash)))
		}
		if alg.extra > 0 {
			p.add(number(alg.extra))
		}
		fmt.Fprintf(&b, "\t%s\n", p.String())
	}
	if x.Encap != "" {
		fmt.Fprintf(&b, "\tencap type %s\n", x.Encap)
	}
	fmt.Fprintf(&b, "\tanti-replay context: seq %#x, oseq %#x\n", x.Seq, x.Oseq)
	if x.IfID != nil {
		fmt.Fprintf(&b, "\tif_id %#x\n", *x.IfID)
	}
	if x.Direction != "" {
		fmt.Fprintf(&b, "\tdir %s\n", x.Direction)
	}
	if x.Offload != "" {
		fmt.Fprintf(&b, "\tcrypto offload parameters: %s\n", x.Offload)
	}
	if x.Selector != "" {
		fmt.Fprintf(&b, "\tsel %s\n", selectorText(x.Selector))
	}
	if s.stats {
		fmt.Fprintf(&b, "\tlifetime current:\n\t  %d(bytes), %d(packets)\n", latest(x.Bytes, x.BytesLast), latest(x.Packets, x.PacketsLast))
		if !x.Added.IsZero() {
			fmt.Fprintf(&b, "\t  add %s", stamp(x.Added))
			if !x.FirstUse.IsZero() {
				fmt.Fprintf(&b, " use %s", stamp(x.FirstUse))
			}
			b.WriteByte('\n')
		}
	}
	replay, window, failed := latest(x.ReplayErrors, x.ReplayErrorsLast), latest(x.ReplayWindowErrors, x.ReplayWindowErrsLast), latest(x.IntegrityErrors, x.IntegrityErrorsLast)
	if s.stats || replay+window+failed > 0 {
		fmt.Fprintf(&b, "\tstats:\n\t  replay-window %d replay %d failed %d\n", window, replay, failed)
	}
	return b.String()
}

func policyText(s *scope, x *schema.XfrmPolicy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", selectorText(x.Selector))
	var p phrase
	p.add("dir", x.Direction)
	if x.Action != "allow" {
		p.add("action", x.Action)
	}
	p.add("priority", number(x.Priority))
	p.add("ptype", x.Type)
	if x.Flags != "" {
		p.add("flag", strings.ReplaceAll(x.Flags, ",", " "))
	}
	p.add(s.seen(x.Seen))
	fmt.Fprintf(&b, "\t%s\n", p.String())
	if m := markText("mark", x.Mark, x.MarkMask); m != "" {
		fmt.Fprintf(&b, "\t%s\n", m)
	}
	if x.IfID != nil {
		fmt.Fprintf(&b, "\tif_id %#x\n", *x.IfID)
	}
	if x.Templates > 0 {
		fmt.Fprintf(&b, "\ttmpl src %s dst %s\n\t\tproto %s %s mode %s\n", anyAddr(x.Src), anyAddr(x.Dst), x.Proto, s.spi(x.SPI, x.Reqid), x.Mode)
		if x.Optional {
			b.WriteString("\t\tlevel use\n")
		}
	}
	for more := range strings.SplitSeq(x.MoreTemplates, "; ") {
		if more != "" {
			fmt.Fprintf(&b, "\ttmpl %s\n", more)
		}
	}
	return b.String()
}

// spi is the two numbers of an association, with -s in both notations.
func (s *scope) spi(spi, reqid int64) string {
	if s.stats {
		return fmt.Sprintf("spi 0x%08x(%d) reqid %d(0x%08x)", spi, spi, reqid, reqid)
	}
	return fmt.Sprintf("spi 0x%08x reqid %d", spi, reqid)
}

// anyAddr is an address of a template, of which the bundle leaves out one that is open.
func anyAddr(a netip.Addr) string {
	if !a.IsValid() {
		return "0.0.0.0"
	}
	return a.String()
}

// selectorText puts the bundle's 10.0.0.1/32>10.0.0.2/32 udp 0>4789 into the words of ip: src … dst … proto udp dport 4789.
func selectorText(sel string) string {
	fields := strings.Fields(sel)
	if len(fields) == 0 {
		return "src 0.0.0.0/0 dst 0.0.0.0/0"
	}
	src, dst, _ := strings.Cut(fields[0], ">")
	var p phrase
	p.add("src", src, "dst", dst)
	for i := 1; i < len(fields); i++ {
		switch from, to, ports := strings.Cut(fields[i], ">"); {
		case ports:
			if from != "0" {
				p.add("sport", from)
			}
			if to != "0" {
				p.add("dport", to)
			}
		case fields[i] == "dev" && i+1 < len(fields):
			p.add("dev", fields[i+1])
			i++
		default:
			p.add("proto", fields[i])
		}
	}
	return p.String()
}

func markText(name string, mark, mask *int64) string {
	if mark == nil {
		return ""
	}
	return fmt.Sprintf("%s %#x/%#x", name, *mark, or(mask, 0xffffffff))
}
