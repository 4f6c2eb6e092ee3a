package analyze

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeModules decodes /proc/modules: name, size, users, names of modules that need it, state, and maybe the address and
// flags behind it.
func decodeModules(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) < 5 {
			return fmt.Errorf("%d columns; want at least 5", len(f))
		}
		size, err := counter(f[1], 10)
		if err != nil {
			return err
		}
		row := schema.KernelModule{Name: f[0], State: strings.ToLower(f[4]), Size: &size}
		if f[2] != "-" {
			count, err := counter(f[2], 10)
			if err != nil {
				return err
			}
			row.Refcount = &count
		}
		if f[3] != "-" {
			users := slices.DeleteFunc(strings.Split(f[3], ","), func(s string) bool { return s == "" || s[0] == '[' }) // [permanent]
			row.UsedBy = strings.Join(users, ",")
		}
		rows = append(rows, decoded{n, row})
		return nil
	})
	return rows, err
}

// builtinDirs are the directories whose built-in modules become rows: the others have nothing to do with Docker.
var builtinDirs = []string{"kernel/net/", "kernel/drivers/net/", "kernel/fs/overlayfs/"}

// decodeBuiltin decodes modules.builtin: a path a line.
func decodeBuiltin(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		if p := strings.TrimSpace(line); slices.ContainsFunc(builtinDirs, func(d string) bool { return strings.HasPrefix(p, d) }) {
			rows = append(rows, decoded{n, schema.KernelModule{Name: moduleOfPath(p), State: "builtin", Path: p}})
		}
		return nil
	})
	return rows, err
}

// decodeModulesDep decodes modules.dep: a path, a colon, and what it needs.
func decodeModulesDep(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		p, _, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("no path with a colon: %.60q", line)
		}
		rows = append(rows, decoded{n, schema.KernelModule{Name: moduleOfPath(p), State: "file", Path: p}})
		return nil
	})
	return rows, err
}

// moduleOfPath is the name of the module in a file, which may be compressed: kernel/net/ipv4/ip_tables.ko.xz
func moduleOfPath(p string) string {
	name, _, _ := strings.Cut(path.Base(p), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// kernelOptions are the options that become rows: those that moby's contrib/check-config.sh asks for, and those that decide
// what a host can tell.
var kernelOptions = []string{
	"NAMESPACES", "NET_NS", "PID_NS", "IPC_NS", "UTS_NS", "USER_NS",
	"CGROUPS", "CGROUP_CPUACCT", "CGROUP_DEVICE", "CGROUP_FREEZER", "CGROUP_SCHED", "CPUSETS", "MEMCG", "MEMCG_SWAP", "CGROUP_PIDS", "CGROUP_BPF",
	"BLK_CGROUP", "BLK_DEV_THROTTLING", "CGROUP_PERF", "CGROUP_HUGETLB", "NET_CLS_CGROUP", "CGROUP_NET_PRIO", "CFS_BANDWIDTH", "FAIR_GROUP_SCHED",
	"KEYS", "POSIX_MQUEUE", "SECCOMP", "SECCOMP_FILTER", "SECURITY_SELINUX", "SECURITY_APPARMOR",
	"VETH", "BRIDGE", "BRIDGE_NETFILTER", "BRIDGE_VLAN_FILTERING", "VXLAN", "IPVLAN", "MACVLAN", "DUMMY", "NET_L3_MASTER_DEV",
	"IP_NF_IPTABLES", "IP_NF_FILTER", "IP_NF_MANGLE", "IP_NF_RAW", "IP_NF_NAT", "NF_NAT", "IP_NF_TARGET_MASQUERADE", "IP_NF_TARGET_REDIRECT", "NETFILTER_XT_NAT",
	"NETFILTER_XT_TARGET_MASQUERADE", "NETFILTER_XT_TARGET_REDIRECT", "IP6_NF_IPTABLES", "IP6_NF_FILTER", "IP6_NF_MANGLE", "IP6_NF_NAT",
	"NETFILTER_XT_MATCH_ADDRTYPE", "NETFILTER_XT_MATCH_CONNTRACK", "NETFILTER_XT_MATCH_IPVS", "NETFILTER_XT_MATCH_COMMENT", "NETFILTER_XT_MARK",
	"NETFILTER_XT_MATCH_BPF", "NETFILTER_XT_MATCH_U32", "NETFILTER_XT_MATCH_POLICY", "NETFILTER_XT_MATCH_STATISTIC",
	"NF_CONNTRACK", "NF_CT_NETLINK", "NF_TABLES", "NF_TABLES_INET", "NFT_COMPAT", "NFT_NAT", "NFT_MASQ", "NFT_CT", "NFT_FIB", "NFT_FIB_IPV4", "NFT_FIB_IPV6",
	"IP_VS", "IP_VS_IPV6", "IP_VS_NFCT", "IP_VS_PROTO_TCP", "IP_VS_PROTO_UDP", "IP_VS_PROTO_SCTP", "IP_VS_RR", "IP_VS_TAB_BITS",
	"XFRM", "XFRM_USER", "XFRM_ALGO", "INET_ESP", "INET_XFRM_MODE_TRANSPORT", "XFRM_STATISTICS", "CRYPTO", "CRYPTO_AEAD", "CRYPTO_GCM", "CRYPTO_SEQIV", "CRYPTO_GHASH",
	"NF_CONNTRACK_FTP", "NF_NAT_FTP", "NF_CONNTRACK_TFTP", "NF_NAT_TFTP",
	"OVERLAY_FS", "OVERLAY_FS_METACOPY", "EXT4_FS", "EXT4_FS_POSIX_ACL", "EXT4_FS_SECURITY", "XFS_FS", "BTRFS_FS", "BTRFS_FS_POSIX_ACL",
	"PSI", "PSI_DEFAULT_DISABLED", "COREDUMP", "MODULES", "IPV6", "NETFILTER", "NETFILTER_NETLINK", "INET_DIAG", "INET_TCP_DIAG", "INET_UDP_DIAG", "HZ", "PREEMPT", "KEXEC",
}

// decodeKernelConfig decodes a kernel's .config: CONFIG_X=y, or "# CONFIG_X is not set".
func decodeKernelConfig(_ string, r io.Reader) ([]decoded, error) {
	wanted := map[string]bool{}
	for _, o := range kernelOptions {
		wanted[o] = true
	}
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		option, choice, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			if option, ok = strings.CutSuffix(strings.TrimPrefix(option, "# "), " is not set"); !ok {
				return nil // a heading
			}
			choice = "n"
		}
		option, ok = strings.CutPrefix(option, "CONFIG_")
		if ok && wanted[option] {
			rows = append(rows, decoded{n, schema.KernelConfig{Option: option, Choice: strings.Trim(choice, `"`)}})
		}
		return nil
	})
	return rows, err
}
