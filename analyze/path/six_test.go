package path_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// dual gives the tasks of a service, or of client, an address of IPv6 on app beside their own.
func dual(service, begin string) string {
	return `INSERT INTO endpoint (net, ip, mac, kind, owner, label, service_id, service, node_id, host, source, owners, since_s, ref, why)
SELECT net, '` + begin + `' || rowid, mac, kind, owner, label, service_id, service, node_id, host, source, owners, since_s, ref, why FROM endpoint
WHERE net = 'urryk2c9' AND kind = 'task' AND service = '` + service + `'`
}

// TestSix: what crosses an overlay by IPv6 is not walked, and never counts as delivered, nor as lost.
func TestSix(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	for _, tt := range []struct {
		name           string
		change         []string
		vip, tasks, rr string
	}{
		{"IPv4 alone", nil, "app delivered 4 of 4; back delivered 4 of 4", "app delivered 4 of 4", "app delivered 4 of 4"},
		{"both on the servers' side: nobody can ask", []string{dual("vote", "fd00::1:")}, "app delivered 4 of 4; back delivered 4 of 4", "app delivered 4 of 4", "app delivered 4 of 4"},
		{"both on both sides", []string{dual("vote", "fd00::1:"), dual("client", "fd00::2:")}, "app delivered 4 of 4; back delivered 4 of 4", "app cannot tell 4 of 8", "app delivered 4 of 4"},
		{"both, and something is lost", []string{dual("rr", "fd00::1:"), dual("client", "fd00::2:"), "DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:08' AND dst IS NOT NULL"},
			"app delivered 4 of 4; back delivered 4 of 4", "app delivered 4 of 4", "app some 3 of 8"},
		{"a virtual address of IPv6, and no way there", []string{"UPDATE service_vip SET ip = 'fd00::99' WHERE service = 'vote' AND net = 'urryk2c9'"}, "app dropped 0 of 1; back dropped 0 of 4", "app delivered 4 of 4", "app delivered 4 of 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, tt.change...)
			for via, want := range map[string]string{"vip": tt.vip, "tasks": tt.tasks} {
				if got := pairsOf(j, "client.node1", "vote", via); got != want {
					t.Errorf("vote by %s: %s, want %s", via, got, want)
				}
			}
			if got := pairsOf(j, "client.node1", "rr", "dnsrr"); got != tt.rr {
				t.Errorf("rr: %s, want %s", got, tt.rr)
			}
		})
	}
}

// TestTraceSix asks for one address of IPv6.
func TestTraceSix(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	tx, err := b.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, c := range []string{dual("vote", "fd00::1:"), dual("client", "fd00::2:"), "UPDATE endpoint SET ip = 'fd00::7' WHERE ip LIKE 'fd00::1:%' AND label = 'vote.1'"} {
		if _, err := tx.Exec(c); err != nil {
			t.Fatal(err)
		}
	}
	w, err := path.Load(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"fd00::7", "fd00::7%eth0", "tasks.vote"} {
		q := path.Question{Proto: "tcp", Port: 80, Network: "app"}
		if q.From, err = w.Find(t.Context(), tx, "client.node1", true); err != nil {
			t.Fatal(err)
		}
		if q.To, err = w.Find(t.Context(), tx, to, false); err != nil {
			t.Fatal(err)
		}
		tr, err := w.Trace(t.Context(), tx, q)
		if err != nil {
			t.Fatal(err)
		}
		if tr.Verdict != "cannot tell" {
			t.Errorf("%s: %s", to, tr.Summary)
		}
	}
	var unheard *path.Unheard
	if _, err := w.Find(t.Context(), tx, "fd00::8%it's", false); !errors.As(err, &unheard) {
		t.Errorf("an address that nobody has, with a quote in its zone: %v", err)
	}
}

