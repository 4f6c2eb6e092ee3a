package analyze

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A question is a rule that SQLite has accepted: what it returns and what it reads are known.
type question struct {
	*Rule
	columns []string
	tables  []string // tables that it reads itself, captured or derived
	reads   []string // captured tables, through derived ones
}

// ask prepares every rule on the database, which may be empty, and checks its columns.
func ask(ctx context.Context, db *database, lin lineage, rules []*Rule) ([]*question, error) {
	var out []*question
	var errs []error
	for _, r := range rules {
		q, err := askOne(ctx, db, lin, r)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.Path, err))
			continue
		}
		out = append(out, q)
	}
	return out, errors.Join(errs...)
}

func askOne(ctx context.Context, db *database, lin lineage, r *Rule) (*question, error) {
	tables, err := db.reads(ctx, r.Query)
	if err != nil {
		return nil, err
	}
	columns, err := db.columns(ctx, r.Query)
	if err != nil {
		return nil, err
	}
	for _, need := range []string{"host", "summary", "subject"} {
		if !slices.Contains(columns, need) {
			return nil, fmt.Errorf("the SELECT lacks the column %s", need)
		}
	}
	if !slices.ContainsFunc(columns, isRef) {
		return nil, errors.New("the SELECT has no evidence: no column whose name ends in _ref")
	}
	for i, c := range columns {
		if slices.Contains(columns[:i], c) {
			return nil, fmt.Errorf("the SELECT has two columns %s", c)
		}
	}
	return &question{r, columns, tables, lin.captured(tables)}, nil
}

func isRef(column string) bool { return strings.HasSuffix(column, "_ref") }

// columns are the names of what a query returns.
func (db *database) columns(ctx context.Context, query string) ([]string, error) {
	stmt, err := db.tx.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	rows, err := stmt.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return rows.Columns()
}

// answer runs a rule. Each row is a finding; the same finding twice is one. It fails as a whole when a row breaks
// the contract: host, summary and subject are there, the host is one that was loaded, and something is cited.
func (q *question) answer(ctx context.Context, tx *sql.Tx, hosts map[string]bool) ([]Finding, error) {
	stmt, err := tx.PrepareContext(ctx, q.Query)
	if err != nil {
		return nil, err
	}
	defer stmt.Close()
	rows, err := stmt.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Finding
	values := make([]any, len(q.columns))
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		f, err := q.finding(values)
		if err != nil {
			return nil, err
		}
		if !hosts[f.Host] {
			return nil, fmt.Errorf("a finding on host %q, which is no loaded bundle's", f.Host)
		}
		out = append(out, f)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, compareFindings)
	out = slices.CompactFunc(out, func(a, b Finding) bool { return compareFindings(a, b) == 0 })
	numberFindings(out)
	q.advise(out)
	return out, nil
}

func (q *question) finding(values []any) (Finding, error) {
	f := Finding{Rule: q.ID, Title: q.Title, Severity: q.Severity, Blame: q.Blame, Views: q.Views}
	for i, name := range q.columns {
		value, ok := valueText(values[i])
		switch {
		case name == "host" || name == "summary" || name == "subject":
			if value == "" {
				return f, fmt.Errorf("a finding without %s", name)
			}
			switch name {
			case "host":
				f.Host = value
			case "summary":
				f.Summary = value
			case "subject":
				f.Subject = value
			}
		case !ok:
		case name == "severity":
			if f.Severity = Severity(value); f.Severity.Rank() <= 0 {
				return f, fmt.Errorf("a finding of severity %q; want low, medium, high or critical", value)
			}
		case name == "blame":
			if f.Blame = value; !slices.Contains(Blames, value) {
				return f, fmt.Errorf("a finding that blames %q; want one of %s", value, strings.Join(Blames, ", "))
			}
		case name == "views":
			f.Views = value
		case isRef(name):
			f.Evidence = append(f.Evidence, Evidence{Name: strings.TrimSuffix(name, "_ref"), Ref: value})
		default:
			f.Facts = append(f.Facts, Fact{name, value})
		}
	}
	if len(f.Evidence) == 0 {
		return f, fmt.Errorf("a finding that cites nothing: %s", f.Summary)
	}
	return f, nil
}

// advised is how many findings of a rule say what to do. What a rule finds 50,000 times has one remedy, and its text would be most of
// what the result holds.
const advised = 1000

// advise tells the first findings of a rule how to look at what they found, and what mends it.
func (q *question) advise(found []Finding) {
	for i := range found[:min(advised, len(found))] {
		f := &found[i]
		f.Check, f.Remedies = fill(q.Check, f.Facts), q.filledRemedies(f.Facts)
		f.Remedy = remedyText(f.Remedies)
	}
}

// remedy is what mends it, as text: each remedy with its risk, how to verify it and how to take it back; numbered when there are several.
func (r *Rule) remedy() string { return remedyText(r.Remedies) }

func remedyText(list []Remedy) string {
	var b strings.Builder
	for i, m := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		if len(list) > 1 {
			fmt.Fprintf(&b, "%d. ", i+1)
		}
		b.WriteString(m.Do)
		for _, x := range []struct{ name, text string }{{"Risk", m.Risk}, {"Verify", m.Verify}, {"Undo", m.Undo}} {
			if x.text != "" {
				b.WriteString("\n" + x.name + ": " + x.text)
			}
		}
	}
	return b.String()
}

// filledRemedies are the rule's remedies with a finding's facts in their commands.
func (r *Rule) filledRemedies(facts []Fact) []Remedy {
	out := make([]Remedy, len(r.Remedies))
	for i, m := range r.Remedies {
		out[i] = Remedy{Do: fill(m.Do, facts), Risk: m.Risk, Verify: fill(m.Verify, facts), Undo: fill(m.Undo, facts)}
	}
	return out
}

// valueText is an SQLite value as a person reads it; false for NULL.
func valueText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case []byte:
		return string(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return fmt.Sprint(v), true
}

// compareFindings orders findings of one rule, and finds those that are the same in every respect.
func compareFindings(a, b Finding) int {
	if c := strings.Compare(a.Host, b.Host); c != 0 {
		return c
	}
	if c := strings.Compare(a.Subject, b.Subject); c != 0 {
		return c
	}
	return strings.Compare(rest(a), rest(b))
}

func rest(f Finding) string {
	var b strings.Builder
	b.WriteString(f.Summary)
	for _, x := range f.Facts {
		b.WriteString("\x00" + x.Name + "\x00" + x.Value)
	}
	for _, e := range f.Evidence {
		b.WriteString("\x00" + e.Name + "\x00" + e.Ref)
	}
	return b.String()
}

// numberFindings gives sorted findings of one rule their ids: the rule and a hash of rule, host and subject, so that a link
// to a finding outlives a new run. A second finding about one subject gets a number of its own.
func numberFindings(list []Finding) {
	given := map[string]int{}
	for i := range list {
		f := &list[i]
		sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Host + "\x00" + f.Subject))
		f.ID = f.Rule + "-" + hex.EncodeToString(sum[:4])
		given[f.ID]++
		if n := given[f.ID]; n > 1 {
			f.ID = fmt.Sprintf("%s-%d", f.ID, n)
		}
	}
}
