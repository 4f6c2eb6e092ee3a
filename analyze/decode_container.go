package analyze

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// containerReply is the part of GET /containers/ID/json that the tables keep (moby api/types/container.InspectResponse). The
// daemon's files have the same keys but for the state, the host's part, and the mounts.
type containerReply struct {
	ID           string `json:"Id"`
	Created      string
	Name         string
	Path         string
	Args         []string
	Image        string // its digest
	LogPath      string
	Driver       string
	RestartCount *int64
	State        containerState
	HostConfig   containerHostConfig
	GraphDriver  struct {
		Data map[string]string
	}
	Config struct {
		Hostname    string
		User        string
		Tty         *bool
		Image       string
		Labels      map[string]string
		StopSignal  string
		StopTimeout *int64
		Healthcheck *healthcheck
	}
	NetworkSettings struct {
		SandboxID  string
		SandboxKey string
		Ports      map[string][]struct{ HostIP, HostPort string } // by 80/tcp; null when only exposed
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
	Mounts []struct {
		Type, Name, Source, Destination, Driver, Propagation string
		RW                                                   *bool
	}
}

// containerState is State. Status is what the API makes of the rest; the files do not have it.
type containerState struct {
	Status     string
	Running    bool
	Paused     bool
	Restarting bool
	Removing   bool `json:"RemovalInProgress"`
	Dead       *bool
	Pid        int64
	ExitCode   *int64
	Error      string
	OOMKilled  *bool
	StartedAt  string
	FinishedAt string
	Health     *struct {
		Status        string
		FailingStreak *int64
		Log           []struct {
			Start, End string
			ExitCode   *int64
			Output     string
		}
	}
}

// healthcheck is a health check as a container's or a service's configuration has it. Zero means: as the image says, or the
// default.
type healthcheck struct {
	Test                           []string
	Interval, Timeout, StartPeriod int64 // nanoseconds
	Retries                        int64
}

// containerHostConfig is HostConfig, hostconfig.json on disk.
type containerHostConfig struct {
	NetworkMode  string
	PidMode      string
	Runtime      string
	CgroupParent string
	Cpuset       string `json:"CpusetCpus"`
	LogConfig    struct {
		Type   string
		Config map[string]string
	}
	RestartPolicy struct {
		Name              string
		MaximumRetryCount int64
	}
	Init, Privileged, ReadonlyRootfs, AutoRemove, OomKillDisable                               *bool
	Memory, MemoryReservation, MemorySwap, NanoCpus, CpuQuota, CpuPeriod, CpuShares, PidsLimit int64
	OomScoreAdj                                                                                *int64
	CapAdd, CapDrop, SecurityOpt, DNS, DNSOptions, DNSSearch, ExtraHosts                       []string
	Sysctls                                                                                    map[string]string
	Ulimits                                                                                    []struct {
		Name       string
		Soft, Hard int64
	}
}

// decodeContainers decodes an array of GET /containers/ID/json replies.
func decodeContainers(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *containerReply) error {
		if in.ID == "" {
			return fmt.Errorf("a container without Id")
		}
		p := putter{line: line, rows: &rows}
		in.put(&p)
		return p.err()
	})
	return rows, err
}

// put puts the rows of one container.
func (in *containerReply) put(p *putter) {
	label := func(key string) string { return in.Config.Labels["com.docker.swarm."+key] }
	h := &in.HostConfig
	c := schema.Container{
		Container: in.ID, Name: strings.TrimPrefix(in.Name, "/"), Image: in.Config.Image,
		State: in.State.Status, PID: in.State.Pid, ExitCode: in.State.ExitCode, OOMKilled: in.State.OOMKilled, RestartCount: in.RestartCount,
		StartedAt: dockerTime(in.State.StartedAt), FinishedAt: dockerTime(in.State.FinishedAt),
		SandboxID: in.NetworkSettings.SandboxID, SandboxKey: in.NetworkSettings.SandboxKey,
		NetworkMode: h.NetworkMode, Hostname: in.Config.Hostname,
		ServiceID: label("service.id"), Service: label("service.name"), TaskID: label("task.id"), NodeID: label("node.id"),
		LogDriver: h.LogConfig.Type, LogPath: in.LogPath,

		CreatedAt: dockerTime(in.Created), ImageID: in.Image, Error: in.State.Error, Dead: in.State.Dead,
		RestartPolicy: h.RestartPolicy.Name, StopSignal: in.Config.StopSignal, StopTimeoutS: in.Config.StopTimeout,
		Command: strings.TrimSpace(in.Path + " " + strings.Join(in.Args, " ")), User: in.Config.User, TTY: in.Config.Tty,
		Init: h.Init, Privileged: h.Privileged, ReadOnly: h.ReadonlyRootfs, AutoRemove: h.AutoRemove,
		CapAdd: strings.Join(h.CapAdd, ","), CapDrop: strings.Join(h.CapDrop, ","), SecurityOpt: strings.Join(h.SecurityOpt, ","),
		Memory: limit(h.Memory), MemoryReservation: limit(h.MemoryReservation), MemorySwap: limit(h.MemorySwap),
		NanoCPUs: limit(h.NanoCpus), CPUQuota: limit(h.CpuQuota), CPUPeriod: limit(h.CpuPeriod), CPUShares: limit(h.CpuShares),
		Cpuset: h.Cpuset, OOMScoreAdj: h.OomScoreAdj, OOMKillDisable: h.OomKillDisable,
		CgroupParent: h.CgroupParent, PidMode: h.PidMode, Runtime: h.Runtime,
		DNS: strings.Join(h.DNS, ","), DNSSearch: strings.Join(h.DNSSearch, ","), DNSOptions: strings.Join(h.DNSOptions, ","),
		ExtraHosts: strings.Join(h.ExtraHosts, ","), Sysctls: assignments(h.Sysctls), LogOptions: assignments(h.LogConfig.Config),
		StorageDriver: in.Driver, UpperDir: in.GraphDriver.Data["UpperDir"],
		Stack: in.Config.Labels["com.docker.stack.namespace"], ComposeProject: in.Config.Labels["com.docker.compose.project"], ComposeService: in.Config.Labels["com.docker.compose.service"],
	}
	if h.PidsLimit > 0 { // -1 and 0 are no limit
		c.PidsLimit = &h.PidsLimit
	}
	if h.RestartPolicy.Name == "on-failure" {
		c.RestartMax = &h.RestartPolicy.MaximumRetryCount
	}
	var ulimits []string
	for _, u := range h.Ulimits {
		ulimits = append(ulimits, fmt.Sprintf("%s=%d:%d", u.Name, u.Soft, u.Hard))
	}
	c.Ulimits = strings.Join(ulimits, ",")
	if t := in.Config.Healthcheck; t != nil {
		c.HealthTest, c.HealthRetries = strings.Join(t.Test, " "), limit(t.Retries)
		c.HealthIntervalS, c.HealthTimeoutS, c.HealthStartS = seconds(t.Interval), seconds(t.Timeout), seconds(t.StartPeriod)
	}
	if h := in.State.Health; h != nil && h.Status != "none" {
		c.Health, c.FailingStreak = h.Status, h.FailingStreak
	}
	p.put(c)
	if h := in.State.Health; h != nil {
		for _, l := range h.Log {
			if l.Start == "" && l.ExitCode == nil { // null
				continue
			}
			p.put(schema.ContainerHealth{Container: in.ID, Start: dockerTime(l.Start), End: dockerTime(l.End), ExitCode: l.ExitCode, Output: l.Output})
		}
	}
	in.putNetworks(p)
	for _, m := range in.Mounts {
		if m.Destination == "" { // null
			continue
		}
		p.put(schema.ContainerMount{
			Container: in.ID, Kind: m.Type, Name: m.Name, Source: m.Source, Destination: m.Destination,
			Driver: m.Driver, ReadWrite: m.RW, Propagation: m.Propagation,
		})
	}
}

