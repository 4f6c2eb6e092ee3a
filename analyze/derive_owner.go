package analyze

import "github.com/netmortem/netmortem/schema"

// netnsOwner names a namespace as people do, so that what the kernel counts by namespace can be said of a service.
var netnsOwner = Derived{
	Name: "netns_owner",
	Doc:  "Whom a network namespace belongs to, in words: one row a namespace.",
	Columns: []schema.Column{
		colHost(), colNetns(),
		must(text("kind", schema.Plain, "host, overlay, lb, ingress, container or other")),
		must(text("netns_name", schema.Plain, "its name below the daemon's netns directory; host for the initial one")),
		must(text("label", schema.Name, "name of its container; else what it is: the load balancer of a network, the routing mesh, the host")),
		text("container", schema.Plain, "full id of its container"),
		text("service", schema.Name, "service of that container"),
		must(refCol("ref", "row of netns")),
	},
	Query: `
SELECT n.host, n.netns, n.kind, n.name,
  CASE n.kind
    WHEN 'host' THEN 'the host itself'
    WHEN 'ingress' THEN 'the routing mesh (' || n.name || ')'
    WHEN 'lb' THEN 'the load balancer of ' || COALESCE(w.name, n.network, 'a network') || ' (' || n.name || ')'
    WHEN 'overlay' THEN 'the overlay ' || COALESCE(w.name, n.network, '') || ' (' || n.name || ')'
    WHEN 'container' THEN COALESCE(c.name, 'container ' || substr(n.container, 1, 12), n.name)
    ELSE n.name
  END,
  n.container, NULLIF(c.service, ''), n.ref
FROM netns AS n
LEFT JOIN (SELECT host, container, MAX(name) AS name, MAX(service) AS service FROM container GROUP BY host, container) AS c
  ON c.host = n.host AND c.container = n.container
LEFT JOIN (SELECT substr(network_id, 1, 8) AS net, MIN(name) AS name FROM network GROUP BY substr(network_id, 1, 8)) AS w
  ON n.kind IN ('lb', 'overlay') AND w.net = substr(n.network, 1, 8)`,
	Index: []string{"host, netns"},
}
