package capture

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// containerLog points at each container's log. It looks at the files' sizes and times and opens none of them: what a
// container says stays on the host.
var containerLog = &Collector{
	Name:    "container_log",
	Doc:     "log driver, path, size and last write of each container's log, from the daemon or its files, and stat",
	Needs:   "CAP_DAC_READ_SEARCH, for Docker's directory",
	Effects: "none: stat of regular files; nothing is opened",
	Since:   "0.1.0",
	Tables:  []string{"container_log"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			h = &Host{Options: h.Options, Docker: &Docker{options: h.Options}} // its files are not the daemon
		}
		containers, err := h.Docker.containers()
		if err != nil {
			return err
		}
		if len(containers) == 0 {
			return &Incomplete{schema.Absent, "no containers"}
		}
		var denied error
		for _, c := range containers {
			if err := ctx.Err(); err != nil {
				return err
			}
			row, err := logRow(h.Options, h.Docker.logRoot(), c)
			if err != nil && denied == nil {
				denied = err
			}
			if err := s.Put(row); err != nil {
				return err
			}
		}
		return denied
	},
}

// logRoot is the directory of the containers' own directories.
func (d *Docker) logRoot() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return filepath.Join(d.root(), "containers")
}

// logRow describes one container's log. Drivers other than json-file and local keep none that belongs to the container.
func logRow(o Options, root string, c *dockerContainer) (*schema.ContainerLog, error) {
	row := &schema.ContainerLog{Container: c.ID, Driver: c.HostConfig.LogConfig.Type}
	switch row.Driver {
	case "json-file", "local":
		row.Path = c.LogPath
	case "":
		row.Path = c.LogPath // of a version or a file that does not name the driver: a path is then json-file's
	}
	if row.Path == "" && row.Driver == "local" { // LogPath is empty for it: moby daemon/logger/local/local.go
		row.Path = path.Join(root, c.ID, "local-logs", "container.log")
	}
	if row.Path == "" {
		return row, nil
	}
	st, err := os.Stat(o.path(row.Path))
	if os.IsNotExist(err) {
		zero := int64(0)
		row.Files = &zero // a container that has never run has none yet
		return row, nil
	} else if err != nil {
		return row, err
	}
	size := st.Size()
	row.Bytes, row.LastWrite = &size, st.ModTime().UTC()
	if n, err := countLogs(o.path(row.Path)); err == nil {
		row.Files = &n
	}
	return row, nil
}

// countLogs counts a log and its rotated files: <name>.1, <name>.2.gz, … beside it.
func countLogs(name string) (int64, error) {
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil {
		return 0, err
	}
	var n int64
	for _, e := range entries {
		if e.Name() == filepath.Base(name) || strings.HasPrefix(e.Name(), filepath.Base(name)+".") {
			n++
		}
	}
	return n, nil
}
