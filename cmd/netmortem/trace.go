package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/path"
	"github.com/netmortem/netmortem/report"
)

// traceOptions are what the command line of trace says.
type traceOptions struct {
	Bundles  []string
	DB       string
	From, To string
	Proto    string
	Network  string
	Size     int
	Format   string
	Quiet    bool
	Progress string
}

func traceCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "trace",
		Usage:     "walk one packet over the captured state, hop by hop, and its answer back",
		ArgsUsage: "[BUNDLE…]",
		Description: "--from and --to are a task (client.1), a service (vote, tasks.vote), a container by name or id, an address, a host,\n" +
			"HOST:netns:NAME, or outside; a port stands behind a colon (vote:80), an address of IPv6 with one in brackets. A host may\n" +
			"ask itself: --from node1 --to node1:8080, or --to 127.0.0.1:8080, and be asked at an address of IPv6: --to '[fd00::11]:8080'.\n" +
			"With --db the database that analyze wrote is asked instead of bundles.\n\n" +
			exitText("trace"),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "who sends", Required: true},
			&cli.StringFlag{Name: "to", Usage: "who is asked, with a port: `NAME[:PORT]`", Required: true},
			&cli.PathFlag{Name: "db", Usage: "SQLite `FILE` that analyze --db wrote"},
			newChoice("proto", "tcp or udp", "tcp", "tcp", "udp"),
			&cli.StringFlag{Name: "network", Usage: "`NAME` of the network, where client and service share several"},
			&cli.IntFlag{Name: "size", Usage: "`BYTES` of the packet with its IP header; 0 for a small one"},
			newChoice("format", "shape of the result: text or json", "text", "text", "json"),
			quietFlag(),
			progressFlag(),
		},
		Action: func(c *cli.Context) error {
			return runTrace(c.Context, traceOptions{
				Bundles: c.Args().Slice(), DB: c.String("db"), From: c.String("from"), To: c.String("to"), Proto: c.String("proto"), Network: c.String("network"),
				Size: c.Int("size"), Format: c.String("format"), Quiet: c.Bool("quiet"), Progress: c.String("progress"),
			}, std)
		},
	}
}

