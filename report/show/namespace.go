package show

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A namespace is one network namespace with the names that people call it by.
type namespace struct {
	schema.Netns
	containers []*container // those that live in it, also in the host's
	network    string       // name of its network, for overlays and load balancers
	printed    bool         // something was printed of it
}

// A container is what Docker says of one: enough to find its namespace.
type container struct {
	id, name, mode string
	task           string // label of its task: vote.1, or of a global service agent.node1
	byNode         string // of a global service as Docker writes it: agent.<node id>; else as task
}

// addContainer takes an element of the reply to docker inspect, or what stands in the daemon's own files.
func (x *index) addContainer(object []byte) {
	type config struct {
		Labels map[string]string
	}
	type hostConfig struct{ NetworkMode string }
	var r struct {
		ID         string `json:"Id"`
		DiskID     string `json:"ID"` // as the daemon's own file spells it
		Name       string
		Config     json.RawMessage
		HostConfig hostConfig
		DiskHost   hostConfig `json:"host_config"`
	}
	if json.Unmarshal(object, &r) != nil {
		return
	}
	if cmp.Or(r.ID, r.DiskID) == "" { // {"config": {"ID": …, "Config": {…}}, "host_config": {…}}
		r.HostConfig = r.DiskHost
		if json.Unmarshal(r.Config, &r) != nil {
			return
		}
	}
	id := cmp.Or(r.ID, r.DiskID)
	if id == "" || x.containers[id] != nil {
		return
	}
	var c config
	_ = json.Unmarshal(r.Config, &c) // without labels it is no task
	out := &container{id: id, name: strings.TrimPrefix(r.Name, "/"), mode: r.HostConfig.NetworkMode}
	out.byNode = strings.TrimSuffix(c.Labels["com.docker.swarm.task.name"], "."+c.Labels["com.docker.swarm.task.id"])
	out.task = out.byNode
	if service, ok := strings.CutSuffix(out.byNode, "."+c.Labels["com.docker.swarm.node.id"]); ok {
		out.task = service + "." + x.source.host // a container's node is the host that it runs on
	}
	x.containers[id] = out
}

// short is the name of a container that is said first.
func (c *container) short() string {
	return cmp.Or(c.task, c.name, c.id[:min(12, len(c.id))])
}

// name gives the namespaces their containers and networks, once all of the bundle has been read.
func (x *index) name() {
	byContainer := map[string]*namespace{}
	for _, ns := range x.namespaces {
		if ns.Container == "" {
			for id, name := range x.networks {
				if ns.Network != "" && strings.HasPrefix(id, ns.Network) {
					ns.network = name
				}
			}
			continue
		}
		byContainer[ns.Container] = ns
		if c := x.containers[ns.Container]; c != nil {
			ns.containers = append(ns.containers, c)
		} else {
			ns.containers = append(ns.containers, &container{id: ns.Container})
		}
	}
	for _, c := range x.containers {
		other, shared := strings.CutPrefix(c.mode, "container:")
		for _, ns := range x.namespaces {
			if c.mode == "host" && ns.Kind == schema.NetnsHost || shared && ns == byContainer[other] {
				ns.containers = append(ns.containers, c)
			}
		}
	}
	for _, ns := range x.namespaces {
		if len(ns.containers) > 1 {
			first := 1
			if ns.Kind == schema.NetnsHost {
				first = 0
			}
			slices.SortFunc(ns.containers[first:], func(a, b *container) int { return strings.Compare(a.short(), b.short()) })
		}
	}
}

// short is the name that a person would type for the namespace.
func (ns *namespace) short() string {
	if ns.Kind == schema.NetnsContainer && len(ns.containers) > 0 {
		return ns.containers[0].short()
	}
	return ns.Netns.Name
}

// title is the namespace in a header: netns 4026532599 (container vote.1).
func (ns *namespace) title() string {
	about := ns.Netns.Name
	switch ns.Kind {
	case schema.NetnsContainer:
		var names []string
		for _, c := range ns.containers {
			names = append(names, c.short())
		}
		about = "container " + strings.Join(names, ", ")
	case schema.NetnsOverlay:
		about = "overlay " + about
	case schema.NetnsLB:
		about = "load balancer " + about
	}
	if ns.network != "" {
		about += ", network " + ns.network
	}
	return fmt.Sprintf("netns %s (%s)", ns.Netns.Netns, about)
}

// choose picks the namespaces that a name means; all for none. Several of one host are an error that names them.
func (x *index) choose(name string) ([]*namespace, error) {
	x.chosen = map[string]*namespace{}
	chosen := x.namespaces
	if name != "" {
		chosen = nil
		for _, fits := range []func(*namespace, string) bool{(*namespace).isNamed, (*namespace).holds, (*namespace).begins} {
			for _, ns := range x.namespaces {
				if fits(ns, name) {
					chosen = append(chosen, ns)
				}
			}
			if len(chosen) > 0 {
				break
			}
		}
		if len(chosen) > 1 {
			var names []string
			for _, ns := range chosen {
				names = append(names, ns.title())
			}
			return nil, usage("--ns %s fits several namespaces of %s; say which: %s", name, x.source.host, strings.Join(names, ", "))
		}
	}
	for _, ns := range chosen {
		x.chosen[ns.Netns.Netns] = ns
	}
	return chosen, nil
}

// isNamed: the inode, or the name under which Docker or ip netns mounts it.
func (ns *namespace) isNamed(name string) bool {
	return name == ns.Netns.Netns || name == ns.Netns.Name
}

// holds: a container by its name, its task's label or its id, or the namespace's network by its name.
func (ns *namespace) holds(name string) bool {
	if ns.network == name {
		return true
	}
	for _, c := range ns.containers {
		if c.id == name || c.name == strings.TrimPrefix(name, "/") || c.task == name || c.byNode == name {
			return true
		}
	}
	return false
}

// begins: the beginning of the namespace's name, or of a container's id or name.
func (ns *namespace) begins(name string) bool {
	if len(name) < 2 {
		return false
	}
	if strings.HasPrefix(ns.Netns.Name, name) {
		return true
	}
	for _, c := range ns.containers {
		if strings.HasPrefix(c.id, name) || strings.HasPrefix(c.name, name) || strings.HasPrefix(c.task, name) || strings.HasPrefix(c.byNode, name) {
			return true
		}
	}
	return false
}
