package analyze

import (
	"context"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// causeTables are filled after the rules were asked: the ranked causes for whoever reads the database alone. No rule can read them.
func causeTables() []*Derived {
	return []*Derived{&causeTable, &causeFindingTable, &causeSegmentTable, &causePairTable, &causeSignalTable}
}

func colRank() schema.Column {
	return must(whole("rank", "rank of the cause, from 1"))
}

var causeTable = Derived{
	Name: "cause",
	Doc:  "What is wrong, ranked: what explains the most comes first. Filled after the rules.",
	Columns: []schema.Column{
		colRank(),
		must(text("kind", schema.Plain, "finding; symptom when a rule names an effect that nothing explains; path when no rule names why packets are dropped")),
		text("rule", schema.Plain, "rule whose finding it is; NULL for a path"),
		must(text("host", schema.Name, "host")),
		must(text("subject", schema.Text, "canonical key of the finding, or of the row that decided a broken path")),
		must(text("summary", schema.Text, "one sentence")),
		must(text("severity", schema.Plain, "the worst of its findings and of those that follow from it")),
		must(text("confidence", schema.Plain, "high, medium or low")),
		whole("walked", "1 when paths were walked, so that the counts mean something"),
		whole("segments", "segments of paths that end because of it"),
		whole("open_segments", "segments of which it leaves it open"),
		whole("pairs", "client–service pairs that are dropped because of it"),
		whole("partly", "pairs of which some backends are lost because of it"),
		whole("of_pairs", "pairs of the same services on the same networks, all together"),
		whole("unknown", "those of them that could not be judged"),
		whole("services", "services that are not reached; without paths those that findings name"),
		whole("hosts", "hosts from which they are not reached; without paths those that have findings"),
		text("since", schema.Text, "since when, in words"),
		text("after", schema.Plain, "time before which it was not so; NULL when nothing tells"),
		text("by", schema.Plain, "time at which it was so"),
		text("because", schema.Text, "what happened then"),
		text("competing", schema.Text, "the other explanation"),
		text("check_other", schema.Text, "the command that would decide"),
		text("remedy", schema.Text, "what mends it with the least disturbance"),
		text("ref", schema.Plain, "address of the row to look at first"),
	},
}

var causeFindingTable = Derived{
	Name: "cause_finding",
	Doc:  "The findings of each cause: those that are it, and those that follow from it.",
	Columns: []schema.Column{
		colRank(),
		must(text("role", schema.Plain, "cause or symptom")),
		must(text("finding", schema.Plain, "id of the finding")),
		must(text("rule", schema.Plain, "its rule")),
		must(text("host", schema.Name, "its host")),
		must(text("subject", schema.Text, "its subject")),
		text("follows_from", schema.Plain, "id of the finding that a symptom follows from directly"),
		text("why", schema.Plain, "why it does"),
	},
}

var causeSegmentTable = Derived{
	Name:    "cause_segment",
	Doc:     "The segments of paths that end because of a cause: keys of path_segment.",
	Columns: []schema.Column{colRank(), must(whole("segment", "key in path_segment"))},
}

var causePairTable = Derived{
	Name: "cause_pair",
	Doc:  "The client–service pairs that a cause breaks.",
	Columns: []schema.Column{
		colRank(),
		text("client_kind", schema.Plain, "task, host or outside"),
		text("client_host", schema.Name, "host of the client"),
		text("client", schema.Name, "the client"),
		text("client_service", schema.Name, "its service"),
		text("server_service", schema.Name, "the service that it does not reach"),
		text("network", schema.Name, "network between them"),
		text("target", schema.Addr, "address that it asks"),
		must(text("verdict", schema.Plain, "dropped, or some when only some backends are lost")),
		whole("segment", "key in path_segment of what decided"),
	},
}

var causeSignalTable = Derived{
	Name: "cause_signal",
	Doc:  "What the confidence in a cause is made of.",
	Columns: []schema.Column{
		colRank(),
		must(text("side", schema.Plain, "for, against, or missing when it was not judged")),
		must(text("signal", schema.Text, "the signal, in words")),
	},
}

// findCauses ranks the causes of a result and stores them.
func (a *analysis) findCauses(ctx context.Context, db *database, res *Result) error {
	w, err := readWalked(ctx, db.tx)
	if err != nil {
		return err
	}
	times, err := timesOf(ctx, db, res.Findings)
	if err != nil {
		return err
	}
	res.Causes = causes(res.Findings, w, knowledgeOfCauses(res, a.rules), times)
	if w != nil {
		res.Paths = &w.paths
	}
	res.RankedBy = rankedBy(res.Paths)
	return storeCauses(ctx, db, res)
}

func storeCauses(ctx context.Context, db *database, res *Result) error {
	into := map[string]*inserter{}
	for _, d := range causeTables() {
		into[d.Name] = newInserter(db, d.Name, len(d.stored()))
	}
	var failed error
	put := func(table string, row ...any) {
		if failed == nil {
			failed = into[table].values(ctx, row)
		}
	}
	byID := map[string]*Finding{}
	for i := range res.Findings {
		byID[res.Findings[i].ID] = &res.Findings[i]
	}
	for i := range res.Causes {
		c := &res.Causes[i]
		s, o, r := c.Since, c.Competing, c.Remedy
		if s == nil {
			s = &Since{}
		}
		if o == nil {
			o = &Competing{}
		}
		if r == nil {
			r = &Remedy{}
		}
		put("cause", c.Rank, c.Kind, orNull(c.Rule), c.Host, c.Subject, c.Summary, string(c.Severity), c.Confidence.Word, c.Breaks.Walked,
			c.Breaks.Segments, c.Breaks.Open, c.Breaks.Pairs, c.Breaks.Partly, c.Breaks.Of, c.Breaks.Unknown, len(c.Breaks.Services), len(c.Breaks.Hosts),
			orNull(s.Words), moment(s.After), moment(s.By), orNull(s.Because), orNull(o.What), orNull(o.Check), orNull(r.Do), orNull(c.Ref))
		for _, id := range c.Findings {
			f := byID[id]
			put("cause_finding", c.Rank, "cause", id, f.Rule, f.Host, f.Subject, nil, nil)
		}
		for _, x := range c.Symptoms {
			put("cause_finding", c.Rank, "symptom", x.Finding, x.Rule, x.Host, byID[x.Finding].Subject, x.From, x.Why)
		}
		for _, key := range c.segments {
			put("cause_segment", c.Rank, key)
		}
		for _, p := range c.pairs {
			put("cause_pair", c.Rank, orNull(p.clientKind), orNull(p.clientHost), orNull(p.client), orNull(p.clientService), orNull(p.serverService),
				orNull(p.network), orNull(p.target), p.verdict, p.segment)
		}
		for _, side := range []struct {
			name    string
			signals []string
		}{{"for", c.Confidence.For}, {"against", c.Confidence.Against}, {"missing", c.Confidence.Missing}} {
			for _, signal := range side.signals {
				put("cause_signal", c.Rank, side.name, signal)
			}
		}
	}
	for _, d := range causeTables() {
		if failed == nil {
			failed = into[d.Name].flush(ctx)
		}
	}
	return failed
}

// moment is NULL for a time that is not known.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
