package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Bounds of the search for cores.
const (
	mostCores        = 200     // files that get a row
	mostCoreEntries  = 200_000 // directory entries that are looked at in all
	mostLayerEntries = 20_000  // … in one container's layer
	layerDepth       = 8       // directories below each other in a layer
)

// A foundCore is a file that may be a core.
type foundCore struct {
	row  schema.CoreFile
	file *os.File
}

// coreSearch looks for cores and calls visit with each file that may be one, open. It closes the file behind it.
type coreSearch struct {
	ctx     context.Context
	h       *Host
	name    *regexp.Regexp // of files that the pattern makes
	visit   func(f *foundCore) error
	seen    map[nsKey]bool
	entries int
	files   int
	say     []string // what was left out
	denied  error    // the first place that was closed to us
}

// hostDirs are where handlers of pipes keep cores.
var hostDirs = []struct {
	dir, source string
	name        *regexp.Regexp
}{
	{"/var/lib/systemd/coredump", "systemd", regexp.MustCompile(`^core\.`)},
	{"/var/lib/apport/coredump", "apport", regexp.MustCompile(`^core[._]`)},
	{"/var/crash", "apport", regexp.MustCompile(`\.crash$|^core`)},
}

// run looks everywhere. An error is that of visit.
func (c *coreSearch) run(p corePattern, crashable []*knownProcess) error {
	for _, d := range hostDirs {
		if err := c.hostDir(d.dir, d.source, d.name); err != nil {
			return err
		}
	}
	if p.kind == coreAbsolute {
		dir, _ := dirOf(p.file)
		if err := c.hostDir(dir, "pattern", c.name); err != nil {
			return err
		}
	}
	for _, k := range crashable {
		if p.kind == coreAbsolute || p.kind == coreRelative {
			if err := c.ofProcess(p, k); err != nil {
				return err
			}
		}
	}
	layers, err := c.h.layers(crashable)
	if err != nil {
		c.closed(err)
	}
	for _, id := range slices.Sorted(keysOf(layers)) {
		if err := c.layer(id, layers[id]); err != nil {
			return err
		}
	}
	return nil
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// closed remembers a place that we may not look into.
func (c *coreSearch) closed(err error) {
	if errors.Is(err, fs.ErrPermission) && c.denied == nil {
		c.denied = err
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) && len(c.say) < 5 && !errors.Is(err, fs.ErrPermission) {
		c.say = append(c.say, err.Error())
	}
}

// hostDir looks at the files of one directory of the host.
func (c *coreSearch) hostDir(dir, source string, name *regexp.Regexp) error {
	to, err := c.h.Options.resolve(dir)
	if err != nil {
		c.closed(err)
		return nil
	}
	if text, err := os.ReadFile(c.h.Path("/proc/1/mountinfo")); err == nil {
		mounts, _ := parseMounts(text)
		if at := mountOf(mounts, to); at >= 0 && noStatfs(mounts, at) != "" {
			c.say = append(c.say, fmt.Sprintf("%s: %s", dir, noStatfs(mounts, at)))
			return nil
		}
	}
	fd, err := unix.Open(c.h.Path(to), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		c.closed(fmt.Errorf("open %s: %w", to, err))
		return nil
	}
	d := os.NewFile(uintptr(fd), to)
	defer d.Close()
	return c.list(d, to, name, schema.CoreFile{Source: source})
}

// ofProcess looks at the directory where a process's core would be, unless that is its container's layer, which is walked.
func (c *coreSearch) ofProcess(p corePattern, k *knownProcess) error {
	if k.stuck {
		return nil
	}
	proc := c.h.Options.proc() + "/" + strconv.Itoa(k.pid)
	cwd, err := os.Readlink(proc + "/cwd")
	if err != nil {
		c.closed(err)
		return nil
	}
	dir, _ := dirOf(p.in(cwd))
	text, err := os.ReadFile(proc + "/mountinfo")
	if err != nil {
		return nil // it has ended
	}
	mounts, _ := parseMounts(text)
	at := mountOf(mounts, dir)
	if at < 0 || noStatfs(mounts, at) != "" || k.container != "" && mounts[at].MountPoint == "/" && mounts[at].FSType == "overlay" {
		return nil
	}
	root, err := unix.Open(proc+"/root", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		c.closed(err)
		return nil
	}
	defer unix.Close(root)
	fd, err := openIn(root, dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		c.closed(err)
		return nil
	}
	d := os.NewFile(uintptr(fd), dir)
	defer d.Close()
	at2 := "/proc/" + strconv.Itoa(k.pid) + "/root" + dir
	if k.container == "" {
		at2 = dir
	}
	return c.list(d, at2, c.name, schema.CoreFile{Source: "pattern", Container: k.container})
}

// list looks at the regular files of an open directory whose names fit.
func (c *coreSearch) list(d *os.File, where string, name *regexp.Regexp, row schema.CoreFile) error {
	for {
		entries, err := d.ReadDir(512)
		for _, e := range entries {
			if c.entries++; c.entries > mostCoreEntries {
				c.bound()
				return nil
			}
			if e.Type().IsRegular() && name.MatchString(e.Name()) {
				if err := c.file(d, e.Name(), where, row); err != nil {
					return err
				}
			}
		}
		if err != nil || len(entries) == 0 {
			if err != nil && err != io.EOF {
				c.closed(err)
			}
			return nil
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
	}
}

// bound says once that not everything was looked at.
func (c *coreSearch) bound() {
	text := fmt.Sprintf("only the first %d directory entries were looked at", mostCoreEntries)
	if !slices.Contains(c.say, text) {
		c.say = append(c.say, text)
	}
}

// file opens one file of a directory and has it looked at. It is a regular file that was not seen before.
func (c *coreSearch) file(d *os.File, name, where string, row schema.CoreFile) error {
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	var st unix.Stat_t
	if err := unix.Fstatat(int(d.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size == 0 {
		return nil
	}
	fd, err := unix.Openat(int(d.Fd()), name, flags|unix.O_NOATIME, 0)
	if err == unix.EPERM {
		fd, err = unix.Openat(int(d.Fd()), name, flags, 0)
	}
	if err != nil {
		c.closed(fmt.Errorf("open %s: %w", path.Join(where, name), err))
		return nil
	}
	f := os.NewFile(uintptr(fd), path.Join(where, name))
	defer f.Close()
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	key := nsKey{int64(st.Dev), st.Ino}
	if c.seen[key] {
		return nil
	}
	c.seen[key] = true
	if c.files == mostCores {
		c.say = append(c.say, fmt.Sprintf("only the first %d cores have a row", mostCores))
		return nil
	}
	row.Path, row.Bytes, row.DiskBytes = path.Join(where, name), st.Size, st.Blocks*512
	row.Time = time.Unix(st.Mtim.Unix()).UTC()
	return c.visit(&foundCore{row: row, file: f})
}

// layers are the upper directories of containers, of stopped ones, too: by container, as the host names them.
func (h *Host) layers(crashable []*knownProcess) (map[string]string, error) {
	root, err := h.Options.resolve(h.dockerRoot())
	if err != nil {
		root = h.dockerRoot()
	}
	out := map[string]string{}
	for _, driver := range []string{"overlay2", "fuse-overlayfs"} {
		dir := filepath.Join(root, "image", driver, "layerdb", "mounts") // moby layer/filestore.go
		entries, dirErr := os.ReadDir(h.Path(dir))
		if dirErr != nil && !errors.Is(dirErr, fs.ErrNotExist) {
			err = dirErr
			continue
		}
		for _, e := range entries[:min(len(entries), maxContainers)] {
			id := firstLine(h.Path(filepath.Join(dir, e.Name(), "mount-id")))
			if wholeLayerID.MatchString(id) && wholeContainerID.MatchString(e.Name()) {
				out[e.Name()] = filepath.Join(root, driver, id, "diff")
			}
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // no Docker here
	}
	for _, k := range crashable { // of containerd's image store, and of other runtimes
		if k.container == "" || out[k.container] != "" || k.stuck {
			continue
		}
		text, readErr := os.ReadFile(h.Options.proc() + "/" + strconv.Itoa(k.pid) + "/mountinfo")
		if readErr != nil {
			continue
		}
		mounts, _ := parseMounts(text)
		if at := mountOf(mounts, "/"); at >= 0 && mounts[at].FSType == "overlay" {
			for o := range strings.SplitSeq(mounts[at].FSOptions, ",") {
				if upper, ok := strings.CutPrefix(o, "upperdir="); ok && path.IsAbs(upper) {
					out[k.container] = path.Clean(upper)
				}
			}
		}
	}
	return out, err
}

var (
	wholeContainerID = regexp.MustCompile(`^[0-9a-f]{64}$`)
	wholeLayerID     = regexp.MustCompile(`^[0-9a-z-]{1,128}$`)
)

// layer walks a container's own layer, the nearest directories first. Containers write there: no link is followed.
func (c *coreSearch) layer(id, dir string) error {
	root, err := unix.Open(c.h.Path(dir), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		c.closed(fmt.Errorf("open %s: %w", dir, err))
		return nil
	}
	defer unix.Close(root)
	type level struct {
		name  string
		depth int
	}
	queue, looked := []level{{".", 0}}, 0
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		p, err := openSteps(root, at.name)
		if err != nil {
			continue
		}
		fd, err := unix.Openat(p, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		unix.Close(p)
		if err != nil {
			c.closed(fmt.Errorf("open %s: %w", path.Join(dir, at.name), err))
			continue
		}
		d := os.NewFile(uintptr(fd), at.name)
		for {
			entries, err := d.ReadDir(512)
			for _, e := range entries {
				c.entries++
				looked++
				if c.entries > mostCoreEntries {
					d.Close()
					c.bound()
					return nil
				}
				if looked > mostLayerEntries {
					d.Close()
					c.say = append(c.say, fmt.Sprintf("only the first %d files of the layer of container %.12s were looked at", mostLayerEntries, id))
					return nil
				}
				switch {
				case e.IsDir() && at.depth < layerDepth:
					queue = append(queue, level{path.Join(at.name, e.Name()), at.depth + 1})
				case e.Type().IsRegular() && c.name.MatchString(e.Name()):
					if err := c.file(d, e.Name(), path.Join(dir, at.name), schema.CoreFile{Source: "layer", Container: id}); err != nil {
						d.Close()
						return err
					}
				}
			}
			if err != nil || len(entries) == 0 {
				break
			}
		}
		d.Close()
	}
	return nil
}
