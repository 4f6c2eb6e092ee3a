package capture

import (
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A Plan is what a capture would do.
type Plan struct {
	Host       string `json:"host"`
	Netns      int    `json:"netns"`             // network namespaces found
	Containers int    `json:"containers"`        // by Docker's directory; -1 unknown
	Processes  int    `json:"processes"`         // of the host
	Sockets    int    `json:"sockets"`           // in use in all namespaces that have a process; -1 unknown
	Reads      int    `json:"reads"`             // 2, or 1 without a window
	Window     string `json:"window,omitempty"`  // between them
	Deadline   string `json:"deadline"`          // for all of it
	MaxMemory  int64  `json:"max_memory"`        // bytes
	MaxSize    int64  `json:"max_size,omitzero"` // bytes, 0 for none
	Items      []Item `json:"collectors"`
}

// An Item is one collector of a plan.
type Item struct {
	Collector string   `json:"collector"`
	What      string   `json:"what"`              // it reads
	Where     string   `json:"where"`             // host, daemon, or each of so many namespaces; once or twice
	Into      []string `json:"into"`              // rows/… and raw/… of the bundle
	Needs     string   `json:"needs"`             // privilege
	Lacks     []string `json:"lacks,omitempty"`   // of that, what this process does not have
	Effects   string   `json:"effects"`           // what could disturb, and why it does not
	LeftOut   string   `json:"left_out,omitzero"` // why it does not run
}

// none stands for no privilege, and for no effect that there is to fear.
const none = "none"

// item is a collector as a plan lists it.
func (c *Collector) item() Item {
	it := Item{Collector: c.Name, What: c.Doc, Needs: orWord(c.Needs, none), Effects: orWord(c.Effects, none)}
	for _, name := range c.Tables {
		t := schema.TableByName(name)
		if t == nil || !t.Decoded() {
			it.Into = append(it.Into, "rows/"+name+".jsonl")
			continue
		}
		for _, d := range t.Docs { // it answers for the table, and writes the documents that it is decoded from
			if d = "raw/" + d; !slices.Contains(it.Into, d) {
				it.Into = append(it.Into, d)
			}
		}
	}
	for _, d := range c.Docs {
		if c.InNetns != nil {
			d = "netns/<netns>/" + d
		}
		it.Into = append(it.Into, "raw/"+d)
	}
	return it
}

func orWord(s, word string) string {
	if strings.TrimSpace(s) == "" {
		return word
	}
	return s
}
