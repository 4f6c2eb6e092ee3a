package scene

import (
	"database/sql"
	"slices"
)

// kernelQuery are the kernel's lines that are on a list, or that the kernel calls an error. Its warnings are mostly the stacks and registers
// below a line that is on the list.
const kernelQuery = `
SELECT host, time, COALESCE(level, ''), COALESCE(class, ''), COALESCE(container, ''), COALESCE(dev, ''), text, ref
FROM kernel_log WHERE time IS NOT NULL AND (class IS NOT NULL OR level IN ('emerg', 'alert', 'crit', 'err'))`

// ofSetUp are the classes of lines that every start and end of a container makes, a handful for each of its devices.
var ofSetUp = []string{"bridge-port", "promiscuous", "renamed", "link-ready", "link-not-ready"}

func readKernelEvents(r *eventReader) error {
	var host, at, level, class, container, dev, text, ref string
	err := r.each(kernelQuery, []any{&host, &at, &level, &class, &container, &dev, &text, &ref}, func() {
		e := Event{At: when(at), Host: host, Lane: LaneKernel, Tone: kernelTone(class, level), Text: oneLine(text), Subject: dev, Ref: ref}
		if slices.Contains(ofSetUp, class) {
			e.Subject = "" // one of a kind, whichever the device
		}
		if container != "" {
			e.Subject, e.Service = r.name.container(host, container)
		}
		r.out.add(e)
	})
	if err != nil {
		return err
	}
	return r.leave(`SELECT COUNT(*) FROM kernel_log WHERE NOT (time IS NOT NULL AND (class IS NOT NULL OR COALESCE(level, '') IN ('emerg', 'alert', 'crit', 'err')))`)
}

// logQuery are the daemons' lines that are on a list, or that the daemon calls a warning or worse.
const logQuery = `
SELECT host, time, COALESCE(NULLIF(ident, ''), NULLIF(unit, ''), ''), COALESCE(level, ''), COALESCE(class, ''), COALESCE(container, ''), text, COALESCE(error, ''), ref
FROM log_line WHERE time IS NOT NULL AND (class IS NOT NULL OR level IN ('warning', 'error', 'fatal', 'panic'))`

func readLogEvents(r *eventReader) error {
	var host, at, ident, level, class, container, text, problem, ref string
	err := r.each(logQuery, []any{&host, &at, &ident, &level, &class, &container, &text, &problem, &ref}, func() {
		e := Event{At: when(at), Host: host, Lane: LaneLog, Tone: logTone(class, level), Text: logWords(ident, text, problem), Ref: ref}
		if container != "" {
			e.Subject, e.Service = r.name.container(host, container)
		}
		r.out.add(e)
	})
	if err != nil {
		return err
	}
	return r.leave(`SELECT COUNT(*) FROM log_line WHERE NOT (time IS NOT NULL AND (class IS NOT NULL OR COALESCE(level, '') IN ('warning', 'error', 'fatal', 'panic')))`)
}

// logWords are a line's message and error, and who wrote it.
func logWords(ident, text, problem string) string {
	s := oneLine(text)
	if problem != "" {
		s += ": " + oneLine(problem)
	}
	if ident != "" {
		return ident + ": " + s
	}
	return s
}

// leave counts rows that are not read as left out.
func (r *eventReader) leave(query string) error {
	var n sql.NullInt64
	return r.each(query, []any{&n}, func() { r.out.left += int(n.Int64) })
}

// coreQuery are the cores, at the time when they were complete.
const coreQuery = `SELECT host, COALESCE(time, ''), path, COALESCE(comm, ''), COALESCE(container, ''), ref FROM core_file WHERE time IS NOT NULL`

func readCoreEvents(r *eventReader) error {
	var host, at, path, comm, container, ref string
	return r.each(coreQuery, []any{&host, &at, &path, &comm, &container, &ref}, func() {
		if comm == "" {
			comm = "a process"
		}
		e := Event{At: when(at), Host: host, Lane: LaneKernel, Tone: toneBad, Text: "the core of " + comm + " was written: " + path, Ref: ref}
		if container != "" {
			e.Subject, e.Service = r.name.container(host, container)
		}
		r.out.add(e)
	})
}

// unitQueries are starts of the services that decide about the host's network: time, name, what happened, tone, address. The second are
// those that may have taken Docker's rules away.
var unitQueries = []string{
	`SELECT host, (julianday(COALESCE(process_started, invoked)) - 2440587.5) * 86400.0, name, 'was started', '', ref FROM service_unit
WHERE COALESCE(process_started, invoked) IS NOT NULL AND role IN ('docker', 'network')`,
	`SELECT host, at_s, name, 'started or reloaded after dockerd: ' || why, 'odd', ref FROM firewall_event`,
}

func readUnitEvents(r *eventReader) error {
	var host, name, what, tone, ref string
	var at sql.NullFloat64
	for _, q := range unitQueries {
		err := r.each(q, []any{&host, &at, &name, &what, &tone, &ref}, func() {
			r.out.add(Event{At: atSeconds(at), Host: host, Lane: LaneLog, Tone: tone, Text: name + " " + what, Subject: name, Ref: ref})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
