package capture

import (
	"context"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var addressCollector = &Collector{
	Name:    "address",
	Doc:     "Addresses of links, by an RTM_GETADDR dump in each namespace.",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "none: an rtnetlink dump",
	Since:   "0.1.0",
	Tables:  []string{"address"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		return c.dump(ctx, unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), unix.RTM_NEWADDR, func(b []byte) error {
			a, err := decodeAddress(b)
			if err != nil {
				return err
			}
			a.Netns, a.Dev = ns.ID(), ns.dev(ctx, a.Ifindex)
			if a.Label == a.Dev {
				a.Label = ""
			}
			return s.Put(a)
		})
	},
}

// decodeAddress decodes the payload of RTM_NEWADDR: struct ifaddrmsg and the attributes of linux/if_addr.h.
func decodeAddress(b []byte) (*schema.Address, error) {
	if len(b) < unix.SizeofIfAddrmsg {
		return nil, errShort("RTM_NEWADDR", len(b))
	}
	a := &schema.Address{PrefixLen: u8(b[1:]), Scope: word(u8(b[3:]), scopes), Ifindex: u32(b[4:])}
	flags := u8(b[2:])
	var x extra
	err := attrs(b[unix.SizeofIfAddrmsg:], func(typ uint16, v []byte) {
		switch typ {
		case unix.IFA_LOCAL:
			a.IP = addr(v)
		case unix.IFA_ADDRESS:
			a.Peer = addr(v)
		case unix.IFA_BROADCAST:
			a.Broadcast = addr(v)
		case unix.IFA_LABEL:
			a.Label = cstring(v)
		case unix.IFA_FLAGS: // all 32 bits; the header has the lower eight
			flags = u32(v)
		case unix.IFA_CACHEINFO:
			if !foreverAddress(v) {
				x.add(v, typ)
			}
		default:
			x.add(v, typ)
		}
	})
	// IPv4 has the local address in IFA_LOCAL and the other end, or itself, in IFA_ADDRESS; IPv6 has the address in
	// IFA_ADDRESS unless there is another end.
	if !a.IP.IsValid() {
		a.IP, a.Peer = a.Peer, a.IP
	}
	if a.Peer == a.IP {
		a.Peer = netip.Addr{}
	}
	a.Flags, a.Extra = bits(uint64(flags), addressFlags), x.String()
	return a, err
}

// foreverAddress reports whether struct ifa_cacheinfo says that the address does not expire. Its other two words are
// times of creation and change.
func foreverAddress(v []byte) bool {
	return len(v) >= 8 && u32(v) == 0xffffffff && u32(v[4:]) == 0xffffffff
}

// scopes names RT_SCOPE_* (linux/rtnetlink.h).
var scopes = map[int64]string{0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

// addressFlags names the bits of IFA_F_* (linux/if_addr.h) as ip(8) prints them; bit 0 is temporary in IPv6.
var addressFlags = []string{
	"secondary", "nodad", "optimistic", "dadfailed", "homeaddress", "deprecated", "tentative", "permanent",
	"managetempaddr", "noprefixroute", "mcautojoin", "stable_privacy",
}

// errShort says that a message ended before its fixed part did.
func errShort(what string, n int) error { return fmt.Errorf("%s of only %d bytes", what, n) }
