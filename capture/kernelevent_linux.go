package capture

import (
	"context"
	"fmt"
	"maps"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var kernelEventCollector = &Collector{
	Name: "kernel_event",
	Doc: "What the kernel tells of changes between the two reads: neighbours, FDB entries, links, bridge ports, addresses and routes, " +
		"by a NETLINK_ROUTE socket in each namespace that joins their multicast groups before the first read and listens until the last is done. " +
		"One by one up to 20,000 events in a namespace and 200,000 in all, the rest as counts.",
	Needs: "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "Nothing is sent, and no setting changes; the kernel copies each of its messages once more. " +
		"An open socket keeps its namespace alive: it is closed within a second after the last mount and process that lead there are gone.",
	Since:  "0.2.0",
	Tables: []string{"kernel_event", "kernel_event_count"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		if ns.Host.Options.Window < 0 {
			return &Incomplete{schema.Skipped, notAsked + ": with one read there is no window"}
		}
		return ns.Host.monitor.watch(ns, s)
	},
}

// The objects of events, by number for eventKind.
const (
	objectOther = iota
	objectNeighbour
	objectFDB
	objectLink
	objectPort
	objectAddress
	objectRoute
)

var objectNames = [...]string{"other", schema.ObjectNeighbour, schema.ObjectFDB, schema.ObjectLink, schema.ObjectPort, schema.ObjectAddress, schema.ObjectRoute}

// eventNames are the three kinds of message that each object of rtnetlink has, by the lower two bits of their type: the
// types of an object begin at a multiple of four (linux/rtnetlink.h).
var eventNames = [...]string{schema.EventNew, schema.EventDel, schema.EventGet, "set"}

// objectOf tells what a message is about. The family is its first byte, whatever its object is. Messages about links of
// AF_BRIDGE are about bridge ports: the end of one is not the end of a link.
func objectOf(typ uint16, payload []byte) uint8 {
	bridge := len(payload) > 0 && payload[0] == unix.AF_BRIDGE
	switch typ &^ 3 {
	case unix.RTM_GETLINK &^ 3:
		if bridge {
			return objectPort
		}
		return objectLink
	case unix.RTM_GETADDR &^ 3:
		return objectAddress
	case unix.RTM_GETROUTE &^ 3:
		return objectRoute
	case unix.RTM_GETNEIGH &^ 3:
		if bridge {
			return objectFDB
		}
		return objectNeighbour
	}
	return objectOther
}

// kindOf is what an event is counted by.
func kindOf(typ uint16, payload []byte) eventKind {
	k := eventKind{event: uint8(typ & 3), object: objectOf(typ, payload)}
	switch k.object {
	case objectFDB:
		if len(payload) < unix.SizeofNdMsg {
			break
		}
		_ = attrs(payload[unix.SizeofNdMsg:], func(typ uint16, v []byte) {
			if typ == unix.NDA_LLADDR && len(v) == len(k.mac) {
				k.hasMAC, k.mac = true, [6]byte(v)
			}
		})
		k.ifindex = int32(s32(payload[4:]))
	case objectNeighbour, objectLink, objectPort, objectAddress: // all four have it there
		if len(payload) >= 8 {
			k.ifindex = int32(s32(payload[4:]))
		}
	}
	return k
}

// write puts the events and the counts of a namespace.
func (w *watch) write(s *Sink) error {
	ns := w.acc.ns
	names := w.names()
	undecoded := 0
	err := w.log.each(func(e storedEvent) error {
		rows, err := decodeEvent(e.typ, e.payload)
		if err != nil {
			undecoded++
		}
		for i := range rows {
			r := &rows[i]
			r.Netns, r.Seq, r.Time, r.MonotonicNs = ns.ID(), e.seq, wallTime(e.wall), e.mono
			if r.Dev != "" {
				names[r.Ifindex] = r.Dev
			}
			r.Dev = names[r.Ifindex]
			if err := s.Put(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range w.log.kinds {
		c := w.log.counts[k]
		row := schema.KernelEventCount{
			Netns: ns.ID(), Event: eventNames[k.event&3], Object: objectNames[k.object], Ifindex: int64(k.ifindex), Dev: names[int64(k.ifindex)],
			Count: c.count, Kept: c.kept, First: wallTime(c.first), Last: wallTime(c.last),
		}
		if k.hasMAC {
			row.MAC = mac(k.mac[:])
		}
		if err := s.Put(&row); err != nil {
			return err
		}
	}
	if c := w.log.lost; c.count > 0 {
		err := s.Put(&schema.KernelEventCount{Netns: ns.ID(), Event: schema.EventLost, Count: c.count, First: wallTime(c.first), Last: wallTime(c.last)})
		if err != nil {
			return err
		}
	}
	if undecoded > 0 {
		return &Incomplete{schema.Partial, fmt.Sprintf("%d of %d events could not be decoded", undecoded, w.log.events)}
	}
	return nil
}

// names are those of links as the first read saw them, and of later ones as their events say: entries and addresses of a
// new link are told before the link itself.
func (w *watch) names() map[int64]string {
	names := maps.Clone(w.acc.ns.devs)
	if names == nil {
		names = map[int64]string{}
	}
	_ = w.log.each(func(e storedEvent) error {
		if objectOf(e.typ, e.payload) == objectLink {
			if l, _, err := decodeLink(e.payload); err == nil && names[l.Ifindex] == "" {
				names[l.Ifindex] = l.Name
			}
		}
		return nil
	})
	return names
}

// decodeEvent decodes one message about a change: the payload is that of the answer to a dump of the same objects. It is
// empty for objects that the dumps leave out, too.
func decodeEvent(typ uint16, b []byte) ([]schema.KernelEvent, error) {
	object := objectOf(typ, b)
	e := schema.KernelEvent{Event: eventNames[typ&3], Object: objectNames[object]}
	switch object {
	case objectNeighbour:
		n, err := decodeNeighbour(b)
		if err != nil || n == nil {
			return nil, err
		}
		e.Ifindex, e.MAC, e.IP, e.State, e.Flags, e.Extra = n.Ifindex, n.MAC, n.IP, n.State, n.Flags, n.Extra
	case objectFDB:
		f, err := decodeFDB(b)
		if err != nil {
			return nil, err
		}
		e.Ifindex, e.MAC, e.Dst, e.VNI, e.Port, e.VLAN = f.Ifindex, f.MAC, f.Dst, f.VNI, f.Port, f.VLAN
		e.State, e.Flags, e.Self, e.Master, e.Extra = f.State, f.Flags, &f.Self, f.Master, f.Extra
	case objectLink, objectPort:
		l, _, err := decodeLink(b)
		if err != nil {
			return nil, err
		}
		e.Ifindex, e.Dev, e.MAC, e.Master, e.MTU, e.Carrier = l.Ifindex, l.Name, l.MAC, l.Master, l.MTU, l.Carrier
		e.State, e.Flags, e.Kind, e.VNI = l.Operstate, l.Flags, l.Kind, l.VNI
		if object == objectPort {
			e.State = portState(b)
		}
	case objectAddress:
		a, err := decodeAddress(b)
		if err != nil {
			return nil, err
		}
		e.Ifindex, e.IP, e.Flags, e.Extra = a.Ifindex, a.IP, a.Flags, a.Extra
		e.Prefix = netip.PrefixFrom(a.IP, int(a.PrefixLen))
	case objectRoute:
		routes, err := decodeRoute(b)
		rows := make([]schema.KernelEvent, 0, len(routes))
		for _, r := range routes {
			e := e
			e.Ifindex, e.Prefix, e.Gateway, e.Kind, e.MTU = r.Ifindex, r.Dst, r.Gateway, r.Type, r.MTU
			e.TableID, e.Protocol, e.Flags, e.Extra = r.TableID, r.Protocol, r.Flags, r.Extra
			rows = append(rows, e)
		}
		return rows, err
	default:
		return nil, nil
	}
	return []schema.KernelEvent{e}, nil
}

// portState is the state of a bridge port in a message of AF_BRIDGE, where the settings of the port are in IFLA_PROTINFO.
func portState(b []byte) (state string) {
	_ = attrs(b[unix.SizeofIfInfomsg:], func(typ uint16, v []byte) {
		if typ != unix.IFLA_PROTINFO {
			return
		}
		_ = attrs(v, func(typ uint16, v []byte) {
			if typ == unix.IFLA_BRPORT_STATE {
				state = word(u8(v), portStates)
			}
		})
	})
	return state
}
