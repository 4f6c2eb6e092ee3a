package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/resolver"
	"github.com/netmortem/netmortem/schema"
)

// resolverChoice predicts with the package resolver. Its clients are the containers on the network of a dnsrr service, whether or not they
// ever ask for it, and the tasks there whose container was not found, which are not judged.
var resolverChoice = Derived{
	Name: "resolver_choice",
	Doc:  "Which task of a dnsrr service a program would try first, by container on its network, program and resolver: the tasks that can come first, each with its probability.",
	Columns: []schema.Column{
		text("host", schema.Name, "captured host of the client; NULL where it was not captured"),
		text("netns", schema.Plain, "its namespace"),
		text("container", schema.Plain, "full id of its container"),
		must(text("client", schema.Name, "name of its task, or of the container")),
		text("client_service", schema.Name, "its service"),
		text("client_ip", schema.Addr, "its address on the network"),
		must(whole("own", "1 when it is a task of the service itself")),
		whole("pid", "lowest id of the processes that run the program"),
		text("program", schema.Name, "last part of the executable's path"),
		whole("processes", "how many run it"),
		text("resolver", schema.Plain, "glibc, musl or go; else what the table process_resolver says; NULL when nothing is known"),
		text("version", schema.Plain, "its version"),
		colNet(),
		text("network", schema.Name, "name of the network"),
		must(text("name", schema.Name, "name asked: that of the service")),
		must(whole("backends", "running tasks of the service on the network")),
		text("ip", schema.Addr, "address of a task that can come first; NULL for each of them alike, and when it is not judged. What is not listed never comes first"),
		text("backend", schema.Name, "name of that task"),
		text("backend_host", schema.Name, "its host, if it was captured"),
		number("share", "probability of being tried first; NULL when it is not judged"),
		whole("common_bits", "leading bits that its address shares with the client's"),
		text("rule", schema.Plain, "rule of RFC 6724 section 6 that decided; NULL when the shuffled order stays"),
		number("weight", "part of the container's first tries that the row's program stands for in resolver_load; NULL when the container is not judged as a whole, for its programs differ or not all were read, and for a task of the service"),
		must(text("why", schema.Name, "why so, or why it is not judged, in words")),
		whole("connections", "connections of the container to the task that were seen; NULL with ip, and when they were not read"),
		whole("all_connections", "those to any of the tasks"),
		text("ip6", schema.Addr, "IPv6 address that makes glibc sort by prefix, if that decided"),
		refCol("ip6_ref", "row of address that holds it"),
		refCol("resolver_ref", "row of process_resolver"),
		refCol("client_ref", "row of address that holds the client's address"),
		must(refCol("task_ref", "row of swarm_task of the backend, or of one")),
	},
	// resolver_connection and resolver_watched are left out: they add figures, and no row is there or not because of them.
	Reads: []string{"local_endpoint", "task_endpoint", "swarm_service", "swarm_task_address", "overlay_network", "address", "link", "host", "container", "process_resolver", "container_file",
		"resolver_config", "hosts_entry", "nss_source", "gai_rule", "dns_answer"},
	Index: []string{"net, name"},
	Fill:  fillResolverChoice,
}

// A roundRobin is a dnsrr service on one network.
type roundRobin struct {
	net, network, service, serviceID string
	tasks                            []roundRobinTask // by address
	six                              bool             // it has IPv6 addresses there as well
}

type roundRobinTask struct {
	ip               netip.Addr
	label, host, ref string
}

// A nameClient is a container on a network, or a task there whose container was not found.
type nameClient struct {
	host, netns, container, label, service, serviceID, ip, ref, missing string
}

