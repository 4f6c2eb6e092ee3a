package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// TestTopics: each is printed, and named where help lists what there is.
func TestTopics(t *testing.T) {
	for _, x := range topics() {
		var out, talk bytes.Buffer
		if code := run(t.Context(), []string{"help", x.name}, streams{&out, &talk}); code != codeOK || out.Len() < 200 || talk.Len() > 0 {
			t.Errorf("help %s ends with code %d and %d bytes: %s", x.name, code, out.Len(), talk.String())
		}
		if newApp(streams{io.Discard, io.Discard}).Command(x.name) != nil {
			t.Errorf("%s is a command, too", x.name)
		}
	}
	for _, args := range [][]string{nil, {"help"}, {"--help"}, {"help", "help"}} {
		var out bytes.Buffer
		if code := run(t.Context(), args, streams{&out, io.Discard}); code != codeOK {
			t.Errorf("%q ends with code %d", args, code)
		}
		for _, x := range topics() {
			if !strings.Contains(out.String(), x.name) {
				t.Errorf("%q does not name %s", args, x.name)
			}
		}
	}
}

// TestEndings: each exit code of exit.go is listed, in order, for commands that exist, and the help of a command tells its own.
func TestEndings(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "code") {
			code, err := strconv.Atoi(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[code] = false
		}
		return true
	})
	app := newApp(streams{io.Discard, io.Discard})
	last := -1
	for _, e := range endings {
		if _, ok := codes[e.code]; !ok || e.code < last {
			t.Errorf("%d is listed, and no code of exit.go, or not in its place", e.code)
		}
		codes[e.code], last = true, e.code
		if e.command != "" && app.Command(e.command) == nil {
			t.Errorf("%d is listed for %s, which is no command", e.code, e.command)
		}
	}
	if len(codes) < 6 {
		t.Errorf("exit.go has %d codes", len(codes))
	}
	for code, listed := range codes {
		if !listed {
			t.Errorf("%d is not listed", code)
		}
	}
	for _, name := range []string{"capture", "doctor", "analyze", "trace", "query", "rules"} {
		text := strings.Join(strings.Fields(app.Command(name).Description), " ")
		for _, e := range endingsOf(name) {
			if !strings.Contains(text, strconv.Itoa(e.code)+" "+e.means) {
				t.Errorf("help %s does not say what %d means", name, e.code)
			}
		}
	}
}

// TestEnvironment: whatever of our code asks for a variable, the list has it; and the commands ask by the names of the list.
func TestEnvironment(t *testing.T) {
	listed := map[string]bool{}
	for _, v := range environment {
		for _, name := range strings.Split(v.name, ", ") {
			listed[name] = true
		}
	}
	names := map[string]string{ // expressions that stand for a name
		"client.EnvOverrideHost": client.EnvOverrideHost, "client.EnvOverrideCertPath": client.EnvOverrideCertPath,
		"envNoColor": envNoColor, "envCLIColorForce": envCLIColorForce, "envTerm": envTerm, "envGOGC": envGOGC, "envDockerHost": envDockerHost,
	}
	asks := regexp.MustCompile(`os\.(?:Getenv|LookupEnv|Setenv)\(([^,)]+)`)
	found := 0
	for _, dir := range []string{".", "../../capture", "../../analyze", "../../report", "../../schema"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range asks.FindAllStringSubmatch(string(src), -1) {
				found++
				name := names[m[1]]
				if unquoted, err := strconv.Unquote(m[1]); err == nil && dir != "." {
					name = unquoted
				}
				if !listed[name] {
					t.Errorf("%s asks for %s, which help environment does not tell", path, m[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 8 {
		t.Errorf("%d places found", found)
	}
	for _, name := range []string{client.EnvOverrideHost, client.EnvOverrideAPIVersion, client.EnvOverrideCertPath, client.EnvTLSVerify} { // client.FromEnv
		if !listed[name] {
			t.Errorf("the client of Docker reads %s", name)
		}
	}
}
