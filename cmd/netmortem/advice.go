package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
	"github.com/netmortem/netmortem/schema"
)

// An advice is an error with what it means for the work, and what to type next.
type advice struct {
	err  error
	why  string // a sentence; empty when it is plain
	next string // a line to type, or what to do; empty when there is nothing
}

func (a advice) Error() string { return a.err.Error() }
func (a advice) Unwrap() error { return a.err }

// errTerminal is told before anything is read: minutes of reading would end in garbage on the screen.
var errTerminal = advice{
	errors.New("a bundle is binary, and standard output is a terminal"),
	"It would be lost and leave the terminal in disorder, so nothing was captured.",
	"netmortem capture -o - > host.tar.zst",
}

// complain prints an error: what failed, below it what that means and what to type next. Each part is one line, for a log takes it line by line.
func complain(w io.Writer, name string, err error) {
	fmt.Fprintf(w, "%s: %s\n", name, report.Visible(err.Error()))
	var a advice
	if !errors.As(err, &a) {
		return
	}
	if a.why != "" {
		fmt.Fprintf(w, "  %s\n", report.Visible(a.why))
	}
	if a.next != "" {
		fmt.Fprintf(w, "  try: %s\n", report.Visible(a.next))
	}
}

// complainJSON prints an error for a program.
func complainJSON(w io.Writer, err error, code int) {
	m := message{Type: "error", Error: err.Error(), Code: &code}
	var a advice
	if errors.As(err, &a) {
		m.Why, m.Next = a.why, a.next
	}
	say(w, m)
}

// advise adds to an error that people meet what it means and what to type. The line that was typed is args; an error that has its own
// advice, and one that nobody foresaw, stay as they are.
func advise(err error, args []string) error {
	var a advice
	if errors.As(err, &a) {
		return err
	}
	again := commandLine("netmortem", args)
	with := func(why, next string) error { return advice{err, why, next} }
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case errors.Is(err, capture.ErrExists):
		return with("It may be the only bundle from before a restart: it is not replaced unasked, and nothing was captured.", again+" --force, or another name with -o")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, capture.ErrDiskFull), strings.Contains(err.Error(), "database or disk is full"):
		next := "-o with a place on another file system; df -h shows them"
		if command == "trace" {
			next = "TMPDIR=/var/tmp " + again
		}
		return with("What was written so far was taken away: no file of a final name is there by halves.", next)
	case errors.Is(err, syscall.EROFS):
		return with("The file system is mounted read-only: nothing was written.", "-o with a place that can be written")
	case errors.Is(err, analyze.ErrWrites):
		return with("The database is an index of the bundles, which are the truth: nothing in it needs to change.", "cp report.db copy.db && sqlite3 copy.db")
	case errors.Is(err, analyze.ErrNoDatabase):
		return with("query and trace --db ask what analyze made of bundles.", "netmortem analyze netmortem_*.tar.zst, then netmortem query "+databaseName)
	case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
		if command == "capture" {
			return with("Nothing was captured.", "sudo "+again)
		}
		return with("What root captured belongs to root.", `sudo chown "$USER" FILE, or sudo `+again)
	case errors.Is(err, analyze.ErrNoBundle) && strings.Contains(err.Error(), ": "+schema.ErrRefused.Error()+": "): // several bundles, each with its reason, are one text
		return with("It is damaged, or was made to do harm: nothing of it was used.", "copy it once more from its host, and compare the two by sha256sum")
	case errors.Is(err, analyze.ErrNoBundle):
		return with("A bundle is what netmortem capture wrote: a .tar.zst, a .tgz, or the directory that one was unpacked into.", "sudo netmortem capture, on each host")
	case errors.Is(err, fs.ErrNotExist) && (command == "query" || command == "trace"):
		return with("There is nothing to ask.", "netmortem analyze netmortem_*.tar.zst, which writes "+databaseName)
	}
	return err
}
