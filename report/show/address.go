package show

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// Lines say what is printed around a line that was asked for by its address.
type Lines struct {
	Context  int64 // lines before it and after it
	From, To int64 // these lines, instead; from 1, 0 for none
}

// ParseLines reads 5 (so many around the line) or 120-140 (these).
func ParseLines(s string) (Lines, error) {
	from, to, ok := strings.Cut(s, "-")
	a, err := strconv.ParseUint(from, 10, 31)
	if !ok {
		if err != nil {
			return Lines{}, usage("--lines %s is neither a number of lines nor a range such as 120-140", s)
		}
		return Lines{Context: int64(a)}, nil
	}
	b, err2 := strconv.ParseUint(to, 10, 31)
	if err != nil || err2 != nil || a == 0 || b < a {
		return Lines{}, usage("--lines %s is neither a number of lines nor a range such as 120-140", s)
	}
	return Lines{From: int64(a), To: int64(b)}, nil
}

// An address is that of a row or of a line of a document, as findings cite it, or the name of a whole file.
type address struct {
	host string // empty for any
	file string
	line int64 // from 1; 0 for the whole file
}

// addressForm is [host/]file[:line].
var addressForm = regexp.MustCompile(`^(?:([^/:\s]+)/)?((?:rows|raw)/[^\s]+?|SUMMARY\.txt|meta\.json|manifest\.json)(?::(\d{1,18}))?$`)

func parseAddress(s string) (address, bool) {
	m := addressForm.FindStringSubmatch(s)
	if m == nil {
		return address{}, false
	}
	n, _ := strconv.ParseInt(m[3], 10, 64) // digits, or nothing
	return address{m[1], m[2], n}, true
}

// IsAddress reports whether a word is an address rather than a name.
func IsAddress(s string) bool { _, ok := parseAddress(s); return ok }

// address prints what an address names.
func (p *printer) address(ctx context.Context, sources []*source, a address) error {
	var fit []*source
	var hosts []string
	for _, s := range sources {
		hosts = append(hosts, s.host)
		if a.host == "" || s.is(a.host) {
			fit = append(fit, s)
		}
	}
	switch {
	case len(fit) == 0:
		return usage("no bundle of a host %s; there are %s", a.host, strings.Join(hosts, ", "))
	case len(fit) > 1 && a.line > 0:
		var candidates []string
		for _, s := range fit {
			candidates = append(candidates, fmt.Sprintf("%s/%s:%d", s.host, a.file, a.line))
		}
		return usage("%s:%d is in several bundles; say which: %s", a.file, a.line, strings.Join(candidates, ", "))
	}
	for _, s := range fit {
		if err := p.file(ctx, s, a); err != nil {
			return err
		}
	}
	return nil
}

// file prints lines of one file of one bundle.
func (p *printer) file(ctx context.Context, s *source, a address) error {
	if a.file == "meta.json" || a.file == "manifest.json" {
		return usage("%s is the bundle's own; list what there is: netmortem show %s", a.file, s.path)
	}
	form := formOf(a.file)
	x, err := readIndex(ctx, s, form.needs)
	if err != nil {
		return err
	}
	if _, err := x.choose(""); err != nil {
		return err
	}
	if _, ok := x.entries[a.file]; !ok {
		return p.missing(x, a.file)
	}
	from, to := a.line-p.options.Lines.Context, a.line+p.options.Lines.Context
	if p.options.Lines.From > 0 {
		from, to = p.options.Lines.From, p.options.Lines.To
	}
	if a.line == 0 && p.options.Lines.From == 0 {
		from, to = 1, 1<<62
	}
	var last int64
	found := false
	_, _, err = s.entries(ctx, func(e *schema.Entry) error {
		if e.Name != a.file {
			return nil
		}
		if a.line == 0 {
			if err := p.section(x, e.Name); err != nil {
				return err
			}
		}
		f := form
		if f.log != nil {
			f.text = f.log(x)
		}
		lines := e.Lines()
		for lines.Next() {
			n := lines.Number()
			last = n
			if n < from || n > to {
				continue
			}
			found = found || n == a.line || a.line == 0
			if err := p.fileLine(x, &f, a, n, lines.Bytes()); err != nil {
				return err
			}
		}
		return lines.Err()
	})
	if err == nil && !found && a.line > 0 && p.options.Lines.From == 0 {
		return usage("%s/%s has only %d lines", s.host, a.file, last)
	}
	return err
}

