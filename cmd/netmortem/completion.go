package main

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report/show"
)

//go:embed completion
var completionScripts embed.FS

// shells are those for which there is a script, by the word that completion takes.
var shells = []string{"bash", "zsh", "fish"}

func completionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes this command line in a shell",
		ArgsUsage: strings.Join(shells, "|"),
		Description: "bash:  source <(netmortem completion bash)           for all sessions: in ~/.bashrc\n" +
			"zsh:   source <(netmortem completion zsh)            after compinit, or as _netmortem in a directory of $fpath\n" +
			"fish:  netmortem completion fish | source            or as ~/.config/fish/completions/netmortem.fish",
		Action: func(c *cli.Context) error { return runCompletion(std.out, c.Args().First()) },
	}
}

func runCompletion(w io.Writer, shell string) error {
	if !slices.Contains(shells, shell) {
		near := nearest(shell, shells)
		if near == "" {
			near = shells[0]
		}
		return usage("no completion for %s; there is one for %s; try: netmortem completion %s", shell, strings.Join(shells, ", "), near)
	}
	script, err := completionScripts.ReadFile("completion/netmortem." + shell)
	if err != nil {
		return err
	}
	_, err = w.Write(script)
	return err
}

// completeName is the hidden command that the scripts ask, and the Docker CLI for its plugins.
const completeName = "__complete"

// What a shell does besides showing the candidates: the numbers of cobra's ShellCompDirective, which the Docker CLI reads, too.
const (
	completeFiles   = 0  // complete files
	completeNoSpace = 2  // nothing stands behind the word yet
	completeNoFiles = 4  // the candidates are all there is
	completeEndings = 8  // the candidates are endings of files
	completeDirs    = 16 // complete directories
)

func completeCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:      completeName,
		Hidden:    true,
		ArgsUsage: "[WORD…]",
		Action: func(c *cli.Context) error {
			list, directive := complete(newApp(std), c.Args().Slice())
			for _, x := range list {
				line := x.word
				if x.about != "" {
					line += "\t" + x.about
				}
				fmt.Fprintln(std.out, line)
			}
			_, err := fmt.Fprintf(std.out, ":%d\n", directive)
			return err
		},
	}
}

// A candidate is a word that may stand where one is being typed.
type candidate struct{ word, about string }

// complete says what may stand in the place of the last of the words, which is the one being typed.
func complete(app *cli.App, words []string) ([]candidate, int) {
	if len(words) == 0 {
		words = []string{""}
	}
	typed, before := words[len(words)-1], words[:len(words)-1]
	at := commandAt(app, before)
	if at < 0 {
		return starting(commandCandidates(app), typed), completeNoFiles
	}
	cmd := app.Command(before[at])
	rest := slices.Concat(before[:at], before[at+1:])
	l := line{app: app, cmd: cmd}
	args, open, flags := 0, cli.Flag(nil), true // open: a flag whose value comes next
	used := map[string]bool{}
	for _, w := range rest {
		switch {
		case open != nil:
			open = nil
		case w == "--":
			flags = false
		case flags && strings.HasPrefix(w, "-") && w != "-":
			name, _, glued := strings.Cut(strings.TrimLeft(w, "-"), "=")
			f := l.flag(name)
			if f == nil {
				continue
			}
			used[f.Names()[0]] = true
			if takesValue(f) && !glued {
				open = f
			}
		default:
			args++
		}
	}
	switch name, value, glued := strings.Cut(typed, "="); {
	case open != nil:
		return flagValues(open, "", typed)
	case flags && glued && strings.HasPrefix(name, "-"):
		if f := l.flag(strings.TrimLeft(name, "-")); f != nil && takesValue(f) {
			return flagValues(f, name+"=", value)
		}
		return nil, completeNoFiles
	case flags && strings.HasPrefix(typed, "-"):
		return starting(flagCandidates(cmd, used), typed), completeNoFiles
	}
	words = placeholders(cmd.ArgsUsage)
	if _, most := arity(cmd.ArgsUsage); most < 0 {
		args = min(args, len(words)-1)
	}
	if args >= len(words) {
		return nil, completeNoFiles
	}
	list, directive := valuesOf(app, cmd.Name, words[args])
	if directive == completeNoFiles {
		list = starting(list, typed)
	}
	return list, directive
}

