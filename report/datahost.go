package report

import "github.com/netmortem/netmortem/analyze"

// A hostData is a host with what was judged on it.
type hostData struct {
	Name        string   `json:"name"`
	Bundle      string   `json:"bundle,omitempty"` // empty when nobody captured it
	Captured    int64    `json:"captured,omitempty"`
	NodeID      string   `json:"node,omitempty"`
	Role        string   `json:"role,omitempty"`
	Engine      string   `json:"engine,omitempty"`
	Kernel      string   `json:"kernel,omitempty"`
	Interrupted string   `json:"interrupted,omitempty"`
	Rows        int64    `json:"rows"`
	Items       int64    `json:"items"`
	Gaps        int      `json:"gaps"`
	Reasons     []string `json:"reasons,omitempty"` // the first gaps: item, outcome, reason
	Clean       int      `json:"clean"`             // rules
	Found       int      `json:"found"`
	Unjudged    int      `json:"unjudged"`
	Findings    int      `json:"findings"`
	Worst       int      `json:"worst"` // place in analyze.Severities of its worst finding; 0 for none
}

// maxHostReasons bounds the gaps that a host's page names.
const maxHostReasons = 12

func hostsData(p *page) []hostData {
	out := make([]hostData, 0, len(p.Hosts))
	at := map[string]int{}
	for i, h := range p.Hosts {
		d := hostData{
			Name: h.Name, Bundle: h.Bundle, Captured: seconds(h.Captured), NodeID: h.NodeID, Role: h.Role, Engine: h.Engine, Kernel: h.Kernel,
			Interrupted: h.Interrupted, Rows: h.Rows, Items: h.Items, Gaps: len(h.Gaps),
		}
		for _, g := range h.Gaps[:min(len(h.Gaps), maxHostReasons)] {
			d.Reasons = append(d.Reasons, g.Item+": "+g.Outcome+" "+g.Reason)
		}
		at[h.Name] = i
		out = append(out, d)
	}
	for _, j := range p.Rules {
		for _, o := range j.Outcomes {
			i, ok := at[o.Host]
			if !ok {
				continue
			}
			switch o.Verdict {
			case analyze.Findings:
				out[i].Found++
			case analyze.Clean:
				out[i].Clean++
			default:
				out[i].Unjudged++
			}
		}
	}
	for _, f := range p.Findings {
		if i, ok := at[f.Host]; ok {
			out[i].Findings++
			out[i].Worst = max(out[i].Worst, f.Severity.Rank())
		}
	}
	return out
}
