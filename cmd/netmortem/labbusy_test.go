package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

// labBusy is what operators do to a healthy swarm, in an order in which each step finds what it needs: half of the tasks are
// gone while node2 takes none, since no more than two of a service fit on one node.
var labBusy = []struct {
	name string
	do   [][]string // commands of the lab
}{
	{"rolling update", [][]string{{"docker", "node1", "service", "update", "-qd", "--force", "--update-parallelism=1", "vote"}}},
	{"scale down", [][]string{{"docker", "node1", "service", "scale", "-d", "vote=2", "rr=2"}}},
	{"drain", [][]string{{"docker", "node1", "node", "update", "--availability=drain", "node2"}}},
	{"return", [][]string{{"docker", "node1", "node", "update", "--availability=active", "node2"}}},
	{"restart of node2", [][]string{{"restart", "node2"}}},
	{"scale up", [][]string{{"docker", "node1", "service", "scale", "-d", "vote=4", "rr=4"}}},
}

// labRest is how long after a step of labBusy its capture comes.
const labRest = 60 * time.Second

// testBusy captures a healthy swarm under load, in the middle of each step of labBusy, and a minute after it. A task that is only
// moving is nobody's fault.
func (l *lab) testBusy(t *testing.T, m *labMatrix) {
	stop := l.load(t)
	defer stop()
	l.silent(t, m, "under load")
	for _, step := range labBusy {
		start := time.Now()
		for _, args := range step.do {
			l.must(t, args...)
		}
		l.silent(t, m, "in the middle of "+step.name)
		time.Sleep(time.Until(start.Add(labRest)))
		l.silent(t, m, "a minute after "+step.name)
	}
	stop()
	l.must(t, "settle")
	l.silent(t, m, "after all of it")
}

// silent captures a healthy swarm and fails on every finding of severity medium or above. It returns the result and the exit code of analyze.
func (l *lab) silent(t *testing.T, m *labMatrix, when string) (*analyze.Result, int) {
	t.Helper()
	start := time.Now()
	bundles := l.bundlesOf(t, labWindow)
	r, code := l.analyzed(t, bundles)
	s := labFault{}.score(nil, r.Findings)
	m.add("healthy "+when, s, "", start)
	for _, f := range s.False {
		t.Errorf("false alarm, healthy %s: %s", when, f)
	}
	if len(s.False) > 0 {
		keepBundles(t, bundles)
	}
	for _, c := range r.Causes {
		if c.Kind == analyze.CausePath { // not counted yet: what moves may be cut off for a moment
			t.Logf("healthy %s, and a way is broken: %s", when, c.Summary)
		}
	}
	for _, p := range r.Problems {
		t.Errorf("healthy %s: %s", when, p)
	}
	return r, code
}

// load lets the sample client of every host ask for pages, several times a second and with little of the processor left, until stop is
// called. With nothing left a capture, which takes only what is idle, would see its deadline pass and its second read fall away.
func (l *lab) load(t *testing.T) (stop func()) {
	t.Helper()
	const mark = "/tmp/load"
	const ask = "touch " + mark + "; while [ -e " + mark + " ]; do sleep 0.1; ask http://vote/ http://rr/ http://db/; done >/dev/null 2>&1 &"
	for _, h := range labHosts {
		l.must(t, "client", h, ask)
	}
	stopped := false
	return func() {
		if stopped {
			return
		}
		stopped = true
		for _, h := range labHosts {
			// A client that the steps replaced has ended with its container.
			if out, err := l.do("client", h, "rm -f "+mark); err != nil && !strings.Contains(fmt.Sprint(err), "no container") {
				t.Errorf("stop the load on %s: %v\n%s", h, err, out)
			}
		}
	}
}
