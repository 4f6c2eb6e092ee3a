package main

import (
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// normalise puts the flags of a command before its arguments, wherever they were typed: the library reads flags only
// up to the first argument and takes the rest for file names without a word. What it returns, the library parses; an
// unknown command or flag, a flag without its value and a surplus argument are errors that print the corrected line.
func normalise(app *cli.App, args []string) ([]string, error) {
	at := commandAt(app, args)
	if at < 0 {
		return withoutCommand(app, args)
	}
	if args[at] == "help" || args[at] == "h" {
		return helpOn(app, args[at+1:])
	}
	if args[at] == completeName {
		return slices.Concat(args[at:at+1], []string{"--"}, args[at+1:]), nil // half a line is no mistake
	}
	l := line{app: app, cmd: app.Command(args[at])}
	if err := l.parse(slices.Concat(args[:at], args[at+1:])); err != nil {
		return nil, err
	}
	if l.help {
		return []string{l.cmd.Name, "--help"}, nil // with arguments the library takes them for topics
	}
	if err := l.count(); err != nil {
		return nil, err
	}
	return slices.Concat([]string{l.cmd.Name}, l.flags, []string{"--"}, l.args), nil
}

// commandAt is the place of the first argument that names a command; flags may stand before it.
func commandAt(app *cli.App, args []string) int {
	for i, a := range args {
		if a == "--" {
			break
		}
		if a == "help" || a == "h" || app.Command(a) != nil {
			return i
		}
		if !strings.HasPrefix(a, "-") && (i == 0 || !strings.HasPrefix(args[i-1], "-")) {
			break // a word that is neither a command nor a flag's value
		}
	}
	return -1
}

// withoutCommand is a line that names no command: help, the version, or a mistake.
func withoutCommand(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, nil // the library prints the help
	}
	switch args[0] {
	case "-h", "--help", "-v", "--version":
		return args[:1], nil
	}
	words := commandNames(app)
	for i, a := range args {
		if strings.HasPrefix(a, "-") {
			continue
		}
		if near := nearest(a, words); near != "" {
			return nil, usage("no command %s; try: %s", a, commandLine(app.Name, append([]string{near}, slices.Concat(args[:i], args[i+1:])...)))
		}
		if _, err := os.Stat(a); err == nil {
			return nil, usage("%s is a file, no command; try: %s", a, commandLine(app.Name, append([]string{"analyze"}, args...)))
		}
		return nil, usage("no command %s; there are %s; try: %s help", a, strings.Join(words, ", "), app.Name)
	}
	return nil, usage("no flag %s without a command; there are the commands %s; try: %s help", args[0], strings.Join(words, ", "), app.Name)
}

func helpOn(app *cli.App, args []string) ([]string, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return []string{"--help"}, nil
	}
	if topicByName(args[0]) != nil {
		return []string{"help", "--", args[0]}, nil
	}
	if app.Command(args[0]) == nil {
		words := append(commandNames(app), topicNames()...)
		if near := nearest(args[0], words); near != "" {
			return nil, usage("no command %s; try: %s help %s", args[0], app.Name, near)
		}
		return nil, usage("no command or topic %s; there are %s", args[0], strings.Join(words, ", "))
	}
	return []string{args[0], "--help"}, nil
}

func commandNames(app *cli.App) []string {
	var out []string
	for _, c := range app.Commands {
		if !c.Hidden {
			out = append(out, c.Name)
		}
	}
	return out
}

// A line is the arguments of one command being sorted.
type line struct {
	app   *cli.App
	cmd   *cli.Command
	flags []string // for the library: --name=value, --name
	args  []string
	help  bool
}

func (l *line) parse(args []string) error {
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			for _, rest := range args[i+1:] {
				if strings.HasPrefix(rest, "-") && rest != "-" && !exists(rest) {
					return usage("no file %s; after -- nothing is a flag; try: %s", rest, l.fixed(slices.Delete(slices.Clone(args), i, i+1)))
				}
				l.args = append(l.args, rest)
			}
			return nil
		case a == "-" || !strings.HasPrefix(a, "-"):
			l.args = append(l.args, a)
			continue
		}
		name, value, glued := strings.Cut(strings.TrimLeft(a, "-"), "=")
		f := l.flag(name)
		switch {
		case name == "help" || name == "h":
			l.help = true
			continue
		case f == nil && exists(a):
			l.args = append(l.args, a)
			continue
		case f == nil:
			return l.unknown(args, i)
		case !takesValue(f):
			l.flags = append(l.flags, a)
			continue
		case !glued && i+1 == len(args):
			return usage("%s needs a value%s; try: %s", a, oneOf(f), l.fixed(append(slices.Clone(args), example(f))))
		case !glued:
			i++
			value = args[i]
		}
		if c, ok := f.(*choice); ok && !slices.Contains(c.words, value) {
			fixed := slices.Clone(args)
			fixed[i] = example(f)
			if glued {
				fixed[i] = "--" + name + "=" + fixed[i]
			}
			if near := nearest(value, c.words); near != "" {
				fixed[i] = strings.Replace(fixed[i], example(f), near, 1)
			}
			return usage("--%s %s%s; try: %s", name, value, oneOf(f), l.fixed(fixed))
		}
		l.flags = append(l.flags, "--"+name+"="+value)
	}
	return nil
}

