package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// freshNetns runs f on a thread in a new network namespace. The thread is never used again, so the namespace ends with
// it. f must not call t.Fatal and its kind; what it returns, if it is not empty, is why the test has to be skipped.
func freshNetns(t *testing.T, f func() (skip string)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	done := make(chan string)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			done <- "cannot make a network namespace: " + err.Error()
			return
		}
		done <- f()
	}()
	if reason := <-done; reason != "" {
		t.Skip(reason)
	}
}

// cannotLoad is why a comparison is skipped where the kernel lacks an extension of the fixture, or a flavour.
const cannotLoad = "this kernel does not take the rules: "

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

// TestIntegrationFirewallReadsOnly reads a namespace without any table, and one with a single legacy one, and looks
// whether there is more afterwards.
func TestIntegrationFirewallReadsOnly(t *testing.T) {
	needTools(t, "iptables-legacy-restore", "nft")
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(t.TempDir(), "xtables.lock"))
	for name, rules := range map[string]string{"empty": "", "nat only": "*nat\nCOMMIT\n"} {
		t.Run(name, func(t *testing.T) {
			freshNetns(t, func() string {
				if rules != "" {
					if _, err := tool(rules, "iptables-legacy-restore"); err != nil {
						return cannotLoad + err.Error()
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
				return ""
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
