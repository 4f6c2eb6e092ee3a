package path

import (
	"slices"
	"sync"
)

// A pool keeps once what the judgements of many hosts hold alike: a fleet's hosts have the same tunnels, and balance alike.
type pool struct {
	mu      sync.Mutex
	tunnels map[tunnel]*tunnel
	numbers map[tunnel]int // of outer packets' tunnels, from 0
	targets map[*VIP][]target
}

// tunnel is the one tunnel with these values.
func (p *pool) tunnel(t tunnel) *tunnel {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tunnels == nil {
		p.tunnels = map[tunnel]*tunnel{}
	}
	one := p.tunnels[t]
	if one == nil {
		one = &tunnel{t.vtep, t.port, t.vni}
		p.tunnels[t] = one
	}
	return one
}

// numbered is the ways out of a host by the numbers of their tunnels: a map for each host of those to all others would be the largest
// part of what is kept.
func (p *pool) numbered(outs map[tunnel]*under) []*under {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.numbers == nil {
		p.numbers = map[tunnel]int{}
	}
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
	if p.targets == nil {
		p.targets = map[*VIP][]target{}
	}
	have, ok := p.targets[v]
	if ok && slices.EqualFunc(have, b.to, func(x, y target) bool { return x.ip == y.ip && x.port == y.port && x.ep == y.ep }) {
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
