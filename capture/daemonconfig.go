package capture

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"sync"
)

// daemonMemory is what dockerd's configuration says, kept for collectors that need to know where its files are.
type daemonMemory struct {
	mu   sync.Mutex
	seen daemonSettings
}

// daemonSettings are those settings of dockerd that name files.
type daemonSettings struct {
	configFile string // empty for the default
	root       string // data root; empty when not configured
	cert, ca   string // of the API, empty for none
}

// keep remembers the settings.
func (m *daemonMemory) keep(s daemonSettings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen = s
}

// settings are those that were kept, zero before.
func (m *daemonMemory) settings() daemonSettings {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen
}

const defaultDaemonFile = "/etc/docker/daemon.json"

// dataRoot is the daemon's data root on the host: as the daemon says, else as its command line or its file say, else the
// default.
func (h *Host) dataRoot() string {
	if h.Docker != nil {
		h.Docker.mu.Lock()
		info := h.Docker.state.info
		h.Docker.mu.Unlock()
		if info != nil && strings.HasPrefix(info.DockerRootDir, "/") {
			return info.DockerRootDir
		}
	}
	if root := h.daemon.settings().root; root != "" {
		return root
	}
	return configuredRoot(h.Options)
}

// settingsOf reads the settings from command lines of dockerd, which is more than one only while one follows another, and
// from its file.
func settingsOf(commands [][]string, file []byte) daemonSettings {
	var s daemonSettings
	var conf struct {
		Root  string `json:"data-root"`
		Graph string `json:"graph"`
		Cert  string `json:"tlscert"`
		CA    string `json:"tlscacert"`
		TLS   bool   `json:"tls"`
		Check bool   `json:"tlsverify"`
	}
	_ = json.Unmarshal(file, &conf) // what it does not say is not configured
	tls := conf.TLS || conf.Check
	s.cert, s.ca = conf.Cert, conf.CA
	for _, root := range []string{conf.Root, conf.Graph} {
		if s.root == "" && strings.HasPrefix(root, "/") {
			s.root = root
		}
	}
	for _, args := range commands {
		for to, names := range map[*string][]string{
			&s.configFile: {"config-file"}, &s.root: {"data-root", "graph", "g"}, &s.cert: {"tlscert"}, &s.ca: {"tlscacert"},
		} {
			if value := optionOf(args, names); strings.HasPrefix(value, "/") {
				*to = value
			}
		}
		tls = tls || slices.Contains(args, "--tls") || slices.Contains(args, "--tlsverify")
	}
	if tls { // moby cmd/dockerd/options.go: the defaults are in the home of root
		if s.cert == "" {
			s.cert = "/root/.docker/cert.pem"
		}
		if s.ca == "" {
			s.ca = "/root/.docker/ca.pem"
		}
	}
	for _, name := range []*string{&s.configFile, &s.root, &s.cert, &s.ca} {
		if *name != "" {
			*name = path.Clean(*name)
		}
	}
	return s
}

// optionOf is the value of an option on a command line, as --name=value, --name value or -n value; empty if it is not there.
func optionOf(args, names []string) string {
	for i, arg := range args {
		name, value, valued := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || !slices.Contains(names, name) {
			continue
		}
		if valued {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}

// maskedCommand is a command line of which each argument is masked, and how many were.
func maskedCommand(args []string) ([]string, int) {
	var a argv
	out, n := make([]string, len(args)), 0
	for i, arg := range args {
		if out[i] = a.mask(arg); out[i] != arg {
			n++
		}
	}
	return out, n
}
