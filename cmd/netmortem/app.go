package main

import (
	"context"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// streams are where the program talks; tests hand in buffers.
type streams struct{ out, err io.Writer }

// run is the program: its arguments without the program's name, and its exit code.
func run(ctx context.Context, args []string, std streams) int {
	app := newApp(std)
	typed := args
	args, err := normalise(app, args)
	if err == nil {
		err = app.RunContext(ctx, append([]string{app.Name}, args...))
	}
	code, err := codeOf(err)
	if err != nil {
		err = advise(err, typed)
		if saysJSON(typed) {
			complainJSON(std.err, err, code)
		} else {
			complain(std.err, app.Name, err)
		}
	}
	return code
}

// newApp is the thin adapter to the command line library: names, flags and texts; what a subcommand does is in the
// functions run….
func newApp(std streams) *cli.App {
	app := &cli.App{
		Name:  "netmortem",
		Usage: "snapshots of broken Docker Swarm networks, and what broke in them",
		Description: "On each host of the swarm, while it is broken:   sudo netmortem capture\n" +
			"Anywhere, later, with the bundles of all hosts:  netmortem analyze netmortem_*.tar.zst\n\n" +
			"Further help: netmortem help " + strings.Join(topicNames(), ", "),
		Commands: []*cli.Command{
			captureCommand(std),
			doctorCommand(std),
			analyzeCommand(std),
			traceCommand(std),
			showCommand(std),
			rulesCommand(std),
			explainCommand(std),
			tablesCommand(std),
			queryCommand(std),
			completionCommand(std),
			manCommand(std),
			helpCommand(std),
			versionCommand(std),
			completeCommand(std),
		},
		Flags:          []cli.Flag{cli.HelpFlag},
		Version:        version(),
		Writer:         std.out,
		ErrWriter:      std.err,
		ExitErrHandler: func(*cli.Context, error) {}, // run prints errors, once, and knows the codes
	}
	for _, c := range app.Commands {
		c.HideHelpCommand = true // help COMMAND and --help are enough
		for _, f := range c.Flags {
			if b, ok := f.(*cli.BoolFlag); ok {
				b.DisableDefaultText = true // that it is off unless it is given is plain
			}
		}
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
			return usage("%s: %w; try: %s %s --help", c.Name, err, app.Name, c.Name)
		}
	}
	return app
}

// choice is a flag that takes one of a few words.
type choice struct {
	*cli.StringFlag
	words []string
}

func newChoice(name, usage, value string, words ...string) *choice {
	return &choice{&cli.StringFlag{Name: name, Usage: usage, Value: value}, words}
}
