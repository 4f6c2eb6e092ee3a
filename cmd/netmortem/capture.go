package main

import (
	"context"
	"fmt"
	"os"

	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
)

// captureOptions are what the command line says.
type captureOptions struct {
	capture.Options
	Output    string // file; - for standard output, empty for a name made from host and time
	Overwrite bool
	Quiet     bool
	Progress  string
	DryRun    bool
	Format    string // of the plan of a dry run: text or json
}

// runCapture captures, saves the bundle, and says what is in it and what to do next.
func runCapture(ctx context.Context, o captureOptions, std streams) error {
	stdout, ok := std.out.(*os.File)
	if !ok && o.Output == "-" {
		return fmt.Errorf("standard output is no file")
	}
	if o.Output == "-" && isTerminal(std.out) {
		return errTerminal
	}
	output, err := capture.NewOutput(o.Output, o.Overwrite, stdout)
	if err != nil {
		return err
	}
	o.Compress = output.Compression()
	p := newProgress(std.err, progressMode(o.Progress, o.Quiet))
	if p != nil {
		o.Options.Progress = func(s capture.Progress) { p.step(captureStep(s)) }
	}
	c, err := capture.Run(ctx, o.Options)
	if err != nil {
		p.done()
		if ctx.Err() != nil {
			return &exitError{codeInterrupted, fmt.Errorf("%w: nothing was written", context.Cause(ctx))}
		}
		return err
	}
	path, err := output.Save(c)
	p.done()
	if err != nil {
		return err
	}
	code := captureCode(&c.Summary, ctx.Err() != nil)
	switch {
	case p != nil && p.json:
		say(std.err, message{Type: "summary", Bundle: path, Gaps: new(len(c.Summary.Gaps)), Code: &code})
	case !o.Quiet:
		for _, l := range closing(c, path) {
			fmt.Fprintln(std.err, report.Visible(l))
		}
	}
	return exit(code)
}
