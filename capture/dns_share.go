package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/netmortem/netmortem/schema"
)

// askAll asks a container's share, each name once before any is asked again, and reports whether an answer came.
func askAll(ctx context.Context, conn net.Conn, netns string, s *Sink, share *dnsShare, server netip.Addr) (answered bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, dnsPerNetns)
	defer cancel()
	unknown, six, timeouts := map[string]bool{}, map[string]bool{}, 0
	for attempt := 1; attempt <= share.repeats; attempt++ {
		for _, name := range share.names {
			for _, qtype := range questions(attempt, share.aaaa, six[name.name]) {
				if unknown[name.name] {
					continue
				}
				if ctx.Err() != nil {
					return answered, &Incomplete{schema.Truncated, fmt.Sprintf("%s were over in round %d of %d", dnsPerNetns, attempt, share.repeats)}
				}
				a := ask(ctx, conn, name.name, qtype)
				if err := putAnswer(s, netns, share.container.ID, server, name, qtype, attempt, a); err != nil {
					return answered, err
				}
				answered = answered || a.err == nil
				unknown[name.name] = a.err == nil && !a.dockers(qtype)
				if qtype == "AAAA" {
					six[name.name] = len(a.records) > 0
				}
				if errors.Is(a.err, os.ErrDeadlineExceeded) {
					if timeouts++; timeouts >= dnsTimeouts {
						return answered, &Incomplete{schema.Timeout, fmt.Sprintf("%d questions had no answer within %s; no more were asked", timeouts, dnsAnswerBy)}
					}
				} else if a.err != nil {
					return answered, &Incomplete{schema.Partial, fmt.Sprintf("resolver %s: %s; no more was asked", server, a.reason())}
				}
			}
		}
	}
	switch {
	case share.dropped > 0:
		return answered, &Incomplete{schema.Truncated, fmt.Sprintf("%d names were left out", share.dropped)}
	case share.repeats < dnsRepeats:
		// One answer holds the whole set; what is missing is a sample of its order.
		return answered, &Incomplete{schema.OK, "each name was asked once, for A only: there were too many questions for more"}
	}
	return answered, nil
}

// putAnswer writes the rows of one question.
func putAnswer(s *Sink, netns, container string, server netip.Addr, name dnsName, qtype string, attempt int, a answer) error {
	err := s.Put(&schema.DNSQuery{Netns: netns, Container: container, Server: server, Name: name.name, Service: name.service, Tasks: name.tasks,
		QType: qtype, Attempt: int64(attempt), RCode: a.rcode, Error: a.reason(), Truncated: a.truncated, Answers: int64(len(a.records)), Micros: a.took.Microseconds()})
	for i, r := range a.records {
		if err != nil {
			return err
		}
		err = s.Put(&schema.DNSAnswer{Netns: netns, Container: container, Name: name.name, Service: name.service, Tasks: name.tasks,
			QType: qtype, Attempt: int64(attempt), Pos: int64(i + 1), RType: r.rtype, Address: r.address, Target: r.target, TTL: r.ttl})
	}
	return err
}
