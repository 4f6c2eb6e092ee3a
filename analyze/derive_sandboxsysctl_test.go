package analyze

import (
	"context"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// TestExpectedSysctl goes through the releases that set more than those before them, and those that nobody has read.
func TestExpectedSysctl(t *testing.T) {
	var rows strings.Builder
	for _, key := range []string{"conntrack", "conn_reuse_mode", "expire_nodest_conn", "expire_quiescent_template", "sloppy_tcp"} {
		rows.WriteString(`{"netns":"2","key":"net.ipv4.vs.` + key + `","value":"0"}` + "\n")
	}
	tests := []struct{ version, forward, want string }{
		{"17.12.1-ce", "masq", "conntrack=1"},
		{"19.03.15", "masq", "conntrack=1 expire_nodest_conn=1"},
		{"20.10.24", "masq", "conn_reuse_mode=0 conntrack=1 expire_nodest_conn=1 expire_quiescent_template=1"},
		{"29.9.0", "masq", "conn_reuse_mode=0 conntrack=1 expire_nodest_conn=1 expire_quiescent_template=1"},
		{"29.9.0", "route", "conn_reuse_mode=0 expire_nodest_conn=1 expire_quiescent_template=1"},
		{"30.0.0", "masq", ""},
		{"dev", "masq", ""},
	}
	for _, test := range tests {
		h := &fixtureHost{
			name: "a", meta: schema.Meta{Format: schema.FormatVersion, CaptureID: "a", Host: "a"},
			files: map[string][]byte{
				"rows/netns.jsonl":            []byte(`{"netns":"2","kind":"lb","name":"lb_appnet000"}` + "\n"),
				"rows/engine.jsonl":           []byte(`{"version":"` + test.version + `"}` + "\n"),
				"rows/sysctl.jsonl":           []byte(rows.String()),
				"rows/ipvs_service.jsonl":     []byte(`{"netns":"2","family":"ipv4","fwmark":257,"scheduler":"rr","seen":"both"}` + "\n"),
				"rows/ipvs_destination.jsonl": []byte(`{"netns":"2","fwmark":257,"address":"10.0.1.6","port":0,"forward":"` + test.forward + `","weight":1,"seen":"both"}` + "\n"),
			},
		}
		h.complete()
		db, _, _ := loadHosts(t, []*fixtureHost{h}, computed())
		got, err := column(context.Background(), db.tx, "SELECT substr(key, 13) || '=' || want FROM expected_sysctl ORDER BY key")
		if err != nil {
			t.Fatal(err)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s, %s: got %q, want %q", test.version, test.forward, s, test.want)
		}
	}
}
