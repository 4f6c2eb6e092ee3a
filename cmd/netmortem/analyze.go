package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/report"
)

// The files that analyze writes when nothing else is asked of it.
const (
	reportName   = "netmortem-report"
	databaseName = "report.db"
)

// analyzeOptions are what the command line says.
type analyzeOptions struct {
	analyze.Options
	Output       string           // directory or file, - for standard output; empty for the current directory
	Format       string           // text, json, md or html; empty for the overview and the files
	FailOn       analyze.Severity // findings of this severity or worse end with code 1; none: never
	AllowPartial bool
	Verbose      bool // the overview is everything
	Quiet        bool
	Progress     string
}

func analyzeCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "analyze",
		Usage:     "find out from the bundles of many hosts what broke",
		ArgsUsage: "BUNDLE…",
		Description: "Without --format it prints an overview and writes " + reportName + ".html and " + databaseName + " to the\n" +
			"current directory, or to -o DIR. With --format it writes that alone, to standard output or to -o FILE.\n" +
			"A directory stands for the bundles in it.\n\n" +
			exitText("analyze"),
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "`PATH` of a directory or a file; - for standard output"},
			newChoice("format", "shape of the result: text, json, md or html", "", "text", "json", "md", "html"),
			&cli.PathFlag{Name: "db", Usage: "SQLite `FILE` to write"},
			rulesFlag(),
			&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "print every cause, finding, rule and gap, not an overview"},
			newChoice("fail-on", "severity from which findings end with code 1: low, medium, high, critical or none", "high", "low", "medium", "high", "critical", "none"),
			&cli.BoolFlag{Name: "allow-partial", Usage: "end with code 0 also when evidence is missing"},
			quietFlag(),
			progressFlag(),
		},
		Action: func(c *cli.Context) error {
			return runAnalyze(c.Context, analyzeOptions{
				Options:      analyze.Options{Bundles: c.Args().Slice(), DB: c.String("db"), RulesDir: c.String("rules"), Tool: version()},
				Output:       c.String("output"),
				Format:       c.String("format"),
				FailOn:       analyze.Severity(c.String("fail-on")),
				AllowPartial: c.Bool("allow-partial"),
				Verbose:      c.Bool("verbose"),
				Quiet:        c.Bool("quiet"),
				Progress:     c.String("progress"),
			}, std)
		},
	}
}

// runAnalyze analyzes, writes what was asked for, and ends with the code that the result deserves.
func runAnalyze(ctx context.Context, o analyzeOptions, std streams) error {
	var err error
	if o.Bundles, err = givenBundles(o.Bundles); err != nil {
		return err
	}
	out, err := plan(o)
	if err != nil {
		return err
	}
	if out.dir != "" {
		if err := os.MkdirAll(out.dir, 0o755); err != nil {
			return fmt.Errorf("make the directory of the report: %w", err)
		}
	}
	if o.DB == "" {
		o.DB = out.database
	}
	p := newProgress(std.err, progressMode(o.Progress, o.Quiet))
	o.Options.Progress = func(s analyze.Progress) { p.step(analyzeStep(s)) }
	if os.Getenv(envGOGC) == "" {
		// The rows are SQLite's; what stands in the heap are the passing tables of one derivation, and waiting with them is what makes a fleet large.
		heap{percent: 35, floor: 240 << 20}.keep()
	}
	result, err := analyze.Run(ctx, o.Options)
	p.done()
	switch {
	case err != nil && ctx.Err() != nil:
		return &exitError{codeInterrupted, fmt.Errorf("%w: nothing was written", context.Cause(ctx))}
	case err != nil:
		return err
	}
	if err := out.write(result, o, std); err != nil {
		return err
	}
	return exit(analyzeCode(result, o.FailOn, o.AllowPartial))
}

// outputs are what one run writes where.
type outputs struct {
	stdout   string // format for standard output: empty, brief, or one of --format
	file     string // path of the report; empty for none
	format   string // of file
	dir      string // to be made
	database string // path; empty for none, unless --db names one
}

