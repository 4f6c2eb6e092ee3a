package capture

import (
	"fmt"
	"testing"
)

func TestCorePattern(t *testing.T) {
	tests := []struct {
		text    string
		usesPID bool
		want    string // kind, handler, path from /app, directory, whether that is all of it
	}{
		{"core\n", false, "relative  /app/core /app true"},
		{"core\n", true, "relative  /app/core.%p /app true"},
		{"core.%e.%p", true, "relative  /app/core.%e.%p /app true"},
		{"100%%p", true, "relative  /app/100%%p.%p /app true"},
		{"/var/cores/%E/core.%t", false, "absolute  /var/cores/%E/core.%t /var/cores false"},
		{"/var/cores%h/core", false, "absolute  /var/cores%h/core /var false"},
		{"/cores/core.%p", false, "absolute  /cores/core.%p /cores true"},
		{"../core", false, "relative  /core / true"},
		{"|/usr/lib/systemd/systemd-coredump %P %u", false, "pipe /usr/lib/systemd/systemd-coredump  . true"},
		{"|", false, "pipe   . true"},
		{"@/run/coredump.socket", false, "socket   . true"},
		{"", false, "none   . true"},
		{"", true, "relative  /app/.%p /app true"},
	}
	for _, test := range tests {
		p := parseCorePattern(test.text, test.usesPID)
		dir, whole := dirOf(p.in("/app"))
		got := fmt.Sprintf("%s %s %s %s %v", p.kind, p.handler, p.in("/app"), dir, whole)
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

func TestCoreNames(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          bool
	}{
		{"core", "core", true},
		{"core", "core.123", true},
		{"core", "score", false},
		{"/c/%e-%p.dump", "app-12.dump", true},
		{"/c/%e-%p.dump", "app.dump", false},
		{"/c/%e-%p.dump", "core.1", true},
		{"/c/%e", "anything", false}, // every file would match
		{"/c/100%%.%p", "100%.7", true},
		{"|/bin/handler", "core.7", true},
		{"|/bin/handler", "handler", false},
	}
	for _, test := range tests {
		if got := parseCorePattern(test.pattern, false).nameOf().MatchString(test.name); got != test.want {
			t.Errorf("%s: %s matches: %v", test.pattern, test.name, got)
		}
	}
}
