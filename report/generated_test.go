package report

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestGenerated: the script and the style are what their sources make, and nobody wrote them by hand. go generate ./report makes them,
// and UPDATE=1 with this test writes down their sums.
func TestGenerated(t *testing.T) {
	var sums strings.Builder
	for _, f := range []struct{ name, text string }{{"script.js", pageJS}, {"style.css", pageCSS}} {
		sum := sha256.Sum256([]byte(f.text))
		sums.WriteString(hex.EncodeToString(sum[:]) + "  " + f.name + "\n")
	}
	golden(t, "generated.sha256", sums.String())
}

// TestRebuild bundles the sources anew and compares; without the bundler's module it is skipped.
func TestRebuild(t *testing.T) {
	if out, err := exec.Command("go", "mod", "download", "-C", "page/gen").CombinedOutput(); err != nil {
		t.Skipf("the bundler's module cannot be had: %s", out)
	}
	cmd := exec.Command("go", "run", "-C", "page/gen", ".", "-check")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s", out)
	}
}
