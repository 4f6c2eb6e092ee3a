package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"
	"github.com/urfave/cli/v2"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/report"
)

// How often a word is said where no terminal is: in a long phase, between phases of which some are short, and to a program.
const (
	plainEvery  = 10 * time.Second
	plainPhases = 2 * time.Second
	jsonEvery   = time.Second
	liveEvery   = 50 * time.Millisecond
)

// leftAfter is how long a phase has to run until the time that it still takes is guessed.
const leftAfter = 2 * time.Second

func progressFlag() cli.Flag {
	return newChoice("progress", "how progress is told on standard error: auto, plain, json or none", "auto", "auto", "plain", "json", "none")
}

// progressMode is what --progress and --quiet say together.
func progressMode(mode string, quiet bool) string {
	if quiet {
		return "none"
	}
	return mode
}

// A step is how far a phase is.
type step struct {
	phase             string
	done, total       int // total is 0 when nobody knows
	bytes, totalBytes int64
	unit              string // what done counts: bundles; empty when it has no name
	note              string // what is at work; captured text
}

func analyzeStep(s analyze.Progress) step {
	x := step{phase: s.Phase, done: s.Done, total: s.Total, bytes: s.Bytes, totalBytes: s.TotalBytes}
	if s.Phase == "load" {
		x.unit = "bundles"
	}
	return x
}

func captureStep(s capture.Progress) step {
	return step{phase: s.Phase, done: s.Done, total: s.Total, note: s.Note}
}

// A progress tells on standard error how far the work is: one line that is written over on a terminal, elsewhere a
// line now and then, and to a program an object a line.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool // a terminal: write over the line
	every bool // no terminal: a line for every phase, also for a short one
	json  bool
	now   func() time.Time

	phase string
	began time.Time // of the phase
	start time.Time // of the work
	last  time.Time
	drawn bool
}

// newProgress takes the words of --progress: auto, plain, json and none; nil for none.
func newProgress(w io.Writer, mode string) *progress {
	if mode == "none" {
		return nil
	}
	p := &progress{w: w, now: time.Now, every: mode == "plain", json: mode == "json"}
	p.live = mode == "auto" && isTerminal(w) && os.Getenv(envTerm) != "dumb"
	p.start = p.now()
	p.last = p.start
	return p
}

// step says how far a phase is. It may be called from any goroutine.
func (p *progress) step(s step) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	fresh := s.phase != p.phase
	if fresh {
		p.phase, p.began = s.phase, now
	}
	since := now.Sub(p.last)
	left := p.left(s, now)
	switch {
	case p.json && (fresh || since >= jsonEvery):
		p.status(s, left, now)
	case p.json:
		return
	case p.live && (fresh || since >= liveEvery):
		fmt.Fprintf(p.w, "\r%s\x1b[K", fit(s, left, width(p.w)-1))
		p.drawn = true
	case !p.live && fresh && (p.every || since >= plainPhases):
		fmt.Fprintln(p.w, s.phase)
	case !p.live && since >= plainEvery:
		fmt.Fprintln(p.w, s.words(left))
	default:
		return
	}
	p.last = now
}

// left is how much longer the phase takes if it goes on like this; 0 when nobody can tell.
func (p *progress) left(s step, now time.Time) time.Duration {
	run := now.Sub(p.began)
	switch {
	case run < leftAfter:
	case s.totalBytes > 0 && s.bytes > 0 && s.bytes < s.totalBytes:
		return time.Duration(float64(run) / float64(s.bytes) * float64(s.totalBytes-s.bytes))
	case s.totalBytes == 0 && s.unit != "" && s.done > 0 && s.done < s.total:
		return run / time.Duration(s.done) * time.Duration(s.total-s.done)
	}
	return 0
}

