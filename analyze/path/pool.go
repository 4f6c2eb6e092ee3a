package path

import (
	"slices"
	"sync"
)

// A pool keeps once what the judgements of many hosts hold alike: a fleet's hosts have the same tunnels, and balance alike.
type pool struct {
	mu      sync.Mutex
	ways    map[wayKey]wayNumber
	list    []way          // by number; what is in it does not change
	numbers map[tunnel]int // of outer packets' tunnels, from 0
	targets map[*VIP][]target
}

// A wayNumber is the place of a way among all that a pool keeps. 0 is the one that nothing is known of.
type wayNumber uint32

// A wayKey is all that makes a way. Without a tunnel, tun is zero and tunnelled false.
type wayKey struct {
	arp, rest        *Hop
	tun              tunnel
	tunnelled, fixed bool
	learns           teaching
}

func newPool() *pool {
	return &pool{ways: map[wayKey]wayNumber{{}: 0}, list: []way{{}}, numbers: map[tunnel]int{}, targets: map[*VIP][]target{}}
}

// way is the one way that is made so.
func (p *pool) way(k wayKey) (wayNumber, way) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, ok := p.ways[k]
	if !ok {
		w := way{arp: k.arp, rest: k.rest, fixed: k.fixed, learns: k.learns}
		if k.tunnelled {
			w.tun = &tunnel{k.tun.vtep, k.tun.port, k.tun.vni}
		}
		n = wayNumber(len(p.list))
		p.ways[k] = n
		p.list = append(p.list, w)
	}
	return n, p.list[n]
}

// numberedWays are the ways up to now, by number.
func (p *pool) numberedWays() []way {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list
}

// numbered is the ways out of a host by the numbers of their tunnels: a map for each host of those to all others would be the largest
// part of what is kept.
func (p *pool) numbered(outs map[tunnel]*under) []*under {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := -1
	for t := range outs {
		n, ok := p.numbers[t]
		if !ok {
			n = len(p.numbers)
			p.numbers[t] = n
		}
		last = max(last, n)
	}
	list := make([]*under, last+1)
	for t, u := range outs {
		list[p.numbers[t]] = u
	}
	return list
}

// alike gives the balancing of a virtual address the destinations that another host's has, if they are the same. Rows are cited of those
// only that are not what they should be.
func (p *pool) alike(v *VIP, b *balancing) {
	if b.bad != nil || slices.ContainsFunc(b.to, func(t target) bool {
		return t.bad != nil || t.ep == nil || t.ep.Kind != "task" || t.ep.ServiceID != v.ServiceID
	}) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	have, ok := p.targets[v]
	if ok && slices.EqualFunc(have, b.to, func(x, y target) bool {
		return x.ip == y.ip && x.port == y.port && x.ep == y.ep && x.direct == y.direct
	}) {
		b.to = have
		return
	}
	for i := range b.to {
		b.to[i].ref = ""
	}
	b.to = slices.Clip(b.to)
	if !ok {
		p.targets[v] = b.to
	}
}
