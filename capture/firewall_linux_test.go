package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

// freshNetns runs f on a thread in a new network namespace. The thread is never used again, so the namespace ends with
// it. f must not call t.Fatal and its kind.
func freshNetns(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- err
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("cannot make a network namespace: %v", err)
	}
}

// needTools skips the test when one of the programs that it compares with is missing.
func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s (Debian packages iptables, nftables)", name)
		}
	}
}

// tool runs a program on the calling thread, so inside its namespace.
func tool(stdin string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", cmd, err, out)
	}
	return string(out), err
}

// collected is what one run of a collector put.
type collected struct {
	rows     map[string][]json.RawMessage // by table
	coverage []schema.Coverage
	err      error
}

// collect runs a collector once in the namespace of the calling thread.
func collect(c *Collector) collected {
	w, err := schema.NewWriter(schema.Meta{Host: "test"}, schema.Gzip)
	if err != nil {
		return collected{err: err}
	}
	modules, err := readModules(Options{}, "")
	if err != nil {
		return collected{err: err}
	}
	ns := &Netns{Netns: schema.Netns{Netns: "1", Name: "test"}, Host: &Host{Modules: modules}}
	b := newBooks(w)
	a := b.plan(c, ns, 1)
	s := b.sink(a, 0, 0)
	got := collected{rows: map[string][]json.RawMessage{}}
	got.err = c.InNetns(context.Background(), ns, s)
	a.settle(0, outcomeOf(got.err), 0)
	s.close()
	got.coverage = b.finish()
	var file bytes.Buffer
	if err := w.Close(&file, ""); err != nil {
		return collected{err: err}
	}
	bundle, err := schema.OpenReader("test", &file)
	if err != nil {
		return collected{err: err}
	}
	for {
		e, err := bundle.Next()
		if err != nil {
			return got
		}
		table, ok := strings.CutPrefix(e.Name, "rows/")
		if !ok {
			continue
		}
		table = strings.TrimSuffix(table, ".jsonl")
		dec := json.NewDecoder(e.Data)
		for {
			var line json.RawMessage
			if dec.Decode(&line) != nil {
				break
			}
			got.rows[table] = append(got.rows[table], line)
		}
	}
}

