package capture

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestIntegrationDiskFull saves to a file system that is full in earnest: a small tmpfs in a mount namespace of its own.
func TestIntegrationDiskFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a file system")
	}
	dir := t.TempDir()
	runtime.LockOSThread() // never unlocked: the thread and its mounts end with the test
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		t.Skip("needs a mount namespace: ", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip("needs private mounts: ", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("needs tmpfs: ", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	name := filepath.Join(dir, "x")
	if _, err := NewOutput(name, false, os.Stdout); !errors.Is(err, ErrDiskFull) {
		t.Errorf("a file system of 256 kB is not refused: %v", err)
	}
	if free, size, err := freeBytes(dir); err != nil || size != 256<<10 || free > size {
		t.Errorf("free %d of %d, %v", free, size, err)
	}
	o := &Output{name: name, fs: newFileSystem()}
	o.fs.free = func(string) (int64, int64, error) { return 1 << 40, 1 << 41, nil } // as if it filled up after the check
	if _, err := o.Save(&testBundle{size: 1 << 20}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
	if _, err := o.Save(&testBundle{size: 1 << 10}); err != nil {
		t.Errorf("what fits: %v", err)
	}
}
