package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether a person looks at what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colors reports whether what is written to w may have colours: on a terminal that knows them, unless NO_COLOR says
// no (no-color.org), or anywhere if CLICOLOR_FORCE says so.
func colors(w io.Writer) bool {
	if os.Getenv(envNoColor) != "" {
		return false
	}
	if force := os.Getenv(envCLIColorForce); force != "" && force != "0" {
		return true
	}
	return isTerminal(w) && os.Getenv(envTerm) != "dumb"
}

// terminalWidth is the number of columns that the terminal behind w has; 80 when it does not say.
func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
	}
	return 80
}

// width is the number of columns to write w in: a terminal's own, within what reads well, else 100.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return min(max(n, 40), 120)
		}
	}
	return 100
}
