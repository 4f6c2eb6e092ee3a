package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestDNSFold checks which containers are one row: those on the same networks that were told the same, in whatever order.
func TestDNSFold(t *testing.T) {
	ask := func(h *fixtureHost, netns, name, rcode string, ips ...string) {
		put := func(table, row string) {
			f := "rows/" + table + ".jsonl"
			h.files[f] = append(h.files[f], fmt.Sprintf(`{"netns":"%s","container":"c%s","name":"%s","qtype":"A","attempt":1,%s}`+"\n", netns, netns, name, row)...)
		}
		put("dns_query", fmt.Sprintf(`"rcode":"%s","answers":%d`, rcode, len(ips)))
		for i, ip := range ips {
			put("dns_answer", fmt.Sprintf(`"pos":%d,"rtype":"A","address":"%s"`, i+1, ip))
		}
	}
	host := func(name string) *fixtureHost {
		h := &fixtureHost{name: name, files: map[string][]byte{}}
		for _, n := range []string{"1", "2", "3", "4", "5"} {
			h.files["rows/netns.jsonl"] = append(h.files["rows/netns.jsonl"], fmt.Sprintf(`{"netns":"%s","name":"%s","kind":"container","container":"c%s"}`+"\n", n, n, n)...)
		}
		h.meta.Host, h.meta.CaptureID, h.meta.Format = name, name, 1
		h.complete()
		return h
	}
	a, b := host("a"), host("b")
	ask(a, "2", "web", "NOERROR", "10.0.1.3", "10.0.1.4")
	ask(a, "1", "web", "NOERROR", "10.0.1.4", "10.0.1.3") // another order
	ask(a, "3", "web", "NOERROR", "10.0.1.3")
	ask(a, "4", "web", "NXDOMAIN")
	ask(a, "5", "db", "NOERROR", "10.0.1.3", "10.0.1.4")
	ask(b, "1", "web", "NOERROR", "10.0.1.3", "10.0.1.4") // another host
	a.files["rows/container_network.jsonl"] = []byte(`{"container":"c9","network_id":"n"}` + "\n")
	got := func(a, b *fixtureHost) []string {
		db, _, _ := loadHosts(t, []*fixtureHost{a, b}, computed())
		rows := lines(t, db.tx, `SELECT q.host || ' ' || q.container || ' ' || q.clients || ' ' || q.name || ' ' || COALESCE(q.rcode, '') || ' ' || COALESCE(group_concat(s.ip), '')
FROM dns_question AS q LEFT JOIN (SELECT * FROM dns_answer_set ORDER BY ip) AS s ON s.host = q.host AND s.netns = q.netns AND s.container = q.container AND s.name = q.name
GROUP BY q.host, q.container, q.name`)
		return slices.Sorted(maps.Keys(rows))
	}
	want := []string{"a c1 2 web NOERROR 10.0.1.3,10.0.1.4", "a c3 1 web NOERROR 10.0.1.3", "a c4 1 web NXDOMAIN ", "a c5 1 db NOERROR 10.0.1.3,10.0.1.4", "b c1 1 web NOERROR 10.0.1.3,10.0.1.4"}
	if list := got(a, b); !slices.Equal(list, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
	// Of two that are told the same one is on a network more.
	a.files["rows/container_network.jsonl"] = []byte(`{"container":"c2","network_id":"network1more"}` + "\n")
	want = slices.Insert(want, 1, "a c2 1 web NOERROR 10.0.1.3,10.0.1.4")
	want[0] = "a c1 1 web NOERROR 10.0.1.3,10.0.1.4"
	if list := got(a, b); !slices.Equal(list, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
}
