package analyze

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A bench runs one rule over many sets of hosts. It computes only what the rule needs, in a database that is emptied
// between runs: thousands of runs should not each pay for a hundred tables.
type bench struct {
	rule    *Rule
	q       *question
	db      *database
	derived []*Derived
	reset   string
}

// openBench prepares a rule; close the bench when it is done.
func openBench(ctx context.Context, r *Rule) (b *bench, err error) {
	all := computed()
	db, err := create(ctx, "", all)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.discard()
		}
	}()
	reads, err := readsOf(ctx, db, all)
	if err != nil {
		return nil, err
	}
	b = &bench{rule: r, db: db}
	if b.q, err = askOne(ctx, db, newLineage(all, reads), r); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path, err)
	}
	needed := map[string]bool{}
	queue := slices.Clone(b.q.tables)
	for _, d := range slices.Backward(all) { // a derived table reads only those before it
		if slices.Contains(queue, d.Name) {
			needed[d.Name] = true
			queue = append(append(queue, reads[d.Name]...), d.With)
		}
	}
	var reset strings.Builder
	for i := range schema.Tables {
		if name := schema.Tables[i].Name; viewOf(name) == "" {
			fmt.Fprintf(&reset, "DELETE FROM %s;\n", name)
		}
	}
	for _, d := range ownTables() {
		fmt.Fprintf(&reset, "DELETE FROM %s;\n", d.Name)
	}
	for _, d := range all {
		if needed[d.Name] {
			b.derived = append(b.derived, d)
			if d.View {
				continue
			}
			for i := range d.Index {
				fmt.Fprintf(&reset, "DROP INDEX IF EXISTS %s_%d;\n", d.Name, i+1)
			}
			fmt.Fprintf(&reset, "DELETE FROM %s;\n", d.Name)
		}
	}
	b.reset = reset.String()
	return b, nil
}

func (b *bench) close() { b.db.discard() }

// ask loads the hosts in place of those before and returns what the rule finds.
func (b *bench) ask(ctx context.Context, hosts []*fixtureHost) ([]Finding, error) {
	if _, err := b.db.tx.ExecContext(ctx, b.reset); err != nil {
		return nil, err
	}
	var sources []*source
	labels := map[string]bool{}
	for _, h := range hosts {
		sources = append(sources, h.source())
		labels[hostLabel(&h.meta)] = true
	}
	sources, _ = label(sources)
	if _, _, err := load(ctx, b.db, sources, func(int) {}); err != nil {
		return nil, err
	}
	if err := derive(ctx, b.db, b.derived, func(int) {}); err != nil {
		return nil, err
	}
	found, err := b.q.answer(ctx, b.db.tx, labels)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.rule.Path, err)
	}
	return found, nil
}
