package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// runWhy prints why the thing that a finding is about should be there.
func runWhy(ctx context.Context, w io.Writer, db, subject string, color bool, columns int) error {
	if db == "" {
		return usage("%s is a finding's subject: name the database that analyze wrote with --db", subject)
	}
	reasons, err := analyze.Why(ctx, db, subject)
	if err != nil {
		return err
	}
	p := &runbook{color: color, columns: columns}
	if len(reasons) == 0 {
		p.line("Nothing captured asks for " + subject + ".")
	}
	for i, r := range reasons {
		if i > 0 {
			p.line("")
		}
		p.title(strings.ReplaceAll(r.Table, "_", " "))
		for _, f := range r.Facts {
			p.line(fmt.Sprintf("  %-12s %s", f.Name, f.Value))
		}
		if r.Why != "" {
			p.text("  ", "Because "+r.Why)
		}
		for _, e := range r.Evidence {
			p.line("  " + e.Ref)
		}
	}
	_, err = io.WriteString(w, p.b.String())
	return err
}
