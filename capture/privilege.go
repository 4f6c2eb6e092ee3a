package capture

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Privileges are what a process may do on the host, as far as a capture needs it.
type Privileges struct {
	UID       int
	Caps      uint64 // effective capabilities, bit by number (linux/capability.h)
	Seccomp   int    // mode of proc_pid_status(5): 0 none, 1 strict, 2 a filter
	UserNS    bool   // in a user namespace that is not the first: capabilities count only inside it
	AppArmor  string // profile that confines the process, empty or unconfined for none
	Unknown   bool   // /proc/thread-self/status could not be read
	NoSockets bool   // Docker's socket cannot be opened
}

// capability is one that some source needs. The numbers are those of linux/capability.h.
type capability struct {
	name   string
	number uint
}

var capabilities = []capability{
	{"CAP_DAC_READ_SEARCH", 2},
	{"CAP_NET_ADMIN", 12},
	{"CAP_SYS_PTRACE", 19},
	{"CAP_SYS_ADMIN", 21},
	{"CAP_SYSLOG", 34},
	{"CAP_CHECKPOINT_RESTORE", 40},
}

// Has reports whether the process has a capability, by its name.
func (p *Privileges) Has(name string) bool {
	switch {
	case name == "CAP_DAC_READ_SEARCH" && p.Caps&(1<<1) != 0: // CAP_DAC_OVERRIDE allows more
		return true
	case name == "CAP_CHECKPOINT_RESTORE" && p.Has("CAP_SYS_ADMIN"): // split from it in Linux 5.9
		return true
	}
	i := slices.IndexFunc(capabilities, func(c capability) bool { return c.name == name })
	return i >= 0 && p.Caps&(1<<capabilities[i].number) != 0
}

var capName = regexp.MustCompile(`CAP_[A-Z_]+`)

// Lacks are the capabilities that a collector's Needs names and the process does not have; root for one that needs it.
func (p *Privileges) Lacks(needs string) []string {
	var out []string
	for _, name := range capName.FindAllString(needs, -1) {
		if !p.Has(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) == 0 && p.UID != 0 && !strings.Contains(needs, "CAP_") && regexp.MustCompile(`\broot\b`).MatchString(needs) {
		out = append(out, "root")
	}
	return out
}

// parsePrivileges reads /proc/PID/status (proc_pid_status(5)).
func parsePrivileges(status string) Privileges {
	p := Privileges{UID: -1}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		f := strings.Fields(value)
		switch {
		case len(f) == 0:
		case key == "Uid" && len(f) > 1:
			if n, err := strconv.Atoi(f[1]); err == nil { // real, effective, saved, file system
				p.UID = n
			}
		case key == "CapEff":
			p.Caps, _ = strconv.ParseUint(f[0], 16, 64) // none is the safe side
		case key == "Seccomp":
			p.Seccomp, _ = strconv.Atoi(f[0])
		}
	}
	return p
}

// CapabilitiesOf is a collector's Needs in short: the capabilities that it names, none, or its first words.
func CapabilitiesOf(needs string) string {
	names := capName.FindAllString(needs, -1)
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	short, _, _ := strings.Cut(needs, ";")
	short, _, _ = strings.Cut(short, ":")
	if words := strings.Fields(short); len(words) > 6 {
		short = strings.Join(words[:6], " ") + " …"
	}
	return short
}
