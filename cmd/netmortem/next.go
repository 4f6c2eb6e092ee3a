package main

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// nextLines are the commands that lead on from the first cause: the path that it breaks hop by hop, else the row that it rests on; then
// what the rule means and what mends it. db is the database that was kept, empty for none.
func nextLines(r *analyze.Result, db string) []string {
	if len(r.Causes) == 0 {
		return nil
	}
	c := &r.Causes[0]
	var out []string
	if line := traceCommandLine(r.Scene, db); line != "" {
		out = append(out, line)
	}
	if bundle := bundleOf(r, c.Ref); bundle != "" && len(out) == 0 {
		out = append(out, commandLine("netmortem", []string{"show", bundle, c.Ref}))
	}
	if c.Rule != "" {
		out = append(out, commandLine("netmortem", []string{"explain", c.Rule}))
	}
	return out
}

// traceCommandLine walks the first path that the first cause breaks; empty where none is known, or where its ends have no names that trace takes.
func traceCommandLine(s *scene.Scene, db string) string {
	if s == nil || db == "" {
		return ""
	}
	for _, p := range s.Paths {
		if p.Cause != 1 || p.Verdict == scene.Unknown || p.Client == "" || p.To == "" {
			continue
		}
		to := p.To
		switch p.Via {
		case "tasks":
			to = "tasks." + to
		case "vip", "dnsrr":
		default:
			continue
		}
		if p.Port > 0 {
			to += ":" + strconv.Itoa(p.Port)
		}
		args := []string{"trace", "--db", db, "--from", p.Client, "--to", to}
		if p.Network != "" {
			args = append(args, "--network", p.Network)
		}
		if p.Proto == "udp" {
			args = append(args, "--proto", "udp")
		}
		return commandLine("netmortem", args)
	}
	return ""
}

// bundleOf is the bundle in which the row of an address stands.
func bundleOf(r *analyze.Result, ref string) string {
	host, _, _ := strings.Cut(ref, "/")
	for _, h := range r.Hosts {
		if h.Name == host {
			return filepath.Clean(h.Bundle)
		}
	}
	return ""
}
