package procfs

import (
	"fmt"
	"strings"
	"testing"
)

// show prints a pointer's value, - for nil.
func show[T any](p *T) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

func TestParseStat(t *testing.T) {
	const rest = " S 1 7 7 0 -1 4194560 1 2 3 4 250 30 5 6 20 0 3 0 4711 8192 9 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n"
	tests := []struct{ name, text, want string }{
		{"plain", "42 (sleep)" + rest, "42 sleep S 1 false 3 250 30 4711"},
		{"blanks", "42 (tmux: server)" + rest, "42 tmux: server S 1 false 3 250 30 4711"},
		{"parentheses and state", "42 (x) Z 9 (y)" + rest, "42 x) Z 9 (y S 1 false 3 250 30 4711"},
		{"newline", "42 (a\nb)" + rest, "42 a\nb S 1 false 3 250 30 4711"},
		{"empty", "42 ()" + rest, "42  S 1 false 3 250 30 4711"},
		{"kernel", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 5 0 0 20 0 1 0 3 0 0", "2 kthreadd S 0 true 1 0 5 3"},
		{"no name", "42 sleep S 1", "no name in parentheses"},
		{"wrong way round", "42 )x( S 1", "no name in parentheses"},
		{"short", "42 (x) S 1 2", "3 fields behind the name"},
		{"no number", strings.Replace("42 (x)"+rest, " 4711 ", " 47x1 ", 1), "field 22"},
		{"no id", "x (x)" + rest, "process id"},
		{"nothing", "", "no name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := ParseStat([]byte(test.text))
			got := fmt.Sprint(s.PID, " ", s.Comm, " ", s.State, " ", s.PPID, " ", s.Kernel, " ", s.Threads, " ", s.UTime, " ", s.STime, " ", s.Start)
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, test.want) || err == nil && got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"container", "Name:\tsh\nState:\tS (sleeping)\nUid:\t1000\t0\t1000\t1000\nNSpid:\t4711\t7\t1\nVmRSS:\t     123 kB\nVmSwap:\t       0 kB\n" +
			"CoreDumping:\t1\nSigCgt:\t0000000000014002\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n",
			"uid 0 nspid 1 rss 125952 swap 0 seccomp 2 nnp false core true eff 00000000a80425fb cgt 0000000000014002"},
		{"zombie", "Name:\tsh\nUid:\t0\t33\t0\t0\n", "uid 33 nspid - rss - swap - seccomp - nnp - core - eff  cgt "},
		{"name with a key", "Name:\tx\\nUid: 1 2 3\nUid:\t5\t6\t7\t8\n", "uid 6 nspid - rss - swap - seccomp - nnp - core - eff  cgt "},
		{"garbage", "Uid:\tx\ty\nVmRSS: -1 kB\nVmSwap: 3 MB\nCapEff: zz\nSeccomp:\nNSpid:\t\n:\n", "uid - nspid - rss - swap - seccomp - nnp - core - eff  cgt "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := ParseStatus([]byte(test.text))
			got := fmt.Sprintf("uid %s nspid %s rss %s swap %s seccomp %s nnp %s core %s eff %s cgt %s", show(s.UID), show(s.NSPID), show(s.RSS),
				show(s.Swap), show(s.Seccomp), show(s.NoNewPrivs), show(s.CoreDumping), s.CapEff, s.SigCgt)
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	l := ParseLimits([]byte(`Limit                     Soft Limit           Hard Limit           Units     
Max core file size        0                    unlimited            bytes     
Max processes             4656                 4657                 processes 
Max open files            1024                 524288               files     
Max locked memory         garbage              8388608              bytes     
Max open files
`))
	got := fmt.Sprint(show(l.Core.Soft), show(l.Core.Hard), " ", show(l.Processes.Soft), show(l.Processes.Hard), " ", show(l.Files.Soft), show(l.Files.Hard), " ", show(l.Locked.Soft), show(l.Locked.Hard))
	if want := "09223372036854775807 46564657 1024524288 -8388608"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseMapping(t *testing.T) {
	tests := []struct{ line, want string }{
		{"7f1-7f2 r-xp 00001000 fe:01 4711                       /usr/lib/libc.so.6\n", "7f1-7f2 fe:01 4711 /usr/lib/libc.so.6 false true"},
		{"7f1-7f2 r--p 00000000 00:2e 12 /lib/ld-musl-x86_64.so.1 (deleted)\n", "7f1-7f2 00:2e 12 /lib/ld-musl-x86_64.so.1 true false"},
		{`7f1-7f2 r--p 00000000 00:2e 12   /a b/x\012y`, "7f1-7f2 00:2e 12 /a b/x\ny false false"},
		{"7f1-7f2 rw-p 00000000 00:00 0 \n", "no"},
		{"7f1-7f2 rw-p 00000000 00:00 0                          [heap]\n", "no"},
		{"7f1-7f2 rw-s 00000000 00:05 99                         socket:[99]\n", "no"},
		{"../etc-7f2 r--p 0 00:2e 12 /x\n", "no"},
		{"7f1 r--p 0 00:2e 12 /x\n", "no"},
		{"", "no"},
	}
	for _, test := range tests {
		m, ok := ParseMapping([]byte(test.line))
		got := "no"
		if ok {
			got = fmt.Sprint(m.Range, " ", m.Dev, " ", m.Inode, " ", m.Path, " ", m.Deleted, " ", m.Exec)
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.line, got, test.want)
		}
	}
}

func TestPathOf(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"version 2", "0::/system.slice/docker.service\n", "/system.slice/docker.service"},
		{"root", "0::/\n", "/"},
		{"version 1", "9:name=systemd:/system.slice/x\n5:devices:/\n4:memory:/docker/abc\n0::/\n", "/docker/abc"},
		{"several controllers", "9:name=systemd:/a\n4:hugetlb,memory:/b\n", "/b"},
		{"hybrid", "4:memory:/docker/abc\n0::/system.slice/y\n", "/system.slice/y"},
		{"systemd only", "5:devices:/\n1:name=systemd:/user.slice\n", "/user.slice"},
		{"removed", "0::/docker/abc (deleted)\n", "/docker/abc"},
		{"colons", "0::/a:b:c\n", "/a:b:c"},
		{"nothing", "garbage\n\n", ""},
	}
	for _, test := range tests {
		if got := PathOf(ParseCgroups([]byte(test.text))); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestParseFigures(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"value", "286720\n", "=286720"},
		{"unlimited", "max\n", "=max"},
		{"list", "0-3,8\n", "=0-3,8"},
		{"flat", "low 0\noom_kill 2\n", "low=0 oom_kill=2"},
		{"pressure", "some avg10=0.12 avg60=1.50 total=99\nfull avg10=0.00 total=3\n", "some.avg10=0.12 some.avg60=1.5 some.total=99 full.avg10=0 full.total=3"},
		{"io", "8:0 rbytes=1 wbytes=2\n253:0 \n", "8:0.rbytes=1 8:0.wbytes=2 =253:0"},
		{"negative", "-1\n", "=-1"},
		{"what strconv would take", "Inf\nnan 0x10\nx 1_0\ny 1e5\n", "=Inf nan=0x10 x=1_0 y=1e5"},
		{"empty", "\n", ""},
	}
	for _, test := range tests {
		var got []string
		for _, f := range ParseFigures([]byte(test.text)) {
			if f.Number != nil {
				got = append(got, f.Key+"="+show(f.Number))
			} else {
				got = append(got, f.Key+"="+f.Text)
			}
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: got %q, want %q", test.name, s, test.want)
		}
	}
	if f := ParseCPUMax([]byte("max 100000\n")); len(f) != 2 || f[0].Key != "quota" || f[0].Text != "max" || f[1].Key != "period" || *f[1].Number != 100000 {
		t.Errorf("cpu.max: %+v", f)
	}
	if f := ParseCPUMax([]byte("max")); f != nil {
		t.Errorf("half a cpu.max: %+v", f)
	}
}

