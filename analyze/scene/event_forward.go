package scene

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// flapping is from how many changes within the reads on a MAC that is on several ports is called bad: a container that moves makes one
// for each place; an address that is in two places at once goes to and fro for as long as one looks.
const flapping = 6

// forwardQuery has, for each namespace and MAC, how often an entry came or went on each port while capture looked on.
const forwardQuery = `
SELECT k.host, k.netns, COALESCE(o.label, k.netns), k.event, COALESCE(k.dev, '?'), COALESCE(k.mac, ''), k.count, COALESCE(k.first, ''), COALESCE(k.last, ''), k.ref
FROM kernel_event_count AS k LEFT JOIN netns_owner AS o ON o.host = k.host AND o.netns = k.netns
WHERE k.object = 'fdb'
ORDER BY k.host, k.netns, k.mac, k.first`

// A macEvents is what became of the entries of one MAC in one namespace.
type macEvents struct {
	host, netns, place, mac, ref string
	ports                        []string // where entries came, in the order of the first
	came, went, asked            int
	first, last                  time.Time
}

// readForwardEvents tells of FDB entries that came and went. A MAC on one port is told with the others of the port; one that came on
// several ports is told for itself: it moved, and when it goes to and fro it is in two places at once.
func readForwardEvents(r *eventReader) error {
	var m *macEvents
	var host, netns, place, event, dev, mac, first, last, ref string
	var count int
	flush := func() {
		if m != nil {
			m.add(r)
		}
		m = nil
	}
	err := r.each(forwardQuery, []any{&host, &netns, &place, &event, &dev, &mac, &count, &first, &last, &ref}, func() {
		from, to := when(first), when(last)
		if mac == "" || event == "lost" {
			flush()
			r.out.add(Event{At: from, Until: until(from, to), Host: host, Lane: LaneForward, Tone: toneOdd, Count: count, Subject: r.name.label(place), Ref: ref,
				Text: fmt.Sprintf("FDB of %s: more changes than could be kept one by one (%s)", r.name.label(place), event)})
			return
		}
		if m == nil || m.host != host || m.netns != netns || m.mac != mac {
			flush()
			m = &macEvents{host: host, netns: netns, place: r.name.label(place), mac: mac, ref: ref, first: from}
		}
		switch event {
		case "new":
			m.came += count
			if !slices.Contains(m.ports, dev) {
				m.ports = append(m.ports, dev)
			}
		case "get":
			m.asked += count
		default:
			m.went += count
			if len(m.ports) == 0 {
				m.ports = append(m.ports, dev)
			}
		}
		if from.Before(m.first) {
			m.first = from
		}
		if to.After(m.last) {
			m.last = to
		}
	})
	flush()
	return err
}

func (m *macEvents) add(r *eventReader) {
	e := Event{At: m.first, Until: until(m.first, m.last), Host: m.host, Lane: LaneForward, Count: m.came + m.went + m.asked, Ref: m.ref}
	switch {
	case len(m.ports) > 1:
		e.Subject, e.Tone, e.Lane = m.mac, toneOdd, LaneMoves
		e.Text = fmt.Sprintf("%s moved between %s in %s", m.mac, strings.Join(m.ports, " and "), m.place)
		if m.came >= flapping {
			e.Tone = toneBad
		}
	case m.asked > 0:
		e.Subject, e.Tone = m.mac, toneOdd
		e.Text = fmt.Sprintf("%s asks where %s is: it has no entry for it (l2miss)", m.place, m.mac)
	case m.came >= flapping:
		e.Subject, e.Tone, e.Lane = m.mac, toneOdd, LaneMoves
		e.Text = fmt.Sprintf("%s came on %s of %s again and again", m.mac, m.ports[0], m.place)
	case m.went == 0:
		e.Subject, e.Count, e.Until = m.place, 1, time.Time{}
		e.Text = fmt.Sprintf("%s appeared on %s of %s", m.mac, m.ports[0], m.place)
	case m.came == 0:
		e.Subject, e.Count, e.Until = m.place, 1, time.Time{}
		e.Text = fmt.Sprintf("%s was taken off %s of %s", m.mac, m.ports[0], m.place)
	default:
		e.Subject, e.Count, e.Until = m.place, 1, time.Time{}
		e.Text = fmt.Sprintf("%s was replaced on %s of %s", m.mac, m.ports[0], m.place)
	}
	r.out.add(e)
}

// until is the end of what lasted from one time to another; zero for a moment.
func until(from, to time.Time) time.Time {
	if to.After(from) {
		return to
	}
	return time.Time{}
}

// neighbourQuery are the changes of neighbours, one by one. An entry that is taken away is first called failed, in the same breath (neigh_delete of
// net/core/neighbour.c): such a row is not read.
const neighbourQuery = `
WITH told AS (
  SELECT k.host, k.netns, k.time, k.event, COALESCE(k.dev, '?') AS dev, COALESCE(k.ip, '') AS ip, COALESCE(k.state, '') AS state, k.line, k.ref,
    LEAD(k.event) OVER entry AS next, LEAD(k.monotonic_ns) OVER entry - k.monotonic_ns AS after_ns
  FROM kernel_event AS k WHERE k.object = 'neighbour' WINDOW entry AS (PARTITION BY k.host, k.netns, k.ifindex, k.ip ORDER BY k.seq)
)
SELECT t.host, t.time, COALESCE(o.label, t.netns), t.event, t.dev, t.ip, t.state, COALESCE(o.service, ''), t.ref
FROM told AS t LEFT JOIN netns_owner AS o ON o.host = t.host AND o.netns = t.netns
WHERE NOT (t.state = 'failed' AND t.event = 'new' AND COALESCE(t.next, '') = 'del' AND COALESCE(t.after_ns, 0) < 1000000000)`

