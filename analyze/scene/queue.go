package scene

import (
	"context"
	"database/sql"
)

func readQueues(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error { return nil }
