package show

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A scope is what the text of a row may depend on beside the row.
type scope struct {
	*index
	stats bool
	bad   []string // rows that could not be read
}

// A line is the text of one row, of one or more lines, each with its newline.
type line func(s *scope, raw []byte) (string, error)

// lineOf makes a line of a function on the record.
func lineOf[R any](f func(s *scope, r *R) string) line {
	return func(s *scope, raw []byte) (string, error) {
		r := new(R)
		if err := json.Unmarshal(raw, r); err != nil {
			return "", err
		}
		return f(s, r), nil
	}
}

// A view is one word that can be asked for. It has one of line, whole and documents.
type view struct {
	name    string
	aliases []string
	like    string // the command whose words and columns it has
	tables  []string
	with    []string // tables that help to understand the rows
	host    bool     // rows are the host's, though some name a namespace
	only    func(raw []byte) bool
	columns string                                       // line above the rows of a namespace
	line    line                                         // each row by itself, in the order of the bundle
	whole   func(s *scope, rows map[string][]row) string // all rows of a namespace together
	foot    func(s *scope, ns *namespace) string         // what is to be said below the rows of a namespace
	docs    []string                                     // documents below raw/
	text    func(ctx context.Context, p *printer, x *index, v *view) error
}

// views lists them in the order in which they are offered.
func views() []*view {
	return []*view{
		{name: "link", aliases: []string{"links"}, like: "ip -d link", tables: []string{"link"}, with: []string{"link"}, line: lineOf(linkText)},
		{name: "addr", aliases: []string{"address", "addresses", "a"}, like: "ip addr", tables: []string{"link", "address"}, whole: addrText},
		{name: "route", aliases: []string{"routes", "r"}, like: "ip route show table all", tables: []string{"route"}, whole: routeText},
		{name: "rule", aliases: []string{"rules", "policy_rule"}, like: "ip rule, ip -6 rule", tables: []string{"policy_rule"}, whole: ruleText},
		{name: "neigh", aliases: []string{"neighbour", "neighbor", "arp"}, like: "ip neigh show nud all", tables: []string{"neighbour"}, line: lineOf(neighText)},
		{name: "fdb", like: "bridge fdb", tables: []string{"fdb"}, with: []string{"link"}, line: lineOf(fdbText)},
		{name: "iptables", like: "iptables-save -c", tables: []string{"iptables_chain", "iptables_rule"}, only: ofFamily("ipv4"), whole: iptablesText},
		{name: "ip6tables", like: "ip6tables-save -c", tables: []string{"iptables_chain", "iptables_rule"}, only: ofFamily("ipv6"), whole: iptablesText},
		{name: "nft", like: "nft list ruleset", tables: []string{"nft_chain", "nft_rule", "nft_set", "nft_element"}, whole: nftText},
		{name: "ipvs", aliases: []string{"ipvsadm"}, like: "ipvsadm -Ln", tables: []string{"ipvs_service", "ipvs_destination"}, whole: ipvsText},
		{name: "ss", aliases: []string{"socket", "sockets"}, like: "ss -tuwanpmio", tables: []string{"socket"}, with: []string{"process_socket", "process"}, columns: socketHead, line: lineOf(socketText)},
		{name: "conntrack", aliases: []string{"ct"}, like: "conntrack -L", tables: []string{"conntrack_entry"}, with: []string{"conntrack_usage"}, line: lineOf(conntrackText), foot: conntrackFoot},
		{name: "dns", like: "dig", tables: []string{"dns_query", "dns_answer"}, whole: dnsText},
		{name: "sysctl", like: "sysctl -a", tables: []string{"sysctl"}, line: lineOf(sysctlText)},
		{name: "xfrm", aliases: []string{"ipsec"}, like: "ip xfrm state, ip xfrm policy", tables: []string{"xfrm_state", "xfrm_policy"}, whole: xfrmText},
		{name: "monitor", like: "ip -ts monitor, bridge -ts monitor", tables: []string{"kernel_event"}, with: []string{"link"}, line: lineOf(eventText)},
		{name: "ps", aliases: []string{"processes"}, like: "ps -e", tables: []string{"process"}, host: true, columns: processHead, line: lineOf(processText)},
		{name: "events", like: "docker events", docs: []string{"docker/events.jsonl"}, text: showEvents},
		{name: "tasks", like: "docker service ps", docs: []string{"docker/tasks*"}, text: showTasks},
		{name: "log", aliases: []string{"logs"}, like: "journalctl", docs: []string{"log/*"}, text: showLog},
		{name: "dmesg", like: "journalctl -k", docs: []string{"log/kernel.*"}, text: showLog},
		{name: "coverage", like: "what was planned, and its outcome", tables: []string{"coverage"}, host: true, line: lineOf(coverageText)},
		{name: "files", like: "tar -tv", text: showFiles},
	}
}

