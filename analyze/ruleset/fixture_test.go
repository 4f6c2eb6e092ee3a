package ruleset

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// TestFixtures asks captured rulesets of nftables what becomes of packets, one a line, and compares the answers.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures: ", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rows := &Rows{}
			var got strings.Builder
			var want *txtar.File
			for i := range ar.Files {
				f := &ar.Files[i]
				switch f.Name {
				case "nft_chain":
					rows.NftChains = rowsIn[schema.NftChain](t, f)
				case "nft_rule":
					rows.NftRules = rowsIn[schema.NftRule](t, f)
				case "nft_set":
					rows.NftSets = rowsIn[schema.NftSet](t, f)
				case "nft_element":
					rows.NftElements = rowsIn[schema.NftElement](t, f)
				case "outcomes":
					want = f
				}
			}
			if len(rows.NftRules) == 0 {
				t.Fatal("no rows")
			}
			set := New(rows, home{"192.0.2.1": LocalAddr, "127.0.0.1": LocalAddr, "fd00:a::1": LocalAddr})
			for _, f := range ar.Files {
				if f.Name != "packets" {
					continue
				}
				for line := range strings.Lines(string(f.Data)) {
					hook, p := packetOf(t, strings.Fields(line))
					o := set.Trace(hook, p)
					fmt.Fprintf(&got, "%s\n  %s by %s %s\n", strings.TrimSpace(line), o.Verdict, o.Rule.Ref, o.Rule.Text)
					if q := o.Packet; o.Verdict == Accept {
						fmt.Fprintf(&got, "  %s:%d > %s:%d mark %#x\n", q.Src, q.Sport, q.Dst, q.Dport, q.Mark)
					}
					if o.Why != "" {
						fmt.Fprintf(&got, "  %s (%d ways)\n", o.Why, len(o.Any))
					}
				}
			}
			if os.Getenv("UPDATE") != "" {
				if want == nil {
					ar.Files = append(ar.Files, txtar.File{Name: "outcomes"})
					want = &ar.Files[len(ar.Files)-1]
				}
				want.Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want == nil || got.String() != string(want.Data) {
				t.Errorf("got\n%s", got.String())
			}
		})
	}
}

func rowsIn[T any](t *testing.T, f *txtar.File) (list []Row[T]) {
	t.Helper()
	n := 0
	for line := range strings.Lines(string(f.Data)) {
		n++
		r := Row[T]{Ref: fmt.Sprintf("%s:%d", f.Name, n)}
		if err := json.Unmarshal([]byte(line), &r.Row); err != nil {
			t.Fatalf("%s:%d: %v", f.Name, n, err)
		}
		list = append(list, r)
	}
	return list
}

// packetOf reads a packet: hook, protocol, source, >, destination, then pairs of words.
func packetOf(t *testing.T, w []string) (h Hook, p Packet) {
	t.Helper()
	if len(w) < 5 || w[3] != ">" || len(w)%2 == 0 {
		t.Fatalf("not a packet: %q", w)
	}
	for i, name := range hookNames {
		if name == w[0] {
			h = Hook(i)
		}
	}
	addr := func(text string) (netip.Addr, uint16) {
		i := strings.LastIndexByte(text, ':')
		port, err := strconv.ParseUint(text[i+1:], 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		return netip.MustParseAddr(text[:i]), uint16(port)
	}
	p = Packet{Kind: KindHost, Decrypted: No, Encrypted: No, IPVS: No, Bridged: No, Length: 60, Local: h == Output}
	if p.Proto = protocols[w[1]]; p.Proto == protoTCP {
		p.TCPFlags = SYN
	}
	p.Src, p.Sport = addr(w[2])
	p.Dst, p.Dport = addr(w[4])
	for i := 5; i < len(w); i += 2 {
		switch w[i] {
		case "in":
			p.In = w[i+1]
		case "out":
			p.Out = w[i+1]
		case "ct":
			p.CT = map[string]CT{"new": CTNew, "established": CTEstablished, "invalid": CTInvalid}[w[i+1]]
			if p.CT != CTInvalid {
				p.Conn = Conn{Orig: p.tuple(), Back: p.tuple().turned(), Status: DstNATDone}
			}
		default:
			t.Fatalf("what is %s", w[i])
		}
	}
	return h, p
}
