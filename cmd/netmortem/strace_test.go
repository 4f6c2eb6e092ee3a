package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A trace is what strace -f wrote of one capture: its lines, with calls that were interrupted by others put together.
type trace struct {
	output string // base name of the bundle
	pid    string // of the process
	fds    map[string]string
	meek   map[string]bool // threads that have given their privileges away
	wrong  []string
	calls  map[string]int
}

// mayCall are the system calls that a capture may make at all. Whoever needs another one adds it here, and says below
// what of it changes something.
var mayCall = strings.Fields(`
	read pread64 readv openat openat2 close close_range readlink readlinkat stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2
	getdents64 lseek dup dup3 fcntl flock pipe2 poll ppoll select epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2
	socket bind connect getsockname getpeername getsockopt setsockopt sendto sendmsg recvfrom recvmsg recvmmsg shutdown
	write pwrite64 writev fsync renameat renameat2 rename unlinkat unlink setns uname sysinfo adjtimex clock_adjtime clock_gettime clock_getres gettimeofday time
	getpid gettid getppid getuid geteuid getgid getegid getrandom getrusage getcpu getpriority setpriority ioprio_set ioprio_get prlimit64 getrlimit
	sched_getaffinity sched_yield nanosleep clock_nanosleep futex restart_syscall timerfd_create timerfd_settime timer_create timer_settime timer_delete setitimer
	mmap munmap mprotect madvise brk mincore prctl arch_prctl rseq set_tid_address set_robust_list
	rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack tgkill rt_sigtimedwait
	clone clone3 execve exit exit_group ioctl capget capset inotify_init1 syslog`)

var (
	traceLine  = regexp.MustCompile(`^(\d+) +(.*)$`)
	traceCall  = regexp.MustCompile(`^([a-z_0-9]+)\((.*)$`)
	unfinished = regexp.MustCompile(`^(.*) <unfinished \.\.\.>$`)
	resumed    = regexp.MustCompile(`^<\.\.\. ([a-z_0-9]+) resumed>(.*)$`)
	firstArg   = regexp.MustCompile(`^(-?\d+)`)
	resultFD   = regexp.MustCompile(`\) += (\d+)`)
	sockArgs   = regexp.MustCompile(`^(AF_\w+), [^,]*, (\w+)`)
	nlmsgType  = regexp.MustCompile(`nlmsg_type=([^,/ ]+)`)
	nlmsgBody  = regexp.MustCompile(`nlmsg_pid=\d+\}, "\\x([0-9a-f]{2})`)
	writing    = regexp.MustCompile(`O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)`)
)

// readTrace looks at a whole trace. output is the name of the bundle that was written, empty for standard output.
func readTrace(text, output string) *trace {
	t := &trace{output: output, fds: map[string]string{}, meek: map[string]bool{}, calls: map[string]int{}}
	begun := map[string]string{}
	for line := range strings.Lines(text) {
		m := traceLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		pid, rest := m[1], m[2]
		if t.pid == "" {
			t.pid = pid
		}
		if u := unfinished.FindStringSubmatch(rest); u != nil {
			begun[pid] = u[1]
			continue
		}
		if r := resumed.FindStringSubmatch(rest); r != nil {
			rest = begun[pid] + r[2]
			delete(begun, pid)
		}
		if c := traceCall.FindStringSubmatch(rest); c != nil {
			t.call(pid, c[1], c[2], rest)
		}
	}
	for pid, rest := range begun { // calls that never came back
		if c := traceCall.FindStringSubmatch(rest); c != nil {
			t.call(pid, c[1], c[2], rest)
		}
	}
	return t
}

