package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/netmortem/netmortem/schema"
)

// socketCollector reads the sockets of each namespace.
//
// The kernel keeps connections of all namespaces in one table and every dump walks all of it, so a namespace without
// sockets is not asked, and TCP of both families is asked for in one dump, in the old form of the request: the new one takes
// one family at a time.
var socketCollector = &Collector{
	Name:  "socket",
	Doc:   "TCP, UDP and raw sockets of each namespace (sock_diag dumps; without tcp_diag or udp_diag /proc/thread-self/net/tcp and its like), where sockstat counts any.",
	Needs: "CAP_SYS_ADMIN, to enter the namespace; CAP_NET_ADMIN, for the marks of sockets",
	Effects: "A request to sock_diag for a protocol loads its module: it is asked only for protocols whose modules are there. " +
		"Being asked, the kernel gives each socket a number (SO_COOKIE), which nothing else depends on. Keys of TCP MD5 signatures, which an answer may hold, are overwritten before anything is copied.",
	Since:    "0.2.0",
	Tables:   []string{"socket", "socket_count", "socket_group"},
	Volatile: true,
	InNetns:  func(ctx context.Context, ns *Netns, s *Sink) error { return readSocketsOf(ctx, ns, s, sockSources) },
}

// tcpdiagGetSock is TCPDIAG_GETSOCK of linux/inet_diag.h: TCP of both families at once.
const tcpdiagGetSock = 18

// diagStates asks for the states 1 to 11: all but those bound to a port and nothing else, for which newer kernels would walk
// another table.
const diagStates = 1<<12 - 2

// sockVisit is the reading of one namespace.
type sockVisit struct {
	ns    *Netns
	s     *Sink
	pick  *sockPick
	tally sockTally
	there sockThere
	diag  *rtconn // nil until it is needed
	notes []string
	out   schema.Outcome // of the table socket, OK if nothing is noted
}

func readSocketsOf(ctx context.Context, ns *Netns, s *Sink, sources []sockSource) error {
	reads := 2
	if ns.Host.Options.Window < 0 {
		reads = 1
	}
	v := &sockVisit{ns: ns, s: s, pick: ns.Host.sockets.pick(ns.ID(), s.Read(), reads), out: schema.OK}
	defer func() {
		if v.diag != nil {
			v.diag.close()
		}
	}()
	there, err := socketsThere(ns)
	if err != nil {
		return err
	}
	v.there = there
	var errs []error
	for _, src := range sources {
		var err error
		switch {
		case !there.any(src.proto):
		case src.module != "" && ns.Host.Modules.Have("inet_diag") && ns.Host.Modules.Have(src.module):
			if err = v.readDiag(ctx, src.proto); !noDiag(err) {
				break
			}
			fallthrough
		default:
			if src.lack != "" {
				v.note(schema.OK, src.lack) // every socket is there; what only sock_diag tells is NULL
			}
			err = v.readText(ctx, src)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("read %s sockets: %w", sockProtoNames[src.proto], err))
		}
	}
	if err := v.put(ctx); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// note adds something to the outcome of the table socket.
func (v *sockVisit) note(o schema.Outcome, why string) {
	if slices.Index(schema.Outcomes, o) > slices.Index(schema.Outcomes, v.out) {
		v.out = o
	}
	v.notes = append(v.notes, why)
}

// A sockSource is one protocol: the module that answers for it in sock_diag, its files, and what they lack.
type sockSource struct {
	proto  sockProto
	module string
	files  [2]string // of IPv4 and IPv6
	lack   string
}

var sockSources = []sockSource{
	{protoTCP, "tcp_diag", [2]string{"tcp", "tcp6"}, "tcp_diag is not loaded: from /proc/net, without tcp_info (round trip times, bytes, lost segments) and the backlog of listening sockets"},
	{protoUDP, "udp_diag", [2]string{"udp", "udp6"}, ""},
	{protoRaw, "", [2]string{"raw", "raw6"}, ""},
}

// sockThere is what sockstat counts in a namespace: sockets in use by protocol and family, -1 where it does not say. TCP sockets
// in time-wait are not in use; they are counted for both families together, and those that wait for the last part of
// their handshake are not counted at all.
type sockThere struct {
	inuse    [sockProtos][2]int64
	timeWait int64
}

// any reports whether there may be sockets of the protocol.
func (t *sockThere) any(p sockProto) bool { return t.of(p, 0) || t.of(p, 1) }

