package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/schema"
)

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

// TestIntegrationNft loads a ruleset with nft and compares each chain and each rule with what nft prints.
func TestIntegrationNft(t *testing.T) {
	needTools(t, "nft")
	ruleset, err := os.ReadFile("testdata/nft/native.nft")
	if err != nil {
		t.Fatal(err)
	}
	freshNetns(t, func() string {
		if _, err := tool(string(ruleset), "nft", "-f", "-"); err != nil {
			return cannotLoad + err.Error()
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
		return ""
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
