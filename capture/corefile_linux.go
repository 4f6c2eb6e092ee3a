package capture

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/capture/corefile"
	"github.com/netmortem/netmortem/schema"
)

// Bounds on one core.
const (
	coreHead     = 8 << 20 // of a compressed one so much is unpacked: headers, notes, the executable's first page
	mostMappings = 2000    // files in core_mapping of one core
	wholeCores   = 5       // cores that go into the bundle with Options.Cores, the newest
)

// coreFile finds cores and reads their notes.
var coreFile = &Collector{
	Name: "core_file",
	Doc: "cores that exist: in the directory that core_pattern names, on the host and as each container sees it, in those of systemd-coredump and apport, " +
		"and below the upper directories of all containers. Of each the ELF notes: signal, process, executable, build id, mapped files. " +
		"A core is a copy of a process's memory with every secret in it: it goes into the bundle only with --include-core, whole and unmasked.",
	Needs: "root, to look into Docker's directory and the mount namespaces of others' processes",
	Effects: "None: directories are listed and files opened for reading one name at a time, no link is followed, access times stay where that is allowed. " +
		"The walk through containers' layers is bounded in entries and depth. A file system that is not known to be local is not touched.",
	Since:    "0.2.0",
	Tables:   []string{"core_file", "core_mapping"},
	Deadline: DefaultItemDeadline * 2,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		pattern, err := h.corePattern()
		if err != nil {
			return err
		}
		crashable, knownErr := h.crashable(ctx)
		var newest []newCore
		maskedArgs := 0
		search := &coreSearch{ctx: ctx, h: h, name: pattern.nameOf(), seen: map[nsKey]bool{}}
		search.visit = func(f *foundCore) error {
			files, ok := describeCore(f, crashable)
			if !ok {
				return nil
			}
			search.files++
			if clean := maskCommand(f.row.Args); clean != f.row.Args {
				f.row.Args = clean
				maskedArgs++
			}
			if err := s.Put(&f.row); err != nil {
				return err
			}
			for i := range files {
				if err := s.Put(&files[i]); err != nil {
					return err
				}
			}
			if h.Options.Cores {
				newest = keepNewest(newest, f)
			}
			return nil
		}
		err = search.run(pattern, crashable)
		for i := range newest {
			defer newest[i].close()
		}
		if err != nil {
			return err
		}
		if maskedArgs > 0 {
			s.Cover(schema.Coverage{Tbl: "core_file", Masked: int64(maskedArgs), Outcome: schema.OK})
		}
		if err := writeCores(s, newest, h.Options.MaxBytes); err != nil {
			return err
		}
		switch {
		case search.denied != nil:
			return fmt.Errorf("not everywhere looked for cores: %w", search.denied)
		case len(search.say) > 0:
			return &Incomplete{schema.Truncated, strings.Join(search.say, "; ")}
		}
		return knownErr
	},
}

// describeCore fills in a row from the file's notes, its name and what its handler noted beside it. It returns false for a
// file that is no core.
func describeCore(f *foundCore, crashable []*knownProcess) ([]schema.CoreMapping, bool) {
	row := &f.row
	var magic [8]byte
	n, _ := f.file.ReadAt(magic[:], 0)
	start := magic[:n]
	var head io.ReaderAt
	switch {
	case bytes.HasPrefix(start, []byte("\x7fELF")):
		row.Kind, head = "elf", f.file
	case bytes.HasPrefix(start, []byte("\x28\xb5\x2f\xfd")):
		row.Kind = "elf.zst"
		d, err := zstd.NewReader(f.file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(16<<20), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			row.Problem = "zstd: " + err.Error()
			break
		}
		defer d.Close()
		head = &lazyHead{r: d}
	case bytes.HasPrefix(start, []byte("\x04\x22\x4d\x18")):
		row.Kind, head = "elf.lz4", &lazyHead{r: lz4.NewReader(f.file)}
	case bytes.HasPrefix(start, []byte("\xfd7zXZ\x00")):
		row.Kind, row.Problem = "elf.xz", "packed with xz: its notes were not read"
	case strings.HasSuffix(row.Path, ".crash"):
		row.Kind = "crash"
		return nil, readCrash(f)
	default:
		return nil, false
	}
	if row.Source == "systemd" {
		readHandlerNotes(f, crashable)
	}
	if row.Source != "layer" && row.Source != "pattern" || row.Kind != "elf" {
		readCoreName(row)
	}
	if head == nil {
		return nil, row.Source != "layer"
	}
	core, err := corefile.Read(head)
	if errors.Is(err, corefile.ErrNotCore) {
		return nil, false
	} else if err != nil {
		row.Problem = err.Error()
		return nil, row.Source == "systemd" || row.Source == "apport"
	}
	fillCore(row, core)
	return mappings(row.Path, core.Files), true
}

