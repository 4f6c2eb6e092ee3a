package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/libc"
	"github.com/netmortem/netmortem/capture/procfs"
	"github.com/netmortem/netmortem/schema"
)

// Bounds on the table process_resolver.
const (
	mostMaps      = 3000      // processes whose maps are read; of the others one for each executable of a container
	mostMapsBytes = 8 << 20   // of one process's maps
	mostFileBytes = 32 << 20  // read of one file
	mostAllBytes  = 256 << 20 // read of all files
)

var resolverCollector = &Collector{
	Name: "resolver",
	Doc: "Which code resolves names in each process of a container, and in dockerd and containerd: /proc/PID/maps, and from the mapped C library and the executable " +
		"themselves the library's version, or Go's build information. Each file is read once.",
	Needs: "root or CAP_SYS_PTRACE; CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE to open a mapped file that has no name any more",
	Effects: "maps waits for the lock of a process's memory, as cmdline does: read with a deadline, not for processes in state D, given up three times at most. " +
		"Files are opened without changing their time of access.",
	Since:    "0.2.0",
	Tables:   []string{"process_resolver"},
	Deadline: 20 * time.Second,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		all, err := h.known(ctx)
		if err != nil {
			return err
		}
		l := &resolverLook{
			proc: h.Options.proc(), patience: patience{limit: procPatience, most: mostGivenUp}, sink: s,
			files: &fileFacts{known: map[fileKey]libc.File{}, left: mostAllBytes},
		}
		defer l.patience.end()
		return errors.Join(l.read(ctx, all), l.gaps())
	},
}

// resolverLook is one look at the processes that resolve names.
type resolverLook struct {
	proc     string
	patience patience
	sink     *Sink
	files    *fileFacts
	wanted   int
	denied   int
	stuck    int
	held     int
	ended    string
}

