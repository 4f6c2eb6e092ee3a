package path_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// TestBlind takes what was captured away, table by table, from a host and from one namespace of each kind: what is not known must not
// turn delivered into dropped, nor dropped into delivered, nor make a pair vanish. It does so for a healthy swarm, and for one in which a
// forwarding entry, a mark, a listening socket and a rule of the host are wrong.
func TestBlind(t *testing.T) {
	testBlind(t, "healthy-every-collector", []string{
		"DELETE FROM fdb WHERE host = 'node1' AND mac = '02:42:0a:14:01:08' AND dst IS NOT NULL",
		"DELETE FROM iptables_rule WHERE host = 'node2' AND chain = 'INPUT' AND dst = '10.20.1.11/32'",
		"DELETE FROM socket WHERE host = 'node2' AND netns = '4026532865' AND local_port = 80 AND state = 'listening'",
		"DELETE FROM iptables_rule WHERE host = 'node1' AND tbl = 'nat' AND chain = 'DOCKER-INGRESS' AND dport_min = 8080",
	}, []string{
		"node1/4026531840", "node1/4026532116", "node1/4026532421", "node1/4026532238", "node1/4026532864", // host, ingress, overlay, balancer, container
		"node2/4026532421", "node2/4026532865",
	})
}

// testBlind does so for a set of bundles, as it is and broken. places are the namespaces, beside both hosts as a whole.
func testBlind(t *testing.T, set string, broken, places []string) {
	t.Helper()
	b := analyzed(t, set)
	tables := []string{"link", "address", "route", "policy_rule", "neighbour", "fdb", "iptables_chain", "iptables_rule", "nft_chain", "nft_rule", "nft_set", "nft_element",
		"ipvs_service", "ipvs_destination", "socket", "sysctl", "dns_query", "dns_answer", "xfrm_state", "xfrm_policy"}
	for _, base := range [][]string{nil, broken} {
		before := byPair(b.judge(t, base...))
		told := 0
		for _, table := range tables {
			for _, place := range append([]string{"node1", "node2"}, places...) {
				host, netns, one := strings.Cut(place, "/")
				where := "host = '" + host + "'"
				if one {
					where += " AND netns = '" + netns + "'"
				}
				after := byPair(b.blind(t, base, table, where))
				for k, was := range before {
					is := after[k]
					switch {
					case is == "":
						t.Errorf("without %s of %s the pair %s is not counted any more", table, place, k)
					case is == was:
					case is == "cannot tell", was == "some" && is == "dropped" || was == "dropped" && is == "some":
						told++
					default:
						t.Errorf("without %s of %s, %s is %s and no longer %s", table, place, k, is, was)
					}
				}
			}
		}
		if told == 0 {
			t.Error("nothing that is taken away changes any verdict: is it read at all?")
		}
	}
}

// blind judges what is left of a broken swarm without the rows of a table and without what is known of it.
func (b *bundles) blind(t *testing.T, change []string, table, where string) *path.Judgement {
	t.Helper()
	var n int
	if err := b.db.QueryRow("SELECT count(*) FROM captured WHERE tbl = '" + table + "' AND " + where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	changes := slices.Clone(change)
	if n > 0 {
		changes = append(changes, "DELETE FROM captured WHERE tbl = '"+table+"' AND "+where)
	}
	if table == "dns_answer" {
		table = "dns_rrset" // whose view it is
	}
	if err := b.db.QueryRow("SELECT count(*) FROM " + table + " WHERE " + where).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		changes = append(changes, "DELETE FROM "+table+" WHERE "+where)
	}
	return b.judge(t, changes...)
}

// byPair names each pair by who asks whom.
func byPair(j *path.Judgement) map[string]string {
	out := map[string]string{}
	for _, p := range j.Pairs {
		k := fmt.Sprintf("%s %s > %s %s %s", p.ClientHost, p.Client, p.Server, p.Via, p.Network)
		if strings.HasPrefix(p.Target, "127.") {
			k += " loopback"
		}
		if out[k] != "" && out[k] != p.Verdict {
			out[k] += "+" + p.Verdict
			continue
		}
		out[k] = p.Verdict
	}
	return out
}

// TestOneReason takes a table from all namespaces: what it leaves untold has one reason on each host for each step that asks
// for it, not one for each namespace, name or pair.
func TestOneReason(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	for table, most := range map[string]int{"socket": 2, "dns_query": 1, "policy_rule": 5, "fdb": 2, "iptables_chain": 5} { // namespaces of different kinds ask by different steps
		j := b.blind(t, nil, table, "true")
		reasons := map[string]map[*path.Hop]bool{}
		for _, s := range j.Segments {
			if s.Hop.Verdict != path.Unknown {
				t.Errorf("without %s, %s drops", table, s.Hop.Subject)
			}
			if reasons[s.Hop.Host] == nil {
				reasons[s.Hop.Host] = map[*path.Hop]bool{}
			}
			reasons[s.Hop.Host][s.Hop] = true
		}
		if len(reasons) != 2 {
			t.Errorf("without %s, %d hosts have something untold", table, len(reasons))
		}
		for host, hops := range reasons {
			if len(hops) > most {
				for h := range hops {
					t.Logf("%s %s %s: %s", h.Step, h.Place, h.Subject, h.Why)
				}
				t.Errorf("without %s, %s has %d reasons for what is untold", table, host, len(hops))
			}
		}
	}
}

// TestMissingBundle leaves one host out: what lies there is not known, and nothing is dropped by that.
func TestMissingBundle(t *testing.T) {
	whole := byPair(analyzed(t, "healthy-every-collector").judge(t))
	for _, host := range []string{"node1", "node2"} {
		one := analyzedOnly(t, "healthy-every-collector", host)
		j := one.judge(t)
		got := byPair(j)
		for k, v := range got {
			if v != "delivered" && v != "cannot tell" {
				t.Errorf("with %s alone, %s is %s", host, k, v)
			}
		}
		for _, s := range j.Segments {
			if s.Hop.Verdict == path.Dropped {
				t.Errorf("with %s alone: %s", host, s.Hop.Why)
			}
		}
		if host != "node1" {
			continue // who is where is the manager's word
		}
		for k := range whole {
			if got[k] == "" && !strings.HasPrefix(k, "node2 ") && !strings.Contains(k, "egress") {
				t.Errorf("with %s alone, nothing is said of %s", host, k)
			}
		}
	}
}
