package analyze

// From where on traffic is called bad. Where a rule judges the same thing, its bound is meant, and a test holds both together; a rule's
// SQL must stay readable by itself.
const (
	// lossShare and leastAgain: so many segments sent of which one was sent again, and so many of them. The share is the one of
	// tcp-retrans-high. That rule wants fifty of a whole namespace before it raises a finding; a word beside the figures of one pair
	// of services may say it sooner, but not for one or two.
	lossShare  = 50
	leastAgain = 5
	// stuckRetransmits of one segment take 1.4 seconds at the least time-out of 200 ms (TCP_RTO_MIN, doubled each time).
	stuckRetransmits = 3
	// halfOpenRetransmits of a SYN take three seconds (TCP_TIMEOUT_INIT, doubled): one that was lost is not meant.
	halfOpenRetransmits = 2
	// slowRTT in microseconds is beyond what a delayed acknowledgement adds (TCP_DELACK_MAX, 200 ms at worst, 40 mostly, and smoothed), and
	// slowRTTTimes what the connection's shortest took: a far peer is far, not slow.
	slowRTT      = 100_000
	slowRTTTimes = 4
	// overflowLeast clients turned away between the reads, one in overflowSeconds: listen-overflow.
	overflowLeast   = 5
	overflowSeconds = 2
	// udpLostLeast datagrams between the reads, one a second, one for udpLostShare delivered: udp-buffer-errors.
	udpLostLeast = 10
	udpLostShare = 100
	// refusedLeast and refusedShare: connections refused between the reads, and one of how many that were opened. A task that just starts
	// refuses one.
	refusedLeast = 2
	refusedShare = 10
	// idleShare: a program that used less than one part of so many of one processor idles.
	idleShare = 20
)

// unreadSocket holds for a socket s of which the program took no byte between the reads, though some waited in both: what came is what
// waits more. A FIN that the program has not come to counts as one byte of the queue (tcp_diag_get_info: rcv_nxt less copied_seq). Of reading r.
const unreadSocket = `s.seen = 'both' AND r.host IS NOT NULL AND (s.state = 'established' AND s.recv_q > 0 OR s.state = 'close-wait' AND s.recv_q > 1) AND s.recv_q_last > 0 AND s.bytes_received_last - s.bytes_received = s.recv_q_last - s.recv_q`

// fullListener holds for a listener s whose accept queue stood at its bound in both reads, as in listen-overflow.
const fullListener = `s.seen = 'both' AND s.recv_q > 0 AND s.recv_q >= s.send_q AND s.recv_q_last > 0 AND s.recv_q_last >= s.send_q_last`