// runTrace walks one way and ends with the code of its verdict.
func runTrace(ctx context.Context, o traceOptions, std streams) error {
	switch {
	case o.DB == "" && len(o.Bundles) == 0:
		return usage("trace wants bundles, or --db FILE")
	case o.DB != "" && len(o.Bundles) > 0:
		return usage("trace wants bundles or --db FILE, not both")
	}
	file := o.DB
	if file == "" {
		dir, err := os.MkdirTemp("", "netmortem-trace-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		file = filepath.Join(dir, databaseName)
		if o.Bundles, err = givenBundles(o.Bundles); err != nil {
			return err
		}
		p := newProgress(std.err, progressMode(o.Progress, o.Quiet))
		result, err := analyze.Run(ctx, analyze.Options{Bundles: o.Bundles, DB: file, Tool: version(), Progress: func(s analyze.Progress) { p.step(analyzeStep(s)) }})
		p.done()
		switch {
		case err != nil && ctx.Err() != nil:
			return &exitError{codeInterrupted, context.Cause(ctx)}
		case err != nil:
			return err
		}
		for _, u := range result.Unreadable {
			fmt.Fprintf(std.err, "netmortem: %s\n", report.Visible(u))
		}
	} else if !exists(file) {
		return &exitError{codeFailed, fmt.Errorf("no file %s; netmortem analyze --db %s BUNDLE… writes one", file, file)}
	}
	t, err := walkWay(ctx, file, o)
	if err != nil {
		return err
	}
	if o.Format == "json" {
		e := json.NewEncoder(std.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(t)
	} else {
		_, err = io.WriteString(std.out, traceText(t, colors(std.out)))
	}
	if err != nil {
		return err
	}
	return exit(traceCode(t))
}

// traceCode says how a trace ended.
func traceCode(t *path.Trace) int {
	switch t.Verdict {
	case "delivered":
		return codeOK
	case "dropped", "some":
		return codeFindings
	}
	return codePartial
}

// walkWay asks a database.
func walkWay(ctx context.Context, file string, o traceOptions) (*path.Trace, error) {
	db, err := analyze.OpenDatabase(ctx, file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	w, err := path.Load(ctx, tx)
	if err != nil {
		return nil, &exitError{codeFailed, fmt.Errorf("%s is no database of this version's analyze: %w", file, err)}
	}
	q := path.Question{Proto: o.Proto, Network: o.Network, Size: o.Size}
	if q.From, err = w.Find(ctx, tx, o.From, true); err != nil {
		return nil, placeError("--from", o.From, err)
	}
	name, port, err := splitPort(o.To)
	if err != nil {
		return nil, err
	}
	q.Port = port
	if q.To, err = w.Find(ctx, tx, name, false); err != nil {
		return nil, placeError("--to", name, err)
	}
	t, err := w.Trace(ctx, tx, q)
	if err != nil {
		return nil, usage("%w", err)
	}
	return t, nil
}

// splitPort takes the port from behind a name.
func splitPort(s string) (name string, port int, err error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().String(), int(ap.Port()), nil
	}
	if _, err := netip.ParseAddr(s); err == nil || strings.Contains(s, ":netns:") {
		return s, 0, nil
	}
	name, text, found := strings.Cut(s, ":")
	if !found {
		return s, 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return "", 0, usage("--to %s: %q is no port", s, text)
	}
	return name, int(n), nil
}

// placeError words a name that fits nothing, or several things.
func placeError(flag, name string, err error) error {
	var a *path.Ambiguous
	var u *path.Unheard
	switch {
	case errors.As(err, &a):
		return usage("%s %s is ambiguous; say which: %s", flag, name, strings.Join(a.Candidates, ", "))
	case errors.As(err, &u):
		if near := nearest(u.Name, u.Words); near != "" {
			return usage("%s: %w; did you mean %s?", flag, err, near)
		}
		return usage("%s: %w", flag, err)
	}
	return err
}

// traceText is a trace for people: a line for each hop, where it was stopped in full. JSON has all hops.
func traceText(t *path.Trace, color bool) string {
	var b strings.Builder
	bold := func(s string) string {
		if color {
			return "\x1b[1m" + s + "\x1b[0m"
		}
		return s
	}
	b.WriteString(bold(report.Visible(t.Summary)) + "\n")
	about := t.Proto
	if t.Port > 0 {
		about += fmt.Sprintf(" port %d", t.Port)
	}
	if t.Network != "" {
		about += ", network " + t.Network
	}
	fmt.Fprintf(&b, "%s, by %s\n", report.Visible(about), t.Via)
	writeHops(&b, t.Common)
	shown := false // one way that is delivered looks like another: the first stands for all
	for _, w := range t.Ways {
		fmt.Fprintf(&b, "\n%s\n", bold(report.Visible(fmt.Sprintf("to %s: %s", w.To, w.Verdict))))
		if w.Verdict == path.Delivered && shown {
			continue
		}
		shown = shown || w.Verdict == path.Delivered
		writeHops(&b, w.Hops)
	}
	return b.String()
}

func writeHops(b *strings.Builder, hops []path.Hop) {
	where, step := 0, 0
	for i := range hops {
		where = max(where, len(place(&hops[i])))
		step = max(step, len(hops[i].Step))
	}
	last := ""
	for i := range hops {
		h := &hops[i]
		if h.Leg != last {
			fmt.Fprintf(b, "  %s\n", h.Leg)
			last = h.Leg
		}
		sign := "ok"
		switch h.Verdict {
		case path.Dropped:
			sign = "DROPPED"
		case path.Unknown:
			sign = "cannot tell"
		}
		text := h.Observed
		if h.Verdict != path.Delivered {
			text = h.Why
		}
		fmt.Fprintf(b, "    %-*s  %-*s  %s\n", where, report.Visible(place(h)), step, h.Step, strings.TrimRight(sign+"  "+report.Visible(text), " "))
		if h.Verdict == path.Delivered {
			continue
		}
		for _, x := range []struct{ name, text string }{{"should be", h.Expected}, {"is", h.Observed}, {"subject", h.Subject}, {"row", h.Ref}, {"says so", h.ExpectedRef}} {
			if x.text != "" {
				fmt.Fprintf(b, "      %-9s  %s\n", x.name, report.Visible(x.text))
			}
		}
	}
}

func place(h *path.Hop) string {
	if h.Place == "" || h.Place == "host" {
		return h.Host
	}
	return h.Host + " " + h.Place
}
