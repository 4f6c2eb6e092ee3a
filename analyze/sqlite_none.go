//go:build !cgo

package analyze

import (
	"context"
	"errors"
)

// sqliteAvailable reports why there is no SQLite; nil when there is.
func sqliteAvailable() error {
	return errors.New("this netmortem was built without SQLite: it captures, but cannot analyze; " +
		"use a released binary, or build with CGO_ENABLED=1")
}

func (db *database) reads(context.Context, string) ([]string, error) { return nil, sqliteAvailable() }
