package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// daemonConfig keeps how dockerd was configured, by its file and by its command line.
var daemonConfig = &Collector{
	Name:  "daemon_config",
	Doc:   "How dockerd is configured: daemon.json, or the file that its command line names, and the command line itself, masked.",
	Needs: "read access to the configuration; to /proc of root's processes",
	Effects: "Reading a command line needs the lock of the process's memory, which a stuck process may hold for ever: the read is left behind " +
		"then. No signal is sent to the daemon.",
	Since:  "0.2.0",
	Docs:   []string{"docker/dockerd.json", "docker/daemon.json"},
	Daemon: true,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		commands, err := dockerdCommands(ctx, h)
		var rows []json.RawMessage
		count := 0
		for _, c := range commands {
			args, n := maskedCommand(c.Args)
			row, _ := plainJSON(commandLine{c.PID, args}) // of strings
			rows, count = append(rows, row), count+n
		}
		switch {
		case len(rows) > 0:
			if err := s.Document("docker/dockerd.json", joinRows(rows), count); err != nil {
				return err
			}
			if err != nil {
				s.Cover(schema.Coverage{Document: "docker/dockerd.json", Outcome: schema.Partial, Reason: err.Error()})
			}
		case err != nil:
			s.coverFile("docker/dockerd.json", "/proc", err)
		default:
			s.Cover(schema.Coverage{Document: "docker/dockerd.json", Outcome: schema.Absent, Reason: "no dockerd process"})
		}
		var lines [][]string
		for _, c := range commands {
			lines = append(lines, c.Args)
		}
		name := defaultDaemonFile
		if f := settingsOf(lines, nil).configFile; f != "" {
			name = f
		}
		data, whole, err := h.Options.readHostFile(name, maxHostFile)
		h.daemon.keep(settingsOf(lines, data))
		if err != nil {
			s.coverFile("docker/daemon.json", name, err)
			return nil
		}
		clean, n, err := maskJSON(data)
		if !whole || err != nil {
			s.Cover(schema.Coverage{Document: "docker/daemon.json", Outcome: schema.Skipped, Reason: name + ": " + withheld(errNotJSON).Error()})
			return nil
		}
		return s.Document("docker/daemon.json", clean, n)
	},
}

// commandLine is the command line of a process.
type commandLine struct {
	PID  int      `json:"pid"`
	Args []string `json:"args"`
}

// dockerdCommands reads the command lines of all dockerd processes. What was read before an error is returned with it.
func dockerdCommands(ctx context.Context, h *Host) ([]commandLine, error) {
	list, err := pids(h.Options.proc())
	if err != nil {
		return nil, err
	}
	p := &patience{limit: defaultGrace, most: 3}
	defer p.end()
	var out []commandLine
	var errs []error
	for _, pid := range list {
		dir := filepath.Join(h.Options.proc(), strconv.Itoa(pid))
		if firstLine(filepath.Join(dir, "comm")) != "dockerd" {
			continue
		}
		var args []string
		err := p.try(ctx, func(room []byte) error {
			f, err := os.OpenFile(filepath.Join(dir, "cmdline"), os.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			n, err := f.Read(room)
			text := bytes.TrimRight(room[:n], "\x00")
			if n > 0 && n < len(room) { // one that was cut is withheld: what is a secret is known by its whole
				args = strings.Split(string(text), "\x00")
			}
			return err
		})
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("process %d: %w", pid, err))
		case args == nil:
			errs = append(errs, fmt.Errorf("process %d: command line withheld: longer than %d bytes", pid, roomForProc))
		default:
			out = append(out, commandLine{pid, args})
		}
	}
	return out, errors.Join(errs...)
}
