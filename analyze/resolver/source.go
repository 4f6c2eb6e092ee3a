package resolver

import (
	"fmt"
	"net/netip"
)

// Source is the source address that the kernel picks for a destination on one of its subnets: the destination itself if it is its own, else
// the primary address of the longest prefix that holds it (fib_lookup by the connected route, whose preferred source that is).
// For any other destination, and where two are alike, routes and rules decide; then why says so.
func Source(list []Address, dst netip.Addr) (src netip.Addr, why string) {
	best, alike := -1, false
	for _, a := range list {
		if a.IP == dst {
			return dst, ""
		}
		if a.IP.Is4() != dst.Is4() || !dst.Is4() || hasFlag(a.Flags, "secondary") {
			continue
		}
		prefix, err := a.IP.Prefix(a.Prefix)
		if err != nil || a.Peer.IsValid() || !prefix.Contains(dst) {
			continue
		}
		alike = alike && a.Prefix <= best || a.Prefix == best
		if a.Prefix > best {
			src, best = a.IP, a.Prefix
		}
	}
	switch {
	case best < 0:
		return netip.Addr{}, fmt.Sprintf("%s is in no subnet of the client's, so which source address it uses was not worked out", dst)
	case alike:
		return netip.Addr{}, fmt.Sprintf("several addresses of the client are in one subnet with %s", dst)
	}
	return src, ""
}