// stillStuck reports whether a process that was in state D is at every look of a tenth of a second: most waits for a disk
// are shorter.
func (l *resolverLook) stillStuck(ctx context.Context, pid int) bool {
	for range 5 {
		text, err := os.ReadFile(fmt.Sprintf("%s/%d/stat", l.proc, pid))
		if i := bytes.LastIndexByte(text, ')'); err != nil || i < 0 || i+2 >= len(text) || text[i+2] != 'D' || ctx.Err() != nil {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

// resolves reports whether a process is one to look at: of a container, or a daemon that serves containers' questions or
// starts them. Others on the host resolve nothing that a container sees.
func (k *knownProcess) resolves() bool {
	return !k.kernel && !k.zombie && (k.container != "" || k.comm == "dockerd" || k.comm == "containerd")
}

// resolverGroup are processes that run the same program on the same files.
type resolverGroup struct{ container, mntns, exe string }

func (l *resolverLook) read(ctx context.Context, all []*knownProcess) error {
	shown := map[resolverGroup]*schema.ProcessResolver{}
	firsts := map[string]*knownProcess{} // of containers
	mapped := map[string]bool{}          // containers in which a C library is mapped
	for _, k := range all {
		if !k.resolves() {
			continue
		}
		if k.container != "" && (firsts[k.container] == nil || k.first && !firsts[k.container].first) {
			firsts[k.container] = k
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.wanted++
		g := resolverGroup{k.container, k.mntns, k.exe}
		like := shown[g]
		if k.exe == "" {
			like = nil
		}
		if like != nil && (l.wanted > mostMaps || k.stuck || l.ended != "") {
			row := *like
			row.Netns, row.PID, row.ShownByPID = k.netns, int64(k.pid), like.PID
			if err := l.sink.Put(&row); err != nil {
				return err
			}
			continue
		}
		if k.stuck && l.stillStuck(ctx, k.pid) {
			l.stuck++
			continue
		}
		if l.ended != "" {
			continue
		}
		row, found, err := l.one(ctx, k)
		if err != nil {
			if err := l.failed(ctx, k, err); err != nil {
				return err
			}
			continue
		}
		mapped[k.container] = mapped[k.container] || found
		shown[g] = row
		if err := l.sink.Put(row); err != nil {
			return err
		}
	}
	for _, k := range all {
		if firsts[k.container] != k || k.stuck || mapped[k.container] || l.ended != "" {
			continue
		}
		if err := l.installed(ctx, k); err != nil {
			return err
		}
	}
	return nil
}

// failed notes that a process could not be read. Its error is one that ends the look.
func (l *resolverLook) failed(ctx context.Context, k *knownProcess, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errGivenUp):
		if l.held++; l.patience.lost >= l.patience.most {
			l.ended = fmt.Sprintf("ended at process %d", k.pid)
		}
	case errors.Is(err, fs.ErrPermission):
		l.denied++
	} // else it has ended
	return nil
}

// gaps sums up what is missing, nil if nothing is.
func (l *resolverLook) gaps() error {
	var say []string
	o := schema.Partial
	if l.denied > 0 {
		if l.denied == l.wanted {
			o = schema.Denied
		}
		say = append(say, fmt.Sprintf("denied: %d of %d processes did not show what they have mapped", l.denied, l.wanted))
	}
	if l.stuck > 0 {
		say = append(say, fmt.Sprintf("%d processes were left alone, for they were in state D", l.stuck))
	}
	if l.held > 0 {
		say = append(say, fmt.Sprintf("the kernel held up the reading of %d processes", l.held))
	}
	if l.ended != "" {
		say = append(say, l.ended)
	}
	if len(say) == 0 {
		return nil
	}
	return &Incomplete{o, strings.Join(say, "; ")}
}

// one looks at one process. found says that it has mapped a C library.
func (l *resolverLook) one(ctx context.Context, k *knownProcess) (*schema.ProcessResolver, bool, error) {
	var row *schema.ProcessResolver
	var found bool
	files, proc, pid, ticks := l.files, l.proc, k.pid, k.ticks
	base := schema.ProcessResolver{Netns: k.netns, PID: int64(k.pid), Container: k.container, Exe: k.exe}
	err := l.patience.try(ctx, func(room []byte) error {
		d, err := openSame(proc, pid, ticks, room)
		if err != nil {
			return err
		}
		defer d.close()
		m, cut, err := readMaps(d, base.Exe)
		if err != nil {
			return err
		}
		row, found = &base, len(m.libc) > 0
		describe(row, d, m, files)
		if cut {
			row.Evidence += fmt.Sprintf("; maps were cut at %d bytes", mostMapsBytes)
		}
		return nil
	})
	if err != nil {
		return nil, false, err // its thread may still be at work on the row
	}
	return row, found, nil
}

// openSame opens the directory of a process that is still the one that started then.
func openSame(proc string, pid int, ticks int64, room []byte) (pidDir, error) {
	d, err := openPIDDir(proc, pid, room)
	if err != nil {
		return d, err
	}
	text, err := d.read("stat")
	if err == nil {
		if st, bad := procfs.ParseStat(text); bad != nil || st.Start != ticks {
			err = unix.ESRCH
		}
	}
	if err != nil {
		d.close()
	}
	return d, err
}

// readMaps reads a process's maps, line by line. cut says that there was more.
func readMaps(d pidDir, exe string) (m mappedFiles, cut bool, err error) {
	fd, err := unix.Openat(d.fd, "maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return m, false, err
	}
	defer unix.Close(fd)
	have, all := 0, 0
	for {
		n, err := unix.Read(fd, d.room[have:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return m, false, err
		}
		if n == 0 {
			m.add(d.room[:have], exe)
			return m, false, nil
		}
		have, all = have+n, all+n
		rest := d.room[:have]
		for {
			line, after, ok := bytes.Cut(rest, []byte{'\n'})
			if !ok {
				break
			}
			m.add(line, exe)
			rest = after
		}
		if have = copy(d.room, rest); have == len(d.room) {
			have = 0 // a line longer than any path
		}
		if all >= mostMapsBytes {
			return m, true, nil
		}
	}
}

// describe fills in what the executable and the mapped files tell.
func describe(row *schema.ProcessResolver, d pidDir, m mappedFiles, files *fileFacts) {
	var say []string
	exe, err := files.executable(d)
	if err != nil {
		say = append(say, "executable: "+err.Error())
	} else {
		row.Static = &exe.Static
	}
	row.Nss, row.Libs = strings.Join(m.nss, ","), strings.Join(m.libs, ",")
	for _, lib := range m.libc {
		f, how, err := files.mapped(d, lib)
		if err != nil {
			say = append(say, lib.Path+": "+err.Error())
			continue
		}
		if f.Libc == "" {
			continue
		}
		row.Libc, row.LibcVer, row.LibcBuild, row.LibcPath = f.Libc, f.Version, f.Build, lib.Path
		say = append(say, f.How+" in "+lib.Path+how)
		if f.Version != "" {
			break
		}
	}
	if row.Libc == "" && exe.Libc != "" {
		row.Libc, row.LibcVer, row.LibcBuild = exe.Libc, exe.Version, exe.Build
		say = append(say, exe.How)
	}
	switch {
	case exe.Go != "":
		row.Kind, row.Version, row.Cgo = "go", exe.Go, exe.Cgo()
		for _, key := range []string{"CGO_ENABLED", "-tags", "DefaultGODEBUG"} {
			if v, ok := exe.GoSettings[key]; ok {
				row.GoBuild = strings.TrimSpace(row.GoBuild + " " + key + "=" + maskText(v))
			}
		}
		say = append(say, "build information of the executable")
	case m.jvm.Inode != 0:
		row.Kind = "java"
		say = append(say, m.jvm.Path+" is mapped")
		if v, from := javaOf(d, m.jvm.Path); v != "" {
			row.Version = v
			say = append(say, from)
		}
	case row.Libc != "":
		row.Kind, row.Version = row.Libc, row.LibcVer
	case err == nil && exe.Static:
		row.Kind = "static"
		say = append(say, "no text of a known C library in the executable")
	default:
		row.Kind = "unknown"
		if len(say) == 0 {
			say = append(say, "no C library is mapped")
		}
	}
	row.Evidence = strings.Join(say, "; ")
}

// javaOf is the version of a Java and the file that told, empty if none did.
func javaOf(d pidDir, libjvm string) (version, from string) {
	root, err := openRoot(d)
	if err != nil {
		return "", ""
	}
	defer root.close()
	for _, name := range javaRelease(libjvm) {
		if text, _, err := root.read(name, 16<<10); err == nil {
			if v := javaVersion(text); v != "" {
				return v, name
			}
		}
	}
	return "", ""
}

// libcPaths are where distributions keep their C library.
var libcPaths = []string{
	"/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib/arm-linux-gnueabihf/libc.so.6", "/lib/s390x-linux-gnu/libc.so.6",
	"/lib/powerpc64le-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/libc.so.6",
	"/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1", "/lib/ld-musl-armhf.so.1", "/lib/ld-musl-s390x.so.1",
}

// installed looks for C libraries in the file system of a container in which none is mapped: a shell that is linked statically
// may start programs that are not.
func (l *resolverLook) installed(ctx context.Context, k *knownProcess) error {
	var rows []*schema.ProcessResolver
	files, proc, pid, ticks := l.files, l.proc, k.pid, k.ticks
	base := schema.ProcessResolver{Netns: k.netns, PID: int64(k.pid), Container: k.container, Installed: true}
	err := l.patience.try(ctx, func(room []byte) error {
		d, err := openSame(proc, pid, ticks, room)
		if err != nil {
			return err
		}
		defer d.close()
		root, err := openRoot(d)
		if err != nil {
			return err
		}
		defer root.close()
		for _, name := range libcPaths {
			f, st, err := root.open(name)
			if err != nil {
				continue
			}
			found, err := files.of(f, &st, true)
			f.Close()
			if err != nil || found.Libc == "" || slices.ContainsFunc(rows, func(r *schema.ProcessResolver) bool { return r.Kind == found.Libc }) {
				continue
			}
			row := base
			row.Kind, row.Version, row.Libc, row.LibcVer, row.LibcBuild, row.LibcPath = found.Libc, found.Version, found.Libc, found.Version, found.Build, name
			row.Evidence = found.How + " in " + name
			rows = append(rows, &row)
		}
		return nil
	})
	if err != nil {
		return l.failed(ctx, k, err)
	}
	for _, row := range rows {
		if err := l.sink.Put(row); err != nil {
			return err
		}
	}
	return nil
}

// fileKey tells files apart.
type fileKey struct {
	dev, ino uint64
	size     int64
	changed  int64
	library  bool
}

// fileFacts are the files that were read, each once.
type fileFacts struct {
	mu    sync.Mutex
	known map[fileKey]libc.File
	left  int64 // bytes that may still be read
}

// of reads an open file, or remembers it.
func (c *fileFacts) of(r *os.File, st *unix.Stat_t, library bool) (libc.File, error) {
	key := fileKey{uint64(st.Dev), st.Ino, st.Size, st.Mtim.Nano(), library}
	c.mu.Lock()
	f, ok := c.known[key]
	left := min(c.left, mostFileBytes)
	c.mu.Unlock()
	if ok {
		return f, nil
	}
	b := &libc.Budget{R: r, Left: left}
	f, err := libc.Identify(b, library)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left -= left - b.Left
	if err == nil {
		c.known[key] = f
	}
	return f, err
}

// executable reads the executable of a process, also when it has no name any more.
func (c *fileFacts) executable(d pidDir) (libc.File, error) {
	f, st, err := openLink(d, "exe")
	if err != nil {
		return libc.File{}, err
	}
	defer f.Close()
	return c.of(f, &st, false)
}

// mapped reads a mapped file itself, by its range of memory; where that is not allowed, the file of the same name, if it is
// the same one. how says how, if not by the range.
//
// The device is not compared: a file of an overlay is mapped from the file system below it, and has the device of that in
// maps, but the same inode number (Documentation/filesystems/overlayfs.rst).
func (c *fileFacts) mapped(d pidDir, m procfs.Mapping) (found libc.File, how string, err error) {
	f, st, err := openLink(d, "map_files/"+m.Range)
	if err != nil {
		root, rootErr := openRoot(d)
		if rootErr != nil {
			return libc.File{}, "", err
		}
		defer root.close()
		if f, st, err = root.open(m.Path); err != nil {
			return libc.File{}, "", err
		}
		if st.Ino != m.Inode {
			f.Close()
			return libc.File{}, "", errors.New("replaced since it was mapped")
		}
		how = ", by its name"
	}
	defer f.Close()
	found, err = c.of(f, &st, true)
	return found, how, err
}

// openLink opens the regular file that one of procfs's own links leads to.
func openLink(d pidDir, name string) (*os.File, unix.Stat_t, error) {
	path, err := unix.Openat(d.fd, name, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, unix.Stat_t{}, err
	}
	defer unix.Close(path)
	return reopen(path, name)
}
