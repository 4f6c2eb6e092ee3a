package capture

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// Attributes XFRMA_* (linux/xfrm.h).
const (
	xfrmaAlgAuth      = 1
	xfrmaAlgCrypt     = 2
	xfrmaAlgComp      = 3
	xfrmaEncap        = 4
	xfrmaTmpl         = 5
	xfrmaReplayVal    = 10
	xfrmaReplayThresh = 11
	xfrmaEtimerThresh = 12
	xfrmaLastused     = 15
	xfrmaPolicyType   = 16
	xfrmaAlgAEAD      = 18
	xfrmaAlgAuthTrunc = 20
	xfrmaMark         = 21
	xfrmaReplayESNVal = 23
	xfrmaPad          = 27
	xfrmaOffloadDev   = 28
	xfrmaSetMark      = 29
	xfrmaIfID         = 31
	xfrmaSADir        = 33
)

// Sizes of structs, and where what is read stands in them; the same on all 64-bit machines.
const (
	xfrmSelectorSize = 56  // struct xfrm_selector
	xfrmStateSize    = 224 // struct xfrm_usersa_info
	xfrmPolicySize   = 168 // struct xfrm_userpolicy_info
	xfrmTmplSize     = 64  // struct xfrm_user_tmpl
	xfrmAlgNameSize  = 64
)

var xfrmProtos = map[int64]string{50: "esp", 51: "ah", 108: "comp", 43: "route2", 60: "hao", 0: "any"}

var xfrmModes = map[int64]string{0: "transport", 1: "tunnel", 2: "ro", 3: "in_trigger", 4: "beet", 5: "iptfs"}

var xfrmStateFlags = []string{"noecn", "decap-dscp", "nopmtudisc", "wildrecv", "icmp", "af-unspec", "align4", "esn"}

var xfrmDirs = map[int64]string{0: "in", 1: "out", 2: "fwd", 3: "socket_in", 4: "socket_out", 5: "socket_fwd"}

var ipFamilies = map[int64]string{unix.AF_INET: "ipv4", unix.AF_INET6: "ipv6"}

