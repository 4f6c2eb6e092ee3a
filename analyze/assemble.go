package analyze

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze/scene"
	"github.com/netmortem/netmortem/schema"
)

// ResultVersion is the version of the structure Result.
const ResultVersion = 1

// assemble runs the rules and puts everything that was found out into one structure, in an order that depends on
// nothing but the bundles.
func (a *analysis) assemble(ctx context.Context, db *database, reports []*loaded, c *course, questions []*question) (*Result, error) {
	res := &Result{
		SchemaVersion: ResultVersion, Tool: a.options.Tool, Analyzed: a.options.Now.UTC(), Severity: None, Database: a.options.DB,
		Hosts: []Host{}, Findings: []Finding{}, Causes: []Cause{}, Rules: []Judged{},
	}
	captured := map[string]bool{}
	for _, r := range reports {
		res.Problems = append(res.Problems, r.problems...)
		captured[r.source.host] = true
	}
	answers, err := a.findOut(ctx, db, c, questions, captured)
	if err != nil {
		return nil, err
	}
	if res.Hosts, err = hostsOf(ctx, db, reports); err != nil {
		return nil, err
	}
	know, err := knowledgeOf(ctx, db, reports)
	if err != nil {
		return nil, err
	}
	conclude(res, know, questions, answers)
	sortFindings(res.Findings)
	missing, err := excerpts(ctx, a.sources, res.Findings)
	if err != nil {
		return nil, err
	}
	for _, ref := range missing {
		res.Problems = append(res.Problems, fmt.Sprintf("%s: a finding cites this address, and nothing stands there", ref))
	}
	a.progress("evidence", 1)(1)
	if err := a.findCauses(ctx, db, res); err != nil {
		return nil, fmt.Errorf("rank the causes: %w", err)
	}
	if res.Scene, err = a.readScene(ctx, db, res.Findings); err != nil {
		return nil, err
	}
	res.Counts = count(res)
	if len(res.Findings) > 0 {
		res.Severity = res.Findings[0].Severity
	}
	for _, c := range res.Causes { // a broken path that no finding names
		if c.Severity.Rank() > res.Severity.Rank() {
			res.Severity = c.Severity
		}
	}
	return res, nil
}

// readScene reads what a report draws, on two connections where the database can be shared.
func (a *analysis) readScene(ctx context.Context, db *database, found []Finding) (*scene.Scene, error) {
	see := scene.Sight{Excerpts: a.excerptsAt, Found: foundFor(found)}
	readers, err := db.share(ctx)
	if err != nil {
		return nil, err
	}
	if readers != nil {
		defer readers.close()
		see.Beside = func(ctx context.Context, f func(tx *sql.Tx) error) error {
			return readers.with(func(r *reader) error { return r.now(ctx, f) })
		}
	}
	return scene.Read(ctx, db.tx, see)
}

// foundFor is what a scene is told of the findings.
func foundFor(list []Finding) []scene.Found {
	out := make([]scene.Found, len(list))
	for i, f := range list {
		out[i] = scene.Found{ID: f.ID, Rule: f.Rule, Host: f.Host, Subject: f.Subject, Summary: f.Summary}
		if len(f.Evidence) > 0 {
			out[i].Ref = f.Evidence[0].Ref
		}
	}
	return out
}

// sortFindings puts the most severe first, then goes by rule, host and subject.
func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(x, y Finding) int {
		return cmp.Or(-cmp.Compare(x.Severity.Rank(), y.Severity.Rank()), strings.Compare(x.Rule, y.Rule), compareFindings(x, y))
	})
}

// conclude says what became of every rule on every host.
func conclude(res *Result, know *knowledge, questions []*question, answers []answer) {
	engine := map[string]string{}
	for _, h := range res.Hosts {
		engine[h.Name] = h.Engine
	}
	for i, q := range questions {
		found, failed := answers[i].found, answers[i].failed
		if failed != nil {
			res.Problems = append(res.Problems, fmt.Sprintf("%s: %v: the rule is judged nowhere", q.Path, failed))
		}
		perHost := map[string]int{}
		for k := range found {
			found[k].Known = knownFor(q.ID, engine[found[k].Host])
			perHost[found[k].Host]++
		}
		res.Findings = append(res.Findings, found...)
		j := Judged{Rule: q.ID, Title: q.Title, Severity: q.Severity, Reads: q.reads, Outcomes: []Outcome{}}
		if len(found) > 0 {
			j.Means, j.Limits, j.Upstream = q.Doc, q.Limits, q.Upstream
		}
		for _, h := range res.Hosts {
			switch {
			case failed != nil:
				j.Outcomes = append(j.Outcomes, Outcome{Host: h.Name, Verdict: NotJudged, Why: "the rule failed: " + failed.Error()})
			case h.Bundle == "":
				j.Outcomes = append(j.Outcomes, Outcome{Host: h.Name, Verdict: NotJudged, Why: "the swarm names this node, and there is no bundle of it"})
			default:
				j.Outcomes = append(j.Outcomes, know.judge(q, h.Name, perHost[h.Name]))
			}
		}
		res.Rules = append(res.Rules, j)
	}
}

