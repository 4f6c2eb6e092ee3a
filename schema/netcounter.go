package schema

// SNMPCounter is /proc/net/snmp of one namespace: one row a read, a column for each counter that says something of a fault.
// A kernel that has no such counter leaves its column absent; the document has them all. The tag kernel is the counter's
// line and name in the file.
type SNMPCounter struct {
	Netns            string `json:"netns" class:"plain" doc:"namespace"`
	Read             string `json:"read" class:"plain" doc:"first or last of the two reads"`
	IPForwarding     *int64 `json:"ip_forwarding,omitzero" class:"plain" kernel:"Ip Forwarding" doc:"1 forwards, 2 does not"`
	IPInReceives     *int64 `json:"ip_in_receives,omitzero" class:"plain" kernel:"Ip InReceives" doc:"packets received, broken ones included"`
	IPInHdrErrors    *int64 `json:"ip_in_hdr_errors,omitzero" class:"plain" kernel:"Ip InHdrErrors" doc:"dropped for their header: checksum, time to live"`
	IPInAddrErrors   *int64 `json:"ip_in_addr_errors,omitzero" class:"plain" kernel:"Ip InAddrErrors" doc:"dropped for their destination: not ours, and not to be forwarded"`
	IPForwDatagrams  *int64 `json:"ip_forw_datagrams,omitzero" class:"plain" kernel:"Ip ForwDatagrams" doc:"packets forwarded"`
	IPInDiscards     *int64 `json:"ip_in_discards,omitzero" class:"plain" kernel:"Ip InDiscards" doc:"dropped on the way in for lack of memory and the like"`
	IPInDelivers     *int64 `json:"ip_in_delivers,omitzero" class:"plain" kernel:"Ip InDelivers" doc:"packets handed to TCP, UDP, …"`
	IPOutRequests    *int64 `json:"ip_out_requests,omitzero" class:"plain" kernel:"Ip OutRequests" doc:"packets that local programs sent"`
	IPOutDiscards    *int64 `json:"ip_out_discards,omitzero" class:"plain" kernel:"Ip OutDiscards" doc:"dropped on the way out"`
	IPOutNoRoutes    *int64 `json:"ip_out_no_routes,omitzero" class:"plain" kernel:"Ip OutNoRoutes" doc:"dropped for want of a route"`
	IPReasmTimeout   *int64 `json:"ip_reasm_timeout,omitzero" class:"plain" kernel:"Ip ReasmTimeout" doc:"fragmented packets given up: a fragment never came"`
	IPReasmReqds     *int64 `json:"ip_reasm_reqds,omitzero" class:"plain" kernel:"Ip ReasmReqds" doc:"fragments received"`
	IPReasmOKs       *int64 `json:"ip_reasm_oks,omitzero" class:"plain" kernel:"Ip ReasmOKs" doc:"packets put together"`
	IPReasmFails     *int64 `json:"ip_reasm_fails,omitzero" class:"plain" kernel:"Ip ReasmFails" doc:"packets that could not be put together"`
	IPFragOKs        *int64 `json:"ip_frag_oks,omitzero" class:"plain" kernel:"Ip FragOKs" doc:"packets fragmented"`
	IPFragFails      *int64 `json:"ip_frag_fails,omitzero" class:"plain" kernel:"Ip FragFails" doc:"dropped: too big, and not to be fragmented"`
	IPFragCreates    *int64 `json:"ip_frag_creates,omitzero" class:"plain" kernel:"Ip FragCreates" doc:"fragments made"`
	ICMPInMsgs       *int64 `json:"icmp_in_msgs,omitzero" class:"plain" kernel:"Icmp InMsgs" doc:"messages received"`
	ICMPInErrors     *int64 `json:"icmp_in_errors,omitzero" class:"plain" kernel:"Icmp InErrors" doc:"broken messages"`
	ICMPInCsumErrors *int64 `json:"icmp_in_csum_errors,omitzero" class:"plain" kernel:"Icmp InCsumErrors" doc:"messages with a wrong checksum"`
	ICMPInUnreachs   *int64 `json:"icmp_in_dest_unreachs,omitzero" class:"plain" kernel:"Icmp InDestUnreachs" doc:"destination unreachable received; fragmentation needed is one of them"`
	ICMPInTimeExcds  *int64 `json:"icmp_in_time_excds,omitzero" class:"plain" kernel:"Icmp InTimeExcds" doc:"time exceeded received"`
	ICMPInRedirects  *int64 `json:"icmp_in_redirects,omitzero" class:"plain" kernel:"Icmp InRedirects" doc:"redirects received"`
	ICMPOutUnreachs  *int64 `json:"icmp_out_dest_unreachs,omitzero" class:"plain" kernel:"Icmp OutDestUnreachs" doc:"destination unreachable sent"`
	ICMPOutTimeExcds *int64 `json:"icmp_out_time_excds,omitzero" class:"plain" kernel:"Icmp OutTimeExcds" doc:"time exceeded sent"`
	ICMPOutRateHost  *int64 `json:"icmp_out_rate_limit_host,omitzero" class:"plain" kernel:"Icmp OutRateLimitHost" doc:"not sent because of icmp_ratelimit; kernel 6.4 and newer"`
	TCPActiveOpens   *int64 `json:"tcp_active_opens,omitzero" class:"plain" kernel:"Tcp ActiveOpens" doc:"connects tried"`
	TCPPassiveOpens  *int64 `json:"tcp_passive_opens,omitzero" class:"plain" kernel:"Tcp PassiveOpens" doc:"connections accepted by the kernel"`
	TCPAttemptFails  *int64 `json:"tcp_attempt_fails,omitzero" class:"plain" kernel:"Tcp AttemptFails" doc:"connects and handshakes that failed"`
	TCPEstabResets   *int64 `json:"tcp_estab_resets,omitzero" class:"plain" kernel:"Tcp EstabResets" doc:"connections that ended by a reset"`
	TCPCurrEstab     *int64 `json:"tcp_curr_estab,omitzero" class:"plain" kernel:"Tcp CurrEstab" doc:"connections in ESTABLISHED or CLOSE-WAIT now"`
	TCPInSegs        *int64 `json:"tcp_in_segs,omitzero" class:"plain" kernel:"Tcp InSegs" doc:"segments received"`
	TCPOutSegs       *int64 `json:"tcp_out_segs,omitzero" class:"plain" kernel:"Tcp OutSegs" doc:"segments sent, without those sent again"`
	TCPRetransSegs   *int64 `json:"tcp_retrans_segs,omitzero" class:"plain" kernel:"Tcp RetransSegs" doc:"segments sent again"`
	TCPInErrs        *int64 `json:"tcp_in_errs,omitzero" class:"plain" kernel:"Tcp InErrs" doc:"broken segments"`
	TCPOutRsts       *int64 `json:"tcp_out_rsts,omitzero" class:"plain" kernel:"Tcp OutRsts" doc:"resets sent: nobody listens on the port, or the connection is unknown"`
	TCPInCsumErrors  *int64 `json:"tcp_in_csum_errors,omitzero" class:"plain" kernel:"Tcp InCsumErrors" doc:"segments with a wrong checksum"`
	UDPInDatagrams   *int64 `json:"udp_in_datagrams,omitzero" class:"plain" kernel:"Udp InDatagrams" doc:"datagrams delivered"`
	UDPNoPorts       *int64 `json:"udp_no_ports,omitzero" class:"plain" kernel:"Udp NoPorts" doc:"datagrams for a port where nobody listens"`
	UDPInErrors      *int64 `json:"udp_in_errors,omitzero" class:"plain" kernel:"Udp InErrors" doc:"datagrams lost, rcvbuf errors included"`
	UDPOutDatagrams  *int64 `json:"udp_out_datagrams,omitzero" class:"plain" kernel:"Udp OutDatagrams" doc:"datagrams sent"`
	UDPRcvbufErrors  *int64 `json:"udp_rcvbuf_errors,omitzero" class:"plain" kernel:"Udp RcvbufErrors" doc:"lost because a socket's receive buffer was full"`
	UDPSndbufErrors  *int64 `json:"udp_sndbuf_errors,omitzero" class:"plain" kernel:"Udp SndbufErrors" doc:"not sent because a send buffer was full"`
	UDPInCsumErrors  *int64 `json:"udp_in_csum_errors,omitzero" class:"plain" kernel:"Udp InCsumErrors" doc:"datagrams with a wrong checksum"`
	UDPMemErrors     *int64 `json:"udp_mem_errors,omitzero" class:"plain" kernel:"Udp MemErrors" doc:"lost because udp_mem was used up; kernel 5.11 and newer"`
}