// FuzzParse wants from every parser no panic, and that what it says of a name is in the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"42 (x) Z 9 (y) S 1 7 7 0 -1 4194560 1 2 3 4 250 30 5 6 20 0 3 0 4711 8192 9\n",
		"42 (a\nb)\n) R 1 7 7 0 -1 4194560 1 2 3 4 250 30 5 6 20 0 3 0 4711 8192 9\n",
		"Name:\tsh\nUid:\t1000\t0\nNSpid:\t4711\t1\nVmRSS:\t 123 kB\nCapEff:\t00ff\n",
		"Max open files            1024                 unlimited            files\n",
		"7f1-7f2 r-xp 00001000 fe:01 4711   /usr/lib/libc.so.6 (deleted)\n",
		"4:memory:/docker/abc\n0::/../x (deleted)\n", "some avg10=0.12 total=99\nmax 100000\n8:0 rbytes=1\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := ParseStat(text); err == nil && (!strings.Contains(string(text), "("+s.Comm+")") || len(s.State) != 1) {
			t.Errorf("stat: %+v", s)
		}
		ParseStatus(text)
		ParseLimits(text)
		if m, ok := ParseMapping(text); ok && (!isRange(m.Range) || !strings.HasPrefix(m.Path, "/") || m.Inode == 0) {
			t.Errorf("maps: %+v", m)
		}
		for _, c := range ParseCgroups(text) {
			if !strings.HasPrefix(c.Path, "/") {
				t.Errorf("cgroup: %+v", c)
			}
		}
		PathOf(ParseCgroups(text))
		for _, x := range append(ParseFigures(text), ParseCPUMax(text)...) {
			if (x.Number == nil) == (x.Text == "") && x.Number != nil {
				t.Errorf("figure: %+v", x)
			}
		}
	})
}
