package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

var ipvsConnectionCollector = &Collector{
	Name:  "ipvs_connection",
	Doc:   "Connections that IPVS remembers: /proc/thread-self/net/ip_vs_conn, verbatim, twice, up to 1 MiB each.",
	Needs: "none",
	Effects: "Most kernels walk one table of all namespaces for it, and from its beginning again for every 4 KiB, so it is read " +
		"only where IPVS has ever scheduled a connection or has a service.",
	Since:    "0.2.0",
	Docs:     []string{ipvsConnDoc},
	Volatile: true,
	InNetns:  readIPVSConnections,
}

const (
	ipvsConnDoc   = "proc_net_ip_vs_conn"
	procIPVSConn  = "/proc/thread-self/net/ip_vs_conn"
	procIPVSStats = "/proc/thread-self/net/ip_vs_stats"
	ipvsConnMost  = 1 << 20 // some 14,000 connections
)

func readIPVSConnections(ctx context.Context, ns *Netns, s *Sink) error {
	stats, err := ns.readProc(procIPVSStats)
	if errors.Is(err, fs.ErrNotExist) {
		return errNoIPVS
	}
	if err != nil {
		return err
	}
	if n, ok := ipvsScheduled(stats); ok && n == 0 {
		// The total can have been set back to zero. Then there still is a service, most likely.
		text, err := ns.readProc(procIPVS)
		if err != nil {
			return err
		}
		if services, _ := countIPVS(text); services == 0 {
			return &Incomplete{schema.Absent, "IPVS has no service here and has never scheduled a connection"}
		}
	}
	most := ipvsConnMost
	if m := ns.Host.Options.MaxBytes; m > 0 {
		most = int(min(int64(most), m))
	}
	text, whole, err := ns.readProcUpTo(ctx, procIPVSConn, most)
	if errors.Is(err, fs.ErrNotExist) {
		return &Incomplete{schema.Absent, procIPVSConn + " does not exist"}
	}
	if err != nil {
		return err
	}
	if err := s.Document(ipvsConnDoc, text, 0); err != nil {
		return err
	}
	if !whole {
		s.Cover(schema.Coverage{Document: ipvsConnDoc, Outcome: schema.Truncated,
			Reason: fmt.Sprintf("cut after %d bytes and %d connections", len(text), max(bytes.Count(text, []byte("\n"))-1, 0))})
	}
	return nil
}

// ipvsScheduled reads from /proc/net/ip_vs_stats how many connections were scheduled: the first number of the third line,
// in hexadecimal.
func ipvsScheduled(text []byte) (int64, bool) {
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n < 3 {
			continue
		}
		f := bytes.Fields(line)
		if len(f) == 0 {
			return 0, false
		}
		v, err := strconv.ParseInt(string(f[0]), 16, 64)
		return v, err == nil
	}
	return 0, false
}

// readProcUpTo reads the first bytes of a file of procfs up to the end of a line, into the buffer that readProc uses.
func (n *Netns) readProcUpTo(ctx context.Context, path string, most int) (text []byte, whole bool, err error) {
	fd, err := n.openProc(path)
	if err != nil {
		return nil, false, fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	b := n.proc[:0]
	for {
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		if cap(b)-len(b) < 16<<10 {
			b = append(b, make([]byte, max(64<<10, len(b)))...)[:len(b)]
		}
		k, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, false, fmt.Errorf("read %s: %w", path, err)
		}
		n.proc = b
		if k == 0 {
			return b, true, nil
		}
		b = b[:len(b)+k]
		if len(b) > most {
			return b[:bytes.LastIndexByte(b[:most], '\n')+1], false, nil
		}
	}
}
