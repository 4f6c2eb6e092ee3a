-- Service without a virtual address that publishes on the routing mesh
-- catalogue: C11
-- severity: medium
-- since: 0.3.0
-- layer: ingress
-- need: a manager
-- blame: configuration
-- check: docker service inspect --format '{{json .Spec.EndpointSpec}}' <service>
-- remedy: docker service update --publish-rm <port> --publish-add mode=host,published=<port>,target=<target> <service>
-- risk: every task of the service is replaced; the port then answers only on nodes that run one, and two tasks of it cannot share a node
-- verify: docker service ps <service> shows the tasks running; curl http://NODE:<port>/
-- undo: docker service update --publish-rm <port> <service>
-- remedy: docker service update --endpoint-mode vip <service>
-- risk: its name then answers with one virtual address; clients that balance themselves must ask for tasks.<service>
-- verify: docker service inspect --format '{{json .Endpoint}}' <service>
-- undo: docker service update --endpoint-mode dnsrr <service>
-- limits: managers of today refuse such a service, so it shows only where an older manager or another client of the store let it in;
--   a stack whose deployment was refused leaves no trace with the managers.
--
-- The routing mesh leads a published port to a service's virtual address. With endpoint mode dnsrr there is none, so there is nothing
-- to lead to: the port accepts on every node and hangs, or the service's tasks stay where they are while an update is
-- refused ("EndpointSpec: port published with ingress mode can't be used with dnsrr mode").
SELECT
  s.host,
  'Service ' || s.name || ' has endpoint mode dnsrr and publishes ' || p.proto || ' port ' || p.published || ' on the routing mesh, which needs a virtual address' AS summary,
  'service:' || s.host || '/' || s.name || '/' || p.proto || ':' || p.published AS subject,
  s.name AS service,
  p.proto,
  p.published AS port,
  p.target,
  s.update_state,
  s.ref AS service_ref,
  p.ref AS port_ref
FROM (SELECT service_id, name, host, update_state, ref, ROW_NUMBER() OVER (PARTITION BY service_id ORDER BY host) AS place FROM swarm_service WHERE endpoint_mode = 'dnsrr') AS s
JOIN swarm_service_port AS p ON p.host = s.host AND p.service_id = s.service_id AND p.mode = 'ingress'
WHERE s.place = 1