// NetstatCounter is /proc/net/netstat of one namespace, as SNMPCounter is of snmp.
type NetstatCounter struct {
	Netns             string `json:"netns" class:"plain" doc:"namespace"`
	Read              string `json:"read" class:"plain" doc:"first or last of the two reads"`
	ListenOverflows   *int64 `json:"listen_overflows,omitzero" class:"plain" kernel:"TcpExt ListenOverflows" doc:"connections that found a listener's accept queue full"`
	ListenDrops       *int64 `json:"listen_drops,omitzero" class:"plain" kernel:"TcpExt ListenDrops" doc:"connections that a listener dropped, overflows included"`
	SyncookiesSent    *int64 `json:"syncookies_sent,omitzero" class:"plain" kernel:"TcpExt SyncookiesSent" doc:"answers with a cookie, because the queue of half-open connections was full"`
	SyncookiesRecv    *int64 `json:"syncookies_recv,omitzero" class:"plain" kernel:"TcpExt SyncookiesRecv" doc:"valid cookies that came back"`
	SyncookiesFailed  *int64 `json:"syncookies_failed,omitzero" class:"plain" kernel:"TcpExt SyncookiesFailed" doc:"invalid cookies that came back"`
	ReqQFullDrop      *int64 `json:"tcp_req_q_full_drop,omitzero" class:"plain" kernel:"TcpExt TCPReqQFullDrop" doc:"handshakes dropped, because that queue was full and cookies are off"`
	ReqQFullDoCookies *int64 `json:"tcp_req_q_full_do_cookies,omitzero" class:"plain" kernel:"TcpExt TCPReqQFullDoCookies" doc:"times that it was full and cookies were sent"`
	Timeouts          *int64 `json:"tcp_timeouts,omitzero" class:"plain" kernel:"TcpExt TCPTimeouts" doc:"retransmission timers that ran out"`
	SynRetrans        *int64 `json:"tcp_syn_retrans,omitzero" class:"plain" kernel:"TcpExt TCPSynRetrans" doc:"SYN and SYN-ACK sent again"`
	LostRetransmit    *int64 `json:"tcp_lost_retransmit,omitzero" class:"plain" kernel:"TcpExt TCPLostRetransmit" doc:"segments sent again that were lost again"`
	FastRetrans       *int64 `json:"tcp_fast_retrans,omitzero" class:"plain" kernel:"TcpExt TCPFastRetrans" doc:"segments sent again because of duplicate acknowledgements"`
	SpuriousRTOs      *int64 `json:"tcp_spurious_rtos,omitzero" class:"plain" kernel:"TcpExt TCPSpuriousRTOs" doc:"timers that ran out too early: delay, not loss"`
	RetransFail       *int64 `json:"tcp_retrans_fail,omitzero" class:"plain" kernel:"TcpExt TCPRetransFail" doc:"segments that the lower layers refused to send again"`
	AbortOnTimeout    *int64 `json:"tcp_abort_on_timeout,omitzero" class:"plain" kernel:"TcpExt TCPAbortOnTimeout" doc:"connections given up after all retries"`
	AbortOnMemory     *int64 `json:"tcp_abort_on_memory,omitzero" class:"plain" kernel:"TcpExt TCPAbortOnMemory" doc:"connections ended for want of memory, or for too many orphans"`
	AbortOnData       *int64 `json:"tcp_abort_on_data,omitzero" class:"plain" kernel:"TcpExt TCPAbortOnData" doc:"connections reset because data came for a closed socket"`
	AbortOnClose      *int64 `json:"tcp_abort_on_close,omitzero" class:"plain" kernel:"TcpExt TCPAbortOnClose" doc:"connections reset because a program closed with data unread"`
	MemoryPressures   *int64 `json:"tcp_memory_pressures,omitzero" class:"plain" kernel:"TcpExt TCPMemoryPressures" doc:"times that TCP came under memory pressure (tcp_mem); the kernel counts it in the namespace that caused it"`
	PruneCalled       *int64 `json:"prune_called,omitzero" class:"plain" kernel:"TcpExt PruneCalled" doc:"times that a receive queue had to be squeezed"`
	RcvPruned         *int64 `json:"rcv_pruned,omitzero" class:"plain" kernel:"TcpExt RcvPruned" doc:"segments dropped, because squeezing did not help"`
	BacklogDrop       *int64 `json:"tcp_backlog_drop,omitzero" class:"plain" kernel:"TcpExt TCPBacklogDrop" doc:"segments dropped, because a busy socket's backlog was full"`
	RcvQDrop          *int64 `json:"tcp_rcv_q_drop,omitzero" class:"plain" kernel:"TcpExt TCPRcvQDrop" doc:"segments dropped, because the receive queue was full"`
	ZeroWindowDrop    *int64 `json:"tcp_zero_window_drop,omitzero" class:"plain" kernel:"TcpExt TCPZeroWindowDrop" doc:"segments dropped, because the window was closed"`
	ToZeroWindow      *int64 `json:"tcp_to_zero_window_adv,omitzero" class:"plain" kernel:"TcpExt TCPToZeroWindowAdv" doc:"times that a window was closed: a program reads too slowly"`
	OFOQueue          *int64 `json:"tcp_ofo_queue,omitzero" class:"plain" kernel:"TcpExt TCPOFOQueue" doc:"segments that came out of order"`
	TimeWaitOverflow  *int64 `json:"tcp_time_wait_overflow,omitzero" class:"plain" kernel:"TcpExt TCPTimeWaitOverflow" doc:"times that tcp_max_tw_buckets was reached"`
	PAWSEstab         *int64 `json:"paws_estab,omitzero" class:"plain" kernel:"TcpExt PAWSEstab" doc:"segments refused for their timestamp: several hosts behind one address"`
	PAWSActive        *int64 `json:"paws_active,omitzero" class:"plain" kernel:"TcpExt PAWSActive" doc:"SYN-ACK refused for their timestamp"`
	ReversePathFilter *int64 `json:"ip_reverse_path_filter,omitzero" class:"plain" kernel:"TcpExt IPReversePathFilter" doc:"packets dropped by rp_filter"`
	ArpFilter         *int64 `json:"arp_filter,omitzero" class:"plain" kernel:"TcpExt ArpFilter" doc:"ARP requests not answered because of arp_filter"`
	MTUPFail          *int64 `json:"tcp_mtup_fail,omitzero" class:"plain" kernel:"TcpExt TCPMTUPFail" doc:"MTU probes that failed"`
	MTUPSuccess       *int64 `json:"tcp_mtup_success,omitzero" class:"plain" kernel:"TcpExt TCPMTUPSuccess" doc:"MTU probes that got through"`
	KeepAlive         *int64 `json:"tcp_keepalive,omitzero" class:"plain" kernel:"TcpExt TCPKeepAlive" doc:"keepalive probes sent"`
	ExtInCsumErrors   *int64 `json:"ip_ext_in_csum_errors,omitzero" class:"plain" kernel:"IpExt InCsumErrors" doc:"packets with a wrong IP checksum"`
	InNoRoutes        *int64 `json:"ip_in_no_routes,omitzero" class:"plain" kernel:"IpExt InNoRoutes" doc:"packets to be forwarded without a route"`
	InTruncatedPkts   *int64 `json:"ip_in_truncated_pkts,omitzero" class:"plain" kernel:"IpExt InTruncatedPkts" doc:"packets shorter than they say"`
	InOctets          *int64 `json:"ip_in_octets,omitzero" class:"plain" kernel:"IpExt InOctets" doc:"bytes received"`
	OutOctets         *int64 `json:"ip_out_octets,omitzero" class:"plain" kernel:"IpExt OutOctets" doc:"bytes sent"`
}

