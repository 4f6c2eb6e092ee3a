package capture

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Why an entry of connection tracking is kept: the column kept of conntrack_entry.
const (
	keptUDP       = "udp"       // outlives the rule that it was made by, and is all of DNS
	keptUnreplied = "unreplied" // nobody answers
	keptNAT       = "nat"       // what it is sent to now is in it: published ports, virtual addresses, 127.0.0.11
	keptSample    = "sample"
)

var keptKinds = []string{keptUDP, keptUnreplied, keptNAT}

const (
	// Destinations that are told apart while counting. A table is dumped in the order of a hash, so one that does not
	// come up among so many is among the smallest.
	ctMostKeys = 32768
	// Destinations that have a row of their own, the biggest.
	ctMostRows = 512
	// Entries that are kept in one namespace, those of the sample not among them; and the sample.
	ctMostEntries = 4096
	ctMostSample  = 256
	// The same in a namespace of a container, of which there may be hundreds.
	ctMostOfContainer       = 512
	ctMostSampleOfContainer = 32
)

// ctKind is what decides whether an entry is kept.
func ctKind(e *schema.ConntrackEntry) string {
	switch {
	case e.Proto == "udp" || e.Proto == "udplite":
		return keptUDP
	case !strings.Contains(e.Status, "seen_reply"):
		return keptUnreplied
	case e.Nat != "":
		return keptNAT
	}
	return keptSample
}

// translated tells from the two tuples what was translated. IPVS alters the reply tuple without a status bit.
func translated(e *schema.ConntrackEntry) string {
	dnat := e.ReplySrc != e.Dst || e.ReplySport != e.DPort
	snat := e.ReplyDst != e.Src || e.ReplyDport != e.Sport
	switch {
	case dnat && snat:
		return "dnat,snat"
	case dnat:
		return "dnat"
	case snat:
		return "snat"
	}
	return ""
}

// ctSummary takes every entry of a namespace and keeps what fits.
type ctSummary struct {
	entries   int
	perKind   int // bound on the entries that are kept, of all kinds but the sample together
	sample    int // bound on the sample
	kept      map[string]*ctList
	met       map[string]int // entries by kind
	counts    map[ctKey]int64
	overflow  map[ctGroup]int64 // entries beyond ctMostKeys
	keysBound int
}

// ctGroup is what entries have in common whatever their destination.
type ctGroup struct {
	zone                      int64
	family, proto, state, nat string
	unreplied, assured        bool
}

// ctKey is what entries of one row of conntrack_count have in common.
type ctKey struct {
	ctGroup
	dst, replySrc, replyDst netip.Addr
	dport, replySport       int64
}

func newCtSummary(most, sample int) *ctSummary {
	return &ctSummary{
		perKind: most, sample: sample, keysBound: ctMostKeys,
		kept: map[string]*ctList{}, met: map[string]int{}, counts: map[ctKey]int64{}, overflow: map[ctGroup]int64{},
	}
}

// add counts an entry, and copies it if it is to be kept.
func (t *ctSummary) add(e *schema.ConntrackEntry) {
	t.entries++
	e.Kept = ctKind(e)
	t.met[e.Kept]++
	bound := t.perKind
	if e.Kept == keptSample {
		bound = t.sample
	}
	if t.kept[e.Kept] == nil {
		t.kept[e.Kept] = &ctList{bound: bound, per: map[netip.AddrPort]int{}}
	}
	t.kept[e.Kept].add(e)
	k := ctKey{ctGroup: ctGroup{
		zone: e.Zone, family: e.Family, proto: e.Proto, state: e.State, nat: e.Nat,
		unreplied: !strings.Contains(e.Status, "seen_reply"), assured: strings.Contains(e.Status, "assured"),
	}, dst: e.Dst, dport: e.DPort}
	if strings.HasPrefix(e.Nat, "dnat") {
		k.replySrc, k.replySport = e.ReplySrc, e.ReplySport
	}
	if strings.HasSuffix(e.Nat, "snat") {
		k.replyDst = e.ReplyDst
	}
	if n, ok := t.counts[k]; ok || len(t.counts) < t.keysBound {
		t.counts[k] = n + 1
	} else {
		t.overflow[k.ctGroup]++
	}
}

// ctList keeps some entries of one kind. When there are more than fit, destinations share the room: the flows of VXLAN, each
// from a port of its own, must not crowd out the three of a published port.
type ctList struct {
	entries []schema.ConntrackEntry
	bound   int
	per     map[netip.AddrPort]int // entries by destination
	next    int                    // where to look for one that can go
	closed  bool                   // there is none
}

func (l *ctList) add(e *schema.ConntrackEntry) {
	to := ctDestination(e)
	if len(l.entries) < l.bound {
		l.entries = append(l.entries, *e)
		l.per[to]++
		return
	}
	share := len(l.per)
	if l.per[to] == 0 {
		share++
	}
	most := l.bound / max(share, 1)
	if l.closed || l.per[to] >= max(most, 1) {
		return
	}
	for range l.entries {
		old := &l.entries[l.next]
		l.next = (l.next + 1) % len(l.entries)
		if from := ctDestination(old); l.per[from] > max(most, 1) {
			if l.per[from]--; l.per[from] == 0 {
				delete(l.per, from)
			}
			*old = *e
			l.per[to]++
			return
		}
	}
	l.closed = true
}