const (
	roundRobins = `
SELECT DISTINCT t.net, COALESCE(w.network, ''), t.service, t.service_id, t.ip, COALESCE(t.label, t.task_id), COALESCE(t.host, ''), t.ref, t.task_id
FROM task_endpoint AS t
JOIN overlay_network AS w ON w.net = t.net AND w.ingress = 0
JOIN ` + roundRobinServices + ` AS s ON s.service_id = t.service_id
WHERE t.running = 1 AND t.service IS NOT NULL ORDER BY t.net, t.service_id, t.ip, t.label`
	nameTasks = `
SELECT net, task_id, COALESCE(host, ''), COALESCE(label, task_id), COALESCE(service, ''), COALESCE(service_id, ''), ip, running FROM task_endpoint ORDER BY net, task_id, ip`
	nameClients = `
SELECT l.net, COALESCE(l.task_id, ''), l.host, COALESCE(l.netns, ''), COALESCE(l.container, ''), COALESCE(l.label, l.port), COALESCE(c.service, ''), COALESCE(c.service_id, ''), COALESCE(l.ip, ''),
  COALESCE(l.address_ref, '')
FROM local_endpoint AS l LEFT JOIN (SELECT host, container, service, service_id FROM container) AS c ON c.host = l.host AND c.container = l.container
WHERE l.kind = 'container' ORDER BY l.net, l.host, l.label, l.netns`
	sixTasks = "SELECT DISTINCT task_id, substr(network_id, 1, 8) FROM swarm_task_address WHERE instr(ip, ':') > 0"
)

// loadNameClients gathers by network the containers that the kernels hold, and the running tasks of which none holds a container.
func loadNameClients(ctx context.Context, tx *sql.Tx) (map[string][]nameClient, error) {
	all := map[string][]nameClient{}
	type task struct {
		nameClient
		net, id       string
		running, held bool
	}
	var tasks []*task
	at := map[[2]string]*task{} // by network and task
	var k task
	err := eachOf(ctx, tx, nameTasks, []any{&k.net, &k.id, &k.host, &k.label, &k.service, &k.serviceID, &k.ip, &k.running}, func() {
		n := k
		tasks = append(tasks, &n)
		at[[2]string{k.net, k.id}] = &n
	})
	if err != nil {
		return nil, err
	}
	var net, id string
	var c nameClient
	err = eachOf(ctx, tx, nameClients, []any{&net, &id, &c.host, &c.netns, &c.container, &c.label, &c.service, &c.serviceID, &c.ip, &c.ref}, func() {
		if k := at[[2]string{net, id}]; k != nil {
			k.held = true
			c.label, c.service, c.serviceID = k.label, k.service, k.serviceID
		}
		all[net] = append(all[net], c)
	})
	if err != nil {
		return nil, err
	}
	for _, k := range tasks {
		if k.running && !k.held {
			k.missing = "its host was not captured"
			if k.host != "" {
				k.missing = "its namespace was not found in the kernel of its host"
			}
			all[k.net] = append(all[k.net], k.nameClient)
		}
	}
	return all, nil
}

func fillResolverChoice(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	names, err := loadRoundRobins(ctx, tx)
	if err != nil || len(names) == 0 {
		return err
	}
	clients, err := loadNameClients(ctx, tx)
	if err != nil {
		return err
	}
	shared := map[[3]string]int{} // networks on which a namespace meets a service
	want, services := map[resolverPlace]bool{}, map[string]bool{}
	for _, r := range names {
		services[strings.ToLower(r.service)] = true
		for _, c := range clients[r.net] {
			if c.netns != "" {
				shared[[3]string{c.host, c.netns, r.serviceID}]++
				want[resolverPlace{c.host, c.netns}], want[resolverPlace{c.host, c.container}] = true, true
			}
		}
	}
	facts, err := loadResolverFacts(ctx, tx, want, services)
	if err != nil {
		return err
	}
	answered, err := loadAnswered(ctx, tx)
	if err != nil {
		return err
	}
	for _, r := range names {
		if len(r.tasks) < 2 {
			continue
		}
		for _, c := range clients[r.net] {
			why := c.missing
			switch {
			case why != "":
			case r.six:
				why = "the name has IPv6 addresses as well, whose source addresses were not worked out"
			case c.netns != "" && shared[[3]string{c.host, c.netns, r.serviceID}] > 1:
				why = "it shares several networks with the service, and which one answers is not told"
			case !answered.agree(c, r):
				why = "Docker's resolver answers it with other addresses than those of the running tasks"
			}
			if err := facts.choose(r, c, why, put); err != nil {
				return err
			}
		}
	}
	return nil
}

