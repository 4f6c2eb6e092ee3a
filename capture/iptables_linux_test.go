package capture

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// saved is the lines of iptables-save -c of one table: chains in order of name, rules in their order below their chain.
func saved(text string) map[string][]string {
	tables := map[string][]string{}
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"), strings.HasPrefix(line, "["):
			tables[table] = append(tables[table], line)
		}
	}
	for _, lines := range tables {
		slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(chainOf(a), chainOf(b)) })
	}
	return tables
}

// chainOf is the chain of a line of iptables-save -c.
func chainOf(line string) string {
	f := strings.Fields(line)
	if strings.HasPrefix(line, ":") {
		return f[0][1:]
	}
	return f[2]
}

// asSaved puts the rows of one flavour and family into the lines of iptables-save -c.
func asSaved(got collected, family string) map[string][]string {
	var b strings.Builder
	for _, c := range rowsOf[schema.IPTablesChain](got.rows["iptables_chain"]) {
		if c.Family != family {
			continue
		}
		policy := c.Policy
		if policy == "" {
			policy = "-"
		}
		fmt.Fprintf(&b, "*%s\n:%s %s [%d:%d]\n", c.Tbl, c.Chain, policy, c.Packets, c.Bytes)
	}
	for _, r := range rowsOf[schema.IPTablesRule](got.rows["iptables_rule"]) {
		if r.Family == family {
			fmt.Fprintf(&b, "*%s\n[%d:%d] %s\n", r.Tbl, r.Packets, r.Bytes, r.Spec)
		}
	}
	return saved(b.String())
}

// leftUndecoded are the extensions of the fixtures for which there is no decoder; all others must be in words.
var leftUndecoded = []string{"hashlimit", "time", "string", "devgroup"}

// sameLine compares ours with the tool's. What we do not decode must be an extension that we know not to.
func sameLine(ours, theirs string) bool {
	head, tail, cut := strings.Cut(ours, " [unmodelled ")
	if !cut {
		return ours == theirs
	}
	name, _, _ := strings.Cut(tail, ".")
	return slices.Contains(leftUndecoded, name) && strings.HasPrefix(theirs, head+" ")
}

// TestIntegrationIPTables loads rule sets with the real tools and compares each chain and each rule with what the same
// tools print of them.
func TestIntegrationIPTables(t *testing.T) {
	needTools(t, "iptables-legacy-restore", "iptables-legacy-save", "iptables-nft-restore", "iptables-nft-save", "ip6tables-legacy-restore", "ip6tables-nft-restore")
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(t.TempDir(), "xtables.lock"))
	collectors := map[string]*Collector{"legacy": iptablesLegacyCollector, "nft": nftCollector}
	for _, flavour := range []string{"legacy", "nft"} {
		for _, file := range []struct{ name, program, family string }{
			{"docker", "iptables", "ipv4"}, {"mix", "iptables", "ipv4"}, {"mix6", "ip6tables", "ipv6"},
		} {
			t.Run(flavour+"/"+file.name, func(t *testing.T) {
				rules, err := os.ReadFile("testdata/iptables/" + file.name + ".rules")
				if err != nil {
					t.Fatal(err)
				}
				freshNetns(t, func() string {
					if _, err := tool(string(rules), file.program+"-"+flavour+"-restore", "-c"); err != nil {
						return cannotLoad + err.Error()
					}
					save, err := tool("", file.program+"-"+flavour+"-save", "-c")
					if err != nil {
						t.Error(err)
					}
					want := saved(save)
					got := collect(collectors[flavour])
					if got.err != nil {
						t.Error(got.err)
					}
					compareSaved(t, asSaved(got, file.family), want)
					if flavour == "legacy" && os.Getenv("UPDATE") != "" {
						keepBlobs(t, "xtables/testdata/"+file.name+".txtar", file.family, save)
					}
					if flavour == "nft" && os.Getenv("UPDATE") != "" {
						keepMessages(t, "nftables/testdata/"+file.name+".txtar", txtar.File{Name: "save", Data: withoutTime(save)})
					}
					return ""
				})
			})
		}
	}
}

