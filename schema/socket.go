package schema

import "net/netip"

// Socket is one TCP, UDP or raw socket of a namespace: of TCP all states but time-wait, whose sockets are only counted.
//
// What is of struct tcp_info is absent for a socket that has none (UDP, syn-recv) and where the kernel's tcp_diag is not
// loaded: coverage says so. A socket that changed its state between the two reads is two rows.
type Socket struct {
	Netns              string     `json:"netns" class:"plain" doc:"namespace"`
	Proto              string     `json:"proto" class:"plain" doc:"tcp, udp or raw"`
	Family             string     `json:"family" class:"plain" doc:"ipv4 or ipv6: of the socket; one of ipv6 may hold an IPv4 connection"`
	Local              netip.Addr `json:"local" class:"addr" doc:"own address; 0.0.0.0 or :: for any"`
	LocalPort          int64      `json:"local_port" class:"plain" doc:"own port; of a raw socket its protocol"`
	Peer               netip.Addr `json:"peer,omitzero" class:"addr" doc:"address of the other side; absent when it has none"`
	PeerPort           int64      `json:"peer_port,omitzero" class:"plain" doc:"port of the other side"`
	State              string     `json:"state" class:"plain" doc:"as ss names it: listening, established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, close-wait, last-ack, closing; of UDP and raw unconnected or established"`
	Inode              int64      `json:"inode,omitzero" class:"plain" doc:"inode of its file, as in /proc/PID/fd: see process_socket; absent for one that no process holds any more; the kernel's own have one that no process holds"`
	UID                *int64     `json:"uid,omitzero" class:"plain" doc:"user that made it, in the host's numbering"`
	CgroupID           *int64     `json:"cgroup_id,omitzero" class:"plain" doc:"cgroup of version 2 that made it: inode of the group's directory"`
	Ifindex            int64      `json:"ifindex,omitzero" class:"plain" doc:"device that it is bound to"`
	Dev                string     `json:"dev,omitzero" class:"plain" doc:"name of that device"`
	V6Only             *bool      `json:"v6only,omitzero" class:"plain" doc:"of one of ipv6 that is not connected: it takes no IPv4; absent for others"`
	Mark               *int64     `json:"mark,omitzero" class:"plain" doc:"SO_MARK; absent without CAP_NET_ADMIN"`
	Options            string     `json:"options,omitzero" class:"plain" doc:"of freebind, transparent, hdrincl, bind_address_no_port, defer_connect those that are set"`
	Congestion         string     `json:"congestion,omitzero" class:"plain" doc:"congestion control"`
	RecvQ              *int64     `json:"recv_q,omitzero" class:"plain" counter:"y" doc:"bytes that the process has not read; of a listening socket connections that it has not accepted"`
	RecvQLast          *int64     `json:"recv_q_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	SendQ              *int64     `json:"send_q,omitzero" class:"plain" counter:"y" doc:"bytes that the peer has not acknowledged; of a listening socket its backlog, the most that may wait (absent if read from /proc/net)"`
	SendQLast          *int64     `json:"send_q_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Timer              string     `json:"timer,omitzero" class:"plain" counter:"y" doc:"timer that is set: on (retransmission), keepalive, timewait or persist (the peer's window is closed); absent for none"`
	TimerLast          string     `json:"timer_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	ExpiresMs          *int64     `json:"expires_ms,omitzero" class:"plain" counter:"y" doc:"milliseconds until it fires"`
	ExpiresMsLast      *int64     `json:"expires_ms_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Retransmits        *int64     `json:"retransmits,omitzero" class:"plain" counter:"y" doc:"times that the oldest segment was sent again without an answer"`
	RetransmitsLast    *int64     `json:"retransmits_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Probes             *int64     `json:"probes,omitzero" class:"plain" counter:"y" doc:"unanswered keepalive or window probes"`
	ProbesLast         *int64     `json:"probes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	TotalRetrans       *int64     `json:"total_retrans,omitzero" class:"plain" counter:"y" doc:"segments sent again since the connection began"`
	TotalRetransLast   *int64     `json:"total_retrans_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Unacked            *int64     `json:"unacked,omitzero" class:"plain" counter:"y" doc:"segments sent and not acknowledged"`
	UnackedLast        *int64     `json:"unacked_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Lost               *int64     `json:"lost,omitzero" class:"plain" counter:"y" doc:"of these held for lost"`
	LostLast           *int64     `json:"lost_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	RttUs              *int64     `json:"rtt_us,omitzero" class:"plain" counter:"y" doc:"smoothed round trip time, microseconds"`
	RttUsLast          *int64     `json:"rtt_us_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	SndCwnd            *int64     `json:"snd_cwnd,omitzero" class:"plain" counter:"y" doc:"congestion window, segments"`
	SndCwndLast        *int64     `json:"snd_cwnd_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesSent          *int64     `json:"bytes_sent,omitzero" class:"plain" counter:"y" doc:"payload bytes sent, those sent again among them"`
	BytesSentLast      *int64     `json:"bytes_sent_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesAcked         *int64     `json:"bytes_acked,omitzero" class:"plain" counter:"y" doc:"payload bytes that the peer acknowledged"`
	BytesAckedLast     *int64     `json:"bytes_acked_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesReceived      *int64     `json:"bytes_received,omitzero" class:"plain" counter:"y" doc:"payload bytes received in order"`
	BytesReceivedLast  *int64     `json:"bytes_received_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	BytesRetrans       *int64     `json:"bytes_retrans,omitzero" class:"plain" counter:"y" doc:"payload bytes sent again"`
	BytesRetransLast   *int64     `json:"bytes_retrans_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	SegsOut            *int64     `json:"segs_out,omitzero" class:"plain" counter:"y" doc:"segments sent"`
	SegsOutLast        *int64     `json:"segs_out_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	SegsIn             *int64     `json:"segs_in,omitzero" class:"plain" counter:"y" doc:"segments received"`
	SegsInLast         *int64     `json:"segs_in_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	LastDataSentMs     *int64     `json:"last_data_sent_ms,omitzero" class:"plain" counter:"y" doc:"milliseconds since payload was last sent"`
	LastDataSentMsLast *int64     `json:"last_data_sent_ms_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	LastDataRecvMs     *int64     `json:"last_data_recv_ms,omitzero" class:"plain" counter:"y" doc:"milliseconds since payload was last received"`
	LastDataRecvMsLast *int64     `json:"last_data_recv_ms_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	Drops              *int64     `json:"drops,omitzero" class:"plain" counter:"y" doc:"packets that the socket dropped: its buffer, or a listening one's queue, was full"`
	DropsLast          *int64     `json:"drops_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	RmemBytes          *int64     `json:"rmem_bytes,omitzero" class:"plain" counter:"y" doc:"memory of what was received and not read"`
	RmemBytesLast      *int64     `json:"rmem_bytes_last,omitzero" class:"plain" counter:"y" doc:"the same at the last read"`
	CAState            string     `json:"ca_state,omitzero" class:"plain" counter:"y" doc:"congestion state: open, disorder, cwr, recovery or loss; this and what follows at the last read that saw it"`
	RtoMs              *int64     `json:"rto_ms,omitzero" class:"plain" counter:"y" doc:"retransmission time-out, milliseconds"`
	Backoff            *int64     `json:"backoff,omitzero" class:"plain" counter:"y" doc:"times that it was doubled"`
	RttvarUs           *int64     `json:"rttvar_us,omitzero" class:"plain" counter:"y" doc:"mean deviation of the round trip time, microseconds"`
	MinRttUs           *int64     `json:"min_rtt_us,omitzero" class:"plain" counter:"y" doc:"smallest round trip time, microseconds"`
	Sacked             *int64     `json:"sacked,omitzero" class:"plain" counter:"y" doc:"segments acknowledged out of order"`
	RetransOut         *int64     `json:"retrans_out,omitzero" class:"plain" counter:"y" doc:"segments sent again and not acknowledged yet"`
	SndSsthresh        *int64     `json:"snd_ssthresh,omitzero" class:"plain" counter:"y" doc:"slow start threshold, segments; absent while it was never set"`
	SndWnd             *int64     `json:"snd_wnd,omitzero" class:"plain" counter:"y" doc:"window that the peer offers, bytes"`
	NotsentBytes       *int64     `json:"notsent_bytes,omitzero" class:"plain" counter:"y" doc:"bytes waiting that were never sent"`
	SndMSS             *int64     `json:"snd_mss,omitzero" class:"plain" counter:"y" doc:"segment size in use, bytes"`
	PMTU               *int64     `json:"pmtu,omitzero" class:"plain" counter:"y" doc:"path MTU as the socket knows it"`
	LastAckRecvMs      *int64     `json:"last_ack_recv_ms,omitzero" class:"plain" counter:"y" doc:"milliseconds since an acknowledgement came"`
	DeliveryRate       *int64     `json:"delivery_rate,omitzero" class:"plain" counter:"y" doc:"latest rate of delivery, bytes a second"`
	Delivered          *int64     `json:"delivered,omitzero" class:"plain" counter:"y" doc:"segments delivered to the peer"`
	BusyUs             *int64     `json:"busy_us,omitzero" class:"plain" counter:"y" doc:"microseconds in which there was something to send"`
	RwndLimitedUs      *int64     `json:"rwnd_limited_us,omitzero" class:"plain" counter:"y" doc:"of these held up by the peer's window"`
	SndbufLimitedUs    *int64     `json:"sndbuf_limited_us,omitzero" class:"plain" counter:"y" doc:"of these held up by the send buffer"`
	ReordSeen          *int64     `json:"reord_seen,omitzero" class:"plain" counter:"y" doc:"times that reordering was seen"`
	RcvOoopack         *int64     `json:"rcv_ooopack,omitzero" class:"plain" counter:"y" doc:"segments received out of order"`
	TCPOptions         string     `json:"tcp_options,omitzero" class:"plain" counter:"y" doc:"options agreed: ts, sack, wscale, ecn, ecn_seen, syn_data"`
	Shutdown           string     `json:"shutdown,omitzero" class:"plain" counter:"y" doc:"closed for: recv, send"`
	RcvbufBytes        *int64     `json:"rcvbuf_bytes,omitzero" class:"plain" counter:"y" doc:"receive buffer, bytes of memory"`
	SndbufBytes        *int64     `json:"sndbuf_bytes,omitzero" class:"plain" counter:"y" doc:"send buffer, bytes of memory"`
	WmemBytes          *int64     `json:"wmem_bytes,omitzero" class:"plain" counter:"y" doc:"memory of what waits to be sent"`
	Seen               string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it in this state"`
	Extra              string     `json:"extra,omitzero" class:"plain" counter:"y" doc:"attributes not decoded: space separated type:bytes; their values are left out, because some hold keys"`
}

// SocketCount is the number of sockets of one kind in a namespace. A kind without a row has none, where coverage says ok.
type SocketCount struct {
	Netns       string `json:"netns" class:"plain" doc:"namespace"`
	Proto       string `json:"proto" class:"plain" doc:"tcp, udp or raw"`
	Family      string `json:"family" class:"plain" doc:"ipv4 or ipv6: of the sockets"`
	State       string `json:"state" class:"plain" doc:"as in socket, and time-wait"`
	Sockets     *int64 `json:"sockets,omitzero" class:"plain" counter:"y" doc:"how many"`
	SocketsLast *int64 `json:"sockets_last,omitzero" class:"plain" counter:"y" doc:"how many at the last read"`
	Seen        string `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held any"`
}

// SocketGroup counts TCP sockets of a namespace that have the same state, addresses, and port of the serving side: local_port
// where some socket of the namespace listens on it, else peer_port. Those in time-wait are nowhere else. Only groups
// of five sockets and more have a row, and at most 200 of them, the largest.
type SocketGroup struct {
	Netns       string     `json:"netns" class:"plain" doc:"namespace"`
	State       string     `json:"state" class:"plain" doc:"as in socket, and time-wait"`
	Local       netip.Addr `json:"local" class:"addr" doc:"own address"`
	LocalPort   int64      `json:"local_port,omitzero" class:"plain" doc:"own port, of connections that came in"`
	Peer        netip.Addr `json:"peer" class:"addr" doc:"address of the other side"`
	PeerPort    int64      `json:"peer_port,omitzero" class:"plain" doc:"port of the other side, of connections that went out"`
	Sockets     *int64     `json:"sockets,omitzero" class:"plain" counter:"y" doc:"how many"`
	SocketsLast *int64     `json:"sockets_last,omitzero" class:"plain" counter:"y" doc:"how many at the last read"`
	Seen        string     `json:"seen" class:"plain" doc:"first, last or both: which of the two reads held it with so many"`
}

// ProcessSocket says which process holds a socket that has a row: one row a file descriptor, at most eight a socket.
type ProcessSocket struct {
	Inode int64  `json:"inode" class:"plain" doc:"the socket: column inode of the table socket"`
	PID   int64  `json:"pid" class:"plain" doc:"process that holds it, in the host's numbering"`
	FD    int64  `json:"fd" class:"plain" doc:"its file descriptor"`
	Netns string `json:"netns" class:"plain" doc:"namespace of the socket; the process may be in another one"`
}