func loadRoundRobins(ctx context.Context, tx *sql.Tx) (list []*roundRobin, err error) {
	var r roundRobin
	var t roundRobinTask
	var ip, id string
	six := map[[2]string]bool{}
	if err := eachOf(ctx, tx, sixTasks, []any{&id, &ip}, func() { six[[2]string{id, ip}] = true }); err != nil {
		return nil, err
	}
	err = eachOf(ctx, tx, roundRobins, []any{&r.net, &r.network, &r.service, &r.serviceID, &ip, &t.label, &t.host, &t.ref, &id}, func() {
		if len(list) == 0 || list[len(list)-1].net != r.net || list[len(list)-1].serviceID != r.serviceID {
			n := r
			list = append(list, &n)
		}
		last := list[len(list)-1]
		last.six = last.six || six[[2]string{id, r.net}]
		var bad error
		if t.ip, bad = netip.ParseAddr(ip); bad != nil || len(last.tasks) > 0 && last.tasks[len(last.tasks)-1].ip == t.ip {
			return // two tasks of one address are a fault of their own
		}
		last.tasks = append(last.tasks, t)
	})
	return list, err
}

// nameAnswers are the addresses that a name was answered with in a namespace.
type nameAnswers map[[3]string]map[string]bool

func loadAnswered(ctx context.Context, tx *sql.Tx) (nameAnswers, error) {
	all := nameAnswers{}
	var host, netns, name, ip string
	err := eachOf(ctx, tx, `SELECT DISTINCT a.host, a.netns, a.name, a.address FROM dns_answer AS a JOIN (SELECT DISTINCT name FROM swarm_service WHERE endpoint_mode = 'dnsrr') AS s ON s.name = a.name
WHERE a.qtype = 'A' AND a.rtype = 'A' AND a.address IS NOT NULL`, []any{&host, &netns, &name, &ip}, func() {
		at := [3]string{host, netns, name}
		if all[at] == nil {
			all[at] = map[string]bool{}
		}
		all[at][ip] = true
	})
	return all, err
}

// agree reports whether the answers, if there are any, are the tasks.
func (a nameAnswers) agree(c nameClient, r *roundRobin) bool {
	got := a[[3]string{c.host, c.netns, r.service}]
	if got == nil {
		return true
	}
	for _, t := range r.tasks {
		if !got[t.ip.String()] {
			return false
		}
	}
	return len(got) == len(r.tasks)
}

// A processChoice is the prediction for the processes of one program.
type processChoice struct {
	nameProcess
	resolver.Prediction
}

// choose puts the rows of one client and one name. why is not empty if nothing about the client is judged.
func (f *resolverFacts) choose(r *roundRobin, c nameClient, why string, put func(row ...any) error) error {
	own := c.serviceID == r.serviceID || slices.ContainsFunc(r.tasks, func(t roundRobinTask) bool { return t.ip.String() == c.ip })
	held := f.addresses[resolverPlace{c.host, c.netns}]
	var list []resolver.Address
	var ip6 *heldAddress
	for i, h := range held {
		list = append(list, h.Address)
		if ip6 == nil && !h.IP.Is4() && !h.IP.IsLoopback() {
			ip6 = &held[i]
		}
	}
	answers := make([]resolver.Answer, len(r.tasks))
	for i, t := range r.tasks {
		answers[i].IP = t.ip
		src, cannot := resolver.Source(list, t.ip)
		if why == "" && cannot != "" {
			why = cannot
		}
		answers[i].Source = src
	}
	known := ip6 != nil || f.addrKnown[resolverPlace{c.host, c.netns}]
	var choices []processChoice
	for _, p := range f.processes[resolverPlace{c.host, c.container}] {
		choices = append(choices, processChoice{p, f.predict(c, p, r.service, list, known, answers, why)})
	}
	if len(choices) == 0 {
		if why == "" {
			why = "which code resolves names in the container was not captured"
		}
		choices = []processChoice{{Prediction: resolver.Prediction{Why: why}}}
	}
	weight := weightOf(choices, own || !f.processKnown[c.host])
	var all any
	if at := (resolverPlace{c.host, c.netns}); f.watched[at] {
		sum := int64(0)
		for _, t := range r.tasks {
			sum += f.connections[at][t.ip.String()]
		}
		all = sum
	}
	for _, p := range choices {
		row := []any{orNull(c.host), orNull(c.netns), orNull(c.container), c.label, orNull(c.service), orNull(c.ip), flag(own), nil, nil, nil, nil, nil,
			r.net, orNull(r.network), r.service, int64(len(r.tasks)), nil, nil, nil, nil, nil, orNull(p.Rule), weight, p.Why, nil, all, nil, nil, orNull(p.ref), orNull(c.ref), r.tasks[0].ref}
		if p.kind != "" {
			row[7], row[8], row[9], row[10], row[11] = p.pid, orNull(p.program), p.processes, p.kind, orNull(p.version)
		}
		if p.Judged() && p.Rule == "" {
			row[19] = p.Share[0]
		}
		if p.Rule == "" {
			if err := put(row...); err != nil {
				return err
			}
			continue
		}
		if p.Rule == "rule 9" && ip6 != nil {
			row[26], row[27] = ip6.IP.String(), ip6.ref
		}
		for i, t := range r.tasks {
			if p.Share[i] == 0 {
				continue
			}
			one := slices.Clone(row)
			one[16], one[17], one[18], one[19], one[30] = t.ip.String(), t.label, orNull(t.host), p.Share[i], t.ref
			if p.Bits[i] >= 0 {
				one[20] = int64(p.Bits[i])
			}
			if all != nil {
				one[24] = f.connections[resolverPlace{c.host, c.netns}][t.ip.String()]
			}
			if err := put(one...); err != nil {
				return err
			}
		}
	}
	return nil
}

