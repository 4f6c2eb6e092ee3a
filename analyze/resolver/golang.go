package resolver

import (
	"net/netip"
	"strings"
)

// golang is byRFC6724 of Go's src/net/addrselect.go. Rule 9 is for IPv6 alone since Go 1.9 (golang/go#18518); what earlier
// ones did with IPv4 is not modelled. Rules 3, 4 and 7 Go does not have.
func (c *Client) golang(answers []Answer) Prediction {
	yes, ok := atLeast(strings.TrimPrefix(c.Version, "go"), 1, 9)
	if c.Version != "" && !strings.HasPrefix(c.Version, "go") {
		ok = false
	}
	if !ok {
		return unjudged("Go %s: before 1.9 it sorted IPv4 addresses as well", orUnknown(c.Version))
	}
	if !yes {
		return unjudged("%s sorted IPv4 addresses in a way of its own, before 1.9", c.Version)
	}
	keys := make([]key, len(answers))
	for i, a := range answers {
		keys[i] = key{0, 0, 0, 0, 0, 0} // two without a source are equal, whatever else they are
		if !a.Source.IsValid() {
			continue
		}
		dst, src := classify(goPolicy, a.IP), classify(goPolicy, a.Source)
		bits := 0
		if !a.IP.Is4() {
			bits = min(64, commonBits(a.Source, a.IP)) // the interface's part does not count
		}
		keys[i] = key{1, flag(goScope(a.IP) == goScope(a.Source)), flag(dst.label == src.label), dst.precedence, -goScope(a.IP), bits}
	}
	p := ranked(answers, keys, []rule{ruleUsable, ruleScope, ruleLabel, rulePrecedence, ruleSmaller, rulePrefix})
	if p.Rule == "" && onlyIPv4(answers) {
		p.Why = "Go does not sort IPv4 addresses: the shuffled order stays"
	}
	return p
}

// goPolicy is rfc6724policyTable of addrselect.go.
var goPolicy = []policy{
	{netip.MustParsePrefix("::1/128"), 50, 0},
	{netip.MustParsePrefix("::ffff:0:0/96"), 35, 4},
	{netip.MustParsePrefix("::/96"), 1, 3},
	{netip.MustParsePrefix("2001::/32"), 5, 5},
	{netip.MustParsePrefix("2002::/16"), 30, 2},
	{netip.MustParsePrefix("3ffe::/16"), 1, 12},
	{netip.MustParsePrefix("fec0::/10"), 1, 11},
	{netip.MustParsePrefix("fc00::/7"), 3, 13},
	{netip.MustParsePrefix("::/0"), 40, 1},
}

// goScope is classifyScope of addrselect.go.
func goScope(a netip.Addr) int {
	if !a.Is4() {
		return scope6(a)
	}
	if a.IsLoopback() || a.IsLinkLocalUnicast() {
		return scopeLink
	}
	return scopeGlobal
}
