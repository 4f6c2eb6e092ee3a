package capture

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// BenchmarkProcesses reads 2,000 processes beside those of the machine, first as in the first read, then as in the last; and
// the maps and the resolver of each.
func BenchmarkProcesses(b *testing.B) {
	const many = 2000
	name := b.TempDir() + "/forks"
	source := exec.Command("gcc", "-w", "-x", "c", "-o", name, "-")
	in, err := source.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		in.Write([]byte(`int main(int n, char **v) { for (n = atoi(v[1]); n > 0 && fork(); n--) ; if (n == 0) write(1, "x", 1); pause(); }`))
		in.Close()
	}()
	if out, err := source.CombinedOutput(); err != nil {
		b.Skipf("%v: %s", err, out)
	}
	cmd := exec.Command(name, strconv.Itoa(many))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		cmd.Wait()
	}()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	h := &Host{Options: kernelOnly().withDefaults(), Row: schema.Host{Wall: time.Now()}}
	for number, name := range []string{"first", "last"} {
		b.Run(name, func(b *testing.B) {
			rows, before := 0, cpuTime(b)
			for range b.N {
				l := newProcessLook(h, number)
				if err := l.read(b.Context(), func(*schema.Process) error { rows++; return nil }); err != nil {
					b.Fatal(err)
				}
				l.end()
			}
			if rows < many*b.N {
				b.Fatalf("%d rows", rows)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(rows), "µs/process")
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(rows), "cpu-µs/process")
		})
	}
	b.Run("resolver", func(b *testing.B) {
		before := cpuTime(b)
		for range b.N {
			w, err := schema.NewWriter(schema.Meta{Host: "h", Started: time.Unix(1, 0)}, schema.Zstd)
			if err != nil {
				b.Fatal(err)
			}
			h.books = newBooks(w)
			a := h.books.plan(resolverCollector, nil, 1)
			for _, k := range h.processes.list() {
				if k.comm == "forks" {
					k.container = "c"
				}
			}
			s := h.books.sink(a, 0, 0)
			if err := resolverCollector.Run(b.Context(), h, s); err != nil {
				b.Fatal(err)
			}
			s.close()
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*many), "µs/process")
		b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N*many), "cpu-µs/process")
	})
}

// cpuTime is the processor time that the test has used.
func cpuTime(b *testing.B) time.Duration {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