// SNMP6Counter is /proc/net/snmp6 of one namespace, as SNMPCounter is of snmp. A namespace without IPv6 has none.
type SNMP6Counter struct {
	Netns           string `json:"netns" class:"plain" doc:"namespace"`
	Read            string `json:"read" class:"plain" doc:"first or last of the two reads"`
	InReceives      *int64 `json:"ip6_in_receives,omitzero" class:"plain" kernel:"Ip6InReceives" doc:"packets received"`
	InTooBigErrors  *int64 `json:"ip6_in_too_big_errors,omitzero" class:"plain" kernel:"Ip6InTooBigErrors" doc:"dropped: too big to be forwarded"`
	InNoRoutes      *int64 `json:"ip6_in_no_routes,omitzero" class:"plain" kernel:"Ip6InNoRoutes" doc:"dropped for want of a route, when forwarding"`
	InDiscards      *int64 `json:"ip6_in_discards,omitzero" class:"plain" kernel:"Ip6InDiscards" doc:"dropped on the way in"`
	OutForw         *int64 `json:"ip6_out_forw_datagrams,omitzero" class:"plain" kernel:"Ip6OutForwDatagrams" doc:"packets forwarded"`
	OutRequests     *int64 `json:"ip6_out_requests,omitzero" class:"plain" kernel:"Ip6OutRequests" doc:"packets that local programs sent"`
	OutDiscards     *int64 `json:"ip6_out_discards,omitzero" class:"plain" kernel:"Ip6OutDiscards" doc:"dropped on the way out"`
	OutNoRoutes     *int64 `json:"ip6_out_no_routes,omitzero" class:"plain" kernel:"Ip6OutNoRoutes" doc:"dropped for want of a route"`
	ReasmFails      *int64 `json:"ip6_reasm_fails,omitzero" class:"plain" kernel:"Ip6ReasmFails" doc:"packets that could not be put together"`
	FragFails       *int64 `json:"ip6_frag_fails,omitzero" class:"plain" kernel:"Ip6FragFails" doc:"packets that could not be fragmented"`
	ICMPInTooBigs   *int64 `json:"icmp6_in_pkt_too_bigs,omitzero" class:"plain" kernel:"Icmp6InPktTooBigs" doc:"packet too big received"`
	ICMPInUnreachs  *int64 `json:"icmp6_in_dest_unreachs,omitzero" class:"plain" kernel:"Icmp6InDestUnreachs" doc:"destination unreachable received"`
	UDPInDatagrams  *int64 `json:"udp6_in_datagrams,omitzero" class:"plain" kernel:"Udp6InDatagrams" doc:"datagrams delivered"`
	UDPNoPorts      *int64 `json:"udp6_no_ports,omitzero" class:"plain" kernel:"Udp6NoPorts" doc:"datagrams for a port where nobody listens"`
	UDPInErrors     *int64 `json:"udp6_in_errors,omitzero" class:"plain" kernel:"Udp6InErrors" doc:"datagrams lost"`
	UDPRcvbufErrors *int64 `json:"udp6_rcvbuf_errors,omitzero" class:"plain" kernel:"Udp6RcvbufErrors" doc:"lost because a socket's receive buffer was full"`
	UDPInCsumErrors *int64 `json:"udp6_in_csum_errors,omitzero" class:"plain" kernel:"Udp6InCsumErrors" doc:"datagrams with a wrong checksum"`
}

