package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// labHosts are the hosts of the lab that the tests boot.
var labHosts = []string{"node1", "node2"}

// testUnchanged compares each host before and after a capture: modules, tables, rules, links, settings, files.
func (l *lab) testUnchanged(t *testing.T) {
	before := l.states(t)
	for _, h := range labHosts {
		if !strings.Contains(before[h], "module ip_vs\n") || !strings.Contains(before[h], "-j MARK") {
			t.Fatalf("the state of %s has neither modules nor rules:\n%s", h, before[h])
		}
	}
	forks := l.forks(t)
	l.bundlesOf(t, labWindow)
	for h, n := range l.forks(t) {
		t.Logf("%s: %d processes and threads were started on the whole host while it was captured", h, n-forks[h])
	}
	after := l.states(t)
	for _, h := range labHosts {
		gone, come := differ(before[h], after[h])
		for _, line := range gone {
			t.Errorf("%s: gone after the capture: %s", h, line)
		}
		for _, line := range come {
			t.Errorf("%s: new after the capture: %s", h, line)
		}
	}
}

// states reads what a capture must leave as it was, of all hosts at once: one takes half a minute.
func (l *lab) states(t *testing.T) map[string]string {
	t.Helper()
	said, errs := make([]string, len(labHosts)), make([]error, len(labHosts))
	var all sync.WaitGroup
	for i, h := range labHosts {
		all.Go(func() { said[i], errs[i] = l.do("state", h) })
	}
	all.Wait()
	out := map[string]string{}
	for i, h := range labHosts {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		out[h] = said[i]
	}
	return out
}

// forks reads how many processes and threads each host has started since it booted.
func (l *lab) forks(t *testing.T) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, h := range labHosts {
		var n int
		if _, err := fmt.Sscanf(l.must(t, "exec", h, "grep ^processes /proc/stat"), "processes %d", &n); err != nil {
			t.Fatal(err)
		}
		out[h] = n
	}
	return out
}

// differ returns the lines that only a has, and those that only b has.
func differ(a, b string) (onlyA, onlyB []string) {
	count := map[string]int{}
	for line := range strings.Lines(a) {
		count[line]++
	}
	for line := range strings.Lines(b) {
		count[line]--
	}
	for _, line := range slices.Sorted(maps.Keys(count)) {
		switch n := count[line]; {
		case n > 0:
			onlyA = append(onlyA, strings.TrimSpace(line))
		case n < 0:
			onlyB = append(onlyB, strings.TrimSpace(line))
		}
	}
	return onlyA, onlyB
}

// labDeadline bounds the captures of hosts whose daemon does not answer.
const labDeadline = time.Minute

// testHung stops dockerd on every host by SIGSTOP: a capture must end within its deadline and hold every namespace and
// every programmed row that it held before.
func (l *lab) testHung(t *testing.T) {
	before := heldOf(t, l.bundlesOf(t, labWindow))
	cont := func() {
		for _, h := range labHosts {
			l.must(t, "exec", h, "kill -CONT $(cat /run/docker.pid)")
		}
	}
	defer cont()
	for _, h := range labHosts {
		l.must(t, "exec", h, "kill -STOP $(cat /run/docker.pid)")
	}
	start := time.Now()
	bundles := l.bundlesOf(t, fmt.Sprintf("%s --deadline=%s", labWindow, labDeadline), codePartial)
	took := time.Since(start)
	t.Logf("with dockerd stopped, capture took %v of its %v", took.Round(time.Second/10), labDeadline)
	if took > labDeadline {
		t.Errorf("capture took %v, its deadline was %v", took, labDeadline)
	}
	compareHeld(t, before, heldOf(t, bundles), labHosts)
	r, code := l.analyzed(t, bundles)
	for _, f := range (labFault{}).score(nil, r.Findings).False {
		t.Errorf("false alarm, dockerd stopped: %s", f)
	}
	if r.Counts.Gaps == 0 || code != codePartial {
		t.Errorf("dockerd did not answer, and analyze counts %d gaps and ends with code %d", r.Counts.Gaps, code)
	}
	cont()
	l.calm(t)
}

// labGrace is how long the managers wait for a node's heartbeat, three of five seconds, and then some.
const labGrace = 20 * time.Second

// calm waits for the swarm to have noticed that a daemon was away, if it does, to have replaced what it then replaces, and to be
// at rest again.
func (l *lab) calm(t *testing.T) {
	t.Helper()
	time.Sleep(labGrace)
	l.must(t, "settle", "30")
}

