package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// readContainers lists the containers of all captured hosts, with the addresses that their daemon says they have. What the daemon did not
// describe itself, and has on its disk, stands in the same tables.
func readContainers(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	type key struct{ host, id string }
	var all int
	if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM container`).Scan(&all); err != nil {
		return err
	}
	if all > 0 {
		s.Containers = make([]Container, 0, all)
	}
	at := make(map[key]int, all)
	var c Container
	var project, part, service, stack string
	var oom bool
	var started, finished sql.NullString
	err := each(ctx, tx, `SELECT host, container, COALESCE(name, container), COALESCE(service, ''), COALESCE(image, ''), COALESCE(state, ''), COALESCE(health, ''),
  COALESCE(exit_code, 0), COALESCE(oom_killed, 0), COALESCE(restart_count, 0), started_at, finished_at, COALESCE(log_path, ''), COALESCE(compose_project, ''), COALESCE(compose_service, ''), COALESCE(service_id, ''), COALESCE(stack, ''), ref
FROM container WHERE container IS NOT NULL`,
		[]any{&c.Host, &c.ID, &c.Name, &c.Service, &c.Image, &c.State, &c.Health, &c.ExitCode, &oom, &c.Restarts, &started, &finished, &c.Log, &project, &part, &service, &stack, &c.Ref}, func() {
			c.Host, c.ID = see.notes.once(c.Host), see.notes.once(c.ID)
			k := key{c.Host, c.ID}
			if _, ok := at[k]; ok {
				return
			}
			at[k] = len(s.Containers)
			x := c
			x.OOM, x.Started, x.Finished = oom, moment(started), moment(finished)
			told := labels{By: ByContainers, ID: service, Stack: stack}
			if x.Service == "" && part != "" {
				x.Service = composed(project, part)
				told = labels{By: ByCompose, ID: x.Service, Stack: project}
			}
			if x.Service != "" && see.notes.labels[x.Service] == nil {
				told.ID, told.Stack, told.nets = see.notes.once(told.ID), see.notes.once(told.Stack), map[string]bool{}
				see.notes.labels[see.notes.once(x.Service)] = &told
			}
			if x.Service != "" {
				see.notes.serviceOf[x.Name] = see.notes.once(x.Service)
			}
			x.Service, x.Image, x.State, x.Health = see.notes.once(x.Service), see.notes.once(x.Image), see.notes.once(x.State), see.notes.once(x.Health)
			s.Containers = append(s.Containers, x)
		})
	if err != nil {
		return err
	}
	var host, id, net, text, six string
	err = each(ctx, tx, `SELECT host, container, COALESCE(network_id, ''), COALESCE(ip, ''), COALESCE(ip6, '') FROM container_network WHERE container IS NOT NULL`, []any{&host, &id, &net, &text, &six}, func() {
		i, ok := at[key{host, id}]
		if !ok {
			return
		}
		if told := see.notes.labels[s.Containers[i].Service]; told != nil && net != "" {
			told.nets[see.notes.once(net)] = true
		}
		for _, ip := range []string{text, six} {
			if x := &s.Containers[i]; ip != "" && !slices.Contains(x.IPs, ip) {
				x.IPs = append(x.IPs, see.notes.once(ip))
			}
		}
	})
	if err != nil {
		return err
	}
	err = each(ctx, tx, `SELECT host, container, netns FROM netns WHERE container IS NOT NULL`, []any{&host, &id, &text}, func() {
		if i, ok := at[key{host, id}]; ok {
			s.Containers[i].NetNS = text
		}
	})
	slices.SortFunc(s.Containers, func(a, b Container) int {
		return cmp.Or(strings.Compare(a.Host, b.Host), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return err
}

// composed is the name of a service of Docker Compose. No service of a swarm can have it: their names have no slash.
func composed(project, service string) string {
	if project == "" {
		return service
	}
	return project + "/" + service
}
