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
	beside bool // of the scene it uses the containers only, and no notes: it may be read beside the others
}

// parts lists them in the order in which they are read: a part may use what stands in the scene before it. The first are the containers.
func parts() []part {
	return []part{
		{"containers", readContainers, false},
		{"services", readServices, false},
		{"networks", readNetworks, false},
		{"ports", readPorts, false},
		{"edges", readEdges, false},
		{"paths", readPaths, true},
		{"tunnels", readTunnels, false},
		{"queues", readQueues, false},
		{"skews", readSkews, false},
		{"failures", readFailures, true},
		{"cores", readCores, true},
		{"events", readEvents, true},
		{"clocks", readClocks, true},
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
	read := func(ctx context.Context, tx *sql.Tx, list []part) error {
		for _, p := range list {
			if err := p.read(ctx, tx, see, s); err != nil {
				return fmt.Errorf("read the scene's %s: %w", p.name, err)
			}
		}
		return nil
	}
	all := parts()
	if see.Beside == nil {
		return s, read(ctx, tx, all)
	}
	if err := read(ctx, tx, all[:1]); err != nil {
		return nil, err
	}
	var rest, beside []part
	for _, p := range all[1:] {
		if p.beside {
			beside = append(beside, p)
		} else {
			rest = append(rest, p)
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error {
		return see.Beside(inner, func(tx *sql.Tx) error { return read(inner, tx, beside) })
	})
	group.Go(func() error { return read(inner, tx, rest) })
	if err := group.Wait(); err != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	return s, nil
}
