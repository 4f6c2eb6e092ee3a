package path

import (
	"net/netip"
	"slices"
	"strings"
)

// same reports whether the answers are just what they should be.
func same(got []answered, want map[netip.Addr]bool) bool {
	for _, x := range got {
		if !want[x.ip] {
			return false
		}
	}
	return len(got) == len(want)
}

// onNetwork lists the services that have tasks, or a virtual address, on a network.
func (w *World) onNetwork(net *Network) []*Service {
	if l, ok := w.shared[net.Net]; ok {
		return l
	}
	seen := map[string]bool{}
	var out []*Service
	add := func(id string) {
		if s := w.Services[id]; s != nil && !seen[id] {
			seen[id] = true
			out = append(out, s)
		}
	}
	for _, v := range net.vip {
		add(v.ServiceID)
	}
	for _, ep := range net.list {
		if ep.Kind == "task" {
			add(ep.ServiceID)
		}
	}
	slices.SortFunc(out, func(a, b *Service) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	w.shared[net.Net] = out
	return out
}

// meant are the addresses that a name of a service should have on a network: the virtual one, or its tasks'.
func (w *World) meant(s *Service, net *Network, tasks bool) map[netip.Addr]bool {
	k := meantKey{s.ID, net.Net, tasks}
	if m, ok := w.means[k]; ok || w.loaded { // who is not on the network has none there
		return m
	}
	out := map[netip.Addr]bool{}
	if !s.DNSRR && !tasks {
		if net.vipOf[s.ID] != nil {
			for _, v := range net.vip {
				if v.ServiceID == s.ID {
					out[v.IP] = true
				}
			}
		}
	} else {
		for _, ep := range s.tasks {
			if ep.Net == net {
				out[ep.IP] = true
			}
		}
	}
	w.means[k] = out
	return out
}

type meantKey struct {
	service, net string
	tasks        bool
}

// alsoMeant are the addresses that the name has on the other networks of a task or container: the resolver takes the first network that knows it.
func (w *World) alsoMeant(owner string, sv *Service, net *Network, tasks bool) map[netip.Addr]bool {
	var out map[netip.Addr]bool
	for _, ep := range w.owned[owner] {
		if ep.Net != net {
			if out == nil {
				out = map[netip.Addr]bool{}
			}
			for ip := range w.meant(sv, ep.Net, tasks) {
				out[ip] = true
			}
		}
	}
	return out
}

// ref is a row that says that a service is on a network.
func (w *World) ref(s *Service, net *Network) string {
	if v := net.vipOf[s.ID]; v != nil {
		return v.Ref
	}
	for _, ep := range s.tasks {
		if ep.Net == net {
			return ep.Ref
		}
	}
	return ""
}
