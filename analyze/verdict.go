package analyze

import (
	"fmt"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// knowledge is what decides whether a rule could be judged on a host.
type knowledge struct {
	lost      map[string]map[string]loss // host, table: the first thing that is missing
	swarm     map[string]bool            // tables of the swarm that some manager's bundle holds whole
	swarmLost map[string]loss            // tables of the swarm: why the first bundle that should hold them does not
	readOnce  map[string]bool            // hosts whose volatile tables were not read twice
	outside   map[string]bool            // hosts that are in no swarm, by their daemon's word or for want of a daemon
}

// judge says what became of a rule on a captured host on which it found so many things.
func (k *knowledge) judge(q *question, host string, found int) Outcome {
	o := Outcome{Host: host, Verdict: Clean}
	if found > 0 {
		o.Verdict = Findings
	}
	for _, name := range q.reads {
		why, ref, asked := k.missing(name, host)
		// What nobody asked for is no gap of the bundle; a gap beside it counts for more.
		if why == "" || !asked && o.Why != "" {
			continue
		}
		if o.Why, o.Ref, o.OnRequest = why, ref, !asked; found > 0 {
			o.Why = "there may be more: " + why
		} else {
			o.Verdict = NotJudged
		}
		if asked {
			return o
		}
	}
	return o
}

// missing says why a table is not known to the end on a host; empty when it is. asked is false when it is only because capture reads
// it on request, and nobody asked.
func (k *knowledge) missing(table, host string) (why, ref string, asked bool) {
	t := schema.TableByName(table)
	if t.Scope == schema.PerSwarm {
		if k.swarm[table] || k.outside[host] {
			return "", "", true
		}
		if l, ok := k.swarmLost[table]; ok {
			return "no manager's bundle tells of the swarm: " + l.String(), l.ref, true
		}
		return "no manager's task list in any bundle: " + t.Name + " is not known", "", true
	}
	if l, ok := k.lost[host][table]; ok {
		return l.String(), l.ref, !strings.HasPrefix(l.reason, schema.OnRequest)
	}
	if t.Volatile && k.readOnce[host] {
		return t.Name + " was read once only: a passing state cannot be told from a lasting one", host + "/rows/host.jsonl:1", true
	}
	return "", "", true
}

func (l loss) String() string {
	what := l.tbl
	if l.document != "" && l.tbl != "" {
		what += " from " + l.document
	}
	if l.netns != "" {
		what += " in namespace " + l.netns
	}
	s := fmt.Sprintf("%s: %s", what, l.outcome)
	if l.reason != "" {
		s += ": " + l.reason
	}
	return s
}
