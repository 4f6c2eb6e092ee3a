package capture

import (
	"context"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// pairVeths finds the other end of every veth whose other end is in a namespace that was captured.
//
// The candidates have each other's ifindex, which is not enough. The kernel knows the namespace of the other end as
// IFLA_LINK_NETNSID, a number of this namespace's own making; RTM_GETNSID, asked here for a candidate's namespace, says
// which number that one has. It makes no new number. Both answers are remembered, so each pair of namespaces is asked
// at most once.
//
// An end that ctx leaves without its other end stays so: PeerNetns is absent.
func pairVeths(ctx context.Context, h *Host) {
	st := &h.links
	ends, byIndex := st.veths()
	fds := nsFiles{}
	defer fds.close()
	for from := 0; from < len(ends) && ctx.Err() == nil; {
		to := from // ends of one namespace are neighbours
		for to < len(ends) && ends[to].set == ends[from].set {
			to++
		}
		// An error means that the namespace is gone or closed to us: its veths stay without their other ends.
		_ = pairInside(ctx, st, ends[from:to], byIndex, fds)
		from = to
	}
}

// pairInside finds the other ends of the veths of one namespace.
func pairInside(ctx context.Context, st *linkStore, ends []vethEnd, byIndex map[[2]int64][]vethEnd, fds nsFiles) error {
	var across []vethEnd
	for _, e := range ends {
		if e.link.PeerNetns != "" {
			continue
		}
		if e.link.LinkNetnsid != nil {
			across = append(across, e)
		} else if c := st.vethCandidates(e, byIndex); len(c) == 1 {
			st.join(e, c[0])
		}
	}
	if len(across) == 0 {
		return nil
	}
	return st.sets[across[0].set].acc.ns.Do(ctx, func() error {
		conn, err := openRoute()
		if err != nil {
			return err
		}
		defer conn.close()
		ids := map[int]int64{}   // namespace to its number here
		known := map[int64]int{} // and back
		for _, e := range across {
			for _, c := range st.vethCandidates(e, byIndex) {
				if set, ok := known[*e.link.LinkNetnsid]; ok && set != c.set {
					continue
				}
				id, ok := ids[c.set]
				if !ok {
					if id, err = conn.nsid(ctx, fds.open(c.set, st.sets[c.set].acc.ns)); err != nil {
						id = unix.NETNSA_NSID_NOT_ASSIGNED
					}
					ids[c.set] = id
					if id >= 0 {
						known[id] = c.set
					}
				}
				if id == *e.link.LinkNetnsid {
					st.join(e, c)
					break
				}
			}
		}
		return nil
	})
}

// nsid asks for the number that this namespace has given to another one; NETNSA_NSID_NOT_ASSIGNED if it has none.
func (c *rtconn) nsid(ctx context.Context, fd int) (int64, error) {
	if fd < 0 {
		return unix.NETNSA_NSID_NOT_ASSIGNED, nil
	}
	body := make([]byte, 4, 12) // struct rtgenmsg, padded
	body = binary.NativeEndian.AppendUint16(body, 8)
	body = binary.NativeEndian.AppendUint16(body, unix.NETNSA_FD)
	body = binary.NativeEndian.AppendUint32(body, uint32(fd))
	answer, err := c.get(ctx, unix.RTM_GETNSID, body, unix.RTM_NEWNSID)
	if err != nil || len(answer) < 4 {
		return unix.NETNSA_NSID_NOT_ASSIGNED, err
	}
	id := int64(unix.NETNSA_NSID_NOT_ASSIGNED)
	err = attrs(answer[4:], func(typ uint16, v []byte) {
		if typ == unix.NETNSA_NSID {
			id = s32(v)
		}
	})
	return id, err
}

// nsFiles are namespaces held open while veths are paired, by index in linkStore.sets.
type nsFiles map[int]int

// open opens the namespace once; -1 if it cannot be opened.
func (f nsFiles) open(set int, ns *Netns) int {
	fd, ok := f[set]
	if !ok {
		var err error
		if fd, err = ns.open(); err != nil {
			fd = -1
		}
		f[set] = fd
	}
	return fd
}

func (f nsFiles) close() {
	for _, fd := range f {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}
