package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/stack"
)

// A dnsAsker is a container of a host that names were asked from.
type dnsAsker struct {
	netns, container string
	nets             []string // overlays that its kernel holds, and whether it has been there for a minute
	scope            string   // overlays that its daemon has it on, first 8 characters of the ids, comma separated
	mixed            bool     // on a network that is no overlay, too
	coverage         string   // coverage row of its answers, empty when they were not read whole
	like             string   // all that its answers depend on, but for what the resolver knows
	asked            []*dnsAsked
}

// dnsAsked is a name with all its questions and answers.
type dnsAsked struct {
	name, service, rcode string
	line                 rowLine // first of dns_query
	tasks                bool
	asked, answered      int
	told                 []dnsTold
	at                   map[string]int // where in told an address is; nil while these are few
}

// dnsTold is an address, in how many answers it was, and the first line of dns_answer.
type dnsTold struct {
	ip    string
	line  int64
	hits  int
	in    uint64 // answers up to the 64th, a bit each
	later []int
}

// A rowLine is the line of a row as its address has it. The first is that whose address is, as MIN(ref) has it.
type rowLine string

func (l rowLine) ref(host, table string) string { return stack.Ref(host, table, string(l)) }

// A dnsFolder folds one host after the other.
type dnsFolder struct {
	ctx       context.Context
	tx        *sql.Tx
	r         *stack.Reader
	first     map[string]float64        // host: begin of the first read
	overlays  map[string]dnsOverlay     // by the network's id
	subnets   map[string][]netip.Prefix // of overlays, by network
	questions *gathered                 // dns_question
	answers   *gathered                 // dns_answer_set
	views     *gathered                 // dns_view

	asked []dnsAsked // memory of one host's, used again for the next
	told  []dnsTold
}

// A dnsOverlay is an overlay as a daemon's container_network names it.
type dnsOverlay struct {
	net     string
	ingress bool
}

