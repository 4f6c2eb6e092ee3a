package resolver

import "net/netip"

// muslMost is MAXADDRS of musl's lookup.h: what it keeps of an answer.
const muslMost = 48

// musl sorts only what holds an IPv6 address (__lookup_name of src/network/lookup_name.c): with IPv4 alone the order
// served stays, in every version (before 1.1.3 it sorted nothing at all). One before 1.2.4 sees only what fits into 512 bytes: of a
// shuffled answer that is a random part, so the shares stay the same.
//
// The sort was read in full for 1.2 only.
func (c *Client) musl(answers []Answer) Prediction {
	if onlyIPv4(answers) {
		p := ranked(answers, make([]key, len(answers)), nil)
		p.Why = "musl does not sort IPv4 addresses: the shuffled order stays"
		return p
	}
	if yes, ok := atLeast(c.Version, 1, 2); !ok || !yes {
		return unjudged("how musl %s sorts answers with IPv6 addresses was not read", orUnknown(c.Version))
	}
	if len(answers) > muslMost {
		return unjudged("musl keeps %d addresses of %d, and which is not told", muslMost, len(answers))
	}
	keys := make([]key, len(answers))
	for i, a := range answers {
		usable := a.Source.IsValid()
		scope, match, label, bits := muslScope(a.IP), false, false, 0
		dst := classify(muslPolicy, a.IP)
		if usable {
			match = scope == muslScope(a.Source)
			label = dst.label == classify(muslPolicy, a.Source).label
			bits = commonBits(mapped(a.Source), mapped(a.IP))
		}
		keys[i] = key{flag(usable), flag(match), flag(label), dst.precedence, -scope, bits}
	}
	return ranked(answers, keys, []rule{ruleUsable, ruleScope, ruleLabel, rulePrecedence, ruleSmaller, rulePrefix})
}

// muslPolicy is defpolicy of lookup_name.c.
var muslPolicy = []policy{
	{netip.MustParsePrefix("::1/128"), 50, 0},
	{netip.MustParsePrefix("::ffff:0:0/96"), 35, 4},
	{netip.MustParsePrefix("2002::/16"), 30, 2},
	{netip.MustParsePrefix("2001::/32"), 5, 5},
	{netip.MustParsePrefix("fc00::/7"), 3, 13},
	{netip.MustParsePrefix("::/0"), 40, 1},
}

// muslScope is scopeof of lookup_name.c: IPv4 is global whatever it is, for it is looked at as IPv6.
func muslScope(a netip.Addr) int {
	if a.Is4() {
		return scopeGlobal
	}
	return scope6(a)
}

// orUnknown is a version, or the words for none.
func orUnknown(version string) string {
	if version == "" {
		return "of an unknown version"
	}
	return version
}
