package ruleset

import (
	"encoding/binary"
	"net/netip"
)

func bitwiseExpr(r *exprReader, x *expr) bool {
	n := x.num(3)
	from, ok1 := x.reg(1, n)
	to, ok2 := x.reg(2, n)
	if !ok1 || !ok2 {
		return false
	}
	switch op := x.num(6); op {
	case 0:
		mask, xor := x.value(4), x.value(5)
		if uint32(len(mask)) != n || uint32(len(xor)) != n {
			return false
		}
		r.asks(act(func(s *state) step {
			for i := range n {
				k := s.known[from+i] | ^mask[i]
				s.regs[to+i], s.known[to+i] = (s.regs[from+i]&mask[i]^xor[i])&k, k
			}
			return next
		}))
	case 1, 2: // shifts, of a word in the order of the host; longer ones are left unknown
		shift := x.value(7)
		if len(shift) != 4 {
			return false
		}
		by := binary.LittleEndian.Uint32(shift) & 31
		r.asks(act(func(s *state) step {
			if n > 4 {
				s.forget(to, n)
				return next
			}
			p := s.get32(from)
			if op == 1 {
				p = p.left(by)
			} else {
				p = p.right(by)
			}
			s.put32(to, p)
			return next
		}))
	default: // NFT_BITWISE_AND, OR, XOR of two registers, since Linux 6.13
		r.asks(act(func(s *state) step {
			s.forget(to, n)
			return next
		}))
	}
	return true
}

func byteorderExpr(r *exprReader, x *expr) bool {
	n, size := x.num(4), x.num(5)
	from, ok1 := x.reg(1, n)
	to, ok2 := x.reg(2, n)
	if !ok1 || !ok2 || size != 2 && size != 4 && size != 8 {
		return false
	}
	r.asks(act(func(s *state) step {
		var v, k [64]byte
		n := n - n%size // a number that is shorter than size stays as it is: nft asks for that in concatenations
		for i := range n {
			j := i - i%size + size - 1 - i%size
			v[i], k[i] = s.regs[from+j], s.known[from+j]
		}
		copy(s.regs[to:to+n], v[:])
		copy(s.known[to:to+n], k[:])
		return next
	}))
	return true
}

// payloadExpr loads bytes of a header, or writes them. Bases: link, network, transport, and what transport carries.
func payloadExpr(r *exprReader, x *expr) bool {
	base, off, n := x.num(2), x.num(3), x.num(4)
	if base > 3 {
		return false
	}
	if x.has(5) {
		return r.payloadSet(x, base, off, n)
	}
	at, ok := x.reg(1, n)
	if !ok {
		return false
	}
	r.asks(act(func(s *state) step {
		if s.beyond(base, off+n) {
			return miss
		}
		for i := range n {
			var v, k byte
			switch base {
			case 1:
				v, k = s.p.network(off + i)
			case 2:
				v, k = s.p.transport(off + i)
			case 3:
				if s.p.Proto == protoUDP {
					v, k = s.p.inner(off + i)
				}
			}
			s.regs[at+i], s.known[at+i] = v&k, k
		}
		for i := n; i%4 != 0 && at+i < 64; i++ {
			s.regs[at+i], s.known[at+i] = 0, 0xff
		}
		return next
	}))
	return true
}

// beyond says whether a header surely ends before an offset: the rule ends there.
func (s *state) beyond(base, end uint32) bool {
	head := uint32(20)
	if s.v6 {
		head = 40
	}
	if base == 1 {
		head = 0
	}
	return (base == 1 || base == 2) && s.p.Length != 0 && head+end > uint32(s.p.Length)
}

// payloadSet writes addresses and ports; of other fields of the IP header none is asked for that could be known.
func (r *exprReader) payloadSet(x *expr, base, off, n uint32) bool {
	from, ok := x.reg(5, n)
	if !ok {
		return false
	}
	src, size := uint32(12), uint32(4)
	if r.family == "ip6" {
		src, size = 8, 16
	}
	var f func(s *state)
	switch {
	case base == 1 && off == src && n == size && r.family != "inet":
		f = func(s *state) { s.p.Src = s.addrAt(from) }
	case base == 1 && off == src+size && n == size && r.family != "inet":
		f = func(s *state) { s.p.Dst = s.addrAt(from) }
	case base == 1 && off+n <= 2, base == 1 && off == 4 && n == 2:
		f = func(*state) {}
	case base == 2 && off == 0 && n == 2:
		f = func(s *state) { s.p.Sport = s.bytes16(from) }
	case base == 2 && off == 2 && n == 2:
		f = func(s *state) { s.p.Dport = s.bytes16(from) }
	default:
		return false
	}
	r.does(act(func(s *state) step {
		f(s)
		return next
	}))
	return true
}

