package analyze

import (
	"io"
	"path"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeResolv decodes a resolv.conf (resolv.conf(5)): a directive in the first column, and its arguments; # or ; there begins
// a comment. The C library overlooks a directive behind a blank.
func decodeResolv(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	at := map[string]int64{}
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) < 2 || !strings.HasPrefix(line, f[0]) || line[0] == '#' || line[0] == ';' {
			return nil
		}
		args := f[1:]
		switch f[0] {
		case "nameserver", "domain":
			args = args[:1]
		case "search", "options", "sortlist":
		default:
			return nil // the C library overlooks it, too
		}
		for _, a := range args {
			at[f[0]]++
			rows = append(rows, decoded{n, schema.HostResolv{File: hostPath(doc), Directive: f[0], Position: at[f[0]], Argument: a}})
		}
		return nil
	})
	return rows, err
}

// hostPath is the path on the host of a document below host/.
func hostPath(doc string) string { return strings.TrimPrefix(doc, "host") }

// decodeHostSetting decodes files of configuration with one setting a line. A line that is none is overlooked, as the
// programs that read these files do.
func decodeHostSetting(doc string, r io.Reader) ([]decoded, error) {
	split := iniSetting
	switch dir := path.Dir(doc); {
	case path.Base(dir) == "sysctl.d" || path.Base(doc) == "sysctl.conf":
		split = sysctlSetting
	case path.Base(dir) == "modprobe.d":
		split = modprobeSetting
	}
	var rows []decoded
	section := ""
	err := eachLine(r, func(n int64, line string) error {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			return nil
		}
		if line[0] == '[' {
			if end := strings.IndexByte(line, ']'); end > 0 {
				section = line[1:end]
			}
			return nil
		}
		if key, arg, ok := split(line); ok {
			rows = append(rows, decoded{n, schema.HostSetting{File: hostPath(doc), Section: section, Key: key, Argument: arg}})
		}
		return nil
	})
	return rows, err
}

// settingDecoders are the decoders of those documents.
func settingDecoders(docs []string) []decoder {
	var out []decoder
	for _, d := range docs {
		out = append(out, decoder{d, decodeHostSetting})
	}
	return out
}

// iniSetting splits a line of systemd, NetworkManager, or a shell's variables.
func iniSetting(line string) (key, arg string, ok bool) {
	key, arg, ok = strings.Cut(line, "=")
	arg = strings.TrimSpace(arg)
	if len(arg) >= 2 && (arg[0] == '"' || arg[0] == '\'') && arg[len(arg)-1] == arg[0] {
		arg = arg[1 : len(arg)-1]
	}
	key = strings.TrimSpace(key)
	return key, arg, ok && key != ""
}

// sysctlSetting splits a line of sysctl.d(5). When the first separator of a name is a slash, slashes and dots are the other
// way round. A name behind a dash may fail; one without a value is to be left alone, and keeps its dash.
func sysctlSetting(line string) (key, arg string, ok bool) {
	key, arg, ok = strings.Cut(line, "=")
	key, arg = strings.TrimSpace(key), strings.Join(strings.Fields(arg), " ")
	if rest, dash := strings.CutPrefix(key, "-"); ok || !dash {
		key = rest
	}
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '/' {
		key = strings.NewReplacer("/", ".", ".", "/").Replace(key)
	}
	return key, arg, key != "" && (ok || key[0] == '-')
}

// modprobeCommands are the commands of modprobe.d(5).
var modprobeCommands = []string{"alias", "blacklist", "install", "options", "remove", "softdep", "weakdep"}

// modprobeSetting splits a line of modprobe.d(5): a command, a module, and what is to be done with it.
func modprobeSetting(line string) (key, arg string, ok bool) {
	f := strings.Fields(line)
	if len(f) < 2 || !slices.Contains(modprobeCommands, f[0]) {
		return "", "", false
	}
	return f[0] + " " + strings.ReplaceAll(f[1], "-", "_"), strings.Join(f[2:], " "), true
}
