package capture

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/capture/procfs"
)

// mappedFiles is what a process's maps tell of name resolution.
type mappedFiles struct {
	exe  procfs.Mapping   // the executable, if its path was given
	libc []procfs.Mapping // files that are a C library by their name, each once
	jvm  procfs.Mapping
	nss  []string // modules of the name service switch
	libs []string // other libraries that resolve names
}

// A name of a library may have its version before or behind .so.
var (
	libcName = regexp.MustCompile(`^(libc\.so\.6|libc-[0-9.]+\.so|libc\.so|ld-musl-[a-z0-9_-]+\.so\.1|libuClibc-[0-9.]+\.so|libc\.musl-[a-z0-9_-]+\.so\.1)$`)
	nssName  = regexp.MustCompile(`^libnss_([a-z0-9_]+)(?:-[0-9.]+)?\.so(?:\.[0-9]+)?$`)
	libName  = regexp.MustCompile(`^(libcares|libunbound|libgetdns|libldns|libuv|libadns|libasyncns|libresolv|libudns|libevent|libevent_extra|libnode)(?:[.-][0-9.]*)?\.so(?:\.[0-9.]+)?$`)
)

// add takes one line of /proc/PID/maps. exe is the path of the executable.
func (m *mappedFiles) add(line []byte, exe string) {
	if bytes.IndexByte(line, '/') < 0 {
		return // most lines are of no file
	}
	f, ok := procfs.ParseMapping(line)
	if !ok {
		return
	}
	if f.Path == exe && m.exe.Inode == 0 {
		m.exe = f
	}
	base := path.Base(f.Path)
	if !strings.Contains(base, ".so") {
		return
	}
	switch {
	case libcName.MatchString(base):
		if !slices.ContainsFunc(m.libc, func(o procfs.Mapping) bool { return o.Inode == f.Inode && o.Dev == f.Dev }) {
			m.libc = append(m.libc, f)
		}
	case base == "libjvm.so":
		if m.jvm.Inode == 0 {
			m.jvm = f
		}
	default:
		if n := nssName.FindStringSubmatch(base); n != nil {
			m.nss = addOnce(m.nss, n[1])
		} else if n := libName.FindStringSubmatch(base); n != nil {
			m.libs = addOnce(m.libs, n[1])
		}
	}
}

func addOnce(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// javaRelease is where a Java says its version, for the path of its libjvm.so: lib/server/libjvm.so since 9,
// jre/lib/amd64/server/libjvm.so before.
func javaRelease(libjvm string) []string {
	var out []string
	dir := path.Dir(path.Dir(libjvm)) // without server
	for range 3 {
		dir = path.Dir(dir)
		if dir == "/" || dir == "." {
			break
		}
		out = append(out, dir+"/release")
	}
	return out
}

// javaVersion is JAVA_VERSION of such a file.
func javaVersion(text []byte) string {
	for line := range bytes.Lines(text) {
		if v, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(`JAVA_VERSION="`)); ok {
			v, _, _ := bytes.Cut(v, []byte{'"'})
			return cutText(strings.ToValidUTF8(string(v), "?"), 40)
		}
	}
	return ""
}
