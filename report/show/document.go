package show

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// documents calls f for each document of a view, and says what coverage has to say of the others.
func (p *printer) documents(ctx context.Context, x *index, v *view, f func(e *schema.Entry) error) error {
	found := false
	_, _, err := x.source.entries(ctx, func(e *schema.Entry) error {
		name, ok := strings.CutPrefix(e.Name, "raw/")
		if !ok || !x.wanted(name, v.docs) {
			return nil
		}
		found = true
		return f(e)
	})
	if err != nil {
		return err
	}
	return p.documentRest(x, v, found)
}

// wanted reports whether a document is one of a view, and of a namespace that was chosen.
func (x *index) wanted(name string, patterns []string) bool {
	if !slices.ContainsFunc(patterns, func(p string) bool { return fits(name, p) }) {
		return false
	}
	if parts := strings.Split(name, "/"); parts[0] == "netns" && len(parts) > 1 {
		return x.chosen[parts[1]] != nil
	}
	return true
}

// fits reports whether a document's name is of a pattern: * stands for one part of it, at its end for any rest.
func fits(name, pattern string) bool {
	if ok, err := path.Match(pattern, name); ok && err == nil {
		return true
	}
	head, ok := strings.CutSuffix(pattern, "*")
	return ok && !strings.Contains(head, "*") && strings.HasPrefix(name, head)
}

// documentRest says why documents are missing or not whole.
func (p *printer) documentRest(x *index, v *view, found bool) error {
	planned := false
	var absent []string
	for i := range x.coverage {
		c := &x.coverage[i]
		name := strings.TrimPrefix(c.Document, "raw/")
		if c.Document == "" || !x.wanted(name, v.docs) {
			continue
		}
		planned = true
		_, there := x.entries[c.Document]
		var err error
		switch {
		case c.Outcome.Gap() && there:
			err = p.gap("%s: %s is not whole: %s", x.source.host, c.Document, describe(c))
		case c.Outcome.Gap():
			err = p.gap("%s: %s was not captured (%s)", x.source.host, c.Document, describe(c))
		case c.Outcome == schema.Absent:
			absent = append(absent, c.Document+inBrackets(c.Reason))
		case !there: // coverage says that it was read
			err = p.gap("%s: %s is not in the bundle, though coverage says %s", x.source.host, c.Document, c.Outcome)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case !found && !planned:
		return p.gap("%s: %s was not captured (%s)", x.source.host, v.name, x.silent(strings.Join(v.docs, ", ")))
	case !found && len(absent) > 0 && !p.options.JSON:
		return p.comment("%s: no %s: %s", x.source.host, v.name, strings.Join(absent, ", "))
	}
	return nil
}

// showDocuments prints documents as they are, each under its name.
func showDocuments(ctx context.Context, p *printer, x *index, v *view) error {
	return p.documents(ctx, x, v, func(e *schema.Entry) error { return p.document(x, e) })
}

// document prints one document as it is.
func (p *printer) document(x *index, e *schema.Entry) error {
	if err := p.section(x, e.Name); err != nil {
		return err
	}
	lines := e.Lines()
	for lines.Next() {
		print := func() error { return p.text(string(lines.Bytes()) + "\n") }
		if p.options.JSON {
			print = func() error { return p.raw(lines.Bytes()) }
		}
		if err := print(); err != nil {
			return err
		}
	}
	return lines.Err()
}

// showFiles lists the bundle's files with their sizes.
func showFiles(_ context.Context, p *printer, x *index, v *view) error {
	if err := p.section(x, "files"); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(x.entries)) {
		if err := p.text(fmt.Sprintf("%10d %s\n", x.entries[name].size, name)); err != nil {
			return err
		}
	}
	return nil
}