// decodeXfrmState decodes the answer to XFRM_MSG_GETSA: struct xfrm_usersa_info and attributes.
//
// Only what is named here leaves b. Attributes that are not known are named by number and length, without what is in
// them: a kernel of tomorrow may send a key in one.
func decodeXfrmState(b []byte) (*schema.XfrmState, error) {
	if len(b) < xfrmStateSize {
		return nil, errShort("XFRM_MSG_NEWSA", len(b))
	}
	family := u16(b[212:])
	st := &schema.XfrmState{
		Dst: xfrmAddr(b[56:], family), SPI: be32(b[72:]), Proto: word(u8(b[76:]), xfrmProtos), Src: xfrmAddr(b[80:], family),
		SoftBytes: finite(b[96:]), HardBytes: finite(b[104:]), SoftPackets: finite(b[112:]), HardPackets: finite(b[120:]),
		SoftS: u64(b[128:]), HardS: u64(b[136:]), SoftUseS: u64(b[144:]), HardUseS: u64(b[152:]),
		Bytes: u64(b[160:]), Packets: u64(b[168:]), Added: unixTime(u64(b[176:])), FirstUse: unixTime(u64(b[184:])),
		ReplayWindowErrors: u32(b[192:]), ReplayErrors: u32(b[196:]), IntegrityErrors: u32(b[200:]),
		Reqid: u32(b[208:]), Family: word(family, ipFamilies), Mode: word(u8(b[214:]), xfrmModes), ReplayWindow: u8(b[215:]),
		Flags: bits(uint64(u8(b[216:])), xfrmStateFlags),
	}
	if sel := b[:xfrmSelectorSize]; !anySelector(sel) {
		st.Selector = xfrmSelector(sel, family)
	}
	h := keyHasher{st.Src, st.Dst, st.SPI, u8(b[76:])}
	var unknown []string
	truncated := false // XFRMA_ALG_AUTH_TRUNC came, and says all that XFRMA_ALG_AUTH does and more
	err := attrs(b[xfrmStateSize:], func(typ uint16, v []byte) {
		switch typ {
		case xfrmaAlgAuth: // struct xfrm_algo
			if !truncated {
				st.AuthAlg, st.AuthKeyBits, st.AuthKeyHash = h.alg("auth", v, 68)
			}
		case xfrmaAlgAuthTrunc: // struct xfrm_algo_auth
			truncated = true
			st.AuthAlg, st.AuthKeyBits, st.AuthKeyHash = h.alg("auth", v, 72)
			if len(v) >= 72 {
				st.AuthTruncBits = u32(v[68:])
			}
		case xfrmaAlgCrypt:
			st.CryptAlg, st.CryptKeyBits, st.CryptKeyHash = h.alg("crypt", v, 68)
		case xfrmaAlgAEAD: // struct xfrm_algo_aead
			st.AEADAlg, st.AEADKeyBits, st.AEADKeyHash = h.alg("aead", v, 72)
			if len(v) >= 72 {
				st.AEADICVBits = u32(v[68:])
			}
		case xfrmaAlgComp:
			st.CompAlg = algName(v)
		case xfrmaEncap:
			if len(v) >= 6 {
				st.Encap = fmt.Sprintf("%s %d>%d", word(u16(v), map[int64]string{1: "espinudp-nonike", 2: "espinudp", 7: "espintcp"}), be16(v[2:]), be16(v[4:]))
			}
		case xfrmaReplayVal: // struct xfrm_replay_state
			if len(v) >= 8 && st.Oseq == 0 && st.Seq == 0 {
				st.Oseq, st.Seq = u32(v), u32(v[4:])
			}
		case xfrmaReplayESNVal: // struct xfrm_replay_state_esn
			if len(v) >= 24 {
				st.Oseq, st.Seq, st.ReplayWindow = u32(v[12:])<<32|u32(v[4:]), u32(v[16:])<<32|u32(v[8:]), u32(v[20:])
			}
		case xfrmaLastused:
			st.LastUse = unixTime(u64(v))
		case xfrmaMark:
			st.Mark, st.MarkMask = xfrmMark(v)
		case xfrmaSetMark:
			st.OutputMark = new(u32(v))
		case xfrmaIfID:
			st.IfID = new(u32(v))
		case xfrmaSADir:
			st.Direction = word(u8(v), map[int64]string{1: "in", 2: "out"})
		case xfrmaOffloadDev: // struct xfrm_user_offload
			if len(v) >= 5 {
				st.Offload = fmt.Sprintf("if%d %s", s32(v), bits(uint64(v[4]), []string{"ipv6", "inbound", "packet"}))
			}
		case xfrmaReplayThresh, xfrmaEtimerThresh, xfrmaPad: // when the kernel tells a key daemon; nothing
		default:
			unknown = append(unknown, fmt.Sprintf("%d:%d", typ, len(v)))
		}
	})
	st.Extra = strings.Join(unknown, " ")
	return st, err
}

// decodeXfrmPolicy decodes the answer to XFRM_MSG_GETPOLICY: struct xfrm_userpolicy_info and attributes.
func decodeXfrmPolicy(b []byte) (*schema.XfrmPolicy, error) {
	if len(b) < xfrmPolicySize {
		return nil, errShort("XFRM_MSG_NEWPOLICY", len(b))
	}
	family := u16(b[40:]) // of the selector
	p := &schema.XfrmPolicy{
		Selector: xfrmSelector(b[:xfrmSelectorSize], family), Family: word(family, ipFamilies),
		Added: unixTime(u64(b[136:])), LastUse: unixTime(u64(b[144:])), Priority: u32(b[152:]), Index: u32(b[156:]),
		Direction: word(u8(b[160:]), xfrmDirs), Action: word(u8(b[161:]), map[int64]string{0: "allow", 1: "block"}),
		Flags: bits(uint64(u8(b[162:])), []string{"localok", "icmp"}), Type: "main",
	}
	var unknown []string
	err := attrs(b[xfrmPolicySize:], func(typ uint16, v []byte) {
		switch typ {
		case xfrmaTmpl:
			var more []string
			for ; len(v) >= xfrmTmplSize; v = v[xfrmTmplSize:] {
				if p.Templates++; p.Templates == 1 {
					t := decodeXfrmTemplate(v)
					p.Src, p.Dst, p.Proto, p.SPI, p.Reqid, p.Mode, p.Optional = t.src, t.dst, t.proto, t.spi, t.reqid, t.mode, t.optional
				} else {
					more = append(more, decodeXfrmTemplate(v).String())
				}
			}
			p.MoreTemplates = strings.Join(more, "; ")
		case xfrmaPolicyType:
			p.Type = word(u8(v), map[int64]string{0: "main", 1: "sub"})
		case xfrmaMark:
			p.Mark, p.MarkMask = xfrmMark(v)
		case xfrmaIfID:
			p.IfID = new(u32(v))
		case xfrmaPad:
		default:
			unknown = append(unknown, fmt.Sprintf("%d:%d", typ, len(v)))
		}
	})
	p.Extra = strings.Join(unknown, " ")
	return p, err
}

