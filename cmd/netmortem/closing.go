package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/docker/go-units"

	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/schema"
)

// closing are the lines after a capture: the file, what it holds and what it lacks, the next command to type.
func closing(c *capture.Capture, path string) []string {
	s := &c.Summary
	file := path
	if st, err := os.Stat(path); path != "-" && err == nil {
		file += fmt.Sprintf(" (%s)", units.HumanSize(float64(st.Size())))
	}
	var items int
	for _, n := range s.Counts {
		items += n
	}
	items -= total(s.LeftOut)
	covered := fmt.Sprintf("%d of %d items whole, %d rows of %d network namespaces", items-len(s.Gaps), items, s.Rows, total(s.Netns))
	if len(s.Gaps) > 0 {
		covered += "; " + gaps(s)
	}
	if s.Interrupted != "" {
		covered += "; ended early: " + s.Interrupted
	}
	lines := []string{"bundle    " + file, "coverage  " + covered}
	if len(s.LeftOut) > 0 {
		lines = append(lines, "left out  "+leftOut(s)+": not asked for")
	}
	if s.Daemon != "" {
		lines = append(lines, "docker    "+s.Daemon)
	}
	if !s.Complete() {
		lines = append(lines, "partial   SUMMARY.txt in the bundle says what is missing, and netmortem doctor how to get it")
	}
	next := commandLine("netmortem", []string{"analyze", path})
	if path == "-" {
		next = "netmortem analyze FILE, with the bundles of all hosts of the swarm"
	} else {
		next += ", with the bundles of all hosts of the swarm"
	}
	return append(lines, "next      "+next)
}

// gaps counts the items of which something is unknown, by what became of them.
func gaps(s *capture.Summary) string {
	var parts []string
	count := map[schema.Outcome]int{}
	for _, g := range s.Gaps {
		count[g.Outcome]++
	}
	for _, o := range schema.Outcomes {
		if n := count[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return strings.Join(parts, ", ")
}

func total(counts map[string]int) int {
	n := 0
	for _, x := range counts {
		n += x
	}
	return n
}

// leftOut names the collectors that did not run, as long as they are few.
func leftOut(s *capture.Summary) string {
	if len(s.LeftOut) > 8 {
		return fmt.Sprintf("%d collectors", len(s.LeftOut))
	}
	return strings.Join(slices.Sorted(maps.Keys(s.LeftOut)), ", ")
}