// linkQuery are the changes of links, bridge ports, addresses and routes, device by device.
const linkQuery = `
SELECT k.host, k.netns, k.time, COALESCE(o.label, k.netns), COALESCE(k.dev, '?'), k.object, k.event, COALESCE(k.state, ''), COALESCE(o.service, ''), k.ref
FROM kernel_event AS k LEFT JOIN netns_owner AS o ON o.host = k.host AND o.netns = k.netns
WHERE k.object NOT IN ('fdb', 'neighbour') ORDER BY k.host, k.netns, COALESCE(k.dev, '?'), k.seq`

// overflowQuery are those of which only the number is known.
const overflowQuery = `
SELECT k.host, COALESCE(k.first, ''), COALESCE(k.last, ''), COALESCE(o.label, k.netns), k.event, COALESCE(k.object, 'changes'), COALESCE(k.dev, ''), k.count - k.kept, k.ref
FROM kernel_event_count AS k LEFT JOIN netns_owner AS o ON o.host = k.host AND o.netns = k.netns
WHERE COALESCE(k.object, '') <> 'fdb' AND k.count > k.kept`

// readNeighbourEvents tells of neighbours that changed while capture looked on, and of devices that came, went or changed.
func readNeighbourEvents(r *eventReader) error {
	var host, at, last, place, event, object, dev, ip, state, service, ref string
	err := r.each(neighbourQuery, []any{&host, &at, &place, &event, &dev, &ip, &state, &service, &ref}, func() {
		place := r.name.label(place)
		text, tone := neighbourWords(event, dev+" of "+place, ip, state)
		r.out.add(Event{At: when(at), Host: host, Lane: LaneForward, Tone: tone, Text: text, Subject: place, Service: service, Ref: ref})
	})
	if err != nil {
		return err
	}
	if err := readLinkEvents(r); err != nil {
		return err
	}
	var count sql.NullInt64
	return r.each(overflowQuery, []any{&host, &at, &last, &place, &event, &object, &dev, &count, &ref}, func() {
		e := Event{At: when(at), Host: host, Lane: LaneForward, Count: int(count.Int64), Ref: ref, Subject: r.name.label(place)}
		e.Until = until(e.At, when(last))
		e.Text = fmt.Sprintf("%s %s of %s, counted only", event, object, strings.TrimSpace(dev+" in "+e.Subject))
		if event == "lost" {
			e.Tone, e.Text = toneOdd, "the kernel had no room for changes in "+e.Subject+": some are lost"
		}
		r.out.add(e)
	})
}

// A linkEvents is what became of one device in one namespace: what happens to it in a breath makes a dozen changes.
type linkEvents struct {
	host, netns, place, dev, service, ref string
	from, to                              time.Time
	gone, up, down                        bool
}

func readLinkEvents(r *eventReader) error {
	var d *linkEvents
	flush := func() {
		if d == nil {
			return
		}
		place := r.name.label(d.place)
		r.out.add(Event{At: d.from, Until: until(d.from, d.to), Host: d.host, Lane: LaneForward, Text: linkWords(d.dev+" of "+place, d.gone, d.up, d.down),
			Subject: place, Service: d.service, Ref: d.ref})
		d = nil
	}
	var host, netns, at, place, dev, object, event, state, service, ref string
	err := r.each(linkQuery, []any{&host, &netns, &at, &place, &dev, &object, &event, &state, &service, &ref}, func() {
		if d == nil || d.host != host || d.netns != netns || d.dev != dev {
			flush()
			d = &linkEvents{host: host, netns: netns, place: place, dev: dev, service: service, ref: ref, from: when(at)}
		}
		d.to = when(at)
		if object == "link" {
			d.gone = d.gone || event == "del"
			d.up = d.up || event == "new" && state == "up"
			d.down = d.down || event == "new" && state == "down"
		}
	})
	flush()
	return err
}

// neighbourWords put a change of a neighbour into words. That the kernel asks for one again, a stale one among them, is what it does all day;
// one that failed does not answer.
func neighbourWords(event, dev, ip, state string) (text, tone string) {
	switch {
	case event == "get":
		return fmt.Sprintf("%s asks for the MAC of %s: it has no entry for it (l3miss)", dev, ip), toneOdd
	case event == "del":
		return fmt.Sprintf("the neighbour %s was taken off %s", ip, dev), ""
	case state == "failed":
		return fmt.Sprintf("the neighbour %s on %s does not answer", ip, dev), toneOdd
	case state == "permanent":
		return fmt.Sprintf("the neighbour %s was programmed on %s", ip, dev), ""
	}
	return fmt.Sprintf("neighbours on %s were looked up again", dev), ""
}

// linkWords say what became of a device.
func linkWords(dev string, gone, up, down bool) string {
	switch {
	case gone && up:
		return "the device " + dev + " came and went"
	case gone:
		return "the device " + dev + " went away"
	case down && !up:
		return "the device " + dev + " went down"
	case up:
		return "the device " + dev + " came up"
	}
	return "the device " + dev + " changed"
}