// TestPublishedSix asks a host at an address of IPv6, and at ::1: the routing mesh is not there, and a docker-proxy is.
func TestPublishedSix(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	addressed := []string{
		"INSERT INTO address (host, line, netns, ifindex, dev, ip, prefix_len, scope) SELECT 'node1', 9999, netns, ifindex, name, 'fd00:99::11', 64, 'global' FROM link WHERE host = 'node1' AND netns = '4026531840' AND name = 'eth0'",
		"INSERT INTO route (host, line, netns, family, table_id, type, dst, gateway, ifindex, dev, protocol, scope) SELECT 'node1', 9999, netns, 'ipv6', 254, 'unicast', '::/0', 'fd00:99::1', ifindex, name, 'static', 'global' FROM link WHERE host = 'node1' AND netns = '4026531840' AND name = 'eth0'",
		"INSERT INTO route (host, line, netns, family, table_id, type, dst, ifindex, dev, protocol, scope) SELECT 'node1', 9998, netns, 'ipv6', 255, 'local', 'fd00:99::11/128', ifindex, name, 'kernel', 'global' FROM link WHERE host = 'node1' AND netns = '4026531840' AND name = 'eth0'",
		"INSERT INTO route (host, line, netns, family, table_id, type, dst, ifindex, dev, protocol, scope) SELECT 'node1', 9997, netns, 'ipv6', 255, 'local', '::1/128', ifindex, name, 'kernel', 'global' FROM link WHERE host = 'node1' AND netns = '4026531840' AND name = 'lo'",
		"INSERT OR IGNORE INTO policy_rule (host, line, netns, family, priority, action, table_id) VALUES ('node1', 9999, '4026531840', 'ipv6', 0, 'lookup', 255), ('node1', 9998, '4026531840', 'ipv6', 32766, 'lookup', 254)",
	}
	proxied := append(append([]string{}, inHostMode...),
		"UPDATE userland_proxy SET host_ip = '::'", "UPDATE socket SET family = 'ipv6', local = '::' WHERE host = 'node1' AND line = 9999")
	for _, tt := range []struct {
		name   string
		change []string
		port   int
		want   map[string]string
	}{
		{"routing mesh", nil, 8080, map[string]string{"outside fd00:99::11": "dropped", "node1 fd00:99::11": "dropped", "node1 ::1": "dropped"}},
		{"docker-proxy", proxied, 7009, map[string]string{"outside fd00:99::11": "delivered", "node1 fd00:99::11": "delivered", "node1 ::1": "delivered"}},
		{"docker-proxy of IPv4 only", inHostMode, 7009, map[string]string{"outside fd00:99::11": "dropped", "node1 ::1": "dropped"}},
		{"docker-proxy, and no way back", append(append([]string{}, proxied...), "DELETE FROM route WHERE family = 'ipv6' AND dst = '::/0'"), 7009, map[string]string{"outside fd00:99::11": "cannot tell", "node1 ::1": "delivered"}},
		{"docker-proxy, and processes were not captured", append(append([]string{}, proxied...), "DELETE FROM userland_proxy"), 7009, map[string]string{"outside fd00:99::11": "cannot tell", "node1 ::1": "cannot tell"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tx, err := b.db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			for _, c := range append(append([]string{}, addressed...), tt.change...) {
				if _, err := tx.Exec(c); err != nil {
					t.Fatalf("%s: %v", c, err)
				}
			}
			w, err := path.Load(t.Context(), tx)
			if err != nil {
				t.Fatal(err)
			}
			for ends, want := range tt.want {
				from, to, _ := strings.Cut(ends, " ")
				q := path.Question{Proto: "tcp", Port: tt.port}
				if q.From, err = w.Find(t.Context(), tx, from, true); err != nil {
					t.Fatal(err)
				}
				if q.To, err = w.Find(t.Context(), tx, to, false); err != nil {
					t.Fatal(err)
				}
				tr, err := w.Trace(t.Context(), tx, q)
				if err != nil {
					t.Fatal(err)
				}
				if tr.Verdict != want {
					t.Errorf("%s: want %s; %s", ends, want, tr.Summary)
				}
			}
		})
	}
}
