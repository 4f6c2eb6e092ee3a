package analyze

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

func TestMACOf(t *testing.T) {
	if got := macOf(netip.MustParseAddr("10.0.1.194")); got != "02:42:0a:00:01:c2" {
		t.Errorf("MAC of 10.0.1.194: %s", got)
	}
}

// TestHostEra tells engines apart by their versions, and by their namespaces where the version is no number.
func TestHostEra(t *testing.T) {
	const (
		lb        = `{"netns":"2","kind":"lb","name":"lb_appnet000","network":"appnet000"}`
		container = `{"netns":"3","kind":"container","name":"0123456789ab"}`
		inside    = `{"netns":"3","family":"ipv4","fwmark":257,"scheduler":"rr","seen":"both"}`
	)
	tests := []struct{ version, netns, ipvs, want string }{
		{"20.10.24+dfsg1", "", "", "lb"},
		{"18.09.0", "", "", "lb"},
		{"18.06.3-ce", "", "", "container"},
		{"17.12.1-ce", "", "", "container"},
		{"1.12.6", "", "", "container"},
		{"29.1.3", "", "", "lb"},
		{"1.11.2", "", "", ""}, // no swarm mode
		{"dev", "", "", ""},
		{"dev", lb, "", "lb"},
		{"17a5d3f", "", "", ""}, // a commit
		{"17a5d3f", lb, "", "lb"},
		{"dev", container, inside, "container"},
		{"dev", lb + "\n" + container, inside, "lb"},
		{"", lb, "", "lb"},
		{"", "", "", ""},
	}
	for _, tt := range tests {
		h := &fixtureHost{name: "a", files: map[string][]byte{}, meta: schema.Meta{Format: schema.FormatVersion, CaptureID: "a", Host: "a"}}
		if tt.version != "" {
			h.files["rows/engine.jsonl"] = fmt.Appendf(nil, `{"version":%q}`+"\n", tt.version)
		}
		h.files["rows/netns.jsonl"] = []byte(tt.netns + "\n")
		h.files["rows/ipvs_service.jsonl"] = []byte(tt.ipvs + "\n")
		h.complete()
		db, _, _ := loadHosts(t, []*fixtureHost{h}, computed())
		got, err := column(context.Background(), db.tx, "SELECT era FROM host_era")
		if err != nil {
			t.Fatal(err)
		}
		if s := fmt.Sprint(got); s != fmt.Sprint([]string{tt.want}) && !(tt.want == "" && len(got) == 0) {
			t.Errorf("version %q, namespaces %s: %s; want %q", tt.version, tt.netns, s, tt.want)
		}
	}
}
