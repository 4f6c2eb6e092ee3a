package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// The bounds of what is told of edges.
const (
	maxEdges    = 3000
	maxFlows    = 24 // of an edge
	maxSegments = 20 // of an edge
)

// readEdges lists who talks to whom, and who does not surely reach whom; of all others it counts those that could talk. It tells services
// what was counted of them.
func readEdges(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	walked, err := readWalked(ctx, tx, see.notes)
	if err != nil {
		return err
	}
	r := &edgeReader{notes: see.notes, walked: walked, edges: map[ends]*edgeEntry{}, ranks: map[int]int{}, labels: map[labelled]string{}}
	if err := r.flows(ctx, tx, s); err != nil {
		return err
	}
	if walked != nil {
		var segment, rank int
		err := each(ctx, tx, `SELECT segment, MIN(rank) FROM cause_segment GROUP BY segment`, []any{&segment, &rank}, func() { r.ranks[segment] = rank })
		if err != nil {
			return err
		}
		for e, l := range walked.listed {
			r.broken(e, l)
		}
		for e, t := range walked.between {
			if t.Pairs != t.Delivered {
				r.of(e)
			}
		}
		for i := range s.Services {
			x := &s.Services[i]
			x.To, x.From = walked.to[x.Name], walked.from[x.Name]
		}
	}
	s.Quiet, s.Untold = r.quiet(s.Services)
	s.Edges, s.EdgesLeft = r.list()
	return nil
}

// An edgeReader gathers edges by their ends.
type edgeReader struct {
	notes  *notes
	walked *walkedPairs
	edges  map[ends]*edgeEntry
	ranks  map[int]int // of the first cause by key of path_segment
	labels map[labelled]string
}

// A labelled is an address of a service's task.
type labelled struct{ service, ip string }

// An edgeEntry is an edge that is being read.
type edgeEntry struct {
	Edge
	networks map[string]bool
	quality  int     // of the worst flow
	volume   float64 // of all flows: what orders the healthy ones
}

func (r *edgeReader) of(e ends) *edgeEntry {
	x := r.edges[e]
	if x == nil {
		x = &edgeEntry{Edge: Edge{Client: e.client, Server: e.server}, networks: map[string]bool{}, quality: len(qualities)}
		r.edges[e] = x
	}
	return x
}

// flows reads the traffic that was seen.
func (r *edgeReader) flows(ctx context.Context, tx *sql.Tx, s *Scene) error {
	for i := range s.Services {
		for j := range s.Services[i].Tasks {
			for _, ip := range s.Services[i].Tasks[j].IPs {
				r.labels[labelled{s.Services[i].Name, ip}] = s.Services[i].Tasks[j].Label
			}
		}
	}
	var f Flow
	var clientKind, client, serverKind, server, most string
	var connections, refused, unanswered, rtt sql.Null[int]
	var up, down, share sql.Null[float64]
	var upSegs, downSegs, upAgain, downAgain sql.Null[int64]
	return each(ctx, tx, `SELECT client_kind, client, server_kind, server, COALESCE(network, ''), via, proto, port, quality, why, connections, to_server_rate, to_client_rate,
  to_server_segs, to_client_segs, to_server_again, to_client_again, refused, unanswered, half_open, stuck, rtt_median_us, backend_share, COALESCE(backend_most, ''), COALESCE(ref, '')
FROM traffic`,
		[]any{&clientKind, &client, &serverKind, &server, &f.Network, &f.Via, &f.Proto, &f.Port, &f.Quality, &f.Why, &connections, &up, &down,
			&upSegs, &downSegs, &upAgain, &downAgain, &refused, &unanswered, &f.HalfOpen, &f.Stuck, &rtt, &share, &most, &f.Ref}, func() {
			e := ends{r.party(clientKind, client), r.party(serverKind, server)}
			if e.client == outside && f.Via == "published" {
				e.client = mesh
			}
			x, c := r.of(e), f
			c.Network, c.Via, c.Proto, c.Quality, c.Peer = r.notes.once(f.Network), r.notes.once(f.Via), r.notes.once(f.Proto), r.notes.once(f.Quality), ""
			if e.server == outside {
				c.Peer = server
			}
			c.Connections, c.Refused, c.Unanswered, c.RTT, c.Share = number[int](connections), number[int](refused), number[int](unanswered), number[int](rtt), number[float64](share)
			if up.Valid && down.Valid {
				rate := up.V + down.V
				c.Rate = &rate
				x.volume += rate
			}
			if connections.Valid {
				x.volume += float64(connections.V)
			}
			c.Segs, c.Again = sum(upSegs, downSegs), sum(upAgain, downAgain)
			c.Most = cmp.Or(r.labels[labelled{server, most}], r.notes.once(most))
			if f.Network != "" {
				x.networks[c.Network] = true
			}
			x.quality = min(x.quality, qualityRank(f.Quality))
			x.Flows = append(x.Flows, c)
		})
}

// party is one end of traffic.
func (r *edgeReader) party(kind, name string) Party {
	switch kind {
	case "service":
		return Party{PartyService, r.notes.once(name)}
	case "container":
		return r.notes.container(name)
	case "host":
		return Party{PartyHost, r.notes.once(name)}
	case "balancer": // somebody behind a node's routing mesh or load balancer: the evidence ends there
		return mesh
	case "unknown":
		return Party{PartyUnknown, r.notes.once(name)}
	}
	return outside
}

