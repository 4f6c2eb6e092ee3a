package schema

import (
	"net/netip"
	"time"
)

// XfrmState is one IPsec security association (XFRM_MSG_GETSA). Keys are not captured. A hash of a key is that of the key
// under its association's own addresses, SPI and protocol, so two hosts that share an association have the same one if
// they have the same key, and nothing else can be told from it.
type XfrmState struct {
	Netns                string     `json:"netns" class:"plain" doc:"namespace"`
	Src                  netip.Addr `json:"src" class:"addr" doc:"outer source"`
	Dst                  netip.Addr `json:"dst" class:"addr" doc:"outer destination"`
	Proto                string     `json:"proto" class:"plain" doc:"esp, ah, comp, route2 or hao"`
	SPI                  int64      `json:"spi" class:"plain" doc:"security parameter index; ip xfrm shows it in hexadecimal and decimal"`
	Reqid                int64      `json:"reqid,omitzero" class:"plain" doc:"request id, which ties it to policies; 13681891 is Docker's"`
	Mode                 string     `json:"mode" class:"plain" doc:"transport, tunnel, beet, …"`
	Family               string     `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Flags                string     `json:"flags,omitzero" class:"plain" doc:"bits XFRM_STATE_*: noecn, decap-dscp, nopmtudisc, wildrecv, icmp, af-unspec, align4, esn"`
	Direction            string     `json:"direction,omitzero" class:"plain" doc:"in or out, where the kernel keeps it (6.10)"`
	Mark                 *int64     `json:"mark,omitzero" class:"plain" doc:"packets with this mark only"`
	MarkMask             *int64     `json:"mark_mask,omitzero" class:"plain" doc:"bits of the mark that count"`
	OutputMark           *int64     `json:"output_mark,omitzero" class:"plain" doc:"mark given to what it made"`
	IfID                 *int64     `json:"if_id,omitzero" class:"plain" doc:"xfrm interface that it belongs to"`
	AuthAlg              string     `json:"auth_alg,omitzero" class:"plain" doc:"authentication: hmac(sha256), …"`
	AuthKeyBits          int64      `json:"auth_key_bits,omitzero" class:"plain" doc:"length of its key"`
	AuthTruncBits        int64      `json:"auth_trunc_bits,omitzero" class:"plain" doc:"length of the authenticator"`
	AuthKeyHash          string     `json:"auth_key_hash,omitzero" class:"plain" doc:"hash of its key, 16 bytes in hex; absent when the kernel shows none"`
	CryptAlg             string     `json:"crypt_alg,omitzero" class:"plain" doc:"encryption: cbc(aes), …"`
	CryptKeyBits         int64      `json:"crypt_key_bits,omitzero" class:"plain" doc:"length of its key"`
	CryptKeyHash         string     `json:"crypt_key_hash,omitzero" class:"plain" doc:"hash of its key, as auth_key_hash"`
	AEADAlg              string     `json:"aead_alg,omitzero" class:"plain" doc:"encryption with authentication: rfc4106(gcm(aes)) is Docker's"`
	AEADKeyBits          int64      `json:"aead_key_bits,omitzero" class:"plain" doc:"length of its key with the salt"`
	AEADICVBits          int64      `json:"aead_icv_bits,omitzero" class:"plain" doc:"length of the check value"`
	AEADKeyHash          string     `json:"aead_key_hash,omitzero" class:"plain" doc:"hash of its key with the salt, as auth_key_hash"`
	CompAlg              string     `json:"comp_alg,omitzero" class:"plain" doc:"compression: deflate, …"`
	Encap                string     `json:"encap,omitzero" class:"plain" doc:"espinudp, espinudp-nonike or espintcp, with its ports: espinudp 4500>4500"`
	Selector             string     `json:"selector,omitzero" class:"addr" doc:"inner traffic that it is for: 10.0.0.1/32>10.0.0.2/32 udp 0>4789; absent for all"`
	ReplayWindow         int64      `json:"replay_window,omitzero" class:"plain" doc:"packets that may be late"`
	Offload              string     `json:"offload,omitzero" class:"plain" doc:"link and flags of hardware that does it"`
	SoftBytes            *int64     `json:"soft_bytes,omitzero" class:"plain" doc:"bytes after which it asks to be replaced; absent for no bound"`
	HardBytes            *int64     `json:"hard_bytes,omitzero" class:"plain" doc:"bytes after which it dies"`
	SoftPackets          *int64     `json:"soft_packets,omitzero" class:"plain" doc:"packets after which it asks to be replaced"`
	HardPackets          *int64     `json:"hard_packets,omitzero" class:"plain" doc:"packets after which it dies"`
	SoftS                int64      `json:"soft_s,omitzero" class:"plain" doc:"seconds after which it asks to be replaced; absent for never"`
	HardS                int64      `json:"hard_s,omitzero" class:"plain" doc:"seconds after which it dies"`
	SoftUseS             int64      `json:"soft_use_s,omitzero" class:"plain" doc:"seconds after its first use after which it asks to be replaced"`
	HardUseS             int64      `json:"hard_use_s,omitzero" class:"plain" doc:"seconds after its first use after which it dies"`
	Added                time.Time  `json:"added,omitzero" class:"plain" doc:"when it was made"`
	FirstUse             time.Time  `json:"first_use,omitzero" class:"plain" counter:"y" doc:"when it first had a packet; absent if never"`
	LastUse              time.Time  `json:"last_use,omitzero" class:"plain" counter:"y" doc:"when it last had a packet, where the kernel tells"`
	Bytes                int64      `json:"bytes" class:"plain" counter:"y" doc:"bytes through it, first read"`
	Packets              int64      `json:"packets" class:"plain" counter:"y" doc:"packets through it, first read"`
	Seq                  int64      `json:"seq,omitzero" class:"plain" counter:"y" doc:"highest sequence number received"`
	Oseq                 int64      `json:"oseq,omitzero" class:"plain" counter:"y" doc:"last sequence number sent"`
	ReplayErrors         int64      `json:"replay_errors,omitzero" class:"plain" counter:"y" doc:"packets refused as replayed, first read"`
	ReplayWindowErrors   int64      `json:"replay_window_errors,omitzero" class:"plain" counter:"y" doc:"packets refused as too late for the window, first read"`
	IntegrityErrors      int64      `json:"integrity_errors,omitzero" class:"plain" counter:"y" doc:"packets whose check failed: another key, or damage, first read"`
	BytesLast            *int64     `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"bytes, last read"`
	PacketsLast          *int64     `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"packets, last read"`
	ReplayErrorsLast     *int64     `json:"replay_errors_last,omitzero" class:"plain" counter:"y" doc:"packets refused as replayed, last read"`
	ReplayWindowErrsLast *int64     `json:"replay_window_errors_last,omitzero" class:"plain" counter:"y" doc:"packets refused as too late, last read"`
	IntegrityErrorsLast  *int64     `json:"integrity_errors_last,omitzero" class:"plain" counter:"y" doc:"packets whose check failed, last read"`
	Seen                 string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra                string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded, by number and length only: one of them may be a key"`
}

