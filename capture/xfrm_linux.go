package capture

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var xfrmCollector = &Collector{
	Name: "xfrm",
	Doc: "IPsec of each namespace: security associations and policies (XFRM_MSG_GETSA, XFRM_MSG_GETPOLICY), and where there " +
		"are any, and on the host, /proc/thread-self/net/xfrm_stat, verbatim. Keys are not kept, only a hash of each that is " +
		"its own for every association.",
	Needs: "CAP_NET_ADMIN",
	Effects: "A socket of xfrm would load xfrm_user: none is opened unless that is there. The kernel sends keys along: they " +
		"arrive in a buffer that is used for nothing else, and are overwritten there before the next message is received.",
	Since:    "0.2.0",
	Tables:   []string{"xfrm_state", "xfrm_policy"},
	Volatile: true,
	InNetns:  readXfrm,
}

const (
	xfrmStatDoc  = "proc_net_xfrm_stat"
	procXfrmStat = "/proc/thread-self/net/xfrm_stat"
)

// Messages of xfrm (linux/xfrm.h). Of the requests only those that ask are here.
const (
	xfrmMsgGetSA      = 0x12
	xfrmMsgGetPolicy  = 0x15
	xfrmMsgGetSADInfo = 0x23
	xfrmMsgGetSPDInfo = 0x25

	// What they are answered with.
	xfrmState   = 0x10
	xfrmPolicy  = 0x13
	xfrmSADInfo = 0x22
	xfrmSPDInfo = 0x24
)

func readXfrm(ctx context.Context, ns *Netns, s *Sink) error {
	states, policies, err := readXfrmRows(ctx, ns, s)
	if states+policies > 0 || ns.IsHost() {
		if err := readProcDocs(ctx, ns, s, []procDoc{{xfrmStatDoc, procXfrmStat}}); err != nil {
			return err
		}
	}
	return err
}

// readXfrmRows puts associations and policies, and returns how many the kernel says there are.
func readXfrmRows(ctx context.Context, ns *Netns, s *Sink) (states, policies int64, err error) {
	if !ns.Host.Modules.Have("xfrm_user") {
		return 0, 0, &Incomplete{schema.Absent, "xfrm_user is not loaded"}
	}
	c, err := openNetlink(unix.NETLINK_XFRM)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return 0, 0, &Incomplete{schema.Absent, "this kernel has no xfrm_user"}
	}
	if err != nil {
		return 0, 0, err
	}
	defer c.close()
	ns.lend(c)
	flags := make([]byte, 4)
	answer, err := c.get(ctx, xfrmMsgGetSADInfo, flags, xfrmSADInfo)
	if err != nil {
		return 0, 0, fmt.Errorf("ask how many associations there are: %w", err)
	}
	if states, err = countXfrmStates(answer); err != nil {
		return 0, 0, err
	}
	if answer, err = c.get(ctx, xfrmMsgGetSPDInfo, flags, xfrmSPDInfo); err != nil {
		return states, 0, fmt.Errorf("ask how many policies there are: %w", err)
	}
	if policies, err = countXfrmPolicies(answer); err != nil {
		return states, 0, err
	}
	if states+policies == 0 {
		return 0, 0, nil
	}
	buf := make([]byte, recvRoom) // not the one that the other dumps share
	var errs []error
	if states > 0 {
		err := c.stream(ctx, xfrmMsgGetSA, nil, xfrmState, buf, func(b []byte) error {
			row, err := decodeXfrmState(b)
			if err != nil {
				return err
			}
			row.Netns = ns.ID()
			return s.Put(row)
		})
		if err != nil {
			// The rest of the dump is still in the socket.
			return states, policies, fmt.Errorf("dump associations: %w", err)
		}
	}
	if policies > 0 {
		err := c.stream(ctx, xfrmMsgGetPolicy, nil, xfrmPolicy, buf, func(b []byte) error {
			row, err := decodeXfrmPolicy(b)
			if err != nil {
				return err
			}
			row.Netns = ns.ID()
			return s.Put(row)
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("dump policies: %w", err))
		}
	}
	return states, policies, errors.Join(errs...)
}