// viewOf is the view of a word, of a table or of a document; nil if it means nothing.
func viewOf(word string) *view {
	for _, v := range views() {
		if v.name == word || slices.Contains(v.aliases, word) {
			return v
		}
	}
	if t := schema.TableByName(word); t != nil && !t.Decoded() {
		for _, v := range views() { // link, fdb and their like have a form already
			if v.line != nil && v.tables[0] == word {
				return v
			}
		}
		return &view{name: word, tables: []string{word}, like: word, host: t.Scope != schema.PerNetns, line: tableText}
	} else if t != nil {
		return &view{name: word, docs: t.Docs, text: showDocuments}
	}
	return nil
}

// words are the names of the views.
func words() []string {
	var out []string
	for _, v := range views() {
		out = append(out, v.name)
	}
	return out
}

func (v *view) perNetns() bool {
	return v.line != nil && (!v.host || schema.TableByName(v.tables[0]).Column("netns") != nil) || v.whole != nil ||
		slices.ContainsFunc(v.docs, func(d string) bool { return strings.HasPrefix(d, "netns/") })
}

// needs are the tables for readIndex: with a + those that only help.
func (v *view) needs() []string {
	var need []string
	for _, t := range v.with {
		need = append(need, "+"+t)
	}
	if v.whole != nil {
		need = append(need, v.tables...)
	}
	return need
}

// view prints what one bundle has of a view.
func (p *printer) view(ctx context.Context, x *index, v *view) error {
	var err error
	switch {
	case v.text != nil:
		err = v.text(ctx, p, x, v)
	case v.whole != nil && !p.options.JSON:
		err = p.together(x, v)
	default:
		err = p.stream(ctx, x, v)
	}
	if err != nil {
		return err
	}
	return p.complaints(x)
}

// complaints tells of a bundle that is cut or damaged.
func (p *printer) complaints(x *index) error {
	if x.cut != "" {
		return p.gap("%s: %s: %s", x.source.host, x.source.path, x.cut)
	}
	for _, problem := range x.problems {
		if err := p.gap("%s: %s: %s", x.source.host, x.source.path, problem); err != nil {
			return err
		}
	}
	return nil
}

// together prints a view whose rows belong together, namespace by namespace.
func (p *printer) together(x *index, v *view) error {
	for _, ns := range x.namespaces {
		id := ns.Netns.Netns
		if x.chosen[id] == nil {
			continue
		}
		rows := map[string][]row{}
		for _, t := range v.tables {
			for _, r := range x.rows[t][id] {
				if v.only == nil || v.only(r.raw) {
					rows[t] = append(rows[t], r)
				}
			}
		}
		if len(rows) == 0 {
			continue
		}
		s := &scope{index: x, stats: p.options.Stats}
		if err := errors.Join(p.header(x, ns), p.text(v.whole(s, rows)), p.partly(x, v, ns)); err != nil {
			return err
		}
		for _, bad := range s.bad {
			if err := p.gap("%s/%s", x.source.host, bad); err != nil {
				return err
			}
		}
		ns.printed = true
	}
	for _, bad := range x.bad {
		if err := p.gap("%s/%s", x.source.host, bad); err != nil {
			return err
		}
	}
	return p.rest(x, v)
}

// stream prints a view row by row, in the order of the bundle.
func (p *printer) stream(ctx context.Context, x *index, v *view) error {
	s := &scope{index: x, stats: p.options.Stats}
	if v.host && !p.options.JSON {
		if err := errors.Join(p.section(x, v.like), p.text(v.columns)); err != nil {
			return err
		}
	}
	var last *namespace
	_, _, err := x.source.entries(ctx, func(e *schema.Entry) error {
		table, ok := tableOf(e.Name)
		if !ok || !slices.Contains(v.tables, table) {
			return nil
		}
		return eachLine(e, func(n int64, raw []byte) error {
			if v.only != nil && !v.only(raw) {
				return nil
			}
			id, err := netnsOf(raw)
			if err != nil {
				return p.gap("%s/%s:%d cannot be read: %v", x.source.host, e.Name, n, err)
			}
			ns := x.chosen[id]
			if ns == nil && p.options.Netns == "" && !v.host {
				ns = x.namespace(id)
				x.chosen[id] = ns
			}
			if p.options.Netns != "" && ns == nil {
				return nil
			}
			if !v.host {
				ns.printed = true
				if ns != last && last != nil {
					if err := p.partly(x, v, last); err != nil {
						return err
					}
				}
				if ns != last {
					if err := p.header(x, ns); err != nil {
						return err
					}
					if !p.options.JSON {
						if err := p.text(v.columns); err != nil {
							return err
						}
					}
				}
				last = ns
			}
			if p.options.JSON {
				return p.raw(raw)
			}
			text, err := v.line(s, raw)
			if err != nil {
				return p.gap("%s/%s:%d cannot be read: %v", x.source.host, e.Name, n, err)
			}
			return p.text(text)
		})
	})
	if err != nil {
		return err
	}
	if last != nil {
		if err := p.partly(x, v, last); err != nil {
			return err
		}
	}
	if v.host {
		return p.hostRest(x, v)
	}
	return p.rest(x, v)
}