func ctDestination(e *schema.ConntrackEntry) netip.AddrPort {
	return netip.AddrPortFrom(e.Dst, uint16(e.DPort))
}

// list is what is kept of a kind.
func (t *ctSummary) list(kind string) []schema.ConntrackEntry {
	if l := t.kept[kind]; l != nil {
		return l.entries
	}
	return nil
}

// fairShares divides room among kinds: none gets more than it has, and none less than the others unless it has no more.
func fairShares(have []int, room int) []int {
	share := make([]int, len(have))
	for left := len(have); left > 0 && room > 0; {
		each := max(room/left, 1)
		left = 0
		for i := range have {
			n := min(each, have[i]-share[i], room)
			share[i] += n
			room -= n
			if share[i] < have[i] {
				left++
			}
		}
	}
	return share
}

// entryRows returns the entries that are kept, and what coverage says of them.
func (t *ctSummary) entryRows() ([]schema.ConntrackEntry, schema.Coverage) {
	have, telling := make([]int, len(keptKinds)), 0
	for i, kind := range keptKinds {
		have[i] = len(t.list(kind))
		telling += t.met[kind]
	}
	var rows []schema.ConntrackEntry
	for i, n := range fairShares(have, t.perKind) {
		rows = append(rows, t.list(keptKinds[i])[:n]...)
	}
	cover := schema.Coverage{Tbl: "conntrack_entry", Outcome: schema.OK}
	if n := len(rows); n < telling {
		cover.Outcome = schema.Truncated
		cover.Reason = fmt.Sprintf("%d of %d entries that are UDP, without reply or translated", n, telling)
	}
	if all, n := t.met[keptSample], len(t.list(keptSample)); n < all {
		if cover.Reason != "" {
			cover.Reason += "; "
		}
		cover.Reason += fmt.Sprintf("of %d others a sample of %d", all, n)
	}
	return append(rows, t.list(keptSample)...), cover
}

// countRows returns the biggest destinations, and for what they have in common a row for the rest.
func (t *ctSummary) countRows() ([]schema.ConntrackCount, schema.Coverage) {
	keys := slices.SortedFunc(maps.Keys(t.counts), func(a, b ctKey) int {
		return cmp.Or(cmp.Compare(t.counts[b], t.counts[a]), a.compare(&b))
	})
	var rows []schema.ConntrackCount
	for i := range keys[:min(len(keys), ctMostRows)] {
		k := &keys[i]
		r := k.row()
		r.Dst, r.DPort, r.ReplySrc, r.ReplySport, r.ReplyDst, r.Entries = k.dst, k.dport, k.replySrc, k.replySport, k.replyDst, t.counts[*k]
		rows = append(rows, r)
	}
	cover := schema.Coverage{Tbl: "conntrack_count", Outcome: schema.OK}
	type rest struct{ count, others int64 }
	rests := map[ctGroup]rest{}
	if len(keys) > ctMostRows {
		for _, k := range keys[ctMostRows:] {
			r := rests[k.ctGroup]
			rests[k.ctGroup] = rest{r.count + t.counts[k], r.others + 1}
		}
		cover.Reason = fmt.Sprintf("%d of %d destinations by themselves, the others summed", ctMostRows, len(keys))
	}
	for g, n := range t.overflow {
		r := rests[g]
		rests[g] = rest{r.count + n, max(r.others, 1)}
	}
	if len(t.overflow) > 0 {
		cover.Reason = fmt.Sprintf("%d of more than %d destinations by themselves, the others summed", ctMostRows, t.keysBound)
	}
	for _, g := range slices.SortedFunc(maps.Keys(rests), func(a, b ctGroup) int { return a.compare(&b) }) {
		r := g.row()
		r.Entries, r.Others = rests[g].count, rests[g].others
		rows = append(rows, r)
	}
	return rows, cover
}

func (g *ctGroup) row() schema.ConntrackCount {
	return schema.ConntrackCount{
		Zone: g.zone, Family: g.family, Proto: g.proto, State: g.state, Unreplied: g.unreplied, Assured: g.assured, Nat: g.nat,
	}
}

func (g *ctGroup) compare(o *ctGroup) int {
	return cmp.Or(cmp.Compare(g.zone, o.zone), cmp.Compare(g.family, o.family), cmp.Compare(g.proto, o.proto),
		cmp.Compare(g.state, o.state), cmp.Compare(g.nat, o.nat), compareBool(g.unreplied, o.unreplied), compareBool(g.assured, o.assured))
}

func (k *ctKey) compare(o *ctKey) int {
	return cmp.Or(k.dst.Compare(o.dst), cmp.Compare(k.dport, o.dport), k.replySrc.Compare(o.replySrc),
		cmp.Compare(k.replySport, o.replySport), k.replyDst.Compare(o.replyDst), k.ctGroup.compare(&o.ctGroup))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