// Keys of meta: enum nft_meta_keys.
const (
	metaLen      = 0
	metaProtocol = 1
	metaPriority = 2
	metaMark     = 3
	metaIIF      = 4
	metaOIF      = 5
	metaIIFName  = 6
	metaOIFName  = 7
	metaSKUID    = 10
	metaSKGID    = 11
	metaNFTrace  = 12
	metaSecmark  = 14
	metaNFProto  = 15
	metaL4Proto  = 16
	metaPktType  = 19
	metaCgroup   = 23
	metaSecpath  = 25
	metaIIFKind  = 26
	metaOIFKind  = 27
	metaTimeNS   = 30
	metaSDIFName = 34
)

func metaExpr(r *exprReader, x *expr) bool {
	key := x.num(2)
	if x.has(3) {
		return r.metaSet(x, key)
	}
	n := uint32(4)
	switch key {
	case metaIIFName, metaOIFName, metaIIFKind, metaOIFKind, metaSDIFName:
		n = 16
	case metaTimeNS:
		n = 8
	}
	at, ok := x.reg(1, n)
	if !ok {
		return false
	}
	switch key {
	case metaSKUID, metaSKGID, metaCgroup, metaIIFKind, metaOIFKind, metaSDIFName: // without a socket, or a device, the rule ends
		r.asks(&cond{why: "whose socket sends it is not known", test: func(s *state) Tri {
			s.forget(at, n)
			return Unknown
		}})
		return true
	}
	r.asks(act(func(s *state) step {
		p := &s.p
		switch key {
		case metaLen:
			s.put32(at, part{uint32(p.Length), allIf(p.Length != 0)})
		case metaProtocol:
			s.put(at, byFamily(s.v6, etherIP6, etherIP))
		case metaNFProto:
			s.put(at, byFamily(s.v6, nfproto6, nfproto4))
		case metaL4Proto:
			s.put(at, []byte{p.Proto})
			s.known[at] = filled(p.Proto != 0)
		case metaMark:
			s.put32(at, part{p.Mark, ^p.MarkUnknown})
		case metaIIF, metaOIF:
			of := inOf
			if key == metaOIF {
				of = outOf
			}
			dev, ok := of(s)
			index := uint32(0)
			if ok && dev != "" {
				index, ok = s.ns.Ifindex(dev)
			}
			s.put32(at, part{index, allIf(ok)})
		case metaIIFName:
			s.putName(at, inOf)
		case metaOIFName:
			s.putName(at, outOf)
		case metaPktType:
			s.put(at, []byte{byte(max(p.Kind, KindHost) - KindHost)})
			s.known[at] = filled(p.Kind != KindUnknown)
		case metaSecpath:
			s.put(at, []byte{byte(one(p.Decrypted == Yes))})
			s.known[at] = filled(p.Decrypted != Unknown)
		default:
			s.forget(at, n)
		}
		return next
	}))
	return true
}

// Values of meta protocol and meta nfproto.
var (
	etherIP, etherIP6  = []byte{8, 0}, []byte{0x86, 0xdd}
	nfproto4, nfproto6 = []byte{2}, []byte{10}
)

func byFamily(v6 bool, six, four []byte) []byte {
	if v6 {
		return six
	}
	return four
}

// allIf is a mask of all bits, or of none.
func allIf(b bool) uint32 {
	if b {
		return 0xffffffff
	}
	return 0
}

