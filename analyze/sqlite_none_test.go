//go:build !cgo

package analyze

import (
	"strings"
	"testing"
)

// TestWithoutSQLite checks that a build without cgo says what it cannot do, and what to do about it.
func TestWithoutSQLite(t *testing.T) {
	_, err := Run(t.Context(), Options{Bundles: []string{"x.tar.zst"}})
	if err == nil || !strings.HasPrefix(err.Error(), "this netmortem was built without SQLite:") || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Errorf("error %v", err)
	}
}
