package show

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// stamp is how times are printed: UTC, in full.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// sysctlText is net.ipv4.ip_forward = 1.
func sysctlText(_ *scope, r *schema.Sysctl) string { return r.Key + " = " + r.Value + "\n" }

// dnsText is the questions asked in a namespace with their answers: as dig prints them, but with one line for what dig
// tells in its header.
func dnsText(s *scope, rows map[string][]row) string {
	type key struct {
		container, name, qtype string
		attempt                int64
	}
	answers := map[key][]*schema.DNSAnswer{}
	for _, a := range decodeRows[schema.DNSAnswer](s, rows, "dns_answer") {
		k := key{a.Container, a.Name, a.QType, a.Attempt}
		answers[k] = append(answers[k], a)
	}
	var b strings.Builder
	for _, q := range decodeRows[schema.DNSQuery](s, rows, "dns_query") {
		b.WriteString(queryText(s, q))
		k := key{q.Container, q.Name, q.QType, q.Attempt}
		for _, a := range answers[k] {
			b.WriteString(answerText(s, a))
		}
		delete(answers, k)
	}
	for _, list := range answers { // of a question that is not in the bundle
		for _, a := range list {
			b.WriteString(answerText(s, a))
		}
	}
	return b.String()
}

// queryText is a question, and how it went.
func queryText(_ *scope, q *schema.DNSQuery) string {
	status := q.RCode
	if status == "" {
		status = "none (" + q.Error + ")"
	}
	tc := ""
	if q.Truncated {
		tc = " flags: tc;"
	}
	return fmt.Sprintf("; %s. IN %s @%s (try %d): status: %s,%s ANSWER: %d, Query time: %.1f msec\n",
		q.Name, q.QType, q.Server, q.Attempt, status, tc, q.Answers, float64(q.Micros)/1000)
}

// answerText is one record, as dig +noall +answer prints it.
func answerText(_ *scope, a *schema.DNSAnswer) string {
	value := a.Target
	if a.Address.IsValid() {
		value = a.Address.String()
	}
	return fmt.Sprintf("%s.\t\t%d\tIN\t%s\t%s\n", a.Name, a.TTL, a.RType, value)
}

// eventText is one change that the kernel told, as ip -ts monitor and bridge -ts monitor print it.
func eventText(s *scope, e *schema.KernelEvent) string {
	var p phrase
	p.add("["+stamp(e.Time)+"]", "["+map[string]string{schema.ObjectNeighbour: "NEIGH", schema.ObjectFDB: "FDB", schema.ObjectLink: "LINK",
		schema.ObjectPort: "PORT", schema.ObjectAddress: "ADDR", schema.ObjectRoute: "ROUTE"}[e.Object]+"]")
	switch e.Event {
	case schema.EventDel:
		p.add("Deleted")
	case schema.EventGet:
		p.add("miss")
	}
	dev := e.Dev
	if dev == "" && e.Ifindex != 0 {
		dev = s.dev(e.Netns, e.Ifindex)
	}
	switch e.Object {
	case schema.ObjectNeighbour:
		p.add(e.IP.String(), "dev", dev)
		if e.MAC != "" {
			p.add("lladdr", e.MAC)
		}
		p.add(strings.ToUpper(e.State))
	case schema.ObjectFDB:
		p.add(e.MAC, "dev", dev)
		if e.Dst.IsValid() {
			p.add("dst", e.Dst.String())
		}
		if e.VLAN != 0 {
			p.add("vlan", number(e.VLAN))
		}
		if e.VNI != nil {
			p.add("vni", number(*e.VNI))
		}
		if e.Self != nil && *e.Self {
			p.add("self")
		}
		if e.Master != 0 {
			p.add("master", s.dev(e.Netns, e.Master))
		}
		if e.State != "reachable" {
			p.add(e.State)
		}
	case schema.ObjectLink, schema.ObjectPort:
		p.add(fmt.Sprintf("%d:", e.Ifindex), dev+":", "<"+strings.ToUpper(e.Flags)+">")
		if e.MTU != 0 {
			p.add("mtu", number(e.MTU))
		}
		if e.Master != 0 {
			p.add("master", s.dev(e.Netns, e.Master))
		}
		p.add("state", strings.ToUpper(e.State))
		if e.MAC != "" {
			p.add("lladdr", e.MAC)
		}
	case schema.ObjectAddress:
		p.add(fmt.Sprintf("%d:", e.Ifindex), dev)
		if e.Prefix.IsValid() {
			p.add("inet", e.IP.String()+"/"+strconv.Itoa(e.Prefix.Bits()))
		} else {
			p.add("inet", e.IP.String())
		}
	case schema.ObjectRoute:
		if e.Kind != "unicast" {
			p.add(e.Kind)
		}
		p.add(destination(e.Prefix))
		if e.Gateway.IsValid() {
			p.add("via", e.Gateway.String())
		}
		p.add("dev", dev, "table", tableName(e.TableID), "proto", e.Protocol)
	}
	if e.Object != schema.ObjectLink && e.Object != schema.ObjectPort && e.Flags != "" {
		p.add(strings.Split(e.Flags, ",")...)
	}
	p.add(parseExtra(e.Extra).rest())
	return p.String() + "\n"
}

