package resolver

import (
	"fmt"
	"net/netip"
	"slices"
)

// glibcMost is one less than MAX_NR_ADDRS of resolv/nss_dns/dns-host.c: what versions before 2.37 keep of an answer where a program asks for IPv4 alone.
const glibcMost = 47

// Versions of glibc whose sort was read, oldest and newest; of those between five were, and all say the same of IPv4.
var (
	glibcOldest = []int{2, 12}
	glibcNewest = []int{2, 38}
)

// glibc is rfc3484_sort of sysdeps/posix/getaddrinfo.c on what getaddrinfo has collected.
//
// Two facts differ without a trace in the version: upstream's older sources give private IPv4 addresses the scope of a site, newer ones and
// distributions the global one; and the shift that makes the netmask of a prefix of unknown length is undefined in C.
// Both are tried both ways where they are not known.
func (c *Client) glibc(answers []Answer) Prediction {
	if c.Version != "" {
		yes, ok := atLeast(c.Version, glibcOldest...)
		if !ok || !yes {
			return unjudged("the sort of glibc %s was not read", c.Version)
		}
		if after, _ := atLeast(c.Version, glibcNewest[0], glibcNewest[1]+1); after {
			return unjudged("glibc %s is newer than what was read of it", c.Version)
		}
	}
	conf, why := parseGAI(c.GAI)
	if why != "" {
		return unjudged("gai.conf: %s", why)
	}
	scopes := [][]scope4{conf.scopes}
	if conf.scopes == nil {
		scopes = [][]scope4{scopesRFC6724, scopesRFC3484}
		if alike(answers, scopesRFC6724) && alike(answers, scopesRFC3484) {
			scopes = scopes[:1]
		}
	}
	var all []Prediction
	for _, s := range scopes {
		for _, whole := range zeroShift(c.Arch) {
			g := glibcView{conf: conf, scopes: s, zeroMask: whole, addresses: c.Addresses, sees6: sees6(c.Addresses)}
			all = append(all, g.first(answers))
		}
	}
	p := agreed("which scope this build gives private addresses, or how this machine shifts by 32,", all...)
	if p.Judged() && len(answers) > glibcMost && slices.Max(p.Rank) > 1 {
		return unjudged("of %d addresses some versions keep %d, a random part", len(answers), glibcMost)
	}
	return p
}

// alike reports whether scopes tell no answer from another: which table it is makes no difference then.
func alike(answers []Answer, scopes []scope4) bool {
	g := glibcView{scopes: scopes}
	dst := g.scope(answers[0].IP)
	for _, a := range answers {
		if !a.IP.Is4() || !a.Source.IsValid() || g.scope(a.IP) != dst || g.scope(a.Source) != dst {
			return false
		}
	}
	return true
}

// sees6 is seen_ipv6 of make_request (check_pf.c): only then does getaddrinfo get the list of addresses with their
// prefixes. Any IPv6 address but ::1 does, whatever its scope, device or state.
func sees6(list []Address) bool {
	return slices.ContainsFunc(list, func(a Address) bool { return !a.IP.Is4() && !a.IP.IsLoopback() })
}

// zeroShift is what 0xffffffff << 32 makes of a netmask: the machine's own shift, for the count is not constant. x86, ARM 64 and RISC-V
// take the count modulo 32, which leaves a mask of 32 bits; others shift everything out.
func zeroShift(arch string) []uint32 {
	switch arch {
	case "x86_64", "i386", "i486", "i586", "i686", "aarch64", "riscv64":
		return []uint32{0xffffffff}
	}
	return []uint32{0xffffffff, 0}
}

// A glibcView is what one call of getaddrinfo knows.
type glibcView struct {
	conf      gaiTables
	scopes    []scope4
	zeroMask  uint32
	addresses []Address
	sees6     bool
}

// found is what the list of addresses says of a source address.
type found struct {
	known  bool
	prefix int
	tunnel bool
	old    bool // deprecated or optimistic
	home   bool
}

