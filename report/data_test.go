package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// unpacked is the data block of a page.
func unpacked(t *testing.T, page string) []byte {
	t.Helper()
	m := regexp.MustCompile(`id="data">([^<]*)</script>`).FindStringSubmatch(page)
	if m == nil {
		t.Fatal("the page has no data block")
	}
	z, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(m[1])))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDataGolden shows what the block of the sample holds, without the parts that other goldens show.
func TestDataGolden(t *testing.T) {
	var v map[string]any
	if err := json.Unmarshal(unpacked(t, rendered(t, HTML, sample())), &v); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"map", "time", "paths", "s"} { // s holds their texts, too
		delete(v, part)
	}
	delete(v, "containers") // numbers of texts; TestDataColumns reads them
	delete(v, "tasks")
	delete(v, "findings")
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "incident.data.json", string(out)+"\n")
}

// TestDataColumns: every column of a kind has a value for each thing, and every text is in the list.
func TestDataColumns(t *testing.T) {
	for name, hosts := range map[string]int{"sparse": 2, "dense": 60} {
		r := fleet(hosts)
		r.Scene = fleetScene(hosts, 100)
		var v struct {
			S          []string
			Containers map[string]json.RawMessage
			Tasks      map[string]json.RawMessage
			Findings   map[string]json.RawMessage
		}
		if err := json.Unmarshal(unpacked(t, rendered(t, HTML, r)), &v); err != nil {
			t.Fatal(err)
		}
		for kind, columns := range map[string]map[string]json.RawMessage{"containers": v.Containers, "tasks": v.Tasks, "findings": v.Findings} {
			want := map[string]int{"containers": hosts * 100, "tasks": hosts * 100, "findings": hosts}[kind]
			for c, raw := range columns {
				var list []any
				if c == "oom" || c == "failed" || c == "dense" {
					continue
				}
				if err := json.Unmarshal(raw, &list); err != nil {
					t.Fatalf("%s: %s.%s: %v", name, kind, c, err)
				}
				if kind == "tasks" && want > dense {
					want = 0 // their containers tell all of them
				}
				if len(list) != want {
					t.Errorf("%s: %s.%s has %d values, not %d", name, kind, c, len(list), want)
				}
			}
		}
		text := func(columns map[string]json.RawMessage, column string, i int) string {
			var list []any
			if err := json.Unmarshal(columns[column], &list); err != nil {
				t.Fatal(err)
			}
			if s, ok := list[i].(string); ok {
				return s
			}
			return v.S[int(list[i].(float64))]
		}
		last := r.Scene.Containers[hosts*100-1]
		id, task := last.ID, last.Name
		if hosts*100 > dense {
			id, task = id[:12], strings.TrimSuffix(task, task[strings.LastIndex(task, "."):])
		}
		for column, want := range map[string]string{"id": id, "name": task, "host": last.Host, "service": last.Service, "log": "/var/lib/docker/containers/*/*-json.log"} {
			if got := text(v.Containers, column, hosts*100-1); got != want {
				t.Errorf("%s: the last container's %s is %q, not %q", name, column, got, want)
			}
		}
	}
}

// TestLongFleetSize: a fleet of a thousand hosts with a hundred containers each is a page that can be sent.
func TestLongFleetSize(t *testing.T) {
	if testing.Short() {
		t.Skip("a second of compressing")
	}
	r := fleet(1000)
	r.Scene = fleetScene(1000, 100)
	out := rendered(t, HTML, r)
	data := len(regexp.MustCompile(`id="data">([^<]*)`).FindStringSubmatch(out)[1])
	t.Logf("%d bytes, of which %d are data", len(out), data)
	if len(out) > 5<<20 {
		t.Errorf("the page has %d bytes, of which %d are data", len(out), data)
	}
}

func TestTaskName(t *testing.T) {
	for _, x := range [][3]string{
		{"vote.1.2bn4vrgkdphmpfc97zfj51dj9", "vote", "vote.1"},
		{"client.k2v9x1w0q8y7t6r5e4w3q2a1z.2bn4vrgkdphmpfc97zfj51dj9", "client", "client.k2v9x1w0q8y7t6r5e4w3q2a1z"},
		{"vote.1.2bn4vrgkdphmpfc97zfj51dj9", "", "vote.1.2bn4vrgkdphmpfc97zfj51dj9"},
		{"vote", "vote", "vote"},
		{"vote.1", "vote", "vote.1"},
		{"other.1.2bn4vrgkdphmpfc97zfj51dj9", "vote", "other.1.2bn4vrgkdphmpfc97zfj51dj9"},
	} {
		if got := taskName(x[0], x[1]); got != x[2] {
			t.Errorf("taskName(%q, %q) is %q, not %q", x[0], x[1], got, x[2])
		}
	}
}

// TestDataBound: of what a rule finds again and again on a host the block has the first, and counts them all.
func TestDataBound(t *testing.T) {
	r := fleet(2)
	host := r.Hosts[0].Name
	alike := r.Findings[0]
	alike.Host = host
	r.Findings, r.Causes[0].Findings = nil, nil
	for i := range maxIndexedAlike + 200 {
		f := alike
		f.ID, f.Summary = fmt.Sprintf("alike-%d", i), fmt.Sprintf("the %d. time", i)
		r.Findings = append(r.Findings, f)
		r.Causes[0].Findings = append(r.Causes[0].Findings, f.ID)
	}
	last := alike
	last.ID, last.Rule, last.Summary = "last", "another-rule", "something else"
	r.Findings = append(r.Findings, last)
	out := rendered(t, HTML, r)
	var v struct {
		S        []string
		Left     int `json:"findings_left"`
		Findings struct{ No, ID, Summary []int }
		Hosts    []struct{ Findings int }
	}
	if err := json.Unmarshal(unpacked(t, out), &v); err != nil {
		t.Fatal(err)
	}
	n := len(v.Findings.ID)
	if n != maxIndexedAlike+1 || v.Left != 200 || v.Hosts[0].Findings != maxIndexedAlike+201 {
		t.Errorf("%d findings are in the block and %d are left out; the host has %d", n, v.Left, v.Hosts[0].Findings)
	}
	if got := v.S[v.Findings.Summary[n-1]]; got != last.Summary || v.Findings.No[n-1] != maxIndexedAlike+201 {
		t.Errorf("the last is no. %d, %q", v.Findings.No[n-1], got)
	}
	causes := out[strings.Index(out, `id="causes"`):strings.Index(out, `id="findings"`)]
	if n := strings.Count(causes, "#/f/alike-"); n != maxItself || !strings.Contains(causes, fmt.Sprintf("and %d findings more", maxIndexedAlike+200-maxItself)) {
		t.Errorf("the cause names %d findings", n)
	}
}
