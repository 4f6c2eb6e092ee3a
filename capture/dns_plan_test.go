package capture

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// running is a running container on networks, a task of service if that is not empty.
func running(id, service string, networks ...string) *dockerContainer {
	c := &dockerContainer{ID: id}
	c.State.Running = true
	c.Config.Labels = map[string]string{"com.docker.swarm.service.name": service}
	c.NetworkSettings.Networks = map[string]struct{ NetworkID string }{}
	for _, n := range networks {
		c.NetworkSettings.Networks[n] = struct{ NetworkID string }{"id-" + n}
	}
	return c
}

func TestServiceNames(t *testing.T) {
	manager := &dockerState{
		networks: []dockerNetwork{{ID: "id-app"}, {ID: "id-mesh", Ingress: true}},
		services: decodeRows[dockerService](raws(`{"ID":"s1","Spec":{"Name":"web"}}`, `{"ID":"s2","Spec":{"Name":"db"}}`, `{"ID":"s3","Spec":{"Name":"idle"}}`)),
		tasks: decodeRows[dockerTask](raws(
			`{"ServiceID":"s1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"id-app"}},{"Network":{"ID":"id-mesh"}}]}`,
			`{"ServiceID":"s1","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"id-other","Spec":{"Ingress":true}}}]}`,
			`{"ServiceID":"s2","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"id-app"}}]}`,
			`{"ServiceID":"s3","Status":{"State":"shutdown"},"NetworksAttachments":[{"Network":{"ID":"id-app"}}]}`,
			`{"ServiceID":"removed","Status":{"State":"running"},"NetworksAttachments":[{"Network":{"ID":"id-app"}}]}`)),
	}
	stopped := running("c3", "old", "app")
	stopped.State.Running = false
	tests := []struct {
		name       string
		state      *dockerState
		containers []*dockerContainer
		want       string
	}{
		{"a manager's tasks: running ones, and nothing on the mesh's network", manager, []*dockerContainer{running("c1", "local", "app")}, "map[id-app:[db web]]"},
		{"a worker's own containers", &dockerState{}, []*dockerContainer{running("c1", "web", "app", "ingress"), running("c2", "", "app"), stopped}, "map[id-app:[web]]"},
		{"the mesh's network under another name", &dockerState{networks: []dockerNetwork{{ID: "id-mesh", Ingress: true}}}, []*dockerContainer{running("c1", "web", "mesh")}, "map[]"},
		{"nothing", &dockerState{}, nil, "map[]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := fmt.Sprint(serviceNames(tt.state, tt.containers)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func raws(texts ...string) []json.RawMessage {
	var out []json.RawMessage
	for _, s := range texts {
		out = append(out, json.RawMessage(s))
	}
	return out
}

func TestPlanDNS(t *testing.T) {
	services := map[string][]string{"id-a": {"x", "y"}, "id-b": {"y", "z"}}
	both := running("c1", "", "a", "b")
	onlyB := running("c2", "", "b")
	second := running("c3", "", "b")
	none := running("c4", "", "c")
	stopped := running("c5", "", "a")
	stopped.State.Running = false

	plan := planDNS(services, []*dockerContainer{second, both, none, onlyB, stopped}, 5000)
	if s := plan["c1"]; s.repeats != dnsRepeats || !s.aaaa || s.dropped != 0 {
		t.Errorf("c1: %+v", s)
	}
	var names []string
	for _, n := range plan["c1"].names {
		names = append(names, n.name)
	}
	if want := []string{"x", "tasks.x", "y", "tasks.y", "z", "tasks.z"}; !slices.Equal(names, want) {
		t.Errorf("names of c1: %v", names)
	}
	if len(plan["c4"].names) != 0 || plan["c5"] != nil {
		t.Errorf("c4 %+v, c5 %+v", plan["c4"], plan["c5"])
	}

	// With too little for all: both networks are covered by c1, which comes first and is asked again last.
	plan = planDNS(services, []*dockerContainer{second, onlyB, both}, 10)
	if s := plan["c1"]; len(s.names) != 6 || s.repeats != 1 || s.aaaa {
		t.Errorf("c1: %+v", s)
	}
	if s := plan["c2"]; len(s.names) != 4 || s.dropped != 0 {
		t.Errorf("c2: %+v", s)
	}
	if s := plan["c3"]; len(s.names) != 0 || s.dropped != 4 {
		t.Errorf("c3: %+v", s)
	}
}

func TestPlanDNSBounds(t *testing.T) {
	services, containers := map[string][]string{}, []*dockerContainer{}
	for i := range 40 {
		n := fmt.Sprintf("n%d", i)
		for j := range 100 {
			services["id-"+n] = append(services["id-"+n], fmt.Sprintf("s%d", j))
		}
		for j := range 5 {
			containers = append(containers, running(fmt.Sprintf("c%d-%d", i, j), "", n))
		}
	}
	total, covered := 0, map[string]bool{}
	for _, s := range planDNS(services, containers, dnsTotal) {
		total += s.cost()
		if len(s.names) > dnsNames {
			t.Errorf("%s is asked %d names", s.container.ID, len(s.names))
		}
		if len(s.names) == dnsNames {
			covered[s.networks[0]] = true
		}
	}
	if total > dnsTotal || len(covered) != len(services) {
		t.Errorf("%d questions, %d of %d networks covered", total, len(covered), len(services))
	}
}

// TestPlanDNSTogether has many containers on one network with more services than one of them is asked for.
func TestPlanDNSTogether(t *testing.T) {
	services, containers := map[string][]string{}, []*dockerContainer{}
	for j := range 3000 {
		services["id-app"] = append(services["id-app"], fmt.Sprintf("s%04d", j))
	}
	for j := range 90 {
		containers = append(containers, running(fmt.Sprintf("c%d", j), "", "app"))
	}
	plain, tasks, total := map[string]bool{}, map[string]bool{}, 0
	for _, s := range planDNS(services, containers, dnsTotal) {
		total += s.cost()
		if len(s.names) > dnsNames || len(s.names)+s.dropped != 6000 {
			t.Errorf("%s is asked %d names, and not %d", s.container.ID, len(s.names), s.dropped)
		}
		for _, n := range s.names {
			if n.tasks {
				tasks[n.name] = true
			} else {
				plain[n.name] = true
			}
		}
	}
	if len(plain) != 3000 || len(tasks) != 90*dnsNames-3000 || total > dnsTotal {
		t.Errorf("%d services and the tasks of %d are asked for in %d questions", len(plain), len(tasks), total)
	}
}

func TestBelieveKernel(t *testing.T) {
	started, died := running("c1", "web", "app"), running("c2", "db", "app")
	started.State.Running = false // as its file still says
	namespaces := []*Netns{{}, {}}
	namespaces[0].Container, namespaces[0].Processes = "c1", 2
	namespaces[1].Container = "c2" // only its bind mount is left
	believeKernel([]*dockerContainer{started, died}, namespaces[1:])
	if started.State.Running || !died.State.Running {
		t.Error("changed without a sign of any container's process")
	}
	believeKernel([]*dockerContainer{started, died}, namespaces)
	if !started.State.Running || died.State.Running {
		t.Errorf("started %v, died %v", started.State.Running, died.State.Running)
	}
}

func TestNetworksFirstIsStable(t *testing.T) {
	var shares []*dnsShare
	for _, c := range []struct{ id, networks string }{{"c1", "a"}, {"c2", "a"}, {"c3", "a b"}, {"c4", ""}, {"c5", "c"}} {
		shares = append(shares, &dnsShare{container: &dockerContainer{ID: c.id}, networks: strings.Fields(c.networks)})
	}
	var got []string
	for _, s := range networksFirst(shares) {
		got = append(got, s.container.ID)
	}
	if want := []string{"c1", "c3", "c5", "c2", "c4"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
