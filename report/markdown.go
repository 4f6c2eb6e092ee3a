package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

// markdownLimit keeps the text below the 65,536 characters that an issue or a comment may have on GitHub.
const markdownLimit = 60_000

// excerptLines is how many lines of an excerpt an issue shows; the bundle has the rest.
const excerptLines = 20

// Markdown writes the result as text to paste into an issue: at most 60,000 bytes. What does not fit is left out
// from the end of the findings' evidence and counted in a line that says so.
func Markdown(w io.Writer, r *analyze.Result) error {
	p := newPage(r)
	head, tail := p.markdownHead(), p.markdownTail()
	room := markdownLimit - len(tail) - 200
	if len(head) > room { // a fleet of hosts or rules: cut at a line
		head = append(head[:bytes.LastIndexByte(head[:room], '\n')+1], "\n_The rest did not fit._\n"...)
	}
	out, left := head, 0
	for _, g := range p.Groups {
		for _, f := range g.Findings {
			if d := f.markdown(); left == 0 && len(out)+len(d) <= room {
				out = append(out, d...)
			} else {
				left++
			}
		}
	}
	if left > 0 {
		out = fmt.Appendf(out, "\n_Evidence of %s left out: the text would be too long for an issue._\n", plural(left, "finding", ""))
	}
	if _, err := w.Write(append(out, tail...)); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

func (p *page) markdownHead() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "### netmortem: %s\n\n**%s**\n\n", md(p.Label()), md(p.Verdict))
	fmt.Fprintf(&b, "| | |\n|---|---|\n| findings | %s |\n", p.FindingsLine())
	for _, t := range p.Tallies {
		fmt.Fprintf(&b, "| %s | %d of %d%s |\n", t.Name, t.N, t.Of, cell(md(prefixed("; ", t.Note))))
	}
	b.Write(p.markdownCauses())
	if len(p.Findings) > 0 {
		b.WriteString("\n| | Severity | Rule | Host | Finding |\n|---:|---|---|---|---|\n")
	}
	for i, f := range p.Findings {
		if b.Len() > markdownLimit/2 {
			fmt.Fprintf(&b, "\n_And %s more._\n", plural(len(p.Findings)-i, "finding", ""))
			break
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", i+1, cell(md(string(f.Severity))), cell(code(f.Rule)), cell(md(f.Host)), cell(md(f.Summary)))
	}
	return b.Bytes()
}

// markdown is one finding, folded.
func (f numbered) markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\n<details><summary>%d. %s: %s on %s</summary>\n\n%s\n\n", f.No, summary(string(f.Severity)), summary(f.Title), summary(f.Host), md(f.Summary))
	fmt.Fprintf(&b, "- rule: %s\n- subject: %s\n- id: %s\n", code(f.Rule), code(f.Subject), code(f.ID))
	for _, k := range f.Known {
		fmt.Fprintf(&b, "- known: %s\n", md(k.Line()))
	}
	for _, x := range f.Facts {
		fmt.Fprintf(&b, "- %s: %s\n", md(x.Name), code(x.Value))
	}
	for _, e := range f.Evidence {
		fmt.Fprintf(&b, "\n%s at %s\n", md(e.Name), code(e.Ref))
		lines := strings.Split(strings.TrimRight(e.Excerpt, "\n"), "\n")
		if n := len(lines) - excerptLines; n > 0 {
			lines = append(lines[:excerptLines], fmt.Sprintf("… %d more lines", n))
		}
		fence(&b, strings.Join(lines, "\n"))
	}
	if f.Check != "" {
		b.WriteString("\n**Check**\n")
		fence(&b, f.Check)
	}
	if f.Remedy != "" {
		b.WriteString("\n**Remedy**\n")
		fence(&b, f.Remedy)
	}
	b.WriteString("\n</details>\n")
	return b.Bytes()
}

// markdownTail is hosts, what was not judged, gaps and problems; each list is cut when it grows long.
func (p *page) markdownTail() []byte {
	var b bytes.Buffer
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n", title)
		for i, l := range lines {
			if b.Len() > markdownLimit/4 {
				fmt.Fprintf(&b, "- and %d more\n", len(lines)-i)
				break
			}
			fmt.Fprintf(&b, "- %s\n", md(l))
		}
		b.WriteString("\n</details>\n")
	}
	var hosts, rules, open, gaps []string
	for _, h := range p.Hosts {
		if h.Bundle == "" {
			hosts = append(hosts, h.Name+": not captured"+prefixed(", ", h.Role))
			continue
		}
		hosts = append(hosts, fmt.Sprintf("%s: captured %s%s%s%s, %d of %d items whole%s", h.Name, utc(h.Captured), prefixed(", ", h.Role),
			prefixed(", engine ", h.Engine), prefixed(", kernel ", h.Kernel), h.Items-int64(len(h.Gaps)), h.Items, prefixed("; ends early: ", h.Interrupted)))
		for _, g := range h.Gaps {
			gaps = append(gaps, fmt.Sprintf("%s: %s: %s%s at %s", h.Name, g.Item, g.Outcome, prefixed(", ", g.Reason), g.Ref))
		}
	}
	for _, j := range p.Rules {
		n := tallyOutcomes(j)
		rules = append(rules, fmt.Sprintf("%s: %d with findings, %d clean, %d not judged", j.Rule, n.Findings, n.Clean, n.NotJudged))
	}
	for _, u := range p.Unjudged {
		open = append(open, fmt.Sprintf("%s on %s: %s%s", strings.Join(u.Rules, ", "), u.Host, u.Why, prefixed(" at ", u.Ref)))
	}
	for _, u := range p.Shadowed {
		open = append(open, fmt.Sprintf("%s found something on %s, but not all was seen: %s%s", strings.Join(u.Rules, ", "), u.Host, u.Why, prefixed(" at ", u.Ref)))
	}
	section(fmt.Sprintf("Hosts: %d of %d captured", p.Counts.HostsCaptured, p.Counts.HostsNamed), hosts)
	section("Rules: "+plural(len(p.Rules), "rule", "none"), rules)
	section(fmt.Sprintf("Not judged: %d", p.Counts.RulesUnjudged), open)
	section("Gaps: "+plural(p.Counts.Gaps, "item", "none"), gaps)
	section("Problems in loading", p.Problems)
	fmt.Fprintf(&b, "\nnetmortem %s, analyzed %s\n", md(p.Tool), utc(p.Analyzed))
	return b.Bytes()
}
