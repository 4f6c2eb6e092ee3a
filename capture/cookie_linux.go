package capture

import "golang.org/x/sys/unix"

// readCookie is the number that the kernel gave to the namespace, unique until the next boot; 0 before Linux 5.14.
func (n *Netns) readCookie() int64 {
	c, err := n.routeConn()
	if err != nil {
		return 0
	}
	v, err := unix.GetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return 0
	}
	return int64(v)
}
