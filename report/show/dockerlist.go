package show

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// showList prints the elements of a view's documents in columns, sorted by one of them. cells is nil for an element that
// is in another line already.
func (p *printer) showList(ctx context.Context, x *index, v *view, head []string, by int, cells func(object []byte) ([]string, error)) error {
	if err := p.section(x, v.like); err != nil {
		return err
	}
	var objects []json.RawMessage
	if err := p.documents(ctx, x, v, func(e *schema.Entry) error {
		eachElement(e, func(o []byte) { objects = append(objects, slices.Clone(o)) })
		return nil
	}); err != nil {
		return err
	}
	var table [][]string
	for _, o := range objects {
		if p.options.JSON {
			if err := p.raw(o); err != nil {
				return err
			}
			continue
		}
		c, err := cells(o)
		if err != nil {
			if err := p.gap("%s: an element of %s cannot be read: %v", x.source.host, v.name, err); err != nil {
				return err
			}
		} else if c != nil {
			table = append(table, c)
		}
	}
	if len(table) == 0 {
		return nil
	}
	slices.SortStableFunc(table, func(a, b []string) int { return strings.Compare(a[by], b[by]) })
	return p.text(columns(append([][]string{head}, table...)))
}

// showContainers prints containers as docker ps -a does. It says since when they run, not how long: the day's figure would
// be read as today's.
func showContainers(ctx context.Context, p *printer, x *index, v *view) error {
	seen := map[string]bool{}
	return p.showList(ctx, x, v, []string{"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"}, 6, func(o []byte) ([]string, error) {
		type config struct {
			Image string
			ID    string
		}
		type inner struct {
			ID      string `json:"Id"`
			DiskID  string `json:"ID"`
			Created time.Time
			Name    string
			Path    string
			Args    []string
			Config  json.RawMessage
			State   struct {
				Running, Paused, Restarting, OOMKilled bool
				ExitCode                               int64
				StartedAt, FinishedAt                  time.Time
				Health                                 *struct{ Status string }
			}
			NetworkSettings struct {
				Ports map[string][]struct{ HostIP, HostPort string }
			}
		}
		var c inner
		if err := json.Unmarshal(o, &c); err != nil {
			return nil, err
		}
		if cmp.Or(c.ID, c.DiskID) == "" { // of the daemon's own file
			if err := json.Unmarshal(c.Config, &c); err != nil {
				return nil, err
			}
		}
		id := cmp.Or(c.ID, c.DiskID)
		if seen[id] {
			return nil, nil
		}
		seen[id] = true
		var cfg config
		_ = json.Unmarshal(c.Config, &cfg) // without it the image is not known
		at := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
		status := "Created"
		switch {
		case c.State.Paused:
			status = "Up since " + at(c.State.StartedAt) + " (Paused)"
		case c.State.Restarting:
			status = fmt.Sprintf("Restarting (%d) %s", c.State.ExitCode, at(c.State.FinishedAt))
		case c.State.Running:
			status = "Up since " + at(c.State.StartedAt)
			if c.State.Health != nil && c.State.Health.Status != "" && c.State.Health.Status != "none" {
				status += " (" + c.State.Health.Status + ")"
			}
		case c.State.StartedAt.Year() > 1:
			status = fmt.Sprintf("Exited (%d) %s", c.State.ExitCode, at(c.State.FinishedAt))
			if c.State.OOMKilled {
				status += " (OOM killed)"
			}
		}
		var ports []string
		for port, bound := range c.NetworkSettings.Ports {
			for _, b := range bound {
				ports = append(ports, b.HostIP+":"+b.HostPort+"->"+port)
			}
			if len(bound) == 0 {
				ports = append(ports, port)
			}
		}
		slices.Sort(ports)
		command := []rune(strings.Join(append([]string{c.Path}, c.Args...), " "))
		if len(command) > 40 {
			command = append(command[:39], '…')
		}
		return []string{id[:min(12, len(id))], cfg.Image, `"` + string(command) + `"`, at(c.Created), status, strings.Join(ports, ", "), strings.TrimPrefix(c.Name, "/")}, nil
	})
}