// of is the same for a family.
func (t *sockThere) of(p sockProto, family int) bool {
	return t.inuse[p][family] != 0 || p == protoTCP && t.timeWait != 0
}

func socketsThere(ns *Netns) (there sockThere, err error) {
	for i, file := range []string{"sockstat", "sockstat6"} {
		text, err := ns.readProc("/proc/thread-self/net/" + file)
		if errors.Is(err, fs.ErrNotExist) && i == 1 {
			return there, nil // a kernel without IPv6
		}
		if err != nil {
			return there, err
		}
		suffix := [2]string{"", "6"}[i]
		for p, name := range [sockProtos]string{"TCP", "UDP", "RAW"} {
			there.inuse[p][i] = sockstatValue(text, name+suffix, "inuse")
		}
		if i == 0 {
			there.timeWait = sockstatValue(text, "TCP", "tw")
		}
	}
	return there, nil
}

// noDiag reports whether the kernel does not answer for that protocol.
func noDiag(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINVAL) || notSupported(err)
}

// readDiag dumps the sockets of one protocol.
func (v *sockVisit) readDiag(ctx context.Context, proto sockProto) error {
	if v.diag == nil {
		c, err := openNetlink(unix.NETLINK_SOCK_DIAG)
		if err != nil {
			return err
		}
		v.diag = v.ns.lend(c)
	}
	if proto == protoTCP {
		return v.readTCP(ctx)
	}
	for i, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if !v.there.of(proto, i) {
			continue
		}
		request := make([]byte, 56) // struct inet_diag_req_v2
		request[0], request[1], request[2] = family, unix.IPPROTO_UDP, inetDiagExtensions
		binary.NativeEndian.PutUint32(request[4:], diagStates)
		if err := v.diag.stream(ctx, unix.SOCK_DIAG_BY_FAMILY, request, unix.SOCK_DIAG_BY_FAMILY, v.room(), v.take(proto)); err != nil {
			return err
		}
	}
	return nil
}

// readTCP dumps all TCP sockets. On a host with very many, where looking through the kernel's table for those of one
// namespace has taken long enough, a namespace in which nothing but listening sockets is in use is not looked for.
func (v *sockVisit) readTCP(ctx context.Context) error {
	spent := &v.ns.Host.sockets.spent[v.s.Read()]
	states := uint32(diagStates)
	if time.Duration(spent.Load()) > longDumps && v.there.timeWait == 0 {
		const listening = 1 << sockListen
		if err := v.dumpTCP(ctx, listening); err != nil {
			return err
		}
		found := v.tally.counts[protoTCP][0][sockListen] + v.tally.counts[protoTCP][1][sockListen]
		if found >= v.there.inuse[protoTCP][0]+max(v.there.inuse[protoTCP][1], 0) {
			v.note(schema.Partial, fmt.Sprintf("listening sockets only, and sockstat counts no others; syn-recv was not looked for, because dumps had taken %s", longDumps))
			return nil
		}
		states &^= listening
	}
	start := time.Now()
	err := v.dumpTCP(ctx, states)
	spent.Add(int64(time.Since(start)))
	return err
}

// longDumps is how long all workers together may look through the kernel's table of connections in one read before
// they spare it.
const longDumps = 5 * time.Second

func (v *sockVisit) dumpTCP(ctx context.Context, states uint32) error {
	return v.diag.stream(ctx, tcpdiagGetSock, tcpRequest(states), tcpdiagGetSock, v.room(), v.take(protoTCP))
}

// tcpRequest is struct inet_diag_req, which asks for TCP sockets of both families.
func tcpRequest(states uint32) []byte {
	request := make([]byte, 60)
	request[3] = inetDiagExtensions
	binary.NativeEndian.PutUint32(request[52:], states)
	return request
}

// room is where a datagram of a dump goes.
func (v *sockVisit) room() []byte {
	r := v.diag.room
	r.answer = slices.Grow(r.answer[:0], recvRoom)
	return r.answer[:recvRoom]
}

// take counts a socket, and offers it to be kept unless it is in time-wait.
func (v *sockVisit) take(proto sockProto) func(b []byte) error {
	return func(b []byte) error {
		h, rest, err := diagHead(proto, b)
		if err != nil {
			return err
		}
		wipeKeys(rest)
		v.tally.add(&h)
		if h.state != sockTimeWait {
			v.pick.offer(&h, sockKind{proto: proto, v6: h.v6}, b)
		}
		return nil
	}
}