// call judges one system call.
func (t *trace) call(thread, name, args, line string) {
	t.calls[name]++
	bad := func(why string) { t.wrong = append(t.wrong, why+": "+line) }
	if !slices.Contains(mayCall, name) {
		bad("a call that no capture makes")
		return
	}
	failed := strings.Contains(args, ") = -1 ")
	switch name {
	case "execve":
		if t.calls[name] > 1 {
			bad("starts a program")
		}
	case "clone", "clone3":
		if !strings.Contains(args, "CLONE_THREAD") {
			bad("starts a process")
		}
	case "tgkill":
		if !strings.HasPrefix(args, t.pid+",") {
			bad("signals another process")
		}
	case "openat", "openat2":
		if writing.MatchString(args) && !t.ours(args) && !strings.Contains(args, `"/dev/null"`) {
			bad("opens a file for writing")
		}
	case "renameat", "renameat2", "rename", "unlinkat", "unlink":
		if !t.ours(args) {
			bad("changes a name")
		}
	case "setns":
		if !strings.Contains(args, "CLONE_NEWNET") && !strings.Contains(args, "CLONE_NEWUTS") {
			bad("enters something else than a network or UTS namespace")
		}
	case "adjtimex", "clock_adjtime":
		if !strings.Contains(args, "modes=0,") {
			bad("sets the clock")
		}
	case "prlimit64":
		if f := strings.SplitN(args, ", ", 4); len(f) < 3 || f[0] != "0" && f[0] != t.pid {
			bad("sets limits of another process")
		}
	case "capset":
		if !strings.Contains(args, "effective=0, permitted=0") {
			bad("gives itself privileges")
		}
		t.meek[thread] = !failed
	case "ioctl":
		if strings.Contains(args, ", SIOCETHTOOL, ") && t.meek[thread] {
			return // the kernel lets it ask and set nothing: ethtool's setters need CAP_NET_ADMIN
		}
		if !regexp.MustCompile(`^\d+(?:<[^>]*>)?, (?:TCGETS|TIOCGWINSZ|NS_GET_\w+|_IOC\(_IOC_NONE, 0xb7, 0x[1-6], 0\)|FIONREAD)`).MatchString(args) {
			bad("an ioctl that may do something")
		}
	case "syslog":
		if !regexp.MustCompile(`^(?:SYSLOG_ACTION_READ_ALL|SYSLOG_ACTION_SIZE_BUFFER|SYSLOG_ACTION_SIZE_UNREAD|3|9|10)\b`).MatchString(args) {
			bad("changes or eats the kernel's log")
		}
	case "socket":
		if fd := resultFD.FindStringSubmatch(args); fd != nil {
			m := sockArgs.FindStringSubmatch(args)
			if m == nil {
				bad("a socket that is not understood")
				return
			}
			t.fds[fd[1]] = m[1] + " " + m[2]
		}
	case "bind":
		if !strings.Contains(args, "sa_family=AF_NETLINK") && !failed {
			bad("binds a socket to an address")
		}
	case "setsockopt":
		if f := strings.SplitN(args, ", ", 3); len(f) < 3 || f[1] != "SOL_SOCKET" && f[1] != "SOL_NETLINK" {
			bad("sets an option that is not a socket's own")
		}
	case "sendto", "sendmsg":
		fd := firstArg.FindString(args)
		if protocol, is := strings.CutPrefix(t.fds[fd], "AF_NETLINK "); is {
			if why := netlinkOnlyAsks(protocol, args); why != "" {
				bad(why)
			}
		} else if t.fds[fd] == "" {
			bad("sends through a socket whose making was not seen")
		}
	}
}

// ours reports whether every name in the arguments is the bundle's.
func (t *trace) ours(args string) bool {
	names := regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(args, -1)
	for _, n := range names {
		base := filepath.Base(n[1])
		if t.output == "" || base != t.output && base != t.output+".partial" {
			return false
		}
	}
	return len(names) > 0
}

