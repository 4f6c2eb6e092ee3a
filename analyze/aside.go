package analyze

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
)

// An Aside is the first half of a Fill, which takes long and only reads: what it returns puts the rows. It may run on a connection of
// its own while rules are asked that do not read what it will put.
type Aside func(ctx context.Context, tx *sql.Tx) (Fill, error)

// aside reports whether a table is filled by an Aside, its own or that of the table it is filled with.
func aside(list []*Derived, table string) bool {
	for _, d := range list {
		if d.Aside != nil && (d.Name == table || slices.ContainsFunc(list, func(x *Derived) bool { return x.Name == table && x.With == d.Name })) {
			return true
		}
	}
	return false
}

// An answer is what a rule found, or why it failed.
type answer struct {
	found  []Finding
	failed error
}

// findOut derives what is left and asks all rules: what only reads runs side by side where the database is a file, for a reader of
// one needs no lock once it is committed and nobody writes. The answers are in the order of the questions.
func (a *analysis) findOut(ctx context.Context, db *database, late []*Derived, questions []*question, hosts map[string]bool) ([]answer, error) {
	answers := make([]answer, len(questions))
	done, tell := 0, a.progress("rules", len(questions))
	asked := func(i int, x answer) {
		answers[i] = x
		done++
		tell(done)
	}
	var first, last []int // questions that need not wait for what is left, and those that must
	for i, q := range questions {
		if slices.ContainsFunc(q.tables, func(t string) bool { return aside(a.derived, t) }) {
			last = append(last, i)
		} else {
			first = append(first, i)
		}
	}
	if db.path == "" || runtime.GOMAXPROCS(0) == 1 {
		for _, d := range late {
			if err := db.fill(ctx, d); err != nil {
				return nil, fmt.Errorf("derived table %s: %w", d.Name, err)
			}
		}
		last = append(first, last...)
	} else if err := a.together(ctx, db, late, questions, first, hosts, asked); err != nil {
		return nil, err
	}
	for _, i := range last {
		found, failed := questions[i].answer(ctx, db.tx, hosts)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		asked(i, answer{found, failed})
	}
	return answers, nil
}

// together reads for what is left to derive, and asks questions meanwhile; then it fills what is left.
func (a *analysis) together(ctx context.Context, db *database, late []*Derived, questions []*question, first []int, hosts map[string]bool, asked func(int, answer)) error {
	readers, err := db.settle(ctx)
	if err != nil {
		return err
	}
	defer readers.Close()
	all := ctx // the transaction that follows lives longer than the readers
	ctx, stop := context.WithCancel(all)
	defer stop()
	type reply struct {
		i int // place in questions; -1 for a reader that could not begin or go on
		answer
	}
	replies, work := make(chan reply), make(chan int)
	var busy sync.WaitGroup
	busy.Go(func() {
		defer close(work)
		for _, i := range first {
			select {
			case work <- i:
			case <-ctx.Done():
				return
			}
		}
	})
	fail := func(err error) {
		if err != nil {
			replies <- reply{i: -1, answer: answer{failed: err}}
		}
	}
	fills := make([]Fill, len(late))
	busy.Go(func() {
		fail(withReader(ctx, readers, func(tx *sql.Tx) error {
			for i, d := range late {
				if d.Aside != nil {
					var err error
					if fills[i], err = d.Aside(ctx, tx); err != nil {
						return fmt.Errorf("derived table %s: %w", d.Name, err)
					}
				}
			}
			return nil
		}))
	})
	for range runtime.GOMAXPROCS(0) {
		busy.Go(func() {
			fail(withReader(ctx, readers, func(tx *sql.Tx) error {
				for i := range work {
					found, failed := questions[i].answer(ctx, tx, hosts)
					if err := ctx.Err(); err != nil {
						return err
					}
					replies <- reply{i, answer{found, failed}}
				}
				return nil
			}))
		})
	}
	go func() {
		busy.Wait()
		close(replies)
	}()
	var failed error
	for r := range replies {
		if r.i >= 0 {
			asked(r.i, r.answer)
			continue
		}
		if failed == nil {
			failed = r.failed // those that follow only say that it was stopped
		}
		stop()
	}
	if err := errors.Join(failed, readers.Close()); err != nil {
		return err
	}
	if err := db.begin(all); err != nil {
		return err
	}
	for i, d := range late {
		filled := *d
		if fills[i] != nil {
			filled.Aside, filled.Fill = nil, fills[i]
		}
		if err := db.fill(all, &filled); err != nil {
			return fmt.Errorf("derived table %s: %w", d.Name, err)
		}
	}
	return nil
}

// withReader gives f a connection of its own, on which nothing can be written.
func withReader(ctx context.Context, readers *sql.DB, f func(tx *sql.Tx) error) error {
	conn, err := readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, readerPragmas); err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return f(tx)
}
