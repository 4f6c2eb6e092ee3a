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
			r.out.add(Event{At: from, Until: until(from, to), Host: host, Lane: LaneForward, Tone: toneOdd, Count: count, Ref: ref,
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
		e.Subject, e.Tone = m.mac, toneOdd
		e.Text = fmt.Sprintf("%s moved between %s in %s", m.mac, strings.Join(m.ports, " and "), m.place)
		if m.came >= flapping {
			e.Tone = toneBad
		}
	case m.asked > 0:
		e.Subject, e.Tone = m.mac, toneOdd
		e.Text = fmt.Sprintf("%s asks where %s is: it has no entry for it (l2miss)", m.place, m.mac)
	case m.came >= flapping:
		e.Subject, e.Tone = m.mac, toneOdd
		e.Text = fmt.Sprintf("%s on %s in %s came again and again", m.mac, m.ports[0], m.place)
	case m.went == 0:
		e.Subject, e.Count = m.ports[0], 1
		e.Text = fmt.Sprintf("%s appeared on %s in %s", m.mac, m.ports[0], m.place)
	case m.came == 0:
		e.Subject, e.Count = m.ports[0], 1
		e.Text = fmt.Sprintf("%s was taken off %s in %s", m.mac, m.ports[0], m.place)
	default:
		e.Subject, e.Count = m.ports[0], 1
		e.Text = fmt.Sprintf("%s was replaced on %s in %s", m.mac, m.ports[0], m.place)
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

// changeQuery are the other changes, one by one.
const changeQuery = `
SELECT k.host, k.time, COALESCE(o.label, k.netns), k.event, k.object, COALESCE(k.dev, '?'), COALESCE(k.ip, k.prefix, ''), COALESCE(k.state, ''), COALESCE(o.service, ''), k.ref
FROM kernel_event AS k LEFT JOIN netns_owner AS o ON o.host = k.host AND o.netns = k.netns
WHERE k.object <> 'fdb'`

// overflowQuery are those of which only the number is known.
const overflowQuery = `
SELECT k.host, COALESCE(k.first, ''), COALESCE(k.last, ''), COALESCE(o.label, k.netns), k.event, COALESCE(k.object, 'changes'), COALESCE(k.dev, ''), k.count - k.kept, k.ref
FROM kernel_event_count AS k LEFT JOIN netns_owner AS o ON o.host = k.host AND o.netns = k.netns
WHERE COALESCE(k.object, '') <> 'fdb' AND k.count > k.kept`

// readNeighbourEvents tells of neighbours, links, bridge ports, addresses and routes that changed while capture looked on.
func readNeighbourEvents(r *eventReader) error {
	var host, at, place, event, object, dev, what, state, service, ref string
	err := r.each(changeQuery, []any{&host, &at, &place, &event, &object, &dev, &what, &state, &service, &ref}, func() {
		place := r.name.label(place)
		text, tone := changeWords(event, object, dev, what, state)
		r.out.add(Event{At: when(at), Host: host, Lane: LaneForward, Tone: tone, Text: text + " in " + place, Subject: place, Service: service, Ref: ref})
	})
	if err != nil {
		return err
	}
	var last string
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

// changeWords put one change into words. Neighbours that the kernel asks for again, stale ones among them, are what it does all day; one that failed does
// not answer.
func changeWords(event, object, dev, what, state string) (text, tone string) {
	switch {
	case object == "neighbour" && event == "get":
		return fmt.Sprintf("%s asks for the MAC of %s: it has no entry for it (l3miss)", dev, what), toneOdd
	case object == "neighbour" && event == "del":
		return fmt.Sprintf("the neighbour %s was taken off %s", what, dev), ""
	case object == "neighbour" && state == "failed":
		return fmt.Sprintf("the neighbour %s on %s does not answer", what, dev), toneOdd
	case object == "neighbour" && state == "permanent":
		return fmt.Sprintf("the neighbour %s was programmed on %s", what, dev), ""
	case object == "neighbour":
		return fmt.Sprintf("neighbours on %s were looked up again", dev), ""
	case object == "link" && event == "del":
		return "the link " + dev + " went away", ""
	case object == "link":
		return fmt.Sprintf("the link %s is %s", dev, state), ""
	case object == "port" && event == "del":
		return "the bridge lost its port " + dev, ""
	case object == "port":
		return fmt.Sprintf("the bridge port %s is %s", dev, state), ""
	case event == "del":
		return fmt.Sprintf("the %s %s went off %s", object, orDefault(what), dev), ""
	}
	return fmt.Sprintf("the %s %s is on %s", object, orDefault(what), dev), ""
}

// orDefault names the route that has no prefix.
func orDefault(s string) string {
	if s == "" {
		return "default"
	}
	return s
}