func rowsOf[R any](lines []json.RawMessage) []R {
	rows := make([]R, len(lines))
	for i, l := range lines {
		if err := json.Unmarshal(l, &rows[i]); err != nil {
			panic(err)
		}
	}
	return rows
}

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
				freshNetns(t, func() {
					tool := func(stdin, name string) string {
						out, err := tool(stdin, file.program+"-"+flavour+"-"+name, "-c")
						if err != nil {
							t.Error(err)
						}
						return out
					}
					tool(string(rules), "restore")
					want := saved(tool("", "save"))
					got := collect(collectors[flavour])
					if got.err != nil {
						t.Error(got.err)
					}
					compareSaved(t, asSaved(got, file.family), want)
					if flavour == "legacy" && os.Getenv("UPDATE") != "" {
						keepBlobs(t, "xtables/testdata/"+file.name+".txtar", file.family, tool("", "save"))
					}
					if flavour == "nft" && os.Getenv("UPDATE") != "" {
						keepMessages(t, "nftables/testdata/"+file.name+".txtar", txtar.File{Name: "save", Data: withoutTime(tool("", "save"))})
					}
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

// keepMessages writes what nf_tables answered, one message a line, and what the tools made of it, to a fixture of
// package nftables.
func keepMessages(t *testing.T, path string, want txtar.File) {
	c, err := openNetlink(unix.NETLINK_NETFILTER)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.close()
	ar := txtar.Archive{Comment: []byte("Answers of nf_tables' dumps in hex, a message a line, and what the tools print of the same.\n" +
		"Refresh with UPDATE=1 go test ./capture -run 'IPTables|Nft', as root.\n\n")}
	for _, d := range []struct {
		name     string
		get, new uint16
	}{
		{"chains", unix.NFT_MSG_GETCHAIN, unix.NFT_MSG_NEWCHAIN}, {"rules", unix.NFT_MSG_GETRULE, unix.NFT_MSG_NEWRULE},
		{"sets", unix.NFT_MSG_GETSET, unix.NFT_MSG_NEWSET},
	} {
		var b bytes.Buffer
		err := c.dump(context.Background(), nftMsg(d.get), anyFamily, nftMsg(d.new), func(payload []byte) error {
			fmt.Fprintf(&b, "%x\n", payload)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		ar.Files = append(ar.Files, txtar.File{Name: d.name, Data: b.Bytes()})
	}
	ar.Files = append(ar.Files, want)
	if err := os.WriteFile(path, txtar.Format(&ar), 0o666); err != nil {
		t.Error(err)
	}
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
			freshNetns(t, func() {
				if _, err := tool("create docker-ext-bridges-v4 hash:net\ncreate pairs hash:ip,port\n", "ipset", "restore"); err != nil {
					t.Log("this kernel has no ipset:", err)
					return
				}
				rules := "*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n-A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j ACCEPT\n" +
					"-A FORWARD -m set ! --match-set pairs src,dst -j SET --add-set pairs dst,src\nCOMMIT\n"
				if _, err := tool(rules, "iptables-"+flavour+"-restore"); err != nil {
					t.Error(err)
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

// TestIntegrationNft loads a ruleset with nft and compares each chain and each rule with what nft prints.
func TestIntegrationNft(t *testing.T) {
	needTools(t, "nft")
	ruleset, err := os.ReadFile("testdata/nft/native.nft")
	if err != nil {
		t.Fatal(err)
	}
	freshNetns(t, func() {
		if _, err := tool(string(ruleset), "nft", "-f", "-"); err != nil {
			t.Error(err)
			return
		}
		list, err := tool("", "nft", "list", "ruleset")
		if err != nil {
			t.Error(err)
		}
		got := collect(nftCollector)
		if got.err != nil {
			t.Error(got.err)
		}
		var ours []string
		rules := rowsOf[schema.NftRule](got.rows["nft_rule"])
		for _, c := range rowsOf[schema.NftChain](got.rows["nft_chain"]) {
			ours = append(ours, strings.Join([]string{c.Family, c.Tbl, c.Chain, c.Type, c.Hook, c.Policy}, " "))
			for _, r := range rules {
				if r.Family == c.Family && r.Tbl == c.Tbl && r.Chain == c.Chain {
					ours = append(ours, anonymous.ReplaceAllString(r.Text, "{}"))
				}
			}
		}
		theirs := nftLines(list)
		if os.Getenv("UPDATE") != "" {
			keepMessages(t, "nftables/testdata/native.txtar", txtar.File{Name: "list", Data: []byte(strings.Join(theirs, "\n") + "\n")})
		}
		for i := range max(len(ours), len(theirs)) {
			a, b := "", ""
			if i < len(ours) {
				a = ours[i]
			}
			if i < len(theirs) {
				b = theirs[i]
			}
			if a != b {
				t.Errorf("line %d\n got %s\nwant %s", i, a, b)
			}
		}
		t.Logf("%d lines compared", len(theirs))
		compareCounts(t, got)
	})
}

// compareCounts holds the numbers of rows against what another reader of the same kernel finds.
func compareCounts(t *testing.T, got collected) {
	c, err := nftables.New()
	if err != nil {
		t.Error(err)
		return
	}
	want := map[string]int{}
	chains, err := c.ListChains()
	if err != nil {
		t.Error(err)
	}
	for _, ch := range chains {
		want["nft_chain"]++
		rules, err := c.GetRules(ch.Table, ch)
		if err != nil && ch.Name != "sub" { // v0.3.0 takes the direction of ct for four bytes, it is one
			t.Error(err)
		}
		if err != nil {
			want["nft_rule"] += 2
		}
		want["nft_rule"] += len(rules)
	}
	tables, err := c.ListTables()
	if err != nil {
		t.Error(err)
	}
	for _, tab := range tables {
		sets, err := c.GetSets(tab)
		if err != nil {
			t.Error(err)
		}
		for _, set := range sets {
			elements, err := c.GetSetElements(set)
			if err != nil {
				t.Error(err)
			}
			want["nft_set"]++
			want["nft_element"] += len(elements)
		}
	}
	for table, n := range want {
		if len(got.rows[table]) != n || n == 0 {
			t.Errorf("%s: %d rows, google/nftables finds %d", table, len(got.rows[table]), n)
		}
	}
	t.Logf("rows: %v", want)
}

// TestIntegrationFirewallReadsOnly reads a namespace without any table, and one with a single legacy one, and looks
// whether there is more afterwards.
func TestIntegrationFirewallReadsOnly(t *testing.T) {
	needTools(t, "iptables-legacy-restore", "nft")
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(t.TempDir(), "xtables.lock"))
	for name, rules := range map[string]string{"empty": "", "nat only": "*nat\nCOMMIT\n"} {
		t.Run(name, func(t *testing.T) {
			freshNetns(t, func() {
				if rules != "" {
					if _, err := tool(rules, "iptables-legacy-restore"); err != nil {
						t.Error(err)
					}
				}
				before := firewallState(t)
				for _, c := range []*Collector{iptablesLegacyCollector, nftCollector, ipvsCollector, ipvsTimeoutCollector} {
					got := collect(c)
					for _, cov := range got.coverage {
						absent := rules == "" || c != iptablesLegacyCollector
						if want := map[bool]schema.Outcome{true: schema.Absent, false: schema.OK}[absent]; cov.Outcome != want && !hasIPVS(c) {
							t.Errorf("%s %s: %s (%s), want %s", c.Name, cov.Tbl, cov.Outcome, cov.Reason, want)
						}
					}
				}
				if after := firewallState(t); after != before {
					t.Errorf("before\n%s\nafter\n%s", before, after)
				}
			})
		})
	}
}

// hasIPVS reports whether the collector is one of IPVS, on a host that has it.
func hasIPVS(c *Collector) bool {
	_, err := os.Stat(procIPVS)
	return err == nil && strings.HasPrefix(c.Name, "ipvs")
}

// firewallState is what a reader could change: the legacy tables that exist, the ruleset of nftables, and the modules.
func firewallState(t *testing.T) string {
	var b strings.Builder
	for _, f := range xtFamilies {
		names, err := legacyTables(f)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintln(&b, f.names, names)
	}
	list, err := tool("", "nft", "list", "ruleset")
	if err != nil {
		t.Error(err)
	}
	modules, _ := os.ReadFile("/proc/modules")
	for line := range strings.Lines(string(modules)) {
		name, _, _ := strings.Cut(line, " ")
		list += name + "\n"
	}
	return b.String() + list
}

var (
	anonymous = regexp.MustCompile(`@__(set|map)\d+`)
	elements  = regexp.MustCompile(`\{ .* \}`)
)

// nftLines are the chains and rules of nft list ruleset, without what Text leaves out: counter values and comments.
func nftLines(list string) []string {
	var lines []string
	table, chain := "", ""
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "table":
			table, chain = f[1]+" "+f[2], ""
		case f[0] == "chain":
			chain = f[1]
			lines = append(lines, table+" "+chain+"   ")
		case f[0] == "}":
			chain = ""
		case chain != "" && f[0] == "type":
			lines[len(lines)-1] = table + " " + chain + " " + f[1] + " " + f[3] + " " + strings.Trim(f[len(f)-1], ";")
		case chain != "":
			if i := slices.Index(f, "comment"); i >= 0 {
				f = f[:i]
			}
			if i := slices.Index(f, "packets"); i > 0 && f[i-1] == "counter" {
				f = slices.Delete(f, i, i+4)
			}
			line = strings.Join(f, " ")
			if !strings.Contains(line, "@") { // Text names anonymous sets, nft prints their elements
				line = elements.ReplaceAllString(line, "{}")
			}
			lines = append(lines, line)
		}
	}
	return lines
}
