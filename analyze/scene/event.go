package scene

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// maxEvents bounds the events of a scene: more than that no picture shows and no table is read through.
const maxEvents = 5000

// An eventSource reads events of one kind.
type eventSource struct {
	name string
	read func(r *eventReader) error
}

// eventSources lists them.
func eventSources() []eventSource {
	return []eventSource{
		{"captures", readCaptureEvents},
		{"docker events", readDockerEvents},
		{"ends of containers", readEndEvents},
		{"health checks", readHealthEvents},
		{"tasks", readTaskEvents},
		{"kernel log", readKernelEvents},
		{"cores", readCoreEvents},
		{"logs", readLogEvents},
		{"services of the host", readUnitEvents},
		{"forwarding entries", readForwardEvents},
		{"neighbours and links", readNeighbourEvents},
		{"counters", readCounterEvents},
	}
}

// An eventReader is what a source reads with.
type eventReader struct {
	ctx  context.Context
	tx   *sql.Tx
	see  Sight
	name *namer
	out  *folder
}

// each runs a query, as [each].
func (r *eventReader) each(query string, into []any, row func()) error {
	return each(r.ctx, r.tx, query, into, row)
}

// readEvents reads what happened when. A time is the one that its host's clock told.
//
// Lines of logs that are on no list and that nobody calls a warning or worse are not read: they are counted as left out.
func readEvents(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	near, err := causeMoments(ctx, tx)
	if err != nil {
		return err
	}
	name, err := newNamer(ctx, tx, s.Containers)
	if err != nil {
		return err
	}
	r := &eventReader{ctx: ctx, tx: tx, see: see, name: name, out: newFolder(maxEvents, near)}
	for _, source := range eventSources() {
		if err := source.read(r); err != nil {
			return fmt.Errorf("%s: %w", source.name, err)
		}
	}
	s.Events, s.EventsLeft = r.out.events()
	return readUnseen(ctx, tx, s)
}

// causeMoments are the times that causes are dated by; when none is, the times at which the hosts were captured.
func causeMoments(ctx context.Context, tx *sql.Tx) ([]time.Time, error) {
	var list []time.Time
	var a, b string
	for _, q := range []string{
		`SELECT COALESCE("after", ''), COALESCE("by", '') FROM cause WHERE because <> ''`,
		`SELECT COALESCE(first_read, wall, ''), '' FROM host`,
	} {
		err := each(ctx, tx, q, []any{&a, &b}, func() {
			for _, s := range []string{a, b} {
				if t := when(s); !t.IsZero() {
					list = append(list, t)
				}
			}
		})
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return list, nil
}

// when reads a time as tables hold it; one that is none is zero.
func when(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// atSeconds is a time given in seconds since 1970, as derived tables hold it: good to a millisecond, and said so.
func atSeconds(s sql.NullFloat64) time.Time {
	if !s.Valid || s.Float64 < 0 || s.Float64 > 1e11 {
		return time.Time{}
	}
	return time.UnixMilli(int64(s.Float64*1e3 + 0.5)).UTC()
}
