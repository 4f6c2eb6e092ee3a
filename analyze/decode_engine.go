package analyze

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

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
	FirewallBackend    *struct {
		Driver string
		Info   [][2]string
	}
	Driver              string
	DriverStatus        [][2]string
	CgroupDriver        string
	IPv4Forwarding      *bool
	BridgeNfIptables    *bool
	BridgeNfIp6tables   *bool
	Debug               *bool
	ExperimentalBuild   *bool
	NGoroutines         *int64
	NFd                 *int64
	NEventsListener     *int64
	Containers          *int64
	ContainersRunning   *int64
	ContainersPaused    *int64
	ContainersStopped   *int64
	Images              *int64
	NCPU                *int64
	MemTotal            *int64
	SystemTime          string
	DefaultRuntime      string
	SecurityOptions     []string
	Warnings            []string
	DefaultAddressPools []struct {
		Base string
		Size int64
	}
	ContainerdCommit, RuncCommit, InitCommit struct{ ID string }
	Plugins                                  struct{ Network, Volume, Authorization []string }
	Swarm                                    struct {
		RemoteManagers   []struct{ NodeID, Addr string }
		NodeID           string
		NodeAddr         string
		LocalNodeState   string
		ControlAvailable *bool
		Error            string
		Nodes            *int64
		Managers         *int64
		Cluster          *struct {
			ID              string
			DataPathPort    *int64
			DefaultAddrPool []string
			SubnetSize      *int64
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
		e.FirewallBackend, e.FirewallReloadedAt = in.FirewallBackend.Driver, valueOf(in.FirewallBackend.Info, "ReloadedAt")
	}
	if c := in.Swarm.Cluster; c != nil {
		e.ClusterID, e.DataPathPort = c.ID, c.DataPathPort
		e.SwarmPools, e.SwarmSubnetSize = strings.Join(c.DefaultAddrPool, ","), c.SubnetSize
	}
	in.about(&e)
	rows := []decoded{{1, e}}
	for _, w := range in.Warnings {
		if w = strings.TrimSpace(w); w != "" {
			w, _, _ = strings.Cut(w, "\n")
			rows = append(rows, decoded{1, schema.EngineWarning{Warning: w}})
		}
	}
	for _, m := range in.Swarm.RemoteManagers {
		rows = append(rows, decoded{1, schema.RemoteManager{NodeID: m.NodeID, Addr: m.Addr}})
	}
	return rows, nil
}

// about fills in what the engine says of itself and of what it runs on.
func (in *infoReply) about(e *schema.Engine) {
	e.StorageDriver, e.BackingFS, e.CgroupDriver = in.Driver, valueOf(in.DriverStatus, "Backing Filesystem"), in.CgroupDriver
	if d, err := strconv.ParseBool(valueOf(in.DriverStatus, "Supports d_type")); err == nil {
		e.DType = &d
	}
	e.IPForward, e.BridgeNFIPTables, e.BridgeNFIP6Tables = in.IPv4Forwarding, in.BridgeNfIptables, in.BridgeNfIp6tables
	e.Debug, e.Experimental = in.Debug, in.ExperimentalBuild
	e.Goroutines, e.FDs, e.EventListeners = in.NGoroutines, in.NFd, in.NEventsListener
	e.Containers, e.Running, e.Paused, e.Stopped = in.Containers, in.ContainersRunning, in.ContainersPaused, in.ContainersStopped
	e.Images, e.CPUs, e.Memory = in.Images, in.NCPU, in.MemTotal
	if t := dockerTime(in.SystemTime); !t.IsZero() {
		e.SystemTime = t
	}
	e.Runtime, e.ContainerdVersion, e.RuncVersion, e.InitVersion = in.DefaultRuntime, in.ContainerdCommit.ID, in.RuncCommit.ID, in.InitCommit.ID
	e.SecurityOptions = strings.Join(in.SecurityOptions, " ")
	e.NetworkPlugins, e.VolumePlugins = strings.Join(in.Plugins.Network, ","), strings.Join(in.Plugins.Volume, ",")
	e.AuthPlugins = strings.Join(in.Plugins.Authorization, ",")
	var pools []string
	for _, p := range in.DefaultAddressPools {
		pools = append(pools, fmt.Sprintf("%s:%d", p.Base, p.Size))
	}
	e.LocalPools = strings.Join(pools, ",")
}

