//go:build cgo

package analyze

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// bundleFile writes a bundle of one host and returns its path.
func bundleFile(t *testing.T, host string) string {
	t.Helper()
	w, err := schema.NewWriter(schema.Meta{Host: host, CaptureID: host, Started: time.Unix(1_800_000_000, 0)}, schema.Zstd)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []any{
		schema.Netns{Netns: "1", Kind: schema.NetnsHost, Name: "host"},
		schema.Coverage{Collector: "netns", Tbl: "netns", Outcome: schema.OK, Rows: 1},
	} {
		if _, err := w.Put(row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.Close(&out, ""); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), host+".tar.zst")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tarFile writes an archive by hand: meta.json of the host, rows, and what else is given.
func tarFile(t *testing.T, host string, more ...tar.Header) string {
	t.Helper()
	var out bytes.Buffer
	tw := tar.NewWriter(&out)
	put := func(h tar.Header, data string) {
		h.Size = int64(len(data))
		if err := tw.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	put(tar.Header{Name: "top/meta.json", Typeflag: tar.TypeReg}, `{"format":1,"host":"`+host+`"}`)
	put(tar.Header{Name: "top/rows/netns.jsonl", Typeflag: tar.TypeReg}, `{"netns":"1","kind":"host","name":"host"}`+"\n")
	for _, h := range more {
		put(h, "")
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), host+".tar")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRefused checks that nothing of a bundle is used whose hostile entry comes after good ones, and that the other
// bundles are analyzed as if it had not been given.
func TestRefused(t *testing.T) {
	good := bundleFile(t, "good")
	evil := tarFile(t, "evil", tar.Header{Name: "top/rows/link.jsonl", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"})
	res, err := Run(t.Context(), Options{Bundles: []string{evil, good}})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Unreadable) != 1 || !strings.Contains(res.Unreadable[0], evil+`: refused: entry "top/rows/link.jsonl": a link`) {
		t.Errorf("unreadable = %q", res.Unreadable)
	}
	for _, h := range res.Hosts {
		if h.Name != "good" {
			t.Errorf("host %q is in the result", h.Name)
		}
	}
	_, err = Run(t.Context(), Options{Bundles: []string{evil}})
	if !errors.Is(err, ErrNoBundle) || !strings.Contains(err.Error(), "a link") {
		t.Errorf("alone: %v", err)
	}
}

// TestBroken checks that a bundle without a manifest, and one with an altered entry, are told.
func TestBroken(t *testing.T) {
	cut := tarFile(t, "cut")
	dir := filepath.Join(t.TempDir(), "top")
	if err := os.MkdirAll(filepath.Join(dir, "raw"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"meta.json":     `{"format":1,"host":"altered"}`,
		"raw/x":         "x",
		"manifest.json": `{"entries":[{"name":"raw/x","size":1,"sha256":"` + strings.Repeat("00", 32) + `"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	res, err := Run(t.Context(), Options{Bundles: []string{cut, dir}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		cut + ": it breaks off after rows/netns.jsonl: no manifest.json",
		dir + ": raw/x: altered: its SHA-256 is not the manifest's",
		dir + ": meta.json: not in the manifest",
	} {
		if !strings.Contains(strings.Join(res.Problems, "\n"), want) {
			t.Errorf("problems = %q, want %q", res.Problems, want)
		}
	}
}