// fillCore puts what the notes say into the row.
func fillCore(row *schema.CoreFile, c *corefile.Core) {
	row.Machine, row.Code, row.Args = c.Machine, c.Code, c.Args
	row.Signal, row.UID, row.PID = firstOf(c.Signal, row.Signal), firstOf(c.UID, row.UID), firstOf(row.PID, c.PID)
	row.Comm, row.Executable = cmp.Or(c.Comm, row.Comm), cmp.Or(c.Executable, row.Executable)
	row.BuildID, row.Problem = hex.EncodeToString(c.BuildID), c.Problem
	if c.Addr != nil {
		row.Addr = "0x" + strconv.FormatUint(*c.Addr, 16)
	}
	if c.Threads > 0 {
		row.Threads = &c.Threads
	}
	if n := int64(len(c.Files)); n > 0 {
		row.Mappings = &n
	}
	if row.Kind == "elf" && c.End > 0 {
		whole := row.Bytes >= c.End
		row.Whole = &whole
	}
}

// firstOf is the first that is known.
func firstOf(list ...*int64) *int64 {
	for _, p := range list {
		if p != nil {
			return p
		}
	}
	return nil
}

// mappings sums up what was mapped by file.
func mappings(core string, files []corefile.Mapped) []schema.CoreMapping {
	at := map[string]int{}
	var out []schema.CoreMapping
	var ends []([2]uint64)
	for _, f := range files {
		i, known := at[f.File]
		if !known {
			if len(out) == mostMappings {
				continue
			}
			i = len(out)
			at[f.File] = i
			out = append(out, schema.CoreMapping{Core: core, File: f.File})
			ends = append(ends, [2]uint64{f.Start, f.End})
		}
		ends[i] = [2]uint64{min(ends[i][0], f.Start), max(ends[i][1], f.End)}
		out[i].Parts++
	}
	for i := range out {
		out[i].Start, out[i].End = "0x"+strconv.FormatUint(ends[i][0], 16), "0x"+strconv.FormatUint(ends[i][1], 16)
	}
	return out
}

// readHandlerNotes reads what systemd-coredump noted beside the file (src/coredump/coredump.c, fix_xattr). The host name is
// that of the process's own UTS namespace: in a container, unless told otherwise, the first 12 digits of its id.
func readHandlerNotes(f *foundCore, crashable []*knownProcess) {
	get := func(name string) string {
		var b [4096]byte
		n, err := unix.Fgetxattr(int(f.file.Fd()), "user.coredump."+name, b[:])
		if err != nil || n > len(b) {
			return ""
		}
		return strings.ToValidUTF8(string(b[:n]), "\uFFFD")
	}
	f.row.PID, f.row.UID = parsed(get("pid")), parsed(get("uid"))
	f.row.Signal = parsed(get("signal"))
	f.row.Comm, f.row.Executable = get("comm"), get("exe")
	if name := get("hostname"); len(name) == 12 {
		for _, k := range crashable {
			if strings.HasPrefix(k.container, name) {
				f.row.Container = k.container
			}
		}
	}
}

