package scene

import (
	"context"
	"database/sql"
)

func readCores(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error { return nil }
