package analyze

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"

	"github.com/netmortem/netmortem/schema"
)

// A batch is packed rows on their way to the writer.
type batch struct {
	table string
	pack  pack
}

// Readers run ahead of the writer by no more than some bundles, and in each by no more than some batches, about all that a usual host has:
// what waits for the writer is a few MB, and the writer never for a reader that waits for it.
const (
	aheadBundles = 4
	aheadBatches = 64
)

// load reads the bundles in parallel and writes their rows in the order of the sources, so that the database is the
// same whichever reader is faster, and rows of one host lie together. It returns a report for each source; a bundle
// turns out to be one that must be refused only when it is read, and then its rows are taken out again.
func load(ctx context.Context, db *database, sources []*source, progress func(done int)) (good, refused []*loaded, err error) {
	if err := db.takeRefs(ctx); err != nil {
		return nil, nil, fmt.Errorf("load: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lays := layouts()
	spare := make(chan []byte, aheadBundles*aheadBatches) // buffers of whole batches that were written
	type job struct {
		out chan batch
		rep *loaded
	}
	jobs := make([]job, len(sources))
	for i, s := range sources {
		jobs[i] = job{make(chan batch, aheadBatches), &loaded{source: s}}
	}
	// Readers take sources in order, so the one that the writer waits for is always being read.
	next, ahead := make(chan int), make(chan struct{}, aheadBundles)
	go func() {
		defer close(next)
		for i := range sources {
			select {
			case ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var readers sync.WaitGroup
	for range min(len(sources), runtime.GOMAXPROCS(0)) {
		readers.Go(func() {
			for i := range next {
				readBundle(ctx, jobs[i].rep, lays, jobs[i].out, spare)
				close(jobs[i].out)
			}
		})
	}
	defer readers.Wait()
	defer cancel() // runs before Wait: readers that would wait for the writer give up

	ins := map[string]*inserter{}
	for i := range schema.Tables {
		t := &schema.Tables[i]
		if viewOf(t.Name) == "" {
			ins[t.Name] = newInserter(db, t.Name, len(t.LoadColumns()))
		}
	}
	for _, d := range ownTables() {
		if d != &hostRowsTable { // last of all
			ins[d.Name] = newInserter(db, d.Name, len(d.stored()))
		}
	}
	places := newInserter(db, hostRowsTable.Name, len(hostRowsTable.Columns))
	before := map[string]int64{} // last rows of the hosts before
	for i := range jobs {
		for {
			var b batch
			var ok bool
			select {
			case b, ok = <-jobs[i].out:
			case <-ctx.Done():
				return nil, nil, ctx.Err()
			}
			if !ok {
				break
			}
			if err := ins[b.table].packed(ctx, b.pack); err != nil {
				return nil, nil, fmt.Errorf("load %s: %w", sources[i].path, err)
			}
			if cap(b.pack.buf) >= batchBytes {
				select {
				case spare <- b.pack.buf[:0]:
				default:
				}
			}
		}
		for _, table := range slices.Sorted(maps.Keys(ins)) {
			if last := ins[table].last; last > before[table] {
				if err := places.values(ctx, []any{sources[i].host, table, before[table] + 1, last}); err != nil {
					return nil, nil, fmt.Errorf("load %s: %w", sources[i].path, err)
				}
				before[table] = last
			}
		}
		<-ahead
		progress(i + 1)
	}
	ins[hostRowsTable.Name] = places
	for _, in := range ins {
		if err := in.flush(ctx); err != nil {
			return nil, nil, err
		}
	}
	if err := ctx.Err(); err != nil { // readers that gave up closed their channels, too
		return nil, nil, err
	}
	for i := range jobs {
		if rep := jobs[i].rep; rep.refusal != nil {
			refused = append(refused, rep)
		} else {
			good = append(good, rep)
		}
	}
	for _, rep := range refused {
		for _, in := range ins {
			if _, err := db.tx.ExecContext(ctx, "DELETE FROM "+in.table+" WHERE host = ?", rep.source.host); err != nil {
				return nil, nil, fmt.Errorf("load %s: %w", rep.source.path, err)
			}
		}
	}
	if err := db.giveRefs(ctx); err != nil {
		return nil, nil, fmt.Errorf("load: %w", err)
	}
	return good, refused, nil
}
