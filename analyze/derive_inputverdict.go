package analyze

import (
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// inputVerdict asks the host's INPUT chain what becomes of a new packet from another node, as iptables does: rules in order, jumps and
// returns followed. It is careful in one direction only. An ACCEPT that might match ends the walk well; a DROP counts only if it surely
// matches. What is left is dropped whatever the rules that were not understood say.
var inputVerdict = Derived{
	Name: "input_verdict",
	Doc:  "Ports of the swarm that the INPUT chain of a host drops: one row a flavour of iptables and port that every, or some, other node cannot reach. A port that may be accepted has no row.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("flavour", schema.Plain, "legacy or nft")),
		must(text("proto", schema.Plain, "tcp, udp or esp")),
		whole("port", "destination port; NULL for esp"),
		must(text("purpose", schema.Plain, "gossip, data path or managers")),
		text("from_ip", schema.Addr, "node that is shut out; NULL for all of them"),
		must(text("verdict", schema.Plain, "DROP, REJECT or policy")),
		text("rule", schema.Text, "the rule as iptables-save prints it; NULL for the policy"),
		must(whole("established", "1 when a rule before accepts what belongs to connections that the host itself began")),
		must(whole("packets", "packets that met the rule or the policy, first read")),
		must(whole("packets_last", "the same at the last read")),
		must(refCol("ref", "row of iptables_rule, or of iptables_chain for the policy")),
		must(refCol("engine_ref", "row of engine")),
		colWhy(),
	},
	Reads: []string{"engine", "netns", "iptables_rule", "iptables_chain", "address", "vtep", "swarm_host", "network", "swarm_node", "captured"},
	Index: []string{"host"},
	Fill:  fillInputVerdict,
}

// inputHosts selects hosts of a swarm, what their engine wants to receive, and the device of their address.
const inputHosts = `
SELECT e.host, n.netns, e.ref, COALESCE(e.manager, 0), COALESCE(NULLIF(e.data_path_port, 0), 4789), COALESCE(a.dev, ''), COALESCE(h.node_id, e.host), COALESCE(w.encrypted, 0)
FROM engine AS e
JOIN netns AS n ON n.host = e.host AND n.kind = 'host'
JOIN captured AS kr ON kr.tbl = 'iptables_rule' AND kr.host = n.host AND kr.netns = n.netns
JOIN captured AS kc ON kc.tbl = 'iptables_chain' AND kc.host = n.host AND kc.netns = n.netns
LEFT JOIN swarm_host AS h ON h.host = e.host
LEFT JOIN address AS a ON a.host = e.host AND a.netns = n.netns AND a.ip = e.node_addr
LEFT JOIN (SELECT host, COUNT(*) AS encrypted FROM network WHERE driver = 'overlay' AND encrypted = 1 GROUP BY host) AS w ON w.host = e.host
WHERE e.swarm_state = 'active'
ORDER BY e.host, n.netns`

const inputRules = `
SELECT r.host || ' ' || r.netns, flavour, chain, num, COALESCE(proto, ''), COALESCE(src, ''), COALESCE(dst, ''), COALESCE(in_iface, ''), COALESCE(dport_min, -1), COALESCE(dport_max, dport_min, -1),
  COALESCE(sport_min, -1), COALESCE(ctstate, ''), COALESCE(src_type, '') || COALESCE(dst_type, ''), COALESCE(inverted, ''), COALESCE(unmodelled, ''), COALESCE(target, ''), COALESCE(goto, 0),
  spec, packets, COALESCE(packets_last, packets), r.ref
FROM iptables_rule AS r JOIN netns AS n ON n.host = r.host AND n.netns = r.netns AND n.kind = 'host'
WHERE tbl = 'filter' AND family = 'ipv4' AND seen = 'both'
ORDER BY r.host, r.netns, flavour, chain, num`

const inputPolicies = `
SELECT c.host || ' ' || c.netns, flavour, COALESCE(policy, ''), packets, COALESCE(packets_last, packets), c.ref
FROM iptables_chain AS c JOIN netns AS n ON n.host = c.host AND n.netns = c.netns AND n.kind = 'host'
WHERE tbl = 'filter' AND family = 'ipv4' AND chain = 'INPUT' AND seen = 'both'`

// An inputRule is a rule of the filter table.
type inputRule struct {
	flavour, chain, proto, src, dst, in, ctstate, types, inverted, unmodelled, target, spec, ref string
	num, dportMin, dportMax, sport, isGoto, packets, packetsLast                                 int64
}

// An inputPacket is a new packet of another node.
type inputPacket struct {
	proto   string
	port    int64 // -1 for none
	purpose string
	from    netip.Addr
	dev     string // device that it comes in by; empty when not known
}

// An answer of a rule for a packet.
type matching int

const (
	never matching = iota
	perhaps
	surely
)

