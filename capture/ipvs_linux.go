package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// ipvsCollector reads the virtual services and destinations of IPVS.
//
// /proc/net/ip_vs tells whether IPVS is there, and is the second opinion on how many there are. The generic netlink
// family is looked up in a dump of all families: asking for it by name loads the module. Needs CAP_NET_ADMIN.
var ipvsCollector = &Collector{
	Name:     "ipvs",
	Doc:      "Virtual services and destinations of IPVS (generic netlink IPVS_CMD_GET_SERVICE, GET_DEST), counted against /proc/net/ip_vs.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace; CAP_NET_ADMIN, without which the kernel refuses this",
	Effects:  "Asking generic netlink for a family by its name loads ip_vs: so it is looked up in the dump of all families, and only where /proc/net/ip_vs exists.",
	Since:    "0.1.0",
	Tables:   []string{"ipvs_service", "ipvs_destination"},
	Volatile: true,
	InNetns:  readIPVS,
}

// ipvsTimeoutCollector reads how long IPVS remembers idle connections.
var ipvsTimeoutCollector = &Collector{
	Name:    "ipvs_timeout",
	Doc:     "Timeouts of IPVS connections (generic netlink IPVS_CMD_GET_CONFIG).",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace; CAP_NET_ADMIN, without which the kernel refuses this",
	Effects: "the same as ipvs",
	Since:   "0.1.0",
	Tables:  []string{"ipvs_timeout"},
	InNetns: readIPVSTimeout,
}

// procIPVS is the text form of IPVS in the namespace of the thread.
const procIPVS = "/proc/thread-self/net/ip_vs"

var errNoIPVS = &Incomplete{schema.Absent, "IPVS is not loaded"}

// An ipvsConn is a generic netlink socket that knows the family of IPVS.
type ipvsConn struct {
	*rtconn
	family uint16
}

// openIPVS opens the socket, if IPVS is there.
func openIPVS(ctx context.Context) (*ipvsConn, error) {
	if _, err := os.Stat(procIPVS); errors.Is(err, fs.ErrNotExist) {
		return nil, errNoIPVS
	} else if err != nil {
		return nil, fmt.Errorf("look for IPVS: %w", err)
	}
	c, err := openNetlink(unix.NETLINK_GENERIC)
	if err != nil {
		return nil, err
	}
	v := &ipvsConn{rtconn: c}
	err = c.dump(ctx, unix.GENL_ID_CTRL, []byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0}, unix.GENL_ID_CTRL, func(b []byte) error {
		if name, id := genlFamily(b); name == "IPVS" {
			v.family = id
		}
		return nil
	})
	if err == nil && v.family == 0 {
		err = errNoIPVS
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return v, nil
}

// genlFamily reads CTRL_CMD_NEWFAMILY.
func genlFamily(b []byte) (name string, id uint16) {
	if len(b) < unix.GENL_HDRLEN {
		return "", 0
	}
	attrs(b[unix.GENL_HDRLEN:], func(typ uint16, v []byte) {
		switch typ {
		case unix.CTRL_ATTR_FAMILY_ID:
			id = uint16(u16(v))
		case unix.CTRL_ATTR_FAMILY_NAME:
			name = cstring(v)
		}
	})
	return name, id
}

// ask dumps the answers to one command.
func (v *ipvsConn) ask(ctx context.Context, cmd uint8, request []byte, each func(b []byte) error) error {
	return v.dump(ctx, v.family, append([]byte{cmd, 1, 0, 0}, request...), v.family, func(b []byte) error {
		if len(b) < unix.GENL_HDRLEN {
			return errShort("IPVS answer", len(b))
		}
		return each(b[unix.GENL_HDRLEN:])
	})
}

// An ipvsState is all services of a namespace with their destinations.
type ipvsState struct {
	services     []schema.IPVSService
	destinations []schema.IPVSDestination
}

