package procfs

import (
	"bytes"
	"strconv"
)

// Status is the part of /proc/PID/status that is kept (proc_pid_status(5)). What the file does not have, because the
// kernel is older or the process has no memory of its own, is nil or empty.
type Status struct {
	UID         *int64 // effective
	NSPID       *int64 // its id in its own pid namespace
	RSS, Swap   *int64 // bytes
	Seccomp     *int64 // 0 off, 1 strict, 2 filter
	NoNewPrivs  *bool
	CoreDumping *bool
	CapEff      string // hex
	SigCgt      string // hex: signals that it has a handler for
}

// ParseStatus reads /proc/PID/status. The kernel escapes newlines in the name, so lines are what they seem.
func ParseStatus(text []byte) Status {
	var s Status
	for line := range bytes.Lines(text) {
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || !wanted(key) {
			continue
		}
		f := bytes.Fields(value)
		if len(f) == 0 {
			continue
		}
		switch string(key) {
		case "Uid": // real, effective, saved, of the file system
			if len(f) > 1 {
				s.UID = number(f[1])
			}
		case "NSpid": // from the namespace of this procfs inwards
			s.NSPID = number(f[len(f)-1])
		case "VmRSS":
			s.RSS = kilobytes(f)
		case "VmSwap":
			s.Swap = kilobytes(f)
		case "Seccomp":
			s.Seccomp = number(f[0])
		case "NoNewPrivs":
			s.NoNewPrivs = flag(f[0])
		case "CoreDumping":
			s.CoreDumping = flag(f[0])
		case "CapEff":
			s.CapEff = mask(f[0])
		case "SigCgt":
			s.SigCgt = mask(f[0])
		}
	}
	return s
}

// wanted reports whether the line of that key is kept.
func wanted(key []byte) bool {
	switch string(key) {
	case "Uid", "NSpid", "VmRSS", "VmSwap", "Seccomp", "NoNewPrivs", "CoreDumping", "CapEff", "SigCgt":
		return true
	}
	return false
}

func number(b []byte) *int64 {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// kilobytes is a figure such as 2612 kB, in bytes.
func kilobytes(f [][]byte) *int64 {
	n := number(f[0])
	if n == nil || *n < 0 || *n > 1<<52 || len(f) < 2 || string(f[1]) != "kB" {
		return nil
	}
	*n <<= 10
	return n
}

func flag(b []byte) *bool {
	if n := number(b); n != nil {
		return new(*n != 0)
	}
	return nil
}

// mask is a set of bits in hex, empty for what is none.
func mask(b []byte) string {
	if len(b) > 32 || len(bytes.Trim(b, "0123456789abcdef")) > 0 {
		return ""
	}
	return string(b)
}
