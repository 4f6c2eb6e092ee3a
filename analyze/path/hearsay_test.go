package path_test

import (
	"strings"
	"testing"
)

// TestHearsay lets one sandbox speak for another of names that only the first was asked for. client.node1 is on app and back,
// and so are the tasks of vote; those of rr and db are on one of them.
func TestHearsay(t *testing.T) {
	b := analyzed(t, "healthy-every-collector")
	const (
		all    = "client.node1 > vote delivered; client.node1 > rr delivered; client.node1 > db delivered"
		client = "4026532864"
	)
	cut := []string{"DELETE FROM captured WHERE tbl IN ('dns_query', 'dns_answer')"}
	forget := func(where string) []string {
		return []string{"DELETE FROM dns_query WHERE host = 'node1' AND " + where, "DELETE FROM dns_rrset WHERE host = 'node1' AND " + where}
	}
	twin := "netns IN ('4026532733', '4026532798', '" + client + "')" // all that are on both
	for _, tt := range []struct {
		name   string
		change []string
		want   string
	}{
		{"all asked", cut, all},
		{"others on the same networks were asked", append(forget("netns = '"+client+"'"), cut...), all},
		{"one name was not asked of it", append(forget("netns = '"+client+"' AND name = 'rr'"), cut...), all},
		{"nobody on the same networks was asked for one name", append(forget("name = 'rr' AND "+twin), cut...), strings.Replace(all, "rr delivered", "rr cannot tell", 1)},
		{"nobody on the same networks was asked", append(forget(twin), cut...), strings.ReplaceAll(all, "delivered", "cannot tell")},
		{"others were answered wrongly", append(append(forget("netns = '"+client+"'"), "UPDATE dns_rrset SET addresses = json_array('10.20.1.200') WHERE host = 'node1' AND name = 'rr'"), cut...), strings.Replace(all, "rr delivered", "rr dropped", 1)},
		{"its own answer is what counts", append([]string{"UPDATE dns_rrset SET addresses = json_array('10.20.1.200') WHERE host = 'node1' AND name = 'rr' AND netns <> '" + client + "'"}, cut...), all},
		{"it is on another network beside", append(append(forget("netns = '"+client+"'"),
			`INSERT INTO link (host, line, netns, ifindex, name, kind, flags, mtu) SELECT host, 99999, netns, 999, 'eth9', 'veth', 'up', 1500 FROM netns WHERE host = 'node1' AND netns = '`+client+"'"), cut...),
			strings.ReplaceAll(all, "delivered", "cannot tell")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := b.judge(t, tt.change...)
			var got []string
			for _, server := range []string{"vote", "rr", "db"} {
				verdict := "?"
				for _, p := range j.Pairs {
					if p.Client == "client.node1" && p.Server == server && (p.Via == "vip" && p.Network == "app" || p.Via == "dnsrr") {
						verdict = p.Verdict
					}
				}
				got = append(got, "client.node1 > "+server+" "+verdict)
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("got %s\nwant %s", s, tt.want)
				for _, s := range j.Segments {
					t.Logf("%s: %s on %s at %s %s: %s (%s)", s.Hop.Verdict, s.Kind, s.Host, s.Hop.Step, s.Hop.Place, s.Hop.Why, s.Hop.Subject)
				}
			}
		})
	}
}
