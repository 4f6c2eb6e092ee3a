package capture

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// localFS are the file systems whose statfs answers from memory, with nobody else asked. Any other may hang with its server
// (nfs, cifs, ceph, 9p, virtiofs, every fuse) or mount something (autofs).
var localFS = []string{
	"bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "hostfs", "iso9660", "jfs", "nilfs2", "ntfs3",
	"overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "vfat", "xfs", "zfs",
}

// kernelFS are file systems that hold no data.
var kernelFS = []string{
	"binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "cpuset", "debugfs", "devpts", "efivarfs", "fusectl", "hugetlbfs", "mqueue",
	"nsfs", "proc", "pstore", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
}

// parseMounts reads a mountinfo (proc_pid_mountinfo(5)):
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//
// A line that is none is counted.
func parseMounts(text []byte) (mounts []schema.Mount, bad int) {
	for line := range strings.Lines(string(text)) {
		front, back, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		f, b := strings.Split(front, " "), strings.SplitN(back, " ", 3)
		if !ok || len(f) < 6 || len(b) < 2 {
			bad++
			continue
		}
		id, err := strconv.ParseInt(f[0], 10, 64)
		if err != nil {
			bad++
			continue
		}
		m := schema.Mount{
			MountID: id, Dev: f[2], Root: unescapeMount(f[3]), MountPoint: unescapeMount(f[4]), Options: f[5],
			Propagation: strings.Join(f[6:], ","), FSType: b[0], Source: unescapeMount(b[1]),
		}
		if len(b) == 3 {
			m.FSOptions = unescapeMount(b[2])
		}
		m.ReadOnly = slices.Contains(strings.Split(m.Options, ","), "ro") || slices.Contains(strings.Split(m.FSOptions, ","), "ro")
		mounts = append(mounts, m)
	}
	return mounts, bad
}

// mountOf is the index of the mount that a path is on: of those mounted at the longest leading part of it, the last one,
// which covers the others; -1 for none.
func mountOf(mounts []schema.Mount, name string) int {
	best := -1
	for i := range mounts {
		if at := mounts[i].MountPoint; below(name, at) && (best < 0 || len(at) >= len(mounts[best].MountPoint)) {
			best = i
		}
	}
	return best
}

// below reports whether a path is dir or something in it.
func below(name, dir string) bool {
	return dir == "/" || name == dir || strings.HasPrefix(name, dir+"/")
}

// ofContainer reports whether a mount belongs to a container or a namespace: there are hundreds, and they have no space of
// their own. roots are the data roots of Docker and containerd.
func ofContainer(m *schema.Mount, roots []string) bool {
	if m.FSType == "nsfs" || below(m.MountPoint, "/run/containerd") || below(m.MountPoint, "/var/lib/kubelet/pods") {
		return true
	}
	for _, root := range roots {
		if m.MountPoint != root && below(m.MountPoint, root) {
			switch {
			case m.FSType == "overlay", path.Base(m.MountPoint) == "shm", path.Base(m.MountPoint) == "merged", path.Base(m.MountPoint) == "mounts", path.Base(m.MountPoint) == "secrets":
				return true
			}
		}
	}
	return false
}

// noStatfs is why the space on a mount must not be asked for, empty if it may.
func noStatfs(mounts []schema.Mount, at int) string {
	m := &mounts[at]
	switch {
	case !slices.Contains(localFS, m.FSType):
		return "not known to be local: asking could hang, or mount something"
	case mountOf(mounts, m.MountPoint) != at:
		return "covered by another mount"
	}
	for dir := m.MountPoint; dir != "/"; {
		dir = path.Dir(dir)
		if i := mountOf(mounts, dir); i >= 0 && !slices.Contains(localFS, mounts[i].FSType) && !slices.Contains(kernelFS, mounts[i].FSType) {
			return "the way to it leads through " + mounts[i].MountPoint + ", which could hang"
		}
	}
	return ""
}
