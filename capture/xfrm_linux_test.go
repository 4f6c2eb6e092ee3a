package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// canaryKey is what no bundle may hold: of the length of Docker's keys, 128 bits and a salt of 32.
var canaryKey = []byte("C4n4ry-K3y!of-IPs3c_")

// xfrmStateMessage is struct xfrm_usersa_info of an association as Docker makes it, and attributes.
func xfrmStateMessage(src, dst string, spi uint32, pairs ...any) []byte {
	b := make([]byte, xfrmStateSize)
	copy(b[56:], ip(dst).AsSlice())
	binary.BigEndian.PutUint32(b[72:], spi)
	b[76] = 50 // esp
	copy(b[80:], ip(src).AsSlice())
	for at := 96; at < 128; at += 8 {
		binary.NativeEndian.PutUint64(b[at:], 1<<64-1) // no bounds
	}
	binary.NativeEndian.PutUint64(b[160:], 1400)
	binary.NativeEndian.PutUint64(b[168:], 10)
	binary.NativeEndian.PutUint64(b[176:], 1_700_000_000)
	binary.NativeEndian.PutUint64(b[184:], 1_700_000_060)
	binary.NativeEndian.PutUint32(b[192:], 1)
	binary.NativeEndian.PutUint32(b[196:], 2)
	binary.NativeEndian.PutUint32(b[200:], 3)
	binary.NativeEndian.PutUint32(b[208:], 13681891)
	binary.NativeEndian.PutUint16(b[212:], 2)
	b[216] = 0x80 | 1
	return append(b, tlv(pairs...)...)
}

// algOf is struct xfrm_algo, or xfrm_algo_auth and xfrm_algo_aead with a second length.
func algOf(name string, key []byte, more ...uint32) []byte {
	b := make([]byte, xfrmAlgNameSize)
	copy(b, name)
	b = binary.NativeEndian.AppendUint32(b, uint32(8*len(key)))
	for _, v := range more {
		b = binary.NativeEndian.AppendUint32(b, v)
	}
	return append(b, key...)
}

func n32x2(a, b uint32) []byte { return append(n32(a), n32(b)...) }

