package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/ipvs"
	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

func n16(v uint16) []byte { return binary.NativeEndian.AppendUint16(nil, v) }
func n32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
func n64(v uint64) []byte { return binary.NativeEndian.AppendUint64(nil, v) }

// tlv builds attributes from pairs of a type and a value.
func tlv(pairs ...any) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		b = appendAttr(b, uint16(pairs[i].(int)), pairs[i+1].([]byte))
	}
	return b
}

// union is union nf_inet_addr.
func union(s string) []byte {
	b := make([]byte, 16)
	copy(b, netip.MustParseAddr(s).AsSlice())
	return b
}

func TestDecodeIPVSService(t *testing.T) {
	stats32 := tlv(1, n32(3), 2, n32(40), 3, n32(30), 4, n64(4000), 5, n64(3000), 6, n32(9))
	stats64 := tlv(1, n64(1<<33), 2, n64(1<<34), 3, n64(7), 4, n64(8), 5, n64(9))
	for _, c := range []struct {
		name string
		in   []byte
		want schema.IPVSService
	}{
		{"by mark, as Docker makes it", tlv(1, n16(2), 5, n32(0x103), 6, []byte("rr\x00"), 7, append(n32(2), n32(0xffffffff)...), 8, n32(0),
			9, n32(0xffffffff), 10, stats32, 12, stats64),
			schema.IPVSService{Family: "ipv4", Fwmark: 0x103, Scheduler: "rr", Flags: "hashed", Netmask: 32, Conns: 1 << 33,
				InPkts: 1 << 34, OutPkts: 7, InBytes: 8, OutBytes: 9}},
		{"32-bit counters of an old kernel", tlv(1, n16(2), 5, n32(256), 6, []byte("rr\x00"), 10, stats32),
			schema.IPVSService{Family: "ipv4", Fwmark: 256, Scheduler: "rr", Conns: 3, InPkts: 40, OutPkts: 30, InBytes: 4000, OutBytes: 3000}},
		{"64-bit counters win whatever comes first", tlv(1, n16(2), 5, n32(256), 12, stats64, 10, stats32),
			schema.IPVSService{Family: "ipv4", Fwmark: 256, Conns: 1 << 33, InPkts: 1 << 34, OutPkts: 7, InBytes: 8, OutBytes: 9}},
		{"by address", tlv(1, n16(2), 2, n16(6), 3, union("192.0.2.1"), 4, []byte{0, 80}, 6, []byte("wrr\x00"), 7, append(n32(1), n32(0xffffffff)...), 8, n32(300), 9, n32(0x00ffffff)),
			schema.IPVSService{Family: "ipv4", Proto: "tcp", Address: netip.MustParseAddr("192.0.2.1"), Port: 80, Scheduler: "wrr",
				Flags: "persistent", TimeoutS: 300, Netmask: 24}},
		{"IPv6, and attributes that are not known", tlv(1, n16(10), 2, n16(17), 3, union("fd00::1"), 4, []byte{0, 53}, 9, n32(128), 11, []byte("sip\x00"), 99, []byte{1}),
			schema.IPVSService{Family: "ipv6", Proto: "udp", Address: netip.MustParseAddr("fd00::1"), Port: 53, Netmask: 128, Extra: "11=73697000 99=01"}},
	} {
		got, err := decodeIPVSService(tlv(1, c.in))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
	}
	if _, err := decodeIPVSService(tlv(1, []byte{200, 0, 1, 0})); err == nil {
		t.Error("a damaged attribute is no error")
	}
}

