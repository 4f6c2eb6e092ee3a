package capture

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// shimDirs are where containerd keeps a folder for each container that runs, for Docker's namespace: its own, and those of
// a containerd that dockerd starts; the latter ones of engines before 20.10.
var shimDirs = []string{
	"/run/containerd/io.containerd.runtime.v2.task/moby",
	"/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby",
	"/run/containerd/io.containerd.runtime.v1.linux/moby",
	"/run/docker/containerd/daemon/io.containerd.runtime.v1.linux/moby",
}

// runcDirs are where runc keeps its state of Docker's containers.
var runcDirs = []string{"/run/docker/runtime-runc/moby", "/run/runc/moby"}

// shims lists what containerd believes to run: it is there when dockerd and containerd are dead.
var shims = &Collector{
	Name:    "shim",
	Doc:     "Folders of containers that containerd's shims keep below /run, with the process that each names; config.json in them, which has the environment, is not opened.",
	Needs:   "root: the folders are closed to others",
	Effects: "none",
	Since:   "0.2.0",
	Tables:  []string{"shim"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		found := false
		var errs []error
		for _, dir := range shimDirs {
			entries, err := os.ReadDir(h.Path(dir))
			if onlyMissing(err) {
				continue
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			found = true
			for _, e := range entries {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if !e.IsDir() {
					continue
				}
				if err := s.Put(h.shim(dir, e)); err != nil {
					return err
				}
			}
		}
		if err := errors.Join(errs...); err != nil || found {
			return err
		}
		return &Incomplete{schema.Absent, "no folder of Docker's containers in " + strings.Join(shimDirs, " or ")}
	},
}

// shim reads one folder.
func (h *Host) shim(dir string, e os.DirEntry) *schema.Shim {
	at := path.Join(dir, e.Name())
	row := &schema.Shim{Container: e.Name(), Path: at, PID: numberIn(h.Path(path.Join(at, "init.pid"))), ShimPID: numberIn(h.Path(path.Join(at, "shim.pid")))}
	if info, err := e.Info(); err == nil {
		row.ModTime = info.ModTime().UTC()
	}
	if row.PID > 0 {
		_, err := os.Stat(filepath.Join(h.Options.proc(), strconv.FormatInt(row.PID, 10)))
		if alive := err == nil; alive || onlyMissing(err) {
			row.Alive = &alive
		}
	}
	for _, dir := range runcDirs {
		_, err := os.Stat(h.Path(path.Join(dir, e.Name())))
		if known := err == nil; known || onlyMissing(err) && row.Runc == nil {
			row.Runc = &known
		}
	}
	return row
}

// numberIn is the number that is all of a small file, 0 for none.
func numberIn(name string) int64 {
	data, err := readBounded(name, 32)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
