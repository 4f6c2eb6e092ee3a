package nftables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/capture/xtables"
)

// fixture is what a kernel answered to the dumps, and what the tools printed of the same.
type fixture struct {
	name                string
	chains, rules, sets [][]byte
	save, list          string // iptables-nft-save -c, or the chains and rules of nft list ruleset
}

// fixtures reads testdata/*.txtar. They come from 64-bit little-endian hosts.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 || unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the fixtures are those of little-endian hosts of 64 bits")
	}
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var all []fixture
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := fixture{name: filepath.Base(path)}
		for _, file := range ar.Files {
			switch file.Name {
			case "chains":
				f.chains = messages(t, file.Data)
			case "rules":
				f.rules = messages(t, file.Data)
			case "sets":
				f.sets = messages(t, file.Data)
			case "save":
				f.save = string(file.Data)
			case "list":
				f.list = string(file.Data)
			}
		}
		all = append(all, f)
	}
	return all
}

func messages(t testing.TB, text []byte) [][]byte {
	var out [][]byte
	for line := range strings.Lines(string(text)) {
		b, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

func (f *fixture) ruleset(t testing.TB) *Ruleset {
	rs := &Ruleset{}
	for _, b := range f.chains {
		c, err := ParseChain(b)
		if err != nil {
			t.Fatal(err)
		}
		rs.Chains = append(rs.Chains, c)
	}
	for _, b := range f.rules {
		r, err := ParseRule(b)
		if err != nil {
			t.Fatal(err)
		}
		rs.Rules = append(rs.Rules, r)
	}
	return rs
}

// noDecoder are the extensions in the fixtures that are not understood.
var noDecoder = []string{"hashlimit", "time", "string", "devgroup"}

// TestIPTables holds the rules that iptables-nft programmed against what iptables-nft-save prints, each table in its
// order.
func TestIPTables(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.save == "" {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			want := map[string][]string{}
			table := ""
			for line := range strings.Lines(f.save) {
				switch line = strings.TrimSpace(line); {
				case strings.HasPrefix(line, "*"):
					table = line[1:]
				case strings.HasPrefix(line, "["):
					want[table] = append(want[table], line)
				}
			}
			for _, tab := range f.ruleset(t).IPTables() {
				var got []string
				for _, c := range tab.Chains {
					for _, r := range c.Rules {
						got = append(got, fmt.Sprintf("[%d:%d] %s", r.Packets, r.Bytes, r.Row(c.Name, nil).Spec))
					}
				}
				slices.SortStableFunc(got, byChain)
				slices.SortStableFunc(want[tab.Name], byChain)
				compare(t, tab.Name, got, want[tab.Name])
				delete(want, tab.Name)
			}
			for name, lines := range want {
				if len(lines) > 0 {
					t.Errorf("table %s was not recognized", name)
				}
			}
		})
	}
}

func byChain(a, b string) int { return strings.Compare(strings.Fields(a)[2], strings.Fields(b)[2]) }

func compare(t *testing.T, table string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("table %s: %d rules, want %d", table, len(got), len(want))
	}
	for i := range want {
		head, tail, opaque := strings.Cut(got[i], " [unmodelled ")
		name, _, _ := strings.Cut(tail, ".")
		if got[i] != want[i] && !(opaque && slices.Contains(noDecoder, name) && strings.HasPrefix(want[i], head+" ")) {
			t.Errorf("table %s\n got %s\nwant %s", table, got[i], want[i])
		}
	}
}

// anonymous sets have numbers that change from load to load.
var anonymous = regexp.MustCompile(`@__(set|map)\d+`)

// TestText holds chains and rules against nft list ruleset.
func TestText(t *testing.T) {
	for _, f := range fixtures(t) {
		if f.list == "" {
			continue
		}
		var got []string
		rs := f.ruleset(t)
		for _, c := range rs.Chains {
			r := c.Row
			got = append(got, strings.Join([]string{r.Family, r.Tbl, r.Chain, r.Type, r.Hook, r.Policy}, " "))
			for _, r := range rs.Rules {
				if r.Family == c.Family && r.Table == c.Row.Tbl && r.Chain == c.Row.Chain {
					got = append(got, anonymous.ReplaceAllString(r.Text(), "{}"))
				}
			}
		}
		if want := strings.Split(strings.TrimSuffix(f.list, "\n"), "\n"); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), f.list)
		}
	}
}

