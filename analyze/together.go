package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
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
	t := &together{
		analysis: a, db: db, course: c, questions: questions, hosts: hosts,
		filled: make([]chan struct{}, len(c.soon)+2), fills: map[*Derived]chan Fill{}, answers: make([]answer, len(questions)), asked: make(chan struct{}, len(questions)),
		crew: newCrew(runtime.GOMAXPROCS(0)),
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

	crew *crew // who works is of it
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
// The rules are asked when a processor is idle: nobody waits for them before the end, and they would take from filling and from the Asides
// what these need.
func (t *together) sideBySide(ctx context.Context) error {
	group, inner := errgroup.WithContext(ctx)
	for _, d := range slices.Concat(t.soon, t.late) {
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

// inOrder lists the places of the questions as they can be asked.
func (t *together) inOrder() []int {
	out := make([]int, len(t.questions))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(x, y int) int { return t.after(t.questions[x].tables) - t.after(t.questions[y].tables) })
	return out
}

// aside reads what a table is filled from.
func (t *together) aside(ctx context.Context, d *Derived) error {
	if err := wait(ctx, t.filled[t.after(slices.Concat(d.Reads, d.Beside))]); err != nil {
		return err
	}
	t.crew.now()
	defer t.crew.done()
	return t.readers.with(func(r *reader) error {
		return r.now(ctx, func(tx *sql.Tx) error {
			fill, err := d.Aside(ctx, tx)
			if err != nil {
				return fmt.Errorf("derived table %s: %w", d.Name, err)
			}
			t.fills[d] <- fill
			return nil
		})
	})
}

// ask asks questions until there are none.
func (t *together) ask(ctx context.Context, next <-chan int) error {
	return t.readers.with(func(r *reader) error {
		for i := range next {
			if err := wait(ctx, t.filled[t.after(t.questions[i].tables)]); err != nil {
				return err
			}
			if err := t.answer(ctx, r, i); err != nil {
				return err
			}
			t.asked <- struct{}{}
		}
		return nil
	})
}

// answer asks one question.
func (t *together) answer(ctx context.Context, r *reader, i int) error {
	if err := t.crew.later(ctx); err != nil {
		return err
	}
	defer t.crew.done()
	return r.now(ctx, func(tx *sql.Tx) error {
		t.answers[i].found, t.answers[i].failed = t.questions[i].answer(ctx, tx, t.hosts)
		return ctx.Err()
	})
}

// write fills all tables, and tells the progress of everybody. all is the context that outlives it.
func (t *together) write(ctx, all context.Context) error {
	if err := t.writeAll(ctx, all); err != nil {
		return err
	}
	tell := t.progress("rules", len(t.questions))
	for i := range t.questions {
		if err := wait(ctx, t.asked); err != nil {
			return err
		}
		tell(i + 1)
	}
	return nil
}

// writeAll fills all tables.
func (t *together) writeAll(ctx, all context.Context) error {
	t.crew.now()
	defer t.crew.done()
	tell := t.progress("derive", len(t.soon))
	for i, d := range t.soon {
		if err := t.put(ctx, all, d); err != nil {
			return err
		}
		close(t.filled[i+1])
		tell(i + 1)
	}
	for _, d := range t.late {
		if err := t.put(ctx, all, d); err != nil {
			return err
		}
	}
	close(t.filled[len(t.soon)+1])
	return nil
}

// found is a table with the Fill that its Aside returned. While it is waited for its processor is idle.
func (t *together) found(ctx context.Context, d *Derived) (*Derived, error) {
	if d.Aside == nil {
		return d, nil
	}
	t.crew.done()
	defer t.crew.now()
	filled := *d
	select {
	case filled.Fill = <-t.fills[d]:
		filled.Aside = nil
		return &filled, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// put fills a table and shows it to readers.
func (t *together) put(ctx, all context.Context, d *Derived) error {
	d, err := t.found(ctx, d)
	if err != nil {
		return err
	}
	err = t.db.fill(ctx, d)
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
