package analyze

import (
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// nodeReply is the part of an element of GET /nodes that the table keeps (moby api/types/swarm.Node).
type nodeReply struct {
	ID          string
	UpdatedAt   string
	Spec        struct{ Role, Availability string }
	Description struct {
		Hostname  string
		Engine    struct{ EngineVersion string }
		Resources struct{ NanoCPUs, MemoryBytes *int64 }
	}
	Status        struct{ State, Addr, Message string }
	ManagerStatus *struct {
		Leader             bool
		Reachability, Addr string
	}
}

// decodeNodes decodes GET /nodes.
func decodeNodes(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *nodeReply) error {
		if in.ID == "" {
			return fmt.Errorf("a node without ID")
		}
		n := schema.SwarmNode{
			NodeID: in.ID, Hostname: in.Description.Hostname, Role: in.Spec.Role, Availability: in.Spec.Availability,
			State: in.Status.State, Addr: in.Status.Addr, EngineVersion: in.Description.Engine.EngineVersion,
			UpdatedAt: dockerTime(in.UpdatedAt), Message: in.Status.Message, NanoCPUs: in.Description.Resources.NanoCPUs, Memory: in.Description.Resources.MemoryBytes,
		}
		if m := in.ManagerStatus; m != nil {
			n.Leader, n.Reachability, n.ManagerAddr = m.Leader, m.Reachability, m.Addr
		}
		rows = append(rows, decoded{line, n})
		return nil
	})
	return rows, err
}

// networkTarget is one network that a service asks for.
type networkTarget struct {
	Target  string
	Aliases []string
}

// serviceReply is the part of an element of GET /services that the tables keep (moby api/types/swarm.Service).
type serviceReply struct {
	ID                   string
	CreatedAt, UpdatedAt string
	Spec                 struct {
		Name   string
		Labels map[string]string
		Mode   struct {
			Replicated    *struct{ Replicas *int64 }
			Global        *struct{}
			ReplicatedJob *struct{ TotalCompletions *int64 }
			GlobalJob     *struct{}
		}
		TaskTemplate struct {
			ContainerSpec *containerSpec
			Networks      []networkTarget
			Resources     struct {
				Limits       *struct{ NanoCPUs, MemoryBytes, Pids int64 }
				Reservations *struct{ MemoryBytes int64 }
			}
			RestartPolicy *struct {
				Condition     string
				Delay, Window int64
				MaxAttempts   *int64
			}
			Placement *struct {
				Constraints []string
				MaxReplicas int64
			}
			LogDriver   *struct{ Name string }
			ForceUpdate *int64
		}
		UpdateConfig *struct {
			Parallelism          *int64
			Delay                int64
			FailureAction, Order string
		}
		Networks     []networkTarget // where engines before 1.13 put them
		EndpointSpec *struct{ Mode string }
	}
	Endpoint struct {
		Spec  struct{ Mode string }
		Ports []struct {
			Protocol                  string
			TargetPort, PublishedPort int64
			PublishMode               string
		}
		VirtualIPs []struct{ NetworkID, Addr string }
	}
	UpdateStatus *struct{ State, StartedAt, CompletedAt, Message string }
	Version      struct{ Index *int64 }
}

// containerSpec is the part of a service's ContainerSpec that its table keeps.
type containerSpec struct {
	Image            string
	StopGracePeriod  int64
	Init             *bool
	Healthcheck      *healthcheck
	Hosts            []string
	DNSConfig        *struct{ Nameservers, Options []string }
	Secrets, Configs []struct{}
}

