package scene

import (
	"context"
	"database/sql"
)

func readFailures(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error { return nil }
