package analyze

import (
	"context"
	"maps"
	"regexp"
	"strings"
	"testing"
)

// scansAgain are those that stay small, with the reason.
var scansAgain = map[string]string{
	"expected_filter_accept":         "two rows that the query itself holds",
	"expected_port":                  "engine layouts of one row a host, for each published port: both are few",
	"published_port":                 "two rows that the query itself holds",
	"clock-skew":                     "one row that counts the others",
	"config-skew":                    "a list of settings, and one row that counts hosts",
	"dns-alias-stale":                "for an alias that a stopped container had and no service has",
	"dns-rr-rfc3484-skew":            "for each finding",
	"dns-truncation":                 "for each name whose answer was cut short",
	"encrypted-match-module-missing": "hosts of encrypted networks, by hosts",
	"engine-version-skew":            "one row of oldest and newest",
	"firewall-reload-wiped":          "two rows that the query itself holds",
	"ingress-port-multiple-marks":    "for each port with two marks",
	"ingress-sandbox-missing":        "one row that counts ports; for each finding",
	"ip-duplicate":                   "one row that names a manager; for each address with two owners",
	"ipam-exhausted":                 "one row that names a manager",
	"ipam-leak":                      "one row of the log",
	"iptables-backend-mixed":         "hosts that have rules in one flavour, by those in the other",
	"iptables-version-skew":          "a row for each of two flavours",
	"ipvs-module-missing":            "rows that the query itself holds",
	"kernel-config":                  "for each option that a kernel lacks",
	"kernel-skew":                    "one row of oldest and newest",
	"live-restore-with-swarm":        "for each host that sets live-restore",
	"nic-tx-checksum-offload":        "one row of totals",
	"syncookies":                     "for each finding",
	"vip-multiple-marks":             "for each finding",
}

// TestPlans reads how SQLite answers every rule and every derived query: a table that is scanned again for each row of another
// makes the cost grow with the square of the hosts. Join on keys, or give the derived table an index; SQLite makes one by itself
// for a join, never for a correlated subquery.
func TestPlans(t *testing.T) {
	db, _, _ := loadHosts(t, nil, computed())
	unused := maps.Clone(scansAgain)
	judge := func(name, query string) {
		complaints := db.quadratic(t, query)
		if len(complaints) == 0 {
			return
		}
		if _, ok := scansAgain[name]; !ok {
			t.Errorf("%s: %s", name, strings.Join(complaints, "; "))
		}
		delete(unused, name)
	}
	for _, d := range computed() {
		if d.Query != "" {
			judge(d.Name, d.Query)
		}
	}
	for _, r := range shippedRules(t) {
		judge(r.ID, r.Query)
	}
	for name := range unused {
		t.Errorf("%s scans nothing again: take it from the list", name)
	}
}

// TestPlansNotice checks the test itself.
func TestPlansNotice(t *testing.T) {
	db, _, _ := loadHosts(t, nil, computed())
	for _, tt := range []struct {
		query string
		bad   bool
	}{
		{"SELECT l.host FROM link AS l", false},
		{"SELECT l.host FROM link AS l JOIN fdb AS f ON f.host = l.host AND f.netns = l.netns", false},
		{"SELECT l.host FROM link AS l JOIN fdb AS f ON f.mac > l.mac", true},
		{"SELECT l.host FROM link AS l WHERE NOT EXISTS (SELECT 1 FROM fdb AS f WHERE f.host = l.host)", true},
		{"SELECT l.host FROM link AS l WHERE NOT EXISTS (SELECT 1 FROM vxlan_fdb AS f WHERE f.host = l.host AND f.netns = l.netns AND f.mac = l.mac)", false},
		{"SELECT host FROM link UNION ALL SELECT host FROM fdb", false},
	} {
		if got := db.quadratic(t, tt.query); (len(got) > 0) != tt.bad {
			t.Errorf("%s: %q", tt.query, got)
		}
	}
}

var fixedIndex = regexp.MustCompile(`AUTOMATIC PARTIAL COVERING INDEX \(((tbl|kind|class|name|running|gone|mode|seen|state|role|driver|outcome|place|copies|source|entry)=\?( AND )?)+\)`)

// quadratic names what a query's plan scans once for each row of something else.
func (db *database) quadratic(tb testing.TB, query string, args ...any) (complaints []string) {
	tb.Helper()
	rows, err := db.tx.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	detail := map[int]string{}
	loop := map[int]string{} // what the loops of one level scan first
	for rows.Next() {
		var id, parent, unused int
		var what string
		if err := rows.Scan(&id, &parent, &unused, &what); err != nil {
			tb.Fatal(err)
		}
		detail[id] = what
		// An index over what the query fixes anyway, the table's name or the namespace's kind, leaves a row for every host.
		// A virtual table is what one value holds, as json_each.
		again := strings.HasPrefix(what, "SCAN ") && what != "SCAN CONSTANT ROW" && !strings.Contains(what, " VIRTUAL TABLE ") || fixedIndex.MatchString(what) && loop[parent] != ""
		if !again {
			if strings.HasPrefix(what, "SEARCH ") && loop[parent] == "" {
				loop[parent] = what
			}
			continue
		}
		switch {
		case strings.HasPrefix(detail[parent], "CORRELATED "):
			complaints = append(complaints, what+" for each row outside of it")
		case loop[parent] != "":
			complaints = append(complaints, what+" for each row of "+loop[parent])
		}
		loop[parent] = what
	}
	return complaints
}