// foldDNS fills dns_question, dns_answer_set and dns_view.
func foldDNS(ctx context.Context, tx *sql.Tx) (Fill, error) {
	f := &dnsFolder{
		ctx: ctx, tx: tx, r: stack.NewReader(tx), first: map[string]float64{}, overlays: map[string]dnsOverlay{},
		questions: &gathered{table: "dns_question"}, answers: &gathered{table: "dns_answer_set"}, views: &gathered{table: "dns_view"},
	}
	if err := f.foldAll(); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx, _ func(row ...any) error) error {
		for _, rows := range []*gathered{f.questions, f.answers, f.views} {
			if err := rows.write(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (f *dnsFolder) foldAll() error {
	ctx, tx := f.ctx, f.tx
	var host, id string
	var first float64
	if err := eachOf(ctx, tx, "SELECT host, first_s FROM reading WHERE first_s IS NOT NULL", []any{&host, &first}, func() { f.first[host] = first }); err != nil {
		return err
	}
	var o dnsOverlay
	if err := eachOf(ctx, tx, "SELECT network_id, net, ingress FROM overlay_network WHERE network_id IS NOT NULL", []any{&id, &o.net, &o.ingress}, func() { f.overlays[id] = o }); err != nil {
		return err
	}
	var err error
	if f.subnets, err = loadNetSubnets(ctx, tx); err != nil {
		return err
	}
	hosts, err := f.r.Hosts(ctx)
	if err != nil {
		return err
	}
	for _, host := range hosts {
		if err := f.fold(host); err != nil {
			return err
		}
	}
	return nil
}

// question is a new one of a host. A fleet's hosts ask for millions of names, and are folded one after the other.
func (f *dnsFolder) question() *dnsAsked {
	if len(f.asked) == cap(f.asked) {
		f.asked = make([]dnsAsked, 0, max(1024, 2*cap(f.asked)))
	}
	f.asked = append(f.asked, dnsAsked{})
	return &f.asked[len(f.asked)-1]
}

// room is an empty list that has room for so many addresses.
func (f *dnsFolder) room(addresses int) []dnsTold {
	at := len(f.told)
	if at+addresses > cap(f.told) {
		f.told, at = make([]dnsTold, 0, max(addresses, 4096, 2*cap(f.told))), 0
	}
	f.told = f.told[:at+addresses]
	return f.told[at : at : at+addresses]
}

// fold puts what the containers of a host were told.
func (f *dnsFolder) fold(host string) error {
	defer func() {
		clear(f.asked)
		clear(f.told)
		f.asked, f.told = f.asked[:0], f.told[:0]
	}()
	askers, err := f.read(host)
	if err != nil || len(askers) == 0 {
		return err
	}
	type folded struct {
		*dnsAsked
		by      *dnsAsker
		clients int
	}
	var list []*folded
	same := map[string]*folded{}
	views := newDNSViews(f.subnets)
	var key []byte
	for _, a := range askers {
		for _, q := range a.asked {
			key = q.key(append(key[:0], a.like...))
			if have := same[string(key)]; have != nil {
				have.clients++
			} else {
				x := &folded{q, a, 1}
				same[string(key)] = x
				list = append(list, x)
			}
			views.add(a, q)
		}
	}
	for _, x := range list {
		line, err := strconv.ParseInt(string(x.line), 10, 64)
		if err != nil {
			return err
		}
		if err := f.questions.put(host, x.by.netns, x.by.container, x.clients, x.name, orNull(x.service), x.tasks, x.asked, x.answered, orNull(x.rcode), line); err != nil {
			return err
		}
		for i := range x.told {
			t := &x.told[i]
			if err := f.answers.put(host, x.by.netns, x.by.container, x.name, orNull(x.service), x.tasks, t.ip, t.hits, x.asked, t.line); err != nil {
				return err
			}
		}
	}
	return views.put(host, f.views)
}

// key appends what a container was told.
func (q *dnsAsked) key(b []byte) []byte {
	text := func(s string) { b = append(append(b, s...), 0) }
	number := func(n int) { b = append(strconv.AppendInt(b, int64(n), 10), 0) }
	text(q.name)
	text(q.service)
	text(q.rcode)
	b = strconv.AppendBool(b, q.tasks)
	number(q.asked)
	number(q.answered)
	for i := range q.told {
		text(q.told[i].ip)
		number(q.told[i].hits)
	}
	return b
}

// read reads what a host's containers asked, in order of their ids, and by name.
func (f *dnsFolder) read(host string) ([]*dnsAsker, error) {
	var list []*dnsAsker
	at := map[[2]string]*dnsAsker{}
	var last *dnsAsker
	asker := func(netns, container string) *dnsAsker {
		if last == nil || last.netns != netns || last.container != container {
			k := [2]string{netns, container}
			if last = at[k]; last == nil {
				last = &dnsAsker{netns: netns, container: container}
				at[k] = last
				list = append(list, last)
			}
		}
		return last
	}
	type place struct {
		*dnsAsker
		name string
	}
	questions := map[place]*dnsAsked{}
	err := f.r.Each(f.ctx, host, "dns_query", "netns,container,name,service,tasks,rcode,truncated,error,line", "qtype = 'A'", func(v []string) {
		a := asker(v[0], v[1])
		k := place{a, v[2]}
		q := questions[k]
		if q == nil {
			q = f.question()
			q.name, q.line = v[2], rowLine(v[8])
			questions[k] = q
			a.asked = append(a.asked, q)
		}
		q.asked++
		q.service, q.rcode, q.line = max(q.service, v[3]), max(q.rcode, v[5]), min(q.line, rowLine(v[8]))
		q.tasks = q.tasks || v[4] == "1"
		if (v[5] == "NOERROR" || v[5] == "NXDOMAIN" || v[5] == "SERVFAIL") && v[6] != "1" && v[7] == "" {
			q.answered++
		}
	})
	if err != nil {
		return nil, err
	}
	var of place
	var q *dnsAsked
	err = f.r.Each(f.ctx, host, dnsRRsetTable.Name, "netns,container,name,addresses,attempt,line", "qtype = 'A' AND rtype = 'A' AND addresses IS NOT NULL", func(v []string) {
		if a := asker(v[0], v[1]); of.dnsAsker != a || of.name != v[2] {
			of = place{a, v[2]}
			q = questions[of]
		}
		if q != nil {
			attempt, _ := strconv.Atoi(v[4])
			line, _ := strconv.ParseInt(v[5], 10, 64)
			if q.told == nil {
				q.told = f.room(strings.Count(v[3], ",") + 1)
			}
			stack.EachAddress(v[3], func(at int, ip string) { q.tell(ip, attempt, line+int64(at)) })
		}
	})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(a *dnsAsker) bool { return len(a.asked) == 0 })
	if len(list) == 0 {
		return nil, nil
	}
	slices.SortFunc(list, func(a, b *dnsAsker) int {
		return cmp.Or(strings.Compare(a.container, b.container), strings.Compare(a.netns, b.netns))
	})
	for _, a := range list {
		slices.SortFunc(a.asked, func(a, b *dnsAsked) int { return strings.Compare(a.name, b.name) })
		for _, q := range a.asked {
			slices.SortFunc(q.told, func(a, b dnsTold) int { return strings.Compare(a.ip, b.ip) })
		}
	}
	return list, f.places(host, list)
}

// tell notes an address of the nth answer.
func (q *dnsAsked) tell(ip string, n int, line int64) {
	t := &q.told[q.place(ip)]
	if t.hits == 0 || line < t.line {
		t.line = line
	}
	switch bit := uint64(1) << (uint(n) & 63); {
	case n >= 0 && n < 64 && t.in&bit == 0:
		t.in |= bit
		t.hits++
	case n < 0 || n >= 64 && !slices.Contains(t.later, n):
		t.later = append(t.later, n)
		t.hits++
	}
}

// place is where in told an address is. It is put there if it is new.
func (q *dnsAsked) place(ip string) int {
	const few = 16
	if q.at == nil {
		for i := range q.told {
			if q.told[i].ip == ip {
				return i
			}
		}
	} else if i, ok := q.at[ip]; ok {
		return i
	}
	q.told = append(q.told, dnsTold{ip: ip})
	if len(q.told) == few {
		q.at = map[string]int{}
		for i := range q.told {
			q.at[q.told[i].ip] = i
		}
	} else if q.at != nil {
		q.at[ip] = len(q.told) - 1
	}
	return len(q.told) - 1
}

// places finds out which networks askers are on, by kernel and by daemon.
func (f *dnsFolder) places(host string, list []*dnsAsker) error {
	byNetns, byContainer := map[string][]*dnsAsker{}, map[string][]*dnsAsker{}
	for _, a := range list {
		byNetns[a.netns] = append(byNetns[a.netns], a)
		byContainer[a.container] = append(byContainer[a.container], a)
	}
	err := f.r.Each(f.ctx, host, "local_endpoint", "netns,net,since_s", "", func(v []string) {
		settled := " new"
		first, ok := f.first[host]
		if since, err := strconv.ParseFloat(v[2], 64); err == nil && ok && since <= first-60 {
			settled = ""
		}
		for _, a := range byNetns[v[0]] {
			a.nets = append(a.nets, v[1]+settled)
		}
	})
	if err != nil {
		return err
	}
	scopes := map[*dnsAsker][]string{}
	err = f.r.Each(f.ctx, host, "container_network", "container,network_id", "", func(v []string) {
		for _, a := range byContainer[v[0]] {
			switch o, ok := f.overlays[v[1]]; {
			case !ok:
				a.mixed = true
			case !o.ingress && !slices.Contains(scopes[a], o.net):
				scopes[a] = append(scopes[a], o.net)
			}
		}
	})
	if err != nil {
		return err
	}
	// What was captured of a host is a thousand rows and has an index: no range of the table is gone through for the few of one kind.
	for scan, err := range queried(f.ctx, f.tx, "SELECT COALESCE(netns, ''), ref FROM captured WHERE host = ? AND tbl = 'dns_answer'", host) {
		if err != nil {
			return err
		}
		var netns, ref string
		if err := scan(&netns, &ref); err != nil {
			return err
		}
		for _, a := range byNetns[netns] {
			a.coverage = ref
		}
	}
	for _, a := range list {
		slices.Sort(scopes[a])
		a.scope = strings.Join(scopes[a], ",")
		slices.Sort(a.nets)
		a.like = strings.Join(a.nets, ",") + "\x00" + a.scope + "\x00" + strconv.FormatBool(a.mixed) + strconv.FormatBool(a.coverage != "") + "\x00"
	}
	return nil
}
