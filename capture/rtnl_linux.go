package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// rtconn is a netlink socket of one namespace, blocking, with a receive time-out. Only GET requests leave it.
type rtconn struct {
	fd     int
	seq    uint32
	strict bool // NETLINK_GET_STRICT_CHK: a filter that the kernel does not know is an error, not ignored
	room   *room
}

// room is the buffers of netlink sockets, used by one dump or get at a time.
type room struct {
	arena  []byte // the messages of the last dump
	answer []byte // and of the last get
	sent   []byte
}

const (
	// The kernel sizes the parts of a dump by the largest buffer that the reader has offered, up to 32 KiB.
	recvRoom = 64 << 10
	// An arena that one huge namespace made is not kept for all that come after it.
	arenaKeep = 1 << 20
	// An interrupted dump is repeated this often. Under heavy churn of links one in five was interrupted.
	dumpTries = 8
)

// openRoute opens a NETLINK_ROUTE socket in the namespace of the calling thread.
func openRoute() (*rtconn, error) {
	c, err := openNetlink(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	// Kernels before 4.20 do not know it and check nothing.
	c.strict = unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 1) == nil
	return c, nil
}

func (c *rtconn) close() { unix.Close(c.fd) }

// routeConn is the namespace's socket, opened at its first use. The caller is inside.
func (n *Netns) routeConn() (*rtconn, error) {
	if n.route == nil {
		c, err := openRoute()
		if err != nil {
			return nil, err
		}
		n.route = n.lend(c)
	}
	return n.route, nil
}

// lend gives a socket the buffers of the visit, which are kept from namespace to namespace. Sockets that share them must
// not be used at the same time.
func (n *Netns) lend(c *rtconn) *rtconn {
	if n.room == nil {
		n.room = &room{}
	}
	c.room = n.room
	return c
}

// errInterrupted says that objects came or went during each of the dumps: the rows are a mixture of states.
var errInterrupted = &Incomplete{schema.Partial, "interrupted: objects changed during each of 8 dumps"}

// dump asks for all objects of a kind, and calls each with the payload of every message of type want. An interrupted
// dump is repeated; each is called for the last one only, and the error is errInterrupted if that one was interrupted,
// too. The payload is valid until the next dump.
func (c *rtconn) dump(ctx context.Context, request uint16, header []byte, want uint16, each func(payload []byte) error) error {
	var interrupted bool
	for range dumpTries {
		var err error
		if interrupted, err = c.receiveDump(ctx, request, header); err != nil {
			return err
		}
		if !interrupted {
			break
		}
	}
	err := messages(c.room.arena, func(h unix.NlMsghdr, payload []byte) error {
		if h.Type == want {
			return each(payload)
		}
		return nil
	})
	if cap(c.room.arena) > arenaKeep {
		c.room.arena = nil
	}
	if err == nil && interrupted {
		return errInterrupted
	}
	return err
}

