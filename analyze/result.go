package analyze

import (
	"time"

	"github.com/netmortem/netmortem/analyze/scene"
)

// Result is everything that analyze found out; every rendering is made from it and from nothing else.
type Result struct {
	SchemaVersion int          `json:"schema_version"`      // of this structure; keys are added, never renamed
	Tool          string       `json:"tool"`                // version of netmortem
	Analyzed      time.Time    `json:"analyzed"`            // when
	Verdict       string       `json:"verdict"`             // one sentence: the first cause with what it breaks, its evidence and since when, or why there is none
	Severity      Severity     `json:"severity"`            // the worst finding's, or none
	Hosts         []Host       `json:"hosts"`               // captured ones in order of name, then those that the swarm names and nobody captured
	Findings      []Finding    `json:"findings"`            // most severe first, then by rule, host and subject
	Causes        []Cause      `json:"causes"`              // what is wrong, ranked: the one that explains the most comes first
	RankedBy      string       `json:"ranked_by,omitempty"` // what the ranking of causes rests on
	Paths         *Paths       `json:"paths,omitempty"`     // what became of all paths; absent when none was walked
	Rules         []Judged     `json:"rules"`               // each rule, what became of it on each host
	Counts        Counts       `json:"counts"`
	Scene         *scene.Scene `json:"-"`                    // what a report draws; nil when nothing was read for it. The database holds all of it
	Database      string       `json:"database,omitempty"`   // path of the SQLite file, if it was kept
	Problems      []string     `json:"problems,omitempty"`   // what went wrong in loading: one line each, naming file and place
	Unreadable    []string     `json:"unreadable,omitempty"` // bundles that could not be read at all: one line each, naming file and reason
}

// A Severity of a rule and of its findings.
type Severity string

// The severities, from nothing to an outage.
const (
	None     Severity = "none"
	Low      Severity = "low"      // latent, or for information
	Medium   Severity = "medium"   // something is wrong that need not hurt now
	High     Severity = "high"     // traffic of some is lost or goes astray
	Critical Severity = "critical" // traffic is lost
)

// Severities lists them, least first.
var Severities = []Severity{None, Low, Medium, High, Critical}

// Rank is the place in Severities, -1 for a word that is none.
func (s Severity) Rank() int {
	for i, x := range Severities {
		if x == s {
			return i
		}
	}
	return -1
}

// Host is one host: captured, or named by the swarm only.
type Host struct {
	Name        string    `json:"name"`
	Bundle      string    `json:"bundle,omitempty"` // path of its bundle; empty when nobody captured it
	Captured    time.Time `json:"captured,omitzero"`
	NodeID      string    `json:"node_id,omitempty"`
	Role        string    `json:"role,omitempty"`   // manager, worker, or empty when not in a swarm
	Engine      string    `json:"engine,omitempty"` // engine version
	Kernel      string    `json:"kernel,omitempty"`
	Interrupted string    `json:"interrupted,omitempty"` // why the bundle ends early
	Rows        int64     `json:"rows"`
	Items       int64     `json:"items"` // coverage rows, and rows or documents that could not be understood
	Gaps        []Gap     `json:"gaps"`  // those items that leave something unknown
}

// Gap is one planned item that was not captured whole.
type Gap struct {
	Item    string `json:"item"`    // table or document, with its namespace
	Outcome string `json:"outcome"` // partial, denied, timeout, truncated or skipped
	Reason  string `json:"reason,omitempty"`
	Ref     string `json:"ref"` // address of the coverage row
}

// Finding is one thing that is wrong on one host.
type Finding struct {
	ID       string     `json:"id"` // stable over runs: rule, host and subject
	Rule     string     `json:"rule"`
	Title    string     `json:"title"`
	Severity Severity   `json:"severity"`
	Host     string     `json:"host"`
	Summary  string     `json:"summary"` // one sentence, composed by the rule
	Subject  string     `json:"subject"` // canonical key: fdb:<host>/<netns>/<mac>
	Facts    []Fact     `json:"facts,omitempty"`
	Evidence []Evidence `json:"evidence"`
	Blame    string     `json:"blame,omitempty"`    // whose fault it is: one of [Blames]
	Views    string     `json:"views,omitempty"`    // which views disagree: managers' tasks and this host's kernel, …
	Known    []Known    `json:"known,omitempty"`    // faults of the host's engine that fit
	Check    string     `json:"check,omitempty"`    // how to see it by hand; empty, as the two below, behind the first 1,000 findings of a rule
	Remedy   string     `json:"remedy,omitempty"`   // what mends it, with risk and undo, as text
	Remedies []Remedy   `json:"remedies,omitempty"` // the same one by one, the least disturbing first
}

// Known is a known fault of an engine version that a finding fits.
type Known struct {
	Issue   string `json:"issue"`              // moby/moby#53663
	What    string `json:"what"`               // what that version does
	Engine  string `json:"engine"`             // version of the host's engine
	FixedIn string `json:"fixed_in,omitempty"` // first versions without it; empty when none is known
}

// Fact is one further column of a finding, in the rule's order.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Evidence is one address that a finding rests on, with what stands there.
type Evidence struct {
	Name    string `json:"name"` // the rule's column, without _ref
	Ref     string `json:"ref"`  // node1/rows/fdb.jsonl:17
	Excerpt string `json:"excerpt,omitempty"`
}

// The outcomes of a rule on a host.
const (
	Findings  = "findings"   // it found something; a gap may hide more
	Clean     = "clean"      // it could be judged, and nothing is wrong
	NotJudged = "not judged" // something it reads was not captured
)

// Judged is one rule with its outcome on every host.
type Judged struct {
	Rule     string    `json:"rule"`
	Title    string    `json:"title"`
	Severity Severity  `json:"severity"`
	Reads    []string  `json:"reads"` // captured tables that it reads, through derived ones
	Outcomes []Outcome `json:"outcomes"`
	Means    string    `json:"means,omitempty"`    // the explanation, paragraphs parted by blank lines; this and what follows only where it found something
	Limits   string    `json:"limits,omitempty"`   // when it can be wrong or silent
	Upstream string    `json:"upstream,omitempty"` // issues and fixes upstream
}

// Outcome is what became of one rule on one host.
type Outcome struct {
	Host    string `json:"host"`
	Verdict string `json:"verdict"`       // findings, clean or not judged
	Why     string `json:"why,omitempty"` // not judged: what was missing; findings: what may hide more
	Ref     string `json:"ref,omitempty"` // address of the coverage row that says so

	OnRequest bool `json:"on_request,omitempty"` // capture reads what is missing only when it is asked to, and it was not
}

// Counts are the totals that every rendering prints, so that none of them counts for itself.
type Counts struct {
	BySeverity    map[Severity]int `json:"by_severity"`
	HostsCaptured int              `json:"hosts_captured"`
	HostsNamed    int              `json:"hosts_named"` // captured ones and those that the swarm names
	RulesClean    int              `json:"rules_clean"` // rule × host
	RulesFound    int              `json:"rules_found"`
	RulesUnjudged int              `json:"rules_not_judged"`
	RulesUnasked  int              `json:"rules_not_asked"` // those of RulesUnjudged that only lack what capture reads on request
	Gaps          int              `json:"gaps"`
}
