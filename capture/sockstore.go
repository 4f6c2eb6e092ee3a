package capture

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// socketStore is what the collectors of sockets tell each other in the course of a capture.
type socketStore struct {
	taken [2]atomic.Int64 // rows of each read, beyond leastSockets of a namespace
	spent [2]atomic.Int64 // nanoseconds that dumps of TCP sockets took in each read

	mu     sync.Mutex
	seed   *maphash.Seed
	kept   map[string]map[uint64]struct{} // by namespace, where the first read had to leave some out
	inodes map[uint32]string              // of sockets with a row of the first read: their namespace
}

// pick returns what one read of a namespace picks its sockets with.
func (s *socketStore) pick(netns string, read, reads int) *sockPick {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seed == nil {
		seed := maphash.MakeSeed()
		s.seed = &seed
	}
	p := &sockPick{limit: mostSockets, seed: *s.seed, take: func() bool { return s.taken[read].Add(1) <= mostHostSockets }}
	if read > 0 {
		p.kept = s.kept[netns]
	} else if reads > 1 {
		p.limit = mostSocketsFirst
	}
	return p
}

// note remembers what the first read of a namespace kept.
func (s *socketStore) note(netns string, p *sockPick, inodes []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inodes == nil {
		s.inodes, s.kept = map[uint32]string{}, map[string]map[uint64]struct{}{}
	}
	for _, i := range inodes {
		s.inodes[i] = netns
	}
	if p.seen == len(p.found) {
		return
	}
	ids := make(map[uint64]struct{}, len(p.found))
	for i := range p.found {
		ids[p.found[i].id] = struct{}{}
	}
	s.kept[netns] = ids
}

// owned hands out the inodes of sockets that have a row. They are not changed any more.
func (s *socketStore) owned() map[uint32]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	inodes := s.inodes
	s.inodes = nil
	return inodes
}
