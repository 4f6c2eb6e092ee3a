package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// An Aside is the first half of a Fill, which takes long and only reads: what it returns puts the rows. It may run on a connection of
// its own while other tables are filled, and rules asked, that do not read what it will put.
type Aside func(ctx context.Context, tx *sql.Tx) (Fill, error)

// An answer is what a rule found, or why it failed.
type answer struct {
	found  []Finding
	failed error
}

// findOut derives all tables and asks all rules. The answers are in the order of the questions.
func (a *analysis) findOut(ctx context.Context, db *database, c *course, questions []*question, hosts map[string]bool) ([]answer, error) {
	if err := db.indexOwn(ctx); err != nil {
		return nil, err
	}
	t := &together{
		analysis: a, db: db, course: c, questions: questions, hosts: hosts,
		filled: make([]chan struct{}, len(c.soon)+2), fills: map[*Derived]chan Fill{}, answers: make([]answer, len(questions)), asked: make(chan struct{}, len(questions)),
		processors: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))),
	}
	for i := range t.filled {
		t.filled[i] = make(chan struct{})
	}
	close(t.filled[0])
	if runtime.GOMAXPROCS(0) == 1 {
		return t.answers, t.inTurn(ctx)
	}
	var err error
	if t.readers, err = db.share(ctx); err != nil {
		return nil, err
	}
	if t.readers == nil {
		return t.answers, t.inTurn(ctx)
	}
	defer t.readers.close()
	return t.answers, t.sideBySide(ctx)
}

// A together is what is done between loading and assembling.
type together struct {
	*analysis
	*course
	db        *database
	readers   *readers
	questions []*question
	hosts     map[string]bool

	filled  []chan struct{}        // closed when so many of soon are filled; the last when those of late are, too
	fills   map[*Derived]chan Fill // what Asides return
	answers []answer
	asked   chan struct{} // one for each answer

	processors *semaphore.Weighted // who works holds one
}

// inTurn does one thing after the other, on the connection that writes.
func (t *together) inTurn(ctx context.Context) error {
	list := slices.Concat(t.soon, t.late)
	if err := derive(ctx, t.db, list, t.progress("derive", len(list))); err != nil {
		return err
	}
	tell := t.progress("rules", len(t.questions))
	for i, q := range t.questions {
		t.answers[i].found, t.answers[i].failed = q.answer(ctx, t.db.tx, t.hosts)
		if err := ctx.Err(); err != nil {
			return err
		}
		tell(i + 1)
	}
	return nil
}

// sideBySide fills tables on the connection that writes, and meanwhile does what only reads, each on a connection of its own: Asides, and
// rules as soon as their tables are filled.
//
// Each works while it holds a processor. Were there more at work than processors, the rules would take from filling and from the Asides,
// which are waited for in the end, what nobody needs before.
func (t *together) sideBySide(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	for _, d := range t.late {
		if d.Aside != nil {
			t.fills[d] = make(chan Fill, 1)
			group.Go(func() error { return t.aside(inner, d) })
		}
	}
	next := make(chan int, len(t.questions)) // in the order in which they can be asked
	for _, i := range t.inOrder() {
		next <- i
	}
	close(next)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error { return t.ask(inner, next) })
	}
	group.Go(func() error { return t.write(inner, ctx) })
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// work does something when there is a processor for it.
func (t *together) work(ctx context.Context, f func() error) error {
	if err := t.processors.Acquire(ctx, 1); err != nil {
		return err
	}
	defer t.processors.Release(1)
	return f()
}

// inOrder lists the places of the questions as they can be asked.
func (t *together) inOrder() []int {
	out := make([]int, len(t.questions))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(x, y int) int { return t.after(t.questions[x].tables) - t.after(t.questions[y].tables) })
	return out
}

// aside reads what a table of late is filled from.
func (t *together) aside(ctx context.Context, d *Derived) error {
	if err := wait(ctx, t.filled[t.after(d.Reads)]); err != nil {
		return err
	}
	return t.readers.with(func(r *reader) error {
		return t.work(ctx, func() error {
			return r.now(ctx, func(tx *sql.Tx) error {
				fill, err := d.Aside(ctx, tx)
				if err != nil {
					return fmt.Errorf("derived table %s: %w", d.Name, err)
				}
				t.fills[d] <- fill
				return nil
			})
		})
	})
}

// ask asks questions until there are none.
func (t *together) ask(ctx context.Context, next <-chan int) error {
	return t.readers.with(func(r *reader) error {
		for i := range next {
			q := t.questions[i]
			if err := wait(ctx, t.filled[t.after(q.tables)]); err != nil {
				return err
			}
			err := t.work(ctx, func() error {
				return r.now(ctx, func(tx *sql.Tx) error {
					t.answers[i].found, t.answers[i].failed = q.answer(ctx, tx, t.hosts)
					return ctx.Err()
				})
			})
			if err != nil {
				return err
			}
			t.asked <- struct{}{}
		}
		return nil
	})
}

// write fills all tables, and tells the progress of everybody. all is the context that outlives it.
func (t *together) write(ctx, all context.Context) error {
	if err := t.work(ctx, func() error { return t.writeSoon(ctx, all) }); err != nil {
		return err
	}
	for _, d := range t.late {
		filled := *d
		if d.Aside != nil {
			select {
			case filled.Fill = <-t.fills[d]:
				filled.Aside = nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := t.work(ctx, func() error { return t.put(ctx, all, &filled) }); err != nil {
			return err
		}
	}
	close(t.filled[len(t.soon)+1])
	tell := t.progress("rules", len(t.questions))
	for i := range t.questions {
		if err := wait(ctx, t.asked); err != nil {
			return err
		}
		tell(i + 1)
	}
	return nil
}

// writeSoon fills the tables that wait for no Aside.
func (t *together) writeSoon(ctx, all context.Context) error {
	tell := t.progress("derive", len(t.soon))
	for i, d := range t.soon {
		if err := t.put(ctx, all, d); err != nil {
			return err
		}
		close(t.filled[i+1])
		tell(i + 1)
	}
	return nil
}

// put fills a table and shows it to readers.
func (t *together) put(ctx, all context.Context, d *Derived) error {
	err := t.db.fill(ctx, d)
	if err == nil {
		err = t.db.settle(all, d)
	}
	if err != nil {
		return fmt.Errorf("derived table %s: %w", d.Name, err)
	}
	return nil
}

// wait waits for a channel that is closed, or a token of one, or the end of the context.
func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
