package capture

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// ethWords is 32-bit words as the kernel lays them out.
func ethWords(list ...uint32) []byte {
	var b []byte
	for _, w := range list {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return b
}

// strings32 is struct ethtool_gstrings.
func strings32(names ...string) []byte {
	b := ethWords(0x1b, 1, uint32(len(names)))
	for _, n := range names {
		b = append(b, append([]byte(n), make([]byte, ethStringLen-len(n))...)...)
	}
	return b
}

func TestDecodeNIC(t *testing.T) {
	drvinfo := append(ethWords(3), make([]byte, drvinfoLen-4)...)
	for at, s := range map[int]string{4: "vmxnet3", 36: "1.7.0.0-k-NAPI", 68: "N/A", 100: "0000:0b:00.0"} {
		copy(drvinfo[at:], s)
	}
	settings := append(ethWords(0x4c, 10_000), 1, 0, 0, 1)
	settings = append(settings, make([]byte, linkSettingLen)...)
	unknown := append(ethWords(0x4c, 0xffffffff), 255, 0, 0, 0)
	unknown = append(unknown, make([]byte, linkSettingLen)...)
	tests := []struct {
		name   string
		decode func(n *schema.NIC)
		want   string
	}{
		{"driver", func(n *schema.NIC) { decodeDrvinfo(drvinfo, n) }, `"driver":"vmxnet3","driver_version":"1.7.0.0-k-NAPI","bus":"0000:0b:00.0"`},
		{"driver, cut", func(n *schema.NIC) { decodeDrvinfo(drvinfo[:70], n) }, `"driver":"vmxnet3","driver_version":"1.7.0.0-k-NAPI"`},
		{"rings", func(n *schema.NIC) { decodeRingParam(ethWords(16, 4096, 0, 2048, 1024, 512, 0, 0, 256), n) }, `"rx_ring":512,"rx_ring_max":4096,"tx_ring":256,"tx_ring_max":1024`},
		{"no rings", func(n *schema.NIC) { decodeRingParam(ethWords(16, 0, 0, 0, 0, 0, 0, 0, 0), n) }, ``},
		{"rings, cut", func(n *schema.NIC) { decodeRingParam(ethWords(16, 4096), n) }, ``},
		{"10 Gbit/s", func(n *schema.NIC) { decodeLinkSettings(settings, n) }, `"speed_mbps":10000,"duplex":"full","autoneg":true`},
		{"unknown speed", func(n *schema.NIC) { decodeLinkSettings(unknown, n) }, `"autoneg":false`},
	}
	for _, test := range tests {
		var n schema.NIC
		test.decode(&n)
		b, _ := json.Marshal(n)
		want := `{"netns":"","ifindex":0,"dev":""`
		if test.want != "" {
			want += "," + test.want
		}
		if string(b) != want+"}" {
			t.Errorf("%s:\n got  %s\n want %s}", test.name, b, want)
		}
	}
}

func TestDecodeFeatures(t *testing.T) {
	names := make([]string, 34)
	names[0], names[1], names[2], names[33] = "tx-scatter-gather", "tx-checksum-ip-generic", "tx-lockless", "rx-gro-list"
	// available, requested, active, never changed
	got := decodeFeatures(ethWords(0x3a, 2, 0b011, 0b011, 0b101, 0b100, 2, 0, 2, 0), names)
	want := []schema.NICFeature{
		{Feature: "tx-scatter-gather", Active: true, Requested: true},
		{Feature: "tx-checksum-ip-generic", Requested: true},
		{Feature: "tx-lockless", Active: true, Fixed: true},
		{Feature: "rx-gro-list", Active: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := decodeFeatures(ethWords(0x3a, 1, 7, 7, 7, 7), names); len(got) != 3 {
		t.Errorf("one block has %d features", len(got))
	}
}

func TestDecodeNICStats(t *testing.T) {
	names := ethStrings(strings32("rx_missed_errors", "", "pps_allowance_exceeded"))
	b := binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(ethWords(0x1d, 3), 5), 6), 1<<40)
	want := []schema.NICStat{{Stat: "rx_missed_errors", Count: 5}, {Stat: "pps_allowance_exceeded", Count: 1 << 40}}
	if got := decodeNICStats(b, names); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := decodeNICStats(b[:17], names); len(got) != 1 {
		t.Errorf("cut behind the first: %+v", got)
	}
}

// FuzzEthtool feeds answers that no kernel gives.
func FuzzEthtool(f *testing.F) {
	f.Add(strings32("rx", "tx"), ethWords(0x1d, 2, 1, 0, 2, 0))
	f.Add(strings32("a"), ethWords(0x3a, 1, 1, 1, 1, 0))
	f.Add([]byte{27, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0}, ethWords(16, 1, 2, 3, 4, 5, 6, 7, 8))
	f.Fuzz(func(t *testing.T, names, b []byte) {
		list := ethStrings(names)
		if len(list) > len(names)/ethStringLen {
			t.Errorf("%d names in %d bytes", len(list), len(names))
		}
		if n := len(decodeFeatures(b, list)); n > len(list) {
			t.Errorf("%d features have %d names", n, len(list))
		}
		if n := len(decodeNICStats(b, list)); n > len(b)/8 {
			t.Errorf("%d counters in %d bytes", n, len(b))
		}
		var nic schema.NIC
		decodeDrvinfo(b, &nic)
		decodeRingParam(b, &nic)
		decodeLinkSettings(b, &nic)
	})
}
