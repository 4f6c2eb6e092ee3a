package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A plan is what the manager says that there is.
type plan struct {
	Networks []planNetwork `json:"networks"`
	Services []planService `json:"services"`
	Nodes    []planNode    `json:"nodes"`
}

type planNetwork struct {
	ID, Name string
	Subnet   netip.Prefix
}

type planNode struct{ ID, Name, Addr string }

type planService struct {
	Name      string
	DNSRR     bool
	VIPs      map[string]string // by id of the network
	Tasks     []planTask
	Published []planPort
	Port      int // at which its tasks listen; 0 where they do not, and the prober does in their place
	Datagrams int // at which they wait for datagrams; 0 where they do not
}

type planTask struct {
	ID, Node string
	IPs      map[string]string // by id of the network
}

type planPort struct {
	Proto     string
	Published int
	Mode      string
}

// engine asks an engine's API.
type engine struct{ client *http.Client }

func dial(network, address string) *engine {
	return &engine{&http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, network, address)
	}}}}
}

func (e *engine) get(path string, into any) error {
	r, err := e.client.Get("http://docker" + path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, r.Status)
	}
	return json.NewDecoder(r.Body).Decode(into)
}

// askManager lists networks, services with their running tasks, and nodes.
func askManager(address string) (*plan, error) {
	e := dial("tcp", address)
	var networks []struct {
		ID, Name, Driver string
		Ingress          bool
		IPAM             struct{ Config []struct{ Subnet string } }
	}
	var services []struct {
		ID   string
		Spec struct {
			Name         string
			EndpointSpec struct{ Mode string }
		}
		Endpoint struct {
			VirtualIPs []struct{ NetworkID, Addr string }
			Ports      []struct {
				Protocol, PublishMode string
				PublishedPort         int
			}
		}
	}
	var tasks []struct {
		ID, ServiceID       string
		NodeID              string
		Status              struct{ State string }
		NetworksAttachments []struct {
			Network   struct{ ID string }
			Addresses []string
		}
	}
	var nodes []struct {
		ID            string
		Description   struct{ Hostname string }
		Status        struct{ Addr string }
		ManagerStatus struct{ Addr string }
	}
	for path, into := range map[string]any{
		"/networks": &networks, "/services": &services, "/nodes": &nodes,
		"/tasks?filters=" + url.QueryEscape(`{"desired-state":["running"]}`): &tasks,
	} {
		if err := e.get(path, into); err != nil {
			return nil, err
		}
	}
	p := &plan{}
	for _, n := range networks {
		if n.Driver == "overlay" && !n.Ingress && len(n.IPAM.Config) > 0 {
			if subnet, err := netip.ParsePrefix(n.IPAM.Config[0].Subnet); err == nil {
				p.Networks = append(p.Networks, planNetwork{n.ID, n.Name, subnet})
			}
		}
	}
	for _, n := range nodes {
		addr := n.Status.Addr
		if host, _, err := net.SplitHostPort(n.ManagerStatus.Addr); err == nil && (addr == "" || addr == "0.0.0.0") {
			addr = host
		}
		p.Nodes = append(p.Nodes, planNode{n.ID, n.Description.Hostname, addr})
	}
	for _, s := range services {
		ps := planService{Name: s.Spec.Name, DNSRR: s.Spec.EndpointSpec.Mode == "dnsrr", VIPs: map[string]string{}}
		for _, v := range s.Endpoint.VirtualIPs {
			ps.VIPs[v.NetworkID] = bare(v.Addr)
		}
		for _, port := range s.Endpoint.Ports {
			if port.Protocol == "tcp" || port.Protocol == "udp" {
				ps.Published = append(ps.Published, planPort{port.Protocol, port.PublishedPort, port.PublishMode})
			}
		}
		for _, t := range tasks {
			if t.ServiceID != s.ID || t.Status.State != "running" {
				continue
			}
			pt := planTask{ID: t.ID, Node: t.NodeID, IPs: map[string]string{}}
			for _, a := range t.NetworksAttachments {
				if len(a.Addresses) > 0 {
					pt.IPs[a.Network.ID] = bare(a.Addresses[0])
				}
			}
			ps.Tasks = append(ps.Tasks, pt)
		}
		p.Services = append(p.Services, ps)
	}
	slices.SortFunc(p.Services, func(a, b planService) int { return cmp.Compare(a.Name, b.Name) })
	return p, nil
}

// bare is an address without the length of its subnet.
func bare(s string) string { ip, _, _ := strings.Cut(s, "/"); return ip }

// ports says at which port each service is asked: the lowest at which most of its tasks listen.
func (p *plan) ports(everywhere map[string][]*sandbox) {
	for i := range p.Services {
		s := &p.Services[i]
		tasks, tcp, udp := 0, map[int]int{}, map[int]int{}
		for _, boxes := range everywhere {
			for _, b := range boxes {
				if b.Service != s.Name {
					continue
				}
				tasks++
				for _, port := range b.Listens {
					tcp[port]++
				}
				for _, port := range b.Datagrams {
					udp[port]++
				}
			}
		}
		s.Port, s.Datagrams = lowest(tcp, tasks), lowest(udp, tasks)
	}
}

// lowest is the lowest port that most tasks have, 0 for none.
func lowest(count map[int]int, tasks int) int {
	best := 0
	for port, n := range count {
		if 2*n > tasks && (best == 0 || port < best) {
			best = port
		}
	}
	return best
}

// on reports whether a service is on a network, by what its tasks and virtual addresses say.
func (s *planService) on(network string) bool {
	if s.VIPs[network] != "" {
		return true
	}
	for _, t := range s.Tasks {
		if t.IPs[network] != "" {
			return true
		}
	}
	return false
}

// has reports whether an address is the service's, on any network.
func (s *planService) has(ip string) bool {
	for _, v := range s.VIPs {
		if v == ip {
			return true
		}
	}
	for _, t := range s.Tasks {
		for _, x := range t.IPs {
			if x == ip {
				return true
			}
		}
	}
	return false
}
