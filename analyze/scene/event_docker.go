package scene

import (
	"database/sql"
	"fmt"
)

// dockerQuery reads the daemon's events, with what is known of the end that a die is. What only managers see comes from each of them; the same
// thing is folded only within one host.
const dockerQuery = `
SELECT d.host, COALESCE(d.time, ''), d.type, d.action, COALESCE(d.detail, ''), COALESCE(d.name, ''), COALESCE(d.container, ''), COALESCE(d.service, ''),
  COALESCE(d.image, ''), COALESCE(d.old_state, ''), COALESCE(d.new_state, ''), d.exit_code, d.signal, e.asked, COALESCE(e.oom, 0), d.ref
FROM docker_event AS d
LEFT JOIN container_end AS e ON d.action = 'die' AND e.host = d.host AND e.container = d.container AND e.ref = d.ref`

func readDockerEvents(r *eventReader) error {
	var d dockerEvent
	var at string
	return r.each(dockerQuery, []any{&d.host, &at, &d.kind, &d.action, &d.detail, &d.name, &d.container, &d.service, &d.image, &d.old, &d.new, &d.exit, &d.signal, &d.asked, &d.oom, &d.ref}, func() {
		text, tone, subject := d.tell(r.name)
		if text == "" {
			return
		}
		r.out.add(Event{At: when(at), Host: d.host, Lane: LaneDocker, Tone: tone, Text: text, Subject: subject, Service: d.service, Ref: d.ref})
	})
}

// A dockerEvent is a row of docker_event.
type dockerEvent struct {
	host, kind, action, detail, name, container, service, image, old, new, ref string
	exit, signal, asked                                                        sql.NullInt64
	oom                                                                        int64
}

// tell puts an event into words. No text means that it is part of another: the start and the good end of an exec belong to its creation.
func (d *dockerEvent) tell(n *namer) (text, tone, subject string) {
	name := n.label(d.name)
	switch d.kind {
	case "container":
		text, tone = d.tellContainer(name)
		return text, tone, name
	case "network":
		who, _ := n.container(d.host, d.container)
		switch d.action {
		case "connect":
			return fmt.Sprintf("%s connected to network %s", who, name), "", name
		case "disconnect":
			return fmt.Sprintf("%s disconnected from network %s", who, name), "", name
		}
		return fmt.Sprintf("network %s: %s", name, d.action), "", name
	case "node", "service":
		switch d.new {
		case "down", "paused", "rollback_paused":
			tone = toneBad
		case "unknown", "disconnected", "drain", "pause", "rollback_started":
			tone = toneOdd
		}
		subject = name
		if name == "" {
			name = "(no name)"
		}
		text = fmt.Sprintf("%s %s: %s", d.kind, name, d.action)
		if d.new != "" {
			text += ", " + d.change()
		}
		return text, tone, subject
	}
	text = d.kind + " " + d.action
	if name != "" {
		text += " " + name
	}
	return text, "", name
}

func (d *dockerEvent) change() string {
	if d.old == "" {
		return d.new
	}
	return d.old + " → " + d.new
}

func (d *dockerEvent) tellContainer(name string) (text, tone string) {
	switch d.action {
	case "exec_start":
		return "", ""
	case "exec_die":
		if d.exit.Int64 == 0 {
			return "", ""
		}
		return fmt.Sprintf("an exec in %s ended with %d", name, d.exit.Int64), ""
	case "exec_create":
		return fmt.Sprintf("exec in %s: %s", name, d.detail), ""
	case "die":
		return endWords(name, d.exit, d.oom == 1), endTone(d.exit, d.asked, d.oom == 1)
	case "oom":
		return name + " reached its memory limit: the kernel killed a process of it", toneBad
	case "kill":
		s := fmt.Sprintf("%s was sent a signal", name)
		if d.signal.Valid {
			s = fmt.Sprintf("%s was sent %s", name, signalName(int(d.signal.Int64)))
		}
		if d.signal.Int64 == 9 {
			return s, toneOdd
		}
		return s, ""
	case "health_status":
		if d.detail == "unhealthy" {
			return name + " is unhealthy", toneBad
		}
		return name + " is " + d.detail, ""
	case "create":
		return name + " was created", ""
	case "start":
		return name + " started", ""
	case "restart":
		return name + " was restarted", ""
	case "stop":
		return name + " was stopped", ""
	case "destroy":
		return name + " was removed", ""
	}
	return name + ": " + d.action, ""
}

// endWords say how a container ended.
func endWords(name string, exit sql.NullInt64, oom bool) string {
	switch {
	case oom:
		return name + " was killed for memory"
	case !exit.Valid:
		return name + " ended"
	}
	if s := exitSignal(int(exit.Int64)); s != "" {
		return fmt.Sprintf("%s ended with %d (%s)", name, exit.Int64, s)
	}
	return fmt.Sprintf("%s ended with %d", name, exit.Int64)
}

// endTone of an end: bad when nobody asked for it, odd when it is not known whether somebody did, or when who was asked had to be killed.
func endTone(exit, asked sql.NullInt64, oom bool) string {
	switch {
	case oom:
		return toneBad
	case exit.Valid && exit.Int64 == 0:
		return ""
	case !asked.Valid:
		return toneOdd
	case asked.Int64 == 0:
		return toneBad
	case exit.Int64 == 137:
		return toneOdd
	}
	return ""
}

// endQuery are the ends that the daemon's events have forgotten, and the container itself remembers.
const endQuery = `
SELECT host, label, COALESCE(service, ''), ended_s, exit_code, asked, oom, ref FROM container_end WHERE witness = 'container' AND ended_s IS NOT NULL`

func readEndEvents(r *eventReader) error {
	var host, label, service, ref string
	var at sql.NullFloat64
	var exit, asked sql.NullInt64
	var oom int64
	return r.each(endQuery, []any{&host, &label, &service, &at, &exit, &asked, &oom, &ref}, func() {
		label := r.name.label(label)
		r.out.add(Event{At: atSeconds(at), Host: host, Lane: LaneDocker, Tone: endTone(exit, asked, oom == 1), Text: endWords(label, exit, oom == 1),
			Subject: label, Service: service, Ref: ref})
	})
}

// healthQuery are the health checks that failed.
const healthQuery = `
SELECT host, container, COALESCE("end", start, ''), exit_code, COALESCE(output, ''), ref FROM container_health WHERE exit_code <> 0`

func readHealthEvents(r *eventReader) error {
	var host, container, at, output, ref string
	var exit int64
	return r.each(healthQuery, []any{&host, &container, &at, &exit, &output, &ref}, func() {
		label, service := r.name.container(host, container)
		r.out.add(Event{At: when(at), Host: host, Lane: LaneDocker, Tone: toneOdd, Text: label + ": " + checkWords(exit, output), Subject: label, Service: service, Ref: ref})
	})
}

// checkWords say what became of a health check that failed.
func checkWords(exit int64, output string) string {
	s := fmt.Sprintf("its health check failed with %d", exit)
	if exit < 0 {
		s = "its health check did not end in time"
	}
	if output = oneLine(output); output != "" {
		s += ": " + output
	}
	return s
}
