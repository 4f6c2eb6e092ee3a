package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./*-]+$`)

// commandLine writes a line to be typed into a shell; globs stay globs.
func commandLine(name string, args []string) string {
	for _, a := range args {
		name += " " + quote(a)
	}
	return name
}

func quote(arg string) string {
	if harmless.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// nearest is the word that was probably meant, or nothing.
func nearest(typed string, words []string) string {
	best, at := "", 1+max(1, len(typed)/3)
	for _, w := range words {
		if d := distance(typed, w); d < at {
			best, at = w, d
		}
	}
	return best
}

// distance is the number of characters to insert, delete, change or swap with their neighbour (optimal string
// alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// noSuchBundle is the error for a bundle that is not there, with one that is, if there is one.
func noSuchFile(app, path string, near []string) error {
	next := "ls " + quote(filepath.Dir(path))
	if best := nearest(path, near); best != "" {
		next = commandLine(app, []string{"analyze", best})
	}
	return advice{fmt.Errorf("no file %s", path), "The host without a bundle may be the one that broke, so nothing was done.", next}
}
