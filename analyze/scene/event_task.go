package scene

import (
	"database/sql"
	"strings"
)

// taskQuery are the states of tasks with the time at which they were entered, by their node's clock.
const taskQuery = `
SELECT COALESCE(host, node, manager), COALESCE(label, task_id), COALESCE(service, ''), state, desired, COALESCE(err, ''), since_s, ref FROM task_now WHERE since_s IS NOT NULL`

func readTaskEvents(r *eventReader) error {
	var host, label, service, state, desired, err, ref string
	var at sql.NullFloat64
	return r.each(taskQuery, []any{&host, &label, &service, &state, &desired, &err, &at, &ref}, func() {
		e := Event{At: atSeconds(at), Host: host, Lane: LaneTask, Text: "task " + label + " " + taskWord(state), Subject: label, Service: service, Ref: ref}
		if err != "" {
			e.Text += ": " + oneLine(err)
		}
		switch {
		case strings.Contains(strings.ToLower(err), "no longer meets constraints"): // the managers moved it away: see container_end
		case state == "failed", state == "rejected", state == "orphaned":
			e.Tone = toneBad
		case err != "" && state != "shutdown" && state != "complete" && state != "remove":
			e.Tone = toneOdd
		}
		r.out.add(e)
	})
}

// taskWord says that a task entered a state.
func taskWord(state string) string {
	switch state {
	case "running":
		return "is running"
	case "failed":
		return "failed"
	case "rejected":
		return "was rejected"
	case "shutdown":
		return "was shut down"
	case "complete":
		return "is complete"
	case "orphaned":
		return "is orphaned: its node is gone"
	case "remove":
		return "is removed"
	}
	return "is " + state
}
