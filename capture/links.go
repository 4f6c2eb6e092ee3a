package capture

import (
	"sync"

	"github.com/netmortem/netmortem/schema"
)

// linkStore holds the links of all namespaces until the first read is over: only then can the ends of veth pairs be
// matched across namespaces.
type linkStore struct {
	mu   sync.Mutex
	sets []linkSet
}

// linkSet is the links of one namespace.
type linkSet struct {
	acc  *account
	rows []*schema.Link
}

// holdLinks keeps links for later. It is for the link collector.
func (s *Sink) holdLinks(rows []*schema.Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	st := &s.acc.ns.Host.links
	st.mu.Lock()
	defer st.mu.Unlock()
	st.sets = append(st.sets, linkSet{s.acc, rows})
}

// release writes all links to the bundle and forgets them.
func (st *linkStore) release(b *books) {
	st.mu.Lock()
	defer st.mu.Unlock()
	for _, set := range st.sets {
		s := b.sink(set.acc, 0, 0)
		for _, l := range set.rows {
			if err := s.Put(l); err != nil {
				panic("capture: " + err.Error()) // link is a table: a mistake in schema.Tables
			}
		}
		s.close()
	}
	st.sets = nil
}

// vethEnd is one end of a veth pair.
type vethEnd struct {
	set  int // index in linkStore.sets
	link *schema.Link
}

// vethCandidates are the ends that could be the other end of e: each names the other by its ifindex. Interface indexes
// repeat in every namespace, so several namespaces may have one; inSame says that both ends are in one namespace.
func (st *linkStore) vethCandidates(e vethEnd, byIndex map[[2]int64][]vethEnd) []vethEnd {
	var out []vethEnd
	inSame := e.link.LinkNetnsid == nil
	for _, c := range byIndex[[2]int64{*e.link.Link, e.link.Ifindex}] {
		if c.link == e.link || c.link.PeerNetns != "" {
			continue
		}
		if inSame == (c.set == e.set) && inSame == (c.link.LinkNetnsid == nil) {
			out = append(out, c)
		}
	}
	return out
}

// veths indexes all ends by their own ifindex and that of the other end.
func (st *linkStore) veths() (ends []vethEnd, byIndex map[[2]int64][]vethEnd) {
	byIndex = map[[2]int64][]vethEnd{}
	for i, set := range st.sets {
		for _, l := range set.rows {
			if l.Kind == "veth" && l.Link != nil && *l.Link != 0 {
				e := vethEnd{i, l}
				ends = append(ends, e)
				k := [2]int64{l.Ifindex, *l.Link}
				byIndex[k] = append(byIndex[k], e)
			}
		}
	}
	return ends, byIndex
}

// join notes that a and b are the two ends of one pair.
func (st *linkStore) join(a, b vethEnd) {
	a.link.PeerNetns, a.link.PeerIfindex = st.sets[b.set].acc.ns.ID(), b.link.Ifindex
	b.link.PeerNetns, b.link.PeerIfindex = st.sets[a.set].acc.ns.ID(), a.link.Ifindex
}

// devConf is the settings of one link, as arrays of 32-bit numbers.
type devConf struct {
	dev    string
	v4, v6 []byte
}
