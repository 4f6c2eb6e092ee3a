package analyze

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/resolver"
	"github.com/netmortem/netmortem/schema"
)

const choosing = "cefac96c9752e3d09151410c44c00004d28ccdd4201d3108f0bbf8d7ee06ba60" // the client's container in the fixtures

// TestResolverChoice changes one fact at a time of the measured case, client 10.0.1.15 and tasks .9 to .12, and reads what the client would try first, or
// why that is not judged.
func TestResolverChoice(t *testing.T) {
	const (
		agreed = "10.0.1.12 1"
		even   = "each 0.25"
	)
	swap := func(table, old, new string) func(h *fixtureHost) {
		return func(h *fixtureHost) {
			name := "rows/" + table + ".jsonl"
			if !strings.Contains(string(h.files[name]), old) {
				t.Fatalf("%s has no %s", name, old)
			}
			h.files[name] = []byte(strings.ReplaceAll(string(h.files[name]), old, new))
		}
	}
	add := func(table, row string) func(h *fixtureHost) {
		return func(h *fixtureHost) {
			name := "rows/" + table + ".jsonl"
			h.files[name] = fmt.Appendf(bytes.Clone(h.files[name]), "%s\n", strings.ReplaceAll(row, "CONTAINER", choosing))
		}
	}
	drop := func(table string) func(h *fixtureHost) {
		return func(h *fixtureHost) { delete(h.files, "rows/"+table+".jsonl") }
	}
	const glibc, fe80 = `"kind":"glibc","version":"2.36","libc":"glibc","libc_version":"2.36"`, `"ip":"fe80::42:aff:fe00:10f"`
	tests := []struct {
		name string
		edit []func(h *fixtureHost)
		want string
	}{
		{"as it is", nil, agreed},
		{"version unknown", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"glibc","libc":"glibc"`)}, agreed},
		{"glibc 2.42", []func(h *fixtureHost){swap("process_resolver", "2.36", "2.42")}, "newer than what was read"},
		{"musl", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"musl","version":"1.2.5"`)}, even},
		{"musl, two name servers", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"musl","version":"1.2.5"`),
			add("resolver_config", `{"container":"CONTAINER","item":"nameserver","position":2,"value":"192.0.2.53"}`)}, "other name servers"},
		{"glibc, two name servers", []func(h *fixtureHost){add("resolver_config", `{"container":"CONTAINER","item":"nameserver","position":2,"value":"192.0.2.53"}`)}, agreed},
		{"Go", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":false`)}, even},
		{"Go, cgo", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":true,"libc":"glibc","libc_version":"2.36"`)}, "whether Go asks the C library"},
		{"Go, cgo, netgo", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":true,"go_build":"CGO_ENABLED=1 -tags=osusergo,netgo","libc":"glibc","libc_version":"2.36"`)}, even},
		{"Go, cgo, musl", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":true,"libc":"musl","libc_version":"1.2.5"`)}, even},
		{"Go, cgo, without IPv6", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":true,"libc":"glibc","libc_version":"2.36"`), swap("address", fe80, `"ip":"::1"`)}, even},
		{"Go, cgo, uClibc", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.22.1","cgo":true,"libc":"uclibc"`)}, "not modelled"},
		{"Go before 1.9", []func(h *fixtureHost){swap("process_resolver", glibc, `"kind":"go","version":"go1.7","cgo":false`)}, "before 1.9"},
		{"Java", []func(h *fixtureHost){swap("process_resolver", `"kind":"glibc"`, `"kind":"java"`)}, "Java keeps"},
		{"uClibc", []func(h *fixtureHost){swap("process_resolver", `"kind":"glibc"`, `"kind":"uclibc"`)}, "how uclibc orders"},
		{"unknown", []func(h *fixtureHost){swap("process_resolver", `"kind":"glibc"`, `"kind":"unknown"`)}, "not known"},
		{"static", []func(h *fixtureHost){swap("process_resolver", `"kind":"glibc"`, `"kind":"static"`)}, "not recognised"},
		{"nginx", []func(h *fixtureHost){swap("process_resolver", "/usr/bin/python3.11", "/usr/sbin/nginx (deleted)")}, "nginx can resolve"},
		{"c-ares", []func(h *fixtureHost){swap("process_resolver", `"exe"`, `"libs":"libuv,libcares","exe"`)}, "libcares is mapped"},
		{"libuv", []func(h *fixtureHost){swap("process_resolver", `"exe"`, `"libs":"libuv","exe"`)}, agreed},
		{"only installed", []func(h *fixtureHost){swap("process_resolver", `"exe"`, `"installed_only":true,"exe"`)}, "which code resolves names"},
		{"only an init", []func(h *fixtureHost){swap("process_resolver", "/usr/bin/python3.11", "/sbin/docker-init")}, "which code resolves names"},
		{"no IPv6", []func(h *fixtureHost){swap("address", fe80, `"ip":"::1"`)}, even},
		{"no IPv6, machine unknown", []func(h *fixtureHost){swap("address", fe80, `"ip":"::1"`), swap("host", `"arch":"x86_64",`, "")}, "how this machine shifts"},
		{"files not looked at", []func(h *fixtureHost){drop("container_file")}, "/etc/resolv.conf was not read"},
		{"gai.conf not looked at", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf"`)}, "/etc/gai.conf was not read"},
		{"gai.conf not opened", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf","present":true,"err":"no"`)}, "/etc/gai.conf was not read"},
		{"gai.conf without lines", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf","present":true`)}, agreed},
		{"gai.conf, musl", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf"`), swap("process_resolver", glibc, `"kind":"musl"`)}, even},
		{"gai.conf that decides", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf","present":true`),
			add("gai_rule", `{"container":"CONTAINER","item":"scopev4","prefix":"10.0.1.12/32","setting":"15"}`)}, "10.0.1.10 0.333333, 10.0.1.11 0.333333, 10.0.1.9 0.333333"},
		{"gai.conf that is read again", []func(h *fixtureHost){swap("container_file", `"/etc/gai.conf","present":false`, `"/etc/gai.conf","present":true`),
			add("gai_rule", `{"container":"CONTAINER","item":"reload","setting":"yes"}`)}, "reload yes"},
		{"sortlist", []func(h *fixtureHost){add("resolver_config", `{"container":"CONTAINER","item":"sortlist","position":1,"value":"10.0.1.9"}`)}, "sortlist"},
		{"another resolver", []func(h *fixtureHost){swap("resolver_config", "127.0.0.11", "192.0.2.53")}, "does not ask Docker's resolver"},
		{"systemd-resolved first", []func(h *fixtureHost){swap("nss_source", `"source":"files"`, `"source":"resolve"`)}, "asks resolve before dns"},
		{"no dns", []func(h *fixtureHost){swap("nss_source", `"source":"dns"`, `"source":"myhostname"`)}, "does not ask dns"},
		{"in /etc/hosts", []func(h *fixtureHost){swap("hosts_entry", "localhost", "RR")}, "in its /etc/hosts"},
		{"another subnet", []func(h *fixtureHost){swap("address", `"10.0.1.15","prefix_len":24`, `"10.9.1.15","prefix_len":24`)}, "in no subnet of the client's"},
		{"IPv6 answers", []func(h *fixtureHost){add("swarm_task_address", `{"task_id":"taskrr100000q7x2m9v4k8s3d","network_id":"appnet0001ybzl3sktmq5wv7u","network":"app","ip":"fd00::9","prefix_len":64,"seen":"both"}`)}, "IPv6 addresses as well"},
		{"other answers", []func(h *fixtureHost){
			add("dns_query", `{"netns":"4026532301","container":"CONTAINER","name":"rr","service":"rr","tasks":false,"qtype":"A","attempt":1,"rcode":"NOERROR"}`),
			add("dns_answer", `{"netns":"4026532301","container":"CONTAINER","name":"rr","qtype":"A","attempt":1,"pos":1,"rtype":"A","address":"10.0.1.77"}`)}, "other addresses than"},
		{"beyond its subnet", []func(h *fixtureHost){swap("address", `"10.0.1.15","prefix_len":24`, `"10.0.1.15","prefix_len":28`), swap("swarm_task_address", `"10.0.1.12"`, `"10.0.1.112"`)}, "in no subnet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := readFixture(t, filepath.Join("..", "testdata", "rules", "dns-rr-rfc3484-skew", "link-local.txtar"))
			for _, edit := range tt.edit {
				edit(f.hosts[0])
			}
			db, _, _ := loadHosts(t, f.hosts, computed())
			list, err := column(context.Background(), db.tx, `SELECT CASE WHEN share IS NULL THEN why ELSE COALESCE(ip, 'each') || ' ' || printf('%g', share) END
FROM resolver_choice WHERE client = 'client.1' AND name = 'rr' ORDER BY ip`)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(list, ", ")
			if share := strings.HasPrefix(tt.want, "each ") || strings.HasPrefix(tt.want, "10."); share && got != tt.want || !share && !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Tasks of the service itself have rows, for glibc tries their own address first even without IPv6, and count nowhere.
func TestResolverChoiceOwn(t *testing.T) {
	f := readFixture(t, filepath.Join("..", "testdata", "rules", "dns-rr-rfc3484-skew", "link-local.txtar"))
	a, b := f.hosts[0], f.hosts[1]
	const rr1 = "a9d5c8c19394ddf98191c26dd5fab1a450a6ca2e2e00077fb3443e24c6386e0f"
	for _, table := range []string{"process_resolver", "container_file", "resolver_config", "hosts_entry", "nss_source", "host"} {
		text := strings.ReplaceAll(strings.ReplaceAll(string(a.files["rows/"+table+".jsonl"]), choosing, rr1), "4026532301", "4026532302")
		b.files["rows/"+table+".jsonl"] = []byte(strings.ReplaceAll(text, "node-a", "node-b"))
	}
	db, _, _ := loadHosts(t, f.hosts, computed())
	list, err := column(context.Background(), db.tx, "SELECT own || ' ' || ip || ' ' || share || ' ' || (weight IS NULL) || ' ' || why FROM resolver_choice WHERE client = 'rr.1'")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(list); got != "[1 10.0.1.9 1.0 1 the address is the client's own: glibc tries it first]" {
		t.Error(got)
	}
	list, err = column(context.Background(), db.tx, "SELECT ip || ' ' || share || ' ' || clients || ' ' || unjudged || ' ' || skewed FROM resolver_load WHERE name = 'rr' ORDER BY ip")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(list); got != "[10.0.1.10 0.0 1 0 1 10.0.1.11 0.0 1 0 1 10.0.1.12 1.0 1 0 1 10.0.1.9 0.0 1 0 1]" {
		t.Error(got)
	}
}

// The rule holds its prediction against the connections that the client has opened: those it tracks, or its sockets; not those that
// the tasks have opened to it.
func TestSkewSeen(t *testing.T) {
	sockets := func(n int, ip string, port int) (out string) {
		for i := range n {
			out += fmt.Sprintf(`{"netns":"4026532301","proto":"tcp","family":"ipv4","local":"10.0.1.15","local_port":%d,"peer":%q,"peer_port":%d,"state":"established","seen":"both"}`+"\n", port+i*(port/40000), ip, 50000+i)
		}
		return out
	}
	tracked := func(n int, ip string) string {
		return fmt.Sprintf(`{"netns":"4026532301","family":"ipv4","proto":"tcp","state":"ESTABLISHED","unreplied":false,"assured":true,"dst":%q,"dport":80,"entries":%d,"entries_last":1,"seen":"both"}`+"\n", ip, n)
	}
	const listening = `{"netns":"4026532301","proto":"tcp","family":"ipv4","local":"0.0.0.0","local_port":8080,"state":"listening","seen":"both"}` + "\n"
	tests := []struct{ name, socket, conntrack, want string }{
		{"none", "", "", "too few connections to tell: 0 to it, 0 to all tasks"},
		{"few", sockets(2, "10.0.1.12", 40000), "", "too few connections to tell: 2 to it, 2 to all tasks"},
		{"agree", sockets(8, "10.0.1.12", 40000) + sockets(1, "10.0.1.9", 41000), "", "as predicted: 8 of 9 connections to it"},
		{"the tasks' own", listening + sockets(20, "10.0.1.9", 8080), tracked(30, "10.0.1.15"), "too few connections to tell: 0 to it, 0 to all tasks"},
		{"tracked", sockets(8, "10.0.1.12", 40000), tracked(11, "10.0.1.9") + tracked(12, "10.0.1.12"), "not as predicted: 12 of 23 connections to it"},
		{"to another service", "", tracked(50, "10.0.1.99") + tracked(9, "10.0.1.12"), "as predicted: 9 of 9 connections to it"},
	}
	rules := shippedRules(t)
	rule := rules[slices.IndexFunc(rules, func(r *Rule) bool { return r.ID == "dns-rr-rfc3484-skew" })]
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := readFixture(t, filepath.Join("..", "testdata", "rules", "dns-rr-rfc3484-skew", "link-local.txtar"))
			f.hosts[0].files["rows/socket.jsonl"], f.hosts[0].files["rows/conntrack_count.jsonl"] = []byte(tt.socket), []byte(tt.conntrack)
			db, _, _ := loadHosts(t, f.hosts, computed())
			list, err := column(context.Background(), db.tx, "SELECT seen FROM ("+rule.Query+")")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(list, ", "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A container of which not every process was read does not count, whatever the others do.
func TestResolverChoicePartial(t *testing.T) {
	f := readFixture(t, filepath.Join("..", "testdata", "rules", "dns-rr-rfc3484-skew", "link-local.txtar"))
	f.hosts[0] = f.hosts[0].edit(func(name string, data []byte) []byte {
		if name != "rows/coverage.jsonl" {
			return data
		}
		return editCoverage(data, func(c *schema.Coverage) {
			if c.Tbl == "process_resolver" {
				c.Outcome, c.Reason = schema.Partial, "1 of 2 processes did not show what they have mapped"
			}
		})
	})
	db, _, _ := loadHosts(t, f.hosts, computed())
	list, err := column(context.Background(), db.tx, "SELECT share || ' ' || (weight IS NULL) FROM resolver_choice WHERE client = 'client.1'")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(list); got != "[1.0 1]" {
		t.Error(got)
	}
}

// BenchmarkResolverChoice asks for a name of 50 tasks from 1,000 clients on one network, every second of which sorts.
func BenchmarkResolverChoice(b *testing.B) {
	r := &roundRobin{net: "appnet00", network: "app", service: "rr", serviceID: "svcrr"}
	for i := range 50 {
		r.tasks = append(r.tasks, roundRobinTask{ip: netip.AddrFrom4([4]byte{10, 0, 1, byte(1 + i)}), label: "rr", ref: "x"})
	}
	f := &resolverFacts{
		arch: map[string]string{"a": "x86_64"}, addresses: map[resolverPlace][]heldAddress{}, addrKnown: map[resolverPlace]bool{}, processes: map[resolverPlace][]nameProcess{},
		processKnown: map[string]bool{"a": true}, names: map[resolverPlace]*containerNames{},
	}
	var clients []nameClient
	for i := range 1000 {
		id := fmt.Sprint(i)
		at := resolverPlace{"a", id}
		own := netip.AddrFrom4([4]byte{10, 0, 2 + byte(i>>8), byte(i)})
		f.addresses[at] = []heldAddress{{resolver.Address{IP: own, Prefix: 16, Index: 2}, "x"}}
		if i%2 == 0 {
			f.addresses[at] = append(f.addresses[at], heldAddress{resolver.Address{IP: netip.MustParseAddr("fe80::1"), Prefix: 64, Index: 2}, "x"})
		}
		f.addrKnown[at] = true
		f.processes[at] = []nameProcess{{pid: 1, processes: 1, program: "app", kind: "glibc", version: "2.36"}}
		n := f.name("a", id)
		n.servers = []string{"127.0.0.11"}
		for _, path := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf"} {
			n.files[path] = resolverFile{read: true}
		}
		clients = append(clients, nameClient{host: "a", netns: id, container: id, label: id, ip: own.String()})
	}
	for b.Loop() {
		rows := 0
		for _, c := range clients {
			if err := f.choose(r, c, "", func(...any) error { rows++; return nil }); err != nil {
				b.Fatal(err)
			}
		}
		if rows < len(clients) {
			b.Fatal(rows)
		}
	}
}