func TestDecodeXfrmState(t *testing.T) {
	hash := func(role, alg string) string {
		return keyHasher{ip("10.0.0.1"), ip("10.0.0.2"), 0x1234, 50}.hash(role, alg, canaryKey)
	}
	base := schema.XfrmState{
		Src: ip("10.0.0.1"), Dst: ip("10.0.0.2"), Proto: "esp", SPI: 0x1234, Reqid: 13681891, Mode: "transport", Family: "ipv4", Flags: "noecn,esn",
		Added: time.Unix(1_700_000_000, 0).UTC(), FirstUse: time.Unix(1_700_000_060, 0).UTC(), Bytes: 1400, Packets: 10,
		ReplayWindowErrors: 1, ReplayErrors: 2, IntegrityErrors: 3,
	}
	for _, c := range []struct {
		name  string
		pairs []any
		want  func(*schema.XfrmState)
	}{
		{"as Docker makes it", []any{xfrmaAlgAEAD, algOf("rfc4106(gcm(aes))", canaryKey, 64), xfrmaMark, n32x2(0xd0c4e3, 0xffffffff),
			xfrmaReplayVal, append(n32(5), n32x2(6, 0)...), xfrmaLastused, n64(1_700_000_100), xfrmaPad, []byte{}},
			func(s *schema.XfrmState) {
				s.AEADAlg, s.AEADKeyBits, s.AEADICVBits, s.AEADKeyHash = "rfc4106(gcm(aes))", 160, 64, hash("aead", "rfc4106(gcm(aes))")
				s.Mark, s.MarkMask = new(int64(0xd0c4e3)), new(int64(0xffffffff))
				s.Oseq, s.Seq, s.LastUse = 5, 6, time.Unix(1_700_000_100, 0).UTC()
			}},
		{"two keys, through NAT, on hardware", []any{xfrmaAlgAuth, algOf("hmac(sha256)", canaryKey), xfrmaAlgAuthTrunc, algOf("hmac(sha256)", canaryKey, 128),
			xfrmaAlgCrypt, algOf("cbc(aes)", canaryKey), xfrmaAlgComp, algOf("deflate", nil),
			xfrmaEncap, append(append(n16(2), b16(4500)...), append(b16(4501), make([]byte, 18)...)...),
			xfrmaReplayESNVal, slices.Concat(n32(4), n32(9), n32(8), n32(1), n32(0), n32(32), make([]byte, 16)),
			xfrmaSetMark, n32(7), xfrmaIfID, n32(42), xfrmaSADir, []byte{2}, xfrmaOffloadDev, append(n32(3), 2, 0, 0, 0)},
			func(s *schema.XfrmState) {
				s.AuthAlg, s.AuthKeyBits, s.AuthTruncBits, s.AuthKeyHash = "hmac(sha256)", 160, 128, hash("auth", "hmac(sha256)")
				s.CryptAlg, s.CryptKeyBits, s.CryptKeyHash = "cbc(aes)", 160, hash("crypt", "cbc(aes)")
				s.CompAlg, s.Encap, s.Oseq, s.Seq, s.ReplayWindow = "deflate", "espinudp 4500>4501", 1<<32|9, 8, 32
				s.OutputMark, s.IfID, s.Direction, s.Offload = new(int64(7)), new(int64(42)), "out", "if3 inbound"
			}},
		{"a key that the kernel hides, one without a key, one cut short", []any{xfrmaAlgAEAD, algOf("rfc4106(gcm(aes))", make([]byte, 20), 128), xfrmaAlgCrypt, algOf("ecb(cipher_null)", nil),
			xfrmaAlgAuth, algOf("hmac(md5)", canaryKey)[:80]},
			func(s *schema.XfrmState) {
				s.AEADAlg, s.AEADKeyBits, s.AEADICVBits, s.CryptAlg = "rfc4106(gcm(aes))", 160, 128, "ecb(cipher_null)"
				s.AuthAlg, s.AuthKeyBits = "hmac(md5)", 160
			}},
		{"a key in an attribute of a kernel of tomorrow", []any{77, algOf("postquantum", canaryKey, 0), 1077, canaryKey},
			func(s *schema.XfrmState) { s.Extra = "77:92 1077:20" }},
		{"a key in the place of a name", []any{xfrmaAlgCrypt, algOf("\x01"+string(canaryKey), nil)}, func(*schema.XfrmState) {}},
	} {
		got, err := decodeXfrmState(xfrmStateMessage("10.0.0.1", "10.0.0.2", 0x1234, c.pairs...))
		want := base
		c.want(&want)
		if err != nil || !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, rowText(got), err, rowText(want))
		}
		if where := findKey([]byte(rowText(got)), canaryKey); where != "" {
			t.Errorf("%s: the key is in it, %s: %s", c.name, where, rowText(got))
		}
	}
	if _, err := decodeXfrmState(make([]byte, xfrmStateSize-1)); err == nil {
		t.Error("half an association is no error")
	}
}

func TestDecodeXfrmPolicy(t *testing.T) {
	b := make([]byte, xfrmPolicySize)
	copy(b, ip("10.0.0.2").AsSlice())
	copy(b[16:], ip("10.0.0.1").AsSlice())
	copy(b[32:], []byte{0x12, 0xb5, 0xff, 0xff}) // dport 4789
	binary.NativeEndian.PutUint16(b[40:], 2)
	b[42], b[43], b[44] = 32, 32, 17
	binary.NativeEndian.PutUint64(b[136:], 1_700_000_000)
	binary.NativeEndian.PutUint32(b[156:], 9)
	b[160], b[162] = 1, 2
	tmpl := make([]byte, xfrmTmplSize)
	copy(tmpl, ip("10.0.0.2").AsSlice())
	binary.BigEndian.PutUint32(tmpl[16:], 0x1234)
	tmpl[20], tmpl[24] = 50, 2
	copy(tmpl[28:], ip("10.0.0.1").AsSlice())
	binary.NativeEndian.PutUint32(tmpl[44:], 13681891)
	second := slices.Clone(tmpl)
	second[20], second[48], second[50] = 51, 1, 1
	got, err := decodeXfrmPolicy(append(b, tlv(xfrmaTmpl, append(tmpl, second...), xfrmaPolicyType, []byte{0, 0, 0, 0, 0, 0}, xfrmaMark, n32x2(0xd0c4e3, 0xffffffff), 77, canaryKey)...))
	want := &schema.XfrmPolicy{
		Direction: "out", Index: 9, Action: "allow", Type: "main", Flags: "icmp", Family: "ipv4", Selector: "10.0.0.1/32>10.0.0.2/32 udp 0>4789",
		Mark: new(int64(0xd0c4e3)), MarkMask: new(int64(0xffffffff)), Src: ip("10.0.0.1"), Dst: ip("10.0.0.2"), Proto: "esp", SPI: 0x1234, Reqid: 13681891,
		Mode: "transport", Templates: 2, MoreTemplates: "ah 10.0.0.1>10.0.0.2 spi 4660 reqid 13681891 tunnel optional",
		Added: time.Unix(1_700_000_000, 0).UTC(), Extra: "77:20",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %s, %v\nwant %s", rowText(got), err, rowText(want))
	}
	if n, err := countXfrmPolicies(append(n32(0), tlv(1, slices.Concat(n32(1), n32(2), n32(3), n32(4), n32(5), n32(6)), 2, n32(9))...)); n != 21 || err != nil {
		t.Errorf("%d policies, %v", n, err)
	}
	if n, err := countXfrmStates(append(n32(0), tlv(1, n32(5), 2, n32x2(8, 9))...)); n != 5 || err != nil {
		t.Errorf("%d associations, %v", n, err)
	}
}

