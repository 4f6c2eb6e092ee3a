package schema

import (
	"net/netip"
	"time"
)

// ConntrackUsage is how full the table of connection tracking is for one namespace (IPCTNL_MSG_CT_GET_STATS, or
// nf_conntrack_count and nf_conntrack_max). The bound is the kernel's, but every namespace has a count of its own to hold
// against it.
type ConntrackUsage struct {
	Netns       string `json:"netns" class:"plain" doc:"namespace"`
	Entries     int64  `json:"entries" class:"plain" counter:"y" doc:"entries of this namespace, first read"`
	MaxEntries  *int64 `json:"max_entries,omitzero" class:"plain" counter:"y" doc:"nf_conntrack_max: new connections beyond it are dropped"`
	EntriesLast *int64 `json:"entries_last,omitzero" class:"plain" counter:"y" doc:"entries, last read"`
	Seen        string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// ConntrackCount is how many tracked connections are alike: all entries of a namespace are in exactly one row.
//
// The destinations with the most entries have rows of their own; what is left of a protocol and state is one row without
// addresses, which says in others how many it stands for. A destination that is among the biggest in one read only has
// been seen in that read only.
type ConntrackCount struct {
	Netns       string     `json:"netns" class:"plain" doc:"namespace"`
	Zone        int64      `json:"zone,omitzero" class:"plain" doc:"conntrack zone"`
	Family      string     `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Proto       string     `json:"proto" class:"plain" doc:"tcp, udp, icmp, …"`
	State       string     `json:"state,omitzero" class:"plain" doc:"state that the kernel tracks: SYN_SENT, ESTABLISHED, …; absent for protocols without"`
	Unreplied   bool       `json:"unreplied" class:"plain" doc:"no packet has come back"`
	Assured     bool       `json:"assured" class:"plain" doc:"not the first to go when the table is full"`
	Nat         string     `json:"nat,omitzero" class:"plain" doc:"dnat, snat: what the reply tuple shows to be translated, by NAT rules or by IPVS"`
	Dst         netip.Addr `json:"dst,omitzero" class:"addr" doc:"destination of the original direction; absent in the row of all others"`
	DPort       int64      `json:"dport,omitzero" class:"plain" doc:"port there"`
	ReplySrc    netip.Addr `json:"reply_src,omitzero" class:"addr" doc:"where DNAT or IPVS sends it: who replies; absent where it is dst"`
	ReplySport  int64      `json:"reply_sport,omitzero" class:"plain" doc:"port there"`
	ReplyDst    netip.Addr `json:"reply_dst,omitzero" class:"addr" doc:"address that SNAT gave it: all that share it towards one destination share its ports; absent without SNAT"`
	Others      int64      `json:"others,omitzero" class:"plain" counter:"y" doc:"destinations summed in this row; their number if it is at most 32768, else at least that"`
	Entries     int64      `json:"entries" class:"plain" counter:"y" doc:"entries, first read"`
	EntriesLast *int64     `json:"entries_last,omitzero" class:"plain" counter:"y" doc:"entries, last read"`
	Seen        string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
}

// ConntrackEntry is one tracked connection. Not every one is here: see kept.
type ConntrackEntry struct {
	Netns            string     `json:"netns" class:"plain" doc:"namespace"`
	Kept             string     `json:"kept_for" class:"plain" counter:"y" doc:"why it is here: udp, unreplied or nat, of which all are kept unless coverage says truncated; sample for some of the rest"`
	Zone             int64      `json:"zone,omitzero" class:"plain" doc:"conntrack zone"`
	ZoneDir          string     `json:"zone_dir,omitzero" class:"plain" doc:"orig or reply: the only direction that the zone is of"`
	Family           string     `json:"family" class:"plain" doc:"ipv4 or ipv6"`
	Proto            string     `json:"proto" class:"plain" doc:"tcp, udp, icmp, …"`
	Src              netip.Addr `json:"src" class:"addr" doc:"original direction: source"`
	Sport            int64      `json:"sport,omitzero" class:"plain" doc:"original direction: source port"`
	Dst              netip.Addr `json:"dst" class:"addr" doc:"original direction: destination, that is the VIP or the published address"`
	DPort            int64      `json:"dport,omitzero" class:"plain" doc:"original direction: destination port"`
	ReplySrc         netip.Addr `json:"reply_src" class:"addr" doc:"reply direction: source, that is where DNAT or IPVS sent it"`
	ReplySport       int64      `json:"reply_sport,omitzero" class:"plain" doc:"reply direction: source port"`
	ReplyDst         netip.Addr `json:"reply_dst" class:"addr" doc:"reply direction: destination, that is the address that SNAT gave it"`
	ReplyDport       int64      `json:"reply_dport,omitzero" class:"plain" doc:"reply direction: destination port"`
	ICMPType         *int64     `json:"icmp_type,omitzero" class:"plain" doc:"type of the ICMP question"`
	ICMPCode         *int64     `json:"icmp_code,omitzero" class:"plain" doc:"code of the ICMP question"`
	ICMPID           *int64     `json:"icmp_id,omitzero" class:"plain" doc:"identifier of the ICMP question"`
	Nat              string     `json:"nat,omitzero" class:"plain" doc:"dnat, snat: what the reply tuple shows to be translated; IPVS does so without the status bits"`
	Mark             int64      `json:"mark,omitzero" class:"plain" doc:"connection mark"`
	Helper           string     `json:"helper,omitzero" class:"plain" counter:"y" doc:"helper that reads along: ftp, tftp, …"`
	CtID             *int64     `json:"ct_id,omitzero" class:"plain" counter:"y" doc:"kernel's number of the entry: one with the same addresses and another number is another entry; not known where the source is the text of procfs"`
	Started          time.Time  `json:"started,omitzero" class:"plain" counter:"y" doc:"when it began, where nf_conntrack_timestamp is on and the source is netlink"`
	State            string     `json:"state,omitzero" class:"plain" counter:"y" doc:"state that the kernel tracks: SYN_SENT, ESTABLISHED, …; absent for protocols without"`
	Status           string     `json:"status,omitzero" class:"plain" counter:"y" doc:"bits IPS_* set: seen_reply, assured, snat, dnat, offload, …; those of NAT are not known where the source is the text of procfs"`
	TimeoutS         *int64     `json:"timeout_s,omitzero" class:"plain" counter:"y" doc:"seconds until it is forgotten"`
	Packets          *int64     `json:"packets,omitzero" class:"plain" counter:"y" doc:"packets of the original direction, where nf_conntrack_acct is on"`
	Bytes            *int64     `json:"bytes,omitzero" class:"plain" counter:"y" doc:"bytes of the original direction"`
	ReplyPackets     *int64     `json:"reply_packets,omitzero" class:"plain" counter:"y" doc:"packets of the reply direction"`
	ReplyBytes       *int64     `json:"reply_bytes,omitzero" class:"plain" counter:"y" doc:"bytes of the reply direction"`
	CtIDLast         *int64     `json:"ct_id_last,omitzero" class:"plain" counter:"y" doc:"kernel's number of the entry, last read"`
	StateLast        string     `json:"state_last,omitzero" class:"plain" counter:"y" doc:"state, last read"`
	TimeoutSLast     *int64     `json:"timeout_s_last,omitzero" class:"plain" counter:"y" doc:"seconds until it is forgotten, last read; as many as before or more: a packet came between"`
	PacketsLast      *int64     `json:"packets_last,omitzero" class:"plain" counter:"y" doc:"packets of the original direction, last read"`
	BytesLast        *int64     `json:"bytes_last,omitzero" class:"plain" counter:"y" doc:"bytes of the original direction, last read"`
	ReplyPacketsLast *int64     `json:"reply_packets_last,omitzero" class:"plain" counter:"y" doc:"packets of the reply direction, last read"`
	ReplyBytesLast   *int64     `json:"reply_bytes_last,omitzero" class:"plain" counter:"y" doc:"bytes of the reply direction, last read"`
	Seen             string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it"`
	Extra            string     `json:"extra,omitzero" class:"plain" counter:"y" doc:"attributes not decoded: space separated type=hex"`
}

// ConntrackStat is what connection tracking counted in one namespace since it was made, all processors together (struct
// ip_conntrack_stat). The kernel counts in 32 bits a processor. A column that this kernel does not print is absent.
type ConntrackStat struct {
	Netns         string `json:"netns" class:"plain" doc:"namespace"`
	Read          string `json:"read" class:"plain" doc:"first or last"`
	CPUs          int64  `json:"cpus" class:"plain" doc:"processors summed"`
	Found         *int64 `json:"found,omitzero" class:"plain" counter:"y" doc:"entries found while looking for a NAT mapping"`
	Invalid       *int64 `json:"invalid,omitzero" class:"plain" counter:"y" doc:"packets that could not be tracked"`
	Ignore        *int64 `json:"ignored,omitzero" class:"plain" counter:"y" doc:"packets that were tracked already (ignore)"`
	Insert        *int64 `json:"inserts,omitzero" class:"plain" counter:"y" doc:"entries inserted (insert)"`
	InsertFailed  *int64 `json:"insert_failed,omitzero" class:"plain" counter:"y" doc:"entries that lost a race against one with the same tuple: their packet was dropped"`
	Drop          *int64 `json:"drops,omitzero" class:"plain" counter:"y" doc:"packets dropped because the table was full or an entry could not be made"`
	EarlyDrop     *int64 `json:"early_drop,omitzero" class:"plain" counter:"y" doc:"entries that had to go to make room in a full table"`
	ICMPError     *int64 `json:"icmp_error,omitzero" class:"plain" counter:"y" doc:"packets that could not be tracked because of an ICMP error"`
	SearchRestart *int64 `json:"search_restart,omitzero" class:"plain" counter:"y" doc:"look-ups that had to start again because the table changed its size"`
	ClashResolve  *int64 `json:"clash_resolve,omitzero" class:"plain" counter:"y" doc:"races for one tuple that did not cost the packet"`
	ChainTooLong  *int64 `json:"chain_too_long,omitzero" class:"plain" counter:"y" doc:"entries refused because their hash chain was too long"`
}
