package scene

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// A Sight is what a scene is read with.
type Sight struct {
	// Excerpts says what stands at addresses in the bundles, such as node1/rows/fdb.jsonl:17; an address at which nothing stands is not
	// in its answer. Nil when there is nothing to look into: then the scene has no excerpts.
	Excerpts func(ctx context.Context, refs []string) (map[string]string, error)

	// Found is what the rules found, in any order.
	Found []Found

	// Beside calls a function with another view of the same database, which may be read while the first is. Nil when there is none: then
	// one part is read after the other.
	Beside func(ctx context.Context, f func(tx *sql.Tx) error) error

	notes *notes
}

// A Found is a finding as far as a scene tells of it.
type Found struct {
	ID, Rule, Host, Subject, Summary string
	Ref                              string // address of its first evidence; empty when it has none
}

// A part of a scene.
type part struct {
	name   string
	read   func(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error
	beside bool   // it uses of the notes the names that were read first, and may be read beside the parts that are not
	after  string // part of those that it uses nevertheless
}

// parts lists them in the order in which they are read: a part may use what stands in the scene before it.
func parts() []part {
	return []part{
		{name: "containers", read: readContainers},
		{name: "services", read: readServices},
		{name: "networks", read: readNetworks},
		{name: "ports", read: readPorts},
		{name: "edges", read: readEdges},
		{name: "paths", read: readPaths, beside: true},
		{name: "tunnels", read: readTunnels, beside: true, after: "networks"},
		{name: "queues", read: readQueues},
		{name: "skews", read: readSkews},
		{name: "failures", read: readFailures},
		{name: "cores", read: readCores},
		{name: "events", read: readEvents},
		{name: "clocks", read: readClocks},
	}
}

// Read reads the scene from a database that is whole: all derived tables are filled, and the causes are ranked. An error is one of the
// database or the context's end, never what was captured.
func Read(ctx context.Context, tx *sql.Tx, see Sight) (*Scene, error) {
	s := &Scene{}
	var err error
	if see.notes, err = readNotes(ctx, tx); err != nil {
		return nil, fmt.Errorf("read the scene's names: %w", err)
	}
	all := parts()
	if see.Beside == nil {
		for _, p := range all {
			if err := p.into(ctx, tx, see, s); err != nil {
				return nil, err
			}
		}
		return s, nil
	}
	done := map[string]chan struct{}{}
	for _, p := range all {
		done[p.name] = make(chan struct{})
	}
	group, inner := errgroup.WithContext(ctx)
	read := func(tx *sql.Tx, see Sight, beside bool) error {
		for _, p := range all {
			if p.beside != beside {
				continue
			}
			if p.after != "" {
				select {
				case <-done[p.after]:
				case <-inner.Done():
					return inner.Err()
				}
			}
			if err := p.into(inner, tx, see, s); err != nil {
				return err
			}
			close(done[p.name])
		}
		return nil
	}
	group.Go(func() error {
		see := see
		see.notes = see.notes.apart()
		return see.Beside(inner, func(tx *sql.Tx) error { return read(tx, see, true) })
	})
	group.Go(func() error { return read(tx, see, false) })
	if err := group.Wait(); err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	return s, nil
}

// into reads the part.
func (p *part) into(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	if err := p.read(ctx, tx, see, s); err != nil {
		return fmt.Errorf("read the scene's %s: %w", p.name, err)
	}
	return nil
}
