package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/capture"
)

func captureCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "capture",
		Usage: "write down the network and daemon state of this host, as root",
		Description: "It only reads: no module is loaded, no table created, no process started, no secret written down.\n" +
			"From elsewhere:    ssh HOST sudo netmortem capture -o - > HOST.tar.zst\n" +
			"What it would do:  sudo netmortem capture --dry-run      What it would miss:  sudo netmortem doctor\n\n" +
			exitText("capture"),
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FILE` to write, .tgz for gzip; - for standard output (default: netmortem_HOST_TIME.tar.zst)"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace the file if it is there"},
			&cli.BoolFlag{Name: "quick", Usage: "be done within 10 s: " + quickWords()},
			&cli.DurationFlag{Name: "window", Value: capture.DefaultWindow, Usage: "time between the two reads of what changes; 0 reads once"},
			&cli.DurationFlag{Name: "deadline", Value: capture.DefaultDeadline, Usage: "time for all of it; what is not done by then is a gap"},
			&cli.DurationFlag{Name: "since", Value: capture.DefaultSince, Usage: "how far back logs and events are read"},
			&cli.StringFlag{Name: "log-bytes", Value: sizeWord(capture.DefaultLogBytes), Usage: "`SIZE` of the tail of one log"},
			&cli.StringFlag{Name: "max-size", Usage: "`SIZE` of the bundle; what does not fit is left out, and the bundle says so (default: what --max-memory holds)"},
			&cli.StringFlag{Name: "max-memory", Value: sizeWord(capture.DefaultMaxMemory), Usage: "`SIZE` of resident memory at which reading ends"},
			&cli.StringSliceFlag{Name: "only", Usage: "run this `COLLECTOR` and no other; repeatable, commas separate several"},
			&cli.StringSliceFlag{Name: "skip", Usage: "do not run this `COLLECTOR`; the same"},
			&cli.PathFlag{Name: "root", Usage: "the host's root `DIR`, /host when run from a container"},
			&cli.StringFlag{Name: "docker-host", Usage: "`ADDRESS` of the daemon (default: DOCKER_HOST, else the socket below --root)"},
			&cli.BoolFlag{Name: "no-docker", Usage: "do not talk to the daemon"},
			&cli.BoolFlag{Name: "no-dns", Usage: "ask no resolver inside the containers"},
			&cli.BoolFlag{Name: "include-core", Usage: "put core files into the bundle: they hold the memory of processes, secrets among it"},
			&cli.BoolFlag{Name: "disk-usage", Usage: "ask the daemon for its disk usage: it walks its directories for that"},
			&cli.BoolFlag{Name: "goroutines", Usage: "ask the daemon for its goroutines: it stops for a moment"},
			&cli.BoolFlag{Name: "networkdb", Usage: "ask for networks in the verbose form, which has crashed daemons (moby#49402)"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print what would be read, and write nothing"},
			newChoice("format", "shape of what --dry-run prints: text or json", "text", "text", "json"),
			quietFlag(),
			progressFlag(),
		},
		Action: func(c *cli.Context) error {
			o, err := captureFlags(c)
			if err != nil {
				return err
			}
			if o.DryRun {
				return runDryRun(c.Context, o, std)
			}
			return runCapture(c.Context, o, std)
		},
	}
}

// quickWords say what a quick capture does differently.
func quickWords() string {
	words := "a window of " + capture.QuickWindow.String() + ", " + capture.QuickDeadline.String() + " for all reading"
	if names := capture.QuickLeavesOut(capture.Collectors); len(names) > 0 {
		words += ", without " + strings.Join(names, ", ")
	}
	return words
}

// sizeWord is a number of bytes as it is typed.
func sizeWord(n int64) string {
	if n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + "M"
	}
	return strconv.FormatInt(n>>10, 10) + "K"
}

// captureFlags checks what the command line says.
func captureFlags(c *cli.Context) (captureOptions, error) {
	o := captureOptions{
		Options: capture.Options{
			Root: c.String("root"), Window: c.Duration("window"), Deadline: c.Duration("deadline"), Since: c.Duration("since"),
			DockerHost: c.String("docker-host"), NoDocker: c.Bool("no-docker"), NoDNS: c.Bool("no-dns"), Tool: version(),
			Cores: c.Bool("include-core"), DiskUsage: c.Bool("disk-usage"), Goroutines: c.Bool("goroutines"), NetworkDB: c.Bool("networkdb"),
			Only: c.StringSlice("only"), Skip: c.StringSlice("skip"), Quick: c.Bool("quick"),
		},
		Output: c.String("output"), Overwrite: c.Bool("force"), Quiet: c.Bool("quiet"), Progress: c.String("progress"),
		DryRun: c.Bool("dry-run"), Format: c.String("format"),
	}
	if o.Window < 0 || o.Deadline <= 0 || o.Since <= 0 {
		return o, usage("--window, --deadline and --since are spans of time: not negative, and the last two are not 0; try: netmortem capture --window %s --deadline %s",
			capture.DefaultWindow, capture.DefaultDeadline)
	}
	if o.Window == 0 {
		o.Window = -1 // in Options zero is the default
	}
	if o.Quick && !c.IsSet("window") {
		o.Window = 0
	}
	if c.IsSet("format") && !o.DryRun {
		return o, usage("--format is for --dry-run; try: netmortem capture --dry-run --format %s", o.Format)
	}
	for _, f := range []struct {
		name  string
		least int64
		to    *int64
	}{
		{"log-bytes", 4 << 10, &o.LogBytes}, {"max-size", capture.LeastMaxSize, &o.MaxSize}, {"max-memory", capture.LeastMaxMemory, &o.MaxMemory},
	} {
		if err := sizeFlag(c, f.name, f.least, f.to); err != nil {
			return o, err
		}
	}
	for _, name := range []string{"only", "skip"} {
		if err := knownCollectors(name, c.StringSlice(name)); err != nil {
			return o, err
		}
	}
	if c.IsSet("only") && c.IsSet("skip") {
		return o, usage("--only names all that runs, so there is nothing to --skip; try: %s",
			commandLine("netmortem", []string{"capture", "--only", strings.Join(without(o.Only, o.Skip), ",")}))
	}
	return o, nil
}

// sizeFlag reads a number of bytes, as 10M.
func sizeFlag(c *cli.Context, name string, least int64, to *int64) error {
	text := c.String(name)
	if text == "" {
		return nil
	}
	n, err := units.RAMInBytes(text)
	if err != nil {
		return usage("--%s %s is no size, such as 64M; try: netmortem capture --%s %s", name, text, name, sizeWord(4*least))
	}
	if n < least {
		return usage("--%s %s is too small for any bundle; try: netmortem capture --%s %s", name, text, name, sizeWord(least))
	}
	*to = n
	return nil
}

// knownCollectors refuses a name that no collector has.
func knownCollectors(flag string, names []string) error {
	var known []string
	for _, c := range capture.Collectors {
		known = append(known, c.Name)
	}
	for i, n := range names {
		if slices.Contains(known, n) {
			continue
		}
		if near := nearest(n, known); near != "" {
			fixed := slices.Clone(names)
			fixed[i] = near
			return usage("no collector %s; try: netmortem capture --%s %s", n, flag, strings.Join(fixed, ","))
		}
		return usage("no collector %s; there are %s", n, strings.Join(known, ", "))
	}
	return nil
}

func without(list, gone []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(gone, s) })
}
