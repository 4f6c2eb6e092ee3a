package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/netmortem/netmortem/schema"
)

// publishHere makes, in the namespace of the thread, a listener behind a DNAT rule, a connection to it that stays open and
// one that is closed, and a question that nobody answers. Packets are counted.
func publishHere(t *testing.T) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_acct", []byte("1"), 0); err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			_, _ = c.Write([]byte("hello"))
		}
	}()
	rule := fmt.Sprintf("*nat\n-A OUTPUT -p tcp -d 127.0.0.1 --dport 8080 -j DNAT --to-destination %s\nCOMMIT\n", ln.Addr())
	if _, err := tool(rule, "iptables-legacy-restore"); err != nil {
		return err
	}
	for i := range 2 {
		c, err := net.Dial("tcp4", "127.0.0.1:8080")
		if err != nil {
			return err
		}
		if _, err := c.Read(make([]byte, 5)); err != nil {
			return err
		}
		if i == 0 {
			c.Close()
		}
		t.Cleanup(func() { c.Close() })
	}
	u, err := net.Dial("udp4", "127.0.0.1:9")
	if err != nil {
		return err
	}
	t.Cleanup(func() { u.Close() })
	_, err = u.Write([]byte("anybody?"))
	return err
}

// conntrackList is what conntrack(8) lists, without the seconds left and the references, sorted.
func conntrackList() ([]string, error) {
	out, err := exec.Command("conntrack", "-L", "-o", "extended,id").Output() // it counts on the other stream
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		line = regexp.MustCompile(`^(\S+ +\d+ \S+ +\d+) \d+ `).ReplaceAllString(line, "$1 ")
		lines = append(lines, strings.Join(strings.Fields(regexp.MustCompile(` use=\d+`).ReplaceAllString(line, "")), " "))
	}
	slices.Sort(lines)
	return lines, nil
}

// settledConntrack is the list when it has stopped changing: TCP acknowledges late.
func settledConntrack() ([]string, error) {
	last, err := conntrackList()
	for range 50 {
		time.Sleep(200 * time.Millisecond)
		list, err := conntrackList()
		if err != nil || slices.Equal(list, last) {
			return list, err
		}
		last = list
	}
	return last, errors.Join(err, errors.New("the connections do not come to rest"))
}

// asConntrack writes a row as conntrack(8) does.
func asConntrack(e schema.ConntrackEntry) string {
	var b strings.Builder
	numbers := map[string]int{"ipv4": 2, "ipv6": 10, "tcp": 6, "udp": 17}
	fmt.Fprintf(&b, "%s %d %s %d", e.Family, numbers[e.Family], e.Proto, numbers[e.Proto])
	if e.State != "" {
		b.WriteString(" " + e.State)
	}
	fmt.Fprintf(&b, " src=%s dst=%s sport=%d dport=%d packets=%d bytes=%d", e.Src, e.Dst, e.Sport, e.DPort, *e.Packets, *e.Bytes)
	if !strings.Contains(e.Status, "seen_reply") {
		b.WriteString(" [UNREPLIED]")
	}
	fmt.Fprintf(&b, " src=%s dst=%s sport=%d dport=%d packets=%d bytes=%d", e.ReplySrc, e.ReplyDst, e.ReplySport, e.ReplyDport, *e.ReplyPackets, *e.ReplyBytes)
	if strings.Contains(e.Status, "assured") {
		b.WriteString(" [ASSURED]")
	}
	fmt.Fprintf(&b, " mark=%d", e.Mark)
	if e.CtID != nil {
		fmt.Fprintf(&b, " id=%d", *e.CtID)
	}
	return b.String()
}

