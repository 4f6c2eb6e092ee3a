package capture

import (
	"github.com/netmortem/netmortem/schema"
)

// The layouts are those of linux/ethtool.h. A driver's answer is as long as the kernel says; a shorter one is read as far
// as it goes.

const (
	ethStringLen   = 32 // ETH_GSTRING_LEN
	drvinfoLen     = 196
	ringParamLen   = 36
	linkSettingLen = 48 // without the masks of link modes
	modeMaskWords  = 127
)

// decodeDrvinfo reads struct ethtool_drvinfo.
func decodeDrvinfo(b []byte, n *schema.NIC) {
	text := func(at int) string {
		if len(b) < at+ethStringLen {
			return ""
		}
		s := cstring(b[at : at+ethStringLen])
		if s == "N/A" { // what drivers say that have none
			return ""
		}
		return s
	}
	n.Driver, n.DriverVersion, n.Firmware, n.Bus = text(4), text(36), text(68), text(100)
}

// decodeRingParam reads struct ethtool_ringparam: maxima of rx, rx mini, rx jumbo and tx, then the four that are set. A
// maximum of zero is a ring that the device has not.
func decodeRingParam(b []byte, n *schema.NIC) {
	if len(b) < ringParamLen {
		return
	}
	if rx := u32(b[4:]); rx > 0 {
		n.RxRingMax, n.RxRing = new(rx), new(u32(b[20:]))
	}
	if tx := u32(b[16:]); tx > 0 {
		n.TxRingMax, n.TxRing = new(tx), new(u32(b[32:]))
	}
}

// decodeLinkSettings reads struct ethtool_link_settings.
func decodeLinkSettings(b []byte, n *schema.NIC) {
	if len(b) < linkSettingLen {
		return
	}
	if speed := u32(b[4:]); speed != 0xffffffff && speed != 0 { // SPEED_UNKNOWN
		n.SpeedMbps = new(speed)
	}
	n.Duplex = map[byte]string{0: "half", 1: "full"}[b[8]]
	if n.SpeedMbps == nil && n.Duplex == "half" { // drivers that know neither leave both zero
		n.Duplex = ""
	}
	n.Autoneg = new(b[11] != 0)
}

// ethStrings reads the strings of struct ethtool_gstrings.
func ethStrings(b []byte) []string {
	if len(b) < 12 {
		return nil
	}
	b, n := b[12:], u32(b[8:])
	names := make([]string, 0, min(n, int64(len(b)/ethStringLen)))
	for ; n > 0 && len(b) >= ethStringLen; n-- {
		names = append(names, cstring(b[:ethStringLen]))
		b = b[ethStringLen:]
	}
	return names
}

// decodeFeatures reads struct ethtool_gfeatures: for each 32 features four words, available, requested, active and
// never_changed. A feature without a name is none.
func decodeFeatures(b []byte, names []string) []schema.NICFeature {
	if len(b) < 8 {
		return nil
	}
	b, blocks := b[8:], u32(b[4:])
	var out []schema.NICFeature
	for i, name := range names {
		at := i / 32 * 16
		if int64(i/32) >= blocks || len(b) < at+16 {
			break
		}
		bit := func(word int) bool { return u32(b[at+4*word:])>>(i%32)&1 != 0 }
		if name != "" {
			out = append(out, schema.NICFeature{Feature: name, Requested: bit(1), Active: bit(2), Fixed: !bit(0) || bit(3)})
		}
	}
	return out
}

// decodeNICStats reads struct ethtool_stats.
func decodeNICStats(b []byte, names []string) []schema.NICStat {
	if len(b) < 8 {
		return nil
	}
	b, n := b[8:], u32(b[4:])
	var out []schema.NICStat
	for i, name := range names {
		if int64(i) >= n || len(b) < 8*(i+1) {
			break
		}
		if name != "" {
			out = append(out, schema.NICStat{Stat: name, Count: u64(b[8*i:])})
		}
	}
	return out
}