// readText reads the files of one protocol.
func (v *sockVisit) readText(ctx context.Context, src sockSource) error {
	for i, file := range src.files {
		if !v.there.of(src.proto, i) {
			continue
		}
		var t sockText
		err := v.ns.eachProcLine(ctx, "/proc/thread-self/net/"+file, func(line []byte) error {
			h, ok, err := t.head(src.proto, i == 1, line)
			if err != nil || !ok {
				return err
			}
			v.tally.add(&h)
			if h.state != sockTimeWait {
				v.pick.offer(&h, sockKind{src.proto, i == 1, true}, line)
			}
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// eachProcLine reads a file of procfs that may be of any length, line by line.
func (n *Netns) eachProcLine(ctx context.Context, path string, each func(line []byte) error) error {
	fd, err := n.openProc(path)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	n.proc = slices.Grow(n.proc[:0], 64<<10)
	b := n.proc[:0]
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if len(b) == cap(b) {
			return fmt.Errorf("read %s: a line of more than %d bytes", path, len(b))
		}
		k, err := unix.Read(fd, b[len(b):cap(b)])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read %s: %w", path, err)
		case k == 0 && len(b) == 0:
			return nil
		case k == 0:
			return each(b)
		}
		b = b[:len(b)+k]
		rest := b
		for {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			if err := each(rest[:end]); err != nil {
				return err
			}
			rest = rest[end+1:]
		}
		b = b[:copy(b, rest)]
	}
}

// put writes the rows, and the outcome of each table that has one of its own.
func (v *sockVisit) put(ctx context.Context) error {
	id := v.ns.ID()
	for p := range v.tally.counts {
		for f, states := range v.tally.counts[p] {
			for state, n := range states {
				if n == 0 {
					continue
				}
				err := v.s.Put(&schema.SocketCount{Netns: id, Proto: sockProtoNames[p], Family: [2]string{"ipv4", "ipv6"}[f],
					State: sockStateName(sockProto(p), uint8(state)), Sockets: &n})
				if err != nil {
					return err
				}
			}
		}
	}
	groups, left := v.tally.largest()
	for _, g := range groups {
		n := v.tally.groups[g]
		row := schema.SocketGroup{Netns: id, State: sockStateName(protoTCP, g.state), Local: g.local, Peer: g.peer, Sockets: &n}
		if g.in {
			row.LocalPort = int64(g.port)
		} else {
			row.PeerPort = int64(g.port)
		}
		if err := v.s.Put(&row); err != nil {
			return err
		}
	}
	if left > 0 || v.tally.ungrouped > 0 {
		v.s.Cover(schema.Coverage{Tbl: "socket_group", Outcome: schema.Truncated, Reason: fmt.Sprintf(
			"the %d largest groups; %d more of %d sockets or more; %d sockets beyond %d groups were not grouped", len(groups), left, smallestGroup, v.tally.ungrouped, mostGroups)})
	}
	return v.putSockets(ctx)
}

func (v *sockVisit) putSockets(ctx context.Context) error {
	var row sockRow
	var inodes []uint32
	var bad error
	for _, p := range v.pick.done() {
		row.reset()
		var err error
		if p.kind.text {
			err = row.decodeText(p.kind.proto, p.kind.v6, p.raw)
		} else {
			err = row.decodeDiag(p.kind.proto, p.raw)
		}
		if err != nil {
			bad = err
		}
		row.Netns = v.ns.ID()
		if row.Ifindex != 0 {
			row.Dev = v.ns.dev(ctx, row.Ifindex)
		}
		if err := v.s.Put(&row.Socket); err != nil {
			return err
		}
		if row.Inode != 0 && v.s.Read() == 0 {
			inodes = append(inodes, uint32(row.Inode))
		}
	}
	if v.s.Read() == 0 {
		v.ns.Host.sockets.note(v.ns.ID(), v.pick, inodes)
	}
	if bad != nil {
		v.note(schema.Partial, bad.Error())
	}
	if n := len(v.pick.found); n < v.pick.seen {
		v.note(schema.Truncated, fmt.Sprintf("%d of %d sockets kept in the %s read: listening ones first, most of those that retransmit, wait or were not read, and some of the quiet ones", n, v.pick.seen, [2]string{"first", "last"}[v.s.Read()]))
	}
	if len(v.notes) > 0 {
		v.s.Cover(schema.Coverage{Tbl: "socket", Outcome: v.out, Reason: strings.Join(v.notes, "; ")})
	}
	return nil
}
