package analyze

import (
	"fmt"
	"io"
	"reflect"

	"github.com/netmortem/netmortem/schema"
)

// taskReply is the part of an element of GET /tasks that the tables keep (moby api/types/swarm.Task).
type taskReply struct {
	ID           string
	CreatedAt    string
	UpdatedAt    string
	ServiceID    string
	NodeID       string
	Slot         int64
	DesiredState string
	Status       struct {
		Timestamp, State, Message, Err string
		ContainerStatus                *struct {
			ContainerID string
			PID         int64
			ExitCode    *int64
		}
	}
	NetworksAttachments []struct {
		Network struct {
			ID   string
			Spec struct{ Name string }
		}
		Addresses []string
	}
}

// decodeTasks decodes GET /tasks. The rows say nothing in Seen: taskReads does.
func decodeTasks(_ string, r io.Reader) ([]decoded, error) {
	var rows []decoded
	err := elements(r, func(line int64, in *taskReply) error {
		if in.ID == "" {
			return fmt.Errorf("a task without ID")
		}
		t := schema.SwarmTask{
			TaskID: in.ID, ServiceID: in.ServiceID, Slot: in.Slot, NodeID: in.NodeID, Desired: in.DesiredState, State: in.Status.State,
			StateAt: dockerTime(in.Status.Timestamp), Message: in.Status.Message, Err: in.Status.Err, CreatedAt: dockerTime(in.CreatedAt),
			UpdatedAt: dockerTime(in.UpdatedAt),
		}
		if c := in.Status.ContainerStatus; c != nil {
			t.Container, t.PID, t.ExitCode = c.ContainerID, c.PID, c.ExitCode
		}
		p := putter{line: line, rows: &rows}
		p.put(t)
		for _, n := range in.NetworksAttachments {
			for _, s := range n.Addresses {
				ip, bits := p.cidr(s)
				p.put(schema.SwarmTaskAddress{TaskID: in.ID, NetworkID: n.Network.ID, Network: n.Network.Spec.Name, IP: ip, PrefixLen: bits})
			}
		}
		return p.err()
	})
	return rows, err
}

// taskReads keeps the two reads of the tasks until both are there.
type taskReads struct {
	first, last       []decoded
	hasFirst, hasLast bool
}

// putTasks merges the two reads: a task that did not change is one row, seen in both; one that changed is two rows,
// one for each read.
func (r *bundleReader) putTasks() {
	first, last := mergeTasks(r.tasks.first, r.tasks.last)
	r.putDecoded("raw/docker/tasks.json", first)
	r.putDecoded("raw/docker/tasks.last.json", last)
}

// mergeTasks sets Seen. What both reads held alike stays in first only.
func mergeTasks(a, b []decoded) (first, last []decoded) {
	in := func(rows []decoded) (tasks map[string]schema.SwarmTask, addrs map[string][]schema.SwarmTaskAddress) {
		tasks, addrs = map[string]schema.SwarmTask{}, map[string][]schema.SwarmTaskAddress{}
		for _, d := range rows {
			switch row := d.row.(type) {
			case schema.SwarmTask:
				tasks[row.TaskID] = row
			case schema.SwarmTaskAddress:
				addrs[row.TaskID] = append(addrs[row.TaskID], row)
			}
		}
		return tasks, addrs
	}
	tasksA, addrsA := in(a)
	tasksB, addrsB := in(b)
	sameTask := func(id string) bool {
		x, inA := tasksA[id]
		y, inB := tasksB[id]
		return inA && inB && x.State == y.State && x.Desired == y.Desired && x.NodeID == y.NodeID && reflect.DeepEqual(addrsA[id], addrsB[id])
	}
	hasAddr := func(list []schema.SwarmTaskAddress, row schema.SwarmTaskAddress) bool {
		for _, x := range list {
			if x == row {
				return true
			}
		}
		return false
	}
	mark := func(rows []decoded, own string, other map[string][]schema.SwarmTaskAddress, keepBoth bool) []decoded {
		var out []decoded
		for _, d := range rows {
			seen := own
			switch row := d.row.(type) {
			case schema.SwarmTask:
				if sameTask(row.TaskID) {
					seen = schema.SeenBoth
				}
				row.Seen = seen
				d.row = row
			case schema.SwarmTaskAddress:
				if hasAddr(other[row.TaskID], row) {
					seen = schema.SeenBoth
				}
				row.Seen = seen
				d.row = row
			}
			if keepBoth || seen == own {
				out = append(out, d)
			}
		}
		return out
	}
	return mark(a, schema.SeenFirst, addrsB, true), mark(b, schema.SeenLast, addrsA, false)
}
