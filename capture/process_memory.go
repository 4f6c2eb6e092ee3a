package capture

import (
	"slices"
	"sync"
)

// A knownProcess is what the first look at a process leaves for the second, and for collectors that come later.
type knownProcess struct {
	pid       int
	ticks     int64 // of its start
	comm, exe string
	netns     string
	mntns     string
	container string
	first     bool // it is process 1 of its pid namespace
	kernel    bool
	stuck     bool // in state D, or one of its threads is: what needs the lock of its memory may block
	zombie    bool

	cgroup, cmdline, unread string
}

// processMemory is what is known of the host's processes.
type processMemory struct {
	mu    sync.Mutex
	byPID map[int]*knownProcess

	noCgroup, noCmdline bool // so many had to be given up that no more are read
}

// keep remembers a process.
func (m *processMemory) keep(p *knownProcess) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byPID == nil {
		m.byPID = map[int]*knownProcess{}
	}
	m.byPID[p.pid] = p
}

// of returns what is known of a process, nil for one that is new or has taken the place of another.
func (m *processMemory) of(pid int, ticks int64) *knownProcess {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.byPID[pid]; p != nil && p.ticks == ticks {
		return p
	}
	return nil
}

// list returns the processes, by number.
func (m *processMemory) list() []*knownProcess {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]*knownProcess, 0, len(m.byPID))
	for _, p := range m.byPID {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *knownProcess) int { return a.pid - b.pid })
	return out
}

// note says what was not read.
func (k *knownProcess) note(what string, err error) {
	if k.unread != "" {
		k.unread += "; "
	}
	k.unread += what + ": " + err.Error()
}
