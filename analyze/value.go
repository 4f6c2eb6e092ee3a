package analyze

import "database/sql"

// flag is a truth value as tables hold it.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// orNull is a text, or NULL for none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nullable is a text as it was scanned.
func nullable(s sql.NullString) any {
	if !s.Valid {
		return nil
	}
	return s.String
}