// keepBlobs writes what the kernel answered, and what iptables-legacy-save made of it, to a fixture of package xtables.
func keepBlobs(t *testing.T, path, family, save string) {
	f := xtFamilies[0]
	if family == "ipv6" {
		f = xtFamilies[1]
	}
	names, err := legacyTables(f)
	if err != nil {
		t.Error(err)
	}
	fd, err := unix.Socket(f.inet, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		t.Error(err)
		return
	}
	defer unix.Close(fd)
	ar := txtar.Archive{Comment: []byte("Answers of IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES in hex, and iptables-legacy-save -c of the same.\n" +
		"Refresh with UPDATE=1 go test ./capture -run IPTables, as root.\n\n")}
	for _, name := range names {
		a, err := askXTTable(fd, f, name)
		if err != nil {
			t.Error(err)
		}
		ar.Files = append(ar.Files, txtar.File{Name: name + ".info", Data: hexLines(a.head)},
			txtar.File{Name: name + ".entries", Data: hexLines(a.entries)})
	}
	ar.Files = append(ar.Files, txtar.File{Name: "save", Data: withoutTime(save)})
	if err := os.WriteFile(path, txtar.Format(&ar), 0o666); err != nil {
		t.Error(err)
	}
}

// withoutTime leaves out the lines that say when iptables-save ran.
func withoutTime(save string) []byte {
	var b []byte
	for line := range strings.Lines(save) {
		if !strings.HasPrefix(line, "#") {
			b = append(b, line...)
		}
	}
	return b
}

func hexLines(b []byte) []byte {
	var out bytes.Buffer
	for line := range slices.Chunk(b, 56) {
		fmt.Fprintf(&out, "%x\n", line)
	}
	return out.Bytes()
}

// TestIntegrationIPSet compares rules that refer to ipsets, which they do by number: the names are asked for apart.
func TestIntegrationIPSet(t *testing.T) {
	needTools(t, "ipset", "iptables-legacy-restore", "iptables-legacy-save", "iptables-nft-restore", "iptables-nft-save")
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(t.TempDir(), "xtables.lock"))
	for flavour, c := range map[string]*Collector{"legacy": iptablesLegacyCollector, "nft": nftCollector} {
		t.Run(flavour, func(t *testing.T) {
			freshNetns(t, func() string {
				if _, err := tool("create docker-ext-bridges-v4 hash:net\ncreate pairs hash:ip,port\n", "ipset", "restore"); err != nil {
					return "this kernel has no ipset: " + err.Error()
				}
				rules := "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j ACCEPT\n" +
					"-A FORWARD -m set ! --match-set pairs src,dst -j SET --add-set pairs dst,src\nCOMMIT\n"
				if _, err := tool(rules, "iptables-"+flavour+"-restore"); err != nil {
					return cannotLoad + err.Error()
				}
				text, err := tool("", "iptables-"+flavour+"-save", "-c")
				if err != nil {
					t.Error(err)
				}
				got := collect(c)
				if got.err != nil {
					t.Error(got.err)
				}
				compareSaved(t, asSaved(got, "ipv4"), saved(text))
				return ""
			})
		})
	}
}

func compareSaved(t *testing.T, got, want map[string][]string) {
	t.Helper()
	lines := 0
	for table := range want {
		if len(got[table]) != len(want[table]) {
			t.Errorf("table %s: %d lines, want %d\ngot\n%s\nwant\n%s", table, len(got[table]), len(want[table]),
				strings.Join(got[table], "\n"), strings.Join(want[table], "\n"))
			continue
		}
		for i := range want[table] {
			lines++
			if !sameLine(got[table][i], want[table][i]) {
				t.Errorf("table %s:\n got %s\nwant %s", table, got[table][i], want[table][i])
			}
		}
	}
	for table := range got {
		if want[table] == nil {
			t.Errorf("table %s is not there", table)
		}
	}
	if lines == 0 {
		t.Error("nothing was compared")
	}
	t.Logf("%d lines compared", lines)
}
