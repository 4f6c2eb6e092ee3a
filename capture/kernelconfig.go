package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// maxKernelConfig bounds a kernel's configuration; those of distributions have some 300 KB.
const maxKernelConfig = 2 << 20

// kernelConfig writes the options that the running kernel was built with: /proc/config.gz, or the file that
// distributions put beside the kernel. Those of drivers are left out, which are most of it.
func kernelConfig(h *Host, s *Sink) {
	const doc = "proc/config"
	if packed, whole, err := h.Options.readHostFile("/proc/config.gz", maxKernelConfig); err == nil && whole {
		text, err := gunzip(packed, maxKernelConfig)
		if err == nil {
			err = s.Document(doc, plainOptions(text), 0)
		}
		if err != nil {
			s.coverFile(doc, "/proc/config.gz", err)
		}
		return
	}
	var last error
	var name string
	for _, name = range []string{"/boot/config-" + h.Row.Kernel, "/usr/lib/modules/" + h.Row.Kernel + "/config", "/lib/modules/" + h.Row.Kernel + "/config"} {
		text, _, err := h.Options.readHostFile(name, maxKernelConfig)
		if err == nil {
			if err := s.Document(doc, plainOptions(text), 0); err != nil {
				s.coverFile(doc, name, err)
			}
			return
		}
		if last == nil || !errors.Is(err, fs.ErrNotExist) {
			last = err
		}
	}
	if errors.Is(last, fs.ErrNotExist) {
		s.Cover(schema.Coverage{Document: doc, Outcome: schema.Absent, Reason: "neither /proc/config.gz nor /boot/config-" + h.Row.Kernel + " exists"})
		return
	}
	s.coverFile(doc, name, last)
}

// gunzip unpacks at most limit bytes.
func gunzip(packed []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return text, nil
}

// plainOption matches the lines of a configuration that are kept: options of the core, of networking, of containers and
// their file systems, of hypervisors; set or not.
var plainOption = regexp.MustCompile(`^(# )?CONFIG_(` +
	`NET|NETFILTER\w*|NET_(NS|L3_MASTER_DEV|CLS\w*|SCH\w*|ACT\w*|VENDOR_(VMWARE|AMAZON|GOOGLE))|NF_\w+|NFT_\w+|IP_\w+|IP6_\w+|IPV6\w*|INET\w*|TCP_\w+|XFRM\w*|BRIDGE\w*|` +
	`VXLAN|VETH|MACVLAN|MACVTAP|IPVLAN|DUMMY|TUN|GENEVE|WIREGUARD|VMXNET3|VIRTIO_NET|ENA_ETHERNET|HYPERV\w*|XEN|KVM_GUEST|HYPERVISOR_GUEST|PARAVIRT\w*|` +
	`\w+_NS|NAMESPACES|CGROUP\w*|MEMCG\w*|CPUSETS\w*|BLK_CGROUP\w*|BLK_DEV_THROTTLING|CFS_BANDWIDTH|FAIR_GROUP_SCHED|RT_GROUP_SCHED|PSI\w*|KEYS|POSIX_MQUEUE|` +
	`SECCOMP\w*|SECURITY|SECURITY_(SELINUX|APPARMOR|NETWORK\w*)|OVERLAY_FS\w*|EXT4\w*|XFS_\w+|BTRFS_FS\w*|AUFS\w*|ZFS|TMPFS\w*|` +
	`CRYPTO|CRYPTO_(AEAD|GCM|SEQIV|GHASH|AES|AUTHENC|ECHAINIV)|BPF\w*|HZ|HZ_\d+|PREEMPT\w*|MODULES|MODULE_\w+|COREDUMP|ELF_CORE|KEXEC\w*|` +
	`LOCALVERSION|CC_VERSION_TEXT|RPS|RFS_ACCEL|XPS|BQL|NET_RX_BUSY_POLL|LOCKUP_DETECTOR|DETECT_HUNG_TASK|SOFTLOCKUP_DETECTOR` +
	`)[= ]`)

// plainOptions keeps those lines.
func plainOptions(text []byte) []byte {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if plainOption.MatchString(line) {
			b.WriteString(line)
		}
	}
	return []byte(b.String())
}

// networkModule matches the modules on disk that are kept: those that Docker's networks, their firewall and their IPsec
// may load.
var networkModule = regexp.MustCompile(`/(ip_vs\w*|xt_\w+|ipt_\w+|ip6t_\w+|ip6?table_\w+|ip6?_tables|x_tables|ip_set\w*|nf_\w+|nft_\w+|nfnetlink\w*|br_netfilter|bridge|vxlan|veth|dummy|` +
	`macvlan|ipvlan|overlay|esp[46]|ah[46]|xfrm\w*|af_key|ip6?_udp_tunnel|udp_tunnel|udp_diag|tcp_diag|inet_diag|sch_\w*codel|geneve|wireguard)\.ko`)

// networkModules keeps the lines of modules.dep (a path, a colon, what it needs) of those modules, without their needs.
func networkModules(text []byte) ([]byte, int) {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		name, _, ok := strings.Cut(line, ":")
		if ok && networkModule.MatchString("/"+strings.ReplaceAll(name, "-", "_")) {
			b.WriteString(name + ":\n")
		}
	}
	return []byte(b.String()), 0
}
