package scene

import (
	"context"
	"database/sql"
)

// An ends is both ends of an edge.
type ends struct{ client, server Party }

// The parties that have no name of their own.
var (
	outside = Party{PartyOutside, "outside"}
	mesh    = Party{PartyIngress, "published ports"}
)

// walkedPairs is what became of all pairs of clients and services, as far as it was counted.
type walkedPairs struct {
	between  map[ends]*Tally       // one by one, but for networks with many services and containers of no service
	wide     map[wideClient]*Tally // of a client service with all services of a network that has many
	listed   map[ends]*listing     // what path_pair has of an edge
	rows     map[wideClient]int    // how many it has of a client service on a network with many services
	on       map[string][]string   // client services by the name of a network that has many
	to, from map[string]*Tally     // by service
}

// A wideClient is a client service on a network with many services.
type wideClient struct{ service, network string }

// A listing is the rows of path_pair of some pairs: none of them is wholly delivered.
type listing struct {
	Tally    // of what is counted nowhere else: on networks with many services, and of containers of no service
	networks map[string]bool
	ends     map[int]*ending // by key of path_segment
}

// An ending is a step at which pairs end.
type ending struct {
	hop   string
	drops bool
	pairs int
}

// clientOf is the party of a client in path_pair. Whoever asks a published port is one party, the host itself or the outside.
func (n *notes) clientOf(service, client, via string) Party {
	switch {
	case via == "ingress" || via == "host":
		return mesh
	case service != "":
		return Party{PartyService, n.once(service)}
	}
	return n.container(client)
}

// container is the party of a container: its service, if its labels name one. A task that managers do not know yet, or not any more, is
// told as a container, too.
func (n *notes) container(name string) Party {
	if service := n.serviceOf[name]; service != "" {
		return Party{PartyService, service}
	}
	return Party{PartyContainer, n.once(name)}
}

// serverOf is the party that a pair asks.
func (n *notes) serverOf(service, via string) Party {
	if via == "egress" {
		return outside
	}
	return Party{PartyService, n.once(service)}
}

// readWalked reads what was counted of paths; it is nil when none was walked.
func readWalked(ctx context.Context, tx *sql.Tx, n *notes) (*walkedPairs, error) {
	w := &walkedPairs{between: map[ends]*Tally{}, wide: map[wideClient]*Tally{}, listed: map[ends]*listing{}, rows: map[wideClient]int{}, on: map[string][]string{}, to: map[string]*Tally{}, from: map[string]*Tally{}}
	var client, server, network, via string
	var t Tally
	seen := false
	err := each(ctx, tx, `SELECT COALESCE(client_service, ''), COALESCE(server_service, ''), COALESCE(network, ''), via, pairs, delivered, some, dropped, unknown FROM path_pair_count`,
		[]any{&client, &server, &network, &via, &t.Pairs, &t.Delivered, &t.Partly, &t.Dropped, &t.Unknown}, func() {
			seen = true
			if server == "" && via != "egress" {
				k := wideClient{n.once(client), n.once(network)}
				if w.wide[k] == nil && client != "" {
					w.on[k.network] = append(w.on[k.network], k.service)
				}
				tallied(w.wide, k, t)
				return
			}
			e := ends{n.clientOf(client, "", via), n.serverOf(server, via)}
			if e.client.Name != "" { // else containers of no service, all in one: which of them is not said
				tallied(w.between, e, t)
			}
			if client != "" {
				tallied(w.from, e.client.Name, t)
			}
			if e.server.Kind == PartyService {
				tallied(w.to, e.server.Name, t)
			}
		})
	if err != nil || !seen {
		return nil, err
	}
	var who, verdict, hop, drops string
	var segment, alike int
	err = each(ctx, tx, `SELECT COALESCE(p.client_service, ''), COALESCE(p.client, ''), COALESCE(p.server_service, ''), COALESCE(p.network, ''), p.via, p.verdict, COALESCE(p.segment, 0), COALESCE(p.alike, 0), COALESCE(s.hop, ''), COALESCE(s.verdict, '')
FROM path_pair AS p LEFT JOIN path_segment AS s ON s.segment = p.segment`,
		[]any{&client, &who, &server, &network, &via, &verdict, &segment, &alike, &hop, &drops}, func() {
			t := Tally{Pairs: 1}
			switch pairState(verdict) {
			case Dropped:
				t.Dropped = 1
			case Partly:
				t.Partly = 1
			default:
				t.Unknown = 1
			}
			e := ends{n.clientOf(client, who, via), n.serverOf(server, via)}
			l := w.listed[e]
			if l == nil {
				l = newListing()
				w.listed[e] = l
			}
			k := wideClient{client, network}
			if t.AtLeast = true; w.wide[k] != nil {
				w.rows[k]++
				tallied(w.to, e.server.Name, t)
			}
			alone := client == "" && e.client != mesh // counted with all containers of no service
			if alone && e.client.Kind == PartyService {
				tallied(w.from, e.client.Name, t)
			}
			if alone || w.wide[k] != nil {
				l.add(t)
			}
			if network != "" {
				l.networks[n.once(network)] = true
			}
			if segment > 0 {
				if l.ends[segment] == nil {
					l.ends[segment] = &ending{hop: n.once(hop), drops: drops == Dropped}
				}
				l.ends[segment].pairs++
			}
		})
	w.addWide()
	return w, err
}