// parsed is a decimal number, nil for what is none.
func parsed(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// readCoreName reads a name as systemd-coredump makes it, core.COMM.UID.BOOT.PID.TIME with what would end a part written as
// \xNN, and an ending for what it is packed with. Apport uses the same with the executable's path for COMM.
func readCoreName(row *schema.CoreFile) {
	name := path.Base(row.Path)
	for _, end := range []string{".zst", ".lz4", ".xz"} {
		name = strings.TrimSuffix(name, end)
	}
	f := strings.Split(name, ".")
	n := len(f)
	if n < 6 || len(f[n-3]) < 32 || strings.Trim(strings.ReplaceAll(f[n-3], "-", ""), "0123456789abcdef") != "" {
		return
	}
	row.UID, row.PID = firstOf(row.UID, parsed(f[n-4])), firstOf(row.PID, parsed(f[n-2]))
	row.BootID = strings.ReplaceAll(f[n-3], "-", "")
	if b := row.BootID; len(b) == 32 { // as the kernel writes it
		row.BootID = b[:8] + "-" + b[8:12] + "-" + b[12:16] + "-" + b[16:20] + "-" + b[20:]
	}
	if row.Comm == "" {
		row.Comm = strings.Join(f[1:n-4], ".")
	}
}

// readCrash reads the head of apport's report: lines "Key: value" up to the core. Its environment and the arguments stay
// where they are.
func readCrash(f *foundCore) bool {
	b := make([]byte, 64<<10)
	n, _ := f.file.ReadAt(b, 0)
	known := false
	for line := range strings.Lines(string(b[:n])) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		value = strings.ToValidUTF8(value, "\uFFFD")
		switch key {
		case "ProblemType":
			known = value == "Crash"
		case "ExecutablePath":
			f.row.Executable, f.row.Comm = value, path.Base(value)
		case "Signal":
			f.row.Signal = parsed(value)
		case "Architecture":
			f.row.Machine = value
		}
	}
	return known
}

// lazyHead is the beginning of a stream as something that can be read anywhere.
type lazyHead struct {
	r   io.Reader
	b   []byte
	end error
}

func (l *lazyHead) ReadAt(p []byte, off int64) (int, error) {
	want := off + int64(len(p))
	if off < 0 || off >= coreHead {
		return 0, fmt.Errorf("beyond the first %d bytes, which are all that is unpacked", coreHead)
	}
	for int64(len(l.b)) < min(want, coreHead) && l.end == nil {
		b := make([]byte, 64<<10)
		n, err := l.r.Read(b)
		l.b, l.end = append(l.b, b[:n]...), err
	}
	if off >= int64(len(l.b)) {
		return 0, cutEnd(l.end)
	}
	n := copy(p, l.b[off:])
	if n < len(p) {
		return n, cutEnd(l.end)
	}
	return n, nil
}

// cutEnd is why there is no more.
func cutEnd(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// newCore is a core that is to go into the bundle.
type newCore struct {
	row schema.CoreFile
	fd  int
}

func (c *newCore) close() { unix.Close(c.fd) }

// keepNewest keeps the newest cores open.
func keepNewest(list []newCore, f *foundCore) []newCore {
	fd, err := unix.FcntlInt(f.file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return list
	}
	list = append(list, newCore{f.row, fd})
	slices.SortFunc(list, func(a, b newCore) int { return b.row.Time.Compare(a.row.Time) })
	if len(list) > wholeCores {
		list[wholeCores].close()
		list = list[:wholeCores]
	}
	return list
}

// writeCores writes the cores themselves, as they are.
func writeCores(s *Sink, list []newCore, limit int64) error {
	for i, c := range list {
		name := fmt.Sprintf("core/%d-%s", i+1, harmlessName(c.row.Comm))
		switch c.row.Kind {
		case "elf":
		case "crash":
			name += ".crash"
		default:
			name += path.Ext(c.row.Kind)
		}
		data := make([]byte, min(c.row.Bytes, limit+1))
		n, err := preadFull(c.fd, data)
		if err != nil {
			s.Cover(schema.Coverage{Document: name, Outcome: schema.Partial, Reason: fmt.Sprintf("read %s: %v", c.row.Path, err)})
			continue
		}
		if err := s.Document(name, data[:n], 0); err != nil {
			return err
		}
		say := schema.Coverage{Document: name, Outcome: schema.OK, Reason: c.row.Path + ": the memory of a process, with every secret that was in it, not masked"}
		if c.row.Bytes > limit {
			say.Outcome = schema.Truncated
			say.Reason += fmt.Sprintf("; cut at %d of %d bytes", limit, c.row.Bytes)
		}
		s.Cover(say)
	}
	return nil
}

func preadFull(fd int, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		k, err := unix.Pread(fd, b[n:], int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, err
		}
		if k == 0 {
			break
		}
		n += k
	}
	return n, nil
}

// harmlessName is a command name as a file name in the bundle.
func harmlessName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 32)]
}
