package scene

import (
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// endsQuery has every end of a container, the newest first, and whether the container is still there to be asked for its log.
const endsQuery = `
SELECT e.host, e.container, e.instance, e.label, COALESCE(e.service, ''), COALESCE(e.task_id, ''), e.ended_s, e.ran_s, e.exit_code, e.asked, e.oom,
  e.term_s, e.kill_s, COALESCE(e.err, ''), COALESCE(e.container_ref, ''), e.ref
FROM container_end AS e
ORDER BY e.ended_s DESC, e.ref`

// faultQuery are the kernel's words on processes that it ended, the newest first.
const faultQuery = `
SELECT f.host, f.class, f.at_s, COALESCE(f.scope, ''), COALESCE(f.comm, ''), f.pid, COALESCE(f.container, ''), f.text, f.ref
FROM kernel_fault AS f WHERE f.class IN ('oom-kill', 'segfault', 'trap') ORDER BY f.at_s DESC, f.ref`

// atOnce is how close the kernel's word on a process and the end of its container are when they are one event. The kernel's log clock and that of the
// daemon may be some seconds apart.
const atOnce = 5 * time.Second

// A processEnd is one row of container_end.
type processEnd struct {
	host, container, instance, label, service, task, err, containerRef, ref string
	at, ran, term, kill                                                     sql.NullFloat64
	exit, asked                                                             sql.NullInt64
	oom                                                                     bool
}

// readProcessEnds tells of ends of containers: those of one task or container that ended the same way are one, with a count.
func readProcessEnds(r *failureReader) error {
	kills := map[string][]time.Time{}
	var k struct{ host, class, scope, comm, container, text, ref string }
	var at sql.NullFloat64
	var pid sql.NullInt64
	err := r.each(faultQuery, []any{&k.host, &k.class, &at, &k.scope, &k.comm, &pid, &k.container, &k.text, &k.ref}, func() {
		if k.class == "oom-kill" && k.container != "" {
			kills[k.host+"/"+k.container] = append(kills[k.host+"/"+k.container], atSeconds(at))
		}
	})
	if err != nil {
		return err
	}
	groups := map[string]int{}
	var e processEnd
	var oom int64
	return r.each(endsQuery, []any{&e.host, &e.container, &e.instance, &e.label, &e.service, &e.task, &e.at, &e.ran, &e.exit, &e.asked, &oom, &e.term, &e.kill, &e.err, &e.containerRef, &e.ref}, func() {
		when := atSeconds(e.at)
		e.oom = oom == 1
		for _, t := range kills[e.host+"/"+e.container] {
			if e.exit.Int64 == 137 && t.Sub(when).Abs() <= atOnce {
				e.oom = true // engines that ask the cgroup after it is gone do not see it
			}
		}
		if e.oom {
			r.oom[e.host+"/"+e.container] = append(r.oom[e.host+"/"+e.container], when)
		}
		if e.exit.Valid && e.exit.Int64 == 0 && e.asked.Int64 == 0 && e.err == "" && !e.oom {
			return // a program that is done
		}
		key := fmt.Sprint(e.host, "\x00", e.instance, "\x00", e.exit, e.asked, e.oom, sick(e.err))
		if i, ok := groups[key]; ok {
			r.list[i].Count++
			return
		}
		groups[key] = len(r.list)
		r.list = append(r.list, r.failureOf(&e, when))
	})
}

// sick reports that the swarm ended a task because its health check failed (swarmkit's ErrContainerUnhealthy).
func sick(err string) bool { return strings.Contains(strings.ToLower(err), "unhealthy container") }

// failureOf tells of one end.
func (r *failureReader) failureOf(e *processEnd, at time.Time) Failure {
	f := Failure{
		Host: e.host, Label: r.name.label(e.label), Container: e.container, Fatal: true, OOM: e.oom, Asked: e.asked.Int64 == 1 && !e.oom, At: at, Count: 1, Ref: e.ref,
	}
	f.Party = party(e.service, f.Label)
	if e.exit.Valid {
		code := int(e.exit.Int64)
		f.ExitCode, f.Signal = &code, exitSignal(code)
	}
	f.What, f.Explicit = e.words(f.Signal)
	who := e.service
	if who == "" {
		who = e.label
	}
	key := "container:" + e.host + "/"
	f.Findings = r.findings(e.host, key+who+"/oom", key+who+"/stop", key+who+"/health", key+who+"/exit", key+who+"/crash", key+e.label+"/loop")
	f.Open = e.open(at)
	return f
}

// words say how it ended, and whether the process said so itself.
func (e *processEnd) words(signal string) (what string, explicit bool) {
	asked := e.asked.Int64 == 1
	switch {
	case e.oom:
		return "was killed by the kernel: it had reached its memory limit", false
	case sick(e.err):
		return "was ended by the swarm, for its health check failed", false
	case !e.exit.Valid:
		what = "ended, with which code is not known"
	case signal == "SIGABRT":
		what, explicit = "gave itself up: SIGABRT (134)", true
	case asked && e.exit.Int64 == 137 && e.term.Valid && e.kill.Valid && e.term.Float64 > e.kill.Float64+0.5:
		what = fmt.Sprintf("did not end within %.0f s when it was asked to, and was killed (137)", e.term.Float64-e.kill.Float64)
	case signal != "" && (signal == "SIGSEGV" || signal == "SIGBUS" || signal == "SIGFPE" || signal == "SIGILL" || signal == "SIGTRAP" || signal == "SIGSYS"):
		what = fmt.Sprintf("crashed: %s (%d)", signal, e.exit.Int64)
	case signal != "":
		what = fmt.Sprintf("was ended by %s (%d)", signal, e.exit.Int64)
	case e.exit.Int64 == 125:
		what, explicit = "could not be run by Docker (125)", true
	case e.exit.Int64 == 126:
		what, explicit = "could not be run: its program cannot be executed (126)", true
	case e.exit.Int64 == 127:
		what, explicit = "could not be run: its program is not there (127)", true
	default:
		what, explicit = fmt.Sprintf("ended with %d", e.exit.Int64), true
	}
	switch {
	case asked && !strings.Contains(what, "asked"):
		what += ", as it was asked to"
	case !e.asked.Valid:
		what += "; whether it was asked to is not known"
	}
	if e.err != "" && !strings.Contains(e.err, "non-zero exit") {
		what += ": " + cutText(oneLine(e.err))
	}
	return what, explicit
}

// open are the commands that show what it wrote.
func (e *processEnd) open(at time.Time) []string {
	var list []string
	if e.containerRef != "" {
		list = append(list, dockerLogs(e.container, at, at))
	}
	if e.task != "" {
		list = append(list, taskLogs(e.task, at))
	}
	if e.oom {
		list = append(list, journal("", at, at))
	}
	return append(list, journal("docker.service", at, at))
}

// unstartedQuery are tasks that ended before they had a container.
const unstartedQuery = `
SELECT COALESCE(host, node, manager), COALESCE(label, task_id), task_id, COALESCE(service, ''), state, COALESCE(err, ''), since_s, ref
FROM task_now WHERE state IN ('failed', 'rejected') AND COALESCE(container, '') = '' ORDER BY since_s DESC, ref`

func readUnstarted(r *failureReader) error {
	groups := map[string]int{}
	var host, label, task, service, state, problem, ref string
	var at sql.NullFloat64
	return r.each(unstartedQuery, []any{&host, &label, &task, &service, &state, &problem, &at, &ref}, func() {
		key := host + "\x00" + label + "\x00" + textShape(problem)
		if i, ok := groups[key]; ok {
			r.list[i].Count++
			return
		}
		groups[key] = len(r.list)
		t := atSeconds(at)
		f := Failure{Host: host, Party: party(service, label), Label: label, What: "was never started, " + state, Fatal: true, Explicit: true, At: t, Count: 1, Ref: ref}
		if problem != "" {
			f.What += ": " + cutText(oneLine(problem))
		}
		f.Open = []string{shellLine("docker", "service", "ps", "--no-trunc", "--", orWord(service, task)), journal("docker.service", t, t)}
		r.list = append(r.list, f)
	})
}

// orWord is the first of two words that is there.
func orWord(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
