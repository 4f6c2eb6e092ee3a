package analyze

import "github.com/netmortem/netmortem/schema"

// The age of a log line is what makes it evidence: rules have no functions of dates.

// kernelLogAge counts by the kernel's own clock, which its log's stamps are of: no clock that was stepped comes between.
// Only where a record has no such stamp, or the capture none, is the time of day compared.
var kernelLogAge = Derived{
	Name: "kernel_log_age",
	Doc:  "Records of the kernel's log that are on the list of classes and no older than was asked for, with their age.",
	Columns: []schema.Column{
		colHost(),
		must(text("class", schema.Plain, "what it is about, as in kernel_log")),
		must(number("age_s", "seconds before the capture began; negative for one that came while it ran")),
		text("dev", schema.Name, "device that it names"),
		text("comm", schema.Name, "command that it names"),
		text("container", schema.Plain, "container whose cgroup it names"),
		text("cgroup", schema.Name, "cgroup that it names"),
		whole("dport", "port that it names"),
		must(text("text", schema.Text, "the record")),
		must(refCol("ref", "row of kernel_log")),
	},
	Query: `
SELECT host, class, age_s, dev, comm, container, cgroup, dport, text, ref FROM (
  SELECT k.host, h.since_s, k.class, k.dev, k.comm, k.container, k.cgroup, k.dport, k.text, k.ref,
    COALESCE(h.monotonic_ns * 0.000000001 - k.monotonic_us * 0.000001, (julianday(h.wall) - julianday(k.time)) * 86400.0) AS age_s
  FROM kernel_log AS k JOIN host AS h ON h.host = k.host
  WHERE k.class IS NOT NULL
) WHERE age_s IS NOT NULL AND (since_s IS NULL OR age_s <= since_s)`,
	Index: []string{"class, host"},
}

// logLineAge leaves out lines whose stamp has no zone: how old they are is not known.
var logLineAge = Derived{
	Name: "log_line_age",
	Doc:  "Lines of the daemons' logs that are on the list of classes and no older than was asked for, with their age.",
	Columns: []schema.Column{
		colHost(),
		must(text("class", schema.Plain, "what it is about, as in log_line")),
		must(number("age_s", "seconds before the capture began, by the host's clock; negative for one that came while it ran")),
		text("ident", schema.Name, "program that wrote it"),
		text("container", schema.Plain, "container that it names"),
		must(text("text", schema.Text, "the message")),
		text("error", schema.Text, "the error beside the message"),
		must(refCol("ref", "row of log_line")),
	},
	Query: `
SELECT host, class, age_s, ident, container, text, error, ref FROM (
  SELECT l.host, h.since_s, l.class, l.ident, l.container, l.text, l.error, l.ref, (julianday(h.wall) - julianday(l.time)) * 86400.0 AS age_s
  FROM log_line AS l JOIN host AS h ON h.host = l.host
  WHERE l.class IS NOT NULL
) WHERE age_s IS NOT NULL AND (since_s IS NULL OR age_s <= since_s)`,
	Index: []string{"class, host"},
}