// XfrmPolicy is one IPsec policy (XFRM_MSG_GETPOLICY). Policies hold no keys.
type XfrmPolicy struct {
	Netns         string     `json:"netns" class:"plain" doc:"namespace"`
	Direction     string     `json:"direction" class:"plain" doc:"in, out or fwd; socket_in and socket_out for those of one socket"`
	Index         int64      `json:"policy_index" class:"plain" doc:"kernel's number of the policy"`
	Priority      int64      `json:"priority" class:"plain" doc:"lower ones go first"`
	Action        string     `json:"action" class:"plain" doc:"allow or block"`
	Type          string     `json:"type" class:"plain" doc:"main or sub"`
	Flags         string     `json:"flags,omitzero" class:"plain" doc:"localok, icmp"`
	Family        string     `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Selector      string     `json:"selector" class:"addr" doc:"traffic that it is for: 10.0.0.1/32>10.0.0.2/32 udp 0>4789; port 0 is any"`
	Mark          *int64     `json:"mark,omitzero" class:"plain" doc:"packets with this mark only; 13681891 is Docker's"`
	MarkMask      *int64     `json:"mark_mask,omitzero" class:"plain" doc:"bits of the mark that count"`
	IfID          *int64     `json:"if_id,omitzero" class:"plain" doc:"xfrm interface that it belongs to"`
	Src           netip.Addr `json:"src,omitzero" class:"addr" doc:"first template: outer source"`
	Dst           netip.Addr `json:"dst,omitzero" class:"addr" doc:"first template: outer destination"`
	Proto         string     `json:"proto,omitzero" class:"plain" doc:"first template: esp, ah, comp"`
	SPI           int64      `json:"spi,omitzero" class:"plain" doc:"first template: SPI of the only association that may be used; 0 leaves it open"`
	Reqid         int64      `json:"reqid,omitzero" class:"plain" doc:"first template: request id of the associations that may be used"`
	Mode          string     `json:"mode,omitzero" class:"plain" doc:"first template: transport or tunnel"`
	Optional      bool       `json:"optional,omitzero" class:"plain" doc:"first template: go in clear without an association"`
	Templates     int64      `json:"templates" class:"plain" doc:"how many templates it has; without any an allowing policy leaves traffic alone"`
	MoreTemplates string     `json:"more_templates,omitzero" class:"addr" doc:"other templates: esp 10.0.0.1>10.0.0.2 spi 1 reqid 2 tunnel, separated by semicolons"`
	Added         time.Time  `json:"added,omitzero" class:"plain" doc:"when it was made"`
	LastUse       time.Time  `json:"last_use,omitzero" class:"plain" counter:"y" doc:"when it last had a packet; absent if never"`
	Seen          string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra         string     `json:"extra,omitzero" class:"plain" doc:"attributes not decoded, by number and length only"`
}

// XfrmStat is one error counter of IPsec in one namespace (/proc/net/xfrm_stat).
type XfrmStat struct {
	Netns   string `json:"netns" class:"plain" doc:"namespace"`
	Read    string `json:"read" class:"plain" doc:"first or last"`
	Counter string `json:"counter" class:"plain" doc:"name of the counter: XfrmInNoStates, XfrmInStateProtoError, …"`
	Packets int64  `json:"packets" class:"plain" counter:"y" doc:"packets, or attempts to send one, since the namespace was made"`
}
