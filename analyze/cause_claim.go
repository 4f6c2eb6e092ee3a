package analyze

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// A pathEdge says of which kinds of segments findings of some rules can be the cause where the row that decided is another one: what is
// missing is passed by, and the packet dies at the next row.
//
// It holds when every key of Same has a value that the finding and the segment share. It is asked last: a finding that names the
// deciding row itself needs no edge.
type pathEdge struct {
	Rules []string
	Given []Fact
	Kinds []string
	Same  []causeKey
	Why   string
}

// What a finding and a segment may share.
var (
	segmentHost    = []causeKey{keyHost}
	segmentNetns   = []causeKey{keyNetns}
	segmentPort    = []causeKey{keyHost, keyPort}
	segmentNet     = []causeKey{keyHost, keyNet}
	segmentAddress = []causeKey{keyNet, keyIP}
	segmentIP      = []causeKey{keyHost, keyIP}
	segmentFrame   = []causeKey{keyHost, keyMAC}
	segmentName    = []causeKey{keyNet, keyName}
	anyKind        []string
)

var pathEdges = []pathEdge{
	{[]string{"ingress-dnat-missing-or-wrong", "ingress-port-multiple-marks", "fwmark-ipvs-mismatch", "published-port-conflict"}, nil, []string{"published"}, segmentPort,
		"the port is not led into the mesh, or not out of it"},
	{[]string{"ingress-dnat-missing-or-wrong"}, []Fact{{"missing", "nat-jump"}}, []string{"published"}, segmentHost, "nothing leads to the rules of any port"},
	{[]string{"ingress-dnat-missing-or-wrong"}, []Fact{{"missing", "filter-jump"}}, []string{"published"}, segmentHost, "nothing leads to the rules of any port"},
	{[]string{"ingress-dnat-missing-or-wrong"}, []Fact{{"missing", "output-jump"}}, []string{"published"}, segmentHost, "nothing leads to the rules of any port"},
	{[]string{"firewall-reload-wiped", "iptables-disabled", "nft-backend-with-swarm", "iptables-backend-mixed", "ingress-sandbox-missing"}, nil, []string{"published", "egress"}, segmentHost,
		"without Docker's rules nothing is forwarded to containers, or translated for them"},
	{[]string{"forward-drop-no-docker", "ip-forward-off", "bridge-overlaps-lan"}, nil, []string{"published", "egress"}, segmentHost,
		"everything between the outside and containers is forwarded by the host"},
	{[]string{"host-arp-stale-bridge"}, nil, []string{"published", "egress"}, segmentHost, "the host sends to another link address on its bridge"},
	{[]string{"localhost-published-fails"}, nil, []string{"published"}, segmentPort, "what the host asks at 127.0.0.1 is no longer led on"},
	{[]string{"dns-name-collision"}, nil, []string{"client"}, segmentName, "another service has the name as well"},
	{[]string{"dns-nat-chain-missing", "ephemeral-ports"}, nil, []string{"client"}, segmentNetns, "it is this namespace's own way out"},
	{[]string{"conntrack-full"}, nil, anyKind, segmentNetns, "what cannot be tracked is dropped there"},
	{[]string{"lb-sandbox-missing"}, nil, []string{"balancer", "overlay"}, segmentNet, "nobody answers for virtual addresses of the network, nor for the balancer's own"},
	{[]string{"ipvs-module-missing"}, nil, []string{"balancer", "published"}, segmentHost, "there is no IPVS"},
	{[]string{"ipvs-snat-missing", "fwmark-ipvs-mismatch", "ipvs-all-weights-zero"}, nil, []string{"balancer"}, segmentNetns, "it is this load balancer"},
	{[]string{"vni-mismatch", "vxlan-vni-exists", "encrypted-match-module-missing", "encrypted-nondefault-port"}, nil, []string{"overlay"}, segmentNet, "it is this network's tunnel on this host"},
	{[]string{"encrypted-sa-mismatch", "encrypted-esp-blocked"}, nil, []string{"overlay"}, segmentNet, "it is this network's encryption towards this host"},
	{[]string{"firewall-blocks-swarm-ports"}, dropsData, []string{"overlay"}, segmentHost, "tunnels come in there"},
	{[]string{"mtu-underlay-too-small", "advertise-addr-wrong", "nic-tx-checksum-offload"}, nil, []string{"overlay"}, segmentHost, "tunnels go out there"},
	{[]string{"ip-duplicate", "mac-ip-mismatch", "udev-networkd-mac-rewrite"}, nil, anyKind, segmentAddress, "it is this address"},
	{[]string{"mac-ip-mismatch"}, nil, []string{"overlay"}, segmentFrame, "frames go to the wrong link address, for which there is no entry"},
	{[]string{"veth-dangling", "udev-networkd-mac-rewrite"}, nil, []string{"arrival", "overlay", "balancer", "client", "published"}, segmentNet, "an endpoint of this network on this host has no working link"},
	{[]string{"task-ingress-redirect-missing"}, nil, []string{"arrival", "published"}, segmentIP, "the task does not take the published port"},
	{[]string{"task-ingress-redirect-missing", "task-target-port-not-listening", "listen-overflow", "process-limits"}, nil, []string{"arrival"}, segmentNetns, "it is this task"},
	{[]string{"container-hits-own-vip", "dsr-incomplete"}, nil, []string{"balancer", "arrival"}, segmentNetns, "it is this task"},
}

