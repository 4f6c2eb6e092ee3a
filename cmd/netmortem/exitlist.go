package main

import (
	"fmt"
	"slices"
	"strings"
)

// An ending is what one exit code means after one command.
type ending struct {
	code    int
	command string // empty for every command that has no words of its own for the code
	means   string
}

// endings is the only list of exit codes; the help of the commands, the topic exit-codes and the manual pages print it.
var endings = []ending{
	{codeOK, "", "done"},
	{codeOK, "capture", "complete: all that was asked for was read, or does not exist here"},
	{codeOK, "doctor", "nothing is missing"},
	{codeOK, "analyze", "no finding at or above --fail-on, and all was looked at"},
	{codeOK, "trace", "delivered"},
	{codeOK, "show", "all that was asked for is in the bundles, or did not exist on the hosts"},
	{codeOK, "query", "the query ran, also when it gave no row"},
	{codeFindings, "analyze", "findings at or above --fail-on"},
	{codeFindings, "trace", "dropped, or some backends are not reached"},
	{codeFindings, "rules", "with --test: a fixture differs"},
	{codeFailed, "", "failed"},
	{codeFailed, "capture", "nothing usable was written"},
	{codeFailed, "analyze", "failed, or a bundle could not be read"},
	{codeFailed, "query", "failed: no database, a query that SQLite refuses, one that writes, or past --timeout"},
	{codePartial, "capture", "partial, or no Docker daemon was found: the bundle is usable and says what is missing"},
	{codePartial, "doctor", "something is missing"},
	{codePartial, "analyze", "no finding, but evidence is missing that should have been there; --allow-partial makes it 0"},
	{codePartial, "trace", "cannot tell"},
	{codePartial, "show", "part of it was not captured or cannot be read; what there is was printed"},
	{codeUsage, "", "wrong command line: nothing was done"},
	{codeUsage, "show", "wrong command line, or a name that fits nothing or several things"},
	{codeUsage, "trace", "wrong command line, or a name that fits nothing or several things"},
	{codeInterrupted, "", "interrupted by a signal"},
	{codeInterrupted, "capture", "interrupted by a signal; the bundle was closed properly"},
}

// endingsOf are the exit codes of one command, in order.
func endingsOf(command string) []ending {
	var out []ending
	for _, e := range endings {
		switch i := slices.IndexFunc(out, func(x ending) bool { return x.code == e.code }); {
		case e.command != "" && e.command != command:
		case i < 0:
			out = append(out, e)
		case e.command != "":
			out[i] = e
		}
	}
	return out
}

// exitText is the paragraph on exit codes in the help of a command.
func exitText(command string) string {
	var parts []string
	for _, e := range endingsOf(command) {
		parts = append(parts, fmt.Sprintf("%d %s", e.code, e.means))
	}
	return filled("Exit codes: "+strings.Join(parts, "; ")+".", 110)
}

// filled breaks a paragraph into lines of at most n characters.
func filled(text string, n int) string {
	var lines []string
	line := ""
	for _, w := range strings.Fields(text) {
		switch {
		case line == "":
			line = w
		case len([]rune(line))+1+len([]rune(w)) > n:
			lines = append(lines, line)
			line = w
		default:
			line += " " + w
		}
	}
	return strings.Join(append(lines, line), "\n")
}
