package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/netmortem/netmortem/report"
)

// pluginName is what the binary is called as a plugin of the Docker CLI, and pluginWord the command that it gives docker.
const (
	pluginName = "docker-netmortem"
	pluginWord = "netmortem"
)

// pluginMetadata is the subcommand by which the Docker CLI asks every plugin what it is (docker/cli, docs/extend/cli_plugins.md).
const pluginMetadata = "docker-cli-plugin-metadata"

// runPlugin is the program when it was called by the name of the plugin: docker calls it with docker's own flags and the plugin's word before
// the arguments.
func runPlugin(args []string, std streams, run func(args []string) int) int {
	if len(args) == 1 && args[0] == pluginMetadata {
		if err := writePluginMetadata(std.out); err != nil {
			return codeFailed
		}
		return codeOK
	}
	if len(args) > 1 && args[0] == completeName && args[1] == pluginWord {
		return run(append([]string{completeName}, args[2:]...))
	}
	rest, host, err := pluginArgs(args)
	if err != nil {
		code, err := codeOf(err)
		complain(std.err, pluginWord, err)
		return code
	}
	if host != "" {
		os.Setenv(envDockerHost, host) // before anything reads it
	}
	return run(rest)
}

// isPlugin reports whether the program was called by the name of the plugin.
func isPlugin(program string) bool {
	return strings.TrimSuffix(filepath.Base(program), ".exe") == pluginName
}

// writePluginMetadata answers the Docker CLI; it takes a plugin of no other schema version than 0.1.0.
func writePluginMetadata(w io.Writer) error {
	return json.NewEncoder(w).Encode(struct {
		SchemaVersion, Vendor, Version, ShortDescription string
	}{"0.1.0", "netmortem", version(), "Snapshots of broken Swarm networks, and what broke in them"})
}

// pluginArgs takes docker's own flags and the plugin's word from before the arguments. The host of -H is returned: capture and doctor ask it.
// What else would lead to another daemon is refused, for the kernel that they read is that of this host.
func pluginArgs(args []string) (rest []string, host string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, glued := strings.Cut(args[i], "=")
		take := func() string {
			if !glued && i+1 < len(args) {
				i++
				return args[i]
			}
			return value
		}
		switch name {
		case pluginWord:
			return args[i+1:], host, nil
		case "-H", "--host":
			host = take()
		case "--config", "-l", "--log-level":
			take()
		case "-D", "--debug":
		case "-c", "--context":
			return nil, "", usage("docker %s %s: a capture reads the kernel of this host, which a context does not change; try: ssh HOST docker netmortem %s",
				name, take(), strings.Join(afterWord(args), " "))
		default:
			if strings.HasPrefix(name, "--tls") {
				return nil, "", usage("docker %s: netmortem knows TLS by DOCKER_CERT_PATH and DOCKER_TLS_VERIFY only; try: netmortem help environment", name)
			}
			return args[i:], host, nil // called by hand
		}
	}
	return nil, host, nil
}

// afterWord is what stands behind the plugin's word.
func afterWord(args []string) []string {
	for i, a := range args {
		if a == pluginWord {
			return args[i+1:]
		}
	}
	return nil
}

// writePluginHelp is the topic docker-plugin.
func writePluginHelp(w io.Writer, columns int) error {
	self, err := os.Executable()
	if err != nil {
		self = pluginWord
	}
	_, err = fmt.Fprintf(w, `The same binary is a plugin of the Docker CLI when it is called %[1]s:

    mkdir -p ~/.docker/cli-plugins
    ln -s %[2]s ~/.docker/cli-plugins/%[1]s

for one user, or for all of a host in /usr/local/lib/docker/cli-plugins. Then

    sudo docker netmortem capture
    docker netmortem analyze netmortem_*.tar.zst

sudo looks for plugins of root: link it there, too, or into the directory for all. docker -H is handed on to
capture and doctor; a context is refused, for what is captured is the kernel of this host.
`, pluginName, quote(report.Visible(self)))
	return err
}