// fileLine prints one line: the one that was asked for under its address, in its form and as it is; one around it
// behind its number, as grep -C does.
func (p *printer) fileLine(x *index, f *form, a address, n int64, line []byte) error {
	if p.options.JSON {
		return p.raw(line)
	}
	text, err := f.text(&scope{index: x, stats: p.options.Stats}, line)
	if err != nil {
		text = string(line) + "\n"
	}
	if a.line == 0 {
		return p.text(string(line) + "\n")
	}
	if n != a.line {
		return p.text(fmt.Sprintf("%d-%s", n, text))
	}
	where := ""
	if id, err := netnsOf(line); err == nil && x.chosen[id] != nil {
		where = " " + x.chosen[id].title()
	}
	if p.any && p.options.Lines == (Lines{}) {
		if err := p.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	if err := p.comment("%s/%s:%d%s", x.source.host, a.file, n, where); err != nil {
		return err
	}
	if err := p.text(text); err != nil {
		return err
	}
	if string(line) == strings.TrimSuffix(text, "\n") {
		return nil
	}
	return p.raw(line)
}

// missing says why a file is not in a bundle.
func (p *printer) missing(x *index, file string) error {
	table, rows := tableOf(file)
	for i := range x.coverage {
		c := &x.coverage[i]
		if rows && c.Tbl == table || !rows && c.Document == file {
			return p.gap("%s/%s is not in the bundle (%s)", x.source.host, file, describe(c))
		}
	}
	if x.cut != "" {
		return p.gap("%s/%s is not in the bundle: %s", x.source.host, file, x.cut)
	}
	if rows && schema.TableByName(table) != nil {
		return p.gap("%s/%s is not in the bundle: %s", x.source.host, file, x.silent(table))
	}
	return usage("%s holds no %s; list what there is: netmortem show %s files", x.source.path, file, x.source.path)
}

// A form is how the lines of one file are printed.
type form struct {
	needs []string
	text  line
	log   func(x *index) line // makes text, where a line depends on those before
}

// rowForms are the forms of rows by themselves, by table.
var rowForms = map[string]line{
	"link": lineOf(linkText), "address": lineOf(addressText), "route": lineOf(routeRow), "policy_rule": lineOf(oneRule), "neighbour": lineOf(neighText),
	"fdb": lineOf(fdbText), "iptables_chain": lineOf(chainText), "iptables_rule": lineOf(iptablesRule), "nft_rule": lineOf(nftRow),
	"ipvs_service": lineOf(serviceText), "ipvs_destination": lineOf(destinationText), "socket": lineOf(socketText),
	"conntrack_entry": lineOf(conntrackText), "dns_query": lineOf(queryText), "dns_answer": lineOf(answerText), "sysctl": lineOf(sysctlText),
	"xfrm_state": lineOf(stateText), "xfrm_policy": lineOf(policyText), "kernel_event": lineOf(eventText), "process": lineOf(processText), "coverage": lineOf(coverageText),
}

// formOf is the form of a file's lines.
func formOf(file string) form {
	if table, ok := tableOf(file); ok {
		text := rowForms[table]
		if text == nil {
			text = tableText
		}
		return form{needs: []string{"+link", "+process", "+process_socket"}, text: text}
	}
	name := strings.TrimPrefix(file, "raw/")
	switch {
	case name == "docker/events.jsonl":
		return form{text: func(_ *scope, raw []byte) (string, error) { return dockerEvent(raw) }}
	case strings.HasPrefix(name, "log/"):
		return form{log: func(x *index) line {
			r := &logReader{host: x.source.host, name: strings.TrimPrefix(name, "log/"), meta: &x.source.meta}
			return func(_ *scope, raw []byte) (string, error) {
				if e, ok := r.read(string(raw)); ok {
					return e.text + "\n", nil
				}
				return string(raw) + "\n", nil
			}
		}}
	case strings.HasSuffix(name, ".json"):
		return form{text: jsonText}
	}
	return form{text: func(_ *scope, raw []byte) (string, error) { return string(raw) + "\n", nil }}
}

// jsonText is an element of a document of Docker's, which stands in one line, indented.
func jsonText(_ *scope, raw []byte) (string, error) {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimRight(bytes.TrimSpace(raw), ","), "", "  "); err != nil {
		return "", err
	}
	return b.String() + "\n", nil
}