func readIPVS(ctx context.Context, ns *Netns, s *Sink) error {
	v, err := openIPVS(ctx)
	if err != nil {
		return err
	}
	defer v.close()
	const tries = 3 // services may come and go between the two readings
	var state ipvsState
	var mismatch error
	for range tries {
		if state, err = v.state(ctx); err != nil {
			break
		}
		if mismatch = state.compare(); mismatch == nil {
			break
		}
	}
	for i := range state.services {
		state.services[i].Netns = ns.ID()
		if err := s.Put(&state.services[i]); err != nil {
			return err
		}
	}
	for i := range state.destinations {
		state.destinations[i].Netns = ns.ID()
		if err := s.Put(&state.destinations[i]); err != nil {
			return err
		}
	}
	return errors.Join(err, mismatch)
}

// state reads services, those by mark first, and then the destinations of each.
func (v *ipvsConn) state(ctx context.Context) (ipvsState, error) {
	var st ipvsState
	err := v.ask(ctx, ipvsCmdGetService, nil, func(b []byte) error {
		svc, err := decodeIPVSService(b)
		if err == nil {
			st.services = append(st.services, svc)
		}
		return err
	})
	if err != nil {
		return st, fmt.Errorf("list IPVS services: %w", err)
	}
	slices.SortStableFunc(st.services, func(a, b schema.IPVSService) int {
		switch {
		case (a.Fwmark != 0) == (b.Fwmark != 0):
			return 0
		case a.Fwmark != 0:
			return -1
		}
		return 1
	})
	for i := range st.services {
		svc := &st.services[i]
		err := v.ask(ctx, ipvsCmdGetDest, ipvsServiceKey(svc), func(b []byte) error {
			d, err := decodeIPVSDestination(b, svc)
			if err == nil {
				st.destinations = append(st.destinations, d)
			}
			return err
		})
		if err != nil && !errors.Is(err, unix.ESRCH) { // the service went away meanwhile
			return st, fmt.Errorf("list destinations of IPVS service %s: %w", ipvsName(svc), err)
		}
	}
	return st, nil
}

// compare counts against the kernel's text form.
func (st *ipvsState) compare() error {
	b, err := os.ReadFile(procIPVS)
	if err != nil {
		return fmt.Errorf("count IPVS services: %w", err)
	}
	return st.counted(b)
}

// counted reports what the text form has more than netlink told. What it has less says nothing: read in several pieces it leaves services
// out where other namespaces have some, too. Where all namespaces share one table, as in 6.1, ip_vs_info_seq_next counts everybody's, and
// ip_vs_info_array, where the next piece begins, only its own (net/netfilter/ipvs/ip_vs_ctl.c).
func (st *ipvsState) counted(text []byte) error {
	services, destinations := countIPVS(text)
	if services > len(st.services) || destinations > len(st.destinations) {
		return &Incomplete{schema.Partial, fmt.Sprintf("%d services and %d destinations over netlink, %d and %d in /proc/net/ip_vs",
			len(st.services), len(st.destinations), services, destinations)}
	}
	return nil
}

func readIPVSTimeout(ctx context.Context, ns *Netns, s *Sink) error {
	v, err := openIPVS(ctx)
	if err != nil {
		return err
	}
	defer v.close()
	b, err := v.get(ctx, v.family, []byte{ipvsCmdGetConfig, 1, 0, 0}, v.family)
	if err != nil {
		return fmt.Errorf("ask for IPVS timeouts: %w", err)
	}
	if len(b) < unix.GENL_HDRLEN {
		return errShort("IPVS timeouts", len(b))
	}
	row, err := decodeIPVSTimeout(b[unix.GENL_HDRLEN:])
	if err != nil {
		return err
	}
	row.Netns = ns.ID()
	return s.Put(&row)
}

// ipvsName is how an operator would name a service.
func ipvsName(svc *schema.IPVSService) string {
	if svc.Fwmark != 0 {
		return fmt.Sprintf("FWM %d", svc.Fwmark)
	}
	return svc.Proto + " " + netip.AddrPortFrom(svc.Address, uint16(svc.Port)).String()
}
