package main

import (
	"net/netip"
	"slices"
)

// A client is who tries: a container, the host itself, or the outside.
type client struct {
	name, host string
	space      int      // its network namespace
	box        *sandbox // nil for the host and the outside
	targets    []*target
}

// A target is what a client tries: one line of the output.
type target struct {
	tried
	client *client
	port   int      // that is asked; 0: the prober's own only
	ips    []string // that are asked
	each   int      // how many connections of each size to an address in a row
	full   bool     // the port has pages of full size, too
	door   int      // how many of each size to the prober's own port

	service *planService
	network *planNetwork
	rounds  []map[string]*try
}

// doorPort is where the prober listens in all containers. A connection to a server of the sample costs a host a process, one to this
// port next to nothing; so most go there, and to the sample's own as many as there are tasks to be met.
const doorPort = 7077

// services are the names and addresses of services on the networks of a container.
func (c *client) services(p *plan) {
	for i := range p.Networks {
		n := &p.Networks[i]
		if c.box.Networks[n.ID] == "" {
			continue
		}
		for k := range p.Services {
			s := &p.Services[k]
			if !s.on(n.ID) {
				continue
			}
			if s.Datagrams != 0 {
				c.service(s, n, target{tried: tried{Client: c.name, Host: c.host, Server: s.Name, Network: n.Name, Port: s.Datagrams, Proto: "udp"}, client: c, port: s.Datagrams, service: s, network: n, each: 1, full: true})
				if s.Port == 0 {
					continue
				}
			}
			c.service(s, n, target{tried: tried{Client: c.name, Host: c.host, Server: s.Name, Network: n.Name, Port: s.Port, Proto: "tcp"}, client: c, port: s.Port, service: s, network: n, each: 1, door: 1})
		}
	}
}

// service are the name and the addresses of one service on a network, for one protocol.
func (c *client) service(s *planService, n *planNetwork, t target) {
	if vip := s.VIPs[n.ID]; vip != "" && !s.DNSRR && len(s.Tasks) > 0 {
		v := t
		v.Via, v.Name, v.ips = "vip", s.Name, []string{vip}
		v.each, v.door = len(s.Tasks), t.door*len(s.Tasks)
		c.targets = append(c.targets, &v)
	}
	t.Via, t.Name = "tasks", "tasks."+s.Name
	if s.DNSRR {
		t.Via, t.Name = "dnsrr", s.Name
	}
	for _, task := range s.Tasks {
		if ip := task.IPs[n.ID]; ip != "" && task.ID != c.name {
			t.ips = append(t.ips, ip)
		}
	}
	if len(t.ips) > 0 {
		c.targets = append(c.targets, &t)
	}
}

// containers are those of no service that listen, on the networks of a container. Talkers ask them, and they one another.
func (c *client) containers(p *plan, everywhere map[string][]*sandbox, talkers string) {
	if c.box.Service != "" && c.box.Service != talkers {
		return
	}
	for _, boxes := range everywhere {
		for _, b := range boxes {
			if b.Service != "" || len(b.Listens) == 0 || b.ID == c.box.ID {
				continue
			}
			for i := range p.Networks {
				n := &p.Networks[i]
				if c.box.Networks[n.ID] != "" && b.Networks[n.ID] != "" {
					c.targets = append(c.targets, &target{tried: tried{Client: c.name, Host: c.host, Network: n.Name, Via: "container", At: b.owner(), Port: slices.Min(b.Listens), Proto: "tcp"},
						client: c, port: slices.Min(b.Listens), ips: []string{b.Networks[n.ID]}, each: 1, door: 1})
				}
			}
		}
	}
}

// resolved takes the answers to the name: whom a client of that name would ask on this network, and strangers.
func (t *target) resolved(answers []string, failed string) {
	t.Answers, t.NoName = answers, failed
	if failed != "" {
		t.ips = nil
		return
	}
	var here, strangers []string
	for _, a := range answers {
		ip, err := netip.ParseAddr(a)
		switch {
		case err != nil:
		case !t.service.has(a):
			strangers = append(strangers, a)
		case t.network.Subnet.Contains(ip):
			here = append(here, a)
		}
	}
	if t.Via != "vip" { // where the answers are of another network of both, nobody is sent here
		t.ips = slices.DeleteFunc(here, func(ip string) bool { return ip == t.client.box.Networks[t.network.ID] })
	}
	t.ips = append(t.ips, strangers...)
}

// loopback is where a host asks for its own published ports, beside its address.
const loopback = "127.0.0.1"

// published are the published ports of all hosts.
func (c *client) published(p *plan) {
	for k := range p.Services {
		s := &p.Services[k]
		for _, port := range s.Published {
			if port.Published == 0 || len(s.Tasks) == 0 {
				continue
			}
			ask := func(at, ip string) {
				t := &target{tried: tried{Client: c.name, Host: c.host, Server: s.Name, Network: "ingress", Via: "published", At: at, Port: port.Published, Proto: port.Proto},
					client: c, port: port.Published, ips: []string{ip}, each: len(s.Tasks), full: c.host == outsider || port.Proto == "udp"}
				if port.Mode == "host" {
					t.Network, t.each = "", 1
				}
				c.targets = append(c.targets, t)
			}
			for _, n := range p.Nodes {
				if port.Mode == "host" && !s.runs(n.ID) {
					continue
				}
				ask(n.Name, n.Addr)
				if n.Name == c.host {
					ask(loopback, loopback)
				}
			}
		}
	}
}

// runs reports whether a task of the service is on a node.
func (s *planService) runs(node string) bool {
	return slices.ContainsFunc(s.Tasks, func(t planTask) bool { return t.Node == node })
}

// outside is the way out of the swarm.
func (c *client) outside(listen string) {
	if a, err := netip.ParseAddrPort(listen); err == nil {
		c.targets = append(c.targets, &target{tried: tried{Client: c.name, Host: c.host, Via: "egress", Proto: "tcp"}, client: c, port: int(a.Port()), ips: []string{a.Addr().String()}, each: 1, full: true})
	}
}

// told is the line of output.
func (t *target) told() *tried {
	out := t.tried
	for _, r := range t.rounds {
		list := []try{}
		for _, ip := range t.ips {
			if x := r[ip]; x != nil {
				list = append(list, *x)
			}
		}
		out.Rounds = append(out.Rounds, list)
	}
	return &out
}
