package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
)

// Columns of /proc/net/tcp, udp and raw and their IPv6 forms (net/ipv4/tcp_ipv4.c tcp4_seq_show, udp.c udp4_format_sock,
// raw.c raw_sock_seq_show). They are parted by blanks and nothing else: the first one grows with its number.
const (
	textLocal = iota + 1
	textPeer
	textState
	textQueues
	textTimer
	textRetrans
	textUID
	textProbes
	textInode
	textRefs
	textPointer // an address in the kernel, which nobody outside needs
	textRto     // from here on of TCP sockets that are more than a request or in time-wait
	textAto
	textQuick
	textCwnd
	textSsthresh
	textColumns
	textDrops = textRto // of UDP and raw sockets
)

// clockTickMs is one tick of USER_HZ, in which /proc counts: 100 a second on every architecture that Docker runs on.
const clockTickMs = 10

// sockText is one line, parted.
type sockText struct {
	f [textColumns][]byte
	n int
}

func (t *sockText) split(line []byte) {
	t.n = 0
	for t.n < len(t.f) {
		line = bytes.TrimLeft(line, " \t\n")
		if len(line) == 0 {
			return
		}
		end := bytes.IndexAny(line, " \t\n")
		if end < 0 {
			end = len(line)
		}
		t.f[t.n] = line[:end]
		t.n++
		line = line[end:]
	}
}

// head reads the part that every line has. A line of headings is no socket, and no error.
func (t *sockText) head(proto sockProto, v6 bool, line []byte) (h sockHead, ok bool, err error) {
	t.split(line)
	if t.n > 0 && bytes.Equal(t.f[0], []byte("sl")) || t.n == 0 {
		return h, false, nil
	}
	if t.n <= textInode {
		return h, false, fmt.Errorf("a socket of only %d columns: %.60q", t.n, line)
	}
	h = sockHead{proto: proto, v6: v6}
	bad := func(at int) error { return fmt.Errorf("column %d of a socket is %.60q", at, t.f[at]) }
	if h.local, ok = textAddr(t.f[textLocal], v6); !ok {
		return h, false, bad(textLocal)
	}
	if h.peer, ok = textAddr(t.f[textPeer], v6); !ok {
		return h, false, bad(textPeer)
	}
	var state, timer uint64
	var wq, rq, when uint64
	if state, ok = number(t.f[textState], 16, 8); !ok {
		return h, false, bad(textState)
	}
	if wq, rq, ok = hexPair(t.f[textQueues]); !ok {
		return h, false, bad(textQueues)
	}
	if timer, when, ok = hexPair(t.f[textTimer]); !ok || timer > 255 {
		return h, false, bad(textTimer)
	}
	retrans, ok1 := number(t.f[textRetrans], 16, 32)
	uid, ok2 := number(t.f[textUID], 10, 32)
	inode, ok3 := number(t.f[textInode], 10, 32)
	if !ok1 || !ok2 || !ok3 {
		return h, false, fmt.Errorf("not the columns of a socket: %.120q", line)
	}
	h.state, h.timer, h.wq, h.rq = uint8(state), uint8(timer), uint32(wq), uint32(rq)
	h.expires, h.uid, h.inode = uint32(min(when*clockTickMs, 1<<32-1)), uint32(uid), uint32(inode)
	h.retrans = uint8(min(retrans, 255))
	if h.timer == 2 || h.timer == 4 { // as inet_diag counts
		if n, ok := number(t.f[textProbes], 10, 32); ok {
			h.retrans = uint8(min(n, 255))
		}
	}
	if h.state == 12 {
		h.state = sockSynRecv
	}
	return h, true, nil
}

// decodeText fills the row from a line of /proc/net.
func (r *sockRow) decodeText(proto sockProto, v6 bool, line []byte) error {
	var t sockText
	h, ok, err := t.head(proto, v6, line)
	if err != nil || !ok {
		return err
	}
	r.head(&h)
	if proto != protoTCP {
		if t.n > textDrops {
			r.Drops = r.decimal(t.f[textDrops])
		}
		return nil
	}
	if h.state == sockListen {
		r.SendQ = nil // the backlog is not there, only a zero
		return nil
	}
	if t.n <= textSsthresh {
		return nil
	}
	if v, ok := number(t.f[textRetrans], 16, 32); ok {
		r.Retransmits = r.num(int64(v))
	}
	r.Probes = r.decimal(t.f[textProbes])
	if r.RtoMs = r.decimal(t.f[textRto]); r.RtoMs != nil {
		*r.RtoMs *= clockTickMs
	}
	r.SndCwnd = r.decimal(t.f[textCwnd])
	r.SndSsthresh = r.decimal(t.f[textSsthresh]) // -1 was never set, and is no number here
	return nil
}

// decimal is a number of a column, nil if it is none.
func (r *sockRow) decimal(b []byte) *int64 {
	v, ok := number(b, 10, 40)
	if !ok {
		return nil
	}
	return r.num(int64(v))
}

func number(b []byte, base, bits int) (uint64, bool) {
	v, err := strconv.ParseUint(string(b), base, bits)
	return v, err == nil
}

// hexPair reads two hexadecimal numbers with a colon between them.
func hexPair(b []byte) (one, two uint64, ok bool) {
	l, r, found := bytes.Cut(b, []byte(":"))
	one, ok1 := number(l, 16, 40)
	two, ok2 := number(r, 16, 64)
	return one, min(two, 1<<40), found && ok1 && ok2
}

// textAddr reads an address and port as /proc/net shows them: words of the address in the byte order of the machine, the
// port as a number.
func textAddr(b []byte, v6 bool) (netip.AddrPort, bool) {
	words := 1
	if v6 {
		words = 4
	}
	if len(b) != 8*words+5 || b[8*words] != ':' {
		return netip.AddrPort{}, false
	}
	var raw [16]byte
	for i := range words {
		v, ok := number(b[8*i:8*i+8], 16, 32)
		if !ok {
			return netip.AddrPort{}, false
		}
		binary.NativeEndian.PutUint32(raw[4*i:], uint32(v))
	}
	port, ok := number(b[8*words+1:], 16, 16)
	return netip.AddrPortFrom(addr(raw[:4*words]), uint16(port)), ok
}

// sockstatValue is one number of /proc/net/sockstat or sockstat6, as inuse of "TCP: inuse 3 orphan 0". It is -1 when there is
// no such line.
func sockstatValue(text []byte, line, key string) int64 {
	for l := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(l, []byte(":"))
		if string(name) != line {
			continue
		}
		f := bytes.Fields(rest)
		for i := 0; i+1 < len(f); i += 2 {
			if string(f[i]) == key {
				if v, ok := number(f[i+1], 10, 62); ok {
					return int64(v)
				}
			}
		}
	}
	return -1
}
