package main

import (
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// allCaps are the capabilities that a capture uses.
var allCaps = []uintptr{unix.CAP_DAC_READ_SEARCH, unix.CAP_NET_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN, unix.CAP_SYSLOG}

// as runs a program as nobody, with these capabilities.
func as(caps []uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: caps}
}

// Whatever privilege is missing, there is a valid bundle with what may be read, its gaps have the kernel's reason, and the
// doctor names the privilege and what its lack costs.
func TestIntegrationPrivileges(t *testing.T) {
	path := program(t)
	ns, _ := netnsOf(t)
	without := func(gone ...uintptr) []uintptr {
		return slices.DeleteFunc(slices.Clone(allCaps), func(c uintptr) bool { return slices.Contains(gone, c) })
	}
	for _, test := range []struct {
		name    string
		caps    []uintptr
		code    int
		link    string // outcome of the namespace's links, and the beginning of its reason
		nft     string // of its rules
		missing []string
	}{
		{"no CAP_SYS_ADMIN", without(unix.CAP_SYS_ADMIN), codePartial, "denied: enter: operation not permitted", "denied: enter", []string{"no CAP_SYS_ADMIN", "none can be entered"}},
		{"no CAP_NET_ADMIN", without(unix.CAP_NET_ADMIN), codePartial, "ok", "denied: ", []string{"no CAP_NET_ADMIN"}},
		{"no root at all", nil, codePartial, "", "", []string{"no CAP_SYS_ADMIN", "no CAP_NET_ADMIN", "no CAP_SYS_PTRACE", "no CAP_DAC_READ_SEARCH", "no CAP_SYSLOG"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := take(t, path, as(test.caps), "--window", "100ms")
			r.whole(t, test.code)
			if got := r.outcome("link", ns); !strings.HasPrefix(got, test.link) || test.link == "" && got != "" {
				t.Errorf("links of the namespace: %q, not %q", got, test.link)
			}
			if got := r.outcome("nft_rule", ns); !strings.HasPrefix(got, test.nft) && !strings.HasPrefix(got, "absent") || test.nft == "" && got != "" {
				t.Errorf("rules of the namespace: %q, not %q", got, test.nft)
			}
			if len(r.rows["link"]) == 0 || len(r.rows["route"]) == 0 {
				t.Error("not even our own namespace was read")
			}
			if test.caps == nil && !strings.HasPrefix(r.outcome("netns", ""), "denied: ") {
				t.Errorf("the search for namespaces: %q", r.outcome("netns", ""))
			}
			if !strings.Contains(r.docs["SUMMARY.txt"]+r.said, "doctor") {
				t.Errorf("nobody is sent to the doctor:\n%s", r.said)
			}
			cmd := exec.Command(path, "doctor")
			cmd.SysProcAttr = as(test.caps)
			out, _ := cmd.Output() // its code is looked at below
			if code := cmd.ProcessState.ExitCode(); code != codePartial {
				t.Errorf("the doctor ends with code %d", code)
			}
			for _, words := range test.missing {
				if !strings.Contains(string(out), words) {
					t.Errorf("the doctor does not say %q:\n%s", words, out)
				}
			}
			for _, name := range []string{"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_SYSLOG"} {
				if strings.Contains(string(out), "no "+name) != slices.Contains(test.missing, "no "+name) {
					t.Errorf("the doctor on %s:\n%s", name, out)
				}
			}
		})
	}
}
