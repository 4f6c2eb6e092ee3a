package scene

import (
	"cmp"
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
)

// coresQuery has the cores with what is known of the container that they are of.
const coresQuery = `
SELECT f.host, f.path, f.source, COALESCE(f.kind, ''), COALESCE(f.container, ''), COALESCE(f.comm, ''), COALESCE(f.args, ''), COALESCE(f.executable, ''), COALESCE(f.build_id, ''),
  f.signal, f.pid, f.bytes, f.whole, COALESCE(f.time, ''), f.ref
FROM core_file AS f ORDER BY f.host, f.path`

// imageQuery says which image the containers were made of whose cores were found.
const imageQuery = `
SELECT c.host, c.container, COALESCE(c.image_id, ''), c.state FROM container AS c
WHERE c.host || '/' || c.container IN (SELECT host || '/' || container FROM core_file WHERE container IS NOT NULL)`

// A coreFile is a row of core_file.
type coreFile struct {
	host, path, source, kind, container, comm, args, executable, buildID, at, ref string
	signal, pid, whole                                                            sql.NullInt64
	bytes                                                                         int64
}

// readCores tells of core dumps that lie on the hosts, the newest first.
func readCores(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	name, err := newNamer(ctx, tx, s.Containers)
	if err != nil {
		return err
	}
	images := map[string]string{} // host and container: image's digest; empty when it is not known
	var host, container, image, state string
	if err := each(ctx, tx, imageQuery, []any{&host, &container, &image, &state}, func() { images[host+"/"+container] = image }); err != nil {
		return err
	}
	var c coreFile
	err = each(ctx, tx, coresQuery, []any{&c.host, &c.path, &c.source, &c.kind, &c.container, &c.comm, &c.args, &c.executable, &c.buildID, &c.signal, &c.pid, &c.bytes, &c.whole, &c.at, &c.ref}, func() {
		image, there := images[c.host+"/"+c.container]
		core := Core{Host: c.host, Path: c.path, Kind: c.kind, Command: orWord(c.args, c.comm), Executable: c.executable, Bytes: c.bytes, Whole: c.whole.Int64 == 1, At: when(c.at), Ref: c.ref,
			Open: c.open(image, there)}
		if c.container != "" {
			core.Container, core.Service = name.container(c.host, c.container)
		}
		if c.signal.Valid {
			core.Signal = signalName(int(c.signal.Int64))
		}
		s.Cores = append(s.Cores, core)
	})
	slices.SortStableFunc(s.Cores, func(a, b Core) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Host, b.Host), strings.Compare(a.Path, b.Path))
	})
	return err
}

// unpackers write what a compressed core holds to standard output.
var unpackers = []struct{ kind, command string }{{"elf.zst", "zstd -dc"}, {"elf.lz4", "lz4 -dc"}, {"elf.xz", "xz -dc"}}

var (
	hexID       = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	inProcess   = regexp.MustCompile(`^/proc/[0-9]+/root(/.*)$`)
)

// open are the commands that fetch a core, and the program that crashed, and open both: to be typed on its host, in that order.
func (c *coreFile) open(image string, there bool) []string {
	switch {
	case c.source == "systemd" && c.container == "":
		return []string{shellLine("coredumpctl", "info", systemdMatch(c.path)), shellLine("coredumpctl", "gdb", systemdMatch(c.path))}
	case c.kind == "crash":
		return []string{shellLine("apport-retrace", "--gdb", c.path)}
	}
	var list []string
	core := c.path
	if c.source == "systemd" {
		// coredumpctl gdb would look for the program on the host.
		list = append(list, shellLine("coredumpctl", "info", systemdMatch(c.path)), shellLine("coredumpctl", "dump", "--output=core", systemdMatch(c.path)))
		core = "core"
	} else if m := inProcess.FindStringSubmatch(c.path); m != nil && hexID.MatchString(c.container) {
		// A file that only the container sees: docker cp takes it out of one that has ended, too.
		list = append(list, shellLine("docker", "cp", "--", c.container+":"+m[1], "core"))
		core = "core"
	}
	for _, u := range unpackers {
		if c.kind == u.kind && c.source != "systemd" {
			list = append(list, u.command+" "+shellPath(core)+" > core.elf")
			core = "core.elf"
		}
	}
	program := orWord(c.executable, "PROGRAM")
	switch {
	case c.container == "":
	case c.executable != "" && there && hexID.MatchString(c.container):
		list = append(list, shellLine("docker", "cp", "--follow-link", "--", c.container+":"+c.executable, "program"))
		program = "program"
	case c.executable != "" && imageDigest.MatchString(image):
		list = append(list, `made=$(docker create `+image+`) && docker cp --follow-link -- "$made":`+shellWord(c.executable)+` program && docker rm "$made"`)
		program = "program"
	}
	if hexID.MatchString(c.buildID) && program == "PROGRAM" {
		list = append(list, shellLine("debuginfod-find", "executable", c.buildID))
	}
	return append(list, "gdb "+shellPath(program)+" "+shellPath(core))
}

// systemdMatch picks a core of systemd's by its file.
func systemdMatch(path string) string { return "COREDUMP_FILENAME=" + path }
