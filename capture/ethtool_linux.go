package capture

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ethtoolConn asks drivers by ioctl(2): what they say of themselves and count for themselves has no other way out.
//
// The ioctl goes by name, and for a name that is not there (a link that went meanwhile) the kernel asks for a module
// netdev-<name>, if the caller has CAP_NET_ADMIN or CAP_SYS_MODULE (net/core/dev_ioctl.c, dev_load). So the thread that
// asks has given up all capabilities. The commands used here are among those that dev_ethtool grants to anyone.
type ethtoolConn struct {
	fd  int
	dev string
}

// ethSlack is how many more strings or counters there is room for than the driver announced. The kernel writes as many
// as it has when it is asked, whatever the room: queues may have been added since.
const ethSlack = 4096

// The sets of names that a driver has (linux/ethtool.h, enum ethtool_stringset).
const (
	ethStatNames    = 1
	ethFeatureNames = 4
)

// openEthtool opens a socket for ioctls about a link. The calling thread loses its capabilities for good.
func openEthtool(dev string) (*ethtoolConn, error) {
	if err := giveUpCapabilities(); err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a socket for ioctls: %w", err)
	}
	return &ethtoolConn{fd, dev}, nil
}

func (c *ethtoolConn) close() { unix.Close(c.fd) }

// giveUpCapabilities takes every capability from the calling thread, which must be locked and never serve again.
func giveUpCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none, left [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return fmt.Errorf("give up the capabilities of a thread: %w", err)
	}
	if err := unix.Capget(&header, &left[0]); err != nil || left != none {
		return fmt.Errorf("the capabilities of a thread are still %v: %w", left, err)
	}
	return nil
}

// ioctlRequest is struct ifreq with ifr_data.
type ioctlRequest struct {
	name [unix.IFNAMSIZ]byte
	data unsafe.Pointer
	_    [16]byte
}

// ask sends one command with the words behind it, and returns size bytes of what the kernel made of it.
func (c *ethtoolConn) ask(ctx context.Context, cmd uint32, size int, words ...uint32) ([]byte, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	b := binary.NativeEndian.AppendUint32(make([]byte, 0, size), cmd)
	for _, w := range words {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	b = b[:size]
	r := ioctlRequest{data: unsafe.Pointer(&b[0])}
	copy(r.name[:unix.IFNAMSIZ-1], c.dev)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(c.fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&r)))
	runtime.KeepAlive(b)
	if errno != 0 {
		return nil, errno
	}
	return b, nil
}

// count is how many strings a set has.
func (c *ethtoolConn) count(ctx context.Context, set int) (int, error) {
	b, err := c.ask(ctx, unix.ETHTOOL_GSSET_INFO, 20, 0, 1<<set, 0, 0)
	if err != nil || u64(b[8:]) == 0 { // the driver has no such set
		return 0, err
	}
	return int(u32(b[16:])), nil
}

// names are the strings of a set.
func (c *ethtoolConn) names(ctx context.Context, set int) ([]string, error) {
	n, err := c.count(ctx, set)
	if err != nil || n == 0 {
		return nil, err
	}
	b, err := c.ask(ctx, unix.ETHTOOL_GSTRINGS, 12+(n+ethSlack)*ethStringLen, uint32(set), uint32(n))
	if err != nil {
		return nil, err
	}
	return ethStrings(b), nil
}
