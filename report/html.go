package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze"
)

//go:generate go run -C page/gen .

// pageHTML holds one template a section, and page.html, which puts them in their order.
//
//go:embed page/*.html
var pageHTML embed.FS

//go:embed page/style.css
var pageCSS string

//go:embed page/script.js
var pageJS string

// The bounds of the HTML page: beyond them it counts, and names the database and the JSON, which have everything.
const (
	maxCards   = 200  // findings with their evidence
	maxLines   = 2000 // findings with their sentence
	maxGaps    = 500  // gaps of one host
	maxColumns = 16   // hosts beside each other in the table of rules
	maxReasons = 300  // reasons why something was not judged
	maxCells   = 24   // hosts on which a rule is not clean, where they do not stand beside each other
)

// HTML writes the result as one page that needs nothing but itself: no other file, no network, no script to be read.
//
// Its policy allows exactly the one style and the one script that run in it, by their hashes, and nothing else.
//
// The data block follows what the templates write: html/template escapes the + of base64 within a script of unknown type, and
// nothing undoes that there.
func HTML(w io.Writer, r *analyze.Result) error {
	t, err := template.New("page").Funcs(template.FuncMap{"plain": plain}).ParseFS(pageHTML, "page/*.html")
	if err != nil {
		return fmt.Errorf("read the page's templates: %w", err)
	}
	var b, data bytes.Buffer
	p := newHTMLPage(r)
	packed := make(chan error, 1) // of a fleet's page the data take as long as the markup
	go func() { packed <- writeData(&data, p.data()) }()
	if err := t.ExecuteTemplate(&b, "page", p); err != nil {
		return fmt.Errorf("fill the page: %w", err)
	}
	if err := <-packed; err != nil {
		return fmt.Errorf("pack the page's data: %w", err)
	}
	b.WriteString("<script>" + pageJS + "</script>\n<script type=\"application/octet-stream\" id=\"data\">")
	b.Write(data.Bytes())
	b.WriteString("</script>\n</body>\n</html>\n")
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// An htmlPage is a page with what only the browser needs.
type htmlPage struct {
	*page
	Policy string
	Style  template.CSS
	Rows   []ruleRow // rules × hosts
	Wide   bool      // too many hosts to stand beside each other
	Anchor map[string]string
	place  map[string]int // of findings, by id
}

func newHTMLPage(r *analyze.Result) *htmlPage {
	p := &htmlPage{page: newPage(r), Style: template.CSS(pageCSS)}
	p.Policy = strings.Join([]string{
		"default-src 'none'",
		"script-src " + hashSource(pageJS),
		"style-src " + hashSource(pageCSS),
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
		"require-trusted-types-for 'script'",
	}, "; ")
	p.Wide = len(p.Hosts) > maxColumns
	p.Anchor = anchors(p.Findings)
	p.place = make(map[string]int, len(p.Findings))
	for i, f := range p.Findings {
		p.place[f.ID] = i
	}
	p.Rows = p.ruleRows()
	return p
}

func hashSource(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// anchors gives every finding a fragment by its id, so that a link into the page outlives the run that made it.
func anchors(findings []analyze.Finding) map[string]string {
	out, taken := map[string]string{}, map[string]bool{}
	for _, f := range findings {
		a := "f-" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:", r) {
				return r
			}
			return '-'
		}, f.ID)
		for n := 2; taken[a]; n++ {
			a = fmt.Sprintf("%s-%d", strings.TrimSuffix(a, fmt.Sprintf("-%d", n-1)), n)
		}
		taken[a], out[f.ID] = true, a
	}
	return out
}

// A ruleRow is one rule with a cell for every host.
type ruleRow struct {
	analyze.Judged
	outcomes
	Cells []ruleCell
	Rest  int // cells that maxCells leaves out
}

// NotClean is the number of hosts on which the rule found something or was not judged.
func (r ruleRow) NotClean() int { return len(r.Cells) + r.Rest }

// A ruleCell is one rule on one host.
type ruleCell struct {
	Host, Kind string // Kind is found, clean or open
	Tone       analyze.Severity
	N          int    // findings
	First      string // anchor of the first of them
	Reason     int    // place in Unjudged or Shadowed, from 1; 0 for none
}

