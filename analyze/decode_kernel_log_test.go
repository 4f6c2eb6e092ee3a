package analyze

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// A record's time is that of the start of the capture, less what has passed since by the kernel's clock.
func TestStampKernelLog(t *testing.T) {
	meta := &schema.Meta{Started: time.Date(2026, 11, 20, 2, 14, 7, 0, time.UTC), Monotonic: 100e9}
	rows, err := decodeKernelLog("log/kernel.kmsg", strings.NewReader("6,1,40000000,-;a minute before\n6,2,100500000,-;half a second later\n"))
	if err != nil {
		t.Fatal(err)
	}
	stampKernelLog(rows, meta)
	want := []time.Time{time.Date(2026, 11, 20, 2, 13, 7, 0, time.UTC), time.Date(2026, 11, 20, 2, 14, 7, 5e8, time.UTC)}
	for i, at := range want {
		if got := rows[i].row.(schema.KernelLog).Time; !got.Equal(at) {
			t.Errorf("%s, want %s", got, at)
		}
	}
	// Without capture's clock there is no time; one that the document has stays.
	rows, _ = decodeKernelLog("log/kernel.kmsg", strings.NewReader("6,1,40000000,-;x\n"))
	stampKernelLog(rows, &schema.Meta{Started: meta.Started})
	if at := rows[0].row.(schema.KernelLog).Time; !at.IsZero() {
		t.Errorf("a time out of nowhere: %s", at)
	}
	rows, _ = decodeKernelLog("log/kernel.text", strings.NewReader("2026-11-20T03:14:08+01:00 a kernel: x\n"))
	stampKernelLog(rows, meta)
	if at := rows[0].row.(schema.KernelLog).Time; !at.Equal(time.Date(2026, 11, 20, 2, 14, 8, 0, time.UTC)) {
		t.Errorf("the document's own time is lost: %s", at)
	}
}

// The lists of classes are sound: names as they are spelled everywhere, groups that become columns, and nothing that an
// earlier line of the same class hides by being the same.
func TestLogClasses(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	groups := []string{"", "what", "global", "limit", "pid", "comm", "cgroup", "constraint", "dev", "src", "dst", "proto", "dport", "fwmark"}
	for what, list := range map[string][]logClass{"kernel": kernelClasses, "daemon": daemonClasses} {
		seen := map[string]bool{}
		for _, c := range list {
			if !name.MatchString(c.class) || c.needs == "" {
				t.Errorf("%s: %+v", what, c)
			}
			key := c.needs + "\x00"
			if c.shape != nil {
				key += c.shape.String()
				for _, g := range c.shape.SubexpNames() {
					if !slices.Contains(groups, g) {
						t.Errorf("%s: %s has a group %s", what, c.class, g)
					}
				}
			}
			if seen[key] || seen[c.needs+"\x00"] {
				t.Errorf("%s: %s is hidden by an earlier line with %q", what, c.class, c.needs)
			}
			seen[key] = true
		}
	}
}

func TestLogfmt(t *testing.T) {
	for in, want := range map[string]string{
		`time="a b" level=info msg=x`:        "time:a b|level:info|msg:x",
		`a="quote \" and \\ and \n" b=`:      "a:quote \" and \\ and \n|b:",
		`a="never closed`:                    "a:never closed",
		`a=1  b=2`:                           "a:1|b:2",
		`a=1 no pair`:                        "a:1|rest:no pair",
		``:                                   "",
		`=x`:                                 "rest:=x",
		`form-data=<masked> method=POST`:     "form-data:<masked>|method:POST",
		`msg="form data: <masked>`:           "msg:form data: <masked>",
		`error="a" msg="b"c=d`:               "error:a|msg:b|c:d",
		`k="` + strings.Repeat("x", 5) + `"`: "k:xxxxx",
	} {
		var got []string
		for _, p := range logfmt(in) {
			got = append(got, p[0]+":"+p[1])
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%s: got %q, want %q", in, s, want)
		}
	}
}
