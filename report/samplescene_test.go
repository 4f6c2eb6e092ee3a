package report

import (
	"fmt"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// at is a pointer to a value: what is known.
func at[T any](v T) *T { return &v }

// sampleScene is what a report of sample draws: three services on two networks, one of them not reached from node1.
func sampleScene(r *analyze.Result) *scene.Scene {
	service := func(name string) scene.Party { return scene.Party{Kind: scene.PartyService, Name: name} }
	began := sampleTime.Add(-3 * time.Hour)
	s := &scene.Scene{
		Services: []scene.Service{
			{By: scene.ByManagers, ID: "c1a0svcclientxxxxxxxxxxxx", Name: "client", Mode: "global", EndpointMode: "vip", Image: "client:1", Wanted: at(2), Running: at(2), Networks: []string{"back"},
				VIPs: []scene.VIP{{Network: "back", IP: "10.0.1.2"}}, To: &scene.Tally{}, From: &scene.Tally{Pairs: 6, Delivered: 4, Dropped: 2}, Ref: "node1/raw/docker/services.json:3",
				Tasks: []scene.Task{
					{Label: "client.node1", Host: "node1", Container: id("a1"), Desired: "running", State: "running", IPs: []string{"10.0.1.11"}, Ref: "node1/raw/docker/tasks.json:9"},
					{Label: "client.node2", Host: "node2", Container: id("a2"), Desired: "running", State: "running", IPs: []string{"10.0.1.12"}, Ref: "node1/raw/docker/tasks.json:19"},
				}},
			{By: scene.ByManagers, ID: "c1a0svcdbxxxxxxxxxxxxxxxx", Name: "db", Mode: "replicated", EndpointMode: "dnsrr", Image: "postgres:16", Wanted: at(1), Running: at(1), Networks: []string{"back"},
				To: &scene.Tally{Pairs: 2, Unknown: 1, Delivered: 1}, Update: "completed", Updated: began, Tasks: []scene.Task{{Label: "db.1", Host: "node3", Desired: "running", State: "running", IPs: []string{"10.0.1.21"}}}},
			{By: scene.ByManagers, ID: "c1a0svcvotexxxxxxxxxxxxxx", Name: "vote", Mode: "replicated", EndpointMode: "vip", Image: "vote:2", Wanted: at(2), Running: at(1), Networks: []string{"back", "ingress"},
				VIPs: []scene.VIP{{Network: "back", IP: "10.0.1.4"}, {Network: "ingress", IP: "10.255.0.4"}}, To: &scene.Tally{Pairs: 3, Dropped: 2, Delivered: 1}, From: &scene.Tally{Pairs: 1, Delivered: 1},
				Tasks: []scene.Task{
					{Label: "vote.1", Host: "node1", Container: id("b1"), Desired: "shutdown", State: "failed", Err: "task: non-zero exit (137)"},
					{Label: "vote.2", Host: "node2", Container: id("b2"), Desired: "running", State: "running", IPs: []string{"10.0.1.7"}},
				}},
		},
		Networks: []scene.Network{
			{ID: "osmajjnjeo4vxxxxxxxxxxxxx", Name: "back", Driver: "overlay", Scope: "swarm", VNI: 4097, Encrypted: true, Subnets: []string{"10.0.1.0/24"}, Hosts: []string{"node1", "node2"}, Services: []string{"client", "db", "vote"}, Size: 253, Used: 9, Ref: "node1/raw/docker/networks.json:5"},
			{ID: "ingressidxxxxxxxxxxxxxxxx", Name: "ingress", Driver: "overlay", Scope: "swarm", VNI: 4096, Ingress: true, Subnets: []string{"10.255.0.0/16"}, Hosts: []string{"node1", "node2"}, Services: []string{"vote"}},
			{ID: id("ffee"), Name: "bridge", Driver: "bridge", Scope: "local", Subnets: []string{"172.17.0.0/16"}, Hosts: []string{"node1"}},
		},
		Ports: []scene.Port{{Service: "vote", Proto: "tcp", Published: 8080, Target: 80, Mode: "ingress", Ref: "node1/raw/docker/services.json:7",
			At: []scene.PortHost{{Host: "node1", Verdict: scene.Partly, Segment: 3, Reached: 1, Backends: 2}, {Host: "node2", Verdict: scene.Delivered, Reached: 2, Backends: 2}}}},
		Containers: []scene.Container{
			{ID: id("a1"), Name: "client.node1.2bn4vrgkdphmpfc97zfj51dj9", Host: "node1", Service: "client", Image: "client:1", State: "running", Health: "healthy", Started: began, IPs: []string{"10.0.1.11"}, NetNS: "4026532401", Log: "/var/lib/docker/containers/" + id("a1") + "/" + id("a1") + "-json.log", Ref: "node1/rows/container.jsonl:1"},
			{ID: id("b1"), Name: "vote.1.9dj15jfz79cfpmhpdkgrv4nb2", Host: "node1", Service: "vote", Image: "vote:2", State: "exited", ExitCode: 137, OOM: true, Restarts: 4, Started: began, Finished: sampleTime.Add(-5 * time.Minute), Ref: "node1/rows/container.jsonl:2"},
			{ID: id("a2"), Name: "client.node2.3cn4vrgkdphmpfc97zfj51dj9", Host: "node2", Service: "client", Image: "client:1", State: "running", Started: began, IPs: []string{"10.0.1.12"}, NetNS: "4026532402", Ref: "node2/rows/container.jsonl:1"},
			{ID: id("b2"), Name: "vote.2.4dn4vrgkdphmpfc97zfj51dj9", Host: "node2", Service: "vote", Image: "vote:2", State: "running", Health: "unhealthy", Started: began, IPs: []string{"10.0.1.7", "10.255.0.7"}, NetNS: "4026532403", Ref: "node2/rows/container.jsonl:2"},
		},
		Edges: []scene.Edge{
			{Client: service("client"), Server: service("db"), Networks: []string{"back"}, State: scene.Unknown, Pairs: &scene.Tally{Pairs: 2, Delivered: 1, Unknown: 1},
				Flows: []scene.Flow{{Network: "back", Via: "dns", Proto: "tcp", Port: 5432, Quality: "ok", Why: "nothing was sent again", Connections: at(8), Rate: at(12500.0), Segs: at(int64(900)), Again: at(int64(1)), RTT: at(410), Ref: "node1/rows/socket.jsonl:7"}}},
			{Client: service("client"), Server: service("vote"), Networks: []string{"back"}, State: scene.Dropped, Pairs: &scene.Tally{Pairs: 2, Dropped: 2}, Segments: []int{3}, Hop: "fdb", Cause: 1,
				Flows: []scene.Flow{{Network: "back", Via: "vip", Proto: "tcp", Port: 80, Quality: "failing", Why: "new connections got no answer", Connections: at(3), Unanswered: at(3), HalfOpen: 3}}},
			{Client: scene.Party{Kind: scene.PartyIngress, Name: "8080/tcp"}, Server: service("vote"), State: scene.Partly, Pairs: &scene.Tally{Pairs: 2, Delivered: 1, Partly: 1}, Hop: "fdb", Cause: 1},
		},
		Quiet: 4,
		Paths: []scene.Path{
			{Key: 1, ClientKind: "task", ClientHost: "node1", Client: "client.node1", From: "client", To: "vote", Network: "back", Via: "vip", Target: "10.0.1.4", Proto: "tcp", Port: 80, Verdict: scene.Dropped, Reached: 0, Backends: 1, Segment: 3, Alike: 1, Cause: 1, Back: 0,
				Hops: []scene.Hop{
					{Host: "node1", Place: "4026532401", Step: "name", Verdict: "passed", Expected: "vote is 10.0.1.4", Observed: "10.0.1.4", Ref: "node1/rows/dns_answer.jsonl:4"},
					{Host: "node1", Place: "1-osmajjnjeo vxlan0", Step: "fdb", Verdict: "dropped", Expected: "02:42:0a:00:01:07 behind 192.168.77.12, permanent", Observed: "no entry", Why: "frames to it are dropped", Subject: r.Findings[0].Subject, Ref: "node1/rows/neighbour.jsonl:31", ExpectedRef: "node1/raw/docker/tasks.json:412", Excerpt: "{\n  \"dev\": \"vxlan0\"\n}"},
					{Host: "node2", Place: "sandbox", Step: "socket", Verdict: "not reached"},
				}},
			{Key: 2, ClientKind: "task", ClientHost: "node1", Client: "client.node1", From: "client", To: "db", Network: "back", Via: "tasks", Target: "10.0.1.21", Proto: "tcp", Port: 5432, Verdict: scene.Unknown, Backends: 1, Segment: 4},
		},
		Tunnels: []scene.Tunnel{{Network: "back", From: "node1", To: "node2", Expected: 2, Held: 1, Missing: []string{"vote.2 (10.0.1.7)"}, Ref: "node1/rows/fdb.jsonl:1"}},
		Healthy: 1,
		Queues:  []scene.Queue{{Party: service("vote"), Proto: "tcp", Port: 80, Host: "node2", Verdict: "full", Why: "128 of 128 connections wait", Waiting: at(128), Backlog: at(128), Ref: "node2/rows/socket.jsonl:3"}},
		Skews:   []scene.Skew{{Network: "back", Name: "rr", IP: "10.0.1.31", Backend: "rr.1", Host: "node1", Fair: .5, Share: at(.94), Clients: 6, Skewed: true}},
		Failures: []scene.Failure{
			{Host: "node1", Party: service("vote"), Label: "vote.1", Container: id("b1"), What: "killed by the kernel for memory", Fatal: true, ExitCode: at(137), Signal: "SIGKILL", OOM: true, At: sampleTime.Add(-5 * time.Minute), Count: 4, Open: []string{"docker logs " + id("b1")[:12]}, Findings: []string{r.Findings[1].ID}, Ref: "node1/rows/container.jsonl:2"},
		},
		Cores: []scene.Core{{Host: "node1", Path: "/var/crash/core.vote.1", Kind: "elf", Container: id("b1"), Service: "vote", Command: "vote", Signal: "SIGSEGV", Bytes: 1 << 20, Whole: true, At: sampleTime.Add(-time.Hour), Open: []string{"coredumpctl debug 4711"}}},
		Events: []scene.Event{
			{At: sampleTime.Add(-5 * time.Minute), Host: "node1", Lane: scene.LaneTask, Tone: "bad", Text: "vote.1 failed", Subject: "vote.1", Service: "vote", Count: 1, Ref: "node1/raw/docker/tasks.json:412"},
			{At: sampleTime.Add(-4 * time.Minute), Until: sampleTime.Add(-3 * time.Minute), Host: "node1", Lane: scene.LaneForward, Tone: "odd", Text: "02:42:0a:00:01:07 moved between two ports", Subject: "02:42:0a:00:01:07", Count: 60},
			{At: sampleTime, Host: "node1", Lane: scene.LaneCapture, Text: "capture", Count: 1},
		},
		EventsLeft: 2,
		Clocks:     []scene.Clock{{Host: "node1", Leader: "node1", Synced: at(true)}, {Host: "node2", Leader: "node1", Low: at(-.2), High: at(.4), Synced: at(false)}},
	}
	return s
}

// id is a container's id that begins with some digits.
func id(digits string) string {
	return fmt.Sprintf("%s%0*d", digits, 64-len(digits), 0)
}

// healthyScene is the sample's with nothing wrong.
func healthyScene() *scene.Scene {
	s := sampleScene(sample())
	s.Paths, s.Queues, s.Skews, s.Failures, s.Cores, s.Tunnels, s.EventsLeft, s.Healthy = []scene.Path{}, []scene.Queue{}, []scene.Skew{}, []scene.Failure{}, []scene.Core{}, []scene.Tunnel{}, 0, 2
	s.Events = s.Events[2:]
	for i := range s.Services {
		v := &s.Services[i]
		if v.To != nil {
			v.To = &scene.Tally{Pairs: v.To.Pairs, Delivered: v.To.Pairs}
		}
		v.Running = v.Wanted
	}
	for i := range s.Edges {
		e := &s.Edges[i]
		e.State, e.Hop, e.Cause, e.Segments, e.Flows = scene.Delivered, "", 0, nil, nil
		e.Pairs = &scene.Tally{Pairs: e.Pairs.Pairs, Delivered: e.Pairs.Pairs}
	}
	for i := range s.Containers {
		c := &s.Containers[i]
		c.State, c.Health, c.ExitCode, c.OOM, c.Restarts, c.Finished = "running", "", 0, false, 0, time.Time{}
	}
	for i := range s.Ports[0].At {
		s.Ports[0].At[i] = scene.PortHost{Host: s.Ports[0].At[i].Host, Verdict: scene.Delivered, Reached: 2, Backends: 2}
	}
	return s
}

// fleetScene is a scene of so many hosts with so many containers each, one in a thousand of which failed.
func fleetScene(hosts, containers int) *scene.Scene {
	s := &scene.Scene{Services: []scene.Service{}, Networks: []scene.Network{}, Containers: []scene.Container{}, Edges: []scene.Edge{}, Tunnels: []scene.Tunnel{}}
	const services = 200
	for i := range services {
		s.Services = append(s.Services, scene.Service{By: scene.ByManagers, ID: random(i, 25), Name: fmt.Sprintf("stack%02d_service%03d", i/20, i), Stack: fmt.Sprintf("stack%02d", i/20), Mode: "replicated",
			Image: fmt.Sprintf("registry.example/team%02d/service%03d:1.%d", i/20, i, i%7), Wanted: at(hosts * containers / services), Running: at(hosts * containers / services),
			Networks: []string{fmt.Sprintf("net%02d", i/20)}, VIPs: []scene.VIP{{Network: fmt.Sprintf("net%02d", i/20), IP: fmt.Sprintf("10.%d.0.%d", i/20, i%250)}}, To: &scene.Tally{Pairs: 100, Delivered: 100}})
	}
	var all []string
	for h := range hosts {
		all = append(all, fmt.Sprintf("host-%04d", h))
	}
	for i := range services / 20 {
		s.Networks = append(s.Networks, scene.Network{ID: random(i+1000, 25), Name: fmt.Sprintf("net%02d", i), Driver: "overlay", Scope: "swarm", VNI: 4097 + i, Subnets: []string{fmt.Sprintf("10.%d.0.0/16", i)}, Hosts: all})
	}
	n := 0
	for h := range hosts {
		for range containers {
			v := &s.Services[n%services]
			c := scene.Container{ID: random(n+5000, 64), Host: all[h], Service: v.Name, Image: v.Image, State: "running", Started: sampleTime.Add(-time.Duration(n%500000) * time.Second),
				IPs: []string{fmt.Sprintf("10.%d.%d.%d", n%services/20, n>>8&255, n&255)}, NetNS: fmt.Sprint(4026532000 + n%977), Ref: fmt.Sprintf("%s/rows/container.jsonl:%d", all[h], n%containers+1)}
			label := fmt.Sprintf("%s.%d", v.Name, n/services+1)
			c.Name, c.Log = label+"."+random(n+900000, 25), "/var/lib/docker/containers/"+c.ID+"/"+c.ID+"-json.log"
			if n%1009 == 17 {
				c.State, c.ExitCode = "exited", 1
			}
			v.Tasks = append(v.Tasks, scene.Task{Label: label, Host: c.Host, Container: c.ID, Desired: "running", State: "running", IPs: c.IPs, Ref: fmt.Sprintf("host-0000/raw/docker/tasks.json:%d", 40*n)})
			s.Containers = append(s.Containers, c)
			n++
		}
	}
	return s
}

// random is a text of n digits and letters that does not compress: every one of x has its own.
func random(x, n int) string {
	const digits = "0123456789abcdef"
	v := uint64(x)*0x9e3779b97f4a7c15 + 0x243f6a8885a308d3
	b := make([]byte, n)
	for i := range b {
		v ^= v >> 30
		v *= 0xbf58476d1ce4e5b9
		v ^= v >> 27
		b[i] = digits[v>>60]
	}
	return string(b)
}
