package xtables

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Info is struct ipt_getinfo, the answer to IPT_SO_GET_INFO (ip_tables.h); that of IPv6 is the same.
type Info struct {
	Name       string
	ValidHooks uint32    // bit n: the table has a chain at hook n
	HookEntry  [5]uint32 // where each built-in chain begins in the entries
	Underflow  [5]uint32 // where its policy is
	Entries    uint32    // number of entries
	Size       uint32    // bytes of all entries
}

// Sizes of the structures around and in the blob: ipt_getinfo, the head of ipt_get_entries, xt_entry_match.
const (
	InfoSize    = 84
	EntriesHead = 40
	extHead     = 32
	nameLen     = 32 // XT_TABLE_MAXNAMELEN
	extNameLen  = 29 // XT_EXTENSION_MAXNAMELEN
	ifNameLen   = 16 // IFNAMSIZ
)

// MaxSize bounds the entries of one table: what a capture reads of a hostile or broken kernel.
const MaxSize = 256 << 20

var hooks = [5]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

// layout is where the fields of ipt_entry or ip6t_entry are.
type layout struct {
	addr                           int // length of an address; the four of them come first
	ifaces                         int
	proto, flags, inv              int
	target, next, counters, header int
}

var (
	layout4 = layout{addr: 4, ifaces: 16, proto: 80, flags: 82, inv: 83, target: 88, next: 90, counters: 96, header: 112}
	layout6 = layout{addr: 16, ifaces: 64, proto: 128, flags: 131, inv: 132, target: 140, next: 142, counters: 152, header: 168}
)

// ParseInfo reads struct ipt_getinfo.
func ParseInfo(b []byte) (Info, error) {
	if len(b) < InfoSize {
		return Info{}, fmt.Errorf("table info: %d bytes, want %d", len(b), InfoSize)
	}
	i := Info{
		Name:       cstring(b[:nameLen]),
		ValidHooks: binary.NativeEndian.Uint32(b[32:]),
		Entries:    binary.NativeEndian.Uint32(b[76:]),
		Size:       binary.NativeEndian.Uint32(b[80:]),
	}
	for n := range i.HookEntry {
		i.HookEntry[n] = binary.NativeEndian.Uint32(b[36+4*n:])
		i.Underflow[n] = binary.NativeEndian.Uint32(b[56+4*n:])
	}
	if i.Size > MaxSize {
		return Info{}, fmt.Errorf("table %s: %d bytes of entries, over the bound of %d", i.Name, i.Size, MaxSize)
	}
	return i, nil
}

// Parse reads the entries of one table: the entrytable of struct ipt_get_entries, without its head. On an error the
// chains that were read before it are returned as well.
func Parse(v6 bool, info Info, b []byte) (Table, error) {
	t := Table{V6: v6, Name: info.Name}
	p := parser{b: b, l: layout4, v6: v6, info: info, heads: map[int]string{}}
	if v6 {
		p.l = layout6
	}
	if err := p.index(); err != nil {
		return t, fmt.Errorf("table %s: %w", info.Name, err)
	}
	err := p.chains(&t)
	if err != nil {
		err = fmt.Errorf("table %s: %w", info.Name, err)
	}
	return t, err
}

type parser struct {
	b     []byte
	l     layout
	v6    bool
	info  Info
	heads map[int]string // offset of a chain's first rule → its name
}

// An entry is one ipt_entry, cut into its parts.
type entry struct {
	head    []byte // the fixed part
	matches []byte
	target  []byte // struct xt_entry_target with its data
	end     int    // offset of the next entry
}

func (p *parser) entry(at int) (e entry, err error) {
	if at < 0 || at+p.l.header > len(p.b) {
		return e, fmt.Errorf("entry at %d: beyond the end at %d", at, len(p.b))
	}
	b := p.b[at:]
	target, next := int(u16(b, p.l.target)), int(u16(b, p.l.next))
	if target < p.l.header || target+extHead > next || next > len(b) {
		return e, fmt.Errorf("entry at %d: target at %d and next at %d do not fit", at, target, next)
	}
	size := int(u16(b, target))
	if size < extHead || target+size > next {
		return e, fmt.Errorf("entry at %d: target of %d bytes does not fit", at, size)
	}
	return entry{head: b[:p.l.header], matches: b[p.l.header:target], target: b[target : target+size], end: at + next}, nil
}

// isHead reports whether the entry is the ERROR target that stands before a user's chain, and its name; the one
// that ends the table is called ERROR.
func (e entry) isHead() (string, bool) {
	if extName(e.target) != "ERROR" {
		return "", false
	}
	return cstring(e.target[extHead:]), true
}

var errNoEnd = errors.New("no entry ends the table")

// index finds where each chain begins.
func (p *parser) index() error {
	for n, name := range hooks {
		if p.info.ValidHooks&(1<<n) != 0 {
			p.heads[int(p.info.HookEntry[n])] = name
		}
	}
	for at := 0; at < len(p.b); {
		e, err := p.entry(at)
		if err != nil {
			return err
		}
		if name, ok := e.isHead(); ok && e.end < len(p.b) {
			p.heads[e.end] = name
		}
		at = e.end
	}
	return nil
}

