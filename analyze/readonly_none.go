//go:build !cgo

package analyze

// onlyReads is never reached: without SQLite nothing is opened.
func (r *Reader) onlyReads() error { return sqliteAvailable() }