// offPath are the rules whose subject is a row on packets' way and which say nothing about whether they pass it.
var offPath = []string{"lb-skew-long-lived", "dns-rr-rfc3484-skew", "conntrack-long-established", "sysctl-drift", "config-skew"}

// values are what a segment has for a key.
func (s *causeSegment) values(k causeKey) []string {
	switch k {
	case keyHost:
		return distinct(s.hopHost, s.host)
	case keyNetns:
		return below(cmp.Or(s.hopHost, s.host), distinct(s.place))
	case keyNet:
		asked, _ := s.asked()
		return distinct(cmp.Or(s.network, asked))
	case keyIP:
		ip, _, _ := strings.Cut(s.target, "/")
		if at, err := netip.ParseAddrPort(ip); err == nil {
			ip = at.Addr().String()
		}
		tail := s.tail()
		if _, err := netip.ParseAddr(tail); err != nil {
			tail = ""
		}
		return distinct(ip, tail)
	case keyMAC:
		if strings.HasPrefix(s.subject, "fdb:") {
			return distinct(s.tail())
		}
	case keyName:
		_, name := s.asked()
		return distinct(strings.TrimPrefix(name, "tasks."))
	case keyPort:
		at, _, _ := strings.Cut(s.target, "/")
		return distinct(at[strings.LastIndexByte(at, ':')+1:])
	}
	return nil
}

// asked is the network and the name of a segment that a name or an answer to it decided: dns:HOST/NETWORK/NAME/ANSWER.
func (s *causeSegment) asked() (network, name string) {
	rest, ok := strings.CutPrefix(s.subject, "dns:")
	if parts := strings.Split(rest, "/"); ok && len(parts) > 2 {
		return parts[1], parts[2]
	}
	return "", ""
}

// tail is the last part of the subject.
func (s *causeSegment) tail() string { return s.subject[strings.LastIndexByte(s.subject, '/')+1:] }

// distinct are the texts that are not empty, each once.
func distinct(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// claim gives each segment that is broken or undecided to the findings that name the row which decided it, and returns the broken ones
// that nobody names.
//
// A finding names it by its subject. Where no subject is the same, the row itself may be cited by both: that counts for rows of the
// kernel, of which one says one thing, not for documents and coverage, which every finding cites. What is left goes by [pathEdges].
func claim(nodes []*causeNode, segments []causeSegment) (unclaimed []*causeSegment) {
	type place struct {
		edge  int
		tuple string
	}
	bySubject, byRef, byEdge := map[string][]*causeNode{}, map[string][]*causeNode{}, map[place][]*causeNode{}
	edgesOf := map[string][]int{}
	for i, e := range pathEdges {
		for _, r := range e.Rules {
			edgesOf[r] = append(edgesOf[r], i)
		}
	}
	for _, n := range nodes {
		if slices.Contains(offPath, n.Rule) {
			continue
		}
		bySubject[swarmWide(n.Subject)] = append(bySubject[swarmWide(n.Subject)], n)
		for _, e := range n.Evidence {
			if list := byRef[e.Ref]; decides(e.Ref) && (len(list) == 0 || list[len(list)-1] != n) {
				byRef[e.Ref] = append(list, n)
			}
		}
		for _, i := range edgesOf[n.Rule] {
			if !n.states(pathEdges[i].Given) {
				continue
			}
			for _, t := range tuplesOf(pathEdges[i].Same, func(k causeKey) []string { return k.values(n.Finding, true) }) {
				byEdge[place{i, t}] = append(byEdge[place{i, t}], n)
			}
		}
	}
	for i := range segments {
		s := &segments[i]
		owners := bySubject[swarmWide(s.subject)]
		if len(owners) == 0 {
			owners = byRef[s.ref]
		}
		for k := 0; len(owners) == 0 && s.dropped && k < len(pathEdges); k++ {
			e := &pathEdges[k]
			if len(e.Kinds) > 0 && !slices.Contains(e.Kinds, s.kind) {
				continue
			}
			for _, t := range tuplesOf(e.Same, s.values) {
				owners = append(owners, byEdge[place{k, t}]...)
			}
		}
		if len(owners) == 0 && s.dropped {
			unclaimed = append(unclaimed, s)
		}
		for _, n := range owners {
			if s.dropped {
				n.segments = append(n.segments, s)
			} else {
				n.open = append(n.open, s)
			}
		}
	}
	return unclaimed
}

// swarmWide is a subject as it is compared. That of an address on a network leaves out the host: which one of two that claim it is
// named depends on who looks.
func swarmWide(subject string) string {
	if rest, ok := strings.CutPrefix(subject, "address:"); ok {
		if _, key, ok := strings.Cut(rest, "/"); ok {
			return "address:/" + key
		}
	}
	return subject
}

// decides reports whether an address is that of a row which by itself decides about a packet.
func decides(ref string) bool {
	_, path, ok := strings.Cut(ref, "/rows/")
	return ok && !strings.HasPrefix(path, "coverage.") && !strings.HasPrefix(path, "netns.") && !strings.HasPrefix(path, "host.")
}
