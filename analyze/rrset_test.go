package analyze

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// loadAnswers loads a host whose dns_answer has these lines.
func loadAnswers(t *testing.T, rows []string) *database {
	h := &fixtureHost{name: "a", files: map[string][]byte{"rows/dns_answer.jsonl": []byte(strings.Join(rows, "\n") + "\n")}}
	h.meta.Host, h.meta.CaptureID, h.meta.Format = "a", "a", 1
	h.complete()
	db, _, _ := loadHosts(t, []*fixtureHost{h}, computed())
	return db
}

// answersOf are the rows of dns_answer as the lines that they were loaded from.
func answersOf(t *testing.T, db *database) []string {
	t.Helper()
	tab := schema.TableByName("dns_answer")
	var keys []string
	for _, c := range tab.Columns {
		keys = append(keys, c.Name)
	}
	var out []string
	var host, ref string
	var line int64
	v := make([]any, len(keys))
	into := []any{&host, &line, &ref}
	for i := range v {
		into = append(into, &v[i])
	}
	err := eachOf(t.Context(), db.tx, "SELECT host, line, ref, "+strings.Join(keys, ", ")+" FROM dns_answer ORDER BY line", into, func() {
		if want := fmt.Sprintf("a/rows/dns_answer.jsonl:%d", line); host != "a" || ref != want || line != int64(len(out)+1) {
			t.Errorf("row %d: host %s, line %d, ref %s", len(out)+1, host, line, ref)
		}
		var parts []string
		for i, k := range keys {
			if v[i] == nil {
				continue
			}
			value, _ := json.Marshal(v[i])
			if k == "tasks" {
				value = fmt.Append(nil, v[i] == int64(1))
			}
			parts = append(parts, fmt.Sprintf("%q:%s", k, value))
		}
		out = append(out, "{"+strings.Join(parts, ",")+"}")
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRRsets checks which records become one row, and that dns_answer has all of them as they were.
func TestRRsets(t *testing.T) {
	answer := func(name, rest string) string {
		return `{"netns":"1","container":"c","name":"` + name + `","service":"s","tasks":true,"qtype":"A","attempt":1,` + rest + `}`
	}
	a := func(pos int, ip string) string {
		return answer("web", fmt.Sprintf(`"pos":%d,"rtype":"A","address":"%s","ttl_s":600`, pos, ip))
	}
	var long []string
	for i := range maxRRset + 2 {
		long = append(long, a(i+1, fmt.Sprintf("10.0.%d.%d", i/256, i%256)))
	}
	for _, c := range []struct {
		name string
		rows []string
		sets int
	}{
		{"one", []string{a(1, "10.0.0.1")}, 1},
		{"some", []string{a(1, "10.0.0.2"), a(2, "10.0.0.1"), a(3, "10.0.0.2")}, 1},
		{"the next message", []string{a(1, "10.0.0.2"), a(2, "10.0.0.1"), a(1, "10.0.0.2")}, 2},
		{"another name", []string{a(1, "10.0.0.2"), strings.Replace(a(2, "10.0.0.1"), "web", "db", 1)}, 2},
		{"another namespace", []string{a(1, "10.0.0.2"), strings.Replace(a(2, "10.0.0.1"), `"1"`, `"2"`, 1)}, 2},
		{"another attempt", []string{a(1, "10.0.0.2"), strings.Replace(a(2, "10.0.0.1"), `"attempt":1`, `"attempt":2`, 1)}, 2},
		{"another time to live", []string{a(1, "10.0.0.2"), strings.Replace(a(2, "10.0.0.1"), "600", "60", 1)}, 2},
		{"a gap", []string{a(1, "10.0.0.2"), a(3, "10.0.0.1")}, 2},
		{"no place", []string{answer("web", `"rtype":"A","address":"10.0.0.1"`), answer("web", `"rtype":"A","address":"10.0.0.2"`)}, 2},
		{"an alias", []string{answer("web", `"pos":1,"rtype":"CNAME","target":"x","ttl_s":600`), answer("web", `"pos":2,"rtype":"CNAME","target":"x","ttl_s":600`), a(3, "10.0.0.1"), a(4, "10.0.0.2")}, 3},
		{"hostile text", []string{a(1, `\"],[\\`), a(2, `a\u0001\n`), a(3, "ü<&>"), a(4, "")}, 1},
		{"more than a message holds", long, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := loadAnswers(t, c.rows)
			got := answersOf(t, db)
			for i := range c.rows {
				if want, have := canonical(t, c.rows[i]), canonical(t, got[min(i, len(got)-1)]); want != have {
					t.Fatalf("row %d is %s, want %s", i+1, have, want)
				}
			}
			var sets int
			if err := db.tx.QueryRow("SELECT count(*) FROM dns_rrset").Scan(&sets); err != nil || sets != c.sets || len(got) != len(c.rows) {
				t.Errorf("%d rows in %d sets, want %d in %d; %v", len(got), sets, len(c.rows), c.sets, err)
			}
		})
	}
}

// TestRRsetsRandom loads rows that differ from the one before in any column or none.
func TestRRsetsRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	row := map[string]string{}
	keys := []string{"netns", "container", "name", "service", "tasks", "qtype", "attempt", "pos", "rtype", "address", "target", "ttl_s"}
	values := map[string][]string{
		"netns": {`"1"`, `"2"`}, "container": {`"c"`, `"d"`, ""}, "name": {`"web"`, `"db"`}, "service": {`"s"`, ""}, "tasks": {"true", "false", ""}, "qtype": {`"A"`, `"AAAA"`},
		"attempt": {"1", "2", ""}, "pos": {"1", "5", ""}, "rtype": {`"A"`, `"CNAME"`}, "address": {`"10.0.0.1"`, `"fd00::1"`, `"a\"b"`, ""}, "target": {`"x"`, "", ""}, "ttl_s": {"600", "60"},
	}
	var rows []string
	for range 5000 {
		if pos := row["pos"]; pos != "" && r.IntN(8) > 0 {
			row["pos"] = fmt.Sprint(pos[0]-'0'+1) + pos[1:]
			if len(row["pos"]) > 1 {
				row["pos"] = "1"
			}
			if row["address"] != "" {
				row["address"] = pick(`"10.0.0.1"`, `"10.0.0.2"`, `"10.0.0.3"`)
			}
		} else {
			k := pick(keys...)
			row[k] = pick(values[k]...)
		}
		var parts []string
		for _, k := range keys {
			if row[k] != "" {
				parts = append(parts, fmt.Sprintf("%q:%s", k, row[k]))
			}
		}
		rows = append(rows, "{"+strings.Join(parts, ",")+"}")
	}
	db := loadAnswers(t, rows)
	if got := answersOf(t, db); !slices.EqualFunc(rows, got, func(x, y string) bool { return canonical(t, x) == canonical(t, y) }) {
		t.Errorf("of %d rows %d came back, or they differ", len(rows), len(got))
	}
	var sets int
	if err := db.tx.QueryRow("SELECT count(*) FROM dns_rrset").Scan(&sets); err != nil || sets > len(rows)*2/3 {
		t.Errorf("%d rows in %d sets: hardly one was joined; %v", len(rows), sets, err)
	}
}

// canonical is a JSON object with its keys in order.
func canonical(t *testing.T, s string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