// putNetworks puts the networks and the ports of one container.
func (in *containerReply) putNetworks(p *putter) {
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
	for _, spec := range slices.Sorted(maps.Keys(in.NetworkSettings.Ports)) {
		port, proto, _ := strings.Cut(spec, "/")
		target, err := strconv.ParseInt(port, 10, 64)
		if err != nil {
			p.errs = append(p.errs, fmt.Errorf("no port: %q", spec))
			continue
		}
		row := schema.ContainerPort{Container: in.ID, Proto: cmp.Or(proto, "tcp"), Target: target}
		for _, b := range in.NetworkSettings.Ports[spec] {
			row.HostIP, row.HostPort = p.addr(b.HostIP), firstNumber(b.HostPort)
			p.put(row)
		}
		if len(in.NetworkSettings.Ports[spec]) == 0 {
			p.put(row)
		}
	}
}

// containerFiles are the files of one container as a capture joins them: config.v2.json and hostconfig.json.
type containerFiles struct {
	Config *struct {
		containerReply
		MountPoints map[string]struct {
			Type, Name, Source, Destination, Driver, Propagation string
			RW                                                   *bool
		}
	} `json:"config"`
	HostConfig containerHostConfig `json:"host_config"`
}

// decodeContainerFiles decodes what the daemon has on disk of containers that it did not describe itself.
func decodeContainerFiles(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, files *containerFiles) error {
		if files.Config == nil || files.Config.ID == "" {
			return fmt.Errorf("a container without ID")
		}
		in := &files.Config.containerReply
		in.HostConfig = files.HostConfig
		in.State.Status = in.State.status()
		for _, key := range slices.Sorted(maps.Keys(files.Config.MountPoints)) {
			in.Mounts = append(in.Mounts, files.Config.MountPoints[key])
		}
		p := putter{line: line, rows: &rows}
		in.put(&p)
		return p.err()
	})
	return rows, err
}

// status is what the API would call the state (moby container/state.go: StateString).
func (s *containerState) status() string {
	switch {
	case s.Running && s.Paused:
		return "paused"
	case s.Running && s.Restarting:
		return "restarting"
	case s.Running:
		return "running"
	case s.Removing:
		return "removing"
	case s.Dead != nil && *s.Dead:
		return "dead"
	case dockerTime(s.StartedAt).IsZero():
		return "created"
	}
	return "exited"
}

// limit is a figure that is nil when it is 0: not set.
func limit(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// seconds turns nanoseconds into seconds, nil when they are 0: not set.
func seconds(ns int64) *float64 {
	if ns == 0 {
		return nil
	}
	s := float64(ns) / float64(time.Second)
	return &s
}

// assignments writes a map as key=value, comma separated, by key.
func assignments(m map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, key+"="+m[key])
	}
	return strings.Join(list, ",")
}

// lenientAddr is an address, zero for what is none: Docker writes <nil> for one that it does not have.
func lenientAddr(s string) netip.Addr {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap()
	}
	if x, err := netip.ParsePrefix(s); err == nil {
		return x.Addr().Unmap()
	}
	return netip.Addr{}
}

// dockerTime is a time of the API, which writes the year 1 for one that never was; zero for that and for garbage.
func dockerTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() <= 1 {
		return time.Time{}
	}
	return t.UTC()
}