// source looks for a source address as getaddrinfo does, by IFA_ADDRESS, which on a point-to-point link is the other end.
// more says that several differ: which one is found is not told.
func (g *glibcView) source(src netip.Addr) (f found, more bool) {
	if !g.sees6 {
		return found{}, false
	}
	for _, a := range g.addresses {
		ip := a.IP
		if a.Peer.IsValid() {
			ip = a.Peer
		}
		if ip.WithZone("") != src.WithZone("") {
			continue
		}
		n := found{true, a.Prefix, a.Tunnel, hasFlag(a.Flags, "deprecated") || hasFlag(a.Flags, "optimistic"), hasFlag(a.Flags, "homeaddress")}
		more = more || f.known && f != n
		f = n
	}
	return f, more
}

func (g *glibcView) first(answers []Answer) Prediction {
	keys := make([]key, len(answers))
	elements := make([]int, len(answers)*9)
	for i, a := range answers {
		f, more := g.source(a.Source)
		if more {
			return unjudged("%s stands on several devices with different prefixes", a.Source)
		}
		got := a.Source.IsValid()
		match, label, native, bits := false, false, false, 0
		if got {
			match = g.scope(a.IP) == g.scope(a.Source)
			label = g.conf.label(a.IP) == g.conf.label(a.Source)
			native = f.known && !f.tunnel
			bits = g.bits(a, f.prefix)
		}
		keys[i] = elements[9*i : 9*i+9]
		copy(keys[i], key{flag(got), flag(match), flag(!f.old), flag(f.home), flag(label), g.conf.precedence(a.IP), flag(native), -g.scope(a.IP), bits})
	}
	if mixedTie(answers, keys) {
		return unjudged("IPv4 and IPv6 addresses are equal but for rule 9, which glibc does not apply between them")
	}
	p := ranked(answers, keys, []rule{ruleUsable, ruleScope, ruleDeprecated, ruleHome, ruleLabel, rulePrecedence, ruleNative, ruleSmaller, rulePrefix})
	switch {
	case p.Rule == "" && onlyIPv4(answers) && !g.sees6:
		p.Why = "glibc sorts IPv4 addresses by prefix only when the namespace has an IPv6 address other than ::1: the shuffled order stays"
	case p.Rule == "":
		p.Why = "glibc holds all for equal: the shuffled order stays"
	case p.Rule == "rule 9" && !g.sees6:
		p.Why = "the address is the client's own: glibc tries it first"
	}
	return p
}

// bits is what rule 9 compares: leading bits in common with the source address; for IPv4 none outside its subnet.
func (g *glibcView) bits(a Answer, prefix int) int {
	if !a.IP.Is4() {
		return commonBits(a.IP, a.Source)
	}
	mask := g.zeroMask
	if prefix > 0 {
		mask = ^uint32(0) << (32 - prefix)
	}
	if word(a.IP)&mask != word(a.Source)&mask {
		return 0
	}
	return commonBits(a.IP, a.Source)
}

// mixedTie reports whether an IPv4 and an IPv6 answer are equal up to rule 9: then the comparison is not transitive, and the
// result is up to the sort.
func mixedTie(answers []Answer, keys []key) bool {
	if onlyIPv4(answers) {
		return false
	}
	four := map[string]bool{}
	head := func(i int) string { return fmt.Sprint(keys[i][:len(keys[i])-1]) }
	for i, a := range answers {
		if a.IP.Is4() {
			four[head(i)] = true
		}
	}
	for i, a := range answers {
		if !a.IP.Is4() && four[head(i)] {
			return true
		}
	}
	return false
}

// scope is get_scope of getaddrinfo.c.
func (g *glibcView) scope(a netip.Addr) int {
	if !a.Is4() {
		return scope6(a)
	}
	for _, s := range g.scopes {
		if word(a)&s.mask == s.ip {
			return s.scope
		}
	}
	return scopeGlobal
}

// word is an IPv4 address as a number.
func word(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
