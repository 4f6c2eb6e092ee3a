package capture

import (
	"slices"
	"testing"
)

func TestPrivileges(t *testing.T) {
	root := parsePrivileges("Uid:\t1000\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t2\n")
	if root.UID != 0 || root.Seccomp != 2 || !root.Has("CAP_SYSLOG") || !root.Has("CAP_NET_ADMIN") {
		t.Errorf("got %+v", root)
	}
	// What docker run gives: DAC_OVERRIDE, NET_RAW and others, none of those below but the first.
	box := parsePrivileges("Uid:\t0\t0\t0\t0\nCapEff:\t00000000a80425fb\n")
	for name, want := range map[string]bool{"CAP_DAC_READ_SEARCH": true, "CAP_NET_ADMIN": false, "CAP_SYS_ADMIN": false, "CAP_SYS_PTRACE": false, "CAP_UNHEARD_OF": false} {
		if box.Has(name) != want {
			t.Errorf("a container has %s: %v", name, box.Has(name))
		}
	}
	nobody := parsePrivileges("Uid:\t65534\t65534\t0\t0\nCapEff:\t0\n")
	for _, test := range []struct {
		p     Privileges
		needs string
		want  []string
	}{
		{root, "CAP_SYS_ADMIN to enter, CAP_NET_ADMIN to ask", nil},
		{box, "CAP_SYS_ADMIN to enter, CAP_NET_ADMIN to ask", []string{"CAP_SYS_ADMIN", "CAP_NET_ADMIN"}},
		{nobody, "root, for the file is its own", []string{"root"}},
		{nobody, "none", nil},
		{root, "root", nil},
	} {
		if got := test.p.Lacks(test.needs); !slices.Equal(got, test.want) {
			t.Errorf("%q: lacks %v, not %v", test.needs, got, test.want)
		}
	}
	if got := parsePrivileges("nonsense"); got.UID != -1 || got.Caps != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCapabilitiesOf(t *testing.T) {
	for needs, want := range map[string]string{
		"CAP_SYS_ADMIN to enter; CAP_NET_ADMIN, CAP_SYS_ADMIN": "CAP_NET_ADMIN, CAP_SYS_ADMIN",
		"none":                                  "none",
		"access to Docker's socket; more words": "access to Docker's socket",
	} {
		if got := CapabilitiesOf(needs); got != want {
			t.Errorf("%q: got %q", needs, got)
		}
	}
}