// decodeServices decodes GET /services.
func decodeServices(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *serviceReply) error {
		if in.ID == "" {
			return fmt.Errorf("a service without ID")
		}
		p := putter{line: line, rows: &rows}
		s := schema.SwarmService{
			ServiceID: in.ID, Name: in.Spec.Name, EndpointMode: in.endpointMode(),
			CreatedAt: dockerTime(in.CreatedAt), UpdatedAt: dockerTime(in.UpdatedAt),
		}
		switch m := in.Spec.Mode; {
		case m.Replicated != nil:
			s.Mode, s.Replicas = "replicated", m.Replicated.Replicas
		case m.Global != nil:
			s.Mode = "global"
		case m.ReplicatedJob != nil:
			s.Mode, s.Replicas = "replicated-job", m.ReplicatedJob.TotalCompletions
		case m.GlobalJob != nil:
			s.Mode = "global-job"
		}
		in.about(&s)
		p.put(s)
		for _, v := range in.Endpoint.VirtualIPs {
			if v.Addr == "" { // allocated for a network that has no address to give: dnsrr, host
				continue
			}
			ip, bits := p.cidr(v.Addr)
			p.put(schema.SwarmServiceVIP{ServiceID: in.ID, NetworkID: v.NetworkID, IP: ip, PrefixLen: bits})
		}
		for _, port := range in.Endpoint.Ports {
			mode := port.PublishMode
			if mode == "" {
				mode = "ingress" // the API leaves out the default (engines before 1.13 know no other)
			}
			p.put(schema.SwarmServicePort{ServiceID: in.ID, Proto: port.Protocol, Target: port.TargetPort, Published: port.PublishedPort, Mode: mode})
		}
		targets := in.Spec.TaskTemplate.Networks
		if len(targets) == 0 {
			targets = in.Spec.Networks
		}
		for _, n := range targets {
			p.put(schema.SwarmServiceNetwork{ServiceID: in.ID, NetworkID: n.Target, Aliases: strings.Join(n.Aliases, ",")})
		}
		return p.err()
	})
	return rows, err
}

// endpointMode is vip or dnsrr: what the endpoint has, else what the spec asks for, else swarmkit's default.
func (in *serviceReply) endpointMode() string {
	if in.Endpoint.Spec.Mode != "" {
		return in.Endpoint.Spec.Mode
	}
	if e := in.Spec.EndpointSpec; e != nil && e.Mode != "" {
		return e.Mode
	}
	return "vip"
}

// about fills in how the service's tasks are to run, and how its last update went.
func (in *serviceReply) about(s *schema.SwarmService) {
	s.Version, s.Stack = in.Version.Index, in.Spec.Labels["com.docker.stack.namespace"]
	if u := in.UpdateStatus; u != nil {
		s.UpdateState, s.UpdateMessage = u.State, u.Message
		s.UpdateStarted, s.UpdateCompleted = dockerTime(u.StartedAt), dockerTime(u.CompletedAt)
	}
	if u := in.Spec.UpdateConfig; u != nil {
		s.UpdateParallelism, s.UpdateDelayS, s.UpdateFailure, s.UpdateOrder = u.Parallelism, seconds(u.Delay), u.FailureAction, u.Order
	}
	t := &in.Spec.TaskTemplate
	s.ForceUpdate = t.ForceUpdate
	if r := t.RestartPolicy; r != nil {
		s.RestartCondition, s.RestartDelayS, s.RestartMax, s.RestartWindowS = r.Condition, seconds(r.Delay), r.MaxAttempts, seconds(r.Window)
	}
	if p := t.Placement; p != nil {
		s.Constraints, s.MaxPerNode = strings.Join(p.Constraints, ","), limit(p.MaxReplicas)
	}
	if l := t.Resources.Limits; l != nil {
		s.MemoryLimit, s.NanoCPUs, s.PidsLimit = limit(l.MemoryBytes), limit(l.NanoCPUs), limit(l.Pids)
	}
	if r := t.Resources.Reservations; r != nil {
		s.MemoryReservation = limit(r.MemoryBytes)
	}
	if l := t.LogDriver; l != nil {
		s.LogDriver = l.Name
	}
	c := t.ContainerSpec
	if c == nil {
		return
	}
	s.Image, s.StopGraceS, s.Init, s.Hosts = c.Image, seconds(c.StopGracePeriod), c.Init, strings.Join(c.Hosts, ",")
	if h := c.Healthcheck; h != nil {
		s.HealthTest, s.HealthRetries = strings.Join(h.Test, " "), limit(h.Retries)
		s.HealthIntervalS, s.HealthTimeoutS, s.HealthStartS = seconds(h.Interval), seconds(h.Timeout), seconds(h.StartPeriod)
	}
	if d := c.DNSConfig; d != nil {
		s.DNS, s.DNSOptions = strings.Join(d.Nameservers, ","), strings.Join(d.Options, ",")
	}
	secrets, configs := int64(len(c.Secrets)), int64(len(c.Configs))
	s.Secrets, s.Configs = &secrets, &configs
}
