package scene

import (
	"context"
	"database/sql"
)

func readServices(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error { return nil }