// tallied adds to a tally of a map.
func tallied[K comparable](into map[K]*Tally, k K, t Tally) {
	if into[k] == nil {
		into[k] = &Tally{}
	}
	into[k].add(t)
}

// addWide adds networks with many services to what services are told. A client service of which all pairs are delivered there has one at
// least with each of the others.
func (w *walkedPairs) addWide() {
	for network, services := range w.on {
		whole := 0
		for _, service := range services {
			t := w.wide[wideClient{service, network}]
			whole += b2i(t.Pairs == t.Delivered)
			tallied(w.from, service, *t)
		}
		for _, service := range services {
			t := w.wide[wideClient{service, network}]
			if n := whole - b2i(t.Pairs == t.Delivered); n > 0 {
				tallied(w.to, service, Tally{Pairs: n, Delivered: n, AtLeast: true})
			}
		}
	}
}

func newListing() *listing { return &listing{networks: map[string]bool{}, ends: map[int]*ending{}} }

// add adds what another tally counts.
func (t *Tally) add(o Tally) {
	t.Pairs += o.Pairs
	t.Delivered += o.Delivered
	t.Partly += o.Partly
	t.Dropped += o.Dropped
	t.Unknown += o.Unknown
	t.AtLeast = t.AtLeast || o.AtLeast
}

// state is the worst that happens to a pair; empty when there is none.
func (t *Tally) state() string {
	switch {
	case t.Dropped > 0:
		return Dropped
	case t.Partly > 0:
		return Partly
	case t.Unknown > 0:
		return Unknown
	case t.Pairs > 0:
		return Delivered
	}
	return ""
}

// edge is what was counted between two parties that share networks: the tally, nil for none, and the state, empty when nothing was walked.
func (w *walkedPairs) edge(e ends, networks map[string]bool) (*Tally, string) {
	if w == nil {
		return nil, ""
	}
	var t Tally
	if counted := w.between[e]; counted != nil {
		t.add(*counted)
	}
	if l := w.listed[e]; l != nil {
		t.add(l.Tally)
	}
	if t.Pairs > 0 {
		return &t, t.state()
	}
	if e.client.Kind != PartyService || e.server.Kind != PartyService {
		return nil, ""
	}
	state := ""
	for network := range networks {
		k := wideClient{e.client.Name, network}
		t := w.wide[k]
		switch {
		case t == nil || w.wide[wideClient{e.server.Name, network}] == nil:
		case t.Pairs-t.Delivered != w.rows[k]: // what is not listed may be one of this edge
			return nil, Unknown
		default:
			state = Delivered
		}
	}
	return nil, state
}

// told is for one client service on one network: whether all is known to be delivered to another service there.
func (w *walkedPairs) told(client, network string) func(server string) bool {
	if w == nil {
		return func(string) bool { return false }
	}
	k := wideClient{client, network}
	if t := w.wide[k]; t != nil {
		all := t.Pairs-t.Delivered == w.rows[k]
		return func(string) bool { return all }
	}
	return func(server string) bool {
		t := w.between[ends{Party{PartyService, client}, Party{PartyService, server}}]
		return t != nil && t.Pairs == t.Delivered
	}
}
