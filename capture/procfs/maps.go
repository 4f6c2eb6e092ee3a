package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// A Mapping is one line of /proc/PID/maps that maps a file (proc_pid_maps(5)).
type Mapping struct {
	Range   string // start-end as written: the name of the file in map_files
	Dev     string // major:minor in hex, as written
	Inode   uint64
	Path    string // as the process sees it
	Deleted bool   // the file has no name any more
	Exec    bool   // mapped to be run
}

// ParseMapping reads one line. It is false for memory that maps no file, and for what is no such line.
func ParseMapping(line []byte) (Mapping, bool) {
	f := [5]string{} // range, permissions, offset, device, inode
	rest := line
	for i := range f {
		word, after, ok := bytes.Cut(rest, []byte{' '})
		if !ok || len(word) == 0 {
			return Mapping{}, false
		}
		f[i], rest = string(word), after
	}
	path := strings.TrimSuffix(string(bytes.TrimLeft(rest, " ")), "\n")
	inode, err := strconv.ParseUint(f[4], 10, 64)
	if err != nil || inode == 0 || !strings.HasPrefix(path, "/") || len(f[1]) < 4 || !isRange(f[0]) {
		return Mapping{}, false
	}
	m := Mapping{Range: f[0], Dev: f[3], Inode: inode, Exec: f[1][2] == 'x'}
	m.Path, m.Deleted = strings.CutSuffix(path, " (deleted)")
	m.Path = unescape(m.Path)
	return m, true
}

// isRange reports whether s is two hex numbers with a dash between them.
func isRange(s string) bool {
	from, to, ok := strings.Cut(s, "-")
	return ok && isHex(from) && isHex(to)
}

func isHex(s string) bool {
	return s != "" && len(s) <= 16 && strings.Trim(s, "0123456789abcdef") == ""
}

// unescape undoes the one escape of maps, that of a newline.
func unescape(s string) string { return strings.ReplaceAll(s, `\012`, "\n") }
