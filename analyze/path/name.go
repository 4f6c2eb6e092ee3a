package path

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/ruleset"
	"github.com/netmortem/netmortem/analyze/stack"
)

// answers are what the daemon's resolver said to a name on one host and network.
type answers struct {
	ips    []answered // by address, each once
	failed string     // row of dns_query: there was no answer, or an error
	why    string
	lost   bool // failed is one that nobody answered
	silent int  // questions that nobody answered
	good   int  // questions that were answered with addresses
	room   int  // for so many addresses
	asked  bool
}

// An answered address, with the line of dns_answer that says so first.
type answered struct {
	ip   netip.Addr
	line int
}

// A nameKey is a name and the namespace that asked for it.
type nameKey struct{ netns, name string }

// answers are what a sandbox was told of a name; nothing where it did not ask.
func (m *machine) answers(s *stack.Space, name string) answers {
	if a := m.names[nameKey{s.ID, name}]; a != nil {
		return *a
	}
	return answers{}
}

// row is the address of a row of a table of the host.
func (m *machine) row(table, line string) string {
	return stack.Ref(m.Name, table, line)
}

// answered is the address of a row of dns_answer.
func (m *machine) answered(line int) string { return m.row("dns_answer", strconv.Itoa(line)) }

// readNames reads the questions that capture asked on a host. The resolver of a daemon answers all containers of a
// network alike, so one that was asked for a name speaks for all that share exactly the networks on which the
// name is known: answers are kept by the namespace that asked.
func readNames(ctx context.Context, r *stack.Reader, m *machine) (map[nameKey]*answers, error) {
	questions, err := r.Count(ctx, m.Name, "dns_query")
	if err != nil {
		return nil, err
	}
	out := make(map[nameKey]*answers, questions)
	var key nameKey // of the row before: those of a question come one after the other
	var a *answers
	get := func(ns, name string) *answers {
		if k := (nameKey{ns, name}); a == nil || k != key {
			key = k
			if a = out[k]; a == nil {
				a = &answers{}
				out[k] = a
			}
		}
		return a
	}
	err = r.Each(ctx, m.Name, "dns_query", "netns,name,rcode,error,answers,line", "qtype = 'A'", func(f []string) {
		a := get(f[0], f[1])
		a.asked = true
		n, _ := strconv.Atoi(f[4])
		a.room = min(a.room+n, 64) // of more than that it grows
		switch {
		case f[4] != "0":
			a.good++
		case f[2] == "":
			a.silent++
		}
		if f[4] == "0" && a.failed == "" {
			a.failed, a.why = m.row("dns_query", f[5]), strings.TrimSpace(f[2]+" "+f[3])
			a.lost = f[2] == ""
		}
	})
	if err != nil {
		return nil, err
	}
	err = r.Each(ctx, m.Name, "dns_rrset", "netns,name,addresses,line", "addresses IS NOT NULL AND instr(addresses, ':') = 0", func(f []string) {
		a := get(f[0], f[1])
		if a.ips == nil {
			a.ips = make([]answered, 0, max(a.room, 1))
		}
		line, _ := strconv.Atoi(f[3])
		stack.EachAddress(f[2], func(at int, address string) {
			if ip, ok := parse(address); ok {
				a.ips = append(a.ips, answered{ip, line + at})
			}
		})
	})
	for _, a := range out { // a question that was asked again has the same answers
		slices.SortStableFunc(a.ips, func(x, y answered) int { return x.ip.Compare(y.ip) })
		a.ips = slices.CompactFunc(a.ips, func(x, y answered) bool { return x.ip == y.ip })
	}
	return out, err
}

// resolver is the address of Docker's own resolver in every sandbox.
var resolverIP = netip.AddrFrom4([4]byte{127, 0, 0, 11})

