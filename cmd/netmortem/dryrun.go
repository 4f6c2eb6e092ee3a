package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
)

// runDryRun prints what a capture would do.
func runDryRun(ctx context.Context, o captureOptions, std streams) error {
	p, err := capture.PlanOf(ctx, o.Options)
	if err != nil {
		return err
	}
	if o.Format == "json" {
		return printJSON(std.out, p)
	}
	return printPlan(std.out, p, width(std.out))
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printPlan prints a table of the collectors, and below it what each of them reads and what that could disturb.
func printPlan(w io.Writer, p *capture.Plan, columns int) error {
	count := func(n int) string {
		if n < 0 {
			return "?"
		}
		return strconv.Itoa(n)
	}
	reads := "read once"
	if p.Reads > 1 {
		reads = "what changes is read twice, " + p.Window + " apart"
	}
	size := ""
	if p.MaxSize > 0 {
		size = ", a bundle of " + units.BytesSize(float64(p.MaxSize))
	}
	fmt.Fprintf(w, "%s: %d network namespaces, %s containers, %s TCP and UDP sockets, %d processes; %s.\nBounds: %s, %s resident%s. Nothing is written by this.\n\n",
		report.Visible(p.Host), p.Netns, count(p.Containers), count(p.Sockets), p.Processes, reads, p.Deadline, units.BytesSize(float64(p.MaxMemory)), size)

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COLLECTOR\tWHERE\tPRIVILEGE\tHERE")
	for _, it := range p.Items {
		privilege, here := capture.CapabilitiesOf(it.Needs), "yes"
		switch {
		case it.LeftOut != "":
			here = "left out: " + strings.TrimPrefix(it.LeftOut, "not asked for: ")
		case len(it.Lacks) > 0:
			here = "MISSING " + strings.Join(it.Lacks, ", ")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", it.Collector, it.Where, privilege, report.Visible(here))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, it := range p.Items {
		if it.LeftOut != "" {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", it.Collector)
		wrapped(w, "  reads     ", it.What, columns)
		if len(it.Into) > 0 {
			wrapped(w, "  into      ", strings.Join(it.Into, ", "), columns)
		}
		if it.Needs != capture.CapabilitiesOf(it.Needs) {
			wrapped(w, "  needs     ", it.Needs, columns)
		}
		wrapped(w, "  disturbs  ", it.Effects, columns)
	}
	return nil
}

// wrapped prints a text of several lines behind a label.
func wrapped(w io.Writer, label, text string, columns int) {
	indent := strings.Repeat(" ", len(label))
	line := label
	for _, word := range strings.Fields(report.Visible(text)) {
		switch {
		case line == label || line == indent:
			line += word
		case len([]rune(line))+1+len([]rune(word)) > columns:
			fmt.Fprintln(w, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}
