package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/netmortem/netmortem/schema"
)

// maxHostFile bounds one file of the host's configuration.
const maxHostFile = 256 << 10

// mostLinks bounds how many symbolic links one path may hold.
const mostLinks = 40

// resolve follows the symbolic links of an absolute path on the host. Links to absolute paths begin at the host's root,
// wherever that is for this process. The result names no link, unless it changed meanwhile.
func (o Options) resolve(name string) (string, error) {
	done, rest, links := "/", strings.Trim(path.Clean("/"+name), "/"), 0
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if part == "." || part == "" {
			continue
		}
		if part == ".." {
			done = path.Dir(done)
			continue
		}
		next := path.Join(done, part)
		st, err := os.Lstat(o.path(next))
		if err != nil {
			return "", err
		}
		if st.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > mostLinks {
			return "", fmt.Errorf("%s: more than %d symbolic links", name, mostLinks)
		}
		to, err := os.Readlink(o.path(next))
		if err != nil {
			return "", err
		}
		if path.IsAbs(to) {
			done = "/"
		}
		rest = strings.Trim(to+"/"+rest, "/") // .. counts from where the link leads
	}
	return done, nil
}

// readHostFile reads a regular file of the host, whatever links lead to it, at most limit bytes. It says whether that was
// all.
func (o Options) readHostFile(name string, limit int64) (data []byte, whole bool, err error) {
	p, err := o.resolve(name)
	if err != nil {
		return nil, false, err
	}
	data, err = readBounded(o.path(p), limit+1)
	if int64(len(data)) > limit {
		return data[:limit], false, err
	}
	return data, true, err
}

// hostDocument writes a file of the host as a document, after change, which may be nil, has masked it. What became of it is
// in the coverage.
func (s *Sink) hostDocument(o Options, doc, name string, limit int64, change func([]byte) ([]byte, int)) {
	data, whole, err := o.readHostFile(name, limit)
	if err != nil {
		s.coverFile(doc, name, err)
		return
	}
	count := 0
	if change != nil {
		data, count = change(data)
	}
	if err := s.Document(doc, data, count); err != nil {
		s.coverFile(doc, name, err)
	} else if !whole {
		s.Cover(schema.Coverage{Document: doc, Outcome: schema.Truncated, Reason: fmt.Sprintf("%s: the first %d bytes", name, limit)})
	}
}

// coverFile says why a file is no document.
func (s *Sink) coverFile(doc, name string, err error) {
	o := outcomeOf(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o = outcome{schema.Absent, name + " does not exist"}
	case errors.Is(err, syscall.EOPNOTSUPP): // /proc/pressure of a kernel that was started without psi=1
		o = outcome{schema.Absent, name + " is switched off"}
	}
	s.Cover(schema.Coverage{Document: doc, Outcome: o.Outcome, Reason: o.reason})
}

// maskLines masks a file of configuration line by line, so that lines keep their numbers.
func maskLines(text []byte) ([]byte, int) {
	var b strings.Builder
	count := 0
	for line := range strings.Lines(string(text)) {
		clean := maskText(line)
		if clean != line {
			count++
		}
		b.WriteString(clean)
	}
	if strings.Contains(b.String(), "PRIVATE KEY-----") { // of several lines: what it is doing here is unknown
		return []byte(masked + "\n"), count + 1
	}
	return []byte(b.String()), count
}
