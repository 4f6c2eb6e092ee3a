package capture

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// ndmsg is struct ndmsg with attributes behind it.
func ndmsg(family byte, ifindex uint32, state uint16, flags byte, attrs ...[]byte) []byte {
	b := []byte{family, 0, 0, 0}
	b = binary.NativeEndian.AppendUint32(b, ifindex)
	b = binary.NativeEndian.AppendUint16(b, state)
	b = append(b, flags, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

// ifinfomsg is struct ifinfomsg with attributes behind it.
func ifinfomsg(family byte, ifindex, flags uint32, attrs ...[]byte) []byte {
	b := []byte{family, 0, 1, 0}
	b = binary.NativeEndian.AppendUint32(b, ifindex)
	b = binary.NativeEndian.AppendUint32(b, flags)
	b = append(b, 0, 0, 0, 0)
	for _, a := range attrs {
		b = append(b, a...)
	}
	return b
}

func attribute(typ uint16, value []byte) []byte { return appendAttr(nil, typ, value) }

func native32(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

func TestDecodeEvent(t *testing.T) {
	hw := []byte{2, 0x42, 10, 0, 1, 3}
	ip := netip.MustParseAddr("10.0.1.3").AsSlice()
	vtep := netip.MustParseAddr("192.0.2.7").AsSlice()
	route := append([]byte{unix.AF_INET, 24, 0, 0, 254, 3, 0, 1}, native32(0)...)
	route = append(append(append(route, attribute(unix.RTA_DST, []byte{10, 9, 8, 0})...), attribute(unix.RTA_GATEWAY, ip)...), attribute(unix.RTA_OIF, native32(5))...)
	address := append([]byte{unix.AF_INET, 24, 0x80, 0}, native32(5)...)
	address = append(append(address, attribute(unix.IFA_LOCAL, ip)...), attribute(unix.IFA_ADDRESS, ip)...)
	tests := []struct {
		name string
		typ  uint16
		body []byte
		want string // as JSON, without what the monitor adds; empty for no row
	}{
		{"the bridge learns a MAC on a port", unix.RTM_NEWNEIGH,
			ndmsg(unix.AF_BRIDGE, 4, unix.NUD_REACHABLE, 0, attribute(unix.NDA_LLADDR, hw), attribute(unix.NDA_MASTER, native32(2))),
			`"event":"new","object":"fdb","ifindex":4,"mac":"02:42:0a:00:01:03","state":"reachable","self":false,"master":2`},
		{"a VXLAN entry goes", unix.RTM_DELNEIGH,
			ndmsg(unix.AF_BRIDGE, 3, unix.NUD_PERMANENT, unix.NTF_SELF, attribute(unix.NDA_LLADDR, hw), attribute(unix.NDA_DST, vtep)),
			`"event":"del","object":"fdb","ifindex":3,"mac":"02:42:0a:00:01:03","dst":"192.0.2.7","state":"permanent","self":true`},
		{"l3miss", unix.RTM_GETNEIGH,
			ndmsg(unix.AF_INET, 3, unix.NUD_STALE, unix.NTF_SELF, attribute(unix.NDA_DST, ip)),
			`"event":"get","object":"neighbour","ifindex":3,"ip":"10.0.1.3","state":"stale","flags":"self"`},
		{"l2miss", unix.RTM_GETNEIGH,
			ndmsg(unix.AF_BRIDGE, 3, unix.NUD_STALE, unix.NTF_SELF, attribute(unix.NDA_LLADDR, hw)),
			`"event":"get","object":"fdb","ifindex":3,"mac":"02:42:0a:00:01:03","state":"stale","self":true`},
		{"a neighbour fails", unix.RTM_NEWNEIGH,
			ndmsg(unix.AF_INET, 5, unix.NUD_FAILED, 0, attribute(unix.NDA_DST, ip)),
			`"event":"new","object":"neighbour","ifindex":5,"ip":"10.0.1.3","state":"failed"`},
		{"a link goes down", unix.RTM_NEWLINK,
			ifinfomsg(unix.AF_UNSPEC, 5, unix.IFF_BROADCAST, attribute(unix.IFLA_IFNAME, []byte("eth0\x00")), attribute(unix.IFLA_OPERSTATE, []byte{2}), attribute(unix.IFLA_CARRIER, []byte{0}), attribute(unix.IFLA_MTU, native32(1450))),
			`"event":"new","object":"link","ifindex":5,"dev":"eth0","state":"down","flags":"broadcast","mtu":1450,"carrier":false`},
		{"a link leaves its bridge", unix.RTM_DELLINK,
			ifinfomsg(unix.AF_BRIDGE, 5, 0, attribute(unix.IFLA_IFNAME, []byte("veth0\x00")), attribute(unix.IFLA_MASTER, native32(2)), attribute(unix.IFLA_PROTINFO, attribute(unix.IFLA_BRPORT_STATE, []byte{3}))),
			`"event":"del","object":"port","ifindex":5,"dev":"veth0","state":"forwarding","master":2`},
		{"an address", unix.RTM_NEWADDR, address,
			`"event":"new","object":"address","ifindex":5,"ip":"10.0.1.3","flags":"permanent","prefix":"10.0.1.3/24"`},
		{"a route", unix.RTM_DELROUTE, route,
			`"event":"del","object":"route","ifindex":5,"kind":"unicast","prefix":"10.9.8.0/24","gateway":"10.0.1.3","table_id":254,"protocol":"boot"`},
		{"a routing rule, which nobody asked for", unix.RTM_NEWRULE, route, ""},
		{"a neighbour of another family", unix.RTM_NEWNEIGH, ndmsg(unix.AF_PACKET, 1, 2, 0), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rows, err := decodeEvent(test.typ, test.body)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range rows {
				b, _ := json.Marshal(r)
				got += string(b)
			}
			if test.want != "" {
				test.want = `{"netns":"","seq":0,"time":"0001-01-01T00:00:00Z",` + test.want + "}"
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	for _, test := range tests {
		if rows, err := decodeEvent(test.typ, test.body[:3]); err == nil && test.want != "" {
			t.Errorf("%s: 3 bytes of it are %v", test.name, rows)
		}
	}
}

// What is counted for itself is an FDB entry by port and MAC, anything else by its device.
func TestKindOf(t *testing.T) {
	hw := []byte{2, 0x42, 10, 0, 1, 3}
	tests := []struct {
		typ  uint16
		body []byte
		want eventKind
	}{
		{unix.RTM_NEWNEIGH, ndmsg(unix.AF_BRIDGE, 4, 2, 0, attribute(unix.NDA_LLADDR, hw)), eventKind{0, objectFDB, true, [6]byte(hw), 4}},
		{unix.RTM_GETNEIGH, ndmsg(unix.AF_INET6, 4, 2, 0, attribute(unix.NDA_LLADDR, hw)), eventKind{2, objectNeighbour, false, [6]byte{}, 4}},
		{unix.RTM_DELLINK, ifinfomsg(unix.AF_UNSPEC, 9, 0), eventKind{1, objectLink, false, [6]byte{}, 9}},
		{unix.RTM_DELLINK, ifinfomsg(unix.AF_BRIDGE, 9, 0), eventKind{1, objectPort, false, [6]byte{}, 9}},
		{unix.RTM_NEWROUTE, make([]byte, 12), eventKind{object: objectRoute}},
		{unix.RTM_NEWNEIGH, []byte{unix.AF_BRIDGE}, eventKind{object: objectFDB}},
		{unix.RTM_NEWNEIGH, nil, eventKind{object: objectNeighbour}},
		{3, nil, eventKind{event: 3}},
	}
	for i, test := range tests {
		if got := kindOf(test.typ, test.body); got != test.want {
			t.Errorf("%d: got %+v, want %+v", i, got, test.want)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	// As 6.18 sent them: the bridge learns a MAC, a route of a new address, a veth that comes up.
	for typ, text := range map[uint16]string{
		unix.RTM_NEWNEIGH: "070000000300000002000000" + "0a00020002420a000103000008000900020000001400030000000000000000000000000001000000",
		unix.RTM_NEWROUTE: "0a40000004020001000000001400010020010db800000000000000000000000008000400050000000800060000010000",
		unix.RTM_NEWADDR:  "0218800005000000080002000a000103080001000a0001030900030065746830000000000800080080000000",
		unix.RTM_NEWLINK:  "000001000500000043100100000000000a00030065746830000000000800040000da0500",
		unix.RTM_GETNEIGH: "020000000300000004000200080001000a000103",
	} {
		b, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(typ, b)
		f.Add(typ|1, b[:len(b)-1])
	}
	f.Fuzz(func(t *testing.T, typ uint16, b []byte) {
		k := kindOf(typ, b)
		rows, _ := decodeEvent(typ, b)
		for _, r := range rows {
			if r.Object != objectNames[k.object] || r.Event != eventNames[k.event] {
				t.Errorf("%s %s is counted as %s %s", r.Event, r.Object, eventNames[k.event], objectNames[k.object])
			}
		}
	})
}
