package show

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Options say what to print.
type Options struct {
	Bundles []string // files and directories, at least one
	What    []string // words, tables, documents or addresses of rows; empty lists what the bundles hold
	Host    string   // of this host only; empty for all
	Netns   string   // of this namespace only: inode, name, container or task; empty for all
	Lines   Lines    // for addresses: what to print around the line
	Stats   bool     // counters, too, as -s of ip and --stats of ipvsadm
	JSON    bool     // the lines of the bundle as they are
}

// A UsageError is a question that cannot be answered as it was asked: an unknown word, or one that fits several things.
type UsageError struct{ Text string }

func (e *UsageError) Error() string { return e.Text }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// A GapError tells that part of what was asked for was not captured, or could not be read. What there is has been printed.
type GapError struct{ Gaps []string }

func (e *GapError) Error() string {
	const most = 3
	text := strings.Join(e.Gaps[:min(len(e.Gaps), most)], "; ")
	if n := len(e.Gaps) - most; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return text
}

// Run prints to w. Its error is a *UsageError, a *GapError after the output, or tells why a bundle cannot be read.
func Run(ctx context.Context, w io.Writer, o Options) error {
	out := bufio.NewWriterSize(w, 1<<16)
	p := &printer{w: out, options: &o}
	err := p.run(ctx)
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	if err == nil && len(p.gaps) > 0 {
		err = &GapError{p.gaps}
	}
	return err
}

// run goes through the questions, and for each through the bundles.
func (p *printer) run(ctx context.Context) error {
	sources, err := p.sources()
	if err != nil {
		return err
	}
	if len(p.options.What) == 0 {
		for _, s := range sources {
			if err := p.list(ctx, s); err != nil {
				return err
			}
		}
		return nil
	}
	p.hosts = len(sources)
	for _, what := range p.options.What {
		if err := p.answer(ctx, sources, what); err != nil {
			return err
		}
	}
	return nil
}

// answer prints one thing of all bundles.
func (p *printer) answer(ctx context.Context, sources []*source, what string) error {
	if a, ok := parseAddress(what); ok {
		return p.address(ctx, sources, a)
	}
	v := viewOf(what)
	if v == nil {
		return usage("nothing is called %s; there are %s, each table's name (netmortem tables), each document's (files), and the address of a row such as node1/rows/fdb.jsonl:17", what, strings.Join(words(), ", "))
	}
	if p.options.Netns != "" && !v.perNetns() {
		return usage("%s is of the whole host, not of a namespace: leave out --ns", v.name)
	}
	indexes := make([]*index, len(sources))
	matched := false
	var missed []string
	for i, s := range sources {
		x, err := readIndex(ctx, s, v.needs())
		if err != nil {
			return err
		}
		chosen, err := x.choose(p.options.Netns)
		if err != nil {
			return err
		}
		indexes[i], matched = x, matched || len(chosen) > 0
		missed = append(missed, x.hints()...)
	}
	if p.options.Netns != "" && !matched {
		slices.Sort(missed)
		return usage("no namespace %s; there are %s", p.options.Netns, strings.Join(slices.Compact(missed), ", "))
	}
	for _, x := range indexes {
		if err := p.view(ctx, x, v); err != nil {
			return err
		}
	}
	return nil
}

// A source is one bundle to be read, as often as need be.
type source struct {
	path string
	host string // as it stands in addresses
	meta schema.Meta
}

// sources opens each bundle for its first lines, and picks those of the host that was asked for.
func (p *printer) sources() ([]*source, error) {
	var all []*source
	seen := map[string]bool{}
	for _, path := range p.options.Bundles {
		b, err := schema.Open(path)
		if err != nil {
			return nil, err
		}
		s := &source{path: path, host: hostLabel(b.Meta.Host), meta: b.Meta}
		b.Close()
		if id := s.meta.CaptureID; id != "" && seen[id] {
			continue // the same capture twice
		} else if id != "" {
			seen[id] = true
		}
		all = append(all, s)
	}
	p.distinguish(all)
	if p.options.Host == "" {
		return all, nil
	}
	var some []*source
	var names []string
	for _, s := range all {
		names = append(names, s.host)
		if s.is(p.options.Host) {
			some = append(some, s)
		}
	}
	if len(some) == 0 {
		return nil, usage("no bundle of a host %s; there are %s", p.options.Host, strings.Join(names, ", "))
	}
	return some, nil
}

// distinguish gives two captures of one host the time of their start, as analyze does.
func (p *printer) distinguish(all []*source) {
	count := map[string]int{}
	for _, s := range all {
		count[s.host]++
	}
	for _, s := range all {
		if count[s.host] > 1 {
			s.host += "@" + s.meta.Started.UTC().Format("20060102T150405Z")
		}
	}
}

// is reports whether a name means this source: the host's, or the one with the time of the capture.
func (s *source) is(name string) bool {
	plain := hostLabel(s.meta.Host)
	return name == s.host || name == plain || name == plain+"@"+s.meta.Started.UTC().Format("20060102T150405Z")
}

// hostLabel is the host's name as it stands in addresses: no separator of one, nothing that a terminal acts on.
func hostLabel(host string) string {
	name := strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == ':' || r == 0x7f || r > 0x7e && r < 0xa0 || r == 0xfffd {
			return '-'
		}
		return r
	}, host)
	if name == "" {
		return "unnamed"
	}
	return name
}

// entries calls f for each entry of the bundle. At its end it returns why the bundle breaks off, empty for a whole one,
// and what is wrong with entries.
func (s *source) entries(ctx context.Context, f func(e *schema.Entry) error) (cut string, problems []string, err error) {
	b, err := schema.Open(s.path)
	if err != nil {
		return "", nil, err
	}
	defer b.Close()
	for {
		if err := ctx.Err(); err != nil {
			return "", nil, err
		}
		e, err := b.Next()
		if err == io.EOF {
			return b.Interrupted, b.Problems, nil
		}
		if err != nil {
			return "", nil, err
		}
		if err := f(e); err != nil {
			return "", nil, err
		}
	}
}
