package path

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A judge puts pairs together from what was judged of each host.
type judge struct {
	world  *World
	hosts  map[string]*hostState
	whole  map[string]bool     // host: its namespaces, devices and addresses were captured whole
	seats  map[*Network][]seat // by place in the network
	gone   map[string]*Hop
	moved  map[movedKey]*Hop
	shared map[[3]string]*Hop

	segments map[segmentKey]*Segment
	list     []*Segment
	counts   map[[2]string]*Count
	pairs    []Pair
	sums     map[sumKey]*Sum
	untold   map[reason]int
	ending   map[ending]*alikes
}

type segmentKey struct {
	kind, host string
	hop        *Hop
}

type sumKey struct{ client, server, network, via string }

// Judge judges every segment of every host and every pair. With every, the delivered pairs are listed, too.
func Judge(ctx context.Context, tx *sql.Tx, every bool) (*Judgement, error) {
	w, err := Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	j := newJudge(w)
	r := stack.NewReader(tx)
	if err := j.hostsSideBySide(ctx, r); err != nil {
		return nil, err
	}
	return j.judge(every), nil
}

// hostsSideBySide reads one host after the other, as a transaction has to be asked, and judges those that were read
// meanwhile: as many at a time as there are processors but the one that reads. Each is tens of MB until it is judged.
func (j *judge) hostsSideBySide(ctx context.Context, r *stack.Reader) error {
	read := make(chan *machine)
	var judges sync.WaitGroup
	var one sync.Mutex
	for range max(1, runtime.GOMAXPROCS(0)-1) {
		judges.Go(func() {
			for m := range read {
				hs := m.examine()
				one.Lock()
				j.keep(m, hs)
				one.Unlock()
			}
		})
	}
	defer judges.Wait()
	defer close(read)
	for _, host := range j.world.Hosts {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := newMachine(ctx, j.world, r, host)
		if err != nil {
			return err
		}
		read <- m
	}
	return nil
}

func newJudge(w *World) *judge {
	return &judge{
		world: w, hosts: map[string]*hostState{}, whole: map[string]bool{}, seats: map[*Network][]seat{}, gone: map[string]*Hop{}, moved: map[movedKey]*Hop{}, shared: map[[3]string]*Hop{},
		segments: map[segmentKey]*Segment{}, counts: map[[2]string]*Count{}, sums: map[sumKey]*Sum{}, untold: map[reason]int{}, ending: map[ending]*alikes{},
	}
}

func (j *judge) add(m *machine) { j.keep(m, m.examine()) }

// keep takes over what was judged of a host.
func (j *judge) keep(m *machine, hs *hostState) {
	j.hosts[m.Name] = hs
	whole := m.Host.Whole("netns")
	for _, s := range m.Spaces {
		whole = whole && s.Whole("link") && s.Whole("address")
	}
	j.whole[m.Name] = whole
}

func (j *judge) judge(every bool) *Judgement {
	for _, s := range j.world.Services {
		j.discover(s)
		s.order, s.texts = nil, nil
		s.order = s.portsOf()
		for _, p := range s.order {
			s.texts = append(s.texts, targetText(netip.Addr{}, p))
		}
	}
	for _, host := range j.world.Hosts {
		hs := j.hosts[host]
		for _, net := range sortedKeys(hs.nets) {
			j.network(hs.nets[net], every)
		}
	}
	j.unseen(every)
	for _, host := range j.world.Hosts {
		j.published(j.hosts[host], every)
		j.egress(j.hosts[host], every)
	}
	out := &Judgement{World: j.world, Segments: j.list, Pairs: j.pairs}
	for _, c := range j.counts {
		out.Counts = append(out.Counts, c)
	}
	slices.SortFunc(out.Counts, func(a, b *Count) int { return strings.Compare(a.Kind+"\x00"+a.Host, b.Kind+"\x00"+b.Host) })
	for _, s := range j.sums {
		out.Sums = append(out.Sums, s)
	}
	slices.SortFunc(out.Sums, func(a, b *Sum) int {
		return cmp.Or(strings.Compare(a.ClientService, b.ClientService), strings.Compare(a.Server, b.Server), strings.Compare(a.Network, b.Network), strings.Compare(a.Via, b.Via))
	})
	return out
}

// discover adds to a service's ports those at which most of its captured tasks listen: what is published is not all
// that is asked.
func (j *judge) discover(s *Service) {
	n := map[port]int{}
	tasks := map[string]bool{}
	for _, ep := range s.tasks {
		if tasks[ep.Owner] {
			continue
		}
		if l := j.legOf(ep); l != nil && l.whole {
			tasks[ep.Owner] = true
			for _, p := range l.listen {
				n[p]++
			}
		}
	}
	for p, k := range n {
		if 2*k > len(tasks) {
			s.ports[p] = true
		}
	}
}

// portsOf lists the ports of a service in order; where none is known, port 0 stands for any.
func (s *Service) portsOf() []port {
	if s.order != nil {
		return s.order
	}
	var out []port
	for p := range s.ports {
		out = append(out, p)
	}
	if len(out) == 0 {
		return []port{{"tcp", 0}}
	}
	slices.SortFunc(out, func(a, b port) int {
		if a.Proto != b.Proto {
			return strings.Compare(a.Proto, b.Proto)
		}
		return a.Port - b.Port
	})
	return out
}

// count is the count of a host's segments of a kind.
func (j *judge) count(kind, host string) *Count {
	k := [2]string{kind, host}
	c := j.counts[k]
	if c == nil {
		c = &Count{Kind: kind, Host: host}
		j.counts[k] = c
	}
	return c
}

// note counts a segment, and keeps it unless it is whole. It returns its number, 0 for one that is whole.
func (j *judge) note(kind, host string, net *Network, target, what string, h *Hop) int {
	c := j.count(kind, host)
	switch verdictOf(h) {
	case Delivered:
		c.Delivered++
		return 0
	case Dropped:
		c.Dropped++
	default:
		c.Unknown++
	}
	sk := segmentKey{kind, host, h}
	s := j.segments[sk]
	if s == nil {
		s = &Segment{ID: len(j.list) + 1, Kind: kind, Host: host, Net: net, Target: target, What: what, Hop: h}
		j.segments[sk] = s
		j.list = append(j.list, s)
	}
	if s.Targets == 0 {
		s.Net, s.Target, s.What = net, target, what
	}
	s.Targets++
	return s.ID
}

// number is the number of a segment that is noted where it belongs: 0 until it is, and then the pair has none.
func (j *judge) number(kind, host string, h *Hop) int {
	if h == nil {
		return 0
	}
	k := segmentKey{kind, host, h}
	s := j.segments[k]
	if s == nil {
		s = &Segment{ID: len(j.list) + 1, Kind: kind, Host: host, Hop: h}
		j.segments[k] = s
		j.list = append(j.list, s)
	}
	return s.ID
}
