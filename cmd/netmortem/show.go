package main

import (
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/report/show"
	"github.com/netmortem/netmortem/schema"
)

func showCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "print what bundles hold, as ip, bridge, iptables-save, nft, ipvsadm, ss, conntrack, … would",
		ArgsUsage: "BUNDLE… [WHAT…]",
		Description: "WHAT is one of\n  " + strings.Join(show.Words()[:12], ", ") + ",\n  " + strings.Join(show.Words()[12:], ", ") + ",\n" +
			"or a table (netmortem tables), or the address of a row as a finding cites it, such as node1/rows/fdb.jsonl:17, or a file.\n" +
			"Without it, show lists what there is.\n\n" +
			"  netmortem show node1.tar.zst                                  what is in it\n" +
			"  netmortem show node1.tar.zst fdb --ns 1-x46lrq5c              bridge fdb, in one namespace\n" +
			"  netmortem show *.tar.zst ipvs --ns ingress_sbox               ipvsadm -Ln, of each host\n" +
			"  netmortem show *.tar.zst node1/rows/fdb.jsonl:17 --lines 3    a row, with three around it\n\n" +
			"Lines that begin with # are netmortem's. What was not captured is said in its place, and never printed as if there were none.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "host", Usage: "of `HOST` only"},
			&cli.StringFlag{Name: "ns", Usage: "of the namespace `NS` only: inode, name (host, ingress_sbox, 1-x46lrq5c), container, or task (vote.1)"},
			&cli.StringFlag{Name: "lines", Usage: "with an address: `N` lines around it, or the lines N-M"},
			&cli.BoolFlag{Name: "stats", Aliases: []string{"s"}, Usage: "counters and ages, too, as ip -s, bridge -s and ipvsadm --stats"},
			&cli.BoolFlag{Name: "json", Usage: "the rows as they are in the bundle, one JSON object a line"},
		},
		Action: func(c *cli.Context) error {
			o := show.Options{Host: c.String("host"), Netns: c.String("ns"), Stats: c.Bool("stats"), JSON: c.Bool("json")}
			o.Bundles, o.What = splitShow(c.Args().Slice())
			if text := c.String("lines"); text != "" {
				lines, err := show.ParseLines(text)
				if err != nil {
					return &exitError{codeUsage, err}
				}
				o.Lines = lines
			}
			return runShow(c.Context, std, o)
		},
	}
}

// splitShow tells bundles from what is to be shown of them. A word that is known is one also where a file is called
// so, unless nothing stands before it.
func splitShow(args []string) (bundles, what []string) {
	for _, a := range args {
		word := show.IsWord(a) || show.IsAddress(a)
		if word && len(bundles) > 0 || !exists(a) && !strings.ContainsAny(a, "/.") {
			what = append(what, a)
		} else {
			bundles = append(bundles, a)
		}
	}
	return bundles, what
}

// runShow prints what was asked for, and knows the exit codes.
func runShow(ctx context.Context, std streams, o show.Options) error {
	if len(o.Bundles) == 0 {
		return usage("show needs at least one bundle; try: %s", commandLine("netmortem", append([]string{"show", "netmortem_*.tar.zst"}, o.What...)))
	}
	var err error
	if o.Bundles, err = givenBundles(o.Bundles); err != nil {
		return err
	}
	for _, w := range o.What {
		if show.IsWord(w) || show.IsAddress(w) {
			continue
		}
		if near := nearest(w, show.Words()); near != "" {
			return usage("nothing is called %s; try: %s", w, commandLine("netmortem", append(append([]string{"show"}, o.Bundles...), near)))
		}
	}
	err = show.Run(ctx, std.out, o)
	var gap *show.GapError
	var wrong *show.UsageError
	switch {
	case err != nil && ctx.Err() != nil:
		return &exitError{codeInterrupted, context.Cause(ctx)}
	case errors.As(err, &gap):
		return &exitError{codePartial, advice{err, "What is missing may have been there: nothing follows from not seeing it.",
			commandLine("netmortem", append(append([]string{"show"}, o.Bundles...), "coverage"))}}
	case errors.As(err, &wrong):
		return &exitError{codeUsage, err}
	case err != nil && strings.Contains(err.Error(), ": not a bundle: "):
		return advice{err, "A bundle is what netmortem capture wrote: a .tar.zst, a .tgz, or the directory that one was unpacked into.", "sudo netmortem capture, on each host"}
	case errors.Is(err, schema.ErrRefused):
		return advice{err, "It is damaged, or was made to do harm: what was printed of it stands for nothing.", "copy it once more from its host, and compare the two by sha256sum"}
	}
	return err
}
