package analyze

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/netmortem/netmortem/schema"
)

// infoReply is the part of GET /info that the table engine keeps (moby api/types/system.Info).
type infoReply struct {
	ID                 string
	Name               string
	ServerVersion      string
	DockerRootDir      string
	LoggingDriver      string
	CgroupVersion      string
	LiveRestoreEnabled *bool
	FirewallBackend    *struct{ Driver string }
	Swarm              struct {
		NodeID           string
		NodeAddr         string
		LocalNodeState   string
		ControlAvailable *bool
		Error            string
		Nodes            *int64
		Managers         *int64
		Cluster          *struct {
			ID           string
			DataPathPort *int64
		}
	}
}

// decodeEngine decodes GET /info.
func decodeEngine(_ string, r io.Reader) ([]decoded, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	var in infoReply
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("not the reply to GET /info: %w", err)
	}
	if in.ID == "" && in.ServerVersion == "" {
		if reply := errorReply(data); reply != "" {
			return nil, fmt.Errorf("the daemon replied: %s", reply)
		}
		return nil, errors.New("not the reply to GET /info: neither ID nor ServerVersion")
	}
	e := schema.Engine{
		Version: in.ServerVersion, EngineID: in.ID, Name: in.Name, RootDir: in.DockerRootDir, LogDriver: in.LoggingDriver,
		CgroupVersion: in.CgroupVersion, LiveRestore: in.LiveRestoreEnabled,
		SwarmState: in.Swarm.LocalNodeState, SwarmError: in.Swarm.Error, NodeID: in.Swarm.NodeID, NodeAddr: in.Swarm.NodeAddr,
		Manager: in.Swarm.ControlAvailable, Managers: in.Swarm.Managers, Nodes: in.Swarm.Nodes,
	}
	if in.FirewallBackend != nil {
		e.FirewallBackend = in.FirewallBackend.Driver
	}
	if c := in.Swarm.Cluster; c != nil {
		e.ClusterID, e.DataPathPort = c.ID, c.DataPathPort
	}
	return []decoded{{1, e}}, nil
}
