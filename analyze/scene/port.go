package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// maxPortHosts is up to how many hosts of a published port are all listed; of more only those are at which it is not delivered.
const maxPortHosts = 100

// A publication is a port of a service as paths name it: by the service's name, the mode, the protocol and the number.
type publication struct {
	service, mode, proto string
	published            int
}

// An asked is all that was walked to the ports that a service publishes in one mode.
type asked struct{ service, mode string }

// A portWalk is what became of it.
type portWalk struct {
	pairs  int // walked, of all its ports and hosts
	broken int // of which not wholly delivered, by path_pair_count
	listed int // of which path_pair has
}

// askers is how many clients are walked to each port of each host: the outside, and the host itself by its own address and by 127.0.0.1.
const askers = 3

// readPorts lists what services publish, and what becomes of it when the outside asks each host, then what daemons publish by themselves.
func readPorts(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	r := &portReader{notes: see.notes, mesh: map[string]bool{}, running: map[string][]string{}, ports: map[asked]int{}, walked: map[asked]*portWalk{}, bad: map[publication]map[string]PortHost{}}
	for _, read := range []func(context.Context, *sql.Tx) error{r.hosts, r.walks, r.published} {
		if err := read(ctx, tx); err != nil {
			return err
		}
	}
	for i := range r.list {
		p := &r.list[i]
		r.place(p)
		s.Ports = append(s.Ports, p.Port)
	}
	if err := r.alone(ctx, tx, s); err != nil {
		return err
	}
	slices.SortStableFunc(s.Ports, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Published, b.Published), strings.Compare(a.Proto, b.Proto), strings.Compare(a.Service, b.Service), strings.Compare(a.Container, b.Container))
	})
	return nil
}

// A portReader gathers what tells of published ports.
type portReader struct {
	notes   *notes
	mesh    map[string]bool     // captured hosts that serve the routing mesh: their ports are walked
	swarm   []string            // captured hosts of the swarm
	running map[string][]string // captured hosts with a running task, by service
	walked  map[asked]*portWalk
	bad     map[publication]map[string]PortHost
	ports   map[asked]int // how many a service publishes
	list    []listedPort
}

// A listedPort is a port with what finds its tasks.
type listedPort struct {
	Port
	service string // id
}

func (r *portReader) hosts(ctx context.Context, tx *sql.Tx) error {
	var host, service string
	err := each(ctx, tx, `SELECT DISTINCT host FROM expected_port`, []any{&host}, func() { r.mesh[r.notes.once(host)] = true })
	if err != nil {
		return err
	}
	err = each(ctx, tx, `SELECT DISTINCT host FROM swarm_host ORDER BY host`, []any{&host}, func() { r.swarm = append(r.swarm, r.notes.once(host)) })
	if err != nil {
		return err
	}
	return each(ctx, tx, `SELECT DISTINCT t.service_id, t.host FROM (SELECT DISTINCT service_id FROM published_port WHERE mode = 'host') AS p
JOIN task_now AS t ON t.service_id = p.service_id WHERE t.host IS NOT NULL AND t.state = 'running' AND t.desired = 'running' ORDER BY t.service_id, t.host`,
		[]any{&service, &host}, func() { r.running[service] = append(r.running[service], r.notes.once(host)) })
}

