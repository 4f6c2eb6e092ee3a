package scene

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxFailures bounds the failures of a scene.
const maxFailures = 2000

// A failureSource reads failures of one kind.
type failureSource struct {
	name string
	read func(r *failureReader) error
}

// failureSources lists them: one that a later source tells of again is told by the first.
func failureSources() []failureSource {
	return []failureSource{
		{"ends of containers", readProcessEnds},
		{"tasks that never ran", readUnstarted},
		{"processes that the kernel ended", readKernelFaults},
		{"health checks", readUnhealthy},
		{"units", readUnits},
		{"queues", readStandstills},
		{"errors that programs log", readComplaints},
	}
}

// A failureReader is what a source reads with.
//
// A failure lies in one of four quarters. It is fatal when a process ended by it. It is explicit when the process itself says so, by an exit
// code of its own or a line of its log; it is implicit when somebody else ended it (the kernel, a signal, the swarm for a health check that did not
// come back), or when it only stands still, so that one has to look from outside to see it.
type failureReader struct {
	ctx   context.Context
	tx    *sql.Tx
	name  *namer
	found map[string][]string // host and subject: ids of findings
	oom   map[string][]time.Time
	list  []Failure
}

func (r *failureReader) each(query string, into []any, row func()) error {
	return each(r.ctx, r.tx, query, into, row)
}

// readFailures reads what became of processes, newest first.
func readFailures(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	name, err := newNamer(ctx, tx, s.Containers)
	if err != nil {
		return err
	}
	r := &failureReader{ctx: ctx, tx: tx, name: name, found: map[string][]string{}, oom: map[string][]time.Time{}}
	for _, f := range see.Found {
		r.found[f.Host+"\x00"+f.Subject] = append(r.found[f.Host+"\x00"+f.Subject], f.ID)
	}
	for _, source := range failureSources() {
		if err := source.read(r); err != nil {
			return fmt.Errorf("%s: %w", source.name, err)
		}
	}
	slices.SortStableFunc(r.list, func(a, b Failure) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Host, b.Host), strings.Compare(a.Label, b.Label), strings.Compare(a.What, b.What), strings.Compare(a.Ref, b.Ref))
	})
	s.Failures, s.FailuresLeft = boundFailures(r.list, maxFailures)
	return nil
}

// boundFailures drops those that somebody asked for first, then the oldest.
func boundFailures(list []Failure, most int) ([]Failure, int) {
	if len(list) <= most {
		return list, 0
	}
	out := make([]Failure, 0, most)
	room := most
	for _, f := range list {
		if !f.Asked {
			room--
		}
	}
	room = max(room, 0) // for those that were asked for
	for _, f := range list {
		switch {
		case len(out) == most:
		case !f.Asked:
			out = append(out, f)
		case room > 0:
			room--
			out = append(out, f)
		}
	}
	return out, len(list) - len(out)
}

// findings are the ids of the findings on a host that have one of the subjects.
func (r *failureReader) findings(host string, subjects ...string) []string {
	var out []string
	for _, s := range subjects {
		for _, id := range r.found[host+"\x00"+s] {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// party of a container: its service, or itself.
func party(service, label string) Party {
	if service != "" {
		return Party{Kind: PartyService, Name: service}
	}
	return Party{Kind: PartyContainer, Name: label}
}
