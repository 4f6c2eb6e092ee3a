package capture

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// readHost reads what the host says of itself: uname, machine and boot id, release, clocks, time zone, core_pattern.
// A fact that cannot be read is absent from the row; only without uname there is no row at all.
func readHost(o Options) (schema.Host, error) {
	u, err := hostUname(o)
	if err != nil {
		return schema.Host{}, fmt.Errorf("uname: %w", err)
	}
	h := schema.Host{
		Hostname: unix.ByteSliceToString(u.Nodename[:]), Kernel: unix.ByteSliceToString(u.Release[:]),
		KernelBuild: unix.ByteSliceToString(u.Version[:]), Arch: unix.ByteSliceToString(u.Machine[:]),
		MachineID:   firstLine(o.path("/etc/machine-id")),
		BootID:      firstLine(o.path("/proc/sys/kernel/random/boot_id")),
		CorePattern: firstLine(o.path("/proc/sys/kernel/core_pattern")),
		CPUs:        countCPUs(firstLine(o.path("/sys/devices/system/cpu/online"))),
		SinceS:      o.Since.Seconds(),
	}
	for _, name := range []string{"/etc/os-release", "/usr/lib/os-release"} { // os-release(5): the first that exists
		if data, err := readBounded(o.path(name), 1<<16); err == nil {
			h.OS = prettyName(string(data))
			break
		}
	}
	readClocks(&h)
	h.Timezone = timezone(o, h.Wall)
	return h, nil
}

// hostUname is uname in the initial UTS namespace: that of process 1, which is entered if this process is in another
// one. Entering changes nothing on the host, but the thread that did it is not used again. Where that is forbidden,
// the name is the one that this process sees.
func hostUname(o Options) (u unix.Utsname, err error) {
	if err := unix.Uname(&u); err != nil {
		return u, err
	}
	mine, err1 := os.Stat("/proc/thread-self/ns/uts")
	init, err2 := os.Stat(o.path("/proc/1/ns/uts"))
	if err1 != nil || err2 != nil || os.SameFile(mine, init) {
		return u, nil
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		f, err := os.Open(o.path("/proc/1/ns/uts"))
		if err != nil {
			return
		}
		defer f.Close()
		// A thread may change its own UTS namespace although it shares a file system root with the others.
		if unix.Setns(int(f.Fd()), unix.CLONE_NEWUTS) == nil {
			var there unix.Utsname
			if unix.Uname(&there) == nil {
				u = there
			}
		}
	}()
	<-done
	return u, nil
}

// readClocks reads the clocks back to back, and what the kernel believes of its synchronisation: adjtimex(2) with modes
// 0 sets nothing.
func readClocks(h *schema.Host) {
	var wall, mono, boot unix.Timespec
	errWall := unix.ClockGettime(unix.CLOCK_REALTIME, &wall)
	errMono := unix.ClockGettime(unix.CLOCK_MONOTONIC, &mono)
	errBoot := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot)
	if errWall == nil {
		h.Wall = time.Unix(wall.Unix()).UTC()
	}
	if errMono == nil {
		h.MonotonicNs = mono.Nano()
	}
	if errBoot == nil {
		h.BoottimeNs = boot.Nano()
		h.UptimeS = float64(boot.Nano()/1e6) / 1e3
	}
	var tx unix.Timex
	state, err := unix.Adjtimex(&tx)
	if err != nil {
		return
	}
	setSync(h, state, &tx)
}

// setSync converts what adjtimex said. The offset is in microseconds unless STA_NANO is set (linux/timex.h).
func setSync(h *schema.Host, state int, tx *unix.Timex) {
	synced := tx.Status&unix.STA_UNSYNC == 0 && state != unix.TIME_ERROR
	offset, maxErr, estErr := int64(tx.Offset), int64(tx.Maxerror), int64(tx.Esterror)
	if tx.Status&unix.STA_NANO == 0 {
		offset *= 1000
	}
	h.ClockSynced, h.ClockOffset, h.ClockMaxErr, h.ClockEstErr = &synced, &offset, &maxErr, &estErr
}

// timezone is the local zone of the host: its name and its offset at that moment, as Europe/Berlin +01:00. Without
// /etc/localtime the C library uses UTC.
func timezone(o Options, at time.Time) string {
	name := ""
	if to, err := os.Readlink(o.path("/etc/localtime")); err == nil {
		_, name, _ = strings.Cut(to, "zoneinfo/")
	}
	file := o.path("/etc/localtime")
	if name != "" { // the link may be absolute, and then leads out of Options.Root
		file = o.path("/usr/share/zoneinfo/" + name)
	} else if name = firstLine(o.path("/etc/timezone")); name == "" {
		name = "local"
	}
	data, err := readBounded(file, 1<<20)
	if errors.Is(err, os.ErrNotExist) && name == "local" {
		return "UTC +00:00"
	} else if err != nil {
		return name
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return name
	}
	return strings.TrimPrefix(name, "Etc/") + " " + at.In(loc).Format("-07:00")
}

// prettyName is PRETTY_NAME of an os-release file, without its quotes.
func prettyName(release string) string {
	for line := range strings.Lines(release) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			if s, err := strconv.Unquote(value); err == nil {
				return s
			}
			return strings.Trim(value, `'"`)
		}
	}
	return ""
}

// countCPUs counts a list of processors as the kernel writes it: 0-3,8,10-11. It returns 0 for what is no list.
func countCPUs(list string) int64 {
	var n int64
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err1 := strconv.ParseInt(from, 10, 32)
		b, err2 := strconv.ParseInt(to, 10, 32)
		if err1 != nil || err2 != nil || b < a {
			return 0
		}
		n += b - a + 1
	}
	return n
}

// firstLine is the first line of a small file, empty when it cannot be read.
func firstLine(name string) string {
	data, err := readBounded(name, 4096)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(data), "\n")
	return line
}
