package scene

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
)

// maxQueues is how many queues are listed; of more those left out are ones at which nothing waits.
const maxQueues = 2000

// queueVerdicts are the words of the table service_queue, the worst first.
var queueVerdicts = []string{"full", "unaccepted", "overflowing", "unread", "dropping", "unknown", "ok"}

// readQueues lists what waits at listening sockets, the full ones first.
func readQueues(ctx context.Context, tx *sql.Tx, see Sight, s *Scene) error {
	var q Queue
	var kind, name string
	var waiting, backlog sql.Null[int]
	var unread sql.Null[int64]
	var cpu, window sql.Null[float64]
	err := each(ctx, tx, `SELECT kind, name, proto, COALESCE(port, 0), host, verdict, why, waiting, backlog, unread_bytes, cpu_ms, window_s, ref, COALESCE(cpu_ref, ''), COALESCE(counter_ref, '') FROM service_queue`,
		[]any{&kind, &name, &q.Proto, &q.Port, &q.Host, &q.Verdict, &q.Why, &waiting, &backlog, &unread, &cpu, &window, &q.Ref, &q.CPURef, &q.CounterRef}, func() {
			x := q
			switch kind {
			case "service":
				x.Party = Party{PartyService, see.notes.once(name)}
			case "host":
				x.Party = Party{PartyHost, see.notes.once(name)}
			default:
				x.Party = see.notes.container(name)
			}
			x.Proto, x.Host, x.Verdict, x.Why = see.notes.once(q.Proto), see.notes.once(q.Host), see.notes.once(q.Verdict), see.notes.once(q.Why)
			x.Waiting, x.Backlog, x.Unread, x.CPU, x.Window = number[int](waiting), number[int](backlog), number[int64](unread), number[float64](cpu), number[float64](window)
			s.Queues = append(s.Queues, x)
		})
	rank := func(q *Queue) int {
		if i := slices.Index(queueVerdicts, q.Verdict); i >= 0 {
			return i
		}
		return len(queueVerdicts)
	}
	slices.SortFunc(s.Queues, func(a, b Queue) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), strings.Compare(a.Party.Name, b.Party.Name), strings.Compare(a.Party.Kind, b.Party.Kind), strings.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port), strings.Compare(a.Ref, b.Ref))
	})
	if s.QueuesLeft = max(0, len(s.Queues)-maxQueues); s.QueuesLeft > 0 {
		s.Queues = slices.Clone(s.Queues[:maxQueues])
	}
	return err
}