// netlinkOnlyAsks says what a message does that is not to ask; empty when it asks.
func netlinkOnlyAsks(protocol, args string) string {
	m := nlmsgType.FindStringSubmatch(args)
	if m == nil {
		return "a netlink message that is not understood"
	}
	name := m[1]
	n, err := strconv.ParseInt(name, 0, 32)
	named := err != nil
	body := int64(-1)
	if b := nlmsgBody.FindStringSubmatch(args); b != nil {
		body, _ = strconv.ParseInt(b[1], 16, 32)
	}
	ok := false
	switch protocol {
	case "NETLINK_ROUTE": // linux/rtnetlink.h: types come in fours, NEW, DEL, GET, SET, from 16 on
		ok = named && strings.HasPrefix(name, "RTM_GET") || !named && n >= 16 && n%4 == 2
	case "NETLINK_NETFILTER": // subsystem << 8 | message, linux/netfilter/nfnetlink.h
		subsystem, message := n>>8, n&0xff
		switch {
		case named:
			ok = regexp.MustCompile(`\|(?:NFT_MSG_GET\w+|IPCTNL_MSG_CT_GET(?:_STATS\w*|_DYING|_UNCONFIRMED)?|IPCTNL_MSG_EXP_GET\w*|IPSET_CMD_(?:LIST|HEADER|PROTOCOL))$`).MatchString(name)
		case subsystem == 10: // NFNL_SUBSYS_NFTABLES: TABLE, CHAIN, RULE, SET, SETELEM, GEN, OBJ, FLOWTABLE
			ok = slices.Contains([]int64{1, 4, 7, 10, 13, 16, 19, 23}, message)
		case subsystem == 1: // NFNL_SUBSYS_CTNETLINK: GET, GET_STATS_CPU, GET_STATS, GET_DYING, GET_UNCONFIRMED; GET_CTRZERO resets
			ok = slices.Contains([]int64{1, 4, 5, 6, 7}, message)
		case subsystem == 6: // NFNL_SUBSYS_IPSET: PROTOCOL, LIST, HEADER
			ok = slices.Contains([]int64{1, 7, 12}, message)
		}
	case "NETLINK_GENERIC":
		switch {
		case name == "nlctrl" || n == 16:
			ok = body == 3 && strings.Contains(args, "NLM_F_DUMP") || strings.Contains(args, "CTRL_CMD_GETFAMILY") && strings.Contains(args, "NLM_F_DUMP") ||
				body == 3 && strings.Contains(args, "0x300")
		default: // IPVS: GET_SERVICE, GET_DEST, GET_DAEMON, GET_CONFIG, GET_INFO; or a family whose GETs have such numbers
			ok = slices.Contains([]int64{4, 8, 11, 13, 15}, body)
		}
	case "NETLINK_SOCK_DIAG", "NETLINK_INET_DIAG":
		ok = name == "SOCK_DIAG_BY_FAMILY" || name == "TCPDIAG_GETSOCK" || n == 20 || n == 18
	case "NETLINK_XFRM": // GETSA, GETPOLICY, GETAE, GETSADINFO, GETSPDINFO, GETDEFAULT
		ok = named && strings.HasPrefix(name, "XFRM_MSG_GET") || slices.Contains([]int64{18, 21, 31, 35, 37, 40}, n)
	}
	if !ok {
		return "a netlink message that does not just ask, on " + protocol
	}
	return ""
}

