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
	Spec        struct{ Role, Availability string }
	Description struct {
		Hostname string
		Engine   struct{ EngineVersion string }
	}
	Status        struct{ State, Addr string }
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
		Name string
		Mode struct {
			Replicated    *struct{ Replicas *int64 }
			Global        *struct{}
			ReplicatedJob *struct{ TotalCompletions *int64 }
			GlobalJob     *struct{}
		}
		TaskTemplate struct {
			ContainerSpec *struct{ Image string }
			Networks      []networkTarget
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
	UpdateStatus *struct{ State string }
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
		if c := in.Spec.TaskTemplate.ContainerSpec; c != nil {
			s.Image = c.Image
		}
		if u := in.UpdateStatus; u != nil {
			s.UpdateState = u.State
		}
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
