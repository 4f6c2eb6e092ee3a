package capture

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Bounds on what is read from Docker's directory.
const (
	maxContainers     = 2000
	maxConfigFile     = 4 << 20
	defaultDockerRoot = "/var/lib/docker"
)

// configuredRoot is the daemon's data root by its configuration file, else the default. A root given on dockerd's
// command line is known from its replies only.
func configuredRoot(o Options) string {
	data, err := readBounded(o.path("/etc/docker/daemon.json"), maxConfigFile)
	var conf struct {
		Root  string `json:"data-root"`
		Graph string `json:"graph"` // its name before 17.05
	}
	if err == nil && json.Unmarshal(data, &conf) == nil {
		for _, root := range []string{conf.Root, conf.Graph} {
			if strings.HasPrefix(root, "/") {
				return root
			}
		}
	}
	return defaultDockerRoot
}

// dockerOnDisk is the directory with Docker's state, empty when the host has none.
func dockerOnDisk(o Options) string {
	root := configuredRoot(o)
	for _, dir := range []string{filepath.Join(root, "containers"), filepath.Join(root, "network"), "/run/docker/netns"} {
		if _, err := os.Stat(o.path(dir)); err == nil {
			return filepath.Dir(dir)
		}
	}
	return ""
}

// containersOnDisk reads the containers from the daemon's files, config.v2.json and hostconfig.json: what is left when
// dockerd does not answer. They say what was true when dockerd last wrote them. Nothing of it goes into the bundle as
// it is: the files hold the environment.
//
// A container whose file cannot be read or is half written is left out; an error means that the directory could not be
// looked into.
func containersOnDisk(o Options, root string) ([]*dockerContainer, error) {
	dir := o.path(filepath.Join(root, "containers"))
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out := []*dockerContainer{}
	for _, e := range entries[:min(len(entries), maxContainers)] {
		name := filepath.Join(dir, e.Name(), "config.v2.json")
		data, err := readBounded(name, maxConfigFile)
		c := &dockerContainer{}
		if err != nil || json.Unmarshal(data, c) != nil || c.ID == "" {
			continue
		}
		if data, err = readBounded(filepath.Join(filepath.Dir(name), "hostconfig.json"), maxConfigFile); err == nil {
			_ = json.Unmarshal(data, &c.HostConfig) // without it the log driver is unknown
		}
		out = append(out, c)
	}
	return out, nil
}

// readBounded reads a regular file, at most limit bytes of it. A fifo or a device in its place is an error, not a wait.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return readRegular(f, limit)
}

// readRegular reads and closes a file that readBounded or another way has opened.
func readRegular(f *os.File, limit int64) ([]byte, error) {
	defer f.Close()
	if st, err := f.Stat(); err != nil {
		return nil, err
	} else if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", f.Name())
	}
	return io.ReadAll(io.LimitReader(f, limit))
}
