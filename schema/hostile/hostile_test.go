package hostile_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/netmortem/netmortem/schema"
	"github.com/netmortem/netmortem/schema/hostile"
)

// TestWrite: what is written is a bundle that is read whole.
func TestWrite(t *testing.T) {
	for _, how := range []hostile.Plant{hostile.Names, hostile.All} {
		to := filepath.Join(t.TempDir(), "x.tar.zst")
		if err := hostile.Write(to, "../../testdata/bundles/healthy-every-collector/node1.tar.zst", how); err != nil {
			t.Fatal(err)
		}
		b, err := schema.Open(to)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		n := 0
		for ; err == nil; n++ {
			_, err = b.Next()
		}
		if err != io.EOF || b.Interrupted != "" || len(b.Problems) > 0 || n < 200 {
			t.Errorf("%s: %d entries, %v, %s, %q", how, n, err, b.Interrupted, b.Problems)
		}
	}
}
