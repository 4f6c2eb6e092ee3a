package capture

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Bounds on the questions of one capture. Docker's resolver lives in dockerd, which may be suffering.
const (
	dnsNames    = 50   // names asked in one container, tasks.<service> among them
	dnsTotal    = 5000 // questions in all
	dnsRepeats  = 5    // how often A, and AAAA if it has addresses, is asked for a name where the bound allows it: the order of the answers is a sample
	dnsAnswerBy = time.Second
	dnsPerNetns = 5 * time.Second
	dnsTimeouts = 2 // after so many a container is left alone
	dnsPhase    = 30 * time.Second
	dnsSilent   = 3 // after so many containers without any answer the resolver is taken as dead
)

// dnsName is one name that Docker's resolver should know in a container.
type dnsName struct {
	name    string
	service string
	tasks   bool
}

// dnsShare is what one container is asked.
type dnsShare struct {
	container *dockerContainer
	networks  []string  // ids of its networks that have names, sorted
	names     []dnsName // sorted by service, the plain name first; where the bound leaves some out, plain names before all others
	dropped   int       // names left out by a bound; others on the same networks may be asked for them
	repeats   int       // times that A is asked, 0 for not at all
	aaaa      bool      // AAAA is asked, too: once, or as often as A if it has addresses
}

// cost is the greatest number of questions that the share can be: each name asked for A, and where that is repeated for
// AAAA, so many times.
func (s *dnsShare) cost() int {
	if s.aaaa {
		return 2 * len(s.names) * s.repeats
	}
	return len(s.names) * s.repeats
}

// serviceNames says, by network id, which services have a running task on it. Docker's resolver knows just these:
// libnetwork keeps records of a network for its endpoints, removes them with the endpoint, and adds none on the
// ingress network (moby libnetwork/network.go: addSvcRecords), so a service that shares only that one is unknown.
//
// A manager knows all tasks. Elsewhere the local containers' labels tell of the services that run here.
func serviceNames(st *dockerState, containers []*dockerContainer) map[string][]string {
	ingress := map[string]bool{}
	for _, n := range st.networks {
		ingress[n.ID] = n.Ingress
	}
	found := map[string]map[string]bool{}
	add := func(network, service string) {
		if network == "" || service == "" || ingress[network] {
			return
		}
		if found[network] == nil {
			found[network] = map[string]bool{}
		}
		found[network][service] = true
	}
	if len(st.tasks) > 0 && len(st.services) > 0 {
		names := map[string]string{}
		for _, s := range st.services {
			names[s.ID] = s.Spec.Name
		}
		for _, t := range st.tasks {
			if t.Status.State != "running" {
				continue
			}
			for _, a := range t.NetworksAttachments {
				if !a.Network.Spec.Ingress {
					add(a.Network.ID, names[t.ServiceID])
				}
			}
		}
	} else {
		for _, c := range containers {
			if !c.State.Running {
				continue
			}
			for name, n := range c.NetworkSettings.Networks {
				if name != "ingress" { // its usual name, for when nothing else says which network it is
					add(n.NetworkID, c.service())
				}
			}
		}
	}
	out := map[string][]string{}
	for network, services := range found {
		for s := range services {
			out[network] = append(out[network], s)
		}
		slices.Sort(out[network])
	}
	return out
}

// planDNS shares the questions out among the running containers, by container id. While the bound on all of them
// holds, first one container of each network is asked its names, then the others, once each; what then remains goes
// into asking again, in the same order.
func planDNS(services map[string][]string, containers []*dockerContainer, total int) map[string]*dnsShare {
	var shares []*dnsShare
	for _, c := range containers {
		if c.State.Running {
			shares = append(shares, shareOf(services, c))
		}
	}
	slices.SortFunc(shares, func(a, b *dnsShare) int { return cmp.Compare(a.container.ID, b.container.ID) })
	shares = networksFirst(shares)
	splitNames(shares)

	left := total
	for _, s := range shares {
		if n := min(len(s.names), left); n < len(s.names) {
			s.dropped += len(s.names) - n
			s.names = s.names[:n]
		}
		s.repeats = 1
		left -= s.cost()
	}
	out := map[string]*dnsShare{}
	for _, s := range shares {
		if more := len(s.names) * (2*dnsRepeats - 1); more <= left { // dnsRepeats times A and AAAA, less the A above
			s.repeats, s.aaaa = dnsRepeats, true
			left -= more
		}
		out[s.container.ID] = s
	}
	return out
}

// shareOf lists the names for one container: of each of its networks, the services on it.
func shareOf(services map[string][]string, c *dockerContainer) *dnsShare {
	s := &dnsShare{container: c}
	var names []string
	for _, n := range c.NetworkSettings.Networks {
		if len(services[n.NetworkID]) > 0 {
			s.networks = append(s.networks, n.NetworkID)
			names = append(names, services[n.NetworkID]...)
		}
	}
	slices.Sort(s.networks)
	slices.Sort(names)
	for _, service := range slices.Compact(names) {
		s.names = append(s.names, dnsName{service, service, false}, dnsName{"tasks." + service, service, true})
	}
	return s
}

// splitNames leaves each container no more names than the bound allows. Of those on the same networks, which the daemon answers alike
// (moby libnetwork: Sandbox.ResolveName), each is asked for the names that follow those of the one before, so that together
// they are asked for as many as can be; the services' own names come before those of their tasks.
func splitNames(shares []*dnsShare) {
	next := map[string]int{}
	for _, s := range shares {
		n := len(s.names)
		if n <= dnsNames {
			continue
		}
		names := slices.Clone(s.names)
		slices.SortStableFunc(names, func(a, b dnsName) int { return rank(a.tasks) - rank(b.tasks) })
		company := strings.Join(s.networks, " ")
		from := next[company]
		next[company] = (from + dnsNames) % n
		s.names = slices.Concat(names[from:], names[:from])[:dnsNames]
		s.dropped = n - dnsNames
	}
}

func rank(tasks bool) int {
	if tasks {
		return 1
	}
	return 0
}

// networksFirst moves to the front, for each network, the first container that is on it.
func networksFirst(shares []*dnsShare) []*dnsShare {
	seen := map[string]bool{}
	var first, rest []*dnsShare
	for _, s := range shares {
		fresh := false
		for _, n := range s.networks {
			fresh = fresh || !seen[n]
			seen[n] = true
		}
		if fresh {
			first = append(first, s)
		} else {
			rest = append(rest, s)
		}
	}
	return append(first, rest...)
}
