package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
)

// doctorOptions are what the command line says.
type doctorOptions struct {
	capture.Options
	Format string // text or json
}

func doctorCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "say what a capture would miss here, what that costs, and what mends it",
		Description: "It reads what a capture reads first, asks the daemon for its version, and writes nothing.\n\n" +
			exitText("doctor"),
		Flags: []cli.Flag{
			&cli.PathFlag{Name: "root", Usage: "the host's root `DIR`, /host when run from a container"},
			&cli.StringFlag{Name: "docker-host", Usage: "`ADDRESS` of the daemon (default: DOCKER_HOST, else the socket below --root)"},
			&cli.BoolFlag{Name: "no-docker", Usage: "do not talk to the daemon"},
			&cli.StringFlag{Name: "max-memory", Value: sizeWord(capture.DefaultMaxMemory), Usage: "`SIZE` that a capture would be given"},
			newChoice("format", "shape of the result: text or json", "text", "text", "json"),
		},
		Action: func(c *cli.Context) error {
			o := doctorOptions{capture.Options{Root: c.String("root"), DockerHost: c.String("docker-host"), NoDocker: c.Bool("no-docker")}, c.String("format")}
			if err := sizeFlag(c, "max-memory", capture.LeastMaxMemory, &o.MaxMemory); err != nil {
				return err
			}
			return runDoctor(c.Context, o, std)
		},
	}
}

// runDoctor prints the checks, and ends with code 3 when something is missing.
func runDoctor(ctx context.Context, o doctorOptions, std streams) error {
	checks, err := capture.Examine(ctx, o.Options)
	if err != nil {
		return err
	}
	rules, err := analyze.Rules("")
	if err != nil {
		return err
	}
	if o.Format == "json" {
		if err := printJSON(std.out, checks); err != nil {
			return err
		}
	} else {
		printChecks(std.out, checks, rules, width(std.out))
	}
	return exit(doctorCode(checks))
}

// doctorCode is codePartial when something is missing.
func doctorCode(checks []capture.Check) int {
	for _, c := range checks {
		if c.State == capture.CheckMissing {
			return codePartial
		}
	}
	return codeOK
}

func printChecks(w io.Writer, checks []capture.Check, rules []*analyze.Rule, columns int) {
	missing := 0
	for i, c := range checks {
		wrapped(w, fmt.Sprintf("%-8s %-15s ", c.State, c.Name), c.Found, columns)
		const label = "         %-15s "
		if c.State != capture.CheckMissing {
			continue
		}
		missing++
		if c.Costs != "" {
			wrapped(w, fmt.Sprintf(label, "  costs"), c.Costs, columns)
		}
		if len(c.Tables) > 0 {
			wrapped(w, fmt.Sprintf(label, "  empty"), strings.Join(c.Tables, ", "), columns)
		}
		if len(c.Poorer) > 0 {
			wrapped(w, fmt.Sprintf(label, "  poorer"), strings.Join(c.Poorer, ", "), columns)
		}
		if names := rulesThatRead(rules, c.Tables); len(names) > 0 {
			wrapped(w, fmt.Sprintf(label, "  rules"), fmt.Sprintf("%d of %d cannot be judged by it: %s", len(names), len(rules), some(names, 4)), columns)
		}
		again := i+1 < len(checks) && checks[i+1].Mend == c.Mend && checks[i+1].State == c.State
		if c.Mend != "" && !again {
			fmt.Fprintf(w, label+"%s\n", "  try", report.Visible(c.Mend)) // to be copied, so in one line
		}
	}
	if missing == 0 {
		fmt.Fprintln(w, "\nA capture here misses nothing that is known of.")
		return
	}
	fmt.Fprintln(w, "\nA capture works all the same, and its bundle says what it lacks.")
}

// rulesThatRead are the rules whose query names one of the tables, itself or by what is derived from it.
func rulesThatRead(rules []*analyze.Rule, tables []string) []string {
	if len(tables) == 0 {
		return nil
	}
	named := regexp.MustCompile(`\b(?:expected_)?(?:` + strings.Join(tables, "|") + `)\b`)
	var out []string
	for _, r := range rules {
		if named.MatchString(r.Query) {
			out = append(out, r.ID)
		}
	}
	return out
}

// some are the first n of a list, and how many more there are.
func some(list []string, n int) string {
	if len(list) <= n+1 {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}