// receiveDump fills the arena with the messages of one dump.
func (c *rtconn) receiveDump(ctx context.Context, request uint16, header []byte) (interrupted bool, err error) {
	if err := c.send(ctx, request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, header); err != nil {
		return false, err
	}
	c.room.arena = c.room.arena[:0]
	for done := false; !done; {
		at := len(c.room.arena)
		if c.room.arena, err = c.receive(ctx, c.room.arena); err != nil {
			return false, err
		}
		err = messages(c.room.arena[at:], func(h unix.NlMsghdr, payload []byte) error {
			if h.Seq != c.seq {
				return nil
			}
			interrupted = interrupted || h.Flags&unix.NLM_F_DUMP_INTR != 0
			switch h.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				return ackError(payload)
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return interrupted, nil
}

// get sends one request that is no dump and returns the payload of its answer, valid until the next get. It leaves the
// messages of the last dump alone.
func (c *rtconn) get(ctx context.Context, request uint16, body []byte, want uint16) (answer []byte, err error) {
	if err := c.send(ctx, request, unix.NLM_F_REQUEST, body); err != nil {
		return nil, err
	}
	for done := false; !done; {
		if c.room.answer, err = c.receive(ctx, c.room.answer[:0]); err != nil {
			return nil, err
		}
		err = messages(c.room.answer, func(h unix.NlMsghdr, payload []byte) error {
			switch {
			case h.Seq != c.seq:
			case h.Type == unix.NLMSG_ERROR:
				done = true
				return ackError(payload)
			case h.Type == want:
				done, answer = true, payload
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// send sends a request. The receive time-out becomes what is left until ctx ends.
func (c *rtconn) send(ctx context.Context, request, flags uint16, body []byte) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := setReceiveTimeout(c.fd, ctx); err != nil {
		return err
	}
	c.seq++
	b := binary.NativeEndian.AppendUint32(c.room.sent[:0], uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, request)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, c.seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // to the kernel
	c.room.sent = append(b, body...)
	if err := unix.Sendto(c.fd, c.room.sent, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send a netlink request: %w", err)
	}
	return nil
}

// receive appends one datagram to b.
func (c *rtconn) receive(ctx context.Context, b []byte) ([]byte, error) {
	at := len(b)
	b = slices.Grow(b, recvRoom)
	room := b[at:cap(b)]
	for {
		n, _, err := unix.Recvfrom(c.fd, room, unix.MSG_TRUNC)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			if ctx.Err() != nil {
				return b[:at], context.Cause(ctx)
			}
			return b[:at], context.DeadlineExceeded
		case err != nil:
			return b[:at], fmt.Errorf("receive from netlink: %w", err)
		case n > len(room):
			return b[:at], &Incomplete{schema.Partial, fmt.Sprintf("a netlink message of %d bytes did not fit", n)}
		}
		return b[:at+n], nil
	}
}

// setReceiveTimeout makes a blocking socket give up when ctx ends.
func setReceiveTimeout(fd int, ctx context.Context) error {
	left := DefaultItemDeadline
	if t, ok := ctx.Deadline(); ok {
		left = max(time.Until(t), time.Millisecond)
	}
	tv := unix.NsecToTimeval(left.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return fmt.Errorf("set a receive time-out: %w", err)
	}
	return nil
}

// messages calls f with each netlink message of a datagram.
func messages(b []byte, f func(h unix.NlMsghdr, payload []byte) error) error {
	for len(b) >= unix.SizeofNlMsghdr {
		h := unix.NlMsghdr{
			Len: binary.NativeEndian.Uint32(b), Type: binary.NativeEndian.Uint16(b[4:]), Flags: binary.NativeEndian.Uint16(b[6:]),
			Seq: binary.NativeEndian.Uint32(b[8:]), Pid: binary.NativeEndian.Uint32(b[12:]),
		}
		if h.Len < unix.SizeofNlMsghdr || int(h.Len) > len(b) {
			return fmt.Errorf("a netlink message claims %d of %d bytes", h.Len, len(b))
		}
		if err := f(h, b[unix.SizeofNlMsghdr:h.Len]); err != nil {
			return err
		}
		b = b[min(int(h.Len+3)&^3, len(b)):]
	}
	return nil
}

// ackError is the error that NLMSG_ERROR or NLMSG_DONE carries, nil for none.
func ackError(payload []byte) error {
	if len(payload) < 4 {
		return nil
	}
	if n := int32(binary.NativeEndian.Uint32(payload)); n != 0 {
		return unix.Errno(-n)
	}
	return nil
}

// notSupported reports whether the kernel does not know this kind of object at all.
func notSupported(err error) bool {
	return errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EPROTONOSUPPORT)
}

// dev is the name of a link, as the link collector saw it; a link that came later is asked for. A link that is gone
// is called if<index>, as ip(8) does.
func (n *Netns) dev(ctx context.Context, ifindex int64) string {
	if name, ok := n.devs[ifindex]; ok {
		return name
	}
	name := fmt.Sprintf("if%d", ifindex)
	request := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(request[4:], uint32(ifindex))
	if c, err := n.routeConn(); err == nil {
		if answer, err := c.get(ctx, unix.RTM_GETLINK, request, unix.RTM_NEWLINK); err == nil {
			if l, _, err := decodeLink(answer); err == nil && l.Name != "" {
				name = l.Name
			}
		}
	}
	n.devs[ifindex] = name
	return name
}
