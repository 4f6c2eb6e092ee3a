package path

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A hearsay is what sandboxes learned of the names of a network: the daemon answers from its own record of each network that a
// sandbox is on (moby libnetwork: Sandbox.ResolveName, network.ResolveName), so one that was asked speaks for all on its host that
// are on just the same networks.
type hearsay struct {
	client   map[string]*Hop                // by name: resolving it; nil for a name that resolves
	answered map[string]map[netip.Addr]bool // by name: addresses that it was answered with, where these are not just those that it should have
	wrong    map[string][]*Hop              // by name: answers that are nobody's
}

// learned puts down what became of a name.
func (x *hearsay) learned(name string, h *Hop, wrong []*Hop, got []answered, want map[netip.Addr]bool) {
	if x.client == nil {
		x.client = map[string]*Hop{}
	}
	x.client[name] = h
	if len(wrong) > 0 {
		if x.wrong == nil {
			x.wrong = map[string][]*Hop{}
		}
		x.wrong[name] = wrong
	}
	if len(got) > 0 && !same(got, want) {
		if x.answered == nil {
			x.answered = map[string]map[netip.Addr]bool{}
		}
		x.answered[name] = set(got)
	}
}

// told is what is known of a name: of the sandbox itself if it was asked, or of those who speak for it. Nil for a name of which nothing is.
func (l *legState) told(name string) *hearsay {
	if _, ok := l.self.client[name]; ok {
		return &l.self
	}
	if l.peers != nil {
		if _, ok := l.peers.client[name]; ok {
			return l.peers
		}
	}
	return nil
}

// resolving is what keeps a sandbox from getting an address for a name.
func (l *legState) resolving(name string) *Hop {
	if x := l.told(name); x != nil {
		return x.client[name]
	}
	return l.unasked
}

// wrong are the answers to a name that are nobody's.
func (l *legState) wrong(name string) []*Hop {
	if x := l.told(name); x != nil {
		return x.wrong[name]
	}
	return nil
}

// answered are the addresses that a name was answered with, nil where they are just those that it should have.
func (l *legState) answered(name string) map[netip.Addr]bool {
	if x := l.told(name); x != nil {
		return x.answered[name]
	}
	return nil
}

// company says which networks a sandbox is on, as far as the daemon knows names of them: none on ingress (network.addSvcRecords). Empty
// for one that has a further device beside that of the way out: which network is behind it is not told.
func (m *machine) company(s *stack.Space) string {
	if c, ok := m.companies[s]; ok {
		return c
	}
	if m.companies == nil {
		m.companies = map[*stack.Space]string{}
	}
	on, devices := map[*stack.Space][]string{}, map[*stack.Space]int{}
	for _, o := range m.overlays {
		for _, l := range o.legs() {
			devices[l.space]++
			if !o.net.Ingress {
				on[l.space] = append(on[l.space], o.net.Net)
			}
		}
	}
	for space, nets := range on {
		veths := 0
		for _, l := range space.Links {
			if l.Kind == "veth" {
				veths++
			}
		}
		m.companies[space] = ""
		if veths <= devices[space]+1 {
			slices.Sort(nets)
			m.companies[space] = strings.Join(nets, " ")
		}
	}
	return m.companies[s]
}

// peers is what those in the same company were answered on a network; nil for a sandbox for which nobody speaks.
func (m *machine) peers(l leg, net *Network) *hearsay {
	c := m.company(l.space)
	if c == "" {
		return nil
	}
	key := c + "/" + net.Net
	if x, ok := m.hearsays[key]; ok {
		return x
	}
	x := &hearsay{}
	if m.hearsays == nil {
		m.hearsays = map[string]*hearsay{}
	}
	m.hearsays[key] = x
	for _, s := range m.world.onNetwork(net) {
		for _, tasks := range [...]bool{false, true} {
			want, name := m.world.meant(s, net, tasks), s.Name
			if tasks {
				name = s.tasksName
			}
			if o := m.speaker(c, net, name); o != nil && len(want) > 0 {
				w := &walk{}
				wrong := m.resolve(w, o.space, s.ID, name, net.Name, want, m.world.alsoMeant(net.byIP[o.ip(net)].Owner, s, net, tasks), m.world.ref(s, net))
				x.learned(name, m.clone(w.bad), m.allKept(wrong), m.answers(o.space, name).ips, want)
			}
		}
	}
	return x
}

// speaker is a sandbox of a company that was asked for a name, and simply asks Docker's resolver; nil for none.
func (m *machine) speaker(company string, net *Network, name string) *leg {
	if company == "" {
		return nil
	}
	for _, l := range m.overlays[net.Net].legs() {
		if m.answers(l.space, name).asked && m.company(l.space) == company && net.byIP[l.ip(net)] != nil && m.resolves(l.space) == nil && m.configured(l.space, name) == nil {
			return &l
		}
	}
	return nil
}

func (m *machine) allKept(list []*Hop) []*Hop {
	var out []*Hop
	for _, h := range list {
		out = append(out, m.kept(h))
	}
	return out
}

// clone keeps a hop that several names may have in common, once.
func (m *machine) clone(h *Hop) *Hop {
	if h != nil && m.clones[h] == nil {
		m.clones[h] = m.kept(h)
	}
	return m.clones[h]
}
