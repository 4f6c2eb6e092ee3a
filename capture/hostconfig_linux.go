package capture

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// mostConfigs bounds how many files of one directory are read.
const mostConfigs = 64

// hostNames are the files that decide how the host resolves names. Each becomes a document host/<path>.
var hostNames = []string{
	"host/etc/resolv.conf", "host/etc/nsswitch.conf", "host/etc/hosts", "host/etc/gai.conf", "host/etc/host.conf",
	"host/run/systemd/resolve/resolv.conf", "host/run/systemd/resolve/stub-resolv.conf", // the real servers behind 127.0.0.53, and what leads there
	"host/etc/tuned/active_profile",
}

var hostConfigCollector = &Collector{
	Name: "host_config",
	Doc: "Files of the host that decide how it resolves names, which kernel settings it makes, and who else manages its links and its firewall: " +
		"resolv.conf and its kin, sysctl.d, modprobe.d, networkd's link and network files, NetworkManager, ufw, firewalld; masked.",
	Needs:   "none; files that only root may read need root",
	Effects: "none: regular files only, never a name resolved, and no file that holds keys (netdev, system-connections)",
	Since:   "0.2.0",
	Docs:    slices.Concat(hostNames, slices.DeleteFunc(slices.Clone(schema.HostConfigDocs), isPattern)),
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		for _, doc := range slices.Concat(hostNames, schema.HostConfigDocs) {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if name := strings.TrimPrefix(doc, "host"); isPattern(doc) {
				h.configDirectory(s, doc, name)
			} else {
				mask := maskLines
				if name == "/etc/nsswitch.conf" { // names of sources only, and a line "passwd:" that looks like a secret
					mask = nil
				}
				s.hostDocument(h.Options, doc, name, maxHostFile, mask)
			}
		}
		return nil
	},
}

func isPattern(doc string) bool { return strings.Contains(doc, "*") }

// configDirectory writes the files that match a pattern. When there is none, that is the outcome of the pattern itself.
func (h *Host) configDirectory(s *Sink, doc, pattern string) {
	dir, err := h.Options.resolve(path.Dir(pattern))
	if err != nil {
		s.coverFile(doc, path.Dir(pattern), err)
		return
	}
	entries, err := os.ReadDir(h.Options.path(dir)) // sorted
	if err != nil {
		s.coverFile(doc, dir, err)
		return
	}
	n := 0
	for _, e := range entries {
		if ok, _ := path.Match(path.Base(pattern), e.Name()); !ok {
			continue
		}
		if n++; n <= mostConfigs {
			s.hostDocument(h.Options, path.Join(path.Dir(doc), e.Name()), path.Join(path.Dir(pattern), e.Name()), maxHostFile, maskLines)
		}
	}
	switch {
	case n == 0:
		s.Cover(schema.Coverage{Document: doc, Outcome: schema.Absent, Reason: "no such file in " + path.Dir(pattern)})
	case n > mostConfigs:
		s.Cover(schema.Coverage{Document: doc, Outcome: schema.Truncated, Reason: fmt.Sprintf("%d of %d files", mostConfigs, n)})
	}
}
