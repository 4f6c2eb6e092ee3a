package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// link makes a symbolic link below root.
func link(t *testing.T, root, name, to string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// coverOf is the coverage row of a document, below raw/, or of a table.
func coverOf(t *testing.T, cover []schema.Coverage, name string) schema.Coverage {
	t.Helper()
	i := slices.IndexFunc(cover, func(c schema.Coverage) bool { return c.Document == "raw/"+name || c.Tbl == name })
	if i < 0 {
		t.Fatalf("no coverage of %s in %+v", name, cover)
	}
	return cover[i]
}

// Links of the host stay in the host's root, however they are written.
func TestResolve(t *testing.T) {
	root := t.TempDir()
	write(t, root, "run/systemd/resolve/stub.conf", "x")
	link(t, root, "etc/resolv.conf", "../run/systemd/resolve/stub.conf")
	link(t, root, "etc/absolute", "/run/systemd/resolve/stub.conf")
	link(t, root, "var/run", "/run")
	link(t, root, "etc/above", "../../../../../run/systemd/resolve/stub.conf")
	link(t, root, "etc/dir", "/var/run/systemd")
	link(t, root, "etc/loop", "loop")
	link(t, root, "etc/dangling", "/nowhere")
	const stub = "/run/systemd/resolve/stub.conf"
	for name, want := range map[string]string{
		"/etc/resolv.conf": stub, "/etc/absolute": stub, "/var/run/systemd/resolve/stub.conf": stub, "/etc/above": stub,
		"/etc/dir/resolve/stub.conf": stub, "/etc/dir/../run/systemd/resolve/stub.conf": "", "/": "/", "/etc/./": "/etc",
		"/etc/loop": "", "/etc/dangling": "", "/etc/none": "",
	} {
		got, err := Options{Root: root}.resolve(name)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

// Every file that is there becomes a document, masked; every other one is absent; a link out of the root leads nowhere.
func TestHostConfig(t *testing.T) {
	root := t.TempDir()
	write(t, root, "run/systemd/resolve/stub-resolv.conf", "nameserver 127.0.0.53\n")
	link(t, root, "etc/resolv.conf", "/run/systemd/resolve/stub-resolv.conf")
	write(t, root, "etc/nsswitch.conf", "passwd: files\nhosts: files dns\n")
	write(t, root, "etc/sysctl.d/10-x.conf", "net.ipv4.ip_forward=0\n")
	write(t, root, "etc/sysctl.d/README", "no")
	write(t, root, "etc/systemd/network/50-wg.netdev", "PrivateKey=canary1\n")
	write(t, root, "etc/systemd/network/10-eth.network", "[Match]\nName=eth*\nPassword=canary2\n")
	link(t, root, "etc/sysctl.conf", "/etc/sysctl.d/10-x.conf")
	link(t, root, "usr/lib/sysctl.d/50-out.conf", "../../../../../../../../../../../etc/passwd")
	write(t, root, "etc/default/ufw/in-the-way", "")
	for i := range mostConfigs + 3 {
		write(t, root, fmt.Sprintf("etc/modprobe.d/%03d.conf", i), "# none\n")
	}
	cover, entries := runAlone(t, &Host{Options: Options{Root: root, MaxBytes: 1 << 20}}, hostConfigCollector)
	for doc, want := range map[string]string{
		"raw/host/etc/resolv.conf": "nameserver 127.0.0.53\n", "raw/host/etc/sysctl.conf": "net.ipv4.ip_forward=0\n",
		"raw/host/etc/sysctl.d/10-x.conf": "net.ipv4.ip_forward=0\n", "raw/host/etc/nsswitch.conf": "passwd: files\nhosts: files dns\n",
		"raw/host/etc/systemd/network/10-eth.network": "[Match]\nName=eth*\nPassword=" + masked + "\n",
		"raw/host/etc/sysctl.d/README":                "", "raw/host/etc/systemd/network/50-wg.netdev": "", "raw/host/usr/lib/sysctl.d/50-out.conf": "",
	} {
		if entries[doc] != want {
			t.Errorf("%s: %q, want %q", doc, entries[doc], want)
		}
	}
	for doc, want := range map[string]schema.Outcome{
		"host/etc/resolv.conf": schema.OK, "host/etc/hosts": schema.Absent, "host/run/sysctl.d/*.conf": schema.Absent,
		"host/etc/systemd/network/*.link": schema.Absent, "host/usr/lib/sysctl.d/50-out.conf": schema.Absent,
		"host/etc/default/ufw": schema.Partial, "host/etc/modprobe.d/*.conf": schema.Truncated,
	} {
		if c := coverOf(t, cover, doc); c.Outcome != want {
			t.Errorf("%s: %s (%s), want %s", doc, c.Outcome, c.Reason, want)
		}
	}
	if c := coverOf(t, cover, "host/etc/systemd/network/10-eth.network"); c.Masked != 1 {
		t.Errorf("masked %d values", c.Masked)
	}
	for name, text := range entries {
		if strings.Contains(text, "canary") || strings.Contains(text, "root:") {
			t.Errorf("%s holds what it must not: %q", name, text)
		}
	}
	for _, doc := range schema.HostConfigDocs { // so that the table that is decoded from them is complete
		if !slices.ContainsFunc(cover, func(c schema.Coverage) bool {
			ok, _ := filepath.Match("raw/"+doc, c.Document)
			return ok
		}) {
			t.Errorf("nothing says what became of %s", doc)
		}
	}
}

// A private key of several lines cannot be masked line by line, so its file is withheld.
func TestMaskLinesKey(t *testing.T) {
	got, n := maskLines([]byte("a=b\n-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"))
	if strings.Contains(string(got), "canary") || n == 0 {
		t.Errorf("%q, %d", got, n)
	}
}

func TestHostProc(t *testing.T) {
	root := t.TempDir()
	write(t, root, "proc/meminfo", "MemTotal: 1 kB\n")
	write(t, root, "proc/pressure/cpu", "some\n")
	cover, entries := runAlone(t, &Host{Options: Options{Root: root, MaxBytes: 1 << 20}}, hostProcCollector)
	if entries["raw/proc/meminfo"] != "MemTotal: 1 kB\n" || entries["raw/proc/pressure/cpu"] != "some\n" {
		t.Errorf("%v", entries)
	}
	if c := coverOf(t, cover, "proc/pressure/io"); c.Outcome != schema.Absent {
		t.Errorf("%+v", c)
	}
}

// The configuration of the kernel is unpacked, and loses the options of drivers; arguments of the kernel lose secrets.
func TestHostKernel(t *testing.T) {
	config := "# heading\nCONFIG_NET_NS=y\n# CONFIG_VXLAN is not set\nCONFIG_SND=m\nCONFIG_NETDEVICES=y\nCONFIG_NF_TABLES=m\n"
	want := "CONFIG_NET_NS=y\n# CONFIG_VXLAN is not set\nCONFIG_NF_TABLES=m\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, config)
	z.Close()
	for name, file := range map[string]string{"proc/config.gz": packed.String(), "boot/config-6.1": config, "usr/lib/modules/6.1/config": config} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, root, name, file)
			write(t, root, "proc/cmdline", "root=/dev/sda rd.iscsi.password=canary quiet netroot=iscsi:u:canary@1.2.3.4::x\n")
			link(t, root, "lib", "usr/lib")
			write(t, root, "usr/lib/modules/6.1/modules.builtin", "kernel/net/ipv4/tunnel4.ko\n")
			write(t, root, "usr/lib/modules/6.1/modules.dep", "kernel/net/netfilter/xt_bpf.ko.xz:\nkernel/sound/snd.ko:\nkernel/net/netfilter/ipvs/ip_vs.ko: kernel/a.ko\n")
			h := &Host{Options: Options{Root: root, MaxBytes: 1 << 20}, Row: schema.Host{Kernel: "6.1"}}
			_, entries := runAlone(t, h, hostKernelCollector)
			if got := entries["raw/proc/config"]; got != want {
				t.Errorf("%q, want %q", got, want)
			}
			if got := entries["raw/proc/cmdline"]; strings.Contains(got, "canary") || !strings.Contains(got, "quiet") {
				t.Errorf("%q", got)
			}
			if got := entries["raw/host/lib/modules/modules.dep"]; got != "kernel/net/netfilter/xt_bpf.ko.xz:\nkernel/net/netfilter/ipvs/ip_vs.ko:\n" {
				t.Errorf("%q", got)
			}
			if entries["raw/host/lib/modules/modules.builtin"] == "" {
				t.Error("no modules.builtin")
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		cover, _ := runAlone(t, &Host{Options: Options{Root: t.TempDir(), MaxBytes: 1 << 20}, Row: schema.Host{Kernel: "6.1"}}, hostKernelCollector)
		for doc, want := range map[string]schema.Outcome{
			"proc/config": schema.Absent, "host/lib/modules/modules.dep": schema.Absent, "host/lib/modules/modules.builtin": schema.Partial,
		} {
			if c := coverOf(t, cover, doc); c.Outcome != want {
				t.Errorf("%+v, want %s", c, want)
			}
		}
	})
	t.Run("damaged", func(t *testing.T) {
		root := t.TempDir()
		write(t, root, "proc/config.gz", packed.String()[:packed.Len()/2])
		cover, _ := runAlone(t, &Host{Options: Options{Root: root, MaxBytes: 1 << 20}, Row: schema.Host{Kernel: "6.1"}}, hostKernelCollector)
		if c := coverOf(t, cover, "proc/config"); c.Outcome != schema.Partial {
			t.Errorf("%+v", c)
		}
	})
}

func TestMachine(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"sys_vendor": "VMware, Inc.\n", "product_name": "VMware Virtual Platform\n", "chassis_asset_tag": "canary-4711\n",
		"product_serial": "canary\n", "product_uuid": "canary\n", "chassis_serial": "canary\n", "board_serial": "canary\n",
	} {
		write(t, root, "sys/class/dmi/id/"+name, text)
	}
	write(t, root, "sys/devices/system/clocksource/clocksource0/current_clocksource", "acpi_pm\n")
	write(t, root, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu hypervisor lahf_lm\n\nprocessor\t: 1\nvendor_id\t: Other\n")
	_, entries := runAlone(t, &Host{Options: Options{Root: root}}, machineCollector)
	if strings.Contains(entries["rows/machine.jsonl"], "canary") {
		t.Error("a number of the owner's is in the bundle")
	}
	got := decodeLines[schema.Machine](t, entries["rows/machine.jsonl"])
	want := schema.Machine{
		SysVendor: "VMware, Inc.", ProductName: "VMware Virtual Platform", CloudTag: "other", CPUVendor: "GenuineIntel", CPUModel: "Xeon",
		Clocksource: "acpi_pm",
	}
	if len(got) != 1 || got[0].Virtual == nil || !*got[0].Virtual {
		t.Fatalf("%+v", got)
	}
	if got[0].Virtual = nil; got[0] != want {
		t.Errorf("%+v, want %+v", got[0], want)
	}
}

func TestCloudTag(t *testing.T) {
	for tag, want := range map[string]string{
		"7783-7084-3265-9085-8269-3286-77": "azure", "Amazon EC2": "amazon", "No Asset Tag": "", "To Be Filled By O.E.M.": "", "": "", "HQ-0815": "other",
	} {
		if got := cloudTag(tag); got != want {
			t.Errorf("%q: %q, want %q", tag, got, want)
		}
	}
	var m schema.Machine
	if setProcessor(&m, "processor : 0\nvendor_id : x\nflags : fpu vme hyperv"); m.Virtual != nil {
		t.Error("a line that was cut tells nothing")
	}
}

// A service is known by its unit, by what systemd started, by its process on the host, and by its files.
func TestServices(t *testing.T) {
	root := t.TempDir()
	write(t, root, "usr/lib/systemd/system/docker.service", "")
	link(t, root, "etc/systemd/system/multi-user.target.wants/docker.service", "/usr/lib/systemd/system/docker.service")
	link(t, root, "run/systemd/units/invocation:docker.service", "0123456789abcdef")
	write(t, root, "usr/lib/systemd/system/firewalld.service", "")
	link(t, root, "etc/systemd/system/firewalld.service", "/dev/null")
	write(t, root, "usr/lib/systemd/system/ntpsec.service", "")
	write(t, root, "etc/default/ufw", "")
	write(t, root, "etc/ufw/ufw.conf", "ENABLED=yes\n")
	write(t, root, "run/systemd/timesync/synchronized", "")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(root, "run/systemd/timesync/synchronized"), at, at); err != nil {
		t.Fatal(err)
	}
	wall := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	h := &Host{Options: Options{Root: root}, Row: schema.Host{Wall: wall, BoottimeNs: int64(time.Hour)}}
	h.processes.byPID = map[int]*knownProcess{
		7:  {pid: 7, ticks: 6000, comm: "dockerd"},
		9:  {pid: 9, ticks: 3000, comm: "dockerd", container: "of a dind"},
		11: {pid: 11, ticks: 1000, comm: "chronyd", zombie: true},
		12: {pid: 12, ticks: 9000, comm: "dockerd"},
	}
	_, entries := runAlone(t, h, serviceCollector)
	got := map[string]schema.ServiceUnit{}
	for _, u := range decodeLines[schema.ServiceUnit](t, entries["rows/service_unit.jsonl"]) {
		got[u.Name] = u
	}
	if len(got) != len(services) {
		t.Errorf("%d services, want all %d", len(got), len(services))
	}
	d := got["docker"]
	if !d.Installed || d.Enabled == nil || !*d.Enabled || d.PID == nil || *d.PID != 7 || d.Invoked.IsZero() || !d.Started.Equal(wall.Add(-time.Hour+time.Minute)) {
		t.Errorf("docker: %+v", d)
	}
	if f := got["firewalld"]; f.Installed || !f.Masked || f.Unit != "firewalld.service" || f.PID != nil || !f.Invoked.IsZero() {
		t.Errorf("firewalld: %+v", f)
	}
	if n := got["ntp"]; n.Unit != "ntpsec.service" || !n.Installed || n.Enabled == nil || *n.Enabled {
		t.Errorf("ntp: %+v", n)
	}
	if u := got["ufw"]; u.Config != "/etc/ufw/ufw.conf,/etc/default/ufw" || !u.Installed || u.Enabled != nil || u.ConfigTime.IsZero() {
		t.Errorf("ufw: %+v", u)
	}
	if c := got["chrony"]; c.Installed || c.PID != nil {
		t.Errorf("chrony: %+v", c)
	}
	if s := got["systemd-timesyncd"]; s.StateFile == "" || !s.StateTime.Equal(at) {
		t.Errorf("timesyncd: %+v", s)
	}
}

