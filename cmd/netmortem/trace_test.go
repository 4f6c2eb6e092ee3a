package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze/path"
)

// TestTrace walks ways of real bundles by the names that a person would type.
func TestTrace(t *testing.T) {
	db := map[string]string{}
	for _, set := range []string{"healthy-every-collector", "incident-fdb-missing", "incident-two-marks"} {
		paths, err := filepath.Glob(filepath.Join(bundlesDir, set, "*.tar.zst"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no bundles of %s: %v", set, err)
		}
		db[set] = filepath.Join(t.TempDir(), "r.db")
		var out bytes.Buffer
		if run(context.Background(), append([]string{"analyze", "--quiet", "--db", db[set], "--format", "json", "-o", filepath.Join(t.TempDir(), "r.json")}, paths...), streams{&out, &out}) == codeFailed {
			t.Fatal(out.String())
		}
	}
	const healthy = "healthy-every-collector"
	for _, tt := range []struct {
		set, from, to string
		more          []string
		code          int
		says          string // on standard output, or on standard error with a code of usage
	}{
		{healthy, "client.node1", "vote:80", nil, codeOK, "client.node1 on node1 > vote: delivered, to each of 4 backends"},
		{healthy, "client.node1", "vote", nil, codeOK, "tcp port 80, network app, by vip"},
		{healthy, "vote.1", "db.node2:80", nil, codeOK, "vote.1 on node2 > db.node2: delivered"},
		{healthy, "vote.1", "tasks.vote:80", nil, codeOK, "delivered, to each of 3 backends"},
		{healthy, "vote.1", "rr", nil, codeOK, "delivered, to each of 4 backends"},
		{healthy, "10.20.1.3", "10.20.1.11:80", nil, codeOK, "client.node1 on node1 > 10.20.1.11: delivered"},
		{healthy, "client.node1", "vote", []string{"--network", "back"}, codeOK, "network back, by vip"},
		{healthy, "node1:netns:acc03c92ad9a", "vote:80", nil, codeOK, "delivered"},
		{healthy, "outside", "vote:8080", nil, codeOK, "the outside > vote, port 8080 of node1: delivered, to each of 4 backends"},
		{healthy, "outside", "node2:8080", nil, codeOK, "port 8080 of node2: delivered"},
		{healthy, "node1", "node2:8080", nil, codeOK, "node1 > vote, port 8080 of node2: delivered"},
		{healthy, "client.node1", "outside", nil, codeOK, "client.node1 on node1 > the outside: delivered"},
		{healthy, "client.node1", "vote:81", nil, codeFindings, "nothing listens there"},
		{healthy, "client.node1", "vote:80", []string{"--proto", "udp"}, codeFindings, "udp"},
		{"incident-fdb-missing", "client.node2", "rr", nil, codeFindings, "1 of 4 backends are not reached"},
		{"incident-fdb-missing", "client.node2", "rr.2", nil, codeFindings, "fdb:node2/1-0p6j1rxpv0/02:42:0a:14:01:08"},
		{"incident-fdb-missing", "client.node1", "vote:80", nil, codePartial, "the sockets of the sandbox were not captured whole"},
		{"incident-two-marks", "client.node2", "vote:80", nil, codeFindings, "mark 258, which leads to those of client"},
		{healthy, "client", "vote", nil, codeUsage, "--from client is ambiguous; say which: client.node1, client.node2"},
		{healthy, "client.node1", "vot:80", nil, codeUsage, "did you mean vote?"},
		{healthy, "client.node1", "vote:http", nil, codeUsage, `"http" is no port`},
		{healthy, "rr.1", "db", nil, codeUsage, "rr.1 and db share no overlay network"},
		{healthy, "outside", "vote:1", nil, codeUsage, "no service publishes tcp port 1"},
	} {
		t.Run(tt.set+" "+tt.from+" "+tt.to, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append([]string{"trace", "--db", db[tt.set], "--from", tt.from, "--to", tt.to}, tt.more...)
			code := run(context.Background(), args, streams{&out, &errs})
			said := out.String()
			if tt.code == codeUsage {
				said = errs.String()
			}
			if code != tt.code || !strings.Contains(said, tt.says) {
				t.Errorf("code %d, want %d; want %q in\n%s%s", code, tt.code, tt.says, out.String(), errs.String())
			}
			if tt.code == codeUsage {
				return
			}
			var j bytes.Buffer
			run(context.Background(), append(args, "--format", "json"), streams{&j, &errs})
			var tr path.Trace
			if err := json.Unmarshal(j.Bytes(), &tr); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), tr.Summary) || len(tr.Common)+len(tr.Ways) == 0 {
				t.Errorf("JSON says something else: %s", tr.Summary)
			}
		})
	}
}
