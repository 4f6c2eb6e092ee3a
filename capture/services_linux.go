package capture

import (
	"cmp"
	"context"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A service is looked for by its systemd units, its programs and its files: nobody is asked, no bus, no systemctl.
type service struct {
	name, role string
	units      []string // the first that exists counts
	comms      []string // names of its process, of which the kernel keeps 15 bytes
	configs    []string // any of which means that it is installed
	state      string   // touched while it works
}

// services are those that decide about Docker's network.
var services = []service{
	{name: "docker", role: "docker", units: []string{"docker.service", "snap.docker.dockerd.service"}, comms: []string{"dockerd"}, configs: []string{"/etc/docker/daemon.json"}},
	{name: "containerd", role: "docker", units: []string{"containerd.service"}, comms: []string{"containerd"}, configs: []string{"/etc/containerd/config.toml"}},

	{name: "firewalld", role: "firewall", units: []string{"firewalld.service"}, comms: []string{"firewalld"}, configs: []string{"/etc/firewalld/firewalld.conf"}},
	{name: "ufw", role: "firewall", units: []string{"ufw.service"}, configs: []string{"/etc/ufw/ufw.conf", "/etc/default/ufw", "/etc/ufw/user.rules"}},
	{name: "nftables", role: "firewall", units: []string{"nftables.service"}, configs: []string{"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}},
	{name: "iptables", role: "firewall", units: []string{"netfilter-persistent.service", "iptables.service"}, configs: []string{"/etc/iptables/rules.v4", "/etc/iptables/rules.v6", "/etc/sysconfig/iptables"}},
	{name: "ip6tables", role: "firewall", units: []string{"ip6tables.service"}, configs: []string{"/etc/sysconfig/ip6tables"}},
	{name: "firehol", role: "firewall", units: []string{"firehol.service"}, configs: []string{"/etc/firehol/firehol.conf"}},
	{name: "shorewall", role: "firewall", units: []string{"shorewall.service"}, configs: []string{"/etc/shorewall/shorewall.conf"}, state: "/var/lib/shorewall/state"},
	{name: "ferm", role: "firewall", units: []string{"ferm.service"}, configs: []string{"/etc/ferm/ferm.conf"}},
	{name: "csf", role: "firewall", units: []string{"csf.service"}, configs: []string{"/etc/csf/csf.conf"}},
	{name: "fail2ban", role: "firewall", units: []string{"fail2ban.service"}, comms: []string{"fail2ban-server"}, configs: []string{"/etc/fail2ban/fail2ban.conf"}},
	{name: "crowdsec-firewall-bouncer", role: "firewall", units: []string{"crowdsec-firewall-bouncer.service"}, comms: []string{"crowdsec-firewa"}},

	{name: "chrony", role: "time", units: []string{"chronyd.service", "chrony.service"}, comms: []string{"chronyd"}, configs: []string{"/etc/chrony.conf", "/etc/chrony/chrony.conf"}, state: "/var/lib/chrony/drift"},
	{name: "ntp", role: "time", units: []string{"ntpd.service", "ntp.service", "ntpsec.service"}, comms: []string{"ntpd"}, configs: []string{"/etc/ntp.conf", "/etc/ntpsec/ntp.conf"}, state: "/var/lib/ntp/ntp.drift"},
	{name: "systemd-timesyncd", role: "time", units: []string{"systemd-timesyncd.service"}, comms: []string{"systemd-timesyn"}, state: "/run/systemd/timesync/synchronized"},
	{name: "linuxptp", role: "time", units: []string{"ptp4l.service"}, comms: []string{"ptp4l"}, configs: []string{"/etc/linuxptp/ptp4l.conf", "/etc/ptp4l.conf"}},
	{name: "vmtoolsd", role: "time", units: []string{"open-vm-tools.service", "vmtoolsd.service"}, comms: []string{"vmtoolsd"}},

	{name: "NetworkManager", role: "network", units: []string{"NetworkManager.service"}, comms: []string{"NetworkManager"}, configs: []string{"/etc/NetworkManager/NetworkManager.conf"}},
	{name: "systemd-networkd", role: "network", units: []string{"systemd-networkd.service"}, comms: []string{"systemd-network"}},
	{name: "systemd-udevd", role: "network", units: []string{"systemd-udevd.service"}, comms: []string{"systemd-udevd"}},
	{name: "netplan", role: "network", configs: []string{"/etc/netplan"}},
	{name: "ifupdown", role: "network", units: []string{"networking.service"}, configs: []string{"/etc/network/interfaces"}},
	{name: "dhcpcd", role: "network", units: []string{"dhcpcd.service"}, comms: []string{"dhcpcd"}, configs: []string{"/etc/dhcpcd.conf"}},
	{name: "keepalived", role: "network", units: []string{"keepalived.service"}, comms: []string{"keepalived"}, configs: []string{"/etc/keepalived/keepalived.conf"}},

	{name: "systemd-resolved", role: "dns", units: []string{"systemd-resolved.service"}, comms: []string{"systemd-resolve"}, state: "/run/systemd/resolve/resolv.conf"},
	{name: "dnsmasq", role: "dns", units: []string{"dnsmasq.service"}, comms: []string{"dnsmasq"}, configs: []string{"/etc/dnsmasq.conf"}},

	{name: "tuned", role: "tuning", units: []string{"tuned.service"}, comms: []string{"tuned"}, configs: []string{"/etc/tuned/active_profile"}},
	{name: "irqbalance", role: "tuning", units: []string{"irqbalance.service"}, comms: []string{"irqbalance"}},
}

// unitDirs are where systemd looks for units, the strongest first (systemd.unit(5)). The generator's directories hold what
// stands for old init scripts.
var unitDirs = []string{
	"/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	"/lib/systemd/system", "/run/systemd/generator.late",
}

var serviceCollector = &Collector{
	Name:    "service",
	Doc:     "Services that decide about Docker's network: units below /etc/systemd and /usr/lib/systemd, what /run/systemd/units says was started, processes of the host by name, files of configuration by their time.",
	Needs:   "none",
	Effects: "none: neither D-Bus nor systemctl is asked",
	Since:   "0.2.0",
	Tables:  []string{"service_unit"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		processes, err := h.known(ctx)
		oldest := map[string]*knownProcess{}
		for _, p := range processes {
			if p.kernel || p.zombie || p.container != "" {
				continue
			}
			if o := oldest[p.comm]; o == nil || p.ticks < o.ticks {
				oldest[p.comm] = p
			}
		}
		wanted := h.Options.wantedUnits()
		for i := range services {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := s.Put(h.serviceUnit(&services[i], oldest, wanted)); err != nil {
				return err
			}
		}
		return err
	},
}

// serviceUnit looks for one service.
func (h *Host) serviceUnit(v *service, oldest map[string]*knownProcess, wanted map[string]bool) *schema.ServiceUnit {
	o, row := h.Options, &schema.ServiceUnit{Name: v.name, Role: v.role}
	for _, unit := range v.units {
		for _, dir := range unitDirs {
			st, err := os.Lstat(o.path(path.Join(dir, unit)))
			if err != nil {
				continue
			}
			to := ""
			if st.Mode()&os.ModeSymlink != 0 {
				to, _ = os.Readlink(o.path(path.Join(dir, unit)))
			}
			enabled := wanted[unit]
			row.Unit, row.Enabled, row.Masked = unit, &enabled, to == "/dev/null"
			row.Installed = row.Installed || !row.Masked
			break
		}
		// systemd makes the link when it starts the unit, and removes it when the unit has ended and is forgotten.
		if st, err := os.Lstat(o.path("/run/systemd/units/invocation:" + unit)); err == nil {
			row.Unit, row.Invoked = cmp.Or(row.Unit, unit), st.ModTime().UTC()
		}
		if row.Unit != "" {
			break
		}
	}
	for _, comm := range v.comms {
		if p := oldest[comm]; p != nil {
			pid := int64(p.pid)
			row.PID, row.Installed = &pid, true
			row.Started = h.Row.Wall.Add(time.Duration(p.ticks)*time.Second/userHZ - time.Duration(h.Row.BoottimeNs)).UTC().Truncate(10 * time.Millisecond)
			break
		}
	}
	var configs []string
	for _, name := range v.configs {
		if at, ok := o.modified(name); ok {
			configs = append(configs, name)
			row.Installed = true
			if at.After(row.ConfigTime) {
				row.ConfigTime = at
			}
		}
	}
	row.Config = strings.Join(configs, ",")
	if at, ok := o.modified(v.state); v.state != "" && ok {
		row.StateFile, row.StateTime = v.state, at
	}
	return row
}

// modified is when a file of the host was last changed, and whether it exists.
func (o Options) modified(name string) (time.Time, bool) {
	p, err := o.resolve(name)
	if err != nil {
		return time.Time{}, false
	}
	st, err := os.Lstat(o.path(p))
	if err != nil {
		return time.Time{}, false
	}
	return st.ModTime().UTC(), true
}

// wantedUnits are the units that something else pulls in: names in the *.wants and *.requires directories of units.
func (o Options) wantedUnits() map[string]bool {
	wanted := map[string]bool{}
	for _, dir := range unitDirs {
		entries, err := os.ReadDir(o.path(dir))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !e.IsDir() || !slices.Contains([]string{".wants", ".requires"}, path.Ext(e.Name())) {
				continue
			}
			units, _ := os.ReadDir(o.path(path.Join(dir, e.Name())))
			for _, u := range units {
				wanted[u.Name()] = true
			}
		}
	}
	return wanted
}