func (r *portReader) walks(ctx context.Context, tx *sql.Tx) error {
	var a asked
	var pairs, delivered int
	err := each(ctx, tx, `SELECT COALESCE(server_service, ''), via, SUM(pairs), SUM(delivered) FROM path_pair_count WHERE via IN ('ingress', 'host') GROUP BY 1, 2`,
		[]any{&a.service, &a.mode, &pairs, &delivered}, func() { r.walked[a] = &portWalk{pairs: pairs, broken: pairs - delivered} })
	if err != nil {
		return err
	}
	var kind, verdict string
	var alike int
	var p publication
	var h PortHost
	return each(ctx, tx, `SELECT client_kind, COALESCE(client_host, ''), COALESCE(server_service, ''), via, COALESCE(proto, ''), COALESCE(port, 0), verdict, COALESCE(segment, 0), COALESCE(reached, 0), COALESCE(backends, 0), COALESCE(alike, 0)
FROM path_pair WHERE via IN ('ingress', 'host')`,
		[]any{&kind, &h.Host, &p.service, &p.mode, &p.proto, &p.published, &verdict, &h.Segment, &h.Reached, &h.Backends, &alike}, func() {
			w := r.walked[asked{p.service, p.mode}]
			if w == nil {
				return
			}
			w.listed++
			if kind != "outside" {
				return
			}
			if r.bad[p] == nil {
				r.bad[p] = map[string]PortHost{}
			}
			x := h
			x.Host, x.Verdict = r.notes.once(h.Host), pairState(verdict)
			r.bad[p][x.Host] = x
		})
}

func (r *portReader) published(ctx context.Context, tx *sql.Tx) error {
	var p listedPort
	return each(ctx, tx, `SELECT service_id, COALESCE(service, service_id), proto, published, target, mode, ref FROM published_port`,
		[]any{&p.service, &p.Service, &p.Proto, &p.Published, &p.Target, &p.Mode, &p.Ref}, func() {
			p.Service = r.notes.once(p.Service)
			if p.Proto != "sctp" { // which no path is walked for
				r.ports[asked{p.Service, p.Mode}]++
			}
			r.list = append(r.list, p)
		})
}

// place says what becomes of a port at each host that should take it. A host of which the tables of paths say nothing delivers it, if
// everything was walked and everything that is not delivered is in them.
func (r *portReader) place(p *listedPort) {
	hosts, walkers := r.swarm, len(r.mesh)
	if p.Mode == "host" {
		hosts = r.running[p.service]
		walkers = len(hosts)
	}
	service := asked{p.Service, p.Mode}
	w := r.walked[service]
	walked := w != nil && w.pairs == askers*r.ports[service]*walkers && p.Proto != "sctp"
	bad := r.bad[publication{p.Service, p.Mode, p.Proto, p.Published}]
	whole := 0
	for _, host := range hosts {
		h, ok := bad[host]
		if !ok {
			h = PortHost{Host: host}
			switch {
			case !walked || p.Mode == "ingress" && !r.mesh[host]:
			case w.listed < w.broken:
				h.Verdict = Unknown
			default:
				h.Verdict = Delivered
				whole++
			}
		}
		p.At = append(p.At, h)
	}
	if len(p.At) <= maxPortHosts {
		return
	}
	p.Whole = whole
	p.At = slices.DeleteFunc(p.At, func(h PortHost) bool { return h.Verdict == Delivered })
	slices.SortStableFunc(p.At, func(a, b PortHost) int { return cmp.Compare(stateRank(a.Verdict), stateRank(b.Verdict)) })
	if p.AtLeft = max(0, len(p.At)-maxPortHosts); p.AtLeft > 0 {
		p.At = slices.Clone(p.At[:maxPortHosts])
	}
}

// alone lists what the daemon of one host publishes for containers that are no tasks'. Paths do not go there.
func (r *portReader) alone(ctx context.Context, tx *sql.Tx, s *Scene) error {
	var p Port
	var host string
	return each(ctx, tx, `SELECT DISTINCT p.host, c.name, p.proto, p.container_port, p.host_port, MIN(p.ref)
FROM container_port AS p JOIN container AS c ON c.host = p.host AND c.container = p.container
WHERE p.host_port > 0 AND COALESCE(c.task_id, '') = '' GROUP BY p.host, c.name, p.proto, p.container_port, p.host_port`,
		[]any{&host, &p.Container, &p.Proto, &p.Target, &p.Published, &p.Ref}, func() {
			x := p
			x.Mode, x.Service, x.At = ModeContainer, r.notes.serviceOf[p.Container], []PortHost{{Host: r.notes.once(host)}}
			s.Ports = append(s.Ports, x)
		})
}