// showNetworks prints networks as docker network ls does, with the subnets, which it leaves out.
func showNetworks(ctx context.Context, p *printer, x *index, v *view) error {
	return p.showList(ctx, x, v, []string{"NETWORK ID", "NAME", "DRIVER", "SCOPE", "SUBNETS"}, 1, func(o []byte) ([]string, error) {
		var n struct {
			ID                  string `json:"Id"`
			Name, Driver, Scope string
			IPAM                struct{ Config []struct{ Subnet string } }
		}
		if err := json.Unmarshal(o, &n); err != nil {
			return nil, err
		}
		var subnets []string
		for _, c := range n.IPAM.Config {
			subnets = append(subnets, c.Subnet)
		}
		return []string{n.ID[:min(12, len(n.ID))], n.Name, n.Driver, n.Scope, strings.Join(subnets, ", ")}, nil
	})
}

// showNodes prints nodes as docker node ls does.
func showNodes(ctx context.Context, p *printer, x *index, v *view) error {
	return p.showList(ctx, x, v, []string{"ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION", "ADDRESS"}, 1, func(o []byte) ([]string, error) {
		var n struct {
			ID          string
			Spec        struct{ Availability string }
			Description struct {
				Hostname string
				Engine   struct{ EngineVersion string }
			}
			Status        struct{ State, Message, Addr string }
			ManagerStatus *struct {
				Leader       bool
				Reachability string
			}
		}
		if err := json.Unmarshal(o, &n); err != nil {
			return nil, err
		}
		manager := ""
		if m := n.ManagerStatus; m != nil && m.Leader {
			manager = "Leader"
		} else if m != nil {
			manager = title(m.Reachability)
		}
		status := title(n.Status.State)
		if n.Status.Message != "" {
			status += " (" + n.Status.Message + ")"
		}
		return []string{n.ID, n.Description.Hostname, status, title(n.Spec.Availability), manager, n.Description.Engine.EngineVersion, n.Status.Addr}, nil
	})
}

// showServices prints services as docker service ls does. How many replicas run is in tasks: here stands how many are asked
// for.
func showServices(ctx context.Context, p *printer, x *index, v *view) error {
	return p.showList(ctx, x, v, []string{"ID", "NAME", "MODE", "REPLICAS WANTED", "IMAGE", "PORTS", "VIRTUAL IPS"}, 1, func(o []byte) ([]string, error) {
		var s struct {
			ID   string
			Spec struct {
				Name string
				Mode struct {
					Replicated    *struct{ Replicas *int64 }
					Global        *struct{}
					ReplicatedJob *struct{ TotalCompletions *int64 }
					GlobalJob     *struct{}
				}
				TaskTemplate struct {
					ContainerSpec struct{ Image string }
				}
				EndpointSpec struct{ Mode string }
			}
			Endpoint struct {
				Ports []struct {
					Protocol, PublishMode     string
					TargetPort, PublishedPort int64
				}
				VirtualIPs []struct{ NetworkID, Addr string }
			}
		}
		if err := json.Unmarshal(o, &s); err != nil {
			return nil, err
		}
		mode, wanted := "", "-"
		switch m := s.Spec.Mode; {
		case m.Replicated != nil:
			mode, wanted = "replicated", figure(m.Replicated.Replicas)
		case m.Global != nil:
			mode = "global"
		case m.ReplicatedJob != nil:
			mode, wanted = "replicated job", figure(m.ReplicatedJob.TotalCompletions)
		case m.GlobalJob != nil:
			mode = "global job"
		}
		var ports, vips []string
		for _, port := range s.Endpoint.Ports {
			text := fmt.Sprintf("*:%d->%d/%s", port.PublishedPort, port.TargetPort, port.Protocol)
			if port.PublishMode == "host" {
				text += " (host)"
			}
			ports = append(ports, text)
		}
		for _, vip := range s.Endpoint.VirtualIPs {
			vips = append(vips, strings.TrimSpace(vip.Addr+" "+x.networks[vip.NetworkID]))
		}
		if s.Spec.EndpointSpec.Mode == "dnsrr" {
			vips = append(vips, "dnsrr")
		}
		return []string{s.ID, s.Spec.Name, mode, wanted, s.Spec.TaskTemplate.ContainerSpec.Image, strings.Join(ports, ", "), strings.Join(vips, ", ")}, nil
	})
}
