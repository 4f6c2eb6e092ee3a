package capture

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

func TestReadHost(t *testing.T) {
	root := t.TempDir()
	write(t, root, "etc/machine-id", "0123456789abcdef0123456789abcdef\n")
	write(t, root, "proc/sys/kernel/random/boot_id", "11111111-2222-3333-4444-555555555555\n")
	write(t, root, "proc/sys/kernel/core_pattern", "|/bin/handler %p\n")
	write(t, root, "sys/devices/system/cpu/online", "0-3,8\n")
	write(t, root, "usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"A \\\"B\\\" 12\"\n")
	h, err := readHost(Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	if h.MachineID != "0123456789abcdef0123456789abcdef" || h.BootID == "" || h.CorePattern != "|/bin/handler %p" || h.CPUs != 5 || h.OS != `A "B" 12` || h.Timezone != "UTC +00:00" {
		t.Errorf("%+v", h)
	}
	if h.Hostname == "" || h.Kernel == "" || h.Arch == "" {
		t.Errorf("uname: %+v", h)
	}
	// Both clocks count from the boot; only one of them counts while the machine sleeps.
	if h.MonotonicNs <= 0 || h.BoottimeNs < h.MonotonicNs || h.UptimeS <= 0 || h.Wall.IsZero() || h.Wall.Location() != time.UTC {
		t.Errorf("clocks: %+v", h)
	}
}

func TestReadHostKnowsLittle(t *testing.T) {
	h, err := readHost(Options{Root: t.TempDir()})
	if err != nil || h.MachineID != "" || h.OS != "" || h.CPUs != 0 || h.Hostname == "" {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestSetSync(t *testing.T) {
	tests := []struct {
		name   string
		state  int
		tx     unix.Timex
		synced bool
		offset int64
	}{
		{"nanoseconds", unix.TIME_OK, unix.Timex{Status: unix.STA_PLL | unix.STA_NANO, Offset: -1500, Maxerror: 7, Esterror: 8}, true, -1500},
		{"microseconds", unix.TIME_OK, unix.Timex{Status: unix.STA_PLL, Offset: 3, Maxerror: 7, Esterror: 8}, true, 3000},
		{"nobody disciplines it", unix.TIME_ERROR, unix.Timex{Status: unix.STA_UNSYNC, Maxerror: 7, Esterror: 8}, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h schema.Host
			setSync(&h, tt.state, &tt.tx)
			if *h.ClockSynced != tt.synced || *h.ClockOffset != tt.offset || *h.ClockMaxErr != 7 || *h.ClockEstErr != 8 {
				t.Errorf("%v %d %d %d", *h.ClockSynced, *h.ClockOffset, *h.ClockMaxErr, *h.ClockEstErr)
			}
		})
	}
}

func TestTimezone(t *testing.T) {
	zone := "/usr/share/zoneinfo/Asia/Kolkata"
	data, err := os.ReadFile(zone)
	if err != nil {
		t.Skip("needs the time zone database: ", err)
	}
	root := t.TempDir()
	write(t, root, zone, string(data))
	// An absolute link, as most hosts have it, would lead out of the root.
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(zone, filepath.Join(root, "etc/localtime")); err != nil {
		t.Fatal(err)
	}
	if got := timezone(Options{Root: root}, time.Unix(0, 0)); got != "Asia/Kolkata +05:30" {
		t.Errorf("link: %q", got)
	}
	copied := t.TempDir()
	write(t, copied, "etc/localtime", string(data))
	write(t, copied, "etc/timezone", "Asia/Kolkata\n")
	if got := timezone(Options{Root: copied}, time.Unix(0, 0)); got != "Asia/Kolkata +05:30" {
		t.Errorf("copy: %q", got)
	}
}

func TestCountCPUs(t *testing.T) {
	for list, want := range map[string]int64{"0": 1, "0-3": 4, "0-1,4,6-7": 5, "": 0, "x": 0, "3-1": 0} {
		if got := countCPUs(list); got != want {
			t.Errorf("%q: %d, want %d", list, got, want)
		}
	}
}
