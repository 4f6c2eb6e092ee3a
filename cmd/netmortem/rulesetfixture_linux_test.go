package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/netmortem/netmortem/analyze/ruleset"
)

// TestIntegrationRulesetFixture gives the rulesets of package ruleset's fixtures to this kernel and compares how many rows
// capture reads with how many the fixture has. UPDATE=1 writes the rows there.
func TestIntegrationRulesetFixture(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to make network namespaces")
	}
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs nft (Debian package nftables)")
	}
	files, err := filepath.Glob("../../analyze/ruleset/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures: ", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		section := func(name string) *txtar.File {
			i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == name })
			if i < 0 {
				ar.Files = append(ar.Files, txtar.File{Name: name})
				i = len(ar.Files) - 1
			}
			return &ar.Files[i]
		}
		ns := newNetnsThread(t)
		if err := ns.load(t, string(section("ruleset").Data), "nft", "-f", "-"); err != nil {
			t.Skip("this kernel does not take the rules: ", err)
		}
		rows := capturedRows(t)[ns.id]
		if rows == nil {
			t.Fatalf("%s: no rows", file)
		}
		for name, text := range map[string][]byte{
			"nft_chain": linesOf(t, rows.NftChains), "nft_rule": linesOf(t, rows.NftRules), "nft_set": linesOf(t, rows.NftSets), "nft_element": linesOf(t, rows.NftElements),
		} {
			f := section(name)
			if os.Getenv("UPDATE") != "" {
				f.Data = text
			} else if got, want := bytes.Count(text, []byte("\n")), bytes.Count(f.Data, []byte("\n")); got != want {
				t.Errorf("%s: %d rows of %s, the fixture has %d", file, got, name, want)
			}
		}
		if os.Getenv("UPDATE") != "" {
			slices.SortStableFunc(ar.Files, func(a, b txtar.File) int { return fixtureOrder[a.Name] - fixtureOrder[b.Name] })
			if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var fixtureOrder = map[string]int{"ruleset": 1, "packets": 2, "outcomes": 3, "nft_chain": 4, "nft_rule": 5, "nft_set": 6, "nft_element": 7}

// linesOf writes rows as a bundle has them, but for the number of the namespace, which is another each time.
func linesOf[T any](t *testing.T, rows []ruleset.Row[T]) (text []byte) {
	t.Helper()
	for _, r := range rows {
		line, err := json.Marshal(r.Row)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		line = bytes.Replace(line, fields["netns"], []byte(`"1"`), 1)
		text = append(append(text, line...), '\n')
	}
	return text
}