// xfrmTemplate is struct xfrm_user_tmpl: what a policy asks of an association.
type xfrmTemplate struct {
	src, dst    netip.Addr
	proto, mode string
	spi, reqid  int64
	optional    bool
}

func decodeXfrmTemplate(b []byte) xfrmTemplate {
	family := u16(b[24:])
	return xfrmTemplate{
		dst: xfrmAddr(b, family), spi: be32(b[16:]), proto: word(u8(b[20:]), xfrmProtos), src: xfrmAddr(b[28:], family),
		reqid: u32(b[44:]), mode: word(u8(b[48:]), xfrmModes), optional: b[50] != 0,
	}
}

func (t xfrmTemplate) String() string {
	s := fmt.Sprintf("%s %s>%s spi %d reqid %d %s", t.proto, addrText(t.src), addrText(t.dst), t.spi, t.reqid, t.mode)
	if t.optional {
		s += " optional"
	}
	return s
}

// countXfrmStates reads XFRMA_SAD_CNT behind the flags of XFRM_MSG_NEWSADINFO.
func countXfrmStates(b []byte) (n int64, err error) {
	if len(b) < 4 {
		return 0, errShort("XFRM_MSG_NEWSADINFO", len(b))
	}
	err = attrs(b[4:], func(typ uint16, v []byte) {
		if typ == 1 {
			n = u32(v)
		}
	})
	return n, err
}

// countXfrmPolicies reads XFRMA_SPD_INFO behind the flags of XFRM_MSG_NEWSPDINFO: struct xfrmu_spdinfo, policies in, out,
// forward, and those of sockets.
func countXfrmPolicies(b []byte) (n int64, err error) {
	if len(b) < 4 {
		return 0, errShort("XFRM_MSG_NEWSPDINFO", len(b))
	}
	err = attrs(b[4:], func(typ uint16, v []byte) {
		for ; typ == 1 && len(v) >= 4; v = v[4:] {
			n += u32(v)
		}
	})
	return n, err
}

// xfrmAddr reads xfrm_address_t: 16 bytes, of which IPv4 uses four.
func xfrmAddr(b []byte, family int64) netip.Addr {
	switch family {
	case unix.AF_INET:
		return addr(b[:4])
	case unix.AF_INET6:
		return netip.AddrFrom16([16]byte(b[:16]))
	}
	return netip.Addr{}
}

// anySelector reports whether a struct xfrm_selector is for all traffic.
func anySelector(b []byte) bool {
	return zero(b[:40]) && zero(b[42:45]) && zero(b[48:56])
}

// xfrmSelector writes struct xfrm_selector as 10.0.0.1/32>10.0.0.2/32 udp 0>4789.
func xfrmSelector(b []byte, family int64) string {
	if f := u16(b[40:]); f != 0 {
		family = f
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s/%d>%s/%d", addrText(xfrmAddr(b[16:], family)), b[43], addrText(xfrmAddr(b, family)), b[42])
	if p := u8(b[44:]); p != 0 {
		s.WriteByte(' ')
		s.WriteString(word(p, ctProtoNames))
	}
	if !zero(b[32:40]) {
		fmt.Fprintf(&s, " %s>%s", portMask(b[36:]), portMask(b[32:]))
	}
	if i := s32(b[48:]); i != 0 {
		fmt.Fprintf(&s, " dev if%d", i)
	}
	return s.String()
}

// portMask writes a port and, unless all of its bits count, the mask.
func portMask(b []byte) string {
	port, mask := be16(b), be16(b[2:])
	if mask == 0 || mask == 0xffff {
		return strconv.FormatInt(port, 10)
	}
	return fmt.Sprintf("%d/0x%x", port, mask)
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return "any"
	}
	return a.String()
}

func xfrmMark(v []byte) (mark, mask *int64) {
	if len(v) < 8 {
		return nil, nil
	}
	return new(u32(v)), new(u32(v[4:]))
}

// finite is a bound, nil for XFRM_INF.
func finite(b []byte) *int64 {
	if v := binary.NativeEndian.Uint64(b); v < 1<<63 {
		return new(int64(v))
	}
	return nil
}

// unixTime is a time in seconds, the zero one for 0.
func unixTime(s int64) time.Time {
	if s <= 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
