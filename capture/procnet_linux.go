package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A procDoc is one file of procfs that becomes a document: its name and its path.
type procDoc struct{ name, path string }

// procDocs are the counters that every namespace has of its own. /proc/net and /proc/self/net are those of the
// process's first thread; thread-self is the one that is inside.
var procDocs = []procDoc{
	{"proc_net_dev", "/proc/thread-self/net/dev"},
	{"proc_net_netstat", "/proc/thread-self/net/netstat"},
	{"proc_net_snmp", "/proc/thread-self/net/snmp"},
	{"proc_net_snmp6", "/proc/thread-self/net/snmp6"},
	{"proc_net_sockstat", "/proc/thread-self/net/sockstat"},
	{"proc_net_sockstat6", "/proc/thread-self/net/sockstat6"},
	{"proc_net_stat_nf_conntrack", "/proc/thread-self/net/stat/nf_conntrack"},
	{"proc_sys_nf_conntrack_count", "/proc/sys/net/netfilter/nf_conntrack_count"},
	{"proc_sys_nf_conntrack_max", "/proc/sys/net/netfilter/nf_conntrack_max"},
	{"proc_net_ip_vs", "/proc/thread-self/net/ip_vs"},
	{"proc_net_ip_vs_stats", "/proc/thread-self/net/ip_vs_stats"},
}

// procHostDocs are counters of the whole kernel: per processor, or of the neighbour tables that all namespaces share.
var procHostDocs = []procDoc{
	{"proc_net_softnet_stat", "/proc/thread-self/net/softnet_stat"},
	{"proc_net_stat_arp_cache", "/proc/thread-self/net/stat/arp_cache"},
	{"proc_net_stat_ndisc_cache", "/proc/thread-self/net/stat/ndisc_cache"},
}

var procNetCollector = &Collector{
	Name:     "proc_net",
	Doc:      "Counters of each namespace: files of /proc/thread-self/net, verbatim, twice.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace",
	Effects:  "none: reading resets no counter; the kernel may drop entries that have expired, as with any reader",
	Since:    "0.1.0",
	Docs:     docNames(procDocs),
	Volatile: true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		return readProcDocs(ctx, ns, s, procDocs)
	},
}

var procNetHostCollector = &Collector{
	Name:     "proc_net_host",
	Doc:      "Counters of the whole kernel, read in the host's namespace: softnet_stat and the shared neighbour tables, verbatim, twice.",
	Needs:    "CAP_SYS_ADMIN, to enter the namespace, and that only if ours is not the host's",
	Effects:  "none: reading resets no counter",
	Since:    "0.1.0",
	Docs:     docNames(procHostDocs),
	Volatile: true,
	HostOnly: true,
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		return readProcDocs(ctx, ns, s, procHostDocs)
	},
}

func docNames(docs []procDoc) []string {
	var names []string
	for _, d := range docs {
		names = append(names, d.name)
	}
	return names
}

// readProcDocs reads each file to its end and covers each by itself. A file that does not exist is absent: the kernel has
// no such thing, or has not loaded it.
func readProcDocs(ctx context.Context, ns *Netns, s *Sink, docs []procDoc) error {
	for _, d := range docs {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		data, err := ns.readProc(d.path)
		switch {
		case err == nil:
			if err := s.Document(d.name, data, 0); err != nil {
				return err
			}
		case errors.Is(err, fs.ErrNotExist):
			s.Cover(schema.Coverage{Document: d.name, Outcome: schema.Absent, Reason: d.path + " does not exist"})
		default:
			o := outcomeOf(err)
			s.Cover(schema.Coverage{Document: d.name, Outcome: o.Outcome, Reason: o.reason})
		}
	}
	return nil
}

var procModulesCollector = &Collector{
	Name:    "proc_modules",
	Doc:     "Loaded modules of the kernel: /proc/modules, verbatim. Absent when the kernel can load none.",
	Needs:   "none",
	Effects: "none: a file of /proc",
	Since:   "0.1.0",
	Docs:    []string{"proc/modules"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		data, err := os.ReadFile("/proc/modules")
		if errors.Is(err, fs.ErrNotExist) {
			return &Incomplete{schema.Absent, "the kernel has no loadable modules"}
		}
		if err != nil {
			return fmt.Errorf("read the list of loaded modules: %w", err)
		}
		return s.Document("proc/modules", dropAddresses(data), 0)
	},
}

// dropAddresses cuts the last column of /proc/modules, the address in the kernel's memory, which nobody outside needs.
func dropAddresses(text []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 6 || len(f) == 7 {
			f = append(f[:5], f[6:]...) // (OE) flags may follow
		}
		b.WriteString(strings.Join(f, " "))
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
