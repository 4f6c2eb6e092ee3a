package procfs

import (
	"bytes"
	"math"
)

// Unlimited stands for RLIM_INFINITY: it is above every figure that a limit is compared with.
const Unlimited = math.MaxInt64

// A Limit is one line of /proc/PID/limits; nil is not known.
type Limit struct{ Soft, Hard *int64 }

// Limits are those that are kept (getrlimit(2)).
type Limits struct{ Files, Processes, Core, Locked Limit }

// ParseLimits reads /proc/PID/limits (fs/proc/base.c: proc_pid_limits).
func ParseLimits(text []byte) Limits {
	var l Limits
	for line := range bytes.Lines(text) {
		for _, k := range []struct {
			name string
			to   *Limit
		}{
			{"Max open files ", &l.Files}, {"Max processes ", &l.Processes}, {"Max core file size ", &l.Core}, {"Max locked memory ", &l.Locked},
		} {
			rest, ok := bytes.CutPrefix(line, []byte(k.name))
			if !ok {
				continue
			}
			if f := bytes.Fields(rest); len(f) >= 2 {
				*k.to = Limit{limit(f[0]), limit(f[1])}
			}
		}
	}
	return l
}

func limit(b []byte) *int64 {
	if string(b) == "unlimited" {
		return new(int64(Unlimited))
	}
	return number(b)
}