func TestDecodeIPVSDestination(t *testing.T) {
	svc := &schema.IPVSService{Family: "ipv4", Fwmark: 0x103}
	got, err := decodeIPVSDestination(tlv(2, tlv(1, union("10.20.0.5"), 2, []byte{0, 80}, 3, n32(0x103), 4, n32(0), 5, n32(10), 6, n32(5),
		7, n32(1), 8, n32(2), 9, n32(3), 10, tlv(1, n32(4), 2, n32(5), 3, n32(6)), 11, n16(2), 13, []byte{0}, 14, []byte{0, 0}, 15, []byte{1, 0})), svc)
	want := schema.IPVSDestination{Fwmark: 0x103, Address: netip.MustParseAddr("10.20.0.5"), Port: 80, Forward: "route", UThreshold: 10,
		LThreshold: 5, Active: 1, Inactive: 2, Persistent: 3, Conns: 4, InPkts: 5, OutPkts: 6, Extra: "15=0100"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestCountIPVS(t *testing.T) {
	const head = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
	for text, want := range map[string][2]int{
		"":   {0, 0},
		head: {0, 0},
		head + "FWM  00000103 rr \n  -> 0A140005:0000      Masq    1      0          0         \n  -> 0A140006:0000      Masq    1      0          0         \n": {1, 2},
		head + "TCP  C0A80001:0050 wrr persistent 300 FFFFFFFF\nFWM  00000103 rr \n  -> 0A140005:0000      Masq    1      0          0         \n":               {2, 1},
	} {
		if s, d := countIPVS([]byte(text)); s != want[0] || d != want[1] {
			t.Errorf("%d services and %d destinations, want %v in\n%s", s, d, want, text)
		}
	}
}

// TestIPVSCounted compares what netlink told with a text form of one service with two destinations.
func TestIPVSCounted(t *testing.T) {
	const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
FWM  00000102 rr
  -> 0A140104:0000      Masq    1      0          18
  -> 0A140103:0000      Masq    1      0          18
`
	for _, tt := range []struct {
		services, destinations int
		whole                  bool
	}{
		{1, 2, true},
		{3, 8, true}, // the text, read in pieces, leaves out
		{0, 0, false},
		{1, 1, false},
		{0, 2, false},
	} {
		st := ipvsState{services: make([]schema.IPVSService, tt.services), destinations: make([]schema.IPVSDestination, tt.destinations)}
		var lack *Incomplete
		if err := st.counted([]byte(text)); (err == nil) != tt.whole || err != nil && !errors.As(err, &lack) {
			t.Errorf("%d services with %d destinations: %v", tt.services, tt.destinations, err)
		}
	}
}

// FuzzIPVS feeds answers that no kernel sends. A reader must not panic, and must not find more than it was given.
func FuzzIPVS(f *testing.F) {
	f.Add(tlv(1, tlv(1, n16(2), 5, n32(0x103), 6, []byte("rr\x00"), 10, tlv(1, n32(3)))))
	f.Add(tlv(2, tlv(1, union("10.20.0.5"), 2, []byte{0, 80}, 3, n32(3), 11, n16(2))))
	f.Add(tlv(4, n32(900), 5, n32(120), 6, n32(300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		svc, _ := decodeIPVSService(b)
		d, _ := decodeIPVSDestination(b, &svc)
		if len(svc.Extra)+len(d.Extra) > 40*len(b)+40 {
			t.Errorf("%d bytes became %d", len(b), len(svc.Extra)+len(d.Extra))
		}
		decodeIPVSTimeout(b)
		ipvsServiceKey(&svc)
		genlFamily(b)
		countIPVS(b)
	})
}

// dockerNetns calls f in the host's namespace and in each that Docker has made, on threads of their own.
func dockerNetns(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	mounts, _ := filepath.Glob("/run/docker/netns/*")
	if len(mounts) == 0 || os.Geteuid() != 0 {
		t.Skip("needs root on a host with Docker namespaces")
	}
	for _, mount := range append(mounts, "/proc/1/ns/net") {
		t.Run(filepath.Base(mount), func(t *testing.T) {
			done := make(chan error)
			go func() {
				runtime.LockOSThread()
				fd, err := unix.Open(mount, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err == nil {
					err = unix.Setns(fd, unix.CLONE_NEWNET)
					unix.Close(fd)
				}
				if err == nil {
					f(t)
				}
				done <- err
			}()
			if err := <-done; err != nil {
				t.Skip(err)
			}
		})
	}
}

// TestIntegrationDockerIPTables compares our rows with iptables-legacy-save -c in every namespace of a running Docker.
// Traffic may pass between the two readings, so they get three chances to agree.
func TestIntegrationDockerIPTables(t *testing.T) {
	needTools(t, "iptables-legacy-save")
	dockerNetns(t, func(t *testing.T) {
		names, _ := legacyTables(xtFamilies[0])
		if len(names) == 0 {
			t.Log("no legacy table")
			return
		}
		for try := 3; ; try-- {
			text, err := tool("", "iptables-legacy-save", "-c")
			if err != nil {
				t.Error(err)
				return
			}
			got := collect(iptablesLegacyCollector)
			if got.err != nil {
				t.Error(got.err)
			}
			if ours, theirs := asSaved(got, "ipv4"), saved(text); try == 1 || reflect.DeepEqual(ours, theirs) {
				compareSaved(t, ours, theirs)
				if os.Getenv("UPDATE") != "" { // on a host of the lab, in a directory of its own
					keepBlobs(t, path.Base(t.Name())+".txtar", "ipv4", text)
				}
				break
			}
		}
		if after, _ := legacyTables(xtFamilies[0]); !slices.Equal(after, names) {
			t.Errorf("tables %v became %v", names, after)
		}
	})
}

// TestIntegrationDockerIPVS compares our rows with ipvsadm and with moby/ipvs in every namespace of a running Docker.
func TestIntegrationDockerIPVS(t *testing.T) {
	needTools(t, "ipvsadm")
	if _, err := os.Stat(procIPVS); err != nil {
		t.Skip("needs IPVS")
	}
	dockerNetns(t, func(t *testing.T) {
		got := collect(ipvsCollector)
		if got.err != nil {
			t.Error(got.err)
			return
		}
		services := rowsOf[schema.IPVSService](got.rows["ipvs_service"])
		destinations := rowsOf[schema.IPVSDestination](got.rows["ipvs_destination"])
		text, err := tool("", "ipvsadm", "-ln", "--stats", "--exact")
		if err != nil {
			t.Error(err)
		}
		if ours, theirs := asIPVSAdm(services, destinations), statLines(text); !reflect.DeepEqual(ours, theirs) {
			t.Errorf("\n got %q\nwant %q", ours, theirs)
		}
		h, err := ipvs.New("")
		if err != nil {
			t.Error(err)
			return
		}
		defer h.Close()
		var ours, theirs []string
		list, err := h.GetServices()
		if err != nil {
			t.Error(err)
		}
		for _, svc := range list {
			theirs = append(theirs, fmt.Sprint(svc.FWMark, svc.SchedName))
			dests, err := h.GetDestinations(svc)
			if err != nil {
				t.Error(err)
			}
			for _, d := range dests {
				theirs = append(theirs, fmt.Sprint(svc.FWMark, d.Address, d.Port, d.Weight, d.ConnectionFlags&ipvs.ConnFwdMask, d.ActiveConnections, d.InactiveConnections, d.Stats.Connections))
			}
		}
		for _, s := range services {
			ours = append(ours, fmt.Sprint(s.Fwmark, s.Scheduler))
		}
		for _, d := range destinations {
			forward := map[string]int{"masq": 0, "local": 1, "tunnel": 2, "route": 3, "bypass": 4}[d.Forward]
			ours = append(ours, fmt.Sprint(d.Fwmark, d.Address, d.Port, d.Weight, forward, d.Active, d.Inactive, d.Conns))
		}
		slices.Sort(ours)
		slices.Sort(theirs)
		if !slices.Equal(ours, theirs) {
			t.Errorf("\n got %q\nwant %q", ours, theirs)
		}
		timeouts := rowsOf[schema.IPVSTimeout](collect(ipvsTimeoutCollector).rows["ipvs_timeout"])
		config, err := h.GetConfig()
		if err != nil || len(timeouts) != 1 || float64(timeouts[0].TCP) != config.TimeoutTCP.Seconds() ||
			float64(timeouts[0].TCPFin) != config.TimeoutTCPFin.Seconds() || float64(timeouts[0].UDP) != config.TimeoutUDP.Seconds() {
			t.Errorf("timeouts %+v, want %+v (%v)", timeouts, config, err)
		}
		t.Logf("%d services, %d destinations, timeouts %+v", len(services), len(destinations), timeouts)
	})
}

// statLines are the lines of ipvsadm -ln --stats --exact: their fields, without the head and without the bytes of
// destinations, which rows do not have; sorted.
func statLines(text string) []string {
	var out []string
	service := ""
	for i, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		switch {
		case i < 3 || len(f) == 0:
		case f[0] == "->":
			out = append(out, service+" "+strings.Join(f[1:min(5, len(f))], " "))
		default:
			service = strings.Join(f[:2], " ")
			out = append(out, strings.Join(f, " "))
		}
	}
	slices.Sort(out)
	return out
}

// asIPVSAdm puts services by mark into the same form.
func asIPVSAdm(services []schema.IPVSService, destinations []schema.IPVSDestination) []string {
	var out []string
	for _, s := range services {
		out = append(out, fmt.Sprintf("FWM %d %d %d %d %d %d", s.Fwmark, s.Conns, s.InPkts, s.OutPkts, s.InBytes, s.OutBytes))
	}
	for _, d := range destinations {
		out = append(out, fmt.Sprintf("FWM %d %s %d %d %d", d.Fwmark, netip.AddrPortFrom(d.Address, uint16(d.Port)), d.Conns, d.InPkts, d.OutPkts))
	}
	slices.Sort(out)
	return out
}
