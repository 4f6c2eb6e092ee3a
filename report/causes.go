package report

import "github.com/netmortem/netmortem/analyze"

// The bounds of the section that tells causes.
const (
	maxCauseCards = 20
	maxSymptoms   = 30
	maxItself     = 30 // findings that are the cause
)

// CauseCards are the causes that the page tells whole, those of one rule together, CauseCardsRest the number of those that it leaves out.
func (p *page) CauseCards() []told { return p.Told[:min(len(p.Told), maxCauseCards)] }

func (p *page) CauseCardsRest() int {
	n := 0
	for _, t := range p.Told[min(len(p.Told), maxCauseCards):] {
		n += 1 + t.More
	}
	return n
}

// ManySymptoms bounds what follows from a cause where it is told whole.
func (p *page) ManySymptoms(list []analyze.Symptom) []analyze.Symptom {
	return list[:min(len(list), maxSymptoms)]
}

// Itself bounds the findings that are a cause where it is told whole, ItselfRest is the number of those that are left out.
func (p *page) Itself(list []string) []string { return list[:min(len(list), maxItself)] }

func (p *page) ItselfRest(list []string) int { return max(0, len(list)-maxItself) }

// Found is the finding of an id, nil when there is none.
func (p *htmlPage) Found(id string) *analyze.Finding {
	if i, ok := p.place[id]; ok {
		return &p.Findings[i]
	}
	return nil
}