// valueOf is the value of a key in a list of pairs, empty when it is not in there.
func valueOf(pairs [][2]string, key string) string {
	for _, p := range pairs {
		if p[0] == key {
			return p[1]
		}
	}
	return ""
}

// decodeVersion decodes GET /version.
func decodeVersion(_ string, r io.Reader) ([]decoded, error) {
	var in struct {
		Version    string
		Components []struct {
			Name, Version string
			Details       map[string]string
		}
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not the reply to GET /version: %w", err)
	}
	var rows []decoded
	for _, c := range in.Components {
		rows = append(rows, decoded{1, schema.EngineComponent{
			Name: c.Name, Version: c.Version, Commit: c.Details["GitCommit"], Go: c.Details["GoVersion"],
			API: c.Details["ApiVersion"], BuildTime: c.Details["BuildTime"],
		}})
	}
	if rows == nil && in.Version != "" { // engines before 18.06 list no components
		rows = append(rows, decoded{1, schema.EngineComponent{Name: "Engine", Version: in.Version}})
	}
	return rows, nil
}

// decodeSwarm decodes GET /swarm.
func decodeSwarm(_ string, r io.Reader) ([]decoded, error) {
	var in struct {
		ID                     string
		CreatedAt, UpdatedAt   string
		RootRotationInProgress *bool
		DefaultAddrPool        []string
		SubnetSize             *int64
		DataPathPort           *int64
		Spec                   struct {
			Orchestration struct{ TaskHistoryRetentionLimit *int64 }
			Raft          struct{ SnapshotInterval, KeepOldSnapshots, LogEntriesForSlowFollowers, ElectionTick, HeartbeatTick *int64 }
			Dispatcher    struct{ HeartbeatPeriod int64 }
			CAConfig      struct {
				NodeCertExpiry int64
				ExternalCAs    []json.RawMessage
			}
			TaskDefaults     struct{ LogDriver *struct{ Name string } }
			EncryptionConfig struct{ AutoLockManagers *bool }
		}
	}
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, fmt.Errorf("not the reply to GET /swarm: %w", err)
	}
	if in.ID == "" {
		return nil, errors.New("not the reply to GET /swarm: no ID")
	}
	s := &in.Spec
	row := schema.SwarmSpec{
		ClusterID: in.ID, CreatedAt: dockerTime(in.CreatedAt), UpdatedAt: dockerTime(in.UpdatedAt),
		HeartbeatS: seconds(s.Dispatcher.HeartbeatPeriod), CertExpiryS: seconds(s.CAConfig.NodeCertExpiry),
		RootRotation: in.RootRotationInProgress, Autolock: s.EncryptionConfig.AutoLockManagers,
		Pools: strings.Join(in.DefaultAddrPool, ","), SubnetSize: in.SubnetSize, DataPathPort: in.DataPathPort,
		TaskHistory: s.Orchestration.TaskHistoryRetentionLimit, RaftSnapshot: s.Raft.SnapshotInterval, RaftKeepSnapshots: s.Raft.KeepOldSnapshots,
		RaftSlowFollowers: s.Raft.LogEntriesForSlowFollowers, RaftElectionTick: s.Raft.ElectionTick, RaftHeartbeatTick: s.Raft.HeartbeatTick,
	}
	n := int64(len(s.CAConfig.ExternalCAs))
	row.ExternalCAs = &n
	if d := s.TaskDefaults.LogDriver; d != nil {
		row.DefaultLogDriver = d.Name
	}
	return []decoded{{1, row}}, nil
}
