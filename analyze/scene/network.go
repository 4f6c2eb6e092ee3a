package scene

import (
	"context"
	"database/sql"
)

func readNetworks(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error { return nil }
