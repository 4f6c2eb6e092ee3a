package capture

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// stream asks for all objects of a kind, as dump does, and calls each with the payload of every message of type want
// while the kernel is still sending. Nothing but one datagram is held in memory, in buf, and whatever it held is
// overwritten with zeros before the next one and before the return. An interrupted dump is not repeated: the error is
// errInterruptedOnce, and each has had the rows.
//
// An error of each ends it; the rest of the dump stays in the socket, which must be closed then.
func (c *rtconn) stream(ctx context.Context, request uint16, body []byte, want uint16, buf []byte, each func(payload []byte) error) error {
	if err := c.send(ctx, request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, body); err != nil {
		return err
	}
	interrupted := false
	for done := false; !done; {
		n, err := c.receiveInto(ctx, buf)
		if err != nil {
			clear(buf)
			return err
		}
		err = messages(buf[:n], func(h unix.NlMsghdr, payload []byte) error {
			if h.Seq != c.seq {
				return nil
			}
			interrupted = interrupted || h.Flags&unix.NLM_F_DUMP_INTR != 0
			switch h.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				return ackError(payload)
			case want:
				return each(payload)
			}
			return nil
		})
		clear(buf[:n])
		if err != nil {
			return err
		}
	}
	if interrupted {
		return errInterruptedOnce
	}
	return nil
}

// errInterruptedOnce says that objects came or went during the dump.
var errInterruptedOnce = &Incomplete{schema.Partial, "interrupted: objects changed during the dump"}

// receiveInto receives one datagram. After an error buf may hold the part of it that fitted.
func (c *rtconn) receiveInto(ctx context.Context, buf []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(c.fd, buf, unix.MSG_TRUNC)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			if ctx.Err() != nil {
				return 0, context.Cause(ctx)
			}
			return 0, context.DeadlineExceeded
		case err != nil:
			return 0, fmt.Errorf("receive from netlink: %w", err)
		case n > len(buf):
			return 0, &Incomplete{schema.Partial, fmt.Sprintf("a netlink message of %d bytes did not fit", n)}
		}
		return n, nil
	}
}
