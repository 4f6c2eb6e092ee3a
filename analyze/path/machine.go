package path

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// A machine is one captured host in memory, and what the swarm expects of it.
type machine struct {
	*stack.Host
	world      *World
	rows       map[string]*ruleset.Rows
	sets       map[string]*ruleset.Set
	overlays   map[string]*overlay // by network
	unders     map[tunnel]*under
	inside     bool // its rules look inside of packets
	names      map[nameKey]*answers
	resolvers  map[*stack.Space]*Hop
	egressPart func(ruleset.Packet) *Hop // the host's part of a way out, where it is judged once for all
	resolv     map[string]*resolvConf    // by container
	apart      map[*stack.Space]bool
	clones     map[*Hop]*Hop
	lacks      map[lack]*Hop
	companies  map[*stack.Space]string // networks that sandboxes are on
	hearsays   map[string]*hearsay     // by company and network
}

// An overlay is the namespace of a network on one host.
type overlay struct {
	space  *stack.Space
	net    *Network
	copies int // namespaces of this network: with more than one, which one is used is not told
	all    []leg
	read   bool // all was put together
	back   *stack.Forward
	looked bool // for back
}

// newMachine reads a host.
func newMachine(ctx context.Context, w *World, r *stack.Reader, host string) (*machine, error) {
	h, err := r.Host(ctx, host)
	if err != nil {
		return nil, err
	}
	m := &machine{Host: h, world: w, sets: map[string]*ruleset.Set{}, overlays: map[string]*overlay{}, unders: map[tunnel]*under{}, resolvers: map[*stack.Space]*Hop{}, clones: map[*Hop]*Hop{}, lacks: map[lack]*Hop{}, apart: map[*stack.Space]bool{}}
	if m.rows, err = readRules(ctx, r, host); err != nil {
		return nil, err
	}
	m.inside = m.looksInside()
	if m.resolv, err = readResolv(ctx, r, host); err != nil {
		return nil, err
	}
	if m.names, err = readNames(ctx, r, m); err != nil {
		return nil, err
	}
	for _, s := range h.Spaces {
		if row, ok := w.overlay[[2]string{host, s.ID}]; ok && w.Networks[row.net] != nil {
			if old := m.overlays[row.net]; old != nil && len(old.space.Links) >= len(s.Links) {
				continue // a leftover has no ports
			}
			m.overlays[row.net] = &overlay{space: s, net: w.Networks[row.net], copies: row.copies}
		}
	}
	return m, nil
}

// rules is the compiled ruleset of a namespace.
func (m *machine) rules(s *stack.Space) *ruleset.Set {
	if set := m.sets[s.ID]; set != nil {
		return set
	}
	rows := m.rows[s.ID]
	if rows == nil {
		rows = &ruleset.Rows{}
	}
	for _, t := range firewallTables {
		if !s.Whole(t) {
			rows.Gaps = append(rows.Gaps, ruleset.Gap{Why: "the table " + t + " of " + s.Name + " was not captured whole"})
		}
	}
	set := ruleset.New(rows, space{s})
	m.sets[s.ID] = set
	return set
}

// hook lets a packet meet the rules of a hook. Its end is noted in the walk; the packet is what comes out.
func (m *machine) hook(w *walk, s *stack.Space, h ruleset.Hook, p ruleset.Packet) ruleset.Packet {
	if (h == ruleset.Prerouting || h == ruleset.Output) && p.CT == ruleset.CTNone && p.Conn == (ruleset.Conn{}) {
		if full := m.tracked(s); full != nil {
			w.end(*full, full.Verdict)
			return p
		}
	}
	out := m.rules(s).Hook(h, p)
	if out.Verdict == ruleset.Accept && !w.keep {
		return out.Packet
	}
	return m.passed(w, s, "rules, "+h.String(), p, &out)
}

// passed notes what the rules of a hook did to a packet.
func (m *machine) passed(w *walk, s *stack.Space, step string, p ruleset.Packet, out *ruleset.Outcome) ruleset.Packet {
	if out.Verdict == ruleset.Accept {
		if w.keep {
			w.pass(Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: step, Observed: changes(out, p), Ref: out.Rule.Ref})
		}
		return out.Packet
	}
	hop := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: step, Expected: "let through " + words(p), Ref: out.Rule.Ref, Observed: out.Rule.Text}
	hit := out.Rule
	if out.Verdict == ruleset.Undecided {
		hit = out.Doubt
	}
	hop.Ref, hop.Observed, hop.Subject = hit.Ref, hit.Text, m.ruleSubject(s, hit)
	switch {
	case out.Verdict != ruleset.Undecided:
		hop.Why = "this rule ends in " + out.Verdict.String()
		w.drop(hop)
	case out.Lost() == ruleset.Yes:
		hop.Why = "each way through the rules ends in a drop"
		w.drop(hop)
	default:
		hop.Why = out.Why
		w.doubt(hop)
	}
	return p
}

