package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// sysctlsOfNetns are the settings that every namespace has of its own, with the kinds of namespace where they decide
// something; in the host's namespace and in those that are not Docker's all are read. A file of /proc/sys is dear to open
// in a namespace: the kernel keeps one entry of the same name for each.
var sysctlsOfNetns = []struct {
	kinds []string // nil for all
	keys  []string
}{
	{nil, []string{
		"net.ipv4.ip_forward",              // nothing is routed between containers and the world without it
		"net.ipv4.conf.all.rp_filter",      // strict reverse path filtering drops what comes in by another link
		"net.ipv4.conf.all.arp_ignore",     // direct routing (DSR) needs 1 …
		"net.ipv4.conf.all.arp_announce",   // … and 2
		"net.ipv4.conf.all.accept_local",   // hairpin traffic
		"net.ipv4.conf.all.route_localnet", // published ports on 127.0.0.1
		"net.ipv6.conf.all.disable_ipv6",   // whether resolvers see IPv6 addresses
	}},
	{[]string{schema.NetnsContainer}, []string{
		"net.ipv4.tcp_keepalive_time", // longer than IPVS remembers an idle connection: resets after a pause
		"net.ipv4.tcp_keepalive_intvl",
		"net.ipv4.tcp_keepalive_probes",
		"net.ipv4.tcp_retries2",        // how long a dead peer goes unnoticed
		"net.ipv4.tcp_fin_timeout",     // orphaned connections
		"net.ipv4.tcp_tw_reuse",        // how soon a port is used again
		"net.ipv4.ip_local_port_range", // how many connections one address can have to one destination
		"net.ipv4.tcp_max_syn_backlog", // bounds on a listener's queues
		"net.core.somaxconn",
	}},
	{[]string{schema.NetnsLB, schema.NetnsIngress}, []string{
		"net.ipv4.vs.conntrack", // IPVS as Docker sets it up
		"net.ipv4.vs.conn_reuse_mode",
		"net.ipv4.vs.expire_nodest_conn",
		"net.ipv4.vs.expire_quiescent_template",
		"net.ipv4.vs.sloppy_tcp",
		"net.netfilter.nf_conntrack_tcp_be_liberal",          // packets out of window
		"net.netfilter.nf_conntrack_tcp_timeout_established", // idle connections
		"net.netfilter.nf_conntrack_udp_timeout",
		"net.netfilter.nf_conntrack_udp_timeout_stream",
		"net.ipv4.ip_local_port_range", // source ports of the one address that all clients share
	}},
	{[]string{schema.NetnsOverlay}, []string{
		"net.bridge.bridge-nf-call-iptables", // bridged traffic meets iptables; kernel 5.3 and newer: by namespace
		"net.bridge.bridge-nf-call-ip6tables",
	}},
	{[]string{}, []string{ // of no kind of Docker's
		"net.ipv4.conf.default.rp_filter", // what links that are made later begin with
		"net.ipv6.conf.default.disable_ipv6",
		"net.ipv6.conf.all.forwarding",
		"net.ipv4.ip_nonlocal_bind", // binding a virtual address that is elsewhere
		"net.ipv4.ip_no_pmtu_disc",  // path MTU discovery
		"net.ipv4.tcp_mtu_probing",  // what helps when it is broken
		"net.ipv4.ip_local_reserved_ports",
		"net.ipv4.tcp_syncookies", // what happens when a listener is flooded
		"net.netfilter.nf_conntrack_max",
	}},
}

