package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// givenBundles are the bundles that paths name: a directory that is none itself stands for those in it. A path that does not exist is an
// error with what may have been meant.
func givenBundles(paths []string) ([]string, error) {
	var all []string
	for _, path := range paths {
		if !exists(path) {
			near, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.t*")) // the pattern is well-formed
			return nil, noSuchFile("netmortem", path, near)
		}
		in := bundlesIn(path)
		if in == nil {
			in = []string{path}
		}
		all = append(all, in...)
	}
	return all, nil
}

// bundlesIn lists the bundles in a directory by name: files that are called as archives are, and directories into which one was unpacked. It
// is nil for a bundle itself, a file, and a directory without any; what that is, whoever opens it says.
func bundlesIn(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil || holdsMeta(dir) {
		return nil
	}
	var list []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if e.Type().IsRegular() && isArchiveName(e.Name()) || e.IsDir() && holdsMeta(path) {
			list = append(list, path)
		}
	}
	return list
}

func holdsMeta(dir string) bool { return exists(filepath.Join(dir, "meta.json")) }

func isArchiveName(name string) bool {
	return slices.ContainsFunc([]string{".tar.zst", ".tar.gz", ".tgz", ".tar"}, func(end string) bool { return strings.HasSuffix(name, end) })
}
