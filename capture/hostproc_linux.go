package capture

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// hostProcDocs are counters of the whole kernel, each a file of procfs of the same name.
var hostProcDocs = []string{
	"proc/meminfo", "proc/vmstat", "proc/loadavg", "proc/stat", "proc/uptime", "proc/swaps", "proc/softirqs",
	"proc/pressure/cpu", "proc/pressure/memory", "proc/pressure/io", "proc/pressure/irq", // PSI: 4.20 and newer, irq 6.1 and newer, each if it is switched on
	"proc/sys/fs/file-nr",
}

var hostProcCollector = &Collector{
	Name:     "host_proc",
	Doc:      "Memory, load, processors' time, pressure and open files of the whole host: files of /proc, verbatim, twice.",
	Needs:    "none",
	Effects:  "/proc/vmstat and /proc/stat add up figures of all processors and wake none",
	Since:    "0.2.0",
	Docs:     hostProcDocs,
	Volatile: true,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		for _, doc := range hostProcDocs {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.hostDocument(h.Options, doc, "/"+doc, h.Options.MaxBytes, nil)
		}
		return nil
	},
}

var hostKernelCollector = &Collector{
	Name:    "host_kernel",
	Doc:     "What the kernel is: /proc/version, its arguments (masked), build options, and which modules are built in or on disk.",
	Needs:   "none; where /boot is closed to others than root, its configuration needs root",
	Effects: "none: nothing is looked up by name, so that no module is loaded",
	Since:   "0.2.0",
	Docs:    []string{"proc/version", "proc/cmdline", "proc/config", "host/lib/modules/modules.builtin", "host/lib/modules/modules.dep"},
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		o := h.Options
		s.hostDocument(o, "proc/version", "/proc/version", 4096, nil)
		s.hostDocument(o, "proc/cmdline", "/proc/cmdline", 64<<10, func(b []byte) ([]byte, int) {
			clean := maskCommand(string(b))
			return []byte(clean), strings.Count(clean, masked)
		})
		kernelConfig(h, s)
		dir := "/lib/modules/" + h.Row.Kernel
		if _, err := o.resolve(dir); err != nil {
			dir = "/usr" + dir
		}
		const builtin, dep = "host/lib/modules/modules.builtin", "host/lib/modules/modules.dep"
		s.hostDocument(o, dep, dir+"/modules.dep", 8<<20, networkModules)
		if _, err := o.resolve(dir + "/modules.builtin"); errors.Is(err, fs.ErrNotExist) {
			// Not to be taken for a kernel without any: a rule that misses a module could not be judged.
			s.Cover(schema.Coverage{Document: builtin, Outcome: schema.Partial, Reason: "what is built in is unknown: " + dir + "/modules.builtin does not exist"})
		} else {
			s.hostDocument(o, builtin, dir+"/modules.builtin", 8<<20, nil)
		}
		return nil
	},
}
