package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestIntegrationSwarm captures Docker and the answers of its resolver on a host of a swarm that is healthy, and holds
// the answers against the swarm's own books: a service with a VIP has that one address, any other its tasks', and
// tasks.<service> the running tasks'.
func TestIntegrationSwarm(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to enter the namespaces of containers")
	}
	o := Options{Window: -1}
	d, err := newDocker(o)
	if err != nil {
		t.Skip(err)
	}
	reply, _, err := d.get(context.Background(), "/info", nil, DefaultMaxBytes)
	var info dockerInfo
	if err != nil || json.Unmarshal(reply, &info) != nil || info.Swarm.LocalNodeState != "active" {
		t.Skipf("needs a Docker host that is part of a swarm: %v", err)
	}

	c, err := runCollectors(context.Background(), o, []*Collector{linkCollector, dns, docker, dockerTasks, containerLog})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := c.Write(&file); err != nil {
		t.Fatal(err)
	}
	entries := entriesOf(t, &file)
	cover := decodeLines[schema.Coverage](t, entries["rows/coverage.jsonl"])
	for _, row := range cover {
		if (row.Collector == "dns" || row.Document != "" || row.Tbl == "container_log") && row.Outcome.Gap() {
			t.Errorf("gap: %+v", row)
		}
	}
	for name, text := range entries {
		if strings.Contains(text, "SWMTKN-") {
			t.Errorf("%s holds a join token", name)
		}
	}
	for _, l := range decodeLines[schema.ContainerLog](t, entries["rows/container_log.jsonl"]) {
		if l.Driver == "json-file" && (l.Path == "" || l.Bytes == nil) {
			t.Errorf("log %+v", l)
		}
	}

	answers := map[string]map[string]bool{} // the sets that were answered for a name, each as text
	orders := map[string]map[string]bool{}  // the orders
	queries := decodeLines[schema.DNSQuery](t, entries["rows/dns_query.jsonl"])
	rows := decodeLines[schema.DNSAnswer](t, entries["rows/dns_answer.jsonl"])
	for _, q := range queries {
		if q.RCode != "NOERROR" || q.Error != "" {
			t.Errorf("%s %s in %s: %s %s", q.Name, q.QType, q.Netns, q.RCode, q.Error)
		}
		var got []string
		for _, a := range rows {
			if a.Netns == q.Netns && a.Container == q.Container && a.Name == q.Name && a.QType == q.QType && a.Attempt == q.Attempt {
				got = append(got, a.Address.String())
			}
		}
		if int64(len(got)) != q.Answers {
			t.Errorf("%s: %d answers, %d rows", q.Name, q.Answers, len(got))
		}
		if q.QType == "A" {
			put(orders, q.Name, strings.Join(got, " "))
			slices.Sort(got)
			put(answers, q.Name, strings.Join(got, " "))
		}
	}
	if len(queries) == 0 {
		t.Fatal("nothing was asked")
	}
	t.Logf("%d questions, %d answer records", len(queries), len(rows))
	if entries["raw/docker/tasks.json"] == "" {
		t.Log("not a manager: the answers are held against nothing")
		return
	}
	for name, want := range swarmNames(t, entries) {
		if len(answers[name]) == 0 {
			continue // no container here shares a network with it
		}
		if len(answers[name]) != 1 || !answers[name][want] {
			t.Errorf("%s: answered %v, want %s", name, answers[name], want)
		}
		t.Logf("%s: %s; %d orders", name, want, len(orders[name]))
		if strings.Count(want, " ") >= 3 && len(orders[name]) == 1 {
			t.Errorf("%s: one order in all answers", name)
		}
	}
}

func put(m map[string]map[string]bool, k, v string) {
	if m[k] == nil {
		m[k] = map[string]bool{}
	}
	m[k][v] = true
}

// swarmNames says what Docker's resolver should answer to the names of services: sorted addresses in one text. Services
// with addresses on more than one network are left out.
func swarmNames(t *testing.T, entries map[string]string) map[string]string {
	t.Helper()
	type service struct {
		ID       string
		Spec     struct{ Name string }
		Endpoint struct {
			Spec       struct{ Mode string }
			VirtualIPs []struct{ NetworkID, Addr string }
		}
	}
	type task struct {
		ServiceID           string
		Status              struct{ State string }
		NetworksAttachments []struct {
			Network struct {
				ID   string
				Spec struct{ Ingress bool }
			}
			Addresses []string
		}
	}
	var services []service
	var tasks []task
	for doc, into := range map[string]any{"services": &services, "tasks": &tasks} {
		if err := json.Unmarshal([]byte(entries["raw/docker/"+doc+".json"]), into); err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
	}
	out := map[string]string{}
	for _, s := range services {
		byNetwork := map[string][]string{}
		for _, task := range tasks {
			for _, a := range task.NetworksAttachments {
				if task.ServiceID == s.ID && task.Status.State == "running" && !a.Network.Spec.Ingress {
					byNetwork[a.Network.ID] = append(byNetwork[a.Network.ID], addressesOf(t, a.Addresses)...)
				}
			}
		}
		if len(byNetwork) != 1 {
			continue
		}
		for network, ips := range byNetwork {
			slices.Sort(ips)
			out["tasks."+s.Spec.Name] = strings.Join(ips, " ")
			out[s.Spec.Name] = strings.Join(ips, " ")
			for _, vip := range s.Endpoint.VirtualIPs {
				if vip.NetworkID == network {
					out[s.Spec.Name] = addressesOf(t, []string{vip.Addr})[0]
				}
			}
		}
	}
	return out
}

func addressesOf(t *testing.T, prefixes []string) []string {
	t.Helper()
	var out []string
	for _, p := range prefixes {
		a, err := netip.ParsePrefix(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, a.Addr().String())
	}
	return out
}

// decodeLines decodes a file of rows.
func decodeLines[R any](t *testing.T, text string) []R {
	t.Helper()
	var out []R
	for line := range strings.Lines(text) {
		var r R
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", line, err))
		}
		out = append(out, r)
	}
	return out
}
