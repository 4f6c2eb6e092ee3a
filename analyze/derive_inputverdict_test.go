package analyze

import (
	"net/netip"
	"testing"
)

func TestInputWalk(t *testing.T) {
	from := netip.MustParseAddr("192.0.2.12")
	gossip := inputPacket{"tcp", 7946, "gossip", from, "eth0"}
	rule := func(chain, target string, set ...func(*inputRule)) inputRule {
		r := inputRule{chain: chain, target: target, dportMin: -1, dportMax: -1, sport: -1}
		for _, f := range set {
			f(&r)
		}
		return r
	}
	port := func(n int64) func(*inputRule) {
		return func(r *inputRule) { r.proto, r.dportMin, r.dportMax = "tcp", n, n }
	}
	src := func(s string) func(*inputRule) { return func(r *inputRule) { r.src = s } }
	inverted := func(s string) func(*inputRule) { return func(r *inputRule) { r.inverted = s } }
	unknown := func(r *inputRule) { r.unmodelled = "set.4=01" }
	state := func(s string) func(*inputRule) { return func(r *inputRule) { r.ctstate = s } }
	in := func(s string) func(*inputRule) { return func(r *inputRule) { r.in = s } }
	for _, c := range []struct {
		name  string
		rules []inputRule
		want  walked
	}{
		{"nothing", nil, walkedOut},
		{"loopback and answers only", []inputRule{rule("INPUT", "ACCEPT", in("lo")), rule("INPUT", "ACCEPT", state("RELATED,ESTABLISHED")), rule("INPUT", "DROP")}, dropped},
		{"the port", []inputRule{rule("INPUT", "ACCEPT", port(7946)), rule("INPUT", "DROP")}, accepted},
		{"another port", []inputRule{rule("INPUT", "ACCEPT", port(22)), rule("INPUT", "REJECT")}, dropped},
		{"other addresses", []inputRule{rule("INPUT", "ACCEPT", src("198.51.100.0/24")), rule("INPUT", "DROP")}, dropped},
		{"all but these addresses", []inputRule{rule("INPUT", "DROP", src("192.0.2.0/24"), inverted("src"))}, walkedOut},
		{"all but others", []inputRule{rule("INPUT", "DROP", src("198.51.100.0/24"), inverted("src"))}, dropped},
		{"an accept that may match", []inputRule{rule("INPUT", "ACCEPT", unknown), rule("INPUT", "DROP")}, accepted},
		{"a drop that may match", []inputRule{rule("INPUT", "DROP", unknown)}, walkedOut},
		{"a chain that accepts", []inputRule{rule("INPUT", "zone"), rule("INPUT", "DROP"), rule("zone", "ACCEPT", port(7946))}, accepted},
		{"a chain that returns before", []inputRule{rule("INPUT", "zone"), rule("INPUT", "DROP"), rule("zone", "RETURN"), rule("zone", "ACCEPT")}, dropped},
		{"a chain that may return before it drops", []inputRule{rule("INPUT", "zone"), rule("INPUT", "ACCEPT"), rule("zone", "RETURN", unknown), rule("zone", "DROP")}, accepted},
		{"a chain that is asked only perhaps", []inputRule{rule("INPUT", "zone", unknown), rule("INPUT", "ACCEPT"), rule("zone", "DROP")}, accepted},
		{"itself", []inputRule{rule("INPUT", "zone"), rule("zone", "zone")}, accepted},
	} {
		chains := map[string][]inputRule{}
		for _, r := range c.rules {
			chains[r.chain] = append(chains[r.chain], r)
		}
		w := inputWalk{chains: chains, packet: gossip}
		if got := w.run("INPUT", 0); got != c.want {
			t.Errorf("%s: ends as %d, want %d", c.name, got, c.want)
		}
	}
	for _, c := range []struct {
		in   string
		want matching
	}{{"eth0", surely}, {"eth+", surely}, {"eth1", never}, {"lo", never}, {"docker0", never}} {
		r := rule("INPUT", "ACCEPT", in(c.in))
		if got := r.match(gossip); got != c.want {
			t.Errorf("-i %s: %d, want %d", c.in, got, c.want)
		}
	}
}

func TestLookUp(t *testing.T) {
	routes := []bestRoute{
		{netip.MustParsePrefix("0.0.0.0/0"), 100, "eth1", "default"},
		{netip.MustParsePrefix("192.0.2.0/24"), 0, "eth0", "connected"},
		{netip.MustParsePrefix("192.0.2.0/25"), 50, "tun0", "worse"},
		{netip.MustParsePrefix("192.0.2.0/25"), 10, "tun1", "better"},
		{netip.MustParsePrefix("192.0.2.0/25"), 10, "eth0", "equal"},
	}
	for _, c := range []struct{ to, dev, want string }{
		{"192.0.2.200", "eth0", "connected"}, {"203.0.113.1", "eth0", "default"}, {"192.0.2.5", "eth0", "equal"}, {"192.0.2.5", "eth7", "better"},
	} {
		if got, ok := lookUp(routes, netip.MustParseAddr(c.to), c.dev); !ok || got.ref != c.want {
			t.Errorf("%s from %s: %s, want %s", c.to, c.dev, got.ref, c.want)
		}
	}
}
