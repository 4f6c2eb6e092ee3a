package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// mostManagedLinks bounds the notes of one manager.
const mostManagedLinks = 4000

// linkManagers are those who note what they think of a link, one file for each, named by its ifindex.
var linkManagers = []struct {
	name, dir string
	read      func(text string, row *schema.ManagedLink)
}{
	{"systemd-networkd", "/run/systemd/netif/links", networkdNote},
	{"NetworkManager", "/run/NetworkManager/devices", networkManagerNote},
}

var managedLinkCollector = &Collector{
	Name:    "managed_link",
	Doc:     "What systemd-networkd and NetworkManager noted of the host's links: whether they see to docker0, bridges and veths. Files below /run/systemd/netif/links and /run/NetworkManager/devices; only their states.",
	Needs:   "none",
	Effects: "none: neither D-Bus nor a program is asked",
	Since:   "0.2.0",
	Tables:  []string{"managed_link"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		var errs []error
		found := false
		for _, m := range linkManagers {
			dir, err := h.Options.resolve(m.dir)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			found = true
			var entries []os.DirEntry
			if err == nil {
				entries, err = os.ReadDir(h.Options.path(dir))
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("read the notes of %s: %w", m.name, err))
				continue
			}
			entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return ifindexOf(e.Name()) == 0 })
			if len(entries) > mostManagedLinks {
				errs = append(errs, &Incomplete{schema.Truncated, fmt.Sprintf("%d of %d notes of %s", mostManagedLinks, len(entries), m.name)})
				entries = entries[:mostManagedLinks]
			}
			for _, e := range entries {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				text, _, err := h.Options.readHostFile(path.Join(dir, e.Name()), 16<<10)
				if errors.Is(err, fs.ErrNotExist) {
					continue // the link went away
				}
				if err != nil {
					errs = append(errs, err)
					continue
				}
				row := &schema.ManagedLink{ManagedBy: m.name, Ifindex: ifindexOf(e.Name())}
				row.Noted, _ = h.Options.modified(path.Join(dir, e.Name()))
				m.read(string(text), row)
				if err := s.Put(row); err != nil {
					return err
				}
			}
		}
		if !found {
			return &Incomplete{schema.Absent, "neither networkd nor NetworkManager has noted anything"}
		}
		return errors.Join(errs[:min(len(errs), maxReasons)]...)
	},
}

// ifindexOf is the ifindex that a file is named by, 0 for any other file.
func ifindexOf(name string) int64 {
	i, err := strconv.ParseInt(name, 10, 32)
	if err != nil || i < 0 {
		return 0
	}
	return i
}

// networkdNote reads a file of systemd-networkd (src/network/networkd-state-file.c): NAME=value a line.
func networkdNote(text string, row *schema.ManagedLink) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "ADMIN_STATE":
			row.AdminState = value
			// Before udev is done with a link, networkd does not know yet.
			if value != "pending" && value != "initialized" {
				managed := value != "unmanaged"
				row.Managed = &managed
			}
		case "OPER_STATE":
			row.OperState = value
		case "NETWORK_FILE":
			row.NetworkFile = maskText(value)
		}
	}
}

// networkManagerNote reads a file of NetworkManager: NAME=value below [device]. One that does not tell is of a link
// that nobody has asked it to manage or to leave alone.
func networkManagerNote(text string, row *schema.ManagedLink) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "managed="); ok {
			managed := value == "true"
			row.Managed = &managed
		}
	}
}
