package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/xtables"
	"github.com/netmortem/netmortem/schema"
)

// iptablesLegacyCollector reads the tables of legacy ip_tables and ip6_tables.
//
// IPT_SO_GET_INFO creates the table that it is asked about and hooks it into the namespace, so only tables that
// ip_tables_names lists are asked for: those are there already. Needs CAP_NET_ADMIN in the namespace's user namespace.
var iptablesLegacyCollector = &Collector{
	Name:     "iptables_legacy",
	Doc:      "Tables of legacy iptables and ip6tables, those only that exist already (getsockopt IPT_SO_GET_ENTRIES).",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace; CAP_NET_ADMIN, without which the kernel refuses this",
	Effects:  "Asking for a table makes it and hooks it into the namespace, and may load its module: so only tables that ip_tables_names lists are asked for.",
	Since:    "0.1.0",
	Tables:   []string{"iptables_chain", "iptables_rule"},
	Volatile: true,
	InNetns:  readIPTablesLegacy,
}

// An xtFamily is how one of the two families is asked.
type xtFamily struct {
	v6    bool
	names string // file below /proc/thread-self/net that lists the tables
	inet  int    // address family of the socket
	level int    // of the socket options
}

var xtFamilies = []xtFamily{
	{names: "ip_tables_names", inet: unix.AF_INET, level: unix.SOL_IP},
	{v6: true, names: "ip6_tables_names", inet: unix.AF_INET6, level: unix.SOL_IPV6},
}

// Socket options of ip_tables.h and ip_set.h; those of ip6_tables.h have the same numbers.
const (
	iptSoGetInfo    = 64
	iptSoGetEntries = 65
	soIPSet         = 83
)

func readIPTablesLegacy(ctx context.Context, ns *Netns, s *Sink) error {
	var errs []error
	tables := 0
	for _, f := range xtFamilies {
		names, err := legacyTables(f)
		if err != nil {
			errs = append(errs, err)
		}
		if len(names) == 0 {
			continue
		}
		tables += len(names)
		if err := readXTFamily(ctx, f, names, ns, s); err != nil {
			errs = append(errs, err)
		}
	}
	if tables == 0 && len(errs) == 0 {
		return &Incomplete{schema.Absent, "no legacy table exists in this namespace"}
	}
	return errors.Join(errs...)
}

// legacyTables are the tables that exist in the namespace of the thread. No file means that ip_tables is not loaded.
func legacyTables(f xtFamily) ([]string, error) {
	b, err := os.ReadFile("/proc/thread-self/net/" + f.names)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list legacy tables: %w", err)
	}
	return strings.Fields(string(b)), nil
}

func readXTFamily(ctx context.Context, f xtFamily, names []string, ns *Netns, s *Sink) error {
	fd, err := unix.Socket(f.inet, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		return fmt.Errorf("open a socket for %s: %w", f.names, err)
	}
	defer unix.Close(fd)
	var errs []error
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		t, err := readXTTable(fd, f, name)
		if err != nil {
			errs = append(errs, err)
		}
		if err := putXTTable(s, ns.ID(), "legacy", &t, setNames(ns)); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// An xtAnswer is what the kernel says of one table.
type xtAnswer struct {
	head    []byte // struct ipt_getinfo
	info    xtables.Info
	entries []byte // struct ipt_get_entries without its head
}

// readXTTable reads one table. The kernel answers EAGAIN when the table was replaced between the two questions.
func readXTTable(fd int, f xtFamily, name string) (xtables.Table, error) {
	const tries = 16
	for range tries {
		a, err := askXTTable(fd, f, name)
		switch {
		case errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return xtables.Table{Name: name}, fmt.Errorf("table %s: %w", name, err)
		}
		return xtables.Parse(f.v6, a.info, a.entries)
	}
	return xtables.Table{Name: name}, fmt.Errorf("table %s: replaced %d times while it was read", name, tries)
}

func askXTTable(fd int, f xtFamily, name string) (a xtAnswer, err error) {
	a.head = make([]byte, xtables.InfoSize)
	copy(a.head, name)
	if _, err := getsockopt(fd, f.level, iptSoGetInfo, a.head); err != nil {
		return a, fmt.Errorf("get info: %w", err)
	}
	if a.info, err = xtables.ParseInfo(a.head); err != nil {
		return a, err
	}
	b := make([]byte, xtables.EntriesHead+int(a.info.Size))
	copy(b, name)
	binary.NativeEndian.PutUint32(b[32:], a.info.Size)
	n, err := getsockopt(fd, f.level, iptSoGetEntries, b)
	if err != nil {
		return a, fmt.Errorf("get entries: %w", err)
	}
	a.entries = b[min(xtables.EntriesHead, n):n]
	return a, nil
}

// getsockopt is getsockopt(2) with a buffer that carries the question, too. It returns the length of the answer.
func getsockopt(fd, level, name int, b []byte) (int, error) {
	n := uint32(len(b))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name),
		uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&n)), 0)
	if e != 0 {
		return 0, e
	}
	return min(int(n), len(b)), nil
}

// putXTTable writes the rows of one table, of either flavour.
func putXTTable(s *Sink, netns, flavour string, t *xtables.Table, sets xtables.Sets) error {
	for i := range t.Chains {
		c := &t.Chains[i]
		row := c.Row(t.V6)
		row.Netns, row.Flavour, row.Tbl = netns, flavour, t.Name
		if err := s.Put(&row); err != nil {
			return err
		}
		for n := range c.Rules {
			row := c.Rules[n].Row(c.Name, sets)
			row.Netns, row.Flavour, row.Tbl, row.Num = netns, flavour, t.Name, int64(n+1)
			if err := s.Put(&row); err != nil {
				return err
			}
		}
	}
	return nil
}

// setNames names ipsets by their index, as libxt_set does. It is asked only for rules that refer to a set, so the
// module is loaded; and it asks nothing where the kernel could still load something.
func setNames(ns *Netns) xtables.Sets {
	return func(index uint16) (string, bool) {
		if !ns.Host.Modules.Have("ip_set") {
			return "", false
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return "", false
		}
		defer unix.Close(fd)
		const getByIndex, size, nameAt, nameLen = 7, 40, 8, 32
		for _, protocol := range []uint32{7, 6} { // IPSET_PROTOCOL of kernels from 4.20 on, and before
			b := make([]byte, size)
			binary.NativeEndian.PutUint32(b, getByIndex)
			binary.NativeEndian.PutUint32(b[4:], protocol)
			binary.NativeEndian.PutUint16(b[nameAt:], index)
			if _, err := getsockopt(fd, unix.SOL_IP, soIPSet, b); err != nil {
				continue
			}
			name := unix.ByteSliceToString(b[nameAt : nameAt+nameLen])
			return name, name != ""
		}
		return "", false
	}
}
