package scene

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// readKernelFaults tells of processes that the kernel ended and whose container, if they were of one, lives on.
func readKernelFaults(r *failureReader) error {
	groups := map[string]int{}
	var host, class, scope, comm, container, text, ref string
	var at sql.NullFloat64
	var pid sql.NullInt64
	return r.each(faultQuery, []any{&host, &class, &at, &scope, &comm, &pid, &container, &text, &ref}, func() {
		t := atSeconds(at)
		for _, o := range r.oom[host+"/"+container] {
			if class == "oom-kill" && container != "" && o.Sub(t).Abs() <= atOnce {
				return // its container ended by it
			}
		}
		key := strings.Join([]string{host, class, container, comm}, "\x00")
		if i, ok := groups[key]; ok {
			r.list[i].Count++
			return
		}
		groups[key] = len(r.list)
		f := Failure{Host: host, Party: Party{Kind: PartyHost, Name: host}, Label: orWord(comm, "a process"), Container: container, Fatal: true, At: t, Count: 1, Ref: ref}
		in := ""
		if container != "" {
			label, service := r.name.container(host, container)
			f.Party = party(service, label)
			in = " in " + label
			f.Findings = r.findings(host, "container:"+host+"/"+orWord(service, label)+"/oom", "container:"+host+"/"+orWord(service, label)+"/crash")
			if r.name.containers[host+"/"+container] != nil {
				f.Open = append(f.Open, dockerLogs(container, t, t))
			}
		} else {
			f.Findings = r.findings(host, "host:"+host+"/memory", "host:"+host+"/oom-of-gone", "process:"+host+"/"+comm+"/crash")
		}
		switch {
		case class != "oom-kill":
			f.What = fmt.Sprintf("crashed%s: %s", in, cutText(oneLine(text)))
		case scope == "global":
			f.OOM, f.What = true, "was killed by the kernel"+in+": the host was out of memory"
		case container != "":
			f.OOM, f.What = true, "was killed by the kernel"+in+", which had reached its memory limit"
		default:
			f.OOM, f.What = true, "was killed by the kernel for memory; in which container is not known"
		}
		f.Open = append(f.Open, journal("", t, t))
		r.list = append(r.list, f)
	})
}

// unitFaultQuery are the daemons' words on programs that ended or hang, the newest first.
const unitFaultQuery = `
SELECT d.host, d.class, c.at_s - d.ago_s, COALESCE(NULLIF(d.unit, ''), NULLIF(d.ident, ''), ''), COALESCE(d.container, ''), d.text, d.ref
FROM daemon_fault AS d LEFT JOIN capture_time AS c ON c.host = d.host
WHERE d.class IN ('panic', 'unit-failed', 'unit-timeout', 'stuck-container') ORDER BY d.ago_s, d.ref`

// readUnits tells of units of the host that failed, and of containers that the daemon cannot end.
func readUnits(r *failureReader) error {
	groups := map[string]int{}
	var host, class, unit, container, text, ref string
	var at sql.NullFloat64
	return r.each(unitFaultQuery, []any{&host, &class, &at, &unit, &container, &text, &ref}, func() {
		key := strings.Join([]string{host, class, unit, container}, "\x00")
		if i, ok := groups[key]; ok {
			r.list[i].Count++
			return
		}
		groups[key] = len(r.list)
		t := atSeconds(at)
		f := Failure{Host: host, Party: Party{Kind: PartyHost, Name: host}, Label: orWord(unit, "a daemon"), What: "says: " + cutText(oneLine(text)), Fatal: true, Explicit: true,
			At: t, Count: 1, Findings: r.findings(host, "daemon:"+host+"/log"), Ref: ref}
		switch class {
		case "unit-timeout":
			f.Explicit, f.What = false, "did not end in time and was killed: "+cutText(oneLine(text))
		case "stuck-container":
			label, service := r.name.container(host, container)
			f.Fatal, f.Explicit, f.Container, f.Label, f.Party = false, false, container, orWord(label, f.Label), party(service, orWord(label, f.Label))
			f.What = "cannot be ended: " + cutText(oneLine(text))
		}
		if unit == "" || !strings.Contains(unit, ".") {
			unit = "docker.service"
		}
		f.Open = []string{journal(unit, t, t)}
		r.list = append(r.list, f)
	})
}

// complaintQuery are the errors that daemons log and live on with, by host, program and class, each with its newest line: SQLite takes the other
// columns from the row that has the maximum. An odd line is a complaint only when the program itself calls it an error.
var complaintQuery = fmt.Sprintf(`
SELECT host, COALESCE(NULLIF(ident, ''), 'dockerd') AS program, COALESCE(class, '') AS kind, COUNT(*), MAX(COALESCE(time, '')), text, COALESCE(error, ''), ref
FROM log_line
WHERE (class IN (%s) OR level IN ('error', 'fatal') AND COALESCE(class, '') NOT IN (%s)) AND COALESCE(NULLIF(ident, ''), 'dockerd') IN ('dockerd', 'containerd')
GROUP BY 1, 2, 3`, sqlList(slices.DeleteFunc(slices.Clone(badLog), func(s string) bool { return slices.Contains(fatalClasses, s) })), sqlList(fatalClasses))

