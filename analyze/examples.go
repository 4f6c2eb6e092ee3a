package analyze

import (
	_ "embed"
	"strings"
)

//go:embed examples.sql
var examplesSQL string

// An Example is a question to the database that analyze writes.
type Example struct {
	Name  string // a word: broken-pairs
	Title string // what it asks
	Query string // one SELECT, without the semicolon
}

// Examples are those of examples.sql, in its order.
func Examples() []Example {
	var out []Example
	for _, part := range strings.Split(examplesSQL, "\n\n")[1:] { // the first is about the file
		head, query, _ := strings.Cut(part, "\n")
		name, title, _ := strings.Cut(strings.TrimPrefix(head, "-- "), ": ")
		out = append(out, Example{name, title, strings.TrimSuffix(strings.TrimSpace(query), ";")})
	}
	return out
}