// chains reads the rules. The last entry of a chain is its policy, or the RETURN that ends a user's chain.
func (p *parser) chains(t *Table) error {
	underflow := map[int]bool{}
	for n := range hooks {
		if p.info.ValidHooks&(1<<n) != 0 {
			underflow[int(p.info.Underflow[n])] = true
		}
	}
	var c *Chain
	for at := 0; at < len(p.b); {
		e, err := p.entry(at)
		if err != nil {
			return err
		}
		if name, ok := e.isHead(); ok {
			if name == "ERROR" && e.end >= len(p.b) {
				return nil
			}
			c = nil
			at = e.end
			continue
		}
		if name, ok := p.heads[at]; ok {
			t.Chains = append(t.Chains, Chain{Name: name})
			c = &t.Chains[len(t.Chains)-1]
		}
		if c == nil {
			return fmt.Errorf("entry at %d is in no chain", at)
		}
		r, err := p.rule(e)
		if err != nil {
			return fmt.Errorf("chain %s, entry at %d: %w", c.Name, at, err)
		}
		switch {
		case underflow[at]:
			c.Policy, c.Packets, c.Bytes = r.Jump, r.Packets, r.Bytes
			c = nil
		case p.endsChain(e.end):
			c = nil // the implicit RETURN of a user's chain
		default:
			c.Rules = append(c.Rules, r)
		}
		at = e.end
	}
	return errNoEnd
}

// endsChain reports whether what follows is the head of another chain, or the end of the table.
func (p *parser) endsChain(next int) bool {
	e, err := p.entry(next)
	if err != nil {
		return true
	}
	_, head := e.isHead()
	return head
}

func (p *parser) rule(e entry) (Rule, error) {
	h, l := e.head, p.l
	r := Rule{
		V6:      p.v6,
		Src:     Net{h[0:l.addr], h[2*l.addr : 3*l.addr]},
		Dst:     Net{h[l.addr : 2*l.addr], h[3*l.addr : 4*l.addr]},
		In:      iface(h[l.ifaces:], h[l.ifaces+2*ifNameLen:]),
		Out:     iface(h[l.ifaces+ifNameLen:], h[l.ifaces+3*ifNameLen:]),
		Proto:   u16(h, l.proto),
		Invert:  Invert(h[l.inv]),
		Packets: binary.NativeEndian.Uint64(h[l.counters:]),
		Bytes:   binary.NativeEndian.Uint64(h[l.counters+8:]),
	}
	if p.v6 { // IP6T_F_PROTO 1, IP6T_F_TOS 2, IP6T_F_GOTO 4
		r.Goto = h[l.flags]&4 != 0
	} else { // IPT_F_FRAG 1, IPT_F_GOTO 2
		r.Frag, r.Goto = h[l.flags]&1 != 0, h[l.flags]&2 != 0
	}
	if r.Src.any() {
		r.Src = Net{}
	}
	if r.Dst.any() {
		r.Dst = Net{}
	}
	for m := e.matches; len(m) > 0; {
		x, size, err := ext(m)
		if err != nil {
			return r, err
		}
		r.Matches, m = append(r.Matches, x), m[size:]
	}
	x, _, err := ext(e.target)
	if err != nil {
		return r, err
	}
	if x.Name != "" {
		r.Target = &x
		return r, nil
	}
	if len(x.Data) < 4 {
		return r, fmt.Errorf("verdict of %d bytes", len(x.Data))
	}
	r.Jump, err = p.verdict(int32(binary.NativeEndian.Uint32(x.Data)), e.end)
	return r, err
}

// verdict puts the number of a standard target into words: negative for a verdict (-v-1), else the offset of the
// rule to jump to. A jump to the next rule is how a rule without a target looks.
func (p *parser) verdict(v int32, next int) (string, error) {
	switch v {
	case -1:
		return "DROP", nil
	case -2:
		return "ACCEPT", nil
	case -4:
		return "QUEUE", nil
	case -5:
		return "RETURN", nil
	}
	if name, ok := p.heads[int(v)]; ok && v >= 0 && int(v) != next {
		return name, nil
	}
	if int(v) == next {
		return "", nil
	}
	return "", fmt.Errorf("verdict %d is no verdict and no chain", v)
}

// ext reads struct xt_entry_match or xt_entry_target, which are laid out alike.
func ext(b []byte) (Ext, int, error) {
	if len(b) < extHead {
		return Ext{}, 0, fmt.Errorf("extension of %d bytes", len(b))
	}
	size := int(u16(b, 0))
	if size < extHead || size > len(b) {
		return Ext{}, 0, fmt.Errorf("extension %q: size %d does not fit in %d", extName(b), size, len(b))
	}
	return Ext{Name: extName(b), Rev: b[31], Data: b[extHead:size]}, size, nil
}

func extName(b []byte) string { return cstring(b[2 : 2+extNameLen]) }

// iface joins a device's name and mask: the mask covers the final NUL of a whole name, and ends where + stands.
func iface(name, mask []byte) string {
	if mask[0] == 0 {
		return ""
	}
	for i := range ifNameLen {
		if mask[i] == 0 {
			if name[i-1] != 0 {
				return string(name[:i]) + "+"
			}
			break
		}
	}
	return cstring(name[:ifNameLen])
}

// any reports that the net constrains nothing: address and mask are zero.
func (n Net) any() bool {
	for _, b := range [][]byte{n.Addr, n.Mask} {
		for _, x := range b {
			if x != 0 {
				return false
			}
		}
	}
	return true
}

func u16(b []byte, at int) uint16 { return binary.NativeEndian.Uint16(b[at:]) }

// cstring is the text before the first NUL.
func cstring(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