// weightOf is the weight of each row: the programs of a container count alike if each is judged and all say the same, for
// which of them asks for the name is not told. not says that they are not to count.
func weightOf(choices []processChoice, not bool) any {
	for _, p := range choices {
		same := p.Judged() && slices.EqualFunc(p.Share, choices[0].Share, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
		if not || !same {
			return nil
		}
	}
	return 1 / float64(len(choices))
}

// predict asks the model for the library that a process uses.
func (f *resolverFacts) predict(c nameClient, p nameProcess, name string, list []resolver.Address, known bool, answers []resolver.Answer, why string) resolver.Prediction {
	if why != "" {
		return resolver.Prediction{Why: why}
	}
	files := f.names[resolverPlace{c.host, c.container}]
	ask := func(library resolver.Library, version string) resolver.Prediction {
		if why := files.unread(name, library); why != "" {
			return resolver.Prediction{Why: why}
		}
		if !known && library == resolver.Glibc {
			return resolver.Prediction{Why: "whether its namespace has an IPv6 address was not read to the end"}
		}
		client := resolver.Client{Library: library, Version: version, Arch: f.arch[c.host], Addresses: list, GAI: files.gai}
		return client.First(answers)
	}
	for _, lib := range strings.Split(p.libs, ",") {
		if lib != "" && !strings.HasPrefix(lib, "libuv") {
			return resolver.Prediction{Why: lib + " is mapped: the program may resolve names by it"}
		}
	}
	if slices.Contains(ownResolvers, p.program) {
		return resolver.Prediction{Why: p.program + " can resolve names by itself, by its configuration"}
	}
	switch p.kind {
	case "glibc", "musl":
		return ask(resolver.Library(p.kind), cmp.Or(p.libcVersion, p.version))
	case "go":
		own := ask(resolver.Go, p.version)
		tags := strings.FieldsFunc(p.build, func(r rune) bool { return r == ' ' || r == ',' || r == '=' })
		if p.libc == "" || p.cgo.Valid && !p.cgo.Bool || slices.Contains(tags, "netgo") {
			return own
		}
		if p.libc != "glibc" && p.libc != "musl" {
			return resolver.Prediction{Why: "Go may ask " + p.libc + ", which is not modelled"}
		}
		return resolver.Either("whether Go asks the C library (its environment is not captured)", own, ask(resolver.Library(p.libc), p.libcVersion))
	case "java":
		return resolver.Prediction{Why: "Java keeps addresses for a time of its own, and its libraries may pick another than the first"}
	case "static":
		return resolver.Prediction{Why: "it is linked statically with a library that was not recognised"}
	case "unknown":
		return resolver.Prediction{Why: "which code resolves names in it is not known"}
	}
	return resolver.Prediction{Why: fmt.Sprintf("how %s orders addresses is not modelled", p.kind)}
}
