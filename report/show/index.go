package show

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// An index is what the first reading of a bundle gathers: what the lines of the second need to be understood.
type index struct {
	source     *source
	host       *schema.Host // nil if the bundle has none
	namespaces []*namespace // as the bundle has them: the host's first
	byID       map[string]*namespace
	chosen     map[string]*namespace
	links      map[string]map[int64]*schema.Link // by namespace and ifindex
	comm       map[int64]string                  // by process
	holders    map[int64][]schema.ProcessSocket  // by inode of the socket
	rows       map[string]map[string][]row       // by table and namespace: of tables that a view puts together
	usage      map[string]schema.ConntrackUsage  // by namespace
	coverage   []coverageRow
	ofTable    map[string][]*coverageRow // the same by table
	containers map[string]*container
	networks   map[string]string // names, by full id
	services   map[string]string // names, by full id
	nodes      map[string]string // host names, by full id
	entries    map[string]entry
	bad        []string // rows that could not be read
	cut        string   // why the bundle breaks off
	problems   []string
}

// A row is a line of a table, and where it stands.
type row struct {
	number int64
	raw    []byte
}

// An entry is a file of the bundle.
type entry struct {
	size  int64
	lines int64 // of rows only
}

type coverageRow struct {
	schema.Coverage
	number int64
}

// newIndex is an index of nothing yet.
func newIndex(s *source) *index {
	return &index{
		source: s, chosen: map[string]*namespace{}, links: map[string]map[int64]*schema.Link{}, comm: map[int64]string{},
		holders: map[int64][]schema.ProcessSocket{}, rows: map[string]map[string][]row{}, usage: map[string]schema.ConntrackUsage{},
		containers: map[string]*container{}, networks: map[string]string{}, services: map[string]string{}, nodes: map[string]string{},
		entries: map[string]entry{}, byID: map[string]*namespace{}, ofTable: map[string][]*coverageRow{},
	}
}

// readIndex reads a bundle for what a view needs.
func readIndex(ctx context.Context, s *source, need []string) (*index, error) {
	x := newIndex(s)
	var err error
	x.cut, x.problems, err = s.entries(ctx, func(e *schema.Entry) error { return x.entry(e, need) })
	if err != nil {
		return nil, err
	}
	for i := range x.coverage {
		c := &x.coverage[i]
		x.ofTable[c.Tbl] = append(x.ofTable[c.Tbl], c)
	}
	for _, byNetns := range x.rows {
		for _, id := range slices.Sorted(maps.Keys(byNetns)) {
			x.namespace(id)
		}
	}
	x.name()
	return x, nil
}

// list notes a namespace; of two with one id the first counts.
func (x *index) list(n schema.Netns) {
	if x.byID[n.Netns] == nil {
		ns := &namespace{Netns: n}
		x.byID[n.Netns] = ns
		x.namespaces = append(x.namespaces, ns)
	}
}

// namespace is the one of that id. Rows may name one that the bundle does not list.
func (x *index) namespace(id string) *namespace {
	x.list(schema.Netns{Netns: id, Kind: schema.NetnsOther, Name: "not listed"})
	return x.byID[id]
}

func (x *index) entry(e *schema.Entry, need []string) error {
	x.entries[e.Name] = entry{size: e.Size}
	table, rows := tableOf(e.Name)
	lines := int64(0)
	switch {
	case !rows:
		return x.document(e)
	case table == "netns":
		return x.count(e, eachRow(e, func(n int64, r *schema.Netns) { lines = n; x.list(*r) }), &lines)
	case table == "host":
		return x.count(e, eachRow(e, func(n int64, r *schema.Host) { lines = n; x.host = r }), &lines)
	case table == "coverage":
		return x.count(e, eachRow(e, func(n int64, r *schema.Coverage) {
			lines = n
			x.coverage = append(x.coverage, coverageRow{*r, n})
		}), &lines)
	case slices.Contains(need, "+"+table):
		return x.auxiliary(table, e)
	case slices.Contains(need, table):
		x.rows[table] = map[string][]row{}
		return eachLine(e, func(n int64, line []byte) error {
			ns, err := netnsOf(line)
			if err != nil {
				x.bad = append(x.bad, fmt.Sprintf("%s:%d cannot be read: %v", e.Name, n, err))
				return nil
			}
			x.rows[table][ns] = append(x.rows[table][ns], row{n, slices.Clone(line)})
			return nil
		})
	case slices.Contains(need, "*"):
		return x.count(e, eachLine(e, func(int64, []byte) error { lines++; return nil }), &lines)
	}
	return nil
}