// partly says what is missing of a namespace of which something was printed.
func (p *printer) partly(x *index, v *view, ns *namespace) error {
	if v.foot != nil && !p.options.JSON {
		if err := p.text(v.foot(&scope{index: x}, ns)); err != nil {
			return err
		}
	}
	if k := x.judge(v.tables, ns.Netns.Netns); k.gap != "" {
		return p.gap("%s %s: %s is not whole: %s", x.source.host, ns.title(), v.name, k.gap)
	}
	return nil
}

// rest says of the namespaces that nothing was printed of why that is, those with one reason in one line.
func (p *printer) rest(x *index, v *view) error {
	if len(x.namespaces) == 0 && p.options.Netns == "" {
		return p.gap("%s: the bundle names no namespaces: %s", x.source.host, x.silent("netns"))
	}
	type reason struct {
		text string
		gap  bool
	}
	var order []reason
	names := map[reason][]string{}
	for _, ns := range x.namespaces {
		if x.chosen[ns.Netns.Netns] == nil || ns.printed {
			continue
		}
		k := x.judge(v.tables, ns.Netns.Netns)
		r := reason{k.absent, false}
		if k.gap != "" {
			r = reason{k.gap, true}
		}
		if names[r] == nil {
			order = append(order, r)
		}
		names[r] = append(names[r], ns.short())
	}
	for i, r := range order {
		if i == 0 && !p.options.JSON && p.any {
			if err := p.w.WriteByte('\n'); err != nil {
				return err
			}
		}
		list := some(names[r])
		var err error
		switch {
		case r.gap:
			err = p.gap("%s: %s was not captured (%s) in %s", x.source.host, v.name, r.text, list)
		case p.options.JSON:
		case r.text != "":
			err = p.comment("%s: no %s (%s) in %s", x.source.host, v.name, r.text, list)
		default:
			err = p.comment("%s: no %s in %s", x.source.host, v.name, list)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// some names the first of many namespaces, and how many others there are.
func some(names []string) string {
	const most = 30
	if len(names) == 1 {
		return names[0]
	}
	text := fmt.Sprintf("%d namespaces: %s", len(names), strings.Join(names[:min(len(names), most)], ", "))
	if n := len(names) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// hostRest is rest for a view of the whole host.
func (p *printer) hostRest(x *index, v *view) error {
	if v.name == "coverage" {
		return nil // it is what tells of the others
	}
	k := x.judge(v.tables, "")
	_, there := x.entries["rows/"+v.tables[0]+".jsonl"]
	switch {
	case k.gap != "" && there:
		return p.gap("%s: %s is not whole: %s", x.source.host, v.name, k.gap)
	case k.gap != "":
		return p.gap("%s: %s was not captured (%s)", x.source.host, v.name, k.gap)
	case !there && !p.options.JSON:
		return p.comment("%s: no %s%s", x.source.host, v.name, inBrackets(k.absent))
	}
	return nil
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", s)
}

// ofFamily picks rows of one address family.
func ofFamily(family string) func(raw []byte) bool {
	return func(raw []byte) bool {
		var r struct {
			Family string `json:"family"`
		}
		return json.Unmarshal(raw, &r) == nil && r.Family == family
	}
}

// decodeRows are the records of a table's rows. One that cannot be read is noted in the scope.
func decodeRows[R any](s *scope, rows map[string][]row, table string) []*R {
	out := make([]*R, 0, len(rows[table]))
	for _, in := range rows[table] {
		r := new(R)
		if err := json.Unmarshal(in.raw, r); err != nil {
			s.bad = append(s.bad, fmt.Sprintf("rows/%s.jsonl:%d cannot be read: %v", table, in.number, err))
			continue
		}
		out = append(out, r)
	}
	return out
}

// Words are what can be asked for by name.
func Words() []string { return words() }

// IsWord reports whether something is called so: a view, or a table.
func IsWord(s string) bool { return viewOf(s) != nil }