// Sockstat is /proc/net/sockstat or sockstat6 of one namespace. What the kernel counts for the whole host, it shows in every
// namespace alike.
type Sockstat struct {
	Netns       string `json:"netns" class:"plain" doc:"namespace"`
	Read        string `json:"read" class:"plain" doc:"first or last of the two reads"`
	Family      string `json:"family" class:"plain" doc:"ipv4 (sockstat) or ipv6 (sockstat6)"`
	SocketsUsed *int64 `json:"sockets_used,omitzero" class:"plain" kernel:"sockets used" doc:"sockets of all kinds in the namespace"`
	TCPInuse    *int64 `json:"tcp_inuse,omitzero" class:"plain" kernel:"TCP inuse" doc:"tcp sockets in the namespace, without TIME-WAIT"`
	TCPOrphan   *int64 `json:"tcp_orphan,omitzero" class:"plain" kernel:"TCP orphan" doc:"tcp sockets without a process, of the whole host; bounded by tcp_max_orphans"`
	TCPTw       *int64 `json:"tcp_tw,omitzero" class:"plain" kernel:"TCP tw" doc:"connections in TIME-WAIT in the namespace; before kernel 4.1 of the whole host"`
	TCPAlloc    *int64 `json:"tcp_alloc,omitzero" class:"plain" kernel:"TCP alloc" doc:"tcp sockets of the whole host, in any state"`
	TCPMemPages *int64 `json:"tcp_mem_pages,omitzero" class:"plain" kernel:"TCP mem" doc:"pages that tcp uses on the whole host; bounded by tcp_mem"`
	UDPInuse    *int64 `json:"udp_inuse,omitzero" class:"plain" kernel:"UDP inuse" doc:"udp sockets in the namespace"`
	UDPMemPages *int64 `json:"udp_mem_pages,omitzero" class:"plain" kernel:"UDP mem" doc:"pages that udp uses on the whole host; bounded by udp_mem"`
	RawInuse    *int64 `json:"raw_inuse,omitzero" class:"plain" kernel:"RAW inuse" doc:"raw sockets in the namespace"`
	FragInuse   *int64 `json:"frag_inuse,omitzero" class:"plain" kernel:"FRAG inuse" doc:"packets in the namespace that wait for their fragments"`
	FragMemory  *int64 `json:"frag_memory,omitzero" class:"plain" kernel:"FRAG memory" doc:"bytes that they use; bounded by ipfrag_high_thresh"`
}
