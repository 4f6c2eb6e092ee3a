package capture

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds on the files of containers.
const (
	mostFileContainers = 1000
	mostContainerFile  = 64 << 10
)

// containerFiles decide how names are resolved in a container.
var containerFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf"}

var containerFileCollector = &Collector{
	Name: "container_file",
	Doc: "resolv.conf, hosts, nsswitch.conf and gai.conf of each container, as its first process sees them, verbatim but for masked secrets: " +
		"through /proc/PID/root, whose links may not lead out of it. Each that exists is a document container/ID/NAME; the table says which do not.",
	Needs: "root or CAP_SYS_PTRACE",
	Effects: "the files lie on whatever the container has mounted there, which may not answer: read with a deadline, on a thread that is given up then, " +
		"at most three times; only regular files are opened, and their time of access stays.",
	Since:    "0.2.0",
	Tables:   []string{"container_file", "resolver_config", "hosts_entry", "nss_source", "gai_rule"}, // but for the first, decoded from the documents
	Deadline: 20 * time.Second,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		all, err := h.known(ctx)
		if err != nil {
			return err
		}
		p := &patience{limit: procPatience, most: mostGivenUp}
		defer p.end()
		return readContainerFiles(ctx, h.Options.proc(), firstOfContainers(all), p, s)
	},
}

// firstOfContainers are the processes through which containers are looked into: process 1 of each, else the lowest one that is
// not stuck.
func firstOfContainers(all []*knownProcess) []*knownProcess {
	var out []*knownProcess
	at := map[string]int{}
	for _, k := range all {
		if k.container == "" || k.kernel || k.zombie {
			continue
		}
		i, ok := at[k.container]
		switch {
		case !ok:
			at[k.container] = len(out)
			out = append(out, k)
		case out[i].stuck && !k.stuck || k.first && !out[i].first && !k.stuck:
			out[i] = k
		}
	}
	return out
}

// containerText is what became of one file.
type containerText struct {
	row    schema.ContainerFile
	text   []byte
	masked int
	cut    bool
}

func readContainerFiles(ctx context.Context, proc string, list []*knownProcess, p *patience, s *Sink) error {
	var say []string
	denied, held, left := 0, 0, 0
	if left = len(list) - mostFileContainers; left > 0 {
		list = list[:mostFileContainers]
	}
	total := len(list)
	for _, k := range list {
		var found []containerText
		err := p.try(ctx, func(room []byte) (err error) {
			found, err = readContainer(proc, k.pid, k.ticks, k.container, room)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errGivenUp):
			held++
			continue
		case errors.Is(err, fs.ErrPermission):
			denied++
			continue
		case err != nil:
			continue // it has ended
		}
		for _, f := range found {
			if f.row.Document != "" {
				name := strings.TrimPrefix(f.row.Document, "raw/")
				if err := s.Document(name, f.text, f.masked); err != nil {
					return err
				}
				if f.cut {
					s.Cover(schema.Coverage{Document: name, Outcome: schema.Truncated, Reason: fmt.Sprintf("cut at %d of %d bytes", len(f.text), *f.row.Bytes)})
				}
			}
			if err := s.Put(&f.row); err != nil {
				return err
			}
		}
	}
	o := schema.Partial
	if denied > 0 {
		if denied == total {
			o = schema.Denied
		}
		say = append(say, fmt.Sprintf("denied: %d of %d containers did not let us look into them", denied, total))
	}
	if held > 0 {
		say = append(say, fmt.Sprintf("the kernel held up the reading of %d containers", held))
	}
	if left > 0 {
		if len(say) == 0 {
			o = schema.Truncated
		}
		say = append(say, fmt.Sprintf("%d containers left out", left))
	}
	if len(say) > 0 {
		return &Incomplete{o, strings.Join(say, "; ")}
	}
	if total == 0 {
		return &Incomplete{schema.Absent, "no process is in a container"}
	}
	return nil
}

// readContainer reads the files of one container. An error says that it could not be looked into at all.
func readContainer(proc string, pid int, ticks int64, id string, room []byte) ([]containerText, error) {
	d, err := openSame(proc, pid, ticks, room)
	if err != nil {
		return nil, err
	}
	defer d.close()
	root, err := openRoot(d)
	if err != nil {
		return nil, err
	}
	defer root.close()
	var out []containerText
	for _, name := range containerFiles {
		f := containerText{row: schema.ContainerFile{Container: id, PID: int64(pid), Path: name}}
		text, st, err := root.read(name, mostContainerFile+1)
		switch {
		case err == nil:
			f.row.Present, f.row.Bytes, f.row.ModifiedAt = new(true), new(st.Size), time.Unix(st.Mtim.Unix()).UTC()
			f.row.Document = "raw/container/" + id + "/" + path.Base(name)
			if f.cut = len(text) > mostContainerFile; f.cut {
				text = text[:mostContainerFile]
			}
			f.text, f.masked = maskContainerFile(text, name == "/etc/nsswitch.conf")
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
			f.row.Present = new(false)
		case errors.Is(err, errNotRegular):
			f.row.Present, f.row.Err = new(true), err.Error()
		default:
			f.row.Err = err.Error()
		}
		out = append(out, f)
	}
	return out, nil
}

// maskContainerFile masks the secrets of a configuration file, line by line, and counts the lines. In nsswitch.conf only comments
// can hold one, and its key passwd would look like one.
func maskContainerFile(text []byte, onlyComments bool) ([]byte, int) {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(string(text)) {
		keep := ""
		if i := strings.IndexByte(line, '#'); onlyComments && i < 0 {
			keep = line
		} else if onlyComments {
			keep = line[:i]
		}
		clean := maskText(line[len(keep):])
		if clean != line[len(keep):] {
			n++
		}
		b.WriteString(keep + clean)
	}
	return []byte(b.String()), n
}
