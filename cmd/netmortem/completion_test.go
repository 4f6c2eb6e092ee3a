package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestComplete(t *testing.T) {
	for _, c := range []struct {
		words     string // the last one is being typed; _ for an empty one
		want      string // candidates, or the first ones and …
		directive int
	}{
		{"_", "capture doctor analyze trace …", completeNoFiles},
		{"an", "analyze", completeNoFiles},
		{"analyze _", "tar.zst tgz tar.gz", completeEndings},
		{"analyze a.tgz _", "tar.zst tgz tar.gz", completeEndings},
		{"analyze --fo", "--format", completeNoFiles},
		{"analyze --format _", "text json md html", completeNoFiles},
		{"analyze a.tgz --format j", "json", completeNoFiles},
		{"analyze --format=m", "--format=md", completeNoFiles},
		{"analyze --format=json --fo", "", completeNoFiles},
		{"analyze --rules _", "", completeDirs},
		{"analyze -o _", "", completeFiles},
		{"analyze --db _", "db", completeEndings},
		{"analyze -- --fo", "tar.zst tgz tar.gz", completeEndings},
		{"--format json analyze --fo", "", completeNoFiles},
		{"explain fdb-permanent", "fdb-permanent-missing", completeNoFiles},
		{"explain --rules d fdb-permanent", "fdb-permanent-missing", completeNoFiles},
		{"explain fdb-permanent-missing _", "", completeNoFiles},
		{"rules fdb-wrong", "fdb-wrong-vtep", completeNoFiles},
		{"tables ipvs_t", "ipvs_timeout", completeNoFiles},
		{"query _", "db", completeEndings},
		{"query r.db ipvs_t", "ipvs_timeout", completeNoFiles},
		{"query r.db --example bro", "broken-pairs broken-segments", completeNoFiles},
		{"capture --only fd", "fdb", completeNoFiles | completeNoSpace},
		{"capture --only link,fd", "link,fdb", completeNoFiles | completeNoSpace},
		{"capture --only link --on", "--only", completeNoFiles},
		{"capture _", "", completeNoFiles},
		{"completion _", "bash zsh fish", completeNoFiles},
		{"man _", "", completeDirs},
		{"help ex", "explain exit-codes", completeNoFiles},
		{"show _", "tar.zst tgz tar.gz", completeEndings},
		{"show a.tgz iptab", "iptables", completeNoFiles},
		{"nonsense --", "--help --version", completeNoFiles},
		{"analyze --nonsense=", "", completeNoFiles},
	} {
		words := strings.Fields(c.words)
		for i, w := range words {
			if w == "_" {
				words[i] = ""
			}
		}
		list, directive := complete(newApp(streams{io.Discard, io.Discard}), words)
		var got []string
		for _, x := range list {
			got = append(got, x.word)
		}
		want, more := strings.CutSuffix(c.want, " …")
		if more {
			got = got[:min(len(got), strings.Count(want, " ")+1)]
		}
		if strings.Join(got, " ") != want || directive != c.directive {
			t.Errorf("%s: %q, %d; not %q, %d", c.words, got, directive, want, c.directive)
		}
	}
}

// shellTest makes a directory with files to complete, and a netmortem on PATH that is this test's binary.
func shellTest(t *testing.T, shell string) (dir string, env []string) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skip(shell + " is not installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, name := range []string{"bin", "bundles", "home", "a dir"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"node1.tar.zst", "node2.tgz", "node one.tgz", "notes.txt", "report.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "netmortem")); err != nil {
		t.Fatal(err)
	}
	return dir, []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "HOME=" + filepath.Join(dir, "home"), "TERM=dumb", "LC_ALL=C.UTF-8"}
}

// inShell runs a script and returns the lines that it printed.
func inShell(t *testing.T, dir string, env []string, shell string, args ...string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", shell, err, out)
	}
	lines := strings.Split(strings.TrimRight(string(out), "\n"), "\n")
	slices.Sort(lines)
	return lines
}