// What the managers of links noted becomes rows; what else lies in their directories does not.
func TestManagedLinks(t *testing.T) {
	root := t.TempDir()
	if cover, _ := runAlone(t, &Host{Options: Options{Root: root}}, managedLinkCollector); coverOf(t, cover, "managed_link").Outcome != schema.Absent {
		t.Errorf("%+v", cover)
	}
	write(t, root, "run/systemd/netif/links/3", "# This is private data. Do not parse.\nADMIN_STATE=configuring\nOPER_STATE=degraded\nNETWORK_FILE=/etc/systemd/network/10-all.network\nDNS=1.1.1.1\n")
	write(t, root, "run/systemd/netif/links/4", "ADMIN_STATE=unmanaged\nOPER_STATE=routable\n")
	write(t, root, "run/systemd/netif/links/5", "ADMIN_STATE=pending\n")
	write(t, root, "run/systemd/netif/links/.#3x", "ADMIN_STATE=configured\n")
	write(t, root, "run/NetworkManager/devices/3", "[device]\nmanaged=true\nconnection-uuid=x\n")
	write(t, root, "run/NetworkManager/devices/4", "[device]\n")
	_, entries := runAlone(t, &Host{Options: Options{Root: root}}, managedLinkCollector)
	var got []string
	for _, m := range decodeLines[schema.ManagedLink](t, entries["rows/managed_link.jsonl"]) {
		managed := "unknown"
		if m.Managed != nil {
			managed = fmt.Sprint(*m.Managed)
		}
		if m.Noted.IsZero() {
			t.Errorf("%+v: no time", m)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d %s %s %s %s", m.ManagedBy, m.Ifindex, managed, m.AdminState, m.OperState, m.NetworkFile)))
	}
	want := []string{
		"systemd-networkd 3 true configuring degraded /etc/systemd/network/10-all.network", "systemd-networkd 4 false unmanaged routable",
		"systemd-networkd 5 unknown pending", "NetworkManager 3 true", "NetworkManager 4 unknown",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRootArgument(t *testing.T) {
	for args, want := range map[string]string{
		"dockerd -H unix:///run/docker.sock":  "",
		"dockerd --data-root /data/docker/ x": "/data/docker",
		"dockerd --data-root=/data":           "/data",
		"dockerd -g /old":                     "/old",
		"dockerd --data-root":                 "",
		"dockerd --data-root relative":        "",
	} {
		if got := rootArgument(strings.Fields(args)); got != want {
			t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

// TestIntegrationMount fills a small file system that stands for Docker's root.
func TestIntegrationMount(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount")
	}
	root := t.TempDir()
	for _, dir := range []string{"data/docker", "mnt/nfs/inner", "mnt/covered", "proc/1"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	devno := func(name string) string {
		var st unix.Stat_t
		if err := unix.Stat(filepath.Join(root, name), &st); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d:%d", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev)))
	}
	docker := filepath.Join(root, "data/docker")
	if err := unix.Mount("tmpfs", docker, "tmpfs", 0, "size=64k,nr_inodes=20"); err != nil {
		t.Skip("cannot mount a tmpfs: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(docker, unix.MNT_DETACH) })
	_ = os.WriteFile(filepath.Join(docker, "big"), make([]byte, 128<<10), 0o600) // fails half way: the disk is full
	for i := range 30 {
		_ = os.Mkdir(filepath.Join(docker, fmt.Sprint(i)), 0o700)
	}
	link(t, root, "var/lib/docker", "/data/docker")
	write(t, root, "etc/docker/daemon.json", `{"data-root":"/var/lib/docker"}`)
	rootDev := devno("/")
	write(t, root, "proc/1/mountinfo", strings.Join([]string{
		"20 1 " + rootDev + " / / rw,relatime shared:1 master:2 - ext4 /dev/vda ro,errors=remount-ro",
		"21 20 " + devno("data/docker") + " / /data/docker rw - tmpfs tmpfs rw,size=64k",
		"22 20 0:99 / /mnt/nfs rw - nfs4 server:/x rw,addr=10.0.0.1,password=canary",
		"23 22 0:98 / /mnt/nfs/inner rw - ext4 /dev/vdb rw",
		"24 20 0:97 / /mnt/auto rw - autofs systemd-1 rw",
		"25 20 0:96 / /proc rw - proc proc rw",
		"26 20 0:95 / /mnt/covered rw - ext4 /dev/vdc rw",
		"27 21 0:94 / /data/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=a",
		"28 20 0:4 net:[4026532177] /run/docker/netns/x rw - nsfs nsfs rw",
		`29 20 ` + rootDev + ` /with\040space /mnt/with\040space ro - ext4 /dev/vda rw`,
		"a broken line",
		"",
	}, "\n"))
	if err := os.MkdirAll(filepath.Join(root, "mnt/with space"), 0o755); err != nil {
		t.Fatal(err)
	}
	h := &Host{Options: Options{Root: root, MaxBytes: 1 << 20}, Row: schema.Host{CorePattern: "/data/docker/cores/core.%p"}}
	cover, entries := runAlone(t, h, mountCollector)
	got := map[string]schema.Mount{}
	for _, m := range decodeLines[schema.Mount](t, entries["rows/mount.jsonl"]) {
		got[m.MountPoint] = m
	}
	d := got["/data/docker"]
	if !d.DockerRoot || d.Holds != "/var/lib/docker,/data/docker/cores" || d.NotAsked != "" || d.BytesTotal == nil || *d.BytesTotal != 64<<10 || *d.BytesFree != 0 || *d.InodesFree != 0 || *d.InodesTotal != 20 {
		t.Errorf("docker's root: %+v", d)
	}
	if d.DType == nil || !*d.DType {
		t.Errorf("a tmpfs tells the types of its entries: %+v", d.DType)
	}
	if r := got["/"]; !r.ReadOnly || r.BytesTotal == nil || r.Propagation != "shared:1,master:2" || r.DockerRoot || r.DType != nil {
		t.Errorf("/: %+v", r)
	}
	for at, want := range map[string]string{
		"/mnt/nfs": "not known to be local", "/mnt/nfs/inner": "leads through /mnt/nfs", "/mnt/auto": "not known to be local",
		"/mnt/covered": errCovered.Error(),
	} {
		if m, ok := got[at]; !ok || !strings.Contains(m.NotAsked, want) || m.BytesTotal != nil {
			t.Errorf("%s: %+v, want %q", at, m, want)
		}
	}
	if m := got["/mnt/with space"]; m.BytesTotal == nil || !m.ReadOnly || m.Root != "/with space" {
		t.Errorf("a bind mount: %+v", m)
	}
	for _, at := range []string{"/proc", "/data/docker/overlay2/x/merged", "/run/docker/netns/x"} {
		if _, ok := got[at]; ok {
			t.Errorf("%s is a row", at)
		}
	}
	if doc := entries["raw/proc/mountinfo"]; strings.Contains(doc, "canary") || !strings.Contains(doc, "overlay2/x/merged") {
		t.Errorf("document: %s", doc)
	}
	if strings.Contains(entries["rows/mount.jsonl"], "canary") {
		t.Error("a password is in the rows")
	}
	if c := coverOf(t, cover, "mount"); c.Outcome != schema.Partial || !strings.Contains(c.Reason, "/mnt/covered") || !strings.Contains(c.Reason, "1 lines") {
		t.Errorf("%+v", c)
	}
}

// A statfs that does not come back costs its patience, the second one ends the asking, and the mounts are rows all the same.
func TestMountHangs(t *testing.T) {
	asked := make(chan string, 10)
	hang := make(chan struct{})
	defer close(hang)
	var mounts []schema.Mount
	for i, at := range []string{"/", "/a", "/b", "/c", "/d"} {
		mounts = append(mounts, schema.Mount{MountID: int64(i), MountPoint: at, FSType: "ext4", Dev: fmt.Sprint(i)})
	}
	l := &mountLook{
		h: &Host{}, mounts: mounts, seen: map[string]*space{}, patience: patience{limit: 10 * time.Millisecond, most: 2},
		stat: func(_ *Host, m *schema.Mount) (space, error) {
			asked <- m.MountPoint
			switch m.MountPoint {
			case "/a", "/b":
				<-hang
			}
			return space{total: 1}, nil
		},
	}
	defer l.patience.end()
	var gaps []string
	c := &Collector{Name: "mount", Tables: []string{"mount"}, Run: func(ctx context.Context, h *Host, s *Sink) (err error) {
		gaps, _, err = l.put(ctx, s)
		return err
	}}
	_, entries := runAlone(t, &Host{}, c)
	rows := decodeLines[schema.Mount](t, entries["rows/mount.jsonl"])
	if len(rows) != 5 || rows[0].BytesTotal == nil || len(gaps) != 4 {
		t.Fatalf("%+v, %v", rows, gaps)
	}
	for _, m := range rows[1:] {
		if m.BytesTotal != nil || !strings.Contains(m.NotAsked, "held it up") {
			t.Errorf("%+v", m)
		}
	}
	if len(asked) != 3 {
		t.Errorf("asked %d times, want 3: after two that hang nothing more is tried", len(asked))
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")
	f.Add("1 0 0:1 / / rw - rootfs rootfs\n29 20 0:2 /a\\040b /c\\011 ro shared:1 - nfs4 h:/x ro\n")
	f.Add(" - \n1 2 3 4 5 6 - a b")
	f.Fuzz(func(t *testing.T, text string) {
		mounts, bad := parseMounts([]byte(text))
		if n := strings.Count(text, "\n") + 1; len(mounts)+bad > n {
			t.Errorf("%d mounts and %d bad of %d lines", len(mounts), bad, n)
		}
		for i := range mounts {
			noStatfs(mounts, i)
			ofContainer(&mounts[i], []string{"/var/lib/docker"})
		}
	})
}

// What getdents64 says is read to its end, and a directory without entries tells nothing.
func TestEntryTypes(t *testing.T) {
	entry := func(name string, typ byte) []byte {
		b := make([]byte, (19+len(name)+1+7)/8*8)
		b[16], b[18] = byte(len(b)), typ
		copy(b[19:], name)
		return b
	}
	dots := slices.Concat(entry(".", unix.DT_UNKNOWN), entry("..", unix.DT_DIR))
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"empty": {dots, "nil"}, "known": {slices.Concat(dots, entry("overlay2", unix.DT_DIR)), "true"},
		"unknown": {slices.Concat(entry("a", unix.DT_DIR), entry("b", unix.DT_UNKNOWN), entry("c", unix.DT_DIR)), "false"},
		"cut":     {slices.Concat(entry("a", unix.DT_REG), entry("b", unix.DT_UNKNOWN)[:20]), "true"},
	} {
		got := "nil"
		if p := entryTypes(tt.b); p != nil {
			got = fmt.Sprint(*p)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