// unknown is the error for a flag that the command does not have.
func (l *line) unknown(args []string, i int) error {
	fixed := slices.Clone(args)
	name, value, glued := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
	if f := l.flag(name[:min(1, len(name))]); f != nil && takesValue(f) && len(name) > 1 && !strings.HasPrefix(args[i], "--") {
		fixed = slices.Replace(fixed, i, i+1, "-"+name[:1], args[i][2:]) // -oFILE
		return usage("%s has no flag %s; try: %s", l.cmd.Name, args[i], l.fixed(fixed))
	}
	near := nearest(name, l.flagNames())
	if near == "" {
		return usage("%s has no flag %s; its flags are %s; try: %s %s --help", l.cmd.Name, args[i], dashed(l.flagNames()), l.app.Name, l.cmd.Name)
	}
	fixed[i] = dash(near)
	if glued {
		fixed[i] += "=" + value
	}
	return usage("%s has no flag %s; try: %s", l.cmd.Name, args[i], l.fixed(fixed))
}

// count checks the number of arguments against the command's own words for them.
func (l *line) count() error {
	want, n := l.cmd.ArgsUsage, len(l.args)
	least, most := arity(want)
	first := placeholders(want)
	switch {
	case most == 0 && n == 1 && l.flag("o") != nil:
		return usage("%s takes no argument; try: %s", l.cmd.Name, l.fixed(slices.Concat(l.flags, []string{"-o"}, l.args)))
	case most == 0 && n > 0:
		return usage("%s takes no argument; try: %s", l.cmd.Name, l.fixed(l.flags))
	case n < least && want == "BUNDLE…":
		return usage("%s needs at least one bundle; try: %s", l.cmd.Name, l.fixed(append(slices.Clone(l.flags), argumentExample("BUNDLE"))))
	case n < least && n == 0 && strings.HasPrefix(want, "RULE"):
		return usage("%s needs %s; try: %s", l.cmd.Name, want, commandLine(l.app.Name, []string{"rules"}))
	case n < least:
		args := slices.Concat(l.flags, l.args)
		for _, p := range first[n:least] {
			args = append(args, argumentExample(p))
		}
		return usage("%s needs %s; try: %s", l.cmd.Name, want, l.fixed(args))
	case most >= 0 && n > most && len(first) == 1:
		return usage("%s takes one %s; try: %s", l.cmd.Name, strings.Trim(want, "[]"), l.fixed(slices.Concat(l.flags, l.args[:1])))
	case most >= 0 && n > most:
		return usage("%s takes %s and no more; quote what has spaces; try: %s", l.cmd.Name, want, l.fixed(append(slices.Concat(l.flags, l.args[:most-1]), strings.Join(l.args[most-1:], " "))))
	}
	return nil
}

// arity is how many arguments the words of ArgsUsage stand for: X is one, [X] one or none, X… some, [X…] any. A most of -1 knows no bound.
func arity(usage string) (least, most int) {
	for _, w := range strings.Fields(usage) {
		if !strings.HasPrefix(w, "[") {
			least++
		}
		if strings.Contains(w, "…") {
			return least, -1
		}
		most++
	}
	return least, most
}

// placeholders are the words of ArgsUsage without their marks.
func placeholders(usage string) []string {
	var out []string
	for _, w := range strings.Fields(usage) {
		out = append(out, strings.Trim(w, "[]…"))
	}
	return out
}

// argumentExample is an argument to type in the place of a placeholder.
func argumentExample(placeholder string) string {
	switch placeholder {
	case "BUNDLE":
		return "netmortem_*.tar.zst"
	case "DB":
		return databaseName
	}
	first, _, _ := strings.Cut(placeholder, "|")
	return first
}

func (l *line) flag(name string) cli.Flag {
	for _, f := range l.cmd.Flags {
		if name != "" && slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func (l *line) flagNames() []string {
	var out []string
	for _, f := range l.cmd.Flags {
		out = append(out, f.Names()...)
	}
	return out
}

// fixed is the corrected line.
func (l *line) fixed(args []string) string {
	return commandLine(l.app.Name, append([]string{l.cmd.Name}, args...))
}

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// oneOf names the words that a flag takes.
func oneOf(f cli.Flag) string {
	if c, ok := f.(*choice); ok {
		return ": one of " + strings.Join(c.words, ", ")
	}
	return ""
}

// example is a value to type.
func example(f cli.Flag) string {
	if c, ok := f.(*choice); ok {
		return c.words[0]
	}
	if d, ok := f.(cli.DocGenerationFlag); ok && d.GetDefaultText() != "" {
		return d.GetDefaultText()
	}
	return "VALUE"
}

func dash(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func dashed(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = dash(n)
	}
	return strings.Join(out, ", ")
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