func starting(list []candidate, prefix string) []candidate {
	return slices.DeleteFunc(list, func(c candidate) bool { return !strings.HasPrefix(c.word, prefix) })
}

func commandCandidates(app *cli.App) []candidate {
	var out []candidate
	for _, c := range app.Commands {
		if !c.Hidden {
			out = append(out, candidate{c.Name, c.Usage})
		}
	}
	return append(out, candidate{"--help", "what there is"}, candidate{"--version", "the version"})
}

// flagCandidates are the flags that may still come; one that may be repeated always may.
func flagCandidates(cmd *cli.Command, used map[string]bool) []candidate {
	var out []candidate
	for _, f := range cmd.Flags {
		if _, again := f.(*cli.StringSliceFlag); used[f.Names()[0]] && !again {
			continue
		}
		about := ""
		if d, ok := f.(cli.DocGenerationFlag); ok {
			about = strings.ReplaceAll(d.GetUsage(), "`", "")
		}
		for _, n := range f.Names() {
			out = append(out, candidate{dash(n), about})
		}
	}
	return append(out, candidate{"--help", "help on this command"})
}

// flagValues are what may stand behind a flag: its words, or what the word in backquotes of its usage names.
func flagValues(f cli.Flag, before, typed string) ([]candidate, int) {
	var list []candidate
	directive := completeNoFiles
	if c, ok := f.(*choice); ok {
		for _, w := range c.words {
			list = append(list, candidate{w, ""})
		}
	} else if d, ok := f.(cli.DocGenerationFlag); ok {
		_, rest, _ := strings.Cut(d.GetUsage(), "`")
		name, _, _ := strings.Cut(rest, "`")
		list, directive = valuesOf(nil, f.Names()[0], name)
	}
	if directive != completeNoFiles {
		return list, directive
	}
	if _, several := f.(*cli.StringSliceFlag); several { // behind the last comma
		i := strings.LastIndexByte(typed, ',') + 1
		before += typed[:i]
		typed = typed[i:]
		directive |= completeNoSpace
	}
	list = starting(list, typed)
	for i := range list {
		list[i].word = before + list[i].word
	}
	return list, directive
}

// valuesOf is what a placeholder stands for, in the place of an argument of a command or behind a flag.
func valuesOf(app *cli.App, where, placeholder string) ([]candidate, int) {
	var list []candidate
	switch placeholder {
	case "BUNDLE":
		return []candidate{{"tar.zst", ""}, {"tgz", ""}, {"tar.gz", ""}}, completeEndings
	case "DB":
		return []candidate{{"db", ""}}, completeEndings
	case "FILE", "PATH":
		if where == "db" {
			return []candidate{{"db", ""}}, completeEndings
		}
		return nil, completeFiles
	case "DIR":
		return nil, completeDirs
	case "RULE", "RULE|SUBJECT":
		rules, err := analyze.Rules("")
		if err != nil {
			return nil, completeNoFiles
		}
		for _, r := range rules {
			list = append(list, candidate{r.ID, r.Title})
		}
	case "TABLE", "SQL|TABLE":
		for _, t := range analyze.TableDocs() {
			list = append(list, candidate{t.Name, t.Doc})
		}
	case "COLLECTOR":
		for _, c := range capture.Collectors {
			list = append(list, candidate{c.Name, ""})
		}
	case "WHAT":
		for _, w := range show.Words() {
			list = append(list, candidate{w, ""})
		}
	case "COMMAND|TOPIC":
		for _, c := range app.Commands {
			if !c.Hidden {
				list = append(list, candidate{c.Name, c.Usage})
			}
		}
		for _, t := range topics() {
			list = append(list, candidate{t.name, t.usage})
		}
	case "NAME":
		if where == "example" {
			for _, e := range analyze.Examples() {
				list = append(list, candidate{e.Name, e.Title})
			}
		}
	default:
		if placeholder == strings.ToLower(placeholder) && strings.Contains(placeholder, "|") { // the words themselves
			for _, w := range strings.Split(placeholder, "|") {
				list = append(list, candidate{w, ""})
			}
		}
	}
	return list, completeNoFiles
}