// processHead is the line of columns.
const processHead = "    PID    PPID STAT THR       RSS  STARTED              WCHAN            CONTAINER       COMMAND\n"

// processText is one process as ps -e prints it, with its container; memory in kibibytes.
func processText(s *scope, r *schema.Process) string {
	state := r.State
	if r.StateLast != "" {
		state = r.StateLast
	}
	command := r.Cmdline
	if command == "" {
		command = "[" + r.Comm + "]"
	}
	rss := "-"
	if n := latestOf(r.RSSBytes, r.RSSBytesLast); n != nil {
		rss = number(*n / 1024)
	}
	wchan := r.Wchan
	if r.WchanLast != "" {
		wchan = r.WchanLast
	}
	started := "-"
	if !r.StartedAt.IsZero() {
		started = r.StartedAt.UTC().Format("2006-01-02T15:04:05Z")
	}
	container := "-"
	if r.Container != "" {
		container = r.Container[:min(12, len(r.Container))]
		if c := s.containers[r.Container]; c != nil {
			container = c.short()
		}
	}
	threads := latest(r.Threads, r.ThreadsLast)
	var p phrase
	p.add(fmt.Sprintf("%7d %7d %-4s %3d %9s  %-20s %-16s %-15s %s", r.PID, r.PPID, state, threads, rss, started, dash(wchan), container, command), s.seen(r.Seen))
	return p.String() + "\n"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// coverageText is the outcome of one item.
func coverageText(s *scope, c *schema.Coverage) string {
	what := c.Tbl
	if what == "" {
		what = c.Document
	}
	where := ""
	if ns := s.byID[c.Netns]; ns != nil {
		where = ns.title()
	} else if c.Netns != "" {
		where = "netns " + c.Netns
	}
	var p phrase
	p.add(fmt.Sprintf("%-9s %-20s %s", c.Outcome, c.Collector, dash(what)), where)
	if c.Tbl != "" {
		p.add("rows", number(c.Rows))
	}
	if c.Masked > 0 {
		p.add("masked", number(c.Masked))
	}
	if c.Reason != "" {
		p.add("(" + c.Reason + ")")
	}
	return p.String() + "\n"
}

// tableText is a row of a table that no tool prints: its columns in their order, but for the namespace, which stands above.
func tableText(s *scope, raw []byte) (string, error) {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return "", fmt.Errorf("no object: %.40q", raw)
	}
	var p phrase
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return "", err
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return "", err
		}
		text := fmt.Sprint(value)
		if quoted, ok := value.(string); ok && (quoted == "" || strings.ContainsAny(quoted, " \t\n\"=")) {
			text = strconv.Quote(quoted)
		}
		if key != "netns" {
			p.add(fmt.Sprintf("%v=%s", key, text))
		}
	}
	return p.String() + "\n", nil
}