func one(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// putName stores the name of a device, padded with zeros; without one it is empty (nft_meta_store_ifname).
func (s *state) putName(at uint32, of func(*state) (string, bool)) {
	dev, ok := of(s)
	if !ok {
		s.forget(at, 16)
		return
	}
	var name [16]byte
	copy(name[:15], dev)
	s.put(at, name[:])
}

func (r *exprReader) metaSet(x *expr, key uint32) bool {
	from, ok := x.reg(3, 4)
	if !ok {
		return false
	}
	switch key {
	case metaMark:
		r.does(act(func(s *state) step {
			m := s.get32(from)
			s.p.Mark, s.p.MarkUnknown = m.value&m.known, ^m.known
			return next
		}))
	case metaPktType:
		r.does(act(func(s *state) step {
			s.p.Kind = KindUnknown
			if s.known[from] == 0xff && s.regs[from] < 4 {
				s.p.Kind = KindHost + Kind(s.regs[from])
			}
			return next
		}))
	case metaPriority, metaNFTrace, metaSecmark:
	default:
		return false
	}
	return true
}

// Keys of ct: enum nft_ct_keys.
const (
	ctState     = 0
	ctDirection = 1
	ctStatus    = 2
	ctMark      = 3
	ctHelper    = 6
	ctL3Proto   = 7
	ctSrc       = 8
	ctDst       = 9
	ctProtocol  = 10
	ctProtoSrc  = 11
	ctProtoDst  = 12
	ctLabels    = 13
	ctZone      = 17
	ctEventmask = 18
	ctSrcIP     = 19
	ctDstIP     = 20
	ctSrcIP6    = 21
	ctDstIP6    = 22
)

// States as nft knows them: NF_CT_STATE_* of nf_conntrack_common.h.
var nftStates = [...]uint32{CTNone: 1, CTNew: 8, CTEstablished: 2, CTRelated: 4, CTUntracked: 64, CTInvalid: 1}

func ctExpr(r *exprReader, x *expr) bool {
	key := x.num(2)
	if x.has(4) {
		return r.ctSet(x, key)
	}
	n := ctLen(r.family, key)
	at, ok := x.reg(1, n)
	if !ok {
		return false
	}
	reply := len(x.a[3]) == 1 && x.a[3][0] == 1
	if key == ctState {
		r.asks(act(func(s *state) step {
			bits := nftStates[s.p.CT]
			if s.p.Template {
				bits = nftStates[CTNew]
			}
			s.put32(at, part{bits, 0xffffffff})
			return next
		}))
		return true
	}
	if key == ctHelper {
		r.asks(&cond{why: "whether a helper expected the connection is not known", test: func(s *state) Tri {
			s.forget(at, n)
			if s.p.CT == CTRelated || s.p.Conn.Status&Expected != 0 {
				return Unknown
			}
			return No
		}})
		return true
	}
	r.asks(act(func(s *state) step {
		c := s.p.conn()
		switch {
		case s.p.Template:
			s.forget(at, n)
			return next
		case c == nil:
			return miss
		}
		t := c.Orig
		if reply {
			t = c.Back
		}
		switch key {
		case ctDirection:
			s.put(at, []byte{byte(one(s.p.Reply))})
		case ctStatus:
			const shown = Expected | SeenReply | Assured | Confirmed | SrcNAT | DstNAT
			bits, unknown := s.p.status()
			s.put32(at, part{uint32(bits & shown), uint32(shown &^ unknown)})
		case ctMark:
			s.put32(at, part{c.Mark, ^c.MarkUnknown})
		case ctL3Proto:
			s.put(at, byFamily(s.v6, nfproto6, nfproto4))
		case ctProtocol:
			s.put(at, []byte{t.Proto})
		case ctSrc, ctSrcIP, ctSrcIP6, ctDst, ctDstIP, ctDstIP6:
			a := t.Src
			if key == ctDst || key == ctDstIP || key == ctDstIP6 {
				a = t.Dst
			}
			if key != ctSrc && key != ctDst && (key >= ctSrcIP6) != s.v6 {
				return miss
			}
			s.putAddr(at, a)
		case ctProtoSrc:
			v, k := word(t.Sport, 0)
			w, _ := word(t.Sport, 1)
			s.put(at, []byte{v, w})
			s.known[at], s.known[at+1] = k, k
		case ctProtoDst:
			v, k := word(t.Dport, 0)
			w, _ := word(t.Dport, 1)
			s.put(at, []byte{v, w})
			s.known[at], s.known[at+1] = k, k
		case ctZone:
			s.put(at, []byte{byte(c.Zone), byte(c.Zone >> 8)})
		default:
			s.forget(at, n)
		}
		return next
	}))
	return true
}

// ctLen is how many bytes a key of ct loads. An address without a family of its own takes that of the table.
func ctLen(family string, key uint32) uint32 {
	switch key {
	case ctSrc, ctDst:
		if family == "ip" {
			return 4
		}
		return 16
	case ctHelper, ctLabels, ctSrcIP6, ctDstIP6:
		return 16
	case 14, 15, 16: // packets, bytes, bytes a packet
		return 8
	}
	return 4
}

func (s *state) putAddr(at uint32, a netip.Addr) {
	n := uint32(4)
	if s.v6 {
		n = 16
	}
	if !a.IsValid() || at+n > 64 || a.BitLen() != int(8*n) {
		s.forget(at, n)
		return
	}
	s.put(at, a.AsSlice())
}

func (r *exprReader) ctSet(x *expr, key uint32) bool {
	from, ok := x.reg(4, 4)
	if !ok {
		return false
	}
	switch {
	case key == ctMark:
		r.does(act(func(s *state) step {
			if c := s.p.conn(); c != nil {
				m := s.get32(from)
				c.Mark, c.MarkUnknown = m.value&m.known, ^m.known
			}
			return next
		}))
	case key == ctZone && !x.has(3):
		r.does(act(func(s *state) step {
			if s.p.CT == CTNone {
				if !s.sure(from, 2) {
					s.why = "the zone is not known"
					return stuck
				}
				s.template(binary.LittleEndian.Uint16(s.regs[from:]))
			}
			return next
		}))
	case key == ctEventmask, key == ctLabels:
	default:
		return false
	}
	return true
}

// Flags of fib, and its results: enum nft_fib_flags, enum nft_fib_result.
const (
	fibSaddr   = 1
	fibDaddr   = 2
	fibMark    = 4
	fibIIF     = 8
	fibOIF     = 16
	fibPresent = 32

	fibResultOIF     = 1
	fibResultOIFName = 2
	fibResultType    = 3
)

func fibExpr(r *exprReader, x *expr) bool {
	result, flags := x.num(2), x.num(3)
	n := uint32(4)
	if result == fibResultOIFName && flags&fibPresent == 0 {
		n = 16
	}
	at, ok := x.reg(1, n)
	if !ok || result < fibResultOIF || result > fibResultType {
		return false
	}
	r.asks(act(func(s *state) step {
		a, b := s.p.Dst, s.p.Src
		if flags&fibSaddr != 0 {
			a, b = b, a
		}
		dev, devOK := "", true
		switch {
		case flags&fibIIF != 0:
			dev, devOK = inOf(s)
		case flags&fibOIF != 0:
			dev, devOK = outOf(s)
		}
		if !a.IsValid() || !devOK || flags&fibMark != 0 && s.p.MarkUnknown != 0 {
			s.forget(at, n)
			return next
		}
		if result == fibResultType {
			t, ok := s.ns.AddrType(a, dev)
			s.put32(at, part{uint32(t), allIf(ok)})
			return next
		}
		q := RouteQuery{Dst: a, Src: b, Out: dev}
		if flags&fibMark != 0 {
			q.Mark = s.p.Mark
		}
		var route Route
		ok := true
		if s.p.In == "lo" && s.hook.hasIn(s.p.Local) && flags&fibSaddr != 0 { // nft_fib_can_skip
			route = Route{Unicast, "lo"}
		} else if route, ok = s.ns.Route(q); ok && (route.Type != Unicast || dev != "" && route.Dev != dev) {
			route = Route{}
		}
		switch {
		case !ok:
			s.forget(at, n)
		case flags&fibPresent != 0:
			s.put32(at, part{one(route.Dev != ""), 0xffffffff})
		case result == fibResultOIFName:
			s.putName(at, func(*state) (string, bool) { return route.Dev, true })
		default:
			index := uint32(0)
			if route.Dev != "" {
				index, ok = s.ns.Ifindex(route.Dev)
			}
			s.put32(at, part{index, allIf(ok)})
		}
		return next
	}))
	return true
}

// exthdrExpr knows one option: the MSS of a TCP segment.
func exthdrExpr(r *exprReader, x *expr) bool {
	const tcpopt, maxseg = 1, 2
	typ := byte(0)
	if len(x.a[2]) == 1 {
		typ = x.a[2][0]
	}
	off, n, op := x.num(3), x.num(4), x.num(6)
	isMSS := op == tcpopt && typ == maxseg && off == 2 && n == 2
	if x.has(7) {
		from, ok := x.reg(7, 2)
		if !ok || !isMSS {
			return false
		}
		r.does(act(func(s *state) step {
			mss := s.bytes16(from)
			if s.p.Proto == protoTCP && s.p.MSS > mss { // nft_exthdr_tcp_set_eval lowers it only; 0 is not known
				s.p.MSS = mss
			}
			return next
		}))
		return true
	}
	at, ok := x.reg(1, max(n, 1))
	if !ok {
		return false
	}
	r.asks(&cond{why: "what options and headers the packet has is not known", test: func(s *state) Tri {
		if isMSS && s.p.Proto == protoTCP && s.p.MSS != 0 {
			s.put(at, []byte{byte(s.p.MSS >> 8), byte(s.p.MSS)})
			return Yes
		}
		if op == tcpopt && s.p.Proto != protoTCP && s.p.Proto != 0 {
			return No
		}
		s.forget(at, max(n, 4))
		return Unknown
	}})
	return true
}

// numgenExpr counts or draws lots: every number is possible.
func numgenExpr(r *exprReader, x *expr) bool {
	at, ok := x.reg(1, 4)
	mod, offset := x.num(2), x.num(4)
	if !ok || mod == 0 {
		return false
	}
	r.does(act(func(s *state) step {
		s.why = "which number numgen gives is not known"
		if mod > maxWays {
			s.forget(at, 4)
			return next
		}
		s.ways = nil
		for n := range mod {
			s.ways = append(s.ways, way{step: next, at: at, data: binary.LittleEndian.AppendUint32(nil, n+offset)})
		}
		return several
	}))
	return true
}