// sum adds what is known; nil when nothing is.
func sum(a, b sql.Null[int64]) *int64 {
	if !a.Valid && !b.Valid {
		return nil
	}
	n := a.V + b.V
	return &n
}

// qualities are the words of the table traffic, the worst first.
var qualities = []string{"queueing", "refused", "half-open", "lossy", "slow", "unknown", "ok"}

func qualityRank(word string) int {
	if i := slices.Index(qualities, word); i >= 0 {
		return i
	}
	return len(qualities)
}

// broken adds what path_pair has of an edge.
func (r *edgeReader) broken(e ends, l *listing) {
	x := r.of(e)
	for network := range l.networks {
		x.networks[network] = true
	}
	type at struct {
		segment int
		*ending
	}
	var list []at
	for segment, y := range l.ends {
		list = append(list, at{segment, y})
		if rank := r.ranks[segment]; rank > 0 && (x.Cause == 0 || rank < x.Cause) {
			x.Cause = rank
		}
	}
	slices.SortFunc(list, func(a, b at) int {
		return cmp.Or(cmp.Compare(b2i(!a.drops), b2i(!b.drops)), -cmp.Compare(a.pairs, b.pairs), cmp.Compare(a.segment, b.segment))
	})
	for i, y := range list[:min(len(list), maxSegments)] {
		x.Segments = append(x.Segments, y.segment)
		if i == 0 {
			x.Hop = y.hop
		}
	}
	slices.Sort(x.Segments)
}

// quiet counts the pairs of two services that share a network, and are no edge, and of these the ones of which it is not known that all is
// delivered. Nobody talks over the network of the routing mesh by itself.
func (r *edgeReader) quiet(services []Service) (n, untold int) {
	at := map[string]int{}
	for i := range services {
		at[services[i].Name] = i
	}
	shared := make([][]string, len(services))
	for id, names := range r.notes.users {
		if r.notes.ingress[id] {
			continue
		}
		for _, name := range names {
			shared[at[name]] = append(shared[at[name]], id)
		}
	}
	asks := map[string][]string{}
	for e := range r.edges {
		if e.client.Kind == PartyService && e.server.Kind == PartyService {
			asks[e.client.Name] = append(asks[e.client.Name], e.server.Name)
		}
	}
	met := make([]int, len(services)) // with whom a service was met last, from 1
	open := make([]int, len(services))
	for i := range services {
		me := services[i].Name
		met[i], open[i] = i+1, i+1
		for _, server := range asks[me] {
			if j, ok := at[server]; ok {
				met[j], open[j] = i+1, i+1
			}
		}
		for _, id := range shared[i] {
			told := r.walked.told(me, r.notes.network(id))
			for _, name := range r.notes.users[id] {
				j := at[name]
				if met[j] != i+1 {
					met[j] = i + 1
					n++
				}
				if open[j] != i+1 && !told(name) {
					open[j] = i + 1
					untold++
				}
			}
		}
	}
	return n, untold
}

// list is the edges that are told, in order of client and server, and how many are left out: first those of which the least is to be told.
func (r *edgeReader) list() ([]Edge, int) {
	all := make([]*edgeEntry, 0, len(r.edges))
	for e, x := range r.edges {
		x.Pairs, x.State = r.walked.edge(e, x.networks)
		for network := range x.networks {
			x.Networks = append(x.Networks, network)
		}
		slices.Sort(x.Networks)
		slices.SortFunc(x.Flows, func(a, b Flow) int {
			return cmp.Or(cmp.Compare(qualityRank(a.Quality), qualityRank(b.Quality)), strings.Compare(a.Network, b.Network), strings.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port), strings.Compare(a.Via, b.Via), strings.Compare(a.Peer, b.Peer), strings.Compare(a.Ref, b.Ref))
		})
		if x.FlowsLeft = max(0, len(x.Flows)-maxFlows); x.FlowsLeft > 0 {
			x.Flows = slices.Clone(x.Flows[:maxFlows])
		}
		all = append(all, x)
	}
	byEnds := func(a, b *edgeEntry) int {
		return cmp.Or(strings.Compare(a.Client.Name, b.Client.Name), strings.Compare(a.Server.Name, b.Server.Name), strings.Compare(a.Client.Kind, b.Client.Kind), strings.Compare(a.Server.Kind, b.Server.Kind))
	}
	left := max(0, len(all)-maxEdges)
	if left > 0 {
		slices.SortFunc(all, func(a, b *edgeEntry) int {
			return cmp.Or(cmp.Compare(a.dull(), b.dull()), -cmp.Compare(a.volume, b.volume), byEnds(a, b))
		})
		all = all[:maxEdges]
	}
	slices.SortFunc(all, byEnds)
	out := make([]Edge, len(all))
	for i, x := range all {
		out[i] = x.Edge
	}
	return out, left
}

// dull is how little an edge has to tell: what is lost comes first, then bad traffic, then what cannot be told, then all that talks.
func (x *edgeEntry) dull() int {
	switch {
	case x.State == Dropped || x.State == Partly:
		return stateRank(x.State)
	case x.quality <= slices.Index(qualities, "slow"):
		return 2 + x.quality
	case x.State == Unknown && len(x.Flows) > 0:
		return 2 + len(qualities)
	case x.State == Unknown:
		return 3 + len(qualities)
	}
	return 4 + len(qualities)
}