func (p *htmlPage) ruleRows() []ruleRow {
	type at struct{ rule, host string }
	found, first := map[at]int{}, map[at]string{}
	for _, f := range p.Findings {
		k := at{f.Rule, f.Host}
		if found[k]++; found[k] == 1 {
			first[k] = p.Anchor[f.ID]
		}
	}
	why := map[at]int{}
	for i, u := range p.Reasons() {
		for _, rule := range u.Rules {
			why[at{rule, u.Host}] = i + 1
		}
	}
	var rows []ruleRow
	for _, j := range p.Rules {
		row := ruleRow{Judged: j, outcomes: tallyOutcomes(j)}
		cells := map[string]ruleCell{}
		for _, o := range j.Outcomes {
			k := at{j.Rule, o.Host}
			c := ruleCell{Host: o.Host, Kind: "open", Reason: why[k]}
			switch o.Verdict {
			case analyze.Findings:
				c.Kind, c.Tone, c.N, c.First = "found", j.Severity, found[k], first[k]
			case analyze.Clean:
				c.Kind = "clean"
			}
			cells[o.Host] = c
			if p.Wide && c.Kind != "clean" {
				row.Cells = append(row.Cells, c)
			}
		}
		if !p.Wide {
			for _, h := range p.Hosts {
				c, ok := cells[h.Name]
				if !ok {
					c = ruleCell{Host: h.Name, Kind: "open"} // no outcome is no verdict
				}
				row.Cells = append(row.Cells, c)
			}
		}
		if p.Wide {
			// A host with findings is worth more than one that was not judged.
			slices.SortStableFunc(row.Cells, func(a, b ruleCell) int { return min(b.N, 1) - min(a.N, 1) })
			row.Rest = max(len(row.Cells)-maxCells, 0)
			row.Cells = row.Cells[:len(row.Cells)-row.Rest]
		}
		rows = append(rows, row)
	}
	return rows
}

// Reasons are why rules were not judged, or not judged whole; a cell cites them by number.
func (p *htmlPage) Reasons() []unjudged {
	return append(p.Unjudged[:len(p.Unjudged):len(p.Unjudged)], p.Shadowed...)
}

// IsShadow reports whether reason i, from 0, is one that may hide more findings.
func (p *htmlPage) IsShadow(i int) bool { return i >= len(p.Unjudged) }

// Tone is what colours the verdict: the worst severity, or whether all was looked at.
func (p *htmlPage) Tone() string {
	switch {
	case len(p.Findings)+len(p.Causes) > 0:
		return string(p.Severity)
	case p.Complete():
		return "clean"
	}
	return "open"
}

// Top are the rules that the head of the page lists.
func (p *htmlPage) Top() []group { return p.Groups[:min(len(p.Groups), briefGroups)] }

// TopRest is the number of findings that Top leaves out.
func (p *htmlPage) TopRest() int {
	n := 0
	for _, g := range p.Groups[min(len(p.Groups), briefGroups):] {
		n += len(g.Findings)
	}
	return n
}

// here are the reasons why something was not judged, without hosts that nobody captured: the page names them anyway.
func (p *htmlPage) here() []unjudged {
	var out []unjudged
	for _, u := range p.Unjudged {
		if !slices.Contains(p.Missing, u.Host) {
			out = append(out, u)
		}
	}
	return out
}

// Cards are the findings that the page shows with their evidence, Lines those after them with their sentence, and
// Uncounted the number of those that it only counts.
func (p *htmlPage) Cards() []card  { return p.cards(0, maxCards) }
func (p *htmlPage) Lines() []card  { return p.cards(maxCards, maxLines) }
func (p *htmlPage) Uncounted() int { return max(0, len(p.Findings)-maxLines) }

func (p *htmlPage) cards(from, to int) []card {
	var out []card
	for i := from; i < min(to, len(p.Findings)); i++ {
		out = append(out, card{numbered{p.Findings[i], i + 1}, p})
	}
	return out
}

// A card is a finding with the page that it is on.
type card struct {
	numbered
	Page *htmlPage
}

// GapsShown bounds the gaps of one host.
func (p *htmlPage) GapsShown(h analyze.Host) []analyze.Gap { return h.Gaps[:min(len(h.Gaps), maxGaps)] }

// ReasonsShown bounds the reasons.
func (p *htmlPage) ReasonsShown() []unjudged { return p.Reasons()[:min(len(p.Reasons()), maxReasons)] }
