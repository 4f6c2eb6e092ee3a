// Command gen bundles the page's script and style from their sources: report/page/src/app.ts becomes report/page/script.js,
// report/page/src/style.css becomes report/page/style.css. It is a module of its own, so that who builds netmortem needs no bundler.
//
//	go run . [DIR]    writes the two files below DIR, which is the parent directory unless it is named
//	go run . -check   writes nothing, and fails when the files are not what the sources make
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// bundles are what is made of what.
var bundles = []struct{ from, to string }{
	{"src/app.ts", "script.js"},
	{"src/style.css", "style.css"},
}

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	dir := ".."
	if flag.NArg() > 0 {
		dir = flag.Arg(0)
	}
	if err := run(dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	for _, b := range bundles {
		made, err := bundle(filepath.Join(dir, b.from))
		if err != nil {
			return err
		}
		path := filepath.Join(dir, b.to)
		if !check {
			if err := os.WriteFile(path, made, 0o644); err != nil {
				return err
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(have, made) {
			return fmt.Errorf("%s is not what %s makes: go generate ./report writes it", path, b.from)
		}
	}
	return nil
}

// bundle makes one file of a source and what it imports. Names and lines stay, so that a reviewer can read the difference.
func bundle(from string) ([]byte, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return nil, err
	}
	r := api.Build(api.BuildOptions{
		EntryPoints:   []string{from},
		AbsWorkingDir: filepath.Dir(from), // the names of sources in the output do not depend on where it runs
		Outdir:        filepath.Dir(from),
		Bundle:        true,
		Format:        api.FormatIIFE,
		Target:        api.ES2022,
		Charset:       api.CharsetUTF8,
		LegalComments: api.LegalCommentsNone,
		LogLevel:      api.LogLevelSilent,
	})
	if len(r.Errors) > 0 {
		return nil, errors.New(api.FormatMessages(r.Errors, api.FormatMessagesOptions{})[0])
	}
	if len(r.OutputFiles) != 1 {
		return nil, fmt.Errorf("%s makes %d files, not one", from, len(r.OutputFiles))
	}
	return r.OutputFiles[0].Contents, nil
}