// u32 and attribute build messages by hand.
func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func attribute(typ uint16, parts ...[]byte) []byte {
	v := slices.Concat(parts...)
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(v)))
	b = append(binary.NativeEndian.AppendUint16(b, typ), v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func text(s string) []byte { return append([]byte(s), 0) }

func expression(name string, attrs ...[]byte) []byte {
	return attribute(1, attribute(1, text(name)), attribute(2, attrs...))
}

func ruleMessage(family uint8, table, chain string, exprs ...[]byte) []byte {
	return slices.Concat([]byte{family, 0, 0, 0}, attribute(1, text(table)), attribute(2, text(chain)), attribute(3, make([]byte, 7), []byte{9}), attribute(4, exprs...))
}

func counter(packets byte) []byte {
	return expression("counter", attribute(1, make([]byte, 7), []byte{packets * 2}), attribute(2, make([]byte, 7), []byte{packets}))
}

// TestStable reads one rule twice, with other counters: but for them the rows are the same.
func TestStable(t *testing.T) {
	a, err := ParseRule(ruleMessage(IP, "filter", "INPUT", counter(1)))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := ParseRule(ruleMessage(IP, "filter", "INPUT", counter(100)))
	ra, rb := a.Row(), b.Row()
	if *ra.Packets != 1 || *ra.Bytes != 2 || *rb.Packets != 100 || *rb.Bytes != 200 {
		t.Errorf("counters %d %d, %d %d", *ra.Packets, *ra.Bytes, *rb.Packets, *rb.Bytes)
	}
	if ra.Expr != rb.Expr || ra.Text != rb.Text || ra.Text != "counter" || ra.Handle != 9 {
		t.Errorf("\n%+v\n%+v", ra, rb)
	}
}

// TestForeign tells what becomes of what nobody knows, and of tables that only look like those of iptables-nft.
func TestForeign(t *testing.T) {
	r, err := ParseRule(ruleMessage(IP, "filter", "INPUT", expression("novelty", attribute(1, u32(7))), counter(0),
		expression("immediate", attribute(1, u32(0)), attribute(2, attribute(2, attribute(1, u32(1)))))))
	if err != nil {
		t.Fatal(err)
	}
	if want := "novelty#0800010000000007 counter accept"; r.Text() != want {
		t.Errorf("got %s, want %s", r.Text(), want)
	}
	x := r.IPTables()
	if row := x.Row("INPUT", nil); row.Spec != "-A INPUT [unmodelled novelty.nft=0800010000000007] -j ACCEPT" || row.Unmodelled != "novelty.nft=0800010000000007" {
		t.Errorf("got %s, %s", row.Spec, row.Unmodelled)
	}

	for name, c := range map[string]struct {
		table, chain   string
		hook, priority uint32
		want           bool
	}{
		"as iptables-nft makes it": {"filter", "INPUT", 1, 0, true},
		"another priority":         {"filter", "INPUT", 1, 10, false},
		"another name":             {"filter", "input", 1, 0, false},
		"another table":            {"fw", "INPUT", 1, 0, false},
	} {
		ch, err := ParseChain(slices.Concat([]byte{IP, 0, 0, 0}, attribute(1, text(c.table)), attribute(3, text(c.chain)),
			attribute(4, attribute(1, u32(c.hook)), attribute(2, u32(c.priority))), attribute(5, u32(1)), attribute(7, text("filter"))))
		if err != nil {
			t.Fatal(err)
		}
		rs := Ruleset{Chains: []Chain{ch}}
		if got := len(rs.IPTables()) == 1; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestNewerForms tells rules as iptables-nft after 1.8.9 programs them: natively, where 1.8.9 takes an extension.
func TestNewerForms(t *testing.T) {
	val := func(b ...byte) []byte { return attribute(1, b) }
	host := func(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
	load := expression("meta", attribute(1, u32(1)), attribute(2, u32(metaMark)))
	set := expression("meta", attribute(2, u32(metaMark)), attribute(3, u32(1)))
	tcp := slices.Concat(expression("payload", attribute(1, u32(1)), attribute(2, u32(1)), attribute(3, u32(9)), attribute(4, u32(1))),
		expression("cmp", attribute(1, u32(1)), attribute(2, u32(cmpEq)), attribute(3, val(6))))
	dport := expression("payload", attribute(1, u32(9)), attribute(2, u32(2)), attribute(3, u32(2)), attribute(4, u32(2)))
	conntrack := expression("match", attribute(1, text("state")), attribute(2, u32(0)), attribute(3, host(2|4)))
	for _, c := range []struct {
		exprs      [][]byte
		spec, text string
	}{
		{[][]byte{expression("immediate", attribute(1, u32(1)), attribute(2, val(host(0x102)...))), set, counter(0)},
			"-j MARK --set-xmark 0x102/0xffffffff", "meta mark set 0x00000102 counter"},
		{[][]byte{load, expression("bitwise", attribute(1, u32(1)), attribute(2, u32(1)), attribute(3, u32(4)), attribute(4, val(host(0xffffff00)...)), attribute(5, val(host(5)...))), set},
			"-j MARK --set-xmark 0x5/0xff", "meta mark set meta mark & 0xffffff00 ^ 0x00000005"},
		{[][]byte{tcp, dport, expression("range", attribute(1, u32(9)), attribute(2, u32(0)), attribute(3, val(0, 80)), attribute(4, val(0, 90)))},
			"-p tcp -m tcp --dport 80:90", "tcp dport 80-90"},
		{[][]byte{tcp, dport, expression("cmp", attribute(1, u32(9)), attribute(2, u32(cmpGte)), attribute(3, val(4, 0)))},
			"-p tcp [unmodelled payload.nft=", "tcp dport >= 1024"},
		{[][]byte{conntrack, expression("target", attribute(1, text("REDIRECT")), attribute(2, u32(0)), attribute(3, host(1), host(2), make([]byte, 8), []byte{0, 80, 0, 80}))},
			"-m state --state RELATED,ESTABLISHED -j REDIRECT --to-ports 80", "xt match state --state RELATED,ESTABLISHED xt target REDIRECT --to-ports 80"},
	} {
		r, err := ParseRule(ruleMessage(IP, "mangle", "INPUT", c.exprs...))
		if err != nil {
			t.Fatal(err)
		}
		x := r.IPTables()
		if got := x.Row("INPUT", nil).Spec; !strings.HasPrefix(got, "-A INPUT "+c.spec) {
			t.Errorf("\n got %s\nwant -A INPUT %s", got, c.spec)
		}
		if got := r.Text(); got != c.text {
			t.Errorf("\n got %s\nwant %s", got, c.text)
		}
	}
}

// TestElements reads elements with verdicts, intervals and data.
func TestElements(t *testing.T) {
	value := func(b ...byte) []byte { return attribute(1, b) }
	rows, err := ParseElements(slices.Concat([]byte{Inet, 0, 0, 0}, attribute(1, text("fw")), attribute(2, text("ports")), attribute(3,
		attribute(1, attribute(1, value(0, 22)), attribute(2, attribute(2, attribute(1, u32(0xfffffffd)), attribute(2, text("sub"))))),
		attribute(1, attribute(1, value(10, 0, 0, 0)), attribute(10, value(10, 255, 255, 255))),
		attribute(1, attribute(1, value(11, 0, 0, 0)), attribute(3, u32(1))),
		attribute(1, attribute(1, value(1)), attribute(2, value(2, 3))),
	)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r.Family, r.Tbl, r.Set, r.Key, r.KeyEnd, r.Data, r.Flags}, "|"))
	}
	want := []string{"inet|fw|ports|0016||jump sub|", "inet|fw|ports|0a000000|0affffff||", "inet|fw|ports|0b000000|||interval_end", "inet|fw|ports|01||0203|"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDamaged cuts messages short.
func TestDamaged(t *testing.T) {
	for _, f := range fixtures(t) {
		for _, b := range f.rules {
			if _, err := ParseRule(b[:len(b)-5]); err == nil {
				t.Errorf("%s: a cut message passes", f.name)
				return
			}
		}
	}
	for _, b := range [][]byte{nil, {2, 0, 0}, {2, 0, 0, 0, 3, 0, 1, 0}} {
		if _, err := ParseChain(b); err == nil {
			t.Errorf("%x passes for a chain", b)
		}
	}
}

// FuzzMessage feeds messages that no kernel sends: no reader may panic, and what they say must be bounded.
func FuzzMessage(f *testing.F) {
	for _, fx := range fixtures(f) {
		for _, list := range [][][]byte{fx.chains, fx.rules, fx.sets} {
			for _, b := range list {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, _ := ParseChain(b)
		_, _, _ = ParseSet(b)
		rows, _ := ParseElements(b)
		if len(rows) > len(b)/4 {
			t.Errorf("%d elements in %d bytes", len(rows), len(b))
		}
		r, err := ParseRule(b)
		if err != nil {
			return
		}
		row := r.Row()
		if len(row.Text) > 1<<12+256*len(b) {
			t.Errorf("%d bytes became %d: %s", len(b), len(row.Text), row.Text)
		}
		x := r.IPTables()
		x.Row(r.Chain, nil)
		c.Row.Tbl, c.Family = "filter", IP
		rs := Ruleset{Chains: []Chain{c}, Rules: []Rule{r}}
		for _, tab := range rs.IPTables() {
			var _ xtables.Table = tab
		}
	})
}
