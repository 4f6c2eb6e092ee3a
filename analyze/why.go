package analyze

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// A Reason is one row that should be there, and what it follows from.
type Reason struct {
	Table    string     // expected_fdb
	Facts    []Fact     // the row
	Why      string     // which task, node or rule of which engine it follows from
	Evidence []Evidence // the rows that say so
}

// Why looks a finding's subject up in the tables of what should be there, expected_*, of a database that analyze wrote. It
// returns every row of the subject's host that holds all of the subject's other parts; a namespace may be named or numbered.
// No row means that nothing captured asks for such a thing.
func Why(ctx context.Context, path, subject string) ([]Reason, error) {
	if err := sqliteAvailable(); err != nil {
		return nil, err
	}
	_, key, ok := strings.Cut(subject, ":")
	parts := strings.Split(key, "/")
	if !ok || len(parts) < 2 || slices.Contains(parts, "") {
		return nil, fmt.Errorf("%q is no subject: want kind:host/part/…, as fdb:node1/1-q3x8v2m1kd/02:42:0a:00:00:05", subject)
	}
	db, err := sql.Open("sqlite3", dsn(path)+"?mode=ro")
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	var out []Reason
	for _, d := range computed() {
		if !strings.HasPrefix(d.Name, "expected_") {
			continue
		}
		list, err := d.reasons(ctx, db, parts[0], parts[1:])
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", d.Name, path, err)
		}
		out = append(out, list...)
	}
	return out, nil
}

// reasons are the rows of a host that hold every part.
func (d *Derived) reasons(ctx context.Context, db *sql.DB, host string, parts []string) ([]Reason, error) {
	query := "SELECT " + names(d.Columns) + ", " + d.whyNot() + " FROM " + d.Name + " AS x WHERE host = ?"
	args := []any{host}
	for _, part := range parts {
		var any []string
		for _, c := range d.Columns {
			switch {
			case c.Name == "netns":
				any = append(any, "netns IN (SELECT netns FROM netns WHERE host = ? AND (name = ? OR netns = ?))")
				args = append(args, host, part, part)
			case c.Name != "why" && !isRef(c.Name):
				any = append(any, "CAST("+c.Name+" AS TEXT) = ?")
				args = append(args, part)
			}
		}
		query += " AND (" + strings.Join(any, " OR ") + ")"
	}
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	values, into := make([]any, len(d.Columns)+1), make([]any, len(d.Columns)+1)
	for i := range values {
		into[i] = &values[i]
	}
	var out []Reason
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r := Reason{Table: d.Name}
		r.Why, _ = valueText(values[len(d.Columns)])
		for i, c := range d.Columns {
			value, ok := valueText(values[i])
			switch {
			case !ok:
			case c.Name == "why":
				r.Why = value
			case c.Name == "ref":
				r.Evidence = append(r.Evidence, Evidence{Name: "row", Ref: value})
			case isRef(c.Name):
				r.Evidence = append(r.Evidence, Evidence{Name: strings.TrimSuffix(c.Name, "_ref"), Ref: value})
			default:
				r.Facts = append(r.Facts, Fact{c.Name, value})
			}
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// whyNot is where the reason of a row stands that has no column why: the longest tables leave it to the endpoint that they name by
// network and address.
func (d *Derived) whyNot() string {
	has := func(name string) bool {
		return slices.ContainsFunc(d.Columns, func(c schema.Column) bool { return c.Name == name })
	}
	if has("why") || !has("net") || !has("ip") {
		return "NULL"
	}
	return "(SELECT e.why || COALESCE(' on ' || e.host, '') FROM endpoint AS e WHERE e.net = x.net AND e.ip = x.ip)"
}