// plan decides from the options what is written where.
func plan(o analyzeOptions) (outputs, error) {
	isDir := o.Output == "" || strings.HasSuffix(o.Output, "/")
	if s, err := os.Stat(o.Output); err == nil && s.IsDir() {
		isDir = true
	}
	ext := strings.TrimPrefix(filepath.Ext(o.Output), ".")
	byExt := map[string]string{"txt": "text", "json": "json", "md": "md", "html": "html", "htm": "html"}[ext]
	switch {
	case o.Output == "-":
		format := o.Format
		if format == "" {
			format = "text"
		}
		return outputs{stdout: format}, nil
	case o.Format != "" && o.Output == "":
		return outputs{stdout: o.Format}, nil
	case o.Format != "" && isDir:
		return outputs{file: filepath.Join(o.Output, reportName+extension(o.Format)), format: o.Format, dir: o.Output}, nil
	case o.Format != "":
		return outputs{file: o.Output, format: o.Format}, nil
	case !isDir && byExt != "":
		return outputs{stdout: "brief", file: o.Output, format: byExt}, nil
	case !isDir && ext != "":
		return outputs{}, usage("-o %s: by its ending this is no report and no directory; use .html, .json, .md or .txt, or name a --format", o.Output)
	}
	return outputs{
		stdout: "brief", file: filepath.Join(o.Output, reportName+".html"), format: "html",
		dir: o.Output, database: filepath.Join(o.Output, databaseName),
	}, nil
}

func extension(format string) string {
	if format == "text" {
		return ".txt"
	}
	return "." + format
}

// write renders the result to the places of the plan, and says on standard error where they are.
func (out outputs) write(r *analyze.Result, o analyzeOptions, std streams) error {
	if out.stdout != "" {
		format := out.stdout
		if format == "brief" && o.Verbose {
			format = "text"
		}
		if err := render(std.out, r, format, colors(std.out), width(std.out)); err != nil {
			return err
		}
	}
	var said []string
	if out.file != "" {
		var b bytes.Buffer
		if err := render(&b, r, out.format, false, 100); err != nil {
			return err
		}
		if err := writeReport(out.file, b.Bytes()); err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
		said = append(said, fmt.Sprintf("report      %s (%s)", out.file, units.HumanSize(float64(b.Len()))))
	}
	if o.DB != "" {
		said = append(said, "database    "+o.DB)
	}
	if out.stdout == "" || out.stdout == "brief" {
		for _, problem := range r.Problems {
			if out.stdout == "" && !slices.Contains(r.Unreadable, problem) {
				said = append(said, problem)
			}
		}
	}
	for _, u := range r.Unreadable { // whatever the format: the code alone would not say which
		if o.Progress == "json" {
			say(std.err, message{Type: "error", Error: u})
			continue
		}
		fmt.Fprintf(std.err, "netmortem: %s\n", report.Visible(u))
	}
	if out.stdout == "brief" {
		label := "next"
		for _, l := range nextLines(r, o.DB) {
			said = append(said, fmt.Sprintf("%-12s%s", label, l))
			label = ""
		}
	}
	switch {
	case o.Progress == "json":
		m := message{Type: "summary", Report: out.file, Database: o.DB, Verdict: r.Verdict, Severity: string(r.Severity), Findings: new(len(r.Findings)),
			Hosts: &r.Counts.HostsCaptured, Named: &r.Counts.HostsNamed, Gaps: &r.Counts.Gaps, Code: new(analyzeCode(r, o.FailOn, o.AllowPartial))}
		say(std.err, m)
		return nil
	case o.Quiet:
		return nil
	}
	if len(said) > 0 && out.stdout == "brief" && isTerminal(std.err) {
		fmt.Fprintln(std.err)
	}
	for _, s := range said {
		fmt.Fprintln(std.err, report.Visible(s))
	}
	return nil
}

// writeReport writes a report whole or not at all. What is no regular file, such as /dev/null or a pipe, is written into and
// not replaced.
func writeReport(path string, data []byte) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
	return renameio.WriteFile(path, data, 0o644)
}

func render(w io.Writer, r *analyze.Result, format string, color bool, columns int) error {
	switch format {
	case "json":
		return report.JSON(w, r)
	case "md":
		return report.Markdown(w, r)
	case "html":
		return report.HTML(w, r)
	}
	return report.Text(w, r, report.TextOptions{Brief: format == "brief", Color: color, Width: columns})
}

func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say nothing on standard error but errors"}
}