// changes says what the rules did to a packet that they let through.
func changes(out *ruleset.Outcome, before ruleset.Packet) string {
	var did []string
	after := out.Packet
	if after.Dst != before.Dst || after.Dport != before.Dport {
		did = append(did, "to "+endpointText(after.Dst, after.Dport))
	}
	if after.Src != before.Src {
		did = append(did, "from "+addrText(after.Src))
	}
	if after.Mark != before.Mark {
		did = append(did, fmt.Sprintf("mark %d", after.Mark))
	}
	if len(did) > 0 {
		return "let through, now " + strings.Join(did, ", ")
	}
	if out.Rule.Text != "" {
		return "let through by " + out.Rule.Text
	}
	return "no rule"
}

// ruleSubject is the canonical key of a rule: rule:HOST/FLAVOUR/CHAIN/SPEC in the host's own namespace, with the
// namespace after the host elsewhere.
func (m *machine) ruleSubject(s *stack.Space, hit ruleset.Hit) string {
	if hit.Ref == "" {
		return ""
	}
	place := m.Name
	if s.Kind != stack.KindHost {
		place += "/" + s.Name
	}
	rows := m.rows[s.ID]
	if rows == nil {
		return ""
	}
	for i := range rows.IPTablesRules {
		if r := &rows.IPTablesRules[i]; r.Ref == hit.Ref {
			return "rule:" + place + "/" + r.Row.Flavour + "/" + r.Row.Chain + "/" + r.Row.Spec
		}
	}
	for i := range rows.IPTablesChains {
		if r := &rows.IPTablesChains[i]; r.Ref == hit.Ref {
			return "rule:" + place + "/" + r.Row.Flavour + "/" + r.Row.Chain + "/policy"
		}
	}
	return "rule:" + place + "/nftables/" + hit.Text
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return "any address"
	}
	return a.String()
}

func endpointText(a netip.Addr, port uint16) string {
	if port == 0 {
		return addrText(a)
	}
	if !a.IsValid() {
		return fmt.Sprintf("port %d", port)
	}
	return netip.AddrPortFrom(a, port).String()
}

// words says what a packet is.
func words(p ruleset.Packet) string {
	name := "tcp"
	if p.Proto == protoUDP {
		name = "udp"
	}
	return name + " " + endpointText(p.Src, p.Sport) + " > " + endpointText(p.Dst, p.Dport)
}

// bridge is the bridge of an overlay whose subnet an address is in: a network of several subnets has one for each.
func (o *overlay) bridge(ip netip.Addr) *stack.Link {
	var first *stack.Link
	for _, l := range o.space.Links {
		if l.Kind != "bridge" {
			continue
		}
		if first == nil {
			first = l
		}
		for _, a := range o.space.On(l) {
			if a.Prefix().Contains(ip) {
				return l
			}
		}
	}
	return first
}

// tunnel is the VXLAN device of a bridge, nil for none.
func (o *overlay) tunnel(bridge *stack.Link) *stack.Link {
	for _, l := range o.space.Ports(bridge) {
		if l.Kind == "vxlan" {
			return l
		}
	}
	return nil
}

// A leg is a sandbox on an overlay: the device, and the port at the bridge's side.
type leg struct {
	space *stack.Space
	dev   *stack.Link
	port  *stack.Link
	ips   []*stack.Address // of the device
}

// legs lists the sandboxes on an overlay, by the ports of its bridges.
func (o *overlay) legs() []leg {
	if o.read {
		return o.all
	}
	var out []leg
	for _, p := range o.space.Links {
		if p.Kind != "veth" || p.Master == 0 {
			continue
		}
		if peer := p.Peer(); peer != nil {
			out = append(out, leg{peer.Space, peer, p, peer.Space.On(peer)})
		}
	}
	o.all, o.read = out, true
	return out
}

// holds is the leg whose device has an address, nil for none.
func (o *overlay) holds(ip netip.Addr) *leg {
	for _, l := range o.legs() {
		for _, a := range l.ips {
			if a.IP == ip {
				return &l
			}
		}
	}
	return nil
}

// unplugged is the veth of an overlay's namespace that is on no bridge, and whose other end has a link address; nil for none.
func (o *overlay) unplugged(mac string) *stack.Link {
	for _, l := range o.space.Links {
		if l.Kind == "veth" && l.Master == 0 {
			if peer := l.Peer(); peer != nil && peer.MAC == mac {
				return l
			}
		}
	}
	return nil
}
