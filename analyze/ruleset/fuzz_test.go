package ruleset

import (
	"encoding/hex"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// fuzzPackets are packets that a rule is tried on: nothing must panic, and it must end.
func fuzzPackets() []Packet {
	six := Packet{Src: netip.MustParseAddr("fd00::2"), Dst: netip.MustParseAddr("fd00::3"), Proto: protoUDP, Sport: 53, Dport: 4789, Payload: "\x08\x00\x00\x00\x00\x10\x01\x00", Length: 64}
	return []Packet{syn("10.0.0.2", "10.0.1.3", 80), {Dst: netip.MustParseAddr("10.0.0.1")}, six}
}

func tryOut(t *testing.T, rows *Rows) {
	t.Helper()
	set := New(rows, home{"10.0.0.1": LocalAddr})
	for _, p := range fuzzPackets() {
		p.In, p.Out = "eth0", "eth1"
		for h := Prerouting; h <= Postrouting; h++ {
			if o := set.Trace(h, p); o.Verdict == Undecided && o.Why == "" {
				t.Errorf("%s: cannot tell, and does not say why", h)
			}
		}
	}
}

// FuzzSpec reads rules as iptables-save prints them.
func FuzzSpec(f *testing.F) {
	for _, file := range []string{"docker", "mix", "mix6"} {
		b, err := os.ReadFile("../../capture/testdata/iptables/" + file + ".rules")
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if _, spec, ok := strings.Cut(line, "-A "); ok {
				f.Add("-A " + strings.TrimSpace(spec))
			}
		}
	}
	f.Add(`-A X -m time [unmodelled time.0=00ff] -j X`)
	f.Fuzz(func(t *testing.T, spec string) {
		for _, family := range []string{"ipv4", "ipv6"} {
			rows := &Rows{}
			for table, chains := range xtBases {
				for chain := range chains {
					rows.IPTablesChains = append(rows.IPTablesChains, Row[schema.IPTablesChain]{Ref: table + chain, Row: schema.IPTablesChain{Family: family, Flavour: "legacy", Tbl: table, Chain: chain, Policy: "ACCEPT"}})
					rows.IPTablesRules = append(rows.IPTablesRules, Row[schema.IPTablesRule]{Ref: "rule", Row: schema.IPTablesRule{Family: family, Flavour: "legacy", Tbl: table, Chain: chain, Num: 1, Spec: spec}})
				}
			}
			tryOut(t, rows)
		}
	})
}

// FuzzExpr reads expressions of nftables, and an element of a set that they may look up.
func FuzzExpr(f *testing.F) {
	for _, line := range nativeExprs(f) {
		f.Add(line, "xt match conntrack --ctstate NEW", "c0a80001", "c0a800ff", "accept", int64(7), int64(4), "interval,map")
	}
	f.Fuzz(func(t *testing.T, expr, text, key, end, data string, keyType, keyLen int64, flags string) {
		if hex.EncodedLen(64<<10) < len(expr) {
			return
		}
		rows := &Rows{}
		for _, family := range []string{"ip", "ip6", "inet"} {
			for i, hook := range hookNames {
				priority := int64(i)
				rows.NftChains = append(rows.NftChains, Row[schema.NftChain]{Ref: "chain", Row: schema.NftChain{Family: family, Tbl: "t", Chain: hook, Hook: hook, Type: []string{"filter", "nat", "route"}[i%3], Priority: &priority, Policy: "accept"}})
				rows.NftRules = append(rows.NftRules, Row[schema.NftRule]{Ref: "rule", Row: schema.NftRule{Family: family, Tbl: "t", Chain: hook, Num: 1, Expr: expr, Text: text}})
			}
			for _, name := range []string{"__set0", "__map0", "blocked", "ports"} {
				rows.NftSets = append(rows.NftSets, Row[schema.NftSet]{Ref: "set", Row: schema.NftSet{Family: family, Tbl: "t", Name: name, Flags: flags, KeyType: keyType, KeyLen: keyLen, DataLen: 4}})
				rows.NftElements = append(rows.NftElements, Row[schema.NftElement]{Ref: "element", Row: schema.NftElement{Family: family, Tbl: "t", Set: name, Key: key, KeyEnd: end, Data: data}})
			}
		}
		tryOut(t, rows)
	})
}

// nativeExprs are the expressions of the rules that package capture keeps as its fixtures, hex.
func nativeExprs(f *testing.F) (list []string) {
	for _, file := range []string{"native", "docker", "mix"} {
		b, err := os.ReadFile("../../capture/nftables/testdata/" + file + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		_, rules, _ := strings.Cut(string(b), "-- rules --\n")
		rules, _, _ = strings.Cut(rules, "-- ")
		for line := range strings.Lines(rules) {
			msg, err := hex.DecodeString(strings.TrimSpace(line))
			if err != nil || len(msg) < 4 {
				f.Fatal("not a message: ", line)
			}
			attrs(msg[4:], func(typ uint16, data []byte) {
				if typ == 4 { // NFTA_RULE_EXPRESSIONS
					list = append(list, hex.EncodeToString(data))
				}
			})
		}
	}
	if len(list) < 50 {
		f.Fatalf("%d rules", len(list))
	}
	return list
}
