package analyze

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
)

// A FixtureRun is one fixture of a rule that was run, or what a rule lacks as a whole.
type FixtureRun struct {
	Rule    string // id of the rule
	Fixture string // path of the fixture; empty when it is about the rule as a whole
	Fires   bool   // the rule found something in it
	Updated bool   // want was written anew
	Problem string // what is wrong, several lines; empty when nothing is
}

// FixtureDir is where the fixtures of the rules in dir are: testdata/ID/*.txtar below it.
func FixtureDir(dir string) string { return filepath.Join(dir, "testdata") }

// RunFixtures runs every rule of dir over its fixtures, below [FixtureDir], and calls report for each, in order. It does what the
// tests of the shipped rules do: what is found must be what the fixture wants; and a table, a document, a host or a read
// that is taken away must not add a finding. A rule needs a fixture in which it fires and one in which it does not.
//
// With update, want is written where it differs.
func RunFixtures(ctx context.Context, dir string, update bool, report func(FixtureRun)) error {
	rules, err := ownRules(dir)
	if err != nil {
		return err
	}
	for _, r := range rules {
		if err := runFixturesOf(ctx, r, FixtureDir(dir), update, report); err != nil {
			return err
		}
	}
	return nil
}

// runFixturesOf runs one rule over its fixtures.
func runFixturesOf(ctx context.Context, r *Rule, fixtures string, update bool, report func(FixtureRun)) error {
	paths, err := fixturePaths(fixtures, r.ID)
	if err != nil {
		return err
	}
	b, err := openBench(ctx, r)
	if err != nil {
		return err
	}
	defer b.close()
	fires, silent := false, false
	for _, path := range paths {
		x, err := b.test(ctx, path, update)
		if err != nil {
			return err
		}
		fires, silent = fires || x.Fires, silent || !x.Fires
		report(x)
	}
	if !fires {
		report(FixtureRun{Rule: r.ID, Problem: fmt.Sprintf("wants a fixture in which it fires, below %s", filepath.Join(fixtures, r.ID))})
	}
	if !silent {
		report(FixtureRun{Rule: r.ID, Problem: fmt.Sprintf("wants a near miss, a fixture in which it does not fire, below %s", filepath.Join(fixtures, r.ID))})
	}
	return nil
}

// test runs one fixture. An error is of the fixture or the machine, not of what was found.
func (b *bench) test(ctx context.Context, path string, update bool) (FixtureRun, error) {
	x := FixtureRun{Rule: b.rule.ID, Fixture: path}
	f, err := parseFixture(path)
	if err != nil {
		return x, err
	}
	found, err := b.ask(ctx, f.hosts)
	if err != nil {
		return x, fmt.Errorf("%s: %w", path, err)
	}
	x.Fires = len(found) > 0
	got := namedItems(f.hosts, printFindings(found))
	want, has := f.want()
	switch {
	case got == want && has:
	case update:
		if err := f.rewrite(got); err != nil {
			return x, err
		}
		x.Updated = true
	default:
		x.Problem = fmt.Sprintf("findings differ\n--- want\n%s--- got\n%s", want, got)
	}
	invented, err := b.invents(ctx, f, found)
	if err != nil {
		return x, fmt.Errorf("%s: %w", path, err)
	}
	for _, s := range invented {
		if x.Problem != "" {
			x.Problem += "\n"
		}
		x.Problem += s
	}
	return x, nil
}

// invents says what the rule finds in a fixture only when something is taken away.
func (b *bench) invents(ctx context.Context, f *fixture, whole []Finding) ([]string, error) {
	before := map[string]bool{}
	for _, x := range whole {
		before[blindKey(x)] = true
	}
	var out []string
	for _, l := range blindings(b.q, f) {
		found, err := b.ask(ctx, l.hosts)
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			if !before[blindKey(x)] {
				out = append(out, fmt.Sprintf("without %s, the rule invents:\n%s", l.what, printFindings([]Finding{x})))
			}
		}
	}
	return out, nil
}

// fixturePaths are the paths of a rule's fixtures below a directory, in order.
func fixturePaths(dir, id string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, id, "*.txtar"))
	slices.Sort(paths)
	return paths, err
}
