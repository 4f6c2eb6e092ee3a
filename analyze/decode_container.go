package analyze

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// containerReply is the part of GET /containers/ID/json that the tables keep (moby api/types/container.InspectResponse).
type containerReply struct {
	ID           string `json:"Id"`
	Name         string
	LogPath      string
	RestartCount *int64
	State        struct {
		Status     string
		Pid        int64
		ExitCode   *int64
		OOMKilled  *bool
		StartedAt  string
		FinishedAt string
		Health     *struct{ Status string }
	}
	HostConfig struct {
		NetworkMode string
		LogConfig   struct{ Type string }
	}
	Config struct {
		Hostname string
		Image    string
		Labels   map[string]string
	}
	NetworkSettings struct {
		SandboxID  string
		SandboxKey string
		Networks   map[string]*struct {
			NetworkID         string
			EndpointID        string
			Gateway           string
			IPAddress         string
			IPPrefixLen       int64
			GlobalIPv6Address string
			MacAddress        string
			Aliases           []string
		}
	}
}

// decodeContainers decodes an array of GET /containers/ID/json replies.
func decodeContainers(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *containerReply) error {
		if in.ID == "" {
			return fmt.Errorf("a container without Id")
		}
		label := func(key string) string { return in.Config.Labels["com.docker.swarm."+key] }
		c := schema.Container{
			Container: in.ID, Name: strings.TrimPrefix(in.Name, "/"), Image: in.Config.Image,
			State: in.State.Status, PID: in.State.Pid, ExitCode: in.State.ExitCode, OOMKilled: in.State.OOMKilled, RestartCount: in.RestartCount,
			StartedAt: dockerTime(in.State.StartedAt), FinishedAt: dockerTime(in.State.FinishedAt),
			SandboxID: in.NetworkSettings.SandboxID, SandboxKey: in.NetworkSettings.SandboxKey,
			NetworkMode: in.HostConfig.NetworkMode, Hostname: in.Config.Hostname,
			ServiceID: label("service.id"), Service: label("service.name"), TaskID: label("task.id"), NodeID: label("node.id"),
			LogDriver: in.HostConfig.LogConfig.Type, LogPath: in.LogPath,
		}
		if h := in.State.Health; h != nil && h.Status != "none" {
			c.Health = h.Status
		}
		p := putter{line: line, rows: &rows}
		p.put(c)
		for _, name := range slices.Sorted(maps.Keys(in.NetworkSettings.Networks)) {
			n := in.NetworkSettings.Networks[name]
			if n == nil {
				continue
			}
			p.put(schema.ContainerNetwork{
				Container: in.ID, Network: name, NetworkID: n.NetworkID, EndpointID: n.EndpointID,
				IP: p.addr(n.IPAddress), PrefixLen: n.IPPrefixLen, IP6: p.addr(n.GlobalIPv6Address), Gateway: p.addr(n.Gateway),
				MAC: strings.ToLower(n.MacAddress), Aliases: strings.Join(n.Aliases, ","),
			})
		}
		return p.err()
	})
	return rows, err
}

// dockerTime is a time of the API, which writes the year 1 for one that never was; zero for that and for garbage.
func dockerTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t
}
