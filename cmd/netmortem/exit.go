package main

import (
	"errors"
	"fmt"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/capture"
	"github.com/netmortem/netmortem/schema"
)

// The exit codes; endings says what each of them means after which command.
const (
	codeOK          = 0
	codeFindings    = 1
	codeFailed      = 2
	codePartial     = 3
	codeUsage       = 64  // EX_USAGE of sysexits.h
	codeInterrupted = 130 // 128 + SIGINT
)

// An exitError ends the program with a code. Without err nothing is printed: what there was to say has been said.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// exit is an error for a code, nil for codeOK.
func exit(code int) error {
	if code == codeOK {
		return nil
	}
	return &exitError{code: code}
}

// usage is the error of a wrong command line.
func usage(format string, args ...any) error {
	return &exitError{codeUsage, fmt.Errorf(format, args...)}
}

// codeOf is the exit code of an error, and the error to print, nil for none.
func codeOf(err error) (int, error) {
	var e *exitError
	switch {
	case err == nil:
		return codeOK, nil
	case errors.As(err, &e):
		return e.code, e.err
	}
	return codeFailed, err
}

// captureCode says how a capture ended.
func captureCode(s *capture.Summary, interrupted bool) int {
	switch {
	case s.Empty():
		return codeFailed
	case interrupted:
		return codeInterrupted
	case !s.Complete():
		return codePartial
	}
	return codeOK
}

// analyzeCode says how an analysis ended.
func analyzeCode(r *analyze.Result, failOn analyze.Severity, allowPartial bool) int {
	switch {
	case len(r.Unreadable) > 0:
		return codeFailed
	case failOn.Rank() > 0 && worst(r).Rank() >= failOn.Rank():
		return codeFindings
	case !allowPartial && missing(r):
		return codePartial
	}
	return codeOK
}

func worst(r *analyze.Result) analyze.Severity {
	worst := analyze.None
	for _, f := range r.Findings {
		if f.Severity.Rank() > worst.Rank() {
			worst = f.Severity
		}
	}
	for _, c := range r.Causes { // a broken path that no finding names
		if c.Severity.Rank() > worst.Rank() {
			worst = c.Severity
		}
	}
	return worst
}

// missing reports whether evidence is missing that should have been there: a rule could not be judged, the swarm names
// a host that nobody captured, or a collector failed or was cut. What capture skipped on purpose and no rule wanted,
// and what does not exist on a host, is no such thing.
func missing(r *analyze.Result) bool {
	if r.Counts.RulesUnjudged > r.Counts.RulesUnasked {
		return true
	}
	for _, h := range r.Hosts {
		if h.Bundle == "" || h.Interrupted != "" {
			return true
		}
		for _, g := range h.Gaps {
			if g.Outcome != string(schema.Skipped) {
				return true
			}
		}
	}
	return false
}
