package analyze

import "github.com/netmortem/netmortem/schema"

// dnsFailure speaks of the questions that capture asked from inside of containers, not of those of their programs. Names outside are not
// asked; what became of those the daemon's log tells, by host only: dns_server_failure.
var dnsFailure = Derived{
	Name: "dns_failure",
	Doc:  "Names of services that containers of a service could not resolve when capture asked for them: one row a client and name that failed once at least.",
	Columns: []schema.Column{
		must(text("client_kind", schema.Plain, "service or container")),
		must(text("client", schema.Name, "name of the service, or of the container that is no task's")),
		text("client_service", schema.Name, "the same for a service; else NULL"),
		must(text("name", schema.Name, "name asked")),
		text("service", schema.Name, "service that it belongs to"),
		must(whole("containers", "containers of the client that asked")),
		must(whole("failing", "of these: with one failure at least")),
		must(whole("asked", "questions, of both address families")),
		must(whole("timeouts", "of these: without an answer in time")),
		must(whole("servfail", "of these: SERVFAIL")),
		must(whole("nxdomain", "of these: NXDOMAIN, that is the resolver does not know the name")),
		must(whole("refused", "of these: REFUSED, which Docker's resolver says when it has too many questions open")),
		must(whole("other", "of these: any other reply but NOERROR, or an error")),
		number("mean_ms", "mean time until the answer, of questions answered with NOERROR, milliseconds"),
		number("longest_ms", "longest of these times"),
		must(text("error", schema.Text, "what the first failure said")),
		must(text("host", schema.Name, "host of the first failure")),
		must(whole("outside_failures", "lines of the logs of the clients' hosts that name a server outside which did not answer")),
		must(refCol("ref", "row of dns_query of the first failure")),
		refCol("outside_ref", "row of log_line of the last such line"),
	},
	Query: `
WITH failed AS (
  SELECT DISTINCT name FROM dns_query WHERE rcode IS NULL OR rcode <> 'NOERROR'
), question AS (
  SELECT q.host, q.netns, q.name, q.service, q.micros, q.ref,
    CASE WHEN o.service IS NOT NULL THEN 'service' ELSE 'container' END AS kind, COALESCE(o.service, o.label, q.container) AS client,
    CASE WHEN q.rcode = 'NOERROR' THEN 'ok' WHEN q.rcode = 'SERVFAIL' THEN 'servfail' WHEN q.rcode = 'NXDOMAIN' THEN 'nxdomain' WHEN q.rcode = 'REFUSED' THEN 'refused'
      WHEN q.rcode IS NULL AND (COALESCE(q.error, '') = '' OR instr(lower(q.error), 'timeout') > 0 OR instr(lower(q.error), 'deadline') > 0 OR instr(lower(q.error), 'no answer within') > 0) THEN 'timeout' ELSE 'other' END AS became,
    COALESCE(q.error, q.rcode, 'no answer') AS error
  FROM dns_query AS q LEFT JOIN netns_owner AS o ON o.host = q.host AND o.netns = q.netns
  WHERE q.name IN (SELECT name FROM failed)
), outside AS (
  SELECT host, SUM(lines) AS lines, MAX(ref) AS ref FROM dns_server_failure GROUP BY host
), named AS (
  SELECT question.*, CASE WHEN became = 'ok' THEN 0 ELSE 1 END AS bad,
    ROW_NUMBER() OVER (PARTITION BY kind, client, name ORDER BY CASE WHEN became = 'ok' THEN 1 ELSE 0 END, ref) AS place
  FROM question
), hosts AS (
  SELECT n.kind, n.client, n.name, SUM(o.lines) AS lines, MAX(o.ref) AS ref
  FROM (SELECT DISTINCT kind, client, name, host FROM named) AS n JOIN outside AS o ON o.host = n.host GROUP BY n.kind, n.client, n.name
)
SELECT n.kind, n.client, CASE n.kind WHEN 'service' THEN n.client END, n.name, MAX(n.service),
  COUNT(DISTINCT n.host || '/' || n.netns), COUNT(DISTINCT CASE WHEN n.bad = 1 THEN n.host || '/' || n.netns END), COUNT(*),
  SUM(CASE n.became WHEN 'timeout' THEN 1 ELSE 0 END), SUM(CASE n.became WHEN 'servfail' THEN 1 ELSE 0 END), SUM(CASE n.became WHEN 'nxdomain' THEN 1 ELSE 0 END),
  SUM(CASE n.became WHEN 'refused' THEN 1 ELSE 0 END), SUM(CASE n.became WHEN 'other' THEN 1 ELSE 0 END),
  ROUND(AVG(CASE WHEN n.became = 'ok' THEN n.micros END) / 1000.0, 3), ROUND(MAX(CASE WHEN n.became = 'ok' THEN n.micros END) / 1000.0, 3),
  MAX(CASE WHEN n.place = 1 THEN n.error END), MAX(CASE WHEN n.place = 1 THEN n.host END), COALESCE(MAX(h.lines), 0), MAX(CASE WHEN n.place = 1 THEN n.ref END), MAX(h.ref)
FROM named AS n LEFT JOIN hosts AS h ON h.kind = n.kind AND h.client = n.client AND h.name = n.name
GROUP BY n.kind, n.client, n.name HAVING SUM(n.bad) > 0`,
	Index: []string{"client_service"},
}
