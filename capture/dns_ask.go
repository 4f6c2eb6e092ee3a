package capture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	resolver "github.com/miekg/dns"
)

// dockerTTL is the time to live of Docker's own records, in seconds (moby libnetwork/resolver.go: respTTL).
const dockerTTL = 600

// answer is what came back for one question.
type answer struct {
	rcode     string
	truncated bool
	records   []dnsRecord // in the order received
	took      time.Duration
	err       error // no answer came
}

type dnsRecord struct {
	rtype   string
	address netip.Addr
	target  string
	ttl     int64
}

// reason says why no answer came.
func (a *answer) reason() string {
	switch {
	case a.err == nil:
		return ""
	case errors.Is(a.err, context.DeadlineExceeded):
		return "the deadline passed"
	}
	var op *net.OpError
	if errors.As(a.err, &op) && !op.Timeout() {
		return op.Err.Error()
	} else if errors.As(a.err, &op) {
		return fmt.Sprintf("no answer within %s", dnsAnswerBy)
	}
	return a.err.Error()
}

// dockers reports whether the answer is Docker's own. What it did not know it has forwarded: then the answer is an error,
// or empty though an address was asked for, or has another time to live or another type of record.
func (a *answer) dockers(qtype string) bool {
	if a.rcode != "NOERROR" || qtype == "A" && len(a.records) == 0 {
		return false
	}
	for _, r := range a.records {
		if r.ttl != dockerTTL || r.rtype != qtype {
			return false
		}
	}
	return true
}

// questions are the types asked for a name in one round: A always, AAAA in the first, and again if that had addresses.
func questions(attempt int, aaaa, six bool) []string {
	if aaaa && (attempt == 1 || six) {
		return []string{"A", "AAAA"}
	}
	return []string{"A"}
}

// ask asks one question, as a libc does: no EDNS, one datagram. It waits dnsAnswerBy.
func ask(ctx context.Context, conn net.Conn, name, qtype string) answer {
	q := new(resolver.Msg)
	q.SetQuestion(resolver.Fqdn(name), resolver.StringToType[qtype])
	q.RecursionDesired = false // see the collector
	wire, err := q.Pack()
	if err != nil {
		return answer{err: fmt.Errorf("pack the question: %w", err)}
	}
	start := time.Now()
	by := start.Add(dnsAnswerBy)
	if d, ok := ctx.Deadline(); ok && d.Before(by) {
		by = d
	}
	if err := conn.SetDeadline(by); err != nil {
		return answer{err: err}
	}
	if _, err := conn.Write(wire); err != nil {
		return answer{err: err}
	}
	buf := make([]byte, resolver.MaxMsgSize)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return answer{err: err, took: time.Since(start)}
		}
		// A late answer to an earlier question, or a stranger's, is not ours.
		m := new(resolver.Msg)
		if m.Unpack(buf[:n]) != nil || m.Id != q.Id || !m.Response || len(m.Question) != 1 || !strings.EqualFold(m.Question[0].Name, q.Question[0].Name) {
			continue
		}
		return answer{rcode: rcode(m.Rcode), truncated: m.Truncated, records: answerRecords(m.Answer), took: time.Since(start)}
	}
}

// rcode is the word for a response code.
func rcode(code int) string {
	if s, ok := resolver.RcodeToString[code]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", code)
}

// answerRecords converts answer records, in their order.
func answerRecords(rrs []resolver.RR) []dnsRecord {
	var out []dnsRecord
	for _, rr := range rrs {
		h := rr.Header()
		r := dnsRecord{rtype: resolver.Type(h.Rrtype).String(), ttl: int64(h.Ttl)}
		switch rr := rr.(type) {
		case *resolver.A:
			r.address, _ = netip.AddrFromSlice(rr.A.To4())
		case *resolver.AAAA:
			r.address, _ = netip.AddrFromSlice(rr.AAAA)
		default:
			r.target = strings.TrimSuffix(strings.TrimPrefix(rr.String(), h.String()), ".")
		}
		out = append(out, r)
	}
	return out
}
