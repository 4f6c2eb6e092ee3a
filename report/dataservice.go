package report

import "github.com/netmortem/netmortem/analyze/scene"

// A serviceData is a service without its tasks.
type serviceData struct {
	scene.Service
	Tasks   bool  `json:"tasks,omitempty"`   // always false: tasks are columns
	Updated int64 `json:"updated,omitempty"` // seconds since 1970
}

func servicesData(list []scene.Service) []serviceData {
	if list == nil {
		return nil
	}
	out := make([]serviceData, 0, len(list))
	for _, s := range list {
		out = append(out, serviceData{Service: s, Updated: seconds(s.Updated)})
	}
	return out
}

// taskColumns are the tasks of all services, in their order. When containers are dense, it leaves out those that are wanted, run, and
// have a captured container of their service: that one tells all of it.
type taskColumns struct {
	Service   []int   `json:"service"` // place in the list of services
	Label     []int   `json:"label"`
	Host      []int   `json:"host"`
	Container []int   `json:"container"` // place in the list of containers; -1 when it was not captured
	Desired   []int   `json:"desired"`
	State     []int   `json:"state"`
	Err       []int   `json:"err"`
	IPs       [][]int `json:"ips"` // empty when its container has them
}

func tasksData(in *texts, list []scene.Service, containers map[string]int, dense bool) *taskColumns {
	if list == nil {
		return nil
	}
	c := &taskColumns{Service: []int{}}
	for i, s := range list {
		for _, t := range s.Tasks {
			at, ok := containers[t.Container]
			if ok && dense && t.Desired == "running" && t.State == "running" && t.Err == "" {
				continue
			}
			ips := []int{}
			if !ok {
				at, ips = -1, in.all(t.IPs)
			}
			c.Service = append(c.Service, i)
			c.Label = append(c.Label, in.of(t.Label))
			c.Host = append(c.Host, in.of(t.Host))
			c.Container = append(c.Container, at)
			c.Desired = append(c.Desired, in.of(t.Desired))
			c.State = append(c.State, in.of(t.State))
			c.Err = append(c.Err, in.of(t.Err))
			c.IPs = append(c.IPs, ips)
		}
	}
	return c
}
