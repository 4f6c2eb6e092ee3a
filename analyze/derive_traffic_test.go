package analyze

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestTraffic adds what a fixture below testdata/traffic says to the healthy swarm of two hosts, and compares what the tables of traffic
// make of it. A column that is NULL or zero is not printed.
func TestTraffic(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "traffic", "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixture below testdata/traffic: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			f := trafficFixture(t, path)
			db, _, _ := loadHosts(t, f.hosts, trafficTables(t))
			f.check(t, printTraffic(t, db))
		})
	}
}

// trafficFixture is the healthy swarm with the rows of a fixture. Rows join those that are there; rows/host.jsonl takes their place.
func trafficFixture(t testing.TB, path string) *fixture {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := readFixture(t, filepath.Join("..", "testdata", "scenarios", "healthy.txtar"))
	f.path, f.ar = path, txtar.Parse(data)
	coverage := map[*fixtureHost][]byte{}
	for _, file := range f.ar.Files {
		host, name, ok := strings.Cut(file.Name, "/")
		if !ok {
			continue
		}
		i := slices.IndexFunc(f.hosts, func(h *fixtureHost) bool { return h.name == host })
		switch h := f.hosts[i]; name {
		case "rows/coverage.jsonl":
			coverage[h] = file.Data
		case "rows/host.jsonl":
			h.files[name] = file.Data
		default:
			h.files[name] = slices.Concat(h.files[name], file.Data)
		}
	}
	for _, h := range f.hosts {
		delete(h.files, "rows/coverage.jsonl")
		h.complete()
		h.files["rows/coverage.jsonl"] = append(h.files["rows/coverage.jsonl"], coverage[h]...)
	}
	return f
}

// trafficTables are the tables of traffic and all that they are made of.
func trafficTables(t testing.TB) []*Derived {
	t.Helper()
	all := computed()
	db, err := create(context.Background(), "", all)
	if err != nil {
		t.Skip(err)
	}
	defer db.discard()
	needed := map[string]bool{}
	for _, d := range []*Derived{&trafficFlow, &serviceQueue, &serviceTCP, &traffic, &trafficHost, &dnsFailure} {
		needed[d.Name] = true
	}
	for i := len(all) - 1; i >= 0; i-- {
		d := all[i]
		if !needed[d.Name] {
			continue
		}
		reads := d.Reads
		if d.Query != "" {
			if reads, err = db.reads(context.Background(), d.Query); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range reads {
			needed[r] = true
		}
	}
	return slices.DeleteFunc(all, func(d *Derived) bool { return !needed[d.Name] })
}

// printTraffic prints the tables, a row a line.
func printTraffic(t testing.TB, db *database) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []struct{ table, which string }{
		{"traffic", "1"}, {"traffic_flow", "unplaced IS NOT NULL"}, {"traffic_host", "1"}, {"service_queue", "verdict <> 'ok' OR full_once > 0"}, {"service_tcp", "connects > 0 OR accepts > 0"}, {"dns_failure", "1"},
	} {
		for _, row := range rowsOf(t, db, "SELECT * FROM "+q.table+" WHERE "+q.which) {
			b.WriteString(q.table)
			for _, c := range row {
				fmt.Fprintf(&b, " %s=%s", c[0], c[1])
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// rowsOf returns names and values of the columns that are neither NULL nor zero nor empty.
func rowsOf(t testing.TB, db *database, query string) [][][2]string {
	t.Helper()
	rows, err := db.tx.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][][2]string
	for rows.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var row [][2]string
		for i, v := range values {
			if s := fmt.Sprint(v); v != nil && s != "0" && s != "" {
				row = append(row, [2]string{names[i], s})
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// badTraffic is each server and port that some client's traffic is called bad at. The word may change: without the queue that tells why,
// a client just has no answer.
func badTraffic(t *testing.T, db *database) map[string]bool {
	t.Helper()
	return lines(t, db.tx, "SELECT DISTINCT server || ':' || port FROM traffic WHERE quality NOT IN ('ok', 'unknown')")
}

// TestBlindTraffic takes sources away from each fixture: what is not known never makes traffic bad, nor more connections.
func TestBlindTraffic(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "testdata", "traffic", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	derived := trafficTables(t)
	sources := []string{"socket", "socket_group", "ipvs_connection", "conntrack_entry", "snmp_counter", "netstat_counter", "cgroup_stat", "process"}
	bad := 0
	for _, path := range paths {
		f := trafficFixture(t, path)
		db, _, _ := loadHosts(t, f.hosts, derived)
		before, most := badTraffic(t, db), connections(t, db)
		if len(before) == 0 {
			continue
		}
		bad += len(before)
		reads := slices.DeleteFunc(slices.Clone(sources), func(table string) bool {
			return !slices.ContainsFunc(f.hosts, func(h *fixtureHost) bool { return h.files["rows/"+table+".jsonl"] != nil })
		})
		for _, b := range blindings(&question{reads: reads}, &fixture{hosts: f.hosts}) {
			db, _, _ := loadHosts(t, b.hosts, derived)
			for s := range badTraffic(t, db) {
				if !before[s] {
					t.Errorf("%s without %s: %s", filepath.Base(path), b.what, s)
				}
			}
			if n := connections(t, db); n > most {
				t.Errorf("%s without %s: %d connections, %d with it", filepath.Base(path), b.what, n, most)
			}
		}
	}
	if bad == 0 {
		t.Error("no fixture has bad traffic")
	}
}

func connections(t testing.TB, db *database) (n int64) {
	t.Helper()
	if err := db.tx.QueryRowContext(context.Background(), "SELECT COALESCE(SUM(connections), 0) FROM traffic").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTrafficBounds holds the bounds against the rules that judge the same: their SQL has them in words of its own.
func TestTrafficBounds(t *testing.T) {
	for id, words := range map[string][]string{
		"tcp-retrans-high":  {fmt.Sprintf("m.again * %d >= m.sent", lossShare)},
		"listen-overflow":   {fmt.Sprintf("g.overflows >= %d AND g.overflows * %d >= r.last_s - r.first_s", overflowLeast, overflowSeconds), strings.ReplaceAll(fullListener, "s.", "")},
		"udp-buffer-errors": {fmt.Sprintf("m.lost >= %d AND m.lost >= r.last_s - r.first_s AND m.lost * %d >= m.delivered", udpLostLeast, udpLostShare)},
	} {
		data, err := os.ReadFile(filepath.Join("rules", id+".sql"))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if !strings.Contains(string(data), w) {
				t.Errorf("%s does not say %q", id, w)
			}
		}
	}
}
