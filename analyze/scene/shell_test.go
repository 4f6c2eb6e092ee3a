package scene

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// hostileWords are what somebody may call a container, a file or a program.
var hostileWords = []string{
	"", "plain", "-rf", "--help", "a b", "it's", `\`, `\'`, "'; reboot; '", "$(reboot)", "`reboot`", "$HOME", "*", "~", "#x", "a\nb", "\n", "\x1b[2J\x07", "\x03\x04", "é", "\u202egpj.exe",
	"\xff\xfe", "!!", "a!b\n", "x=y", "=x", "{a,b}", "a|b", "<in", "&", "[0]", "?", "%s", "a\\\nb", "\x01'\\'", "\t",
}

func TestShellWord(t *testing.T) {
	for _, s := range hostileWords {
		w := shellWord(s)
		for i := range len(w) {
			if w[i] < 0x20 || w[i] > 0x7e {
				t.Errorf("the word for %q has the byte %#x: a terminal would act upon it", s, w[i])
			}
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to ask")
	}
	// Each word is one argument, and the text itself: bash prints all of them with a NUL after each.
	var script strings.Builder
	script.WriteString("printf '%s\\0'")
	for _, s := range hostileWords {
		script.WriteString(" " + shellWord(s))
	}
	out, err := exec.Command(bash, "--norc", "--noprofile", "-c", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(hostileWords, "\x00") + "\x00"; string(out) != want {
		t.Errorf("bash reads %q; want %q", out, want)
	}
}

func TestShellPath(t *testing.T) {
	for path, want := range map[string]string{"/a/b": "/a/b", "-x": "./-x", "-e shell": "'./-e shell'", "core": "core"} {
		if got := shellPath(path); got != want {
			t.Errorf("%q becomes %q; want %q", path, got, want)
		}
	}
}

// TestCommands holds the commands against what is known of them, and each text that somebody else wrote against being anything but one argument.
func TestCommands(t *testing.T) {
	at := time.Date(2026, 11, 20, 2, 14, 7, 5e8, time.UTC)
	for got, want := range map[string]string{
		dockerLogs("c1", at, at):                   "docker logs --timestamps --since 2026-11-20T02:12:07Z --until 2026-11-20T02:14:37Z -- c1",
		dockerLogs("c1; id", time.Time{}, at):      "docker logs --timestamps --tail 200 -- 'c1; id'",
		taskLogs("t1", at):                         "docker service logs --timestamps --since 2026-11-20T02:12:07Z -- t1",
		journal("", time.Time{}, time.Time{}):      "journalctl --utc --dmesg --lines=200",
		journal("a b.service", at, at.Add(1*6e10)): "journalctl --utc '--unit=a b.service' '--since=2026-11-20 02:12:07 UTC' '--until=2026-11-20 02:15:37 UTC'",
	} {
		if got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}

// TestCoreCommands lists what opens a core, by where it lies and what is known of its program.
func TestCoreCommands(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	id := strings.Repeat("0123456789ab", 5) + "cdef"
	tests := map[string]struct {
		core  coreFile
		image string
		there bool
		want  []string
	}{
		"of a process of the host":    {coreFile{path: "/var/core", kind: "elf", executable: "/sbin/x"}, "", false, []string{"gdb /sbin/x /var/core"}},
		"of an unknown program":       {coreFile{path: "/var/core", kind: "elf.zst", buildID: "0123456789abcdef"}, "", false, []string{"zstd -dc /var/core > core.elf", "debuginfod-find executable 0123456789abcdef", "gdb PROGRAM core.elf"}},
		"of a container that is gone": {coreFile{path: "/var/core", kind: "elf", container: id, executable: "/x y"}, digest, false, []string{`made=$(docker create ` + digest + `) && docker cp --follow-link -- "$made":'/x y' program && docker rm "$made"`, "gdb program /var/core"}},
		"of no image that is one":     {coreFile{path: "/var/core", kind: "elf", container: id, executable: "/x"}, "sha256:$(id)", false, []string{"gdb /x /var/core"}},
		"in a container":              {coreFile{path: "/proc/7/root/a b", kind: "elf", container: id, executable: "/x"}, digest, true, []string{"docker cp -- '" + id + ":/a b' core", "docker cp --follow-link -- " + id + ":/x program", "gdb program core"}},
		"in no container that is one": {coreFile{path: "/proc/7/root/a", kind: "elf", container: "--help", executable: "/x"}, digest, false, []string{`made=$(docker create ` + digest + `) && docker cp --follow-link -- "$made":/x program && docker rm "$made"`, "gdb program /proc/7/root/a"}},
		"that systemd keeps":          {coreFile{path: "/var/lib/systemd/coredump/c.zst", source: "systemd", kind: "elf.zst"}, "", false, []string{"coredumpctl info COREDUMP_FILENAME=/var/lib/systemd/coredump/c.zst", "coredumpctl gdb COREDUMP_FILENAME=/var/lib/systemd/coredump/c.zst"}},
		"that systemd keeps, of a container": {coreFile{path: "/c.zst", source: "systemd", kind: "elf.zst", container: id, executable: "/x"}, digest, true,
			[]string{"coredumpctl info COREDUMP_FILENAME=/c.zst", "coredumpctl dump --output=core COREDUMP_FILENAME=/c.zst", "docker cp --follow-link -- " + id + ":/x program", "gdb program core"}},
		"that apport keeps": {coreFile{path: "/var/crash/x.crash", source: "apport", kind: "crash"}, "", false, []string{"apport-retrace --gdb /var/crash/x.crash"}},
	}
	for name, tt := range tests {
		if got := tt.core.open(tt.image, tt.there); strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("a core %s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}
