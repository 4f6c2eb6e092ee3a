package main

import (
	"database/sql"
	"os/exec"
	"path/filepath"
	"testing"
)

// labEvidence are tests of what a capture of the healthy swarm holds, by area. Each leaves the swarm as it was.
var labEvidence = []struct {
	name string
	test func(*lab, *testing.T)
}{
	{"sockets", (*lab).testSockets},
	{"connection", (*lab).testConnections},
	{"event", (*lab).testEvents},
	{"container", (*lab).testContainer},
	{"process", (*lab).testProcesses},
	{"strace", (*lab).testStrace},
	{"cores", (*lab).testCores},
	{"host", (*lab).testHostFacts},
	{"docker", (*lab).testDocker},
	{"discreet", (*lab).testDiscreet},
}

// database captures every host, loads the bundles, and returns the database. flags are of capture.
func (l *lab) database(t *testing.T, flags string) *sql.DB {
	t.Helper()
	return l.loaded(t, l.bundlesOf(t, flags))
}

// loaded loads bundles into a database.
func (l *lab) loaded(t *testing.T, bundles []string) *sql.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.db")
	cmd := exec.Command(l.analyze, append([]string{"analyze", "-q", "-o", filepath.Join(t.TempDir(), "report.html"), "--db", path}, bundles...)...)
	out, _ := cmd.CombinedOutput() // the exit code is another test's
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro&immutable=1")
	if err == nil {
		err = db.Ping()
	}
	if err != nil {
		t.Fatalf("open the database of %d bundles: %v\n%s", len(bundles), err, out)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// texts returns the first column of what a query selects.
func texts(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s sql.NullString
		if err := rows.Scan(&s); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		list = append(list, s.String)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}
