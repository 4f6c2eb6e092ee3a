package resolver

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A GAIRule is a line of gai.conf: label, precedence, scopev4 or reload, a prefix, and a number.
type GAIRule struct{ Item, Prefix, Setting string }

// A scope4 is a row of glibc's table of scopes of IPv4 addresses.
type scope4 struct {
	ip, mask uint32
	scope    int
}

// The tables that glibc comes with: default_scopes of getaddrinfo.c. The first is that of newer sources, and of Debian's build of 2.36.
var (
	scopesRFC6724 = []scope4{{0xa9fe0000, 0xffff0000, scopeLink}, {0x7f000000, 0xff000000, scopeLink}, {0, 0, scopeGlobal}}
	scopesRFC3484 = []scope4{{0xa9fe0000, 0xffff0000, scopeLink}, {0x7f000000, 0xff000000, scopeLink}, {0x0a000000, 0xff000000, scopeSite},
		{0xac100000, 0xfff00000, scopeSite}, {0xc0a80000, 0xffff0000, scopeSite}, {0, 0, scopeGlobal}}
)

// glibcLabels and glibcPrecedence are default_labels and default_precedence.
var (
	glibcLabels = []gaiRow{{netip.MustParsePrefix("::1/128"), 0}, {netip.MustParsePrefix("2002::/16"), 2}, {netip.MustParsePrefix("::/96"), 3},
		{netip.MustParsePrefix("::ffff:0:0/96"), 4}, {netip.MustParsePrefix("fec0::/10"), 5}, {netip.MustParsePrefix("fc00::/7"), 6},
		{netip.MustParsePrefix("2001::/32"), 7}, {netip.MustParsePrefix("::/0"), 1}}
	glibcPrecedence = []gaiRow{{netip.MustParsePrefix("::1/128"), 50}, {netip.MustParsePrefix("2002::/16"), 30}, {netip.MustParsePrefix("::/96"), 20},
		{netip.MustParsePrefix("::ffff:0:0/96"), 10}, {netip.MustParsePrefix("::/0"), 40}}
)

// A gaiRow gives a prefix a number.
type gaiRow struct {
	prefix netip.Prefix
	value  int
}

// gaiTables is what glibc goes by: its own tables, each replaced as a whole by gai.conf's lines of that kind.
type gaiTables struct {
	labels, precedences []gaiRow
	scopes              []scope4 // nil: the ones that it comes with
}

func (t gaiTables) label(a netip.Addr) int      { return lookup(t.labels, a) }
func (t gaiTables) precedence(a netip.Addr) int { return lookup(t.precedences, a) }

func lookup(list []gaiRow, a netip.Addr) int {
	if a.Is4() && len(list) == len(glibcLabels) && &list[0] == &glibcLabels[0] {
		return 4 // ::ffff:0:0/96
	}
	if a.Is4() && len(list) == len(glibcPrecedence) && &list[0] == &glibcPrecedence[0] {
		return 10
	}
	six := mapped(a).WithZone("")
	for _, r := range list {
		if within(r.prefix, six) {
			return r.value
		}
	}
	return 0
}

// parseGAI is gaiconf_init of getaddrinfo.c: a line that it does not understand counts for nothing. why is not empty where it
// depends on memory that is not initialised what becomes of a line: one whose prefix has no length.
func parseGAI(lines []GAIRule) (t gaiTables, why string) {
	t = gaiTables{labels: glibcLabels, precedences: glibcPrecedence}
	var labels, precedences []gaiRow
	var scopes []scope4
	for _, l := range lines {
		switch l.Item {
		case "label", "precedence", "scopev4":
		case "reload":
			if l.Prefix == "yes" || l.Setting == "yes" {
				return t, "it is read again when it changes (reload yes)"
			}
			continue
		default:
			continue
		}
		text, length, cut := strings.Cut(l.Prefix, "/")
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" || ip.Is4() && l.Item != "scopev4" {
			continue // inet_pton of AF_INET6 takes no dotted address for a label or a precedence
		}
		if !cut {
			return t, "the prefix " + l.Prefix + " has no length, which glibc does not read reliably"
		}
		bits, ok := number(length)
		value, fine := number(l.Setting)
		if !ok || !fine || value > math.MaxInt32 {
			continue
		}
		if l.Item != "scopev4" {
			if bits > 128 {
				continue
			}
			row := gaiRow{netip.PrefixFrom(ip, int(bits)), int(value)}
			if l.Item == "label" {
				labels = append(labels, row)
			} else {
				precedences = append(precedences, row)
			}
			continue
		}
		switch {
		case ip.Is4() && bits <= 32:
		case ip.Is4In6() && bits >= 96 && bits <= 128:
			ip, bits = ip.Unmap(), bits-96
		default:
			continue
		}
		var mask uint32
		if bits > 0 {
			mask = ^uint32(0) << (32 - bits)
		}
		scopes = append(scopes, scope4{word(ip) & mask, mask, int(value)})
	}
	if labels != nil {
		t.labels = specific(labels, 1)
	}
	if precedences != nil {
		t.precedences = specific(precedences, 40)
	}
	if scopes != nil {
		slices.SortStableFunc(scopes, func(a, b scope4) int {
			switch { // as numbers in the machine's order of bytes: for masks the same as by length
			case a.mask > b.mask:
				return -1
			case a.mask < b.mask:
				return 1
			}
			return 0
		})
		t.scopes = append(scopes, scope4{0, 0, scopeGlobal}) // never reached after a /0 of the file's own
	}
	return t, ""
}

// specific puts the longest prefixes first, those of one length in the order of the file, and what holds for all others last.
func specific(list []gaiRow, rest int) []gaiRow {
	slices.SortStableFunc(list, func(a, b gaiRow) int { return b.prefix.Bits() - a.prefix.Bits() })
	return append(list, gaiRow{netip.MustParsePrefix("::/0"), rest})
}

// number is what strtoul makes of digits.
func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return n, err == nil
}
