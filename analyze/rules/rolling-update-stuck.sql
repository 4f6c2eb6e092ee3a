-- Rolling update has stopped half way
-- catalogue: F14
-- severity: medium
-- since: 0.3.0
-- layer: swarm
-- need: a manager
-- blame: application
-- check: docker service inspect -f '{{json .UpdateStatus}}' <service>; docker service ps --no-trunc <service>
-- remedy: docker service update --force <service>
-- risk: goes on with the new version, which failed before
-- verify: docker service inspect -f '{{.UpdateStatus.State}}' <service> prints completed
-- undo: docker service rollback <service>
-- remedy: docker service rollback <service>
-- risk: tasks that already run the new version are replaced by the old one
-- verify: docker service inspect -f '{{.UpdateStatus.State}}' <service> prints rollback_completed
-- undo: docker service update --image NEW <service>
-- limits: says what the managers say. A rollback that ended is no finding, nor is an update that is still going on.
--
-- An update replaces a few tasks at a time and watches each for a while. If more than the allowed share fails within that time, and the failure action is pause,
-- which is the default, the update stops where it is: some tasks run the new version, others the old one, and nobody is told.
--
-- Clients then meet two versions, round robin. A later change of the service starts a new update. The reason is in the failed tasks: an image that cannot be had,
-- a program that ends, a health check that never passes.
SELECT
  s.host,
  'the ' || CASE WHEN s.update_state = 'rollback_paused' THEN 'rollback' ELSE 'update' END || ' of ' || s.name || ' is paused' || COALESCE(': ' || s.update_message, '') AS summary,
  'service:' || s.host || '/' || s.name || '/update' AS subject,
  s.name AS service,
  s.update_state,
  s.update_started,
  s.update_failure AS failure_action,
  s.image,
  f.label AS failed_task,
  f.err AS its_error,
  s.ref AS service_ref,
  f.ref AS task_ref
FROM (SELECT w.*, ROW_NUMBER() OVER (PARTITION BY w.service_id ORDER BY r.last_s DESC, w.host) AS place
  FROM swarm_service AS w JOIN reading AS r ON r.host = w.host) AS s
LEFT JOIN (SELECT service_id, label, err, ref, ROW_NUMBER() OVER (PARTITION BY service_id ORDER BY made_s DESC, ref) AS place
  FROM task_now WHERE state IN ('failed', 'rejected')) AS f ON f.service_id = s.service_id AND f.place = 1
WHERE s.place = 1 AND s.update_state IN ('paused', 'rollback_paused')
