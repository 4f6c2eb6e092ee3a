package capture

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// dockerState is what the daemon's replies said, as far as other collectors need it.
type dockerState struct {
	info       *dockerInfo
	containers []*dockerContainer // nil when the daemon did not say
	networks   []dockerNetwork
	services   []dockerService
	tasks      []dockerTask
	fromDisk   bool            // containers are those of the daemon's files
	described  map[string]bool // containers, by id, that the daemon has described; nil when it did not say which there are
}

// dockerInfo is GET /info.
type dockerInfo struct {
	DockerRootDir string
	Swarm         struct {
		LocalNodeState   string
		ControlAvailable bool
	}
}

// dockerContainer is a container as GET /containers/ID/json and config.v2.json describe it; both use these keys
// (moby container/container.go). LogConfig stands in hostconfig.json on disk.
type dockerContainer struct {
	ID             string
	Name           string // with a leading slash
	State          struct{ Running bool }
	LogPath        string
	ResolvConfPath string
	Config         struct{ Labels map[string]string }
	HostConfig     struct{ LogConfig struct{ Type string } }

	NetworkSettings struct {
		SandboxID  string
		SandboxKey string
		Networks   map[string]struct{ NetworkID string }
	}
}

// service is the swarm service that the container is a task of, empty for none.
func (c *dockerContainer) service() string { return c.Config.Labels["com.docker.swarm.service.name"] }

// sandboxFile is the file name of the bind mount of its network namespace, empty when it has none.
func (c *dockerContainer) sandboxFile() string {
	if c.NetworkSettings.SandboxKey == "" {
		return ""
	}
	return path.Base(c.NetworkSettings.SandboxKey)
}

// dockerNetwork is one of GET /networks.
type dockerNetwork struct {
	ID      string
	Name    string
	Driver  string
	Scope   string
	Ingress bool
}

// dockerService is one of GET /services.
type dockerService struct {
	ID   string
	Spec struct{ Name string }
}

// dockerTask is one of GET /tasks.
type dockerTask struct {
	ServiceID           string
	Status              struct{ State string }
	NetworksAttachments []struct {
		Network struct {
			ID   string
			Spec struct{ Ingress bool }
		}
	}
}

// decodeRows decodes elements of an array one by one; an element that does not decode is left out: the document has it.
func decodeRows[T any](rows []json.RawMessage) []T {
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		var v T
		if json.Unmarshal(row, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// containers is what the daemon said of its containers, else what its files say.
func (d *Docker) containers() ([]*dockerContainer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state.containers == nil {
		found, err := containersOnDisk(d.options, d.root())
		if err != nil {
			return nil, fmt.Errorf("containers by Docker's files: %w", err)
		}
		d.state.containers, d.state.fromDisk = found, true
	}
	return d.state.containers, nil
}

// completed adds to the containers that the daemon described those of its list of n that it did not, by its files: one that
// hangs its own inspection is of interest most of all. The caller holds mu.
func (d *Docker) completed(found []*dockerContainer, n int) []*dockerContainer {
	if len(found) >= n {
		return found
	}
	known := map[string]bool{}
	for _, c := range found {
		known[c.ID] = true
	}
	files, _ := containersOnDisk(d.options, d.root()) // without them the rest is still known
	for _, c := range files {
		if !known[c.ID] {
			found = append(found, c)
		}
	}
	return found
}

// root is the daemon's data root on the host: as the daemon says, else as its configuration says, else the default.
func (d *Docker) root() string {
	if i := d.state.info; i != nil && strings.HasPrefix(i.DockerRootDir, "/") {
		return i.DockerRootDir
	}
	return configuredRoot(d.options)
}
