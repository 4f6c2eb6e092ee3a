package capture

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// daemonSilent is why a capture that was to ask Docker's daemon has nothing of it, as a sentence; empty when it answered,
// or was not to be asked.
//
// That there is no daemon is knowledge, and so its documents are absent and no gap. But somebody who captures a host to
// learn why its containers do not reach each other wants to be told.
func daemonSilent(h *Host) string {
	d := h.Docker
	if d == nil {
		if h.dockerErr != nil {
			return "Docker's daemon was not asked (" + h.dockerErr.Error() + "): " + kernelsSide
		}
		return ""
	}
	d.mu.Lock()
	gone := d.gone
	d.mu.Unlock()
	switch {
	case gone == nil:
		return ""
	case gone.outcome != schema.Absent:
		return "Docker's daemon did not answer (" + strings.TrimPrefix(gone.reason, "not asked: ") + "): " + kernelsSideAndFiles
	}
	process := "no dockerd process"
	if pid := processNamed(h.Options, "dockerd"); pid != 0 {
		process = "though a dockerd runs as process " + strconv.Itoa(pid)
	}
	return "no Docker daemon was found (no socket at " + strings.TrimPrefix(d.host, "unix://") + ", " + process + "): " + kernelsSide
}

const (
	kernelsSide         = "the bundle holds the kernel's side only"
	kernelsSideAndFiles = "the bundle holds the kernel's side, and what Docker's files say"
)

// processNamed is the first process of the host whose command name is that one, 0 for none.
func processNamed(o Options, name string) int {
	entries, err := os.ReadDir(o.proc())
	if err != nil {
		return 0
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if comm, err := readBounded(filepath.Join(o.proc(), e.Name(), "comm"), 64); err == nil && strings.TrimSuffix(string(comm), "\n") == name {
			return pid
		}
	}
	return 0
}
