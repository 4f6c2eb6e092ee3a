package scene

import (
	"context"
	"database/sql"
	"fmt"
)

// A Sight is what a scene is read with.
type Sight struct {
	// Excerpts says what stands at addresses in the bundles, such as node1/rows/fdb.jsonl:17; an address at which nothing stands is not
	// in its answer. Nil when there is nothing to look into: then the scene has no excerpts.
	Excerpts func(ctx context.Context, refs []string) (map[string]string, error)

	// Found is what the rules found, in any order.
	Found []Found

	notes *notes
}

// A Found is a finding as far as a scene tells of it.
type Found struct {
	ID, Rule, Host, Subject, Summary string
	Ref                              string // address of its first evidence; empty when it has none
}

// A part of a scene.
type part struct {
	name string
	read func(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error
}

// parts lists them in the order in which they are read: a part may use what stands in the scene before it.
func parts() []part {
	return []part{
		{"containers", readContainers},
		{"services", readServices},
		{"networks", readNetworks},
		{"ports", readPorts},
		{"edges", readEdges},
		{"paths", readPaths},
		{"tunnels", readTunnels},
		{"queues", readQueues},
		{"skews", readSkews},
		{"failures", readFailures},
		{"cores", readCores},
		{"events", readEvents},
		{"clocks", readClocks},
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
	for _, p := range parts() {
		if err := p.read(ctx, tx, see, s); err != nil {
			return nil, fmt.Errorf("read the scene's %s: %w", p.name, err)
		}
	}
	return s, nil
}