// resolve judges whether a sandbox gets an address for a name of the service with the id asked, and that it is one of want. The addresses
// of another network that the client shares with the service are as good: also holds them. Answers that are wrong
// beside good ones are returned one by one: they are backends that nobody serves, or another service does.
func (m *machine) resolve(w *walk, s *stack.Space, asked, name, network string, want, also map[netip.Addr]bool, ref string) (wrongly []*Hop) {
	a := m.answers(s, name)
	if w.keep {
		r := &walk{keep: true}
		m.resolver(r, s)
		if verdictOf(r.bad) == Delivered {
			w.hops = append(w.hops, r.hops...)
		}
	}
	if h := m.configured(s, name); h != nil {
		w.end(*h, h.Verdict)
		return nil
	}
	if bad := m.resolves(s); verdictOf(bad) == Dropped || bad != nil && len(a.ips) == 0 { // an answer shows that there was a way to it
		w.end(*bad, bad.Verdict)
		w.bad = bad
		return nil
	}
	if !w.keep && a.resolves(want, also) {
		return nil
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "name", ExpectedRef: ref, Subject: "dns:" + m.Name + "/" + network + "/" + name}
	h.Expected = fmt.Sprintf("%s is %s", name, someOf(want))
	switch {
	case !a.asked:
		h.Why = "the name was not asked in this sandbox"
		w.doubt(h)
		return nil
	case sixOnly(want):
		h.Why = "the addresses of the name are of IPv6, and only the answers of IPv4 are compared"
		w.doubt(h)
		return nil
	case a.failed != "" && a.lost && a.good > a.silent: // a resolver asks again
	case a.failed != "" && len(a.ips) > 0:
		h.Ref, h.Why = a.failed, "some of the questions got no answer: "+a.why
		w.doubt(h)
		return nil
	case a.failed != "" && a.lost && a.good == 0:
		h.Ref, h.Why = a.failed, "the resolver did not answer in time: "+a.why
		w.doubt(h)
		return nil
	case a.failed != "":
		h.Ref, h.Observed, h.Why, h.absent = a.failed, "no address, "+a.why, "the name has no address here", true
		w.drop(h)
		return nil
	}
	var wrong []string
	good := false
	for _, x := range a.ips {
		if want[x.ip] || also[x.ip] {
			good = true
			h.Ref = m.answered(x.line)
		} else {
			wrong = append(wrong, x.ip.String())
		}
	}
	sortStrings(wrong)
	h.Observed = fmt.Sprintf("%s is %s", name, someOf(set(a.ips)))
	switch {
	case len(wrong) == 0:
		if w.keep {
			h.Subject = ""
			w.pass(h)
		}
	default:
		for _, ip := range wrong {
			x := h
			at := netip.MustParseAddr(ip)
			x.Subject += "/" + ip
			x.Ref = m.answered(a.line(at))
			switch whose, service := m.world.whose(at); {
			case service != "" && service != asked:
				x.Verdict, x.Why = Dropped, "the answer "+ip+" is the address of "+whose+": another service is asked"
			case whose != "":
				x.Verdict, x.Why = Unknown, "the answer "+ip+" is the address of "+whose+": who is asked there is not told"
			case !m.world.known[m.Name]:
				x.Verdict, x.Why = Unknown, "the answer is an address of which nothing captured speaks"
			default:
				x.Verdict, x.Why = Dropped, "the answer is an address that the name should not have: "+ip
				if why := m.world.changing(m.Name, network); why != "" {
					x.Verdict, x.Why = Unknown, "moving: "+why+"; "+x.Why
				}
			}
			wrongly = append(wrongly, &x)
		}
		if !good {
			w.end(*wrongly[0], wrongly[0].Verdict)
			return nil
		}
		if w.keep {
			h.Subject = ""
			w.pass(h)
		}
	}
	return wrongly
}

// resolves reports whether all is well with a name, which most are: it was asked and answered, and only with addresses of want and also.
func (a *answers) resolves(want, also map[netip.Addr]bool) bool {
	if !a.asked || sixOnly(want) || a.failed != "" && !(a.lost && a.good > a.silent) {
		return false
	}
	for _, x := range a.ips {
		if !want[x.ip] && !also[x.ip] {
			return false
		}
	}
	return true
}

// line is the line of dns_answer that says first that an address was answered; 0 where it was not.
func (a *answers) line(ip netip.Addr) int {
	for _, x := range a.ips {
		if x.ip == ip {
			return x.line
		}
	}
	return 0
}

// whose names who has an address on any overlay, empty for nobody, and the id of the service that it is of, if it is of one.
func (w *World) whose(ip netip.Addr) (label, service string) {
	for _, n := range w.Networks {
		if ep := n.byIP[ip]; ep != nil {
			return ep.Label, ep.ServiceID
		}
		if v := n.vips[ip]; v != nil {
			return v.Service, v.ServiceID
		}
	}
	return "", ""
}

// A resolvConf is what a container's resolv.conf asks for.
type resolvConf struct {
	servers, search []string
	ndots           int // 1 where it says nothing (resolv.conf(5))
	ref             string
}

