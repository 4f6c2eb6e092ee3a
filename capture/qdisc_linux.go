package capture

import (
	"context"
	"encoding/hex"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var qdiscCollector = &Collector{
	Name:     "qdisc",
	Doc:      "Queueing disciplines of links with what they dropped, by an RTM_GETQDISC dump in each namespace; not those called noqueue.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace",
	Effects:  "A dump makes no discipline and loads no module: only adding one does.",
	Since:    "0.2.0",
	Tables:   []string{"qdisc"},
	Volatile: true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		c, err := ns.routeConn()
		if err != nil {
			return err
		}
		err = c.dump(ctx, unix.RTM_GETQDISC, make([]byte, tcmsgLen), unix.RTM_NEWQDISC, func(b []byte) error {
			q, err := decodeQdisc(b)
			if err != nil || q.Kind == "noqueue" {
				return err
			}
			q.Netns, q.Dev = ns.ID(), ns.dev(ctx, q.Ifindex)
			return s.Put(q)
		})
		if notSupported(err) {
			return &Incomplete{schema.Absent, "the kernel has no queueing disciplines"}
		}
		return err
	},
}

// tcmsgLen is the size of struct tcmsg (linux/rtnetlink.h): family and padding, ifindex, handle, parent, info.
const tcmsgLen = 20

// The attributes in TCA_STATS2 (linux/gen_stats.h).
const (
	tcaStatsBasic = 1
	tcaStatsQueue = 3
	tcaStatsPkt64 = 8
)

// decodeQdisc decodes the payload of RTM_NEWQDISC: struct tcmsg and the attributes of linux/rtnetlink.h.
func decodeQdisc(b []byte) (*schema.Qdisc, error) {
	if len(b) < tcmsgLen {
		return nil, errShort("RTM_NEWQDISC", len(b))
	}
	q := &schema.Qdisc{Ifindex: s32(b[4:]), Handle: tcHandle(u32(b[8:])), Parent: tcHandle(u32(b[12:]))}
	var x extra
	var stats []byte
	err := attrs(b[tcmsgLen:], func(typ uint16, v []byte) {
		switch typ {
		case unix.TCA_KIND:
			q.Kind = cstring(v)
		case unix.TCA_OPTIONS:
			q.Options = hex.EncodeToString(v)
		case unix.TCA_STATS2:
			stats = v
		case unix.TCA_STATS, unix.TCA_XSTATS, unix.TCA_PAD: // the old form of the same, and figures that waver
		default:
			if !zero(v) {
				x.add(v, typ)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	q.Extra = x.String()
	return q, attrs(stats, func(typ uint16, v []byte) {
		switch {
		case typ == tcaStatsBasic && len(v) >= 12: // struct gnet_stats_basic: bytes, packets
			q.Bytes = new(u64(v))
			if q.Packets == nil {
				q.Packets = new(u32(v[8:]))
			}
		case typ == tcaStatsPkt64 && len(v) >= 8:
			q.Packets = new(u64(v))
		case typ == tcaStatsQueue && len(v) >= 20: // struct gnet_stats_queue
			q.Qlen, q.Backlog, q.Drops = new(u32(v)), new(u32(v[4:])), new(u32(v[8:]))
			q.Requeues, q.Overlimits = new(u32(v[12:])), new(u32(v[16:]))
		}
	})
}

// tcHandle prints a handle as tc(8) does.
func tcHandle(h int64) string {
	switch h {
	case 0xffffffff: // TC_H_ROOT
		return "root"
	case 0xfffffff1: // TC_H_INGRESS, also that of clsact
		return "ingress"
	}
	major, minor := h>>16, h&0xffff
	if minor == 0 {
		return fmt.Sprintf("%x:", major)
	}
	return fmt.Sprintf("%x:%x", major, minor)
}