// sysctlsFor lists the settings that are read in a namespace of that kind, each once.
func sysctlsFor(kind string) []string {
	var keys []string
	for _, group := range sysctlsOfNetns {
		if group.kinds == nil || kind == schema.NetnsHost || kind == schema.NetnsOther || slices.Contains(group.kinds, kind) {
			keys = append(keys, group.keys...)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// sysctlsOfHost are settings of the whole kernel, read once, in the host's namespace. A * stands for anything but a dot.
var sysctlsOfHost = []string{
	"net.ipv4.neigh.default.gc_thresh*", // bounds of the neighbour table that all namespaces share
	"net.ipv6.neigh.default.gc_thresh*", //
	"net.ipv4.neigh.default.gc_stale_time",
	"net.ipv4.neigh.default.base_reachable_time_ms",
	"net.bridge.bridge-nf-*",
	"net.ipv4.neigh.default.gc_interval",
	"net.ipv4.neigh.default.unres_qlen_bytes",
	"net.core.netdev_max_backlog", // drops in softnet_stat
	"net.core.netdev_budget",
	"net.core.netdev_budget_usecs",
	"net.core.rmem_max",
	"net.core.wmem_max",
	"net.core.rmem_default",
	"net.core.wmem_default",
	"net.core.default_qdisc",
	"net.core.rps_sock_flow_entries", // whether flows are steered to the processors of their programs
	"net.core.bpf_jit_enable",
	"net.ipv4.tcp_mem", // memory of all TCP sockets, pages
	"net.ipv4.udp_mem",
	"net.ipv4.tcp_rmem",
	"net.ipv4.tcp_wmem",
	"net.ipv4.tcp_timestamps",
	"net.ipv4.tcp_sack",
	"net.ipv4.tcp_abort_on_overflow", // what a full accept queue does
	"net.ipv4.tcp_syn_retries",
	"net.ipv4.ipfrag_high_thresh", // memory for fragments
	"net.ipv4.ipfrag_time",
	"net.ipv4.tcp_max_orphans",
	"net.ipv4.tcp_max_tw_buckets",
	"net.ipv4.tcp_congestion_control",
	"net.ipv4.icmp_ratelimit",
	"net.netfilter.nf_conntrack_buckets",
	"net.netfilter.nf_conntrack_count",
	"kernel.core_pattern", // where the cores of crashed containers go
	"kernel.core_uses_pid",
	"kernel.core_pipe_limit",
	"kernel.pid_max",
	"kernel.threads-max",
	"kernel.panic",
	"kernel.panic_on_oops",
	"kernel.keys.maxkeys", // each container takes keys; at the bound of its user none starts
	"kernel.keys.maxbytes",
	"kernel.keys.root_maxkeys",
	"kernel.dmesg_restrict", // who may read the kernel's log
	"fs.suid_dumpable",
	"fs.file-max",
	"fs.file-nr",
	"fs.nr_open",
	"fs.pipe-user-pages-soft",
	"fs.aio-nr",
	"fs.aio-max-nr",
	"fs.inotify.max_queued_events",
	"fs.inotify.max_user_instances",
	"fs.inotify.max_user_watches",
	"vm.max_map_count",
	"vm.overcommit_memory",
	"vm.overcommit_ratio",
	"vm.panic_on_oom",
	"vm.oom_kill_allocating_task",
	"vm.swappiness",
	"vm.min_free_kbytes",
	"vm.dirty_ratio",
	"vm.dirty_background_ratio",
	"user.max_net_namespaces",
	"user.max_user_namespaces",
	"user.max_mnt_namespaces",
	"user.max_inotify_instances", // by user namespace, 4.15 and newer
}

// devSysctl4 are the settings of one link that are read, by their place in IFLA_INET_CONF (IPV4_DEVCONF_* of
// linux/ip.h, which begin with 1): the same numbers as /proc/sys/net/ipv4/conf/<link>/.
var devSysctl4 = []devSysctl{
	{0, "forwarding"}, {7, "rp_filter"}, {17, "arp_announce"}, {18, "arp_ignore"}, {22, "accept_local"},
	{25, "route_localnet"},
}

// devSysctl6 are the same of IFLA_INET6_CONF (DEVCONF_* of linux/ipv6.h, which begin with 0).
var devSysctl6 = []devSysctl{{0, "forwarding"}, {3, "accept_ra"}, {22, "proxy_ndp"}, {26, "disable_ipv6"}}

type devSysctl struct {
	at  int
	key string
}

// addDevConf keeps the settings of a link from IFLA_AF_SPEC, for the sysctl collector: a file for each setting of each
// link would cost more than everything else that is read.
func (n *Netns) addDevConf(dev string, spec []byte) error {
	const conf4, conf6 = 1, 2 // IFLA_INET_CONF, IFLA_INET6_CONF
	d := devConf{dev: dev}
	err := attrs(spec, func(family uint16, v []byte) {
		switch family {
		case unix.AF_INET:
			_ = attrs(v, func(typ uint16, v []byte) {
				if typ == conf4 {
					d.v4 = append([]byte(nil), v...)
				}
			})
		case unix.AF_INET6:
			_ = attrs(v, func(typ uint16, v []byte) {
				if typ == conf6 {
					d.v6 = append([]byte(nil), v...)
				}
			})
		}
	})
	n.devConf = append(n.devConf, d)
	return err
}

var sysctlCollector = &Collector{
	Name:    "sysctl",
	Doc:     "Kernel settings that decide about traffic: listed files of /proc/sys in each namespace, and those of every link from its RTM_GETLINK answer.",
	Needs:   "CAP_SYS_ADMIN, to enter the namespace",
	Effects: "none: each is a file of /proc/sys, opened for reading",
	Since:   "0.1.0",
	Tables:  []string{"sysctl"},
	InNetns: func(ctx context.Context, ns *Netns, s *Sink) error {
		if err := readSysctls(ctx, ns, s, sysctlsFor(ns.Kind)); err != nil {
			return err
		}
		if ns.IsHost() {
			if err := readSysctls(ctx, ns, s, sysctlsOfHost); err != nil {
				return err
			}
		}
		if len(ns.devConf) == 0 {
			return &Incomplete{schema.Partial, "the settings of links are unknown, because the links are"}
		}
		return putDevSysctls(ns, s)
	},
}

// putDevSysctls puts the settings of every link. A dot in the name of a link is a slash in the key, as in sysctl(8).
func putDevSysctls(ns *Netns, s *Sink) error {
	for _, d := range ns.devConf {
		dev := strings.ReplaceAll(d.dev, ".", "/")
		for _, list := range []struct {
			prefix string
			conf   []byte
			keys   []devSysctl
		}{{"net.ipv4.conf." + dev + ".", d.v4, devSysctl4}, {"net.ipv6.conf." + dev + ".", d.v6, devSysctl6}} {
			for _, k := range list.keys {
				if 4*k.at+4 > len(list.conf) {
					continue // an older kernel, or a link without that family
				}
				v := int32(binary.NativeEndian.Uint32(list.conf[4*k.at:]))
				if err := s.Put(&schema.Sysctl{Netns: ns.ID(), Key: list.prefix + k.key, Value: strconv.Itoa(int(v))}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// readSysctls puts every setting of the list that exists here.
func readSysctls(ctx context.Context, ns *Netns, s *Sink, keys []string) error {
	for _, key := range keys {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
		paths := []string{path}
		if strings.Contains(key, "*") {
			paths, _ = filepath.Glob(path) // the pattern is ours, and well formed
		}
		for _, path := range paths {
			value, err := ns.readProc(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // this kernel, or this namespace, has no such setting
			}
			if err != nil {
				return err
			}
			row := schema.Sysctl{
				Netns: ns.ID(), Key: strings.ReplaceAll(strings.TrimPrefix(path, "/proc/sys/"), "/", "."),
				Value: strings.ReplaceAll(strings.TrimRight(string(value), "\n"), "\t", " "),
			}
			if err := s.Put(&row); err != nil {
				return err
			}
		}
	}
	return nil
}
