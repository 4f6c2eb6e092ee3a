package analyze

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Options of one analysis.
type Options struct {
	Bundles  []string       // files or unpacked directories, one a host
	DB       string         // SQLite file to write; empty keeps no file
	RulesDir string         // directory of further rules; empty for none
	Tool     string         // version of netmortem, for the result
	Now      time.Time      // for the result; zero means the time of the call
	Progress func(Progress) // called as work goes on, from one goroutine; may be nil
}

// Progress is what a terminal shows of a running analysis.
type Progress struct {
	Phase      string // load, derive, rules or evidence
	Done       int    // steps of the phase that are done; of load: bundles
	Total      int    // steps that the phase has
	Bytes      int64  // of load: size of the files that are done
	TotalBytes int64  // of all of them; 0 when it is not known
}

// ErrNoBundle is returned when not one bundle could be read; the error's text names each with its reason.
var ErrNoBundle = errors.New("no bundle could be read")

// Run loads the bundles, derives what should be there, and asks the rules.
//
// A bundle that cannot be read does not stop the others: it is a line of Result.Unreadable. Damage inside a bundle is
// a line of Result.Problems, and the rules that would have needed what is lost are not judged. An error means that
// there is no result: no readable bundle ([ErrNoBundle]), a rule that is wrong, a database that cannot be written, or
// the context's end; then nothing is left under the name of the database.
func Run(ctx context.Context, o Options) (*Result, error) {
	rules, err := Rules(o.RulesDir)
	if err != nil {
		return nil, err
	}
	if err := sqliteAvailable(); err != nil {
		return nil, err
	}
	sources, unreadable := openSources(o.Bundles)
	a := &analysis{options: o, rules: rules, derived: computed(), unreadable: unreadable}
	if len(sources) == 0 {
		return nil, a.noBundle()
	}
	var notes []string
	a.sources, notes = label(sources)
	if a.options.Progress == nil {
		a.options.Progress = func(Progress) {}
	}
	if a.options.Now.IsZero() {
		a.options.Now = time.Now()
	}
	res, err := a.run(ctx)
	if err != nil {
		return nil, err
	}
	res.Unreadable = a.unreadable
	res.Problems = slices.Concat(a.unreadable, notes, res.Problems)
	res.Verdict = verdict(res)
	return res, nil
}

// An analysis is one run over opened sources.
type analysis struct {
	options Options
	rules   []*Rule
	sources []*source
	derived []*Derived

	unreadable []string // bundles that could not be read: one line each
}

func (a *analysis) noBundle() error {
	if len(a.unreadable) == 0 {
		return fmt.Errorf("%w: none was given", ErrNoBundle)
	}
	return fmt.Errorf("%w: %s", ErrNoBundle, strings.Join(a.unreadable, "; "))
}

func (a *analysis) run(ctx context.Context) (_ *Result, err error) {
	db, err := a.create(ctx)
	if err != nil {
		return nil, err
	}
	defer db.discard()
	// A rule or a derivation that SQLite refuses is told before the work, on the empty tables.
	reads, err := readsOf(ctx, db, a.derived)
	if err != nil {
		return nil, err
	}
	questions, err := ask(ctx, db, newLineage(a.derived, reads), a.rules)
	if err != nil {
		return nil, err
	}
	reports, refused, err := load(ctx, db, a.sources, a.loading())
	if err != nil {
		return nil, err
	}
	for _, r := range refused {
		a.unreadable = append(a.unreadable, naming(r.source.path, r.refusal))
	}
	if len(reports) == 0 {
		return nil, a.noBundle()
	}
	res, err := a.assemble(ctx, db, reports, newCourse(a.derived, reads), questions)
	if err != nil {
		return nil, err
	}
	if err := db.finish(); err != nil {
		return nil, err
	}
	return res, nil
}

func (a *analysis) create(ctx context.Context) (*database, error) {
	if a.options.DB == "" {
		return createPassing(ctx, a.derived)
	}
	return create(ctx, a.options.DB, a.derived)
}

func (a *analysis) progress(phase string, total int) func(done int) {
	return func(done int) { a.options.Progress(Progress{Phase: phase, Done: done, Total: total}) }
}

// loading tells the progress of load, in bundles and in bytes, unless one is a directory.
func (a *analysis) loading() func(done int) {
	upTo := make([]int64, 1, len(a.sources)+1) // bytes of the first so many sources
	for _, s := range a.sources {
		st, err := os.Stat(s.path)
		if err != nil || !st.Mode().IsRegular() {
			return a.progress("load", len(a.sources))
		}
		upTo = append(upTo, upTo[len(upTo)-1]+st.Size())
	}
	return func(done int) {
		a.options.Progress(Progress{"load", done, len(a.sources), upTo[done], upTo[len(a.sources)]})
	}
}
