package report

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// special are words that Markdown, or GitHub after it, would not show as they are: markup, HTML, mentions, references
// to issues, addresses that become links, and :names: that become pictures, as the middle of 02:42:ab:cd:00:07 does.
var special = regexp.MustCompile("(?i)[`*_\\[\\]{}<>&|~$^\\\\@#]|^gh-|://|^www\\.|:[0-9_+-]*[a-z][a-z0-9_+-]*:|:100:|:1234:|:[+-]1:")

// opening are words that mean something at the start of a line only: bullets, numbers, rules.
var opening = regexp.MustCompile(`^([0-9]+[.)]|[-+=]+)$`)

// affixes are the punctuation around a word that reads better outside a code span.
var affixes = regexp.MustCompile(`^([("]*)(.*?)([)",.;:?!]*)$`)

// md writes one line of text so that Markdown shows it as it is: the words that would not be become code spans, in
// which nothing is read.
func md(s string) string { return words(s, code) }

// summary is md for a line of HTML, in which Markdown is not read.
func summary(s string) string {
	return words(s, func(w string) string { return "<code>" + html.EscapeString(w) + "</code>" })
}

func words(s string, wrap func(string) string) string {
	in := strings.Fields(s)
	for i, w := range in {
		switch {
		case special.MatchString(w):
			m := affixes.FindStringSubmatch(w)
			if m[2] == "" {
				m = []string{w, "", w, ""}
			}
			in[i] = m[1] + wrap(m[2]) + m[3]
		case i == 0 && opening.MatchString(w):
			in[i] = wrap(w)
		}
	}
	return strings.Join(in, " ")
}

// code is a code span, of one line; nothing for an empty one.
func code(s string) string {
	if s = strings.Join(strings.Fields(s), " "); s == "" {
		return ""
	}
	mark := strings.Repeat("`", backticks(s)+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return mark + s + mark
}

// cell is text for a table, where a pipe ends the cell also inside code.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// fence writes a code block; nothing for an empty one.
func fence(b *bytes.Buffer, s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	mark := strings.Repeat("`", max(3, backticks(s)+1))
	fmt.Fprintf(b, "%s\n%s\n%s\n", mark, strings.TrimRight(s, "\n"), mark)
}

// backticks is the length of the longest run of backticks.
func backticks(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