// The reader of traces notices what no capture may do, and lets pass what it does.
func TestReadTraceNotices(t *testing.T) {
	const begin = `10 execve("/n", ["n"], 0x7ffe /* 3 vars */) = 0` + "\n"
	for _, test := range []struct{ lines, want string }{
		{`10 read(3, "x", 4096) = 1`, ""},
		{`11 execve("/sbin/modprobe", ["modprobe"], 0x1) = 0`, "starts a program"},
		{`10 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|CLONE_SETTLS) = 11`, ""},
		{`10 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 11`, "starts a process"},
		{`10 vfork() = 11`, "no capture makes"},
		{`10 mount("a", "/b", "tmpfs", 0, "") = 0`, "no capture makes"},
		{`10 kill(1, SIGTERM) = 0`, "no capture makes"},
		{`11 tgkill(10, 11, SIGURG) = 0`, ""},
		{`11 tgkill(9, 9, SIGURG) = 0`, "another process"},
		{`10 openat(AT_FDCWD, "/out/x.tgz.partial", O_WRONLY|O_CREAT|O_EXCL, 0600) = 7`, ""},
		{`10 openat(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", O_RDWR) = 7`, "for writing"},
		{"10 openat(AT_FDCWD, \"/tmp/y\", O_WRONLY <unfinished ...>\n11 read(1, \"\", 1) = 0\n10 <... openat resumed>|O_CREAT, 0600) = 7", "for writing"},
		{`10 renameat2(AT_FDCWD, "x.tgz.partial", AT_FDCWD, "x.tgz", RENAME_NOREPLACE) = 0`, ""},
		{`10 renameat2(AT_FDCWD, "x.tgz.partial", AT_FDCWD, "/etc/passwd", 0) = 0`, "changes a name"},
		{`10 unlinkat(AT_FDCWD, "/etc/passwd", 0) = 0`, "changes a name"},
		{`10 setns(8, CLONE_NEWNS) = 0`, "something else"},
		{`10 adjtimex({modes=ADJ_OFFSET, offset=0}) = 0`, "sets the clock"},
		{`10 ioctl(3, SIOCSIFFLAGS, {ifr_name="eth0"}) = 0`, "ioctl"},
		{`10 ioctl(2, TCGETS, 0x75) = -1 ENOTTY (Inappropriate ioctl for device)`, ""},
		{`10 ioctl(3, SIOCETHTOOL, 0x1) = 0`, "ioctl"},
		{"11 capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=0, permitted=0, inheritable=0}) = 0\n11 ioctl(3, SIOCETHTOOL, 0x1) = 0", ""},
		{"11 capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=0, permitted=0, inheritable=0}) = 0\n10 ioctl(3, SIOCETHTOOL, 0x1) = 0", "ioctl"},
		{"10 capset({version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_NET_ADMIN, permitted=0, inheritable=0}) = 0", "privileges"},
		{`10 syslog(SYSLOG_ACTION_CLEAR, NULL, 0) = 0`, "kernel's log"},
		{`10 setsockopt(3, SOL_IP, IPT_SO_SET_REPLACE, "", 1) = 0`, "not a socket's own"},
		{`10 bind(3, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0`, "binds"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3\n10 sendto(3, [{nlmsg_len=28, nlmsg_type=RTM_GETNEIGH, nlmsg_flags=1}], 28) = 28", ""},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3\n10 sendto(3, [{nlmsg_len=28, nlmsg_type=0x1e /* NLMSG_??? */, nlmsg_flags=1}], 28) = 28", ""},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3\n10 sendto(3, [{nlmsg_len=28, nlmsg_type=0x1d /* NLMSG_??? */, nlmsg_flags=1}], 28) = 28", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3\n10 sendto(3, [{nlmsg_len=28, nlmsg_type=RTM_NEWNEIGH, nlmsg_flags=1}], 28) = 28", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) = 3\n10 sendto(3, [{nlmsg_type=NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_GETTABLE, nlmsg_flags=1}], 20) = 20", ""},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) = 3\n10 sendto(3, [{nlmsg_type=0xa02 /* NLMSG_??? */, nlmsg_flags=1}], 20) = 20", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) = 3\n10 sendto(3, [{nlmsg_type=0x103 /* NLMSG_??? */, nlmsg_flags=1}], 20) = 20", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG) = 3\n10 sendto(3, [{nlmsg_type=SOCK_DESTROY, nlmsg_flags=1}], 20) = 20", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM) = 3\n10 sendto(3, [{nlmsg_type=XFRM_MSG_FLUSHSA, nlmsg_flags=1}], 20) = 20", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC) = 3\n10 sendto(3, [{nlmsg_type=nlctrl, nlmsg_flags=NLM_F_REQUEST|0x300, nlmsg_seq=1, nlmsg_pid=0}, \"\\x03\\x01\\x00\\x00\"], 20) = 20", ""},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC) = 3\n10 sendto(3, [{nlmsg_type=nlctrl, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK, nlmsg_seq=1, nlmsg_pid=0}, \"\\x03\\x01\\x00\\x00\"], 20) = 20", "does not just ask"},
		{"10 socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC) = 3\n10 sendto(3, [{nlmsg_type=0x20 /* x */, nlmsg_flags=1, nlmsg_seq=1, nlmsg_pid=0}, \"\\x11\\x01\\x00\\x00\"], 20) = 20", "does not just ask"},
	} {
		got := strings.Join(readTrace(begin+test.lines+"\n", "x.tgz").wrong, "; ")
		if test.want == "" && got != "" || !strings.Contains(got, test.want) {
			t.Errorf("%s:\ngot %q, want %q", test.lines, got, test.want)
		}
	}
}

// TestIntegrationStrace looks at every system call of a whole capture: no program is started, no file but the bundle is
// opened for writing, no name changed, nothing mounted, no process signalled, and no netlink message does more than ask.
func TestIntegrationStrace(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and strace (Debian package strace)")
	}
	program := buildProgram(t, "netmortem-capture", "CGO_ENABLED=0")
	dir := t.TempDir()
	log := filepath.Join(dir, "trace")
	cmd := exec.Command(strace, "-f", "-qq", "-e", "trace=!read,close,nanosleep,futex", "-o", log,
		program, "capture", "-o", filepath.Join(dir, "x.tar.zst"), "--window", "200ms")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState == nil || !slices.Contains([]int{codeOK, codePartial}, cmd.ProcessState.ExitCode()) {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	checkTrace(t, string(text), "x.tar.zst")
}

// checkTrace reports what a trace of a capture holds that it must not.
func checkTrace(t *testing.T, text, output string) {
	t.Helper()
	tr := readTrace(text, output)
	for i, w := range tr.wrong {
		if i == 20 {
			t.Errorf("… and %d more", len(tr.wrong)-i)
			break
		}
		t.Error(w)
	}
	if tr.calls["setns"] == 0 || tr.calls["sendto"] < 5 || tr.calls["openat"] < 50 {
		t.Errorf("that was no capture: %v", tr.calls)
	}
	var sum []string
	for name, n := range tr.calls {
		sum = append(sum, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(sum)
	t.Logf("system calls: %s", strings.Join(sum, ", "))
}