// shellCases are lines of a shell with the cursor at their end, and what comes up.
var shellCases = []struct {
	line string
	want []string
}{
	{"netmortem ana", []string{"analyze"}},
	{"netmortem analyze --fail-on c", []string{"critical"}},
	{"netmortem explain fdb-permanent", []string{"fdb-permanent-missing"}},
	{"netmortem completion ", []string{"bash", "fish", "zsh"}},
	{"netmortem help exit", []string{"exit-codes"}},
	{"netmortem query rep", []string{"report.db"}},
	{"netmortem analyze node", []string{"node one.tgz", "node1.tar.zst", "node2.tgz"}},
	{"netmortem analyze --rules bu", []string{"bundles"}},
}

// TestCompletionBash lets bash complete as it does at a prompt: COMP_WORDS as readline would cut them, then the function that the script
// registered.
func TestCompletionBash(t *testing.T) {
	dir, env := shellTest(t, "bash")
	cases := append(slices.Clone(shellCases),
		struct {
			line string
			want []string
		}{"netmortem analyze x --format = js", []string{"json"}}, // readline ends words at =
		struct {
			line string
			want []string
		}{"netmortem analyze --format =", []string{"html", "json", "md", "text"}},
	)
	for _, c := range cases {
		words := strings.Split(c.line, " ")
		script := "source <(netmortem completion bash)\nCOMP_WORDS=("
		for _, w := range words {
			script += fmt.Sprintf("'%s' ", w)
		}
		script += fmt.Sprintf(")\nCOMP_CWORD=%d\n[[ $(complete -p netmortem) == *'-F _netmortem'* ]] || echo 'not registered'\n_netmortem\nprintf '%%s\\n' \"${COMPREPLY[@]}\"\n", len(words)-1)
		if got := inShell(t, dir, env, "bash", "--norc", "-c", script); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.line, got, c.want)
		}
	}
}

// TestCompletionFish asks fish itself.
func TestCompletionFish(t *testing.T) {
	dir, env := shellTest(t, "fish")
	for _, c := range append(slices.Clone(shellCases), struct {
		line string
		want []string
	}{"netmortem analyze --format=j", []string{"--format=json"}}) {
		got := inShell(t, dir, env, "fish", "--no-config", "-c", "netmortem completion fish | source\ncomplete -C '"+c.line+"'")
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], "\t")
			got[i] = strings.TrimSuffix(got[i], "/")
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.line, got, c.want)
		}
	}
}

// TestCompletionZsh calls the function in the place of zsh's completion system, whose words and helpers stand in: that system needs a terminal.
func TestCompletionZsh(t *testing.T) {
	dir, env := shellTest(t, "zsh")
	const stand = `
compdef() { registered="$*" }
_describe() { local list=${@[-1]}; [[ $1 == -V ]] && list=$3; print -rl -- ${(P)list%%:*} | while read -r x; do [[ $x == ${(Q)words[CURRENT]}* ]] && print -r -- $x; done }
_files() {
  setopt local_options null_glob
  local p=${(Q)words[CURRENT]}
  case $1 in
    -/) print -rl -- $p*(/) ;;
    -g) print -rl -- $p*(/) $p${~2} ;;
    *) print -rl -- $p* ;;
  esac
}
source <(netmortem completion zsh)
[[ $registered == "_netmortem netmortem" ]] || print "registered: $registered"
`
	for _, c := range append(slices.Clone(shellCases), struct {
		line string
		want []string
	}{"netmortem analyze --format=j", []string{"--format=json"}}) {
		words := strings.Split(c.line, " ")
		script := stand + "words=("
		for _, w := range words {
			script += fmt.Sprintf("'%s' ", w)
		}
		script += fmt.Sprintf(")\nCURRENT=%d\n_netmortem\n", len(words))
		if got := inShell(t, dir, env, "zsh", "-f", "-c", script); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", c.line, got, c.want)
		}
	}
}
