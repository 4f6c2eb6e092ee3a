package schema

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// directory is an unpacked bundle. It follows no link and leaves the directory by none, and opens only regular files.
type directory struct {
	lim   Limits
	root  *os.Root
	count int      // files and directories
	files []string // in the order of an archive
	open  *os.File
}

func newDirectory(dir string, lim Limits) (*directory, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	d := &directory{lim: lim, root: root}
	if err := d.walk("."); err != nil {
		root.Close()
		return nil, err
	}
	slices.SortFunc(d.files, func(a, b string) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b))
	})
	return d, nil
}

// place orders the files as a Writer does, unknown ones before the manifest.
func place(name string) int {
	switch {
	case name == "SUMMARY.txt":
		return 0
	case name == "meta.json":
		return 1
	case strings.HasPrefix(name, "raw/"):
		return 2
	case name == "rows/coverage.jsonl":
		return 4
	case strings.HasPrefix(name, "rows/"):
		return 3
	case name == "manifest.json":
		return 6
	}
	return 5
}

func (d *directory) walk(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		batch, err := f.ReadDir(1024) // a huge directory is refused before it is held in memory
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, entry := range batch {
			if d.count++; d.count > d.lim.Entries {
				return fmt.Errorf("%w: more than %d entries", ErrRefused, d.lim.Entries)
			}
			name := path.Join(dir, entry.Name())
			if err := d.admit(name, entry); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrRefused, quote(name), err)
			}
			if !entry.IsDir() {
				d.files = append(d.files, name)
			} else if err := d.walk(name); err != nil {
				return err
			}
		}
	}
}

func (d *directory) admit(name string, entry fs.DirEntry) error {
	if len(name) > d.lim.NameBytes {
		return fmt.Errorf("name of %d bytes, more than %d", len(name), d.lim.NameBytes)
	}
	if err := checkName(name); err != nil {
		return err
	}
	return fileOrDir(entry.Type())
}

func fileOrDir(mode fs.FileMode) error {
	switch {
	case mode.IsRegular(), mode.IsDir():
		return nil
	case mode&fs.ModeSymlink != 0:
		return errors.New("a link")
	case mode&fs.ModeDevice != 0:
		return errors.New("a device")
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("a named pipe")
	}
	return errors.New("neither file nor directory")
}

func (d *directory) next() (string, int64, io.Reader, error) {
	if d.open != nil {
		d.open.Close()
		d.open = nil
	}
	if len(d.files) == 0 {
		return "", 0, nil, io.EOF
	}
	name := d.files[0]
	d.files = d.files[1:]
	// What walk saw may have been replaced since: NONBLOCK lets no named pipe hold us, and Stat of the open file decides.
	before, err := d.root.Lstat(name)
	if err != nil {
		return "", 0, nil, err
	}
	if err := fileOrDir(before.Mode()); err != nil {
		return "", 0, nil, fmt.Errorf("%w: %s: %w", ErrRefused, quote(name), err)
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", 0, nil, err
	}
	d.open = f
	info, err := f.Stat()
	if err != nil {
		return "", 0, nil, err
	}
	if !info.Mode().IsRegular() || !os.SameFile(before, info) {
		return "", 0, nil, fmt.Errorf("%w: %s: replaced while it was read", ErrRefused, quote(name))
	}
	if info.Size() > d.lim.EntryBytes {
		return "", 0, nil, fmt.Errorf("%w: %s: of %d bytes, more than %d", ErrRefused, quote(name), info.Size(), d.lim.EntryBytes)
	}
	return name, info.Size(), io.LimitReader(f, info.Size()), nil
}

func (d *directory) tail() error { return nil }

func (d *directory) close() error {
	if d.open != nil {
		d.open.Close()
	}
	return d.root.Close()
}
