// Package procfs reads the text forms of /proc/PID and of cgroup files: pure functions of bytes, so that they are
// tested everywhere. What a process has chosen itself, its name, its paths, may hold any byte.
package procfs
