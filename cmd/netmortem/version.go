package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// release is set by the linker in released binaries: -X main.release=0.1.0.
var release string

func versionCommand(std streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(*cli.Context) error {
			_, err := fmt.Fprintf(std.out, "netmortem %s\n%s %s/%s%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, revision())
			return err
		},
	}
}

// version is the released version, else that of the module, else devel.
func version() string {
	if release != "" {
		return release
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return "devel"
}

// revision is the commit that the binary was built from, if the build knew it.
func revision() string {
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	out := ""
	for _, s := range b.Settings {
		switch {
		case s.Key == "vcs.revision":
			out = "\ncommit " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			out += ", modified"
		}
	}
	return out
}