// FuzzXfrm feeds answers that no kernel sends, with a key wherever a key can be: it must not come out.
func FuzzXfrm(f *testing.F) {
	f.Add(uint16(xfrmaAlgAEAD), algOf("rfc4106(gcm(aes))", nil, 64), []byte{})
	f.Add(uint16(xfrmaAlgAuthTrunc), algOf("hmac(sha256)", nil, 128), tlv(xfrmaMark, n32x2(1, 2)))
	f.Add(uint16(77), []byte{}, tlv(xfrmaEncap, make([]byte, 24)))
	f.Add(uint16(xfrmaTmpl), make([]byte, xfrmTmplSize), tlv(xfrmaReplayESNVal, make([]byte, 40)))
	f.Fuzz(func(t *testing.T, typ uint16, before, rest []byte) {
		if len(before)+len(canaryKey) > 60000 {
			return
		}
		more := append(tlv(int(typ), append(slices.Clone(before), canaryKey...)), rest...)
		// A marker, an address or a port may be any four bytes of it; what is longer may not.
		if st, err := decodeXfrmState(append(xfrmStateMessage("10.0.0.1", "10.0.0.2", 1), more...)); err == nil {
			if where := findKey([]byte(rowText(st)), canaryKey); where != "" {
				t.Errorf("the key came out, %s: %s", where, rowText(st))
			}
		}
		_, _ = decodeXfrmPolicy(append(make([]byte, xfrmPolicySize), more...))
		_, _ = countXfrmStates(rest)
		_, _ = countXfrmPolicies(rest)
	})
}

// findKey looks for a key in b, as it is, in hexadecimal and in base64 at any offset, and backwards by bytes and by words
// of four; it says in which way it found it.
func findKey(b, key []byte) string {
	back := slices.Clone(key)
	slices.Reverse(back)
	words := slices.Clone(key)
	for i := 0; i+4 <= len(words); i += 4 {
		slices.Reverse(words[i : i+4])
	}
	lower := bytes.ToLower(b)
	for way, k := range map[string][]byte{"": key, "backwards ": back, "by words ": words} {
		// A piece counts, too.
		for at := 0; at+8 <= len(k); at += 4 {
			piece := k[at : at+8]
			if bytes.Contains(b, piece) {
				return way + "as it is"
			}
			if bytes.Contains(lower, []byte(hex.EncodeToString(piece))) {
				return way + "in hexadecimal"
			}
		}
		for shift := range 3 {
			for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				// What stands before it decides on the first digits, what follows on the last.
				text := enc.EncodeToString(append(make([]byte, shift), k...))
				if bytes.Contains(b, []byte(text[4:len(text)-4])) {
					return way + "in base64"
				}
			}
		}
	}
	return ""
}

// findKey finds what it looks for.
func TestFindKey(t *testing.T) {
	for _, text := range []string{
		"x" + string(canaryKey) + "y", "x" + hex.EncodeToString(canaryKey), strings.ToUpper(hex.EncodeToString(canaryKey[4:])),
		base64.StdEncoding.EncodeToString(append([]byte("ab"), canaryKey...)), base64.StdEncoding.EncodeToString(append([]byte("a"), canaryKey...)),
		string(canaryKey[8:16]),
	} {
		if findKey([]byte(text), canaryKey) == "" {
			t.Errorf("not found in %q", text)
		}
	}
	if where := findKey([]byte("nothing of it is here, nor in 0123456789abcdef"), canaryKey); where != "" {
		t.Errorf("found %s where it is not", where)
	}
}
