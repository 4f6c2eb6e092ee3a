package path_test

import (
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// TestNoSandboxYet takes the address of a task away: packets to it are dropped, but for a task that had only just started when its host
// was read. A walk hop by hop says the same.
func TestNoSandboxYet(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	gone := "DELETE FROM address WHERE host = 'node2' AND ip = (SELECT ip FROM endpoint WHERE host = 'node2' AND label LIKE 'rr.%' AND kind = 'task' ORDER BY net, ip LIMIT 1)"
	young := "UPDATE endpoint SET since_s = (SELECT first_s - 5 FROM reading WHERE host = 'node2') WHERE host = 'node2' AND label LIKE 'rr.%'"
	for _, tt := range []struct {
		name   string
		change []string
		want   path.Verdict
	}{
		{"for long", []string{gone}, path.Dropped},
		{"just started", []string{gone, young}, path.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) { endsAt(t, b.judge(t, tt.change...), "sandbox", tt.want) })
	}
}

// TestNotUpYet takes the device of a task down, as it is while its sandbox is made, or its port: nothing gets in or out, but of a task that had
// only just started nobody can tell.
func TestNotUpYet(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const (
		down  = "UPDATE link SET flags = 'broadcast,multicast', operstate = 'down' WHERE host = 'node2' AND netns = '4026532865' AND mac = '02:42:0a:14:01:0c'"
		port  = "UPDATE link SET flags = 'broadcast,multicast', operstate = 'down', port_state = 'disabled' WHERE host = 'node2' AND netns = '4026532421' AND peer_netns = '4026532865'"
		young = "UPDATE endpoint SET since_s = (SELECT first_s - 5 FROM reading WHERE host = 'node2') WHERE host = 'node2' AND mac = '02:42:0a:14:01:0c'"
	)
	for _, tt := range []struct {
		name   string
		change []string
		want   path.Verdict
	}{
		{"device, for long", []string{down}, path.Dropped},
		{"device, just started", []string{down, young}, path.Unknown},
		{"port, for long", []string{port}, path.Dropped},
		{"port, just started", []string{port, young}, path.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range b.judge(t, tt.change...).Segments {
				if s.Hop.Verdict != tt.want {
					t.Errorf("%s on %s, %s: %s, want %s: %s", s.Kind, s.Host, s.Target, s.Hop.Verdict, tt.want, s.Hop.Why)
				}
			}
		})
	}
}

// TestResolverGone takes the daemon's sockets of a sandbox away, as they go when its container is ended: between the two reads, which
// is nobody's fault that could be told, and before both.
func TestResolverGone(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const of = " WHERE host = 'node1' AND netns = '4026532864'"
	const unanswered = "DELETE FROM dns_rrset" + of // an answer would show that there was a way to the resolver
	for _, tt := range []struct {
		name, change string
		want         path.Verdict
	}{
		{"before both reads", "DELETE FROM socket" + of + " AND local = '127.0.0.11'", path.Dropped},
		{"between them", "UPDATE socket SET seen = 'first'" + of + " AND local = '127.0.0.11'", path.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) { endsAt(t, b.judge(t, unanswered, tt.change), "resolver", tt.want) })
	}
}

// TestAnswerMoves lets a name be answered with an address that nobody has: wrong, but for a network whose tasks have just changed.
func TestAnswerMoves(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	stale := "UPDATE dns_rrset SET addresses = replace(addresses, '10.20.1.8', '10.20.1.200') WHERE host = 'node1' AND name = 'rr'"
	changed := "UPDATE network_change SET changed_s = (SELECT first_s - 5 FROM reading WHERE host = 'node1')"
	for _, tt := range []struct {
		name   string
		change []string
		want   path.Verdict
	}{
		{"long ago", []string{stale}, path.Dropped},
		{"just now", []string{stale, changed}, path.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) { endsAt(t, b.judge(t, tt.change...), "name", tt.want) })
	}
}

// endsAt wants something to end at a step, and the same verdict of all that does.
func endsAt(t *testing.T, j *path.Judgement, step string, want path.Verdict) {
	t.Helper()
	n := 0
	for _, s := range j.Segments {
		if s.Hop.Step != step {
			continue
		}
		n++
		if s.Hop.Verdict != want {
			t.Errorf("%s on %s, %s: %s, want %s", s.Kind, s.Host, s.Target, s.Hop.Verdict, want)
		}
	}
	if n == 0 {
		t.Errorf("nothing ends at %s", step)
	}
}
