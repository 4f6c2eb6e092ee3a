package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
	"github.com/netmortem/netmortem/schema"
)

// captureOptions are what the command line says.
type captureOptions struct {
	capture.Options
	Output    string // file; - for standard output, empty for a name made from host and time
	Overwrite bool
	Quiet     bool
	Progress  string
}

func captureCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "capture",
		Usage: "write down the network and daemon state of this host, as root",
		Description: "It only reads: no module is loaded, no table created, no process started, no secret written down.\n" +
			"From elsewhere:  ssh HOST sudo netmortem capture -o - > HOST.tar.zst\n\n" +
			"Exit codes: 0 complete; 3 partial, the bundle says what is missing; 2 nothing usable;\n" +
			"64 wrong command line; 130 interrupted, the bundle was closed properly.",
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write, .tgz for gzip; - for standard output (default: netmortem_HOST_TIME.tar.zst)"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace the file if it is there"},
			&cli.DurationFlag{Name: "window", Value: capture.DefaultWindow, Usage: "time between the two reads of what changes; 0 reads once"},
			&cli.DurationFlag{Name: "deadline", Value: capture.DefaultDeadline, Usage: "time for all of it; what is not done by then is a gap"},
			&cli.PathFlag{Name: "root", Usage: "the host's root `DIR`, /host when run from a container"},
			&cli.StringFlag{Name: "docker-host", Usage: "`ADDRESS` of the daemon (default: DOCKER_HOST, else the socket below --root)"},
			&cli.BoolFlag{Name: "no-docker", Usage: "do not talk to the daemon"},
			&cli.BoolFlag{Name: "no-dns", Usage: "ask no resolver inside the containers"},
			quietFlag(),
			progressFlag(),
		},
		Action: func(c *cli.Context) error {
			o := captureOptions{
				Options: capture.Options{
					Root: c.String("root"), Window: c.Duration("window"), Deadline: c.Duration("deadline"),
					DockerHost: c.String("docker-host"), NoDocker: c.Bool("no-docker"), NoDNS: c.Bool("no-dns"), Tool: version(),
				},
				Output: c.String("output"), Overwrite: c.Bool("force"), Quiet: c.Bool("quiet"), Progress: c.String("progress"),
			}
			if o.Window == 0 {
				o.Window = -1 // in Options zero is the default
			}
			if o.Window < 0 && c.Duration("window") < 0 || o.Deadline <= 0 {
				return usage("--window and --deadline are spans of time: not negative, and a deadline is not 0; try: netmortem capture --window %s --deadline %s",
					capture.DefaultWindow, capture.DefaultDeadline)
			}
			return runCapture(c.Context, o, std)
		},
	}
}

// runCapture captures, saves the bundle, and says what is in it and what to do next.
func runCapture(ctx context.Context, o captureOptions, std streams) error {
	stdout, ok := std.out.(*os.File)
	if !ok && o.Output == "-" {
		return fmt.Errorf("standard output is no file")
	}
	output, err := capture.NewOutput(o.Output, o.Overwrite, stdout)
	if err != nil {
		return err
	}
	o.Compress = output.Compression()
	p := newProgress(std.err, progressMode(o.Progress, o.Quiet))
	if p != nil {
		o.Options.Progress = func(s capture.Progress) { p.step(s.Phase, s.Done, s.Total, s.Note) }
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
	if !o.Quiet {
		for _, l := range closing(c, path) {
			fmt.Fprintln(std.err, report.Visible(l))
		}
	}
	return exit(captureCode(&c.Summary, ctx.Err() != nil))
}

// closing are the lines after a capture: the file, what it holds and what it lacks, the next command to type.
func closing(c *capture.Capture, path string) []string {
	s := &c.Summary
	file := path
	if st, err := os.Stat(path); path != "-" && err == nil {
		file += fmt.Sprintf(" (%s)", units.HumanSize(float64(st.Size())))
	}
	var items int
	for _, n := range s.Counts {
		items += n
	}
	covered := fmt.Sprintf("%d of %d items whole, %d rows of %d network namespaces", items-len(s.Gaps), items, s.Rows, total(s.Netns))
	if len(s.Gaps) > 0 {
		covered += "; " + gaps(s)
	}
	if s.Interrupted != "" {
		covered += "; ended early: " + s.Interrupted
	}
	next := commandLine("netmortem", []string{"analyze", path})
	if path == "-" {
		next = "netmortem analyze FILE, with the bundles of all hosts of the swarm"
	} else {
		next += ", with the bundles of all hosts of the swarm"
	}
	return []string{"bundle    " + file, "coverage  " + covered, "next      " + next}
}

// gaps counts the items of which something is unknown, by what became of them.
func gaps(s *capture.Summary) string {
	var parts []string
	for _, o := range schema.Outcomes {
		if n := s.Counts[o]; o.Gap() && n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(parts, ", ")
}

func total(counts map[string]int) int {
	n := 0
	for _, x := range counts {
		n += x
	}
	return n
}
