package capture

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNameserver(t *testing.T) {
	tests := []struct{ name, conf, want string }{
		{"Docker's", "# made by Docker\nsearch a b\nnameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.11"},
		{"first of several", "nameserver\t192.0.2.1\nnameserver 127.0.0.11\n", "192.0.2.1"},
		{"unreadable one before", "nameserver x\nnameserver ::1", "::1"},
		{"commented", "#nameserver 127.0.0.11\n", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := nameserver(tt.conf)
			if ok != (tt.want != "") || ok && got.String() != tt.want {
				t.Errorf("got %v %v", got, ok)
			}
		})
	}
}

// A container's resolv.conf may be a link; it must not lead to a file of the host, nor to one that makes a reader wait.
func TestReadInRoot(t *testing.T) {
	root := t.TempDir()
	write(t, root, "c/etc/resolv.conf", "inside")
	write(t, root, "etc/resolv.conf", "outside")
	dir := filepath.Join(root, "c")
	read := func() string {
		data, err := readInRoot(dir, "etc/resolv.conf")
		if err != nil {
			return "error"
		}
		return string(data)
	}
	if got := read(); got != "inside" {
		t.Errorf("got %q", got)
	}
	for _, link := range []string{"../../etc/resolv.conf", "/etc/real"} {
		name := filepath.Join(dir, "etc/resolv.conf")
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(link, name); err != nil {
			t.Fatal(err)
		}
		if got := read(); got == "outside" {
			t.Errorf("link %s leads out", link)
		}
	}
	if err := os.Remove(filepath.Join(dir, "etc/resolv.conf")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "etc/resolv.conf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := read(); got != "error" {
		t.Errorf("a directory was read: %q", got)
	}
}

func TestDNSPlanEnough(t *testing.T) {
	p := &dnsPlan{}
	if err := p.enough(); err != nil {
		t.Fatal(err)
	}
	for range dnsSilent {
		p.heard(false)
	}
	if p.enough() == nil {
		t.Error("a resolver that is silent everywhere is asked on")
	}
	p.heard(true)
	if err := p.enough(); err != nil {
		t.Errorf("one container had an answer, but: %v", err)
	}
	p.began = time.Now().Add(-dnsPhase - time.Second)
	if p.enough() == nil {
		t.Error("the phase has no end")
	}
}