// testContainerd stops containerd on node2 by SIGSTOP, as if it were dead to dockerd: the kernel's side must be the same, and
// what dockerd cannot say without it is a gap or is there.
func (l *lab) testContainerd(t *testing.T) {
	before := heldOf(t, l.bundlesOf(t, labWindow))
	const find = "$(pgrep -x containerd)"
	defer l.must(t, "exec", "node2", "kill -CONT "+find)
	l.must(t, "exec", "node2", "kill -STOP "+find)
	start := time.Now()
	bundles := l.bundlesOf(t, fmt.Sprintf("%s --deadline=%s", labWindow, labDeadline))
	t.Logf("with containerd stopped, capture took %v of its %v", time.Since(start).Round(time.Second/10), labDeadline)
	compareHeld(t, before, heldOf(t, bundles), []string{"node2"})
	l.must(t, "exec", "node2", "kill -CONT "+find)
	l.calm(t)
}

// testKilled kills dockerd on node2 and removes its socket: the same must hold there. It is the last test: the host stays as it is.
func (l *lab) testKilled(t *testing.T) {
	before := heldOf(t, l.bundlesOf(t, labWindow))
	l.must(t, "exec", "node2", "kill -KILL $(cat /run/docker.pid); rm -f /run/docker.pid /run/docker.sock")
	bundles := l.bundlesOf(t, fmt.Sprintf("%s --deadline=%s", labWindow, labDeadline))
	compareHeld(t, before, heldOf(t, bundles), []string{"node2"})
}

// held is what a bundle holds of one host's kernel, one key a row.
type held map[string]bool

// heldOf reads the namespaces and the programmed rows of bundles, by host.
func heldOf(t *testing.T, bundles []string) map[string]held {
	t.Helper()
	out := map[string]held{}
	for _, path := range bundles {
		b, err := schema.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		h := held{}
		out[b.Meta.Host] = h
		for {
			e, err := b.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := h.read(e); err != nil {
				t.Fatalf("%s: %s: %v", path, e.Name, err)
			}
		}
		for _, kind := range []string{"netns ", "fdb ", "neighbour ", "mark ", "ipvs_service ", "ipvs_destination "} {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(h)), func(k string) bool { return strings.HasPrefix(k, kind) }) {
				t.Errorf("%s: the bundle holds no %s", b.Meta.Host, kind)
			}
		}
	}
	return out
}

// read adds the keys of one entry's rows; learned rows come and go, so only permanent ones count.
func (h held) read(e *schema.Entry) error {
	dec := json.NewDecoder(e.Data)
	for {
		var key string
		var err error
		switch e.Name {
		case "rows/netns.jsonl":
			var r schema.Netns
			err = dec.Decode(&r)
			key = fmt.Sprintf("netns %s %s", r.Netns, r.Name)
		case "rows/fdb.jsonl":
			var r schema.FDB
			if err = dec.Decode(&r); r.State == "permanent" {
				key = fmt.Sprintf("fdb %s %s %s %v", r.Netns, r.Dev, r.MAC, r.Dst)
			}
		case "rows/neighbour.jsonl":
			var r schema.Neighbour
			if err = dec.Decode(&r); r.State == "permanent" {
				key = fmt.Sprintf("neighbour %s %s %v %s", r.Netns, r.Dev, r.IP, r.MAC)
			}
		case "rows/iptables_rule.jsonl":
			var r schema.IPTablesRule
			if err = dec.Decode(&r); strings.Contains(r.Spec, "MARK") {
				key = fmt.Sprintf("mark %s %s", r.Netns, r.Spec)
			}
		case "rows/ipvs_service.jsonl":
			var r schema.IPVSService
			err = dec.Decode(&r)
			key = fmt.Sprintf("ipvs_service %s %d", r.Netns, r.Fwmark)
		case "rows/ipvs_destination.jsonl":
			var r schema.IPVSDestination
			err = dec.Decode(&r)
			key = fmt.Sprintf("ipvs_destination %s %d %v", r.Netns, r.Fwmark, r.Address)
		default:
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if key != "" {
			h[key] = true
		}
	}
}

// compareHeld checks that every key of before is in after.
func compareHeld(t *testing.T, before, after map[string]held, hosts []string) {
	t.Helper()
	for _, h := range hosts {
		if after[h] == nil {
			t.Errorf("%s: no bundle", h)
		}
		for _, key := range slices.Sorted(maps.Keys(before[h])) {
			if !after[h][key] {
				t.Errorf("%s: not in the bundle any more: %s", h, key)
			}
		}
		t.Logf("%s: %d keys before, %d after", h, len(before[h]), len(after[h]))
	}
}
