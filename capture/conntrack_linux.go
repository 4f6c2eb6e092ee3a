package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var conntrackCollector = &Collector{
	Name: "conntrack",
	Doc: "Connection tracking of each namespace: how full it is, all entries counted by what they have in common, and those " +
		"that tell something, by ctnetlink (IPCTNL_MSG_CT_GET_STATS, then an IPCTNL_MSG_CT_GET dump); in containers with few entries, and without " +
		"nf_conntrack_netlink, from /proc/thread-self/net/nf_conntrack.",
	Needs: "CAP_NET_ADMIN",
	Effects: "A socket of netfilter, or a message of ctnetlink, would load their modules: neither is used unless they are there. " +
		"GET leaves counters alone (the request that resets them is another one) and turns no tracking on. As any reader of the " +
		"table does, it lets the kernel drop entries whose time is over already. A dump walks the table of all namespaces, so a " +
		"namespace without entries is not dumped.",
	Since:    "0.2.0",
	Tables:   []string{"conntrack_usage", "conntrack_count", "conntrack_entry"},
	Volatile: true,
	InNetns:  readConntrack,
}

const (
	procConntrack      = "/proc/thread-self/net/nf_conntrack"
	procConntrackStat  = "/proc/thread-self/net/stat/nf_conntrack"
	procConntrackCount = "/proc/sys/net/netfilter/nf_conntrack_count"
	procConntrackMax   = "/proc/sys/net/netfilter/nf_conntrack_max"
	// ctStatDoc are the counters of each processor, where procfs does not have them.
	ctStatDoc = "ctnetlink_stat_cpu.json"
	// The text form of the table is read up to here, some 50,000 entries: the kernel finds its place in it by counting
	// entries from the first at every 4 KiB.
	ctMostText = 8 << 20
	// Up to so many entries are read from the text form where it exists, except where what only netlink tells matters. For
	// a dump the kernel locks each of up to 262,144 buckets in turn, whatever is in them: 12 ms for 20 entries where the
	// text takes 0.3 ms. Beyond this the text, whose every 4 KiB begin with a walk to their place, costs more.
	ctFewEntries = 100
)

var errNoConntrack = &Incomplete{schema.Absent, "nf_conntrack is not loaded"}

// ctnlMsg is the type of a message of ctnetlink on the netfilter socket. An entry is sent as message 0.
func ctnlMsg(n uint16) uint16 { return unix.NFNL_SUBSYS_CTNETLINK<<8 | n }

const ctnlEntry = 0

func readConntrack(ctx context.Context, ns *Netns, s *Sink) error {
	if !ns.Host.Modules.Have("nf_conntrack") {
		return errNoConntrack
	}
	c, err := openCtnetlink(ctx, ns)
	if err != nil {
		return readConntrackWithout(ctx, ns, s, err)
	}
	defer c.close()
	stats, err := c.get(ctx, ctnlMsg(ipctnlMsgCtGetStats), anyFamily, ctnlMsg(ipctnlMsgCtGetStats))
	if err != nil {
		return readConntrackWithout(ctx, ns, s, fmt.Errorf("ask how many entries are tracked: %w", err))
	}
	entries, most, err := decodeConntrackUsage(stats)
	if err != nil {
		return fmt.Errorf("how many entries are tracked: %w", err)
	}
	if most == nil {
		most = ns.procNumber(procConntrackMax)
	}
	if entries != nil {
		if err := s.Put(&schema.ConntrackUsage{Netns: ns.ID(), Entries: *entries, MaxEntries: most}); err != nil {
			return err
		}
	}
	if err := readConntrackCPU(ctx, c, s); err != nil {
		return err
	}
	switch {
	case entries != nil && *entries == 0:
		return nil
	case entries != nil && *entries <= ctFewEntries && !ns.balances():
		if fd, err := ns.openProc(procConntrack); err == nil {
			defer unix.Close(fd)
			return readConntrackText(ctx, ns, s, fd)
		}
	}
	sum := newCtSummary(ns.ctBounds())
	var row schema.ConntrackEntry
	buf := slices.Grow(c.room.answer[:0], recvRoom)[:recvRoom]
	c.room.answer = buf
	err = c.stream(ctx, ctnlMsg(ipctnlMsgCtGet), anyFamily, ctnlMsg(ctnlEntry), buf, func(b []byte) error {
		if err := decodeConntrack(b, &row); err != nil {
			return err
		}
		sum.add(&row)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("dump tracked connections: %w", err)
	}
	return errors.Join(sum.put(ns, s, err == nil), err)
}

// balances reports whether connections are translated here for others: published ports and virtual addresses.
func (n *Netns) balances() bool {
	return n.Kind == schema.NetnsHost || n.Kind == schema.NetnsIngress || n.Kind == schema.NetnsLB
}

// openCtnetlink opens a netfilter socket if that loads nothing.
func openCtnetlink(ctx context.Context, ns *Netns) (*rtconn, error) {
	if !ns.Host.Modules.Have("nf_conntrack_netlink") {
		return nil, errors.New("nf_conntrack_netlink is not loaded")
	}
	c, err := openNetlink(unix.NETLINK_NETFILTER)
	if err != nil {
		return nil, err
	}
	ns.lend(c)
	return c, nil
}

// put writes the rows; whole is whether every entry was seen.
func (t *ctSummary) put(ns *Netns, s *Sink, whole bool) error {
	counts, cover := t.countRows()
	for i := range counts {
		counts[i].Netns = ns.ID()
		if err := s.Put(&counts[i]); err != nil {
			return err
		}
	}
	if whole {
		s.Cover(cover)
	}
	entries, cover := t.entryRows()
	for i := range entries {
		entries[i].Netns = ns.ID()
		if err := s.Put(&entries[i]); err != nil {
			return err
		}
	}
	if whole {
		s.Cover(cover)
	}
	return nil
}

// ctBounds is how many entries are kept in this namespace, and how many of the sample. Where traffic is balanced or
// published there are few namespaces and much to see.
func (n *Netns) ctBounds() (most, sample int) {
	if n.balances() {
		return ctMostEntries, ctMostSample
	}
	return ctMostOfContainer, ctMostSampleOfContainer
}

// procNumber reads a file that holds one number, nil if it cannot be read.
func (n *Netns) procNumber(path string) *int64 {
	b, err := n.readProc(path)
	if err != nil {
		return nil
	}
	v, err := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64)
	if err != nil {
		return nil
	}
	return &v
}

