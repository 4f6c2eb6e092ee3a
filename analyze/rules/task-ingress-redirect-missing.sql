-- Task that lacks the redirection of its published port
-- catalogue: C13
-- severity: high
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: application
-- views: the managers' published ports and the task's own rules
-- check: nsenter --net=/run/docker/netns/<netns> iptables -t nat -S PREROUTING
-- remedy: nsenter --net=/run/docker/netns/<netns> iptables -t nat -I PREROUTING -d <ip>/32 -p <proto> --dport <published> -j REDIRECT --to-ports <target>
-- risk: none; it is the rule that the engine made when the task started
-- verify: nsenter --net=/run/docker/netns/<netns> iptables -t nat -nvL PREROUTING
-- undo: nsenter --net=/run/docker/netns/<netns> iptables -t nat -D PREROUTING -d <ip>/32 -p <proto> --dport <published> -j REDIRECT --to-ports <target>
-- remedy: docker service update --force <service>
-- risk: every task of the service is replaced, and an image that flushes its tables does it again
-- verify: netmortem analyze of a new capture
-- undo: nothing to undo
-- upstream: arch-sabnzbdvpn#15
-- limits: only tasks that have run for 30 seconds, on engines whose layout is known
--
-- The routing mesh sends what comes for a published port to the task's address on the ingress network, still with the published
-- port. In the task's own namespace a rule of the nat table redirects it to the port that the program listens on. Here it is missing or leads
-- to another port. What then comes to the address is dropped by the filter rules that guard it (engines from 1.13 on accept the target port only), or refused
-- where those were flushed, too: one connection of n through the mesh hangs. The name of the service and the task's other addresses work.
--
-- Images that set up a firewall of their own (VPN clients mostly, with NET_ADMIN) flush the tables when they start.
SELECT
  e.host,
  e.label || ' on ' || e.host || CASE WHEN e.found_port IS NULL THEN ' does not redirect' ELSE ' redirects' END || ' published port ' || e.proto || ' ' || e.published || ' to '
    || CASE WHEN e.found_port IS NULL THEN e.target || '' ELSE e.found_port || ' instead of ' || e.target END AS summary,
  'redirect:' || e.host || '/' || e.netns_name || '/' || e.proto || '/' || e.published AS subject,
  CASE WHEN e.published = e.target THEN 'low' END AS severity,
  e.netns_name AS netns,
  e.label AS task,
  e.service,
  e.ip,
  e.proto,
  e.published,
  e.target,
  e.found_port AS redirected_to,
  e.why,
  e.task_ref,
  e.port_ref,
  e.rule_ref,
  k.ref AS coverage_ref
FROM expected_redirect AS e
CROSS JOIN captured AS k
WHERE k.tbl = 'iptables_rule' AND k.host = e.host AND k.netns = e.netns AND (e.found_port IS NULL OR e.found_port <> e.target)