// What is captured is what conntrack(8) lists, over netlink and from procfs, and a capture leaves the counters alone.
func TestIntegrationConntrack(t *testing.T) {
	needTools(t, "conntrack", "iptables-legacy-restore")
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/xtables.lock")
	n := holdNetns(t)
	var skip error
	n.do(func() { skip = publishHere(t) })
	if skip != nil {
		t.Skip("cannot track connections in a namespace here: ", skip)
	}
	balancing := *conntrackCollector // as in a namespace where little is never read from procfs
	balancing.InNetns = func(ctx context.Context, ns *Netns, s *Sink) error {
		ns.Kind = schema.NetnsLB
		return readConntrack(ctx, ns, s)
	}
	n.must(func() error {
		before, err := settledConntrack()
		if err != nil {
			return err
		}
		for name, c := range map[string]*Collector{"netlink": &balancing, "procfs": conntrackCollector} {
			got := collect(c)
			if got.err != nil {
				return fmt.Errorf("%s: %w", name, got.err)
			}
			entries := rowsOf[schema.ConntrackEntry](got.rows["conntrack_entry"])
			var lines []string
			kept := map[string]int{}
			for _, e := range entries {
				lines = append(lines, asConntrack(e))
				kept[e.Kept]++
				if (e.CtID != nil) != (name == "netlink") {
					t.Errorf("%s: %s", name, rowText(e))
				}
			}
			want := before
			if name == "procfs" { // which has no numbers of entries
				want = nil
				for _, line := range before {
					want = append(want, line[:strings.LastIndex(line, " id=")])
				}
			}
			sameLines(t, "entries by "+name, lines, slices.Clone(want))
			if kept[keptNAT] != 2 || kept[keptUDP] != 1 {
				t.Errorf("%s: kept %v", name, kept)
			}
			sum := int64(0)
			for _, c := range rowsOf[schema.ConntrackCount](got.rows["conntrack_count"]) {
				sum += c.Entries
			}
			usage := rowsOf[schema.ConntrackUsage](got.rows["conntrack_usage"])
			if len(usage) != 1 || usage[0].Entries != int64(len(before)) || sum != usage[0].Entries || usage[0].MaxEntries == nil {
				t.Errorf("%s: counted %d of %d, usage %+v", name, sum, len(before), usage)
			}
			for _, c := range got.coverage {
				if c.Outcome != schema.OK {
					t.Errorf("%s: %s: %s (%s)", name, c.Tbl, c.Outcome, c.Reason)
				}
			}
		}
		after, err := conntrackList()
		if err == nil && !slices.Equal(before, after) {
			err = fmt.Errorf("a capture changed the table:\n got  %q\n want %q", after, before)
		}
		return err
	})
}

// A namespace that tracks nothing has its usage, and no rows; tracking is not turned on by looking.
func TestIntegrationConntrackIdle(t *testing.T) {
	n := holdNetns(t)
	_, entries := captureAll(t, t.Context(), kernelOnly(), Collectors)
	cover := coverageOf(t, entries, n.id)
	if cover["conntrack_usage"].Outcome == schema.Absent {
		t.Skip("this kernel tracks no connections")
	}
	for _, table := range []string{"conntrack_usage", "conntrack_count", "conntrack_entry"} {
		if c := cover[table]; c.Outcome != schema.OK {
			t.Errorf("%s: %s (%s)", table, c.Outcome, c.Reason)
		}
	}
	if usage := rowsIn[schema.ConntrackUsage](t, entries, "conntrack_usage", n.id); len(usage) != 1 || usage[0].Entries != 0 {
		t.Errorf("usage %+v", usage)
	}
	n.must(func() error {
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if err := netlink.LinkSetUp(lo); err != nil {
			return err
		}
		u, err := net.Dial("udp4", "127.0.0.1:9")
		if err != nil {
			return err
		}
		defer u.Close()
		if _, err := u.Write([]byte("anybody?")); err != nil {
			return err
		}
		count, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_count")
		if err == nil && strings.TrimSpace(string(count)) != "0" {
			err = errors.New("connections are tracked since the capture")
		}
		return err
	})
}
