package report

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// A block is what the page's script draws and markup cannot hold: 1,000 hosts with 100 containers each are to stay below 5 MB.
// What there may be tens of thousands of is columns of equal length, not a list of things, and their texts lie in one list, each once:
// a number stands for a text's place there.
//
// page/src/data.ts mirrors it.
type block struct {
	Texts      []string          `json:"s"` // the first is the empty one
	Tool       string            `json:"tool"`
	Database   string            `json:"database,omitempty"`
	Known      bool              `json:"known"` // a scene was read; otherwise nothing is known of what follows Causes
	Hosts      []hostData        `json:"hosts"`
	Findings   *findingColumns   `json:"findings"`
	Left       int               `json:"findings_left,omitempty"` // findings that Findings leaves out
	Causes     []causeData       `json:"causes"`
	Services   []serviceData     `json:"services"` // null, as any list below, when nothing of the kind was captured
	Tasks      *taskColumns      `json:"tasks"`
	Containers *containerColumns `json:"containers"`
	Networks   []scene.Network   `json:"networks"`
	Ports      []scene.Port      `json:"ports"`
	Edges      []scene.Edge      `json:"edges"`
	EdgesLeft  int               `json:"edges_left,omitempty"`
	Tunnels    []scene.Tunnel    `json:"tunnels"`
	Healthy    int               `json:"healthy,omitempty"` // tunnels that Tunnels leaves out
	Queues     []scene.Queue     `json:"queues"`
	Clocks     []scene.Clock     `json:"clocks"`
	Map        any               `json:"map,omitempty"`
	Time       any               `json:"time,omitempty"`
	Paths      any               `json:"paths,omitempty"`
}

// data is the block of a page.
func (p *htmlPage) data() *block {
	in := newTexts()
	b := &block{Tool: p.Tool, Database: p.Database, Hosts: hostsData(p.page), Causes: causesData(p.Causes), Findings: findingsData(in, p)}
	b.Left = len(p.Findings) - len(b.Findings.ID)
	if s := p.Scene; s != nil {
		b.Known = true
		b.Networks, b.Ports, b.Edges, b.EdgesLeft = s.Networks, s.Ports, s.Edges, s.EdgesLeft
		b.Tunnels, b.Healthy, b.Queues, b.Clocks = s.Tunnels, s.Healthy, s.Queues, s.Clocks
		var at map[string]int
		b.Containers, at = containersData(in, s.Containers, s.Failures)
		b.Services = servicesData(s.Services)
		b.Tasks = tasksData(in, s.Services, at, len(s.Containers) > dense)
	}
	b.Map, b.Time, b.Paths = p.mapData(in), p.timeData(in), p.pathsData(in)
	b.Texts = in.list
	return b
}

// writeData writes a block as base64 of gzip of JSON.
func writeData(w io.Writer, b *block) error {
	e := base64.NewEncoder(base64.StdEncoding, w)
	z, err := gzip.NewWriterLevel(e, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(z).Encode(b); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return e.Close()
}

// A causeData is a cause as lists show it: its words are in the markup.
type causeData struct {
	Rank     int              `json:"rank"`
	Severity analyze.Severity `json:"severity"`
	Name     string           `json:"name"`
	Host     string           `json:"host"`
	Summary  string           `json:"summary"`
	Services []string         `json:"services"`
	Hosts    []string         `json:"hosts"`  // from which it is felt
	Broken   int              `json:"broken"` // pairs that it breaks, in part or wholly
}

func causesData(causes []analyze.Cause) []causeData {
	out := make([]causeData, 0, len(causes))
	for _, c := range causes {
		out = append(out, causeData{c.Rank, c.Severity, told{Cause: c}.Name(), c.Host, c.Summary, c.Breaks.Services, c.Breaks.Hosts, c.Breaks.Pairs + c.Breaks.Partly})
	}
	return out
}

// The bounds of the findings in the block: what a rule finds 50,000 times on a host says less each time.
const (
	maxIndexedAlike = 500 // of one rule on one host
	maxIndexed      = 20000
)

// findingColumns are findings, in the order of the ranking.
type findingColumns struct {
	No       []int `json:"no"` // place in the ranking, from 1
	ID       []int `json:"id"`
	Rule     []int `json:"rule"`
	Severity []int `json:"severity"` // place in analyze.Severities
	Host     []int `json:"host"`
	Summary  []int `json:"summary"`
	Subject  []int `json:"subject"`
	Facts    []int `json:"facts"`  // values, a line each: what a search looks through
	Anchor   []int `json:"anchor"` // id of its element in the markup; the empty text when markup does not hold it
}

func findingsData(in *texts, p *htmlPage) *findingColumns {
	c := &findingColumns{}
	type kind struct{ rule, host string }
	alike := map[kind]int{}
	for i, f := range p.Findings {
		k := kind{f.Rule, f.Host}
		if alike[k]++; alike[k] > maxIndexedAlike || len(c.ID) == maxIndexed {
			continue
		}
		facts, anchor := "", ""
		for _, x := range f.Facts {
			facts += x.Name + " " + x.Value + "\n"
		}
		if i < maxLines {
			anchor = p.Anchor[f.ID]
		}
		c.No = append(c.No, i+1)
		c.ID = append(c.ID, in.of(f.ID))
		c.Rule = append(c.Rule, in.of(f.Rule))
		c.Severity = append(c.Severity, f.Severity.Rank())
		c.Host = append(c.Host, in.of(f.Host))
		c.Summary = append(c.Summary, in.of(f.Summary))
		c.Subject = append(c.Subject, in.of(f.Subject))
		c.Facts = append(c.Facts, in.of(facts))
		c.Anchor = append(c.Anchor, in.of(anchor))
	}
	return c
}

// seconds is a time in seconds since 1970; 0 for none.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
