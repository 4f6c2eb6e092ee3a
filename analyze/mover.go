package analyze

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// A mover moves what is committed from the log into the file, on a connection of its own, while others read and write: at the end, when
// nothing else is left to do, it would take as long as writing the log did.
type mover struct {
	committed chan struct{} // holds one
	failed    chan error    // gets one when it has ended
}

// moverPragmas are for the connection that moves. PASSIVE waits for nobody: what readers that began before it was committed would see changed
// stays in the log until the next time.
const (
	moverPragmas = "PRAGMA synchronous = OFF"
	moving       = "PRAGMA wal_checkpoint(PASSIVE)"
)

// newMover begins to move what is noted into the file at path, which is shared.
func newMover(ctx context.Context, path string) (*mover, error) {
	db, err := sql.Open("sqlite3", dsn(path)+"?mode=rw")
	if err != nil {
		return nil, err
	}
	m := &mover{make(chan struct{}, 1), make(chan error, 1)}
	go func() {
		err := m.move(ctx, db)
		m.failed <- errors.Join(err, db.Close())
	}()
	return m, nil
}

func (m *mover) move(ctx context.Context, db *sql.DB) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, moverPragmas); err != nil {
		return err
	}
	for range m.committed {
		if _, err := conn.ExecContext(ctx, moving); err != nil {
			return err
		}
	}
	return nil
}

// note says that something was committed. It waits for nobody: what is noted while the mover moves is moved next, all at once.
func (m *mover) note() {
	select {
	case m.committed <- struct{}{}:
	default:
	}
}

// stop waits until the mover has ended.
func (m *mover) stop() error {
	close(m.committed)
	if err := <-m.failed; err != nil {
		return fmt.Errorf("move the log into the database: %w", err)
	}
	return nil
}
