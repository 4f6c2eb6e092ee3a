package analyze

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/netmortem/netmortem/schema"
)

// maxExcerpt is how much of a line an excerpt shows.
const maxExcerpt = 2048

// An address is a ref taken apart: host/path:line.
type address struct {
	host, path string
	line       int64
}

func parseRef(ref string) (address, bool) {
	host, rest, ok := strings.Cut(ref, "/")
	at := strings.LastIndexByte(rest, ':')
	if !ok || at < 0 {
		return address{}, false
	}
	line, err := strconv.ParseInt(rest[at+1:], 10, 64)
	return address{host, rest[:at], line}, err == nil && line > 0
}

// excerpts fills in what stands at every address that the findings cite, out of the bundles themselves. It returns
// the addresses at which nothing stands.
func excerpts(ctx context.Context, sources []*source, findings []Finding) (missing []string, err error) {
	wanted := map[string]map[string]map[int64][]*Evidence{} // host, path, line
	for i := range findings {
		for j := range findings[i].Evidence {
			e := &findings[i].Evidence[j]
			a, ok := parseRef(e.Ref)
			if !ok {
				missing = append(missing, e.Ref)
				continue
			}
			if wanted[a.host] == nil {
				wanted[a.host] = map[string]map[int64][]*Evidence{}
			}
			if wanted[a.host][a.path] == nil {
				wanted[a.host][a.path] = map[int64][]*Evidence{}
			}
			wanted[a.host][a.path][a.line] = append(wanted[a.host][a.path][a.line], e)
		}
	}
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if files := wanted[s.host]; files != nil {
			if err := quote(s, files); err != nil {
				return nil, err
			}
		}
	}
	for i := range findings {
		for _, e := range findings[i].Evidence {
			if e.Excerpt == "" && !slices.Contains(missing, e.Ref) {
				missing = append(missing, e.Ref)
			}
		}
	}
	return missing, nil
}

// excerptsAt is what stands at addresses of any of the bundles; an address at which nothing stands is left out.
func (a *analysis) excerptsAt(ctx context.Context, refs []string) (map[string]string, error) {
	f := Finding{}
	for _, ref := range refs {
		f.Evidence = append(f.Evidence, Evidence{Ref: ref})
	}
	if _, err := excerpts(ctx, a.sources, []Finding{f}); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, e := range f.Evidence {
		if e.Excerpt != "" {
			out[e.Ref] = e.Excerpt
		}
	}
	return out, nil
}

// quote reads the lines that are wanted of one bundle.
func quote(s *source, files map[string]map[int64][]*Evidence) error {
	b, err := s.open()
	if err != nil {
		return fmt.Errorf("read evidence: %w", err)
	}
	defer b.Close()
	for left := len(files); left > 0; {
		e, err := b.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read evidence: %w", err)
		}
		lines := files[e.Name]
		if lines == nil {
			continue
		}
		left--
		for rows := schema.NewLines(e.Name, e.Data, maxLine); len(lines) > 0 && rows.Next(); {
			if cited := lines[rows.Number()]; cited != nil {
				text := excerpt(rows.Bytes())
				for _, ev := range cited {
					ev.Excerpt = text
				}
				delete(lines, rows.Number())
			}
		}
	}
	return nil
}

// excerpt is a line as it is shown: whole characters, no more than maxExcerpt bytes of them.
func excerpt(line []byte) string {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) <= maxExcerpt {
		return strings.ToValidUTF8(string(line), "\uFFFD")
	}
	cut := maxExcerpt
	for cut > 0 && !utf8.RuneStart(line[cut]) {
		cut--
	}
	return strings.ToValidUTF8(string(line[:cut]), "\uFFFD") + "…"
}
