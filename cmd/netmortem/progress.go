package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/netmortem/netmortem/report"
)

// How often a word is said where no terminal is: in a long phase, and between phases of which some are short.
const (
	plainEvery  = 10 * time.Second
	plainPhases = 2 * time.Second
)

// A progress tells on standard error how far the work is: one line that is written over on a terminal, elsewhere a
// line now and then.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool // a terminal: write over the line
	every bool // no terminal: a line for every phase, also for a short one
	phase string
	last  time.Time
	drawn bool
}

// newProgress takes the words of --progress: auto, plain and none; nil for none.
func newProgress(w io.Writer, mode string) *progress {
	if mode == "none" {
		return nil
	}
	return &progress{
		w: w, last: time.Now(), every: mode == "plain",
		live: mode == "auto" && isTerminal(w) && os.Getenv("TERM") != "dumb",
	}
}

// step says how far a phase is; total is 0 when nobody knows. It may be called from any goroutine.
func (p *progress) step(phase string, done, total int, note string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	text := phase
	if total > 0 {
		text += fmt.Sprintf(" %d/%d", done, total)
	}
	if note != "" {
		text += "  " + report.Visible(note)
	}
	fresh := phase != p.phase
	p.phase = phase
	switch {
	case p.live && (fresh || now.Sub(p.last) >= 50*time.Millisecond):
		columns := width(p.w) - 1
		if r := []rune(text); len(r) > columns {
			text = string(r[:columns])
		}
		fmt.Fprintf(p.w, "\r%s\x1b[K", text)
		p.drawn = true
	case !p.live && fresh && (p.every || now.Sub(p.last) >= plainPhases):
		fmt.Fprintln(p.w, phase)
	case !p.live && now.Sub(p.last) >= plainEvery:
		fmt.Fprintln(p.w, text)
	default:
		return
	}
	p.last = now
}

// done takes the line away, so that what is said next starts at the margin.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