// readConntrackCPU writes the counters of each processor where procfs does not have them.
func readConntrackCPU(ctx context.Context, c *rtconn, s *Sink) error {
	if unix.Access(procConntrackStat, unix.F_OK) != unix.ENOENT {
		return nil
	}
	var lines []string
	err := c.dump(ctx, ctnlMsg(ipctnlMsgCtGetStatsCPU), anyFamily, ctnlMsg(ipctnlMsgCtGetStatsCPU), func(b []byte) error {
		line, err := decodeConntrackCPU(b)
		if err == nil {
			lines = append(lines, line)
		}
		return err
	})
	if err != nil {
		o := outcomeOf(fmt.Errorf("ask for counters by processor: %w", err))
		s.Cover(schema.Coverage{Document: ctStatDoc, Outcome: o.Outcome, Reason: o.reason})
		return nil
	}
	return s.Document(ctStatDoc, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0)
}

// readConntrackWithout reads what there is without netlink. why is what keeps it from that.
func readConntrackWithout(ctx context.Context, ns *Netns, s *Sink, why error) error {
	entries := ns.procNumber(procConntrackCount)
	if entries != nil {
		err := s.Put(&schema.ConntrackUsage{Netns: ns.ID(), Entries: *entries, MaxEntries: ns.procNumber(procConntrackMax)})
		if err != nil {
			return err
		}
		s.Cover(schema.Coverage{Tbl: "conntrack_usage", Outcome: schema.OK})
		if *entries == 0 {
			return nil
		}
	}
	fd, err := ns.openProc(procConntrack)
	switch {
	case errors.Is(err, fs.ErrNotExist) && entries == nil:
		return errNoConntrack
	case errors.Is(err, fs.ErrNotExist) && errors.Is(why, fs.ErrPermission):
		return why
	case errors.Is(err, fs.ErrNotExist):
		return &Incomplete{schema.Skipped, why.Error() + ", and " + procConntrack + " does not exist"}
	case err != nil:
		return fmt.Errorf("open %s: %w", procConntrack, err)
	}
	defer unix.Close(fd)
	return readConntrackText(ctx, ns, s, fd)
}

// readConntrackText reads the text form.
func readConntrackText(ctx context.Context, ns *Netns, s *Sink, fd int) error {
	sum := newCtSummary(ns.ctBounds())
	var row schema.ConntrackEntry
	bad := 0
	err := procLines(ctx, fd, ctMostText, func(line string) {
		if parseConntrackLine(line, &row) != nil {
			bad++
			return
		}
		sum.add(&row)
	})
	if err == nil && bad > 0 {
		err = &Incomplete{schema.Partial, fmt.Sprintf("%d of %d lines were not understood", bad, bad+sum.entries)}
	}
	return errors.Join(sum.put(ns, s, err == nil), err)
}

// procLines reads a file of procfs up to most bytes and calls f with each whole line.
func procLines(ctx context.Context, fd, most int, f func(line string)) error {
	buf := make([]byte, 0, 64<<10)
	for total := 0; ; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if len(buf) == cap(buf) {
			return &Incomplete{schema.Partial, fmt.Sprintf("a line of more than %d bytes", cap(buf))}
		}
		k, err := unix.Read(fd, buf[len(buf):cap(buf)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if k == 0 {
			return nil
		}
		total += k
		buf = buf[:len(buf)+k]
		end := bytes.LastIndexByte(buf, '\n') + 1
		for line := range bytes.Lines(buf[:end]) {
			f(string(line))
		}
		buf = buf[:copy(buf, buf[end:])]
		if total >= most {
			return &Incomplete{schema.Truncated, fmt.Sprintf("cut at %d bytes", total)}
		}
	}
}
