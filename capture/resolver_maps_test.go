package capture

import (
	"fmt"
	"strings"
	"testing"
)

func TestMappedFiles(t *testing.T) {
	line := func(path string, inode int) string {
		return fmt.Sprintf("7f1-7f2 r-xp 00001000 fe:01 %d                       %s\n", inode, path)
	}
	tests := []struct {
		name  string
		lines []string
		want  string
	}{
		{"glibc", []string{line("/usr/bin/app", 9), line("/usr/lib/x86_64-linux-gnu/libc.so.6", 1), line("/usr/lib/x86_64-linux-gnu/libc.so.6", 1), line("/usr/lib/x86_64-linux-gnu/libnss_dns.so.2", 2)},
			"exe 9 libc /usr/lib/x86_64-linux-gnu/libc.so.6 nss dns libs "},
		{"older glibc", []string{line("/lib/libc-2.17.so", 1), line("/lib/libnss_files-2.17.so", 2), line("/lib/libnss_mdns4_minimal.so.2", 3), line("/lib/libresolv-2.17.so", 4)},
			"exe 0 libc /lib/libc-2.17.so nss files,mdns4_minimal libs libresolv"},
		{"musl of Alpine", []string{line("/lib/ld-musl-x86_64.so.1", 1)}, "exe 0 libc /lib/ld-musl-x86_64.so.1 nss  libs "},
		{"musl of Debian", []string{line("/usr/lib/x86_64-linux-musl/libc.so", 1)}, "exe 0 libc /usr/lib/x86_64-linux-musl/libc.so nss  libs "},
		{"others", []string{line("/opt/libcares.so.2.5.1", 1), line("/opt/libuv.so.1.0.0", 2), line("/opt/libcurl.so.4", 3), line("/opt/libc.so.7", 4), line("/opt/xlibc.so.6", 5), line("/opt/libnss3.so", 6)},
			"exe 0 libc  nss  libs libcares,libuv"},
		{"replaced", []string{line("/usr/lib/libc.so.6 (deleted)", 1), line("/usr/lib/libc.so.6", 2)}, "exe 0 libc /usr/lib/libc.so.6,/usr/lib/libc.so.6 nss  libs "},
		{"no file", []string{"7f1-7f2 rw-p 00000000 00:00 0 [heap]\n", "/usr/lib/libc.so.6\n"}, "exe 0 libc  nss  libs "},
	}
	for _, test := range tests {
		var m mappedFiles
		for _, l := range test.lines {
			m.add([]byte(l), "/usr/bin/app")
		}
		var libs []string
		for _, l := range m.libc {
			libs = append(libs, l.Path)
		}
		got := fmt.Sprintf("exe %d libc %s nss %s libs %s", m.exe.Inode, strings.Join(libs, ","), strings.Join(m.nss, ","), strings.Join(m.libs, ","))
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestJava(t *testing.T) {
	if got := strings.Join(javaRelease("/opt/java/openjdk/lib/server/libjvm.so"), " "); !strings.HasPrefix(got, "/opt/java/openjdk/release ") {
		t.Errorf("Java 9 and newer: %s", got)
	}
	if got := strings.Join(javaRelease("/usr/lib/jvm/java-8/jre/lib/amd64/server/libjvm.so"), " "); !strings.Contains(got, "/usr/lib/jvm/java-8/jre/release") || !strings.HasSuffix(got, "/usr/lib/jvm/java-8/release") {
		t.Errorf("Java 8: %s", got)
	}
	if got := javaRelease("/libjvm.so"); len(got) != 0 {
		t.Errorf("at the top: %v", got)
	}
	if got := javaVersion([]byte("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.9\"\nJAVA_VERSION_DATE=\"2023-10-17\"\n")); got != "17.0.9" {
		t.Errorf("version %q", got)
	}
	if got := javaVersion([]byte("nothing")); got != "" {
		t.Errorf("version %q", got)
	}
}
