package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A source is one bundle to load.
type source struct {
	host string // label: unique among the sources
	path string // as given
	meta schema.Meta
	open func() (entries, error)
}

// entries is a bundle being read: what *schema.Bundle does.
type entries interface {
	Next() (*schema.Entry, error)
	Close() error
}

// openSources reads the head of every bundle. Those that cannot be opened are returned as lines of text.
func openSources(paths []string) (sources []*source, unreadable []string) {
	for _, path := range paths {
		b, err := schema.Open(path)
		if err != nil {
			unreadable = append(unreadable, naming(path, err))
			continue
		}
		sources = append(sources, &source{path: path, meta: b.Meta, open: func() (entries, error) { return schema.Open(path) }})
		b.Close()
	}
	return sources, unreadable
}

// naming is the error's text with the path in front, unless it is there already.
func naming(path string, err error) string {
	if strings.Contains(err.Error(), path) {
		return err.Error()
	}
	return path + ": " + err.Error()
}

// label gives every source its host and puts them in order. The same capture given twice is loaded once; two
// captures with one host name get the time of their start in their label. Both are told in notes.
func label(sources []*source) (kept []*source, notes []string) {
	slices.SortStableFunc(sources, func(a, b *source) int {
		return cmp.Or(strings.Compare(hostLabel(&a.meta), hostLabel(&b.meta)), a.meta.Started.Compare(b.meta.Started),
			strings.Compare(a.meta.CaptureID, b.meta.CaptureID), strings.Compare(a.path, b.path))
	})
	byID := map[string]*source{}
	count := map[string]int{}
	for _, s := range sources {
		if id := s.meta.CaptureID; id != "" {
			if first := byID[id]; first != nil {
				notes = append(notes, fmt.Sprintf("%s: the same capture as %s: loaded once", s.path, first.path))
				continue
			}
			byID[id] = s
		}
		kept = append(kept, s)
		count[hostLabel(&s.meta)]++
	}
	taken := map[string]bool{}
	for _, s := range kept {
		s.host = hostLabel(&s.meta)
		if name := s.host; count[name] > 1 {
			s.host = name + "@" + s.meta.Started.UTC().Format("20060102T150405Z")
			for n, at := 2, s.host; taken[s.host]; n++ {
				s.host = fmt.Sprintf("%s-%d", at, n)
			}
			notes = append(notes, fmt.Sprintf("%s: %d bundles are from a host named %s: this one is %s", s.path, count[name], name, s.host))
		}
		taken[s.host] = true
	}
	return kept, notes
}

// hostLabel is the host name as it may stand in an address: no separator of one, nothing that a terminal acts on.
func hostLabel(m *schema.Meta) string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == ':' || r == 0x7f || r > 0x7e && r < 0xa0 || r == 0xfffd {
			return '-'
		}
		return r
	}, m.Host)
	if name == "" {
		return "unnamed"
	}
	return name
}
