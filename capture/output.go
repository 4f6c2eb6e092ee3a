package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/docker/go-units"
	"golang.org/x/term"

	"github.com/netmortem/netmortem/schema"
)

// ErrExists is why an output is refused: a file of that name is there already.
var ErrExists = errors.New("file exists")

// Room that an output leaves on its file system: a twentieth of it, but no less than reserveMin and no more than
// reserveMax. A broken host's disk must not be filled by whoever examines it.
const (
	reserveMin = 100 << 20
	reserveMax = 1 << 30
)

// An Output is where a bundle goes. Under its name there is either a whole bundle or nothing, whenever the process
// dies: the bundle is written to <name>.partial, made durable, and renamed.
//
// [NewOutput] checks before the capture what can be checked, so that a wrong path is known at once. [Output.Save]
// writes after it.
type Output struct {
	name      string   // as given; empty for a name made from the capture, in the current directory
	overwrite bool     // an existing file of that name is replaced
	stdout    *os.File // for the name -
	fs        fileSystem
}

// fileSystem is what an output needs of the system and a test may want to fail.
type fileSystem struct {
	free   func(dir string) (free, size int64, err error) // bytes available to this process, and of the whole file system
	access func(dir string) error                         // why nothing can be created there
	write  func(f *os.File) io.Writer
	rename func(from, to string, overwrite bool) error
}

func newFileSystem() fileSystem {
	return fileSystem{freeBytes, mayCreate, func(f *os.File) io.Writer { return f }, rename}
}

// NewOutput prepares an output. The name - is standard output, which must not be a terminal; an empty name is made
// later from host and time. The extension .tgz or .tar.gz means gzip, any other zstd.
func NewOutput(name string, overwrite bool, stdout *os.File) (*Output, error) {
	o := &Output{name: name, overwrite: overwrite, stdout: stdout, fs: newFileSystem()}
	if name == "-" {
		if term.IsTerminal(int(stdout.Fd())) {
			return nil, errors.New("a bundle is not text and standard output is a terminal: redirect it, or name a file with -o")
		}
		return o, nil
	}
	if name != "" {
		if st, err := os.Stat(name); err == nil && st.IsDir() {
			return nil, fmt.Errorf("%s is a directory: name a file in it", name)
		}
		if st, err := os.Lstat(name); err == nil && !overwrite {
			return nil, fmt.Errorf("%s: %w", name, ErrExists)
		} else if err == nil && !st.Mode().IsRegular() { // /dev/null would be replaced, too
			return nil, fmt.Errorf("%s is not a regular file: it is not overwritten", name)
		}
	}
	if err := o.check(0); err != nil {
		return nil, err
	}
	if err := o.fs.access(o.dir()); err != nil {
		return nil, fmt.Errorf("nothing can be created in %s: %w (name another place with -o, or stream with -o -)", o.dir(), err)
	}
	return o, nil
}

// Compression is that of the bundle, by the extension of its name.
func (o *Output) Compression() schema.Compression {
	if strings.HasSuffix(o.name, ".tgz") || strings.HasSuffix(o.name, ".tar.gz") {
		return schema.Gzip
	}
	return schema.Zstd
}

// dir is the directory of the file.
func (o *Output) dir() string {
	if o.name == "" {
		return "."
	}
	return filepath.Dir(o.name)
}

// check refuses when need more bytes would leave too little room on the file system.
func (o *Output) check(need int64) error {
	free, size, err := o.fs.free(o.dir())
	if err != nil {
		return fmt.Errorf("output directory %s: %w", o.dir(), err)
	}
	keep := min(max(size/20, reserveMin), reserveMax)
	if free-need < keep {
		return fmt.Errorf("%w: %s has %s free; a bundle of up to %s would leave less than the %s that stay free (name another place with -o, or stream with -o -)",
			ErrDiskFull, o.dir(), units.BytesSize(float64(free)), units.BytesSize(float64(need)), units.BytesSize(float64(keep)))
	}
	return nil
}

// ErrDiskFull: the bundle would not leave free what must stay free.
var ErrDiskFull = errors.New("no room for the bundle")

// A Bundle is what an output saves; a [Capture] is one.
type Bundle interface {
	Top() string           // its name without an extension
	Size() int64           // an upper bound of its bytes
	Write(io.Writer) error // can be called once
}

// Save writes the bundle and returns the path of the file, - for standard output. After an error there is no file of
// that name, and no partial one.
func (o *Output) Save(b Bundle) (name string, err error) {
	if o.name == "-" {
		if err := b.Write(o.stdout); err != nil {
			return "", fmt.Errorf("standard output: %w", err)
		}
		return "-", nil
	}
	if name = o.name; name == "" {
		name = b.Top() + ".tar.zst"
	}
	if err := o.check(b.Size()); err != nil {
		return "", err
	}
	partial := name + ".partial"
	f, err := createPartial(partial)
	if err != nil {
		return "", err
	}
	done := false
	defer func() {
		if !done {
			_ = os.Remove(partial) // still locked, so it is ours
			_ = f.Close()
		}
	}()
	if err := b.Write(o.fs.write(f)); err != nil {
		return "", fmt.Errorf("%s: %w", partial, err)
	}
	if err := f.Sync(); err != nil {
		return "", fmt.Errorf("%s: %w", partial, err)
	}
	if err := o.fs.rename(partial, name, o.overwrite); errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s: %w", name, ErrExists)
	} else if err != nil {
		return "", fmt.Errorf("rename %s: %w", partial, err)
	}
	done = true
	if err := f.Close(); err != nil {
		return name, fmt.Errorf("close %s: %w", name, err)
	}
	if err := syncDir(filepath.Dir(name)); err != nil {
		return name, fmt.Errorf("%s: %w", name, err)
	}
	return name, nil
}

// createPartial creates the file that is written, readable for nobody else, and never through a link. One that a killed
// process left is replaced; one that a living process writes is not: it holds a lock on it.
func createPartial(name string) (*os.File, error) {
	for range 3 {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
		if err == nil {
			if lock(f) == nil && isNamed(f, name) {
				return f, nil
			}
			_ = f.Close() // another process took it for one that was left, between the two steps
			continue
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("create the bundle: %w", err)
		}
		old, err := os.OpenFile(name, os.O_WRONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("%s is in the way: %w", name, err)
		}
		if st, err := old.Stat(); err != nil || !st.Mode().IsRegular() {
			_ = old.Close()
			return nil, fmt.Errorf("%s is in the way: not a regular file", name)
		}
		if err := lock(old); err != nil {
			_ = old.Close()
			return nil, fmt.Errorf("%s is being written by another process", name)
		}
		err = os.Remove(name)
		_ = old.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("remove what a killed process left: %w", err)
		}
	}
	return nil, fmt.Errorf("create %s: another process is at it", name)
}

// lock takes the file's lock, or says that another process has it.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// isNamed reports whether the file is still the one of that name.
func isNamed(f *os.File, name string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(name)
	return err == nil && os.SameFile(mine, there)
}

// syncDir makes a rename in a directory durable. File systems that cannot do that say EINVAL.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}
