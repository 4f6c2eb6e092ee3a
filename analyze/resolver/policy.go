package resolver

import "net/netip"

// A policy is a row of a policy table (RFC 6724 section 2.1).
type policy struct {
	prefix            netip.Prefix
	precedence, label int
}

// classify is the first row of a table, most specific first, that holds the address. The last row of a table holds all.
func classify(table []policy, a netip.Addr) policy {
	six := mapped(a).WithZone("")
	for _, p := range table {
		if within(p.prefix, six) {
			return p
		}
	}
	return policy{}
}

// within is Contains, which takes no mapped address for one of IPv6.
func within(p netip.Prefix, six netip.Addr) bool {
	a, b := p.Addr().As16(), six.As16()
	whole, rest := p.Bits()/8, p.Bits()%8
	return string(a[:whole]) == string(b[:whole]) && (rest == 0 || (a[whole]^b[whole])>>(8-rest) == 0)
}

// Scopes of unicast addresses (RFC 4007 section 5; RFC 6724 section 3.1).
const (
	scopeLink   = 2
	scopeSite   = 5
	scopeGlobal = 14
)

// scope6 is the scope of an IPv6 address as all three libraries see it.
func scope6(a netip.Addr) int {
	b := a.As16()
	switch {
	case a.IsMulticast():
		return int(b[1] & 0xf)
	case a.IsLinkLocalUnicast(), a.IsLoopback():
		return scopeLink
	case b[0] == 0xfe && b[1]&0xc0 == 0xc0:
		return scopeSite
	}
	return scopeGlobal
}

// The rules of RFC 6724 section 6, in words.
var (
	ruleUsable     = rule{"rule 1", "there is a route to %s, and to no other"}
	ruleScope      = rule{"rule 2", "same scope as the source address: %s"}
	ruleDeprecated = rule{"rule 3", "source address not deprecated: %s"}
	ruleHome       = rule{"rule 4", "source address is a home address: %s"}
	ruleLabel      = rule{"rule 5", "same label as the source address: %s"}
	rulePrecedence = rule{"rule 6", "highest precedence: %s"}
	ruleNative     = rule{"rule 7", "not through a tunnel: %s"}
	ruleSmaller    = rule{"rule 8", "smallest scope: %s"}
	rulePrefix     = rule{"rule 9", "longest prefix in common with the source address: %s"}
)