// fatalClasses are told of as ends, or are no errors of the program that logs them.
var fatalClasses = []string{"panic", "unit-failed", "unit-timeout", "stuck-container", "goroutine-dump", "oom", "unhealthy", "force-kill", "daemon-stop", "core-dump"}

// unitOf is the unit of a daemon.
func unitOf(program string) string {
	if program == "dockerd" {
		return "docker.service"
	}
	return program + ".service"
}

// sqlList is a list of our own words for IN.
func sqlList(words []string) string { return "'" + strings.Join(words, "', '") + "'" }

// readComplaints tells what programs say that they could not do: they run on, and say so.
func readComplaints(r *failureReader) error {
	var host, program, class, at, text, problem, ref string
	var count int
	return r.each(complaintQuery, []any{&host, &program, &class, &count, &at, &text, &problem, &ref}, func() {
		if logTone(class, "error") == "" {
			return
		}
		what := "logs errors of the kind " + class
		if class == "" {
			what = "logs errors that are on no list"
		}
		when := when(at)
		r.list = append(r.list, Failure{Host: host, Party: Party{Kind: PartyHost, Name: host}, Label: program, What: what + ", the last one: " + cutText(logWords("", text, problem)),
			Explicit: true, At: when, Count: count, Open: []string{journal(unitOf(program), when, when)}, Ref: ref})
	})
}

// unhealthyQuery are containers that run and are unhealthy, with the last check that failed.
const unhealthyQuery = `
SELECT c.host, c.container, c.name, COALESCE(c.service, ''), COALESCE(c.failing_streak, 0), COALESCE(c.log_driver, ''), COALESCE(h.at, ''), h.exit_code, COALESCE(h.output, ''), c.ref
FROM container AS c
LEFT JOIN (SELECT host, container, COALESCE("end", start) AS at, exit_code, output,
    ROW_NUMBER() OVER (PARTITION BY host, container ORDER BY start DESC, ref DESC) AS place FROM container_health WHERE exit_code <> 0) AS h
  ON h.host = c.host AND h.container = c.container AND h.place = 1
WHERE c.health = 'unhealthy' AND c.state = 'running' ORDER BY c.host, c.name`

// readUnhealthy tells of containers whose health check fails. A check that says no is the process's own word; of one that does not come back,
// nobody says anything.
func readUnhealthy(r *failureReader) error {
	var host, container, name, service, driver, at, output, ref string
	var streak int
	var exit sql.NullInt64
	return r.each(unhealthyQuery, []any{&host, &container, &name, &service, &streak, &driver, &at, &exit, &output, &ref}, func() {
		label := r.name.label(name)
		t := when(at)
		f := Failure{Host: host, Party: party(service, label), Label: label, Container: container, What: "runs and is unhealthy", Explicit: exit.Valid && exit.Int64 > 0, At: t, Count: max(streak, 1),
			Findings: r.findings(host, "container:"+host+"/"+orWord(service, name)+"/health"), Ref: ref}
		if exit.Valid {
			f.What += ": " + cutText(checkWords(exit.Int64, output))
		}
		f.Open = []string{
			shellLine("docker", "inspect", "--format", "{{json .State.Health}}", "--", container),
			dockerLogs(container, t, t),
		}
		r.list = append(r.list, f)
	})
}

// standstillQuery are the queues before programs that do not take what waits.
const standstillQuery = `
SELECT q.kind, q.name, q.proto, COALESCE(q.port, 0), q.verdict, q.why, q.host, q.netns, COALESCE(o.container, ''), COALESCE(o.label, q.name), COALESCE(o.netns_name, ''), r.last_s, q.ref
FROM service_queue AS q
LEFT JOIN netns_owner AS o ON o.host = q.host AND o.netns = q.netns
LEFT JOIN reading AS r ON r.host = q.host
WHERE q.verdict IN ('full', 'unaccepted', 'unread') ORDER BY q.host, q.kind, q.name, q.proto, q.port`

// readStandstills tells of programs that run and do not take what waits for them: nothing ended, and nobody says anything.
func readStandstills(r *failureReader) error {
	var kind, name, proto, verdict, why, host, netns, container, label, netnsName, ref string
	var port int
	var at sql.NullFloat64
	return r.each(standstillQuery, []any{&kind, &name, &proto, &port, &verdict, &why, &host, &netns, &container, &label, &netnsName, &at, &ref}, func() {
		f := Failure{Host: host, Party: Party{Kind: kind, Name: name}, Label: r.name.label(label), Container: container, At: atSeconds(at), Count: 1, Ref: ref,
			Findings: r.findings(host, "listen:"+host+"/"+netnsName)}
		where := proto
		if port > 0 {
			where = fmt.Sprintf("%s/%d", proto, port)
		}
		switch verdict {
		case "unread":
			f.What = fmt.Sprintf("does not read what came on %s: %s", where, why)
		default:
			f.What = fmt.Sprintf("does not accept connections on %s: %s", where, why)
		}
		if container != "" {
			f.Open = append(f.Open, dockerLogs(container, f.At.Add(-time.Minute), f.At), shellLine("docker", "top", container, "-o", "pid,stat,wchan:32,args"))
		}
		r.list = append(r.list, f)
	})
}
