package capture

import (
	"fmt"
	"sync"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// dnsPlan is the plan of all questions of one capture, and how they go so far.
type dnsPlan struct {
	shares map[string]*dnsShare // by container id
	files  map[string]*dnsShare // by the file name of the sandbox

	mu     sync.Mutex
	began  time.Time
	silent int  // containers in a row that had no answer at all
	spoke  bool // some container had one
}

// dnsPlan returns the plan, made when it is first asked for from what Docker said.
func (d *Docker) dnsPlan(namespaces []*Netns) (*dnsPlan, error) {
	containers, err := d.containers()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dns == nil {
		if d.state.fromDisk {
			believeKernel(containers, namespaces)
		}
		d.dns = &dnsPlan{shares: planDNS(serviceNames(&d.state, containers), containers, dnsTotal), files: map[string]*dnsShare{}}
		for _, s := range d.dns.shares {
			if f := s.container.sandboxFile(); f != "" && f != "default" { // default is the host's own
				d.dns.files[f] = s
			}
		}
	}
	return d.dns, nil
}

// believeKernel says of each container whether it runs by whether there are processes of it: the files of a daemon that
// died are as old as its last word. Where no process could be told to be a container's, they are all there is.
func believeKernel(containers []*dockerContainer, namespaces []*Netns) {
	live := map[string]bool{}
	for _, ns := range namespaces {
		if ns.Container != "" && ns.Processes > 0 {
			live[ns.Container] = true
		}
	}
	if len(live) == 0 {
		return
	}
	for _, c := range containers {
		c.State.Running = live[c.ID]
	}
}

// share is what is asked in a namespace: that of its container, by id, else by the name of its bind mount, which several
// containers may share; nil for a namespace of none.
func (p *dnsPlan) share(ns *Netns) *dnsShare {
	if s := p.shares[ns.Container]; s != nil {
		return s
	}
	return p.files[ns.Name]
}

// enough is why no more is asked in any container, or nil. Its first call begins the phase.
func (p *dnsPlan) enough() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = time.Now()
	}
	switch {
	case !p.spoke && p.silent >= dnsSilent:
		return &Incomplete{schema.Skipped, fmt.Sprintf("not asked: Docker's resolver gave no answer in %d containers", p.silent)}
	case time.Since(p.began) > dnsPhase:
		return &Incomplete{schema.Truncated, fmt.Sprintf("not asked: the %s for all questions were over", dnsPhase)}
	}
	return nil
}

// heard counts a container that was asked.
func (p *dnsPlan) heard(answered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if answered {
		p.spoke = true
	} else {
		p.silent++
	}
}
