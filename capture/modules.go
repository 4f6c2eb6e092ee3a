package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Modules is what the running kernel has: modules that are loaded, and those that are built in.
//
// Many requests load a module when they ask for something that is not there: a socket of another netlink family, the
// look-up of a generic netlink family by its name, a socket option of iptables. A collector asks here first and says
// absent when the answer is no, so that a capture never loads anything.
type Modules struct {
	names  map[string]bool // with _ for -
	sealed bool            // the kernel cannot load modules at all
}

// Have reports whether the module is loaded or built in, or cannot be loaded anyway because the kernel has no loadable
// modules: then a request for it is harmless, and may or may not be answered.
func (m *Modules) Have(name string) bool {
	return m.sealed || m.names[moduleName(name)]
}

// Sealed reports whether the kernel has no loadable modules (no /proc/modules).
func (m *Modules) Sealed() bool { return m.sealed }

// readModules reads /proc/modules and the list of what is built in. release is uname -r.
//
// A list of built-in modules that cannot be read is not an error: what it would have named counts as not there, which
// may leave a gap and never loads anything.
func readModules(o Options, release string) (*Modules, error) {
	loaded, err := os.ReadFile("/proc/modules")
	if errors.Is(err, fs.ErrNotExist) {
		return &Modules{sealed: true}, nil
	}
	if err != nil {
		return &Modules{}, fmt.Errorf("read the list of loaded modules: %w", err)
	}
	m := &Modules{names: map[string]bool{}}
	m.addLoaded(loaded)
	for _, dir := range []string{"/lib/modules/", "/usr/lib/modules/"} {
		if builtin, err := os.ReadFile(o.path(dir + release + "/modules.builtin")); err == nil {
			m.addBuiltin(builtin)
			break
		}
	}
	return m, nil
}

// addLoaded adds the lines of /proc/modules: name size users dependants state address. A module that is being loaded or
// unloaded does not count.
func (m *Modules) addLoaded(text []byte) {
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) > 4 && f[4] != "Live" {
			continue
		}
		if len(f) > 0 {
			m.names[moduleName(f[0])] = true
		}
	}
}

// addBuiltin adds the lines of modules.builtin: kernel/net/ipv4/netfilter/ip_tables.ko
func (m *Modules) addBuiltin(text []byte) {
	sc := bufio.NewScanner(bytes.NewReader(text))
	for sc.Scan() {
		if base := strings.TrimSuffix(path.Base(strings.TrimSpace(sc.Text())), ".ko"); base != "" && base != "." {
			m.names[moduleName(base)] = true
		}
	}
}

// moduleName is how /proc/modules spells a name: the kernel takes - and _ for the same.
func moduleName(name string) string { return strings.ReplaceAll(name, "-", "_") }
