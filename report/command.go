package report

import (
	"cmp"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
)

// A command is a line to be typed, and what for.
type command struct{ For, Line string }

// shellText is a word that a shell takes as this text and nothing else. The page's text is visible already: no control character is in it.
func shellText(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_@%+:,./-", c) >= 0)
	}
	switch {
	case plain:
		return s
	case strings.Contains(s, "'") && !strings.ContainsAny(s, "\"\\$`!"):
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// commandLine is a command: words that are quoted where they must be.
func commandLine(words ...string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = shellText(w)
	}
	return strings.Join(out, " ")
}

// traceOf is the command that walks a path again; empty where trace has no words for its ends.
func (p *page) traceOf(x *scene.Path) string {
	words := []string{"netmortem", "trace", "--db", p.DatabaseName()}
	port := ""
	if x.Port > 0 {
		port = ":" + strconv.Itoa(x.Port)
	}
	from, to := x.Client, x.To
	switch x.Via {
	case "tasks":
		to = "tasks." + to
	case "egress":
		to, port = "outside", ""
	case "ingress", "host":
		to = x.ClientHost
		if at, _, ok := strings.Cut(x.Target, ":"); ok && at == "127.0.0.1" {
			to = at
		}
	}
	if x.ClientKind == "outside" {
		from = "outside"
	}
	if from == "" || to == "" {
		return ""
	}
	words = append(words, "--from", from, "--to", to+port)
	if x.Proto != "" && x.Proto != "tcp" {
		words = append(words, "--proto", x.Proto)
	}
	if x.Network != "" && x.Via != "ingress" && x.Via != "host" && x.Via != "egress" {
		words = append(words, "--network", x.Network)
	}
	return commandLine(words...)
}

// DatabaseName is how commands name the database: the file that was kept, or the one that analyze -o would write.
func (p *page) DatabaseName() string { return cmp.Or(p.Database, "report.db") }

// An address of a row is a ref taken apart.
type rowAddress struct {
	host, file string // node1, rows/fdb.jsonl
	line       int
}

func addressOf(ref string) (a rowAddress, ok bool) {
	host, rest, ok := strings.Cut(ref, "/")
	at := strings.LastIndexByte(rest, ':')
	if !ok || at < 0 {
		return a, false
	}
	line, err := strconv.Atoi(rest[at+1:])
	return rowAddress{host, rest[:at], line}, err == nil
}

// table is the table of a row, empty for a document.
func (a rowAddress) table() string {
	name, ok := strings.CutSuffix(a.file, ".jsonl")
	if dir, base := path.Split(name); ok && dir == "rows/" {
		return base
	}
	return ""
}

// bundle is the path of a host's bundle, empty when it has none.
func (p *page) bundle(host string) string {
	for i := range p.Hosts {
		if p.Hosts[i].Name == host {
			if b := p.Hosts[i].Bundle; strings.HasPrefix(b, "-") {
				return "./" + b // no program takes it for an option
			}
			return p.Hosts[i].Bundle
		}
	}
	return ""
}

// shown is what netmortem show prints a table as; empty for a table that it does not print.
func shown(table string) string {
	switch {
	case table == "link" || table == "route" || table == "fdb":
		return table
	case table == "address":
		return "addr"
	case table == "neighbour":
		return "neigh"
	case strings.HasPrefix(table, "iptables_"):
		return "iptables"
	case strings.HasPrefix(table, "nft_"):
		return "nft"
	case strings.HasPrefix(table, "ipvs_"):
		return "ipvs"
	case table == "socket":
		return "ss"
	case strings.HasPrefix(table, "conntrack_entry"):
		return "conntrack"
	case table == "dns_answer" || table == "dns_query":
		return "dns"
	case table == "docker_event" || table == "kernel_event":
		return "events"
	case table == "log_line":
		return "log"
	}
	return ""
}

// shownStep is what netmortem show prints that a step of a path is about.
func shownStep(step string) string {
	switch step {
	case "fdb":
		return "fdb"
	case "neighbour":
		return "neigh"
	case "route", "underlay, route":
		return "route"
	case "address", "arrival, address":
		return "addr"
	case "destination", "destinations", "mark":
		return "ipvs"
	case "tunnel", "link", "MTU":
		return "link"
	case "socket", "listener":
		return "ss"
	case "name":
		return "dns"
	}
	return ""
}

// showHop shows what the kernel had where a hop is; empty when the host has no bundle.
func (p *page) showHop(h *scene.Hop) string {
	what := ""
	if a, ok := addressOf(h.Ref); ok && a.host == h.Host {
		what = shown(a.table())
	}
	what = cmp.Or(what, shownStep(h.Step))
	bundle := p.bundle(h.Host)
	if bundle == "" || what == "" {
		return ""
	}
	words := []string{"netmortem", "show", bundle, what}
	if h.Place != "" && h.Place != "host" && what != "dns" {
		words = append(words, "--ns", h.Place)
	}
	return commandLine(words...)
}

// rowCommands show what stands at an address, in the bundle and, when it is a row, in the database.
func (p *page) rowCommands(ref string) []command {
	a, ok := addressOf(ref)
	if !ok {
		return nil
	}
	var out []command
	if b := p.bundle(a.host); b != "" {
		out = append(out, command{"the row in the bundle", commandLine("netmortem", "show", b, ref, "--lines", "3")})
	}
	if t := a.table(); t != "" {
		q := fmt.Sprintf("SELECT * FROM %s WHERE host = '%s' AND line = %d", t, strings.ReplaceAll(a.host, "'", "''"), a.line)
		out = append(out, command{"the row in the database", commandLine("netmortem", "query", p.DatabaseName(), q)})
	}
	return out
}