// words are a step in words: load 12 of 40 bundles, 118MB of 1.2GB, about 25s left.
func (s step) words(left time.Duration) string {
	text := s.phase
	if s.total > 0 {
		text += fmt.Sprintf(" %d of %d", s.done, s.total)
		if s.unit != "" {
			text += " " + s.unit
			if s.total == 1 {
				text = strings.TrimSuffix(text, "s")
			}
		}
	}
	if s.totalBytes > 0 {
		text += fmt.Sprintf(", %s of %s", units.HumanSize(float64(s.bytes)), units.HumanSize(float64(s.totalBytes)))
	}
	if left > 0 {
		text += fmt.Sprintf(", about %s left", max(left.Round(time.Second), time.Second))
	}
	if s.note != "" {
		text += "  " + report.Visible(s.note)
	}
	return text
}

// barWidth is how many columns the bar of a terminal takes.
const barWidth = 20

// fit is the line of a terminal of so many columns: the words, and a bar before them when there is room for it.
func fit(s step, left time.Duration, columns int) string {
	text := s.words(left)
	if part := s.part(); part >= 0 && report.Columns(text)+barWidth+2 <= columns {
		full := int(part * barWidth)
		text = strings.Repeat("━", full) + strings.Repeat("─", barWidth-full) + "  " + text
	}
	for report.Columns(text) > columns && text != "" {
		r := []rune(text)
		text = string(r[:len(r)-1])
	}
	return text
}

// part is how much of the phase is done, 0 to 1; negative when nobody knows.
func (s step) part() float64 {
	switch {
	case s.totalBytes > 0:
		return float64(s.bytes) / float64(s.totalBytes)
	case s.total > 0:
		return float64(s.done) / float64(s.total)
	}
	return -1
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

// A message is one line of --progress json. Keys are added, never renamed.
type message struct {
	Type     string   `json:"message_type"` // status, summary or error
	Phase    string   `json:"phase,omitempty"`
	Done     *int     `json:"done,omitempty"`
	Total    *int     `json:"total,omitempty"`
	Unit     string   `json:"unit,omitempty"` // what done and total count
	Bytes    *int64   `json:"bytes,omitempty"`
	Of       *int64   `json:"total_bytes,omitempty"`
	Note     string   `json:"note,omitempty"`
	Seconds  *float64 `json:"seconds_elapsed,omitempty"`
	Left     *float64 `json:"seconds_left,omitempty"`
	Code     *int     `json:"exit_code,omitempty"`
	Report   string   `json:"report,omitempty"`
	Database string   `json:"database,omitempty"`
	Bundle   string   `json:"bundle,omitempty"`
	Verdict  string   `json:"verdict,omitempty"`
	Severity string   `json:"severity,omitempty"`
	Findings *int     `json:"findings,omitempty"`
	Hosts    *int     `json:"hosts_captured,omitempty"`
	Named    *int     `json:"hosts_named,omitempty"`
	Gaps     *int     `json:"gaps,omitempty"`
	Error    string   `json:"error,omitempty"`
	Why      string   `json:"why,omitempty"`
	Next     string   `json:"next,omitempty"`
}

// status is a step for a program.
func (p *progress) status(s step, left time.Duration, now time.Time) {
	m := message{Type: "status", Phase: s.phase, Unit: s.unit, Note: s.note, Seconds: new(now.Sub(p.start).Seconds())}
	if s.total > 0 {
		m.Done, m.Total = &s.done, &s.total
	}
	if s.totalBytes > 0 {
		m.Bytes, m.Of = &s.bytes, &s.totalBytes
	}
	if left > 0 {
		m.Left = new(left.Seconds())
	}
	say(p.w, m)
}

// say writes one message as one line.
func say(w io.Writer, m message) {
	line, err := json.Marshal(m)
	if err != nil {
		return
	}
	fmt.Fprintf(w, "%s\n", line)
}

// saysJSON reports whether the line asks for JSON on standard error.
func saysJSON(args []string) bool {
	for i, a := range args {
		if strings.TrimLeft(a, "-") == "progress=json" || a == "json" && i > 0 && strings.TrimLeft(args[i-1], "-") == "progress" {
			return true
		}
	}
	return false
}
