package report

import (
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
)

// dense is the number of containers beyond which their ids have twelve digits, as docker ps prints them, and the names of tasks lose the
// id of the task: what is random does not compress.
const dense = 5000

// containerColumns are the containers, in order of host and name.
type containerColumns struct {
	ID       []string `json:"id"` // what is not the same twice stands here itself
	Name     []string `json:"name"`
	Host     []int    `json:"host"`
	Service  []int    `json:"service"`
	Image    []int    `json:"image"`
	State    []int    `json:"state"`
	Health   []int    `json:"health"`
	Exit     []int    `json:"exit"`
	OOM      []int    `json:"oom"`    // places of those that the kernel killed for memory
	Failed   []int    `json:"failed"` // places of those that ended without being asked to
	Restarts []int    `json:"restarts"`
	Started  []int64  `json:"started"`
	Finished []int64  `json:"finished"`
	IPs      []string `json:"ips"` // with spaces between them
	NetNS    []int    `json:"netns"`
	Log      []int    `json:"log"` // * stands for the id
	RefFile  []int    `json:"ref"` // address without its line
	RefLine  []int    `json:"line"`
	Dense    bool     `json:"dense,omitempty"`
}

// containersData are the columns, and the place of each container by its id; nil when no container was captured.
func containersData(in *texts, list []scene.Container, failures []scene.Failure) (*containerColumns, map[string]int) {
	at := make(map[string]int, len(list))
	if list == nil {
		return nil, at
	}
	c := &containerColumns{Dense: len(list) > dense, OOM: []int{}, Failed: []int{}}
	failed := failedContainers(list, failures)
	short := shortIDs(list, c.Dense)
	for i, x := range list {
		at[x.ID] = i
		id, name, log := x.ID, x.Name, x.Log
		if short {
			id = id[:12]
		}
		if c.Dense {
			name = taskName(name, x.Service)
		}
		if x.ID != "" {
			log = strings.ReplaceAll(log, x.ID, "*")
		}
		file, line := fileAndLine(x.Ref)
		c.ID = append(c.ID, id)
		c.Name = append(c.Name, name)
		c.Host = append(c.Host, in.of(x.Host))
		c.Service = append(c.Service, in.of(x.Service))
		c.Image = append(c.Image, in.of(x.Image))
		c.State = append(c.State, in.of(x.State))
		c.Health = append(c.Health, in.of(x.Health))
		c.Exit = append(c.Exit, x.ExitCode)
		c.Restarts = append(c.Restarts, x.Restarts)
		c.Started = append(c.Started, seconds(x.Started))
		c.Finished = append(c.Finished, seconds(x.Finished))
		c.IPs = append(c.IPs, strings.Join(x.IPs, " "))
		c.NetNS = append(c.NetNS, in.of(x.NetNS))
		c.Log = append(c.Log, in.of(log))
		c.RefFile = append(c.RefFile, in.of(file))
		c.RefLine = append(c.RefLine, line)
		if failed[x.Host+"\x00"+x.ID] {
			c.Failed = append(c.Failed, i)
		}
		if x.OOM {
			c.OOM = append(c.OOM, i)
		}
	}
	return c, at
}

// failedContainers are those that ended without being asked to, by host and id. Of processes nothing may be known; then an exit code other
// than 0 counts, whoever asked for the end.
func failedContainers(list []scene.Container, failures []scene.Failure) map[string]bool {
	out := map[string]bool{}
	for _, f := range failures {
		if f.Fatal && !f.Asked && f.Container != "" {
			out[f.Host+"\x00"+f.Container] = true
		}
	}
	if failures != nil {
		return out
	}
	for _, c := range list {
		if c.State == "exited" && c.ExitCode != 0 || c.State == "dead" {
			out[c.Host+"\x00"+c.ID] = true
		}
	}
	return out
}

// shortIDs reports whether ids are to be cut to twelve digits, and still tell all containers apart.
func shortIDs(list []scene.Container, dense bool) bool {
	if !dense {
		return false
	}
	seen := make(map[string]bool, len(list))
	for _, c := range list {
		if len(c.ID) < 12 || seen[c.ID[:12]] {
			return false
		}
		seen[c.ID[:12]] = true
	}
	return true
}

// taskName is a container's name without the id of its task: vote.1.2bn4vrgkdphmpfc97zfj51dj9 is vote.1.
func taskName(name, service string) string {
	i := strings.LastIndexByte(name, '.')
	if service == "" || i <= len(service) || !strings.HasPrefix(name, service+".") || len(name)-i != 26 {
		return name
	}
	return name[:i]
}

// fileAndLine is an address without its line, and the line; 0 for none.
func fileAndLine(ref string) (string, int) {
	i := strings.LastIndexByte(ref, ':')
	if i < 0 {
		return ref, 0
	}
	n, err := strconv.Atoi(ref[i+1:])
	if err != nil || n <= 0 {
		return ref, 0
	}
	return ref[:i], n
}
