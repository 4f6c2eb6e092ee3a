package show

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// showEvents prints what the daemon remembered, as docker events does.
func showEvents(ctx context.Context, p *printer, x *index, v *view) error {
	if err := p.section(x, v.like); err != nil {
		return err
	}
	return p.documents(ctx, x, v, func(e *schema.Entry) error {
		return eachLine(e, func(n int64, raw []byte) error {
			if p.options.JSON {
				return p.raw(raw)
			}
			text, err := dockerEvent(raw)
			if err != nil {
				return p.gap("%s/%s:%d cannot be read: %v", x.source.host, e.Name, n, err)
			}
			return p.text(text)
		})
	})
}

// dockerEvent is time, type, action, id and attributes (docker/cli cli/command/system/events.go: prettyPrintEvent).
func dockerEvent(raw []byte) (string, error) {
	var e struct {
		Type, Action string
		Actor        struct {
			ID         string
			Attributes map[string]string
		}
		Time     int64 `json:"time"`
		TimeNano int64 `json:"timeNano"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return "", err
	}
	at := time.Unix(0, e.TimeNano)
	if e.TimeNano == 0 {
		at = time.Unix(e.Time, 0)
	}
	var p phrase
	p.add(at.UTC().Format("2006-01-02T15:04:05.000000000Z07:00"), e.Type, e.Action, e.Actor.ID)
	var attributes []string
	for _, k := range slices.Sorted(maps.Keys(e.Actor.Attributes)) {
		attributes = append(attributes, k+"="+e.Actor.Attributes[k])
	}
	if len(attributes) > 0 {
		p.add("(" + oneLine(strings.Join(attributes, ", ")) + ")")
	}
	return oneLine(p.String()) + "\n", nil
}

// A task is what the manager says of one.
type task struct {
	ID           string
	ServiceID    string
	NodeID       string
	Slot         int64
	DesiredState string
	Spec         struct {
		ContainerSpec         struct{ Image string }
		NetworkAttachmentSpec *struct{ ContainerID string }
	}
	Status struct {
		Timestamp       time.Time
		State, Err      string
		ContainerStatus struct{ ContainerID string }
		PortStatus      struct {
			Ports []struct {
				Protocol                  string
				TargetPort, PublishedPort int64
			}
		}
	}
}

// showTasks prints the tasks of the swarm as docker service ps --no-trunc does, at the last of two reads.
func showTasks(ctx context.Context, p *printer, x *index, v *view) error {
	if err := p.section(x, v.like); err != nil {
		return err
	}
	var first, last []json.RawMessage
	if err := p.documents(ctx, x, v, func(e *schema.Entry) error {
		eachElement(e, func(o []byte) {
			if strings.HasSuffix(e.Name, ".last.json") {
				last = append(last, slices.Clone(o))
			} else {
				first = append(first, slices.Clone(o))
			}
		})
		return nil
	}); err != nil {
		return err
	}
	if len(last) == 0 {
		last = first
	}
	if p.options.JSON {
		for _, o := range last {
			if err := p.raw(o); err != nil {
				return err
			}
		}
		return nil
	}
	var tasks []task
	for _, o := range last {
		var t task
		if err := json.Unmarshal(o, &t); err != nil {
			if err := p.gap("%s: a task cannot be read: %v", x.source.host, err); err != nil {
				return err
			}
			continue
		}
		tasks = append(tasks, t)
	}
	slices.SortStableFunc(tasks, func(a, b task) int { // docker's order: by slot, the newest first
		return cmp.Or(cmp.Compare(x.services[a.ServiceID], x.services[b.ServiceID]), cmp.Compare(a.Slot, b.Slot),
			cmp.Compare(a.NodeID, b.NodeID)*map[bool]int{true: 1, false: 0}[a.Slot == 0], b.Status.Timestamp.Compare(a.Status.Timestamp))
	})
	if len(tasks) == 0 {
		return nil
	}
	cells := [][]string{{"ID", "NAME", "IMAGE", "NODE", "DESIRED STATE", "CURRENT STATE", "ERROR", "PORTS", "CONTAINER"}}
	for i := range tasks {
		cells = append(cells, x.taskCells(&tasks[i]))
	}
	return p.text(columns(cells))
}

// taskCells are a task's columns. Docker says how long ago a state was reached, which nobody can read later: here is when.
func (x *index) taskCells(t *task) []string {
	service := cmp.Or(x.services[t.ServiceID], t.ServiceID, "-")
	name := fmt.Sprintf("%s.%d", service, t.Slot)
	if t.Slot == 0 {
		name = service + "." + cmp.Or(x.nodes[t.NodeID], t.NodeID)
	}
	var ports []string
	for _, port := range t.Status.PortStatus.Ports {
		ports = append(ports, fmt.Sprintf("*:%d->%d/%s", port.PublishedPort, port.TargetPort, port.Protocol))
	}
	state := title(t.Status.State)
	if !t.Status.Timestamp.IsZero() {
		state += " " + t.Status.Timestamp.UTC().Format("2006-01-02T15:04:05Z")
	}
	id := t.Status.ContainerStatus.ContainerID
	return []string{t.ID, name, t.Spec.ContainerSpec.Image, cmp.Or(x.nodes[t.NodeID], t.NodeID, "-"), title(t.DesiredState), state,
		quoted(t.Status.Err), strings.Join(ports, ","), id[:min(12, len(id))]}
}

func title(s string) string {
	if s == "" {
		return "-"
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return `"` + s + `"`
}

// columns puts cells under one another, two blanks apart.
func columns(cells [][]string) string {
	var width []int
	for r, line := range cells {
		for i, c := range line {
			cells[r][i] = oneLine(c)
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cells[r][i])))
		}
	}
	var b strings.Builder
	for _, line := range cells {
		text := ""
		for i, c := range line {
			text += c + strings.Repeat(" ", width[i]-len([]rune(c))+2)
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}