// hostsOf describes the captured hosts, then the nodes that the swarm names and nobody captured.
func hostsOf(ctx context.Context, db *database, reports []*loaded) ([]Host, error) {
	hosts := []Host{}
	at := map[string]int{}
	for _, r := range reports {
		at[r.source.host] = len(hosts)
		gaps := r.gaps
		if gaps == nil {
			gaps = []Gap{}
		}
		hosts = append(hosts, Host{
			Name: r.source.host, Bundle: r.source.path, Captured: r.source.meta.Started.UTC(),
			Interrupted: r.interrupted, Rows: r.rows, Items: r.items, Gaps: gaps,
		})
	}
	for scan, err := range queried(ctx, db.tx, `SELECT b.host, max(h.kernel), max(e.version), max(e.node_id), max(e.manager), max(e.swarm_state)
FROM bundle AS b LEFT JOIN host AS h ON h.host = b.host LEFT JOIN engine AS e ON e.host = b.host GROUP BY b.host`) {
		if err != nil {
			return nil, err
		}
		var name string
		var kernel, version, node, state sql.NullString
		var manager sql.NullInt64
		if err := scan(&name, &kernel, &version, &node, &manager, &state); err != nil {
			return nil, err
		}
		i, ok := at[name]
		if !ok {
			continue
		}
		h := &hosts[i]
		h.Kernel, h.Engine, h.NodeID = kernel.String, version.String, node.String
		if node.String != "" && manager.Valid {
			h.Role = map[int64]string{1: "manager"}[manager.Int64]
			h.Role = cmp.Or(h.Role, "worker")
		}
	}
	for scan, err := range queried(ctx, db.tx, `SELECT node_id, hostname, role FROM uncaptured_node ORDER BY hostname, node_id`) {
		if err != nil {
			return nil, err
		}
		var node string
		var name, role sql.NullString
		if err := scan(&node, &name, &role); err != nil {
			return nil, err
		}
		label := hostLabel(&schema.Meta{Host: cmp.Or(name.String, node)})
		if slices.ContainsFunc(hosts, func(h Host) bool { return h.Name == label }) {
			label += "@" + node
		}
		hosts = append(hosts, Host{Name: label, NodeID: node, Role: role.String, Gaps: []Gap{}})
	}
	return hosts, nil
}

// knowledgeOf gathers what is missing where.
func knowledgeOf(ctx context.Context, db *database, reports []*loaded) (*knowledge, error) {
	k := &knowledge{lost: map[string]map[string]loss{}, swarm: map[string]bool{}, swarmLost: map[string]loss{}, readOnce: map[string]bool{}, outside: map[string]bool{}}
	for _, r := range reports {
		k.lost[r.source.host] = r.lost
		for table := range r.swarm {
			k.swarm[table] = true
		}
		for table, l := range r.lost {
			if _, ok := k.swarmLost[table]; !ok && l.document != "" && schema.TableByName(table) != nil && schema.TableByName(table).Scope == schema.PerSwarm {
				k.swarmLost[table] = l
			}
		}
	}
	for scan, err := range queried(ctx, db.tx, `SELECT b.host,
  b.host NOT IN (SELECT host FROM host WHERE last_read IS NOT NULL),
  b.host IN (SELECT host FROM engine WHERE swarm_state = 'inactive')
    OR EXISTS (SELECT 1 FROM captured AS c WHERE c.tbl = 'engine' AND c.host = b.host AND c.outcome = 'absent')
FROM bundle AS b`) {
		if err != nil {
			return nil, err
		}
		var host string
		var once, outside bool
		if err := scan(&host, &once, &outside); err != nil {
			return nil, err
		}
		k.readOnce[host], k.outside[host] = once, outside
	}
	return k, nil
}

func count(res *Result) Counts {
	c := Counts{BySeverity: map[Severity]int{}, HostsNamed: len(res.Hosts)}
	for _, f := range res.Findings {
		c.BySeverity[f.Severity]++
	}
	for _, h := range res.Hosts {
		if h.Bundle != "" {
			c.HostsCaptured++
		}
		c.Gaps += len(h.Gaps)
	}
	for _, r := range res.Rules {
		for _, o := range r.Outcomes {
			switch o.Verdict {
			case Clean:
				c.RulesClean++
			case Findings:
				c.RulesFound++
			case NotJudged:
				c.RulesUnjudged++
				if o.OnRequest {
					c.RulesUnasked++
				}
			}
		}
	}
	return c
}

// verdict is the first sentence of every rendering: the first cause with what it breaks, its evidence and since when, or why there
// is none. It never says that all is well: rules see what they were written for.
func verdict(res *Result) string {
	c := res.Counts
	seen := fmt.Sprintf("%d of %d hosts", c.HostsCaptured, c.HostsNamed)
	if n := len(res.Unreadable); n > 0 {
		seen += fmt.Sprintf(", %s unreadable", plural(n, "bundle"))
	}
	if len(res.Findings)+len(res.Causes) == 0 {
		if c.RulesClean == 0 {
			return fmt.Sprintf("Nothing could be judged on %s: %s not judged.", seen, plural(c.RulesUnjudged, "check"))
		}
		return fmt.Sprintf("No rule found a fault on %s; %s clean, %d not judged.", seen, plural(c.RulesClean, "check"), c.RulesUnjudged)
	}
	s := ""
	if len(res.Causes) > 0 {
		s = res.Causes[0].sentence()
	} else { // a result that was made without causes
		f := res.Findings[0]
		s = fmt.Sprintf("%s (%s on %s, evidence %s)", f.Summary, f.Rule, f.Host, f.Evidence[0].Ref)
	}
	if more := len(res.Findings) - 1; more > 0 {
		on := map[string]bool{}
		for _, f := range res.Findings {
			on[f.Host] = true
		}
		s += fmt.Sprintf("; %s in all on %s", plural(more+1, "finding"), plural(len(on), "host"))
	}
	return s + "."
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