func fillInputVerdict(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	type hostOf struct {
		host, netns, ref, dev, node string
		manager, port, encrypted    int64
	}
	var hosts []hostOf
	for scan, err := range queried(ctx, tx, inputHosts) {
		if err != nil {
			return err
		}
		var h hostOf
		if err := scan(&h.host, &h.netns, &h.ref, &h.manager, &h.port, &h.dev, &h.node, &h.encrypted); err != nil {
			return err
		}
		if len(hosts) > 0 && hosts[len(hosts)-1].host == h.host {
			continue // the address stands on two devices: the first one
		}
		hosts = append(hosts, h)
	}
	peers, err := inputPeers(ctx, tx)
	if err != nil {
		return err
	}
	all, err := inputTables(ctx, tx)
	if err != nil {
		return err
	}
	for _, h := range hosts {
		tables := all[h.host+" "+h.netns]
		others := slices.DeleteFunc(slices.Clone(peers), func(p inputPeer) bool { return p.node == h.node })
		if len(others) == 0 {
			continue
		}
		// Nodes that no rule names are alike: ask for those that one does, and for one more.
		asked := namedPeers(others, tables)
		want := []inputPacket{{"tcp", 7946, "gossip", netip.Addr{}, h.dev}, {"udp", 7946, "gossip", netip.Addr{}, h.dev}, {"udp", h.port, "data path", netip.Addr{}, h.dev}}
		if h.manager == 1 {
			want = append(want, inputPacket{"tcp", 2377, "managers", netip.Addr{}, h.dev})
		}
		if h.encrypted > 0 {
			want = append(want, inputPacket{"esp", -1, "data path", netip.Addr{}, h.dev})
		}
		for _, flavour := range []string{"legacy", "nft"} {
			t := tables[flavour]
			if t == nil || t.policy == nil {
				continue
			}
			for _, p := range want {
				var shut []inputEnd
				for _, from := range asked {
					p.from = from
					w := inputWalk{chains: t.chains, packet: p}
					if end := w.run("INPUT", 0); end == walkedOut && t.policy.policy == "DROP" {
						shut = append(shut, inputEnd{from: from, verdict: "policy", ref: t.policy.ref, packets: t.policy.packets, packetsLast: t.policy.packetsLast, established: w.established})
					} else if end == dropped {
						shut = append(shut, inputEnd{from: from, verdict: w.last.target, rule: w.last.spec, ref: w.last.ref, packets: w.last.packets, packetsLast: w.last.packetsLast, established: w.established})
					}
				}
				if len(shut) == 0 {
					continue
				}
				everybody := len(shut) == len(asked)
				if everybody {
					shut = shut[:1]
				}
				for _, s := range shut {
					var from, port, rule any
					if !everybody {
						from = s.from.String()
					}
					if p.port >= 0 {
						port = p.port
					}
					why := "no rule of INPUT accepts it, and the policy is DROP"
					if s.rule != "" {
						rule, why = s.rule, "no rule before accepts it"
					}
					if err := put(h.host, h.netns, flavour, p.proto, port, p.purpose, from, s.verdict, rule, s.established, s.packets, s.packetsLast, s.ref, h.ref, why); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// An inputEnd is a packet's end.
type inputEnd struct {
	from                 netip.Addr
	verdict, rule, ref   string
	packets, packetsLast int64
	established          bool
}

type inputPeer struct {
	node string
	ip   netip.Addr
}

// inputPeers lists the addresses of all nodes that are known.
func inputPeers(ctx context.Context, tx *sql.Tx) ([]inputPeer, error) {
	var out []inputPeer
	for scan, err := range queried(ctx, tx, `SELECT DISTINCT node, ip FROM vtep WHERE source IN ('engine', 'managers') AND instr(ip, ':') = 0 ORDER BY node, ip`) {
		if err != nil {
			return nil, err
		}
		var node, ip string
		if err := scan(&node, &ip); err != nil {
			return nil, err
		}
		if a, err := netip.ParseAddr(ip); err == nil {
			out = append(out, inputPeer{node, a})
		}
	}
	return out, nil
}

// namedPeers keeps of the other nodes those that a rule with a source could tell apart, at most 64, and always the first.
func namedPeers(others []inputPeer, tables map[string]*inputTable) []netip.Addr {
	var sources []netip.Prefix
	for _, table := range tables {
		for _, list := range table.chains {
			for _, r := range list {
				if p, err := netip.ParsePrefix(r.src); err == nil && !slices.Contains(sources, p) {
					sources = append(sources, p)
				}
			}
		}
	}
	var out []netip.Addr
	seen := map[string]bool{}
	for _, o := range others {
		var key strings.Builder
		for _, s := range sources {
			key.WriteString(strconv.FormatBool(s.Contains(o.ip)))
		}
		if !seen[key.String()] && len(out) < 64 {
			seen[key.String()] = true
			out = append(out, o.ip)
		}
	}
	return out
}

type inputPolicy struct {
	policy, ref          string
	packets, packetsLast int64
}

// An inputTable is the filter table of one flavour.
type inputTable struct {
	chains map[string][]inputRule
	policy *inputPolicy // of INPUT; nil where that chain was not seen in both reads
}

// inputTables reads the filter tables of all hosts at once, by host and namespace, then by flavour.
func inputTables(ctx context.Context, tx *sql.Tx) (map[string]map[string]*inputTable, error) {
	out := map[string]map[string]*inputTable{}
	table := func(place, flavour string) *inputTable {
		if out[place] == nil {
			out[place] = map[string]*inputTable{}
		}
		if out[place][flavour] == nil {
			out[place][flavour] = &inputTable{chains: map[string][]inputRule{}}
		}
		return out[place][flavour]
	}
	for scan, err := range queried(ctx, tx, inputPolicies) {
		if err != nil {
			return nil, err
		}
		var place, flavour string
		var p inputPolicy
		if err := scan(&place, &flavour, &p.policy, &p.packets, &p.packetsLast, &p.ref); err != nil {
			return nil, err
		}
		table(place, flavour).policy = &p
	}
	for scan, err := range queried(ctx, tx, inputRules) {
		if err != nil {
			return nil, err
		}
		var place string
		var r inputRule
		if err := scan(&place, &r.flavour, &r.chain, &r.num, &r.proto, &r.src, &r.dst, &r.in, &r.dportMin, &r.dportMax, &r.sport, &r.ctstate, &r.types, &r.inverted, &r.unmodelled, &r.target, &r.isGoto,
			&r.spec, &r.packets, &r.packetsLast, &r.ref); err != nil {
			return nil, err
		}
		t := table(place, r.flavour)
		t.chains[r.chain] = append(t.chains[r.chain], r)
	}
	return out, nil
}

// How a walk through a chain ends.
type walked int

const (
	walkedOut walked = iota // at the end of the chain, or by RETURN
	accepted                // or it may have been
	dropped
)

// An inputWalk follows one packet.
type inputWalk struct {
	chains      map[string][]inputRule
	packet      inputPacket
	last        inputRule // that dropped it
	established bool
}

// run walks through a chain. A jump that only may be taken is followed, too: if it may accept, the packet may be accepted.
func (w *inputWalk) run(chain string, depth int) walked {
	if depth > 16 {
		return accepted
	}
	left := false // it may have returned already: then what drops it here may not
	for _, r := range w.chains[chain] {
		if strings.Contains(r.ctstate, "ESTABLISHED") && r.target == "ACCEPT" {
			w.established = true
		}
		m := r.match(w.packet)
		if m == never {
			continue
		}
		switch r.target {
		case "ACCEPT":
			return accepted
		case "DROP", "REJECT":
			if m == surely {
				if left {
					return walkedOut
				}
				w.last = r
				return dropped
			}
		case "RETURN":
			if m == surely {
				return walkedOut
			}
			left = true
		case "", "LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "AUDIT", "TRACE", "CLASSIFY", "SET", "NOTRACK", "CT":
		default:
			if _, ok := w.chains[r.target]; !ok {
				if strings.ToUpper(r.target) == r.target && len(r.target) < 12 && !strings.ContainsAny(r.target, "-_") {
					return accepted // a target that is not known
				}
				continue // an empty chain
			}
			end := w.run(r.target, depth+1)
			if end == dropped && m == surely && left {
				return walkedOut
			}
			if end == accepted || end == dropped && m == surely {
				return end
			}
			if r.isGoto == 1 && m == surely {
				return walkedOut
			}
		}
	}
	return walkedOut
}

// match says whether a rule meets a packet that begins a connection.
func (r *inputRule) match(p inputPacket) matching {
	answer := surely
	is := func(column string, m matching) {
		if m == surely && strings.Contains(","+r.inverted+",", ","+column+",") {
			m = never
		} else if m == never && strings.Contains(","+r.inverted+",", ","+column+",") {
			m = surely
		}
		answer = min(answer, m)
	}
	yes := func(b bool) matching {
		if b {
			return surely
		}
		return never
	}
	// The data path may have addresses and a device of its own (--data-path-addr), which nobody tells: what names others may mean it.
	path := func(b bool) matching {
		if !b && p.purpose == "data path" {
			return perhaps
		}
		return yes(b)
	}
	if r.proto != "" {
		is("proto", yes(r.proto == p.proto || p.proto == "esp" && r.proto == "50"))
	}
	if r.in != "" {
		switch {
		case r.in == "lo" || strings.HasPrefix(r.in, "docker") || strings.HasPrefix(r.in, "veth") || strings.HasPrefix(r.in, "br-"):
			is("in_iface", never)
		case p.dev == "":
			is("in_iface", perhaps)
		case strings.HasSuffix(r.in, "+"):
			is("in_iface", path(strings.HasPrefix(p.dev, strings.TrimSuffix(r.in, "+"))))
		default:
			is("in_iface", path(r.in == p.dev))
		}
	}
	if r.src != "" {
		src, err := netip.ParsePrefix(r.src)
		if err != nil {
			is("src", perhaps)
		} else {
			is("src", path(src.Contains(p.from)))
		}
	}
	if r.dportMin >= 0 {
		is("dport", yes(p.port >= r.dportMin && p.port <= r.dportMax))
	}
	if r.ctstate != "" {
		is("ctstate", yes(slices.Contains(strings.Split(r.ctstate, ","), "NEW")))
	}
	if r.dst != "" || r.types != "" || r.unmodelled != "" || r.sport >= 0 {
		answer = min(answer, perhaps)
	}
	return answer
}