// count notes how many lines an entry was found to have.
func (x *index) count(e *schema.Entry, err error, lines *int64) error {
	x.entries[e.Name] = entry{e.Size, *lines}
	return err
}

// auxiliary reads a table that only helps to understand another one.
func (x *index) auxiliary(table string, e *schema.Entry) error {
	switch table {
	case "link":
		return eachRow(e, func(_ int64, r *schema.Link) {
			if x.links[r.Netns] == nil {
				x.links[r.Netns] = map[int64]*schema.Link{}
			}
			x.links[r.Netns][r.Ifindex] = r
		})
	case "process":
		return eachRow(e, func(_ int64, r *schema.Process) { x.comm[r.PID] = r.Comm })
	case "process_socket":
		return eachRow(e, func(_ int64, r *schema.ProcessSocket) { x.holders[r.Inode] = append(x.holders[r.Inode], *r) })
	case "conntrack_usage":
		return eachRow(e, func(_ int64, r *schema.ConntrackUsage) { x.usage[r.Netns] = *r })
	}
	return nil
}

// document reads what gives containers, networks, services and nodes their names.
func (x *index) document(e *schema.Entry) error {
	switch strings.TrimPrefix(e.Name, "raw/docker/") {
	case "container_inspect.json", "ondisk/containers.json":
		eachElement(e, x.addContainer)
	case "network_inspect.json", "networks.json":
		eachElement(e, func(o []byte) { addName(x.networks, o, "Id", "Name") })
	case "services.json":
		eachElement(e, func(o []byte) { addName(x.services, o, "ID", "Spec", "Name") })
	case "nodes.json":
		eachElement(e, func(o []byte) { addName(x.nodes, o, "ID", "Description", "Hostname") })
	}
	return nil
}

// addName adds a name, at the end of a path of members, by the object's id.
func addName(names map[string]string, object []byte, id string, path ...string) {
	var members map[string]json.RawMessage
	var key, name string
	if json.Unmarshal(object, &members) != nil || json.Unmarshal(members[id], &key) != nil {
		return
	}
	value := json.RawMessage(object)
	for _, p := range path {
		var in map[string]json.RawMessage
		if json.Unmarshal(value, &in) != nil {
			return
		}
		value = in[p]
	}
	if json.Unmarshal(value, &name) == nil && key != "" {
		names[key] = name
	}
}

// eachElement calls f for each element of a list, up to where it is damaged; a reply that is no list has none.
func eachElement(e *schema.Entry, f func(object []byte)) {
	dec := json.NewDecoder(e.Data)
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return
	}
	for dec.More() {
		var o json.RawMessage
		if dec.Decode(&o) != nil {
			return
		}
		f(o)
	}
}

// tableOf is the table whose rows an entry holds.
func tableOf(name string) (string, bool) {
	t, ok := strings.CutPrefix(name, "rows/")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(t, ".jsonl")
}

// netnsOf is the namespace of a row; rows of the whole host have none.
func netnsOf(line []byte) (string, error) {
	var r struct {
		Netns string `json:"netns"`
	}
	err := json.Unmarshal(line, &r)
	return r.Netns, err
}

// eachLine calls f for each line that is not empty; the line is valid during the call.
func eachLine(e *schema.Entry, f func(number int64, line []byte) error) error {
	lines := e.Lines()
	for lines.Next() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := f(lines.Number(), lines.Bytes()); err != nil {
			return err
		}
	}
	return lines.Err()
}

// eachRow calls f for each row that can be read. One that cannot is told where it is printed.
func eachRow[R any](e *schema.Entry, f func(number int64, r *R)) error {
	return eachLine(e, func(n int64, line []byte) error {
		r := new(R)
		if json.Unmarshal(line, r) == nil {
			f(n, r)
		}
		return nil
	})
}

// dev is the name of a device of a namespace; ip says if7 of one that it cannot see.
func (x *index) dev(netns string, ifindex int64) string {
	if l := x.links[netns][ifindex]; l != nil {
		return l.Name
	}
	return fmt.Sprintf("if%d", ifindex)
}

// hints are the names by which a person would call the namespaces.
func (x *index) hints() []string {
	names := map[string]bool{}
	for _, ns := range x.namespaces {
		names[ns.short()] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// twice reports whether the volatile tables were read twice: without a window there is only a first read, and to have
// been seen in it only means nothing.
func (x *index) twice() bool { return x.host != nil && !x.host.LastRead.IsZero() }