// readResolv reads the resolver configurations of a host's containers.
func readResolv(ctx context.Context, r *stack.Reader, host string) (map[string]*resolvConf, error) {
	out := map[string]*resolvConf{}
	err := r.Each(ctx, host, "resolver_config", "container,item,value,setting,ref", "item IN ('nameserver','search','option')", func(f []string) {
		c := out[f[0]]
		if c == nil {
			c = &resolvConf{ndots: 1}
			out[f[0]] = c
		}
		switch {
		case f[1] == "nameserver":
			c.servers = append(c.servers, f[2])
		case f[1] == "search":
			c.search = append(c.search, f[2])
			c.ref = f[4]
		case f[2] == "ndots":
			c.ndots, _ = strconv.Atoi(f[3])
			c.ref = f[4]
		}
	})
	return out, err
}

// configured doubts a name that the container does not simply ask Docker's resolver for: it has another server, or tries
// other names first, which go to servers outside and may take long. Nil where it does, or where its resolv.conf was not captured: what
// capture asked shows that there is an answer.
func (m *machine) configured(s *stack.Space, name string) *Hop {
	c := m.resolv[s.Container]
	if c == nil || s.Container == "" {
		return nil
	}
	h := &Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "resolv.conf", Verdict: Unknown, Ref: c.ref, Subject: "resolver:" + m.Name + "/search"}
	switch {
	case len(c.servers) > 0 && c.servers[0] != resolverIP.String():
		h.Subject = "resolver:" + m.Name + "/" + c.servers[0]
		h.Expected, h.Observed, h.Why = "nameserver 127.0.0.11", "nameserver "+c.servers[0], "what that server answers is not told"
	case len(c.search) > 0 && strings.Count(name, ".") < c.ndots:
		h.Expected, h.Observed = "the name is asked as it is first", fmt.Sprintf("search %s, ndots:%d", strings.Join(c.search, " "), c.ndots)
		h.Why = "other names are asked first, of servers outside, and how long those take is not told"
	default:
		return nil
	}
	return h
}

func set(list []answered) map[netip.Addr]bool {
	out := map[netip.Addr]bool{}
	for _, x := range list {
		out[x.ip] = true
	}
	return out
}

// someOf lists a few addresses.
func someOf(m map[netip.Addr]bool) string {
	var list []string
	for ip := range m {
		list = append(list, ip.String())
	}
	sortStrings(list)
	if len(list) > 4 {
		return strings.Join(list[:4], ", ") + fmt.Sprintf(" and %d more", len(list)-4)
	}
	if len(list) == 0 {
		return "no address"
	}
	return strings.Join(list, ", ")
}

// resolves judges once for each sandbox whether questions get to the daemon's resolver.
func (m *machine) resolves(s *stack.Space) *Hop {
	h, ok := m.resolvers[s]
	if !ok {
		w := &walk{}
		m.resolver(w, s)
		h = w.bad
		m.resolvers[s] = h
	}
	return h
}

// resolver walks a question from the sandbox to the daemon's socket in it.
func (m *machine) resolver(w *walk, s *stack.Space) {
	p := opening(protoUDP)
	p.Src, p.Dst, p.Dport, p.Local, p.Kind, p.Out = netip.AddrFrom4([4]byte{127, 0, 0, 1}), resolverIP, 53, true, ruleset.KindHost, "lo"
	q := m.hook(w, s, ruleset.Output, p)
	if w.stopped() {
		w.bad.Subject = "resolver:" + m.Name + "/" + s.Name
		return
	}
	h := Hop{Host: m.Name, Place: s.Name, Netns: s.ID, Step: "resolver", Subject: "resolver:" + m.Name + "/" + s.Name, Expected: "127.0.0.11:53 leads to the daemon's socket"}
	k, earlier := s.Listener("udp", resolverIP, int(q.Dport), "lo")
	switch {
	case q.Dport == 53 && k == nil:
		h.Observed, h.Why, h.Ref = "no rule for it", "no rule leads from port 53 to the daemon's socket", s.Ref
		w.drop(h)
	case k == nil && !s.Whole("socket"):
		h.Why = "the sockets of the sandbox were not captured whole"
		w.doubt(h)
	case k == nil && earlier != nil: // a container that is being ended
		h.Ref, h.Why = earlier.Ref, "the daemon's socket was there at the first read only"
		w.doubt(h)
	case k == nil:
		h.Observed, h.Why, h.Ref = "nothing at "+endpointText(q.Dst, q.Dport), "the daemon's resolver does not listen in this sandbox", s.Ref
		w.drop(h)
	case w.keep:
		h.Subject, h.Ref, h.Observed = "", k.Ref, "leads to "+endpointText(q.Dst, q.Dport)
		w.pass(h)
	}
}

// sixOnly reports whether there are addresses, none of which is of IPv4.
func sixOnly(ips map[netip.Addr]bool) bool {
	for ip := range ips {
		if ip.Is4() {
			return false
		}
	}
	return len(ips) > 0
}
