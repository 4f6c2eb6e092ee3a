package analyze

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// decodeMeminfo decodes /proc/meminfo (fs/proc/meminfo.c): "Name:   number kB", some without a unit.
func decodeMeminfo(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		key, rest, ok := strings.Cut(line, ":")
		f := strings.Fields(rest)
		if !ok || len(f) == 0 || len(f) > 2 || len(f) == 2 && f[1] != "kB" {
			return fmt.Errorf("not a name and a number: %.60q", line)
		}
		v, err := counter(f[0], 10)
		if err != nil {
			return err
		}
		if len(f) == 2 {
			v *= 1024
		}
		rows = append(rows, hostCounter(doc, n, "meminfo", key, v))
		return nil
	})
	return rows, err
}

func hostCounter(doc string, line int64, source, key string, v int64) decoded {
	return decoded{line, schema.HostCounter{Read: readOf(doc), Source: source, Key: key, Amount: v}}
}

// vmstatKeys are the counters of /proc/vmstat that become rows, of some 190: those that begin so.
var vmstatKeys = []string{
	"nr_free_pages", "nr_dirty", "nr_writeback", "nr_slab_unreclaimable", "nr_unevictable", "nr_kernel_stack", // what holds memory
	"pswpin", "pswpout", "pgmajfault", "workingset_refault", // memory that had to be fetched again
	"allocstall", "pgscan_direct", "pgsteal_direct", "pgscan_kswapd", "compact_stall", "compact_fail", // tasks that waited for memory
	"oom_kill", "drop_pagecache", "drop_slab",
}

// decodeVmstat decodes /proc/vmstat (mm/vmstat.c): a name and a number a line.
func decodeVmstat(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		key, text, ok := strings.Cut(line, " ")
		if !ok {
			return fmt.Errorf("not a name and a number: %.60q", line)
		}
		if !slices.ContainsFunc(vmstatKeys, func(k string) bool { return strings.HasPrefix(key, k) }) {
			return nil
		}
		v, err := counter(text, 10)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		rows = append(rows, hostCounter(doc, n, "vmstat", key, v))
		return nil
	})
	return rows, err
}

// decodeStat decodes /proc/stat (fs/proc/stat.c): times of processors, then events. Of interrupts only the sum is taken, of
// soft interrupts those of the network, too.
func decodeStat(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) < 2 {
			return fmt.Errorf("not a name and numbers: %.60q", line)
		}
		key, first := f[0], f[1:2]
		cpu, isCPU := strings.CutPrefix(key, "cpu")
		switch {
		case isCPU:
			return cpuTime(doc, n, cpu, f[1:], &rows)
		case key == "softirq" && len(f) >= 6: // HI, TIMER, NET_TX, NET_RX, … of linux/interrupt.h
			first = []string{f[1], f[4], f[5]}
		}
		v, err := counters(first, 10)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		rows = append(rows, hostCounter(doc, n, "stat", key, v[0]))
		if len(v) == 3 {
			rows = append(rows, hostCounter(doc, n, "stat", "softirq_net_tx", v[1]), hostCounter(doc, n, "stat", "softirq_net_rx", v[2]))
		}
		return nil
	})
	return rows, err
}

func cpuTime(doc string, n int64, cpu string, fields []string, rows *[]decoded) error {
	v, err := counters(fields, 10)
	if err != nil {
		return err
	}
	if len(v) < 7 {
		return fmt.Errorf("%d times of a processor; want at least 7", len(v))
	}
	row := schema.CPUTime{
		Read: readOf(doc), User: v[0], Nice: v[1], System: v[2], Idle: v[3], Iowait: v[4], IRQ: v[5], Softirq: v[6],
		Steal: nth(v, 7), Guest: nth(v, 8),
	}
	if cpu != "" {
		id, err := counter(cpu, 10)
		if err != nil {
			return fmt.Errorf("not a processor: %.20q", cpu)
		}
		row.CPU = &id
	}
	*rows = append(*rows, decoded{n, row})
	return nil
}

// decodeFileNr decodes /proc/sys/fs/file-nr: open files, free ones (0 since 2.6), and the most that there may be.
func decodeFileNr(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		v, err := counters(strings.Fields(line), 10)
		if err != nil {
			return err
		}
		if len(v) != 3 {
			return fmt.Errorf("%d numbers; want 3", len(v))
		}
		for i, key := range []string{"allocated", "free", "max"} {
			rows = append(rows, hostCounter(doc, n, "file-nr", key, v[i]))
		}
		return nil
	})
	return rows, err
}

// decodeUptime decodes /proc/uptime: seconds since boot with two decimals, and those that processors were idle.
func decodeUptime(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		text, _, _ := strings.Cut(line, " ")
		s, err := strconv.ParseFloat(text, 64)
		if err != nil || !(s >= 0 && s < 1e12) {
			return fmt.Errorf("not a time: %.40q", text)
		}
		rows = append(rows, hostCounter(doc, n, "uptime", "up_ms", int64(s*1000+0.5)))
		return nil
	})
	return rows, err
}

// decodeLoadavg decodes /proc/loadavg: three means, runnable/existing tasks, and the newest process id.
func decodeLoadavg(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) < 4 {
			return fmt.Errorf("%d fields; want 5", len(f))
		}
		means, err := floats(f[:3])
		if err != nil {
			return err
		}
		v, err := counters(strings.SplitN(f[3], "/", 2), 10)
		if err != nil {
			return err
		}
		if len(v) != 2 {
			return fmt.Errorf("not runnable/existing tasks: %.40q", f[3])
		}
		rows = append(rows, decoded{n, schema.Loadavg{Read: readOf(doc), Load1: means[0], Load5: means[1], Load15: means[2], Runnable: v[0], Tasks: v[1]}})
		return nil
	})
	return rows, err
}

// decodePressure decodes /proc/pressure/* (kernel/sched/psi.c): "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and full.
func decodePressure(doc string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	resource := strings.TrimSuffix(path.Base(doc), ".last")
	err := eachLine(r, func(n int64, line string) error {
		f := strings.Fields(line)
		if len(f) != 5 {
			return fmt.Errorf("%d fields; want 5", len(f))
		}
		row := schema.Pressure{Read: readOf(doc), Resource: resource, Share: f[0]}
		for i, name := range []string{"avg10=", "avg60=", "avg300=", "total="} {
			text, ok := strings.CutPrefix(f[i+1], name)
			if !ok {
				return fmt.Errorf("not %s: %.40q", name, f[i+1])
			}
			if i == 3 {
				v, err := counter(text, 10)
				if err != nil {
					return err
				}
				row.TotalUs = v
				continue
			}
			v, err := floats([]string{text})
			if err != nil {
				return err
			}
			*[]*float64{&row.Avg10, &row.Avg60, &row.Avg300}[i] = v[0]
		}
		rows = append(rows, decoded{n, row})
		return nil
	})
	return rows, err
}

// floats are numbers with decimals, none of them infinite.
func floats(fields []string) ([]float64, error) {
	v := make([]float64, len(fields))
	for i, f := range fields {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil || !(x >= 0 && x < 1e15) {
			return nil, fmt.Errorf("not a number: %.40q", f)
		}
		v[i] = x
	}
	return v, nil
}
