package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestGivenBundles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"incident/node2.tar.zst", "incident/node1.tgz", "incident/node3/meta.json", "incident/notes.txt", "incident/empty/x",
		"unpacked/meta.json", "unpacked/old.tar.zst", "none/notes.txt",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, given, want string }{
		{"directory of bundles", "incident", "incident/node1.tgz incident/node2.tar.zst incident/node3"},
		{"file", "incident/notes.txt", "incident/notes.txt"},
		{"directory that a bundle was unpacked into", "unpacked", "unpacked"},
		{"directory without any", "none", "none"},
		{"several", "none incident", "none incident/node1.tgz incident/node2.tar.zst incident/node3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := func(list string) []string {
				paths := strings.Fields(list)
				for i, p := range paths {
					paths[i] = filepath.Join(dir, p)
				}
				return paths
			}
			got, err := givenBundles(at(c.given))
			if err != nil || !slices.Equal(got, at(c.want)) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	if _, err := givenBundles([]string{filepath.Join(dir, "gone")}); err == nil {
		t.Error("a path that does not exist is no error")
	}
}
