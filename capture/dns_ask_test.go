package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	resolver "github.com/miekg/dns"

	"github.com/netmortem/netmortem/schema"
)

// fakeResolver answers each datagram with what reply makes of the question, nothing for nil.
func fakeResolver(t *testing.T, reply func(q *resolver.Msg) []*resolver.Msg) net.Conn {
	t.Helper()
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			q := new(resolver.Msg)
			if q.Unpack(buf[:n]) != nil {
				return
			}
			for _, m := range reply(q) {
				wire, err := m.Pack()
				if err != nil {
					return
				}
				_, _ = l.WriteTo(wire, from)
			}
		}
	}()
	conn, err := net.Dial("udp", l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = l.Close()
		<-done
	})
	return conn
}

// docker's own answer to q, with these records.
func dockerAnswer(q *resolver.Msg, ttl uint32, ips ...string) *resolver.Msg {
	m := new(resolver.Msg)
	m.SetReply(q)
	m.RecursionAvailable = true
	for _, ip := range ips {
		h := resolver.RR_Header{Name: q.Question[0].Name, Rrtype: resolver.TypeA, Class: resolver.ClassINET, Ttl: ttl}
		if strings.Contains(ip, ":") {
			h.Rrtype = resolver.TypeAAAA
			m.Answer = append(m.Answer, &resolver.AAAA{Hdr: h, AAAA: net.ParseIP(ip)})
			continue
		}
		m.Answer = append(m.Answer, &resolver.A{Hdr: h, A: net.ParseIP(ip)})
	}
	return m
}

func TestAsk(t *testing.T) {
	tests := []struct {
		name    string
		qtype   string
		reply   func(q *resolver.Msg) []*resolver.Msg
		rcode   string
		ips     []string
		tc      bool
		dockers bool
	}{
		{"in the order received", "A", func(q *resolver.Msg) []*resolver.Msg {
			return []*resolver.Msg{dockerAnswer(q, 600, "10.0.1.9", "10.0.1.3", "10.0.1.5")}
		}, "NOERROR", []string{"10.0.1.9", "10.0.1.3", "10.0.1.5"}, false, true},
		{"another question's answer comes first", "A", func(q *resolver.Msg) []*resolver.Msg {
			late := dockerAnswer(q, 600, "10.0.1.1")
			late.Id++
			return []*resolver.Msg{late, dockerAnswer(q, 600, "10.0.1.2")}
		}, "NOERROR", []string{"10.0.1.2"}, false, true},
		{"cut", "A", func(q *resolver.Msg) []*resolver.Msg {
			m := dockerAnswer(q, 600, "10.0.1.2")
			m.Truncated = true
			return []*resolver.Msg{m}
		}, "NOERROR", []string{"10.0.1.2"}, true, true},
		{"no AAAA for a service with IPv4 only", "AAAA", func(q *resolver.Msg) []*resolver.Msg { return []*resolver.Msg{dockerAnswer(q, 600)} }, "NOERROR", nil, false, true},
		{"unknown and nowhere to forward to", "A", func(q *resolver.Msg) []*resolver.Msg {
			return []*resolver.Msg{new(resolver.Msg).SetRcode(q, resolver.RcodeServerFailure)}
		}, "SERVFAIL", nil, false, false},
		{"unknown upstream, too", "A", func(q *resolver.Msg) []*resolver.Msg {
			return []*resolver.Msg{new(resolver.Msg).SetRcode(q, resolver.RcodeNameError)}
		}, "NXDOMAIN", nil, false, false},
		{"an answer from upstream", "A", func(q *resolver.Msg) []*resolver.Msg {
			return []*resolver.Msg{dockerAnswer(q, 299, "192.0.2.1")}
		}, "NOERROR", []string{"192.0.2.1"}, false, false},
		{"nothing for A", "A", func(q *resolver.Msg) []*resolver.Msg { return []*resolver.Msg{dockerAnswer(q, 600)} }, "NOERROR", nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn := fakeResolver(t, func(q *resolver.Msg) []*resolver.Msg {
				if q.RecursionDesired || q.IsEdns0() != nil || q.Question[0].Name != "tasks.web." {
					return nil
				}
				return tt.reply(q)
			})
			a := ask(context.Background(), conn, "tasks.web", tt.qtype)
			if a.err != nil {
				t.Fatal(a.err)
			}
			if a.rcode != tt.rcode || a.truncated != tt.tc || a.dockers(tt.qtype) != tt.dockers || len(a.records) != len(tt.ips) {
				t.Errorf("got %+v, Docker's own: %v", a, a.dockers(tt.qtype))
			}
			for i, ip := range tt.ips {
				if a.records[i].address != netip.MustParseAddr(ip) || a.records[i].rtype != "A" {
					t.Errorf("record %d: %+v", i, a.records[i])
				}
			}
		})
	}
}

func TestAskWithoutAnswer(t *testing.T) {
	conn := fakeResolver(t, func(*resolver.Msg) []*resolver.Msg { return nil })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if a := ask(ctx, conn, "web", "A"); !errors.Is(a.err, os.ErrDeadlineExceeded) || a.reason() == "" || a.rcode != "" {
		t.Errorf("silent: %+v", a)
	}

	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	conn, err = net.Dial("udp", l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = l.Close() // nobody listens there now, as when dockerd is dead
	if a := ask(context.Background(), conn, "web", "A"); a.err == nil || errors.Is(a.err, os.ErrDeadlineExceeded) {
		t.Errorf("refused: %+v", a)
	}
}

// A name that Docker does not know is asked once: what it does not know it has forwarded.
func TestAskAll(t *testing.T) {
	share := &dnsShare{container: &dockerContainer{ID: "c1"}, names: []dnsName{{"web", "web", false}, {"tasks.web", "web", true}, {"lost", "lost", false}}, repeats: 3, aaaa: true}
	conn := fakeResolver(t, func(q *resolver.Msg) []*resolver.Msg {
		switch name := q.Question[0].Name; {
		case name == "lost.":
			return []*resolver.Msg{new(resolver.Msg).SetRcode(q, resolver.RcodeNameError)}
		case q.Question[0].Qtype == resolver.TypeAAAA && name == "web.":
			return []*resolver.Msg{dockerAnswer(q, 600, "fd00::2")}
		case q.Question[0].Qtype == resolver.TypeAAAA:
			return []*resolver.Msg{dockerAnswer(q, 600)}
		case name == "tasks.web.":
			return []*resolver.Msg{dockerAnswer(q, 600, "10.0.1.4", "10.0.1.3")}
		}
		return []*resolver.Msg{dockerAnswer(q, 600, "10.0.1.2")}
	})
	asking := asker(t, conn, share)
	cover, entries := runAlone(t, &Host{}, asking)
	for _, c := range cover {
		if c.Outcome != schema.OK || !strings.HasPrefix(c.Reason, "each name was asked") { // three rounds are less than planned, and whole
			t.Errorf("%+v", c)
		}
	}
	var got []string
	for line := range strings.Lines(entries["rows/dns_query.jsonl"]) {
		var q schema.DNSQuery
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(q.Attempt, " ", q.Name, " ", q.QType, " ", q.RCode, " ", q.Answers))
	}
	want := []string{
		"1 web A NOERROR 1", "1 web AAAA NOERROR 1", "1 tasks.web A NOERROR 2", "1 tasks.web AAAA NOERROR 0", "1 lost A NXDOMAIN 0",
		"2 web A NOERROR 1", "2 web AAAA NOERROR 1", "2 tasks.web A NOERROR 2",
		"3 web A NOERROR 1", "3 web AAAA NOERROR 1", "3 tasks.web A NOERROR 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), strings.Join(want, "; "))
	}
	answers := entries["rows/dns_answer.jsonl"]
	if first := `{"netns":"7","container":"c1","name":"tasks.web","service":"web","tasks":true,"qtype":"A","attempt":1,"pos":1,"rtype":"A","address":"10.0.1.4","ttl_s":600}`; !strings.Contains(answers, first) {
		t.Errorf("answers:\n%s", answers)
	}
}

// A resolver that is dead or silent is left alone soon.
func TestAskAllStops(t *testing.T) {
	share := &dnsShare{container: &dockerContainer{ID: "c1"}, repeats: dnsRepeats}
	for _, n := range []string{"a", "b", "c", "d"} {
		share.names = append(share.names, dnsName{n, n, false})
	}
	silent := fakeResolver(t, func(*resolver.Msg) []*resolver.Msg { return nil })
	cover, entries := runAlone(t, &Host{}, asker(t, &hasty{silent}, share))
	if n := strings.Count(entries["rows/dns_query.jsonl"], "\n"); n != dnsTimeouts || cover[0].Outcome != schema.Timeout {
		t.Errorf("silent: %d questions, %+v", n, cover[0])
	}
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := net.Dial("udp", l.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	_ = l.Close()
	cover, entries = runAlone(t, &Host{}, asker(t, dead, share))
	if n := strings.Count(entries["rows/dns_query.jsonl"], "\n"); n != 1 || cover[0].Outcome != schema.Partial || !strings.Contains(cover[0].Reason, "refused") {
		t.Errorf("dead: %d questions, %+v", n, cover[0])
	}
}

// hasty is a connection whose deadlines are over at once, so that nothing has to be waited for.
type hasty struct{ net.Conn }

func (h *hasty) SetDeadline(time.Time) error { return h.Conn.SetDeadline(time.Now()) }
func (h *hasty) Write(b []byte) (int, error) { return len(b), nil }

// asker is a collector of the host that asks a share on a connection.
func asker(t *testing.T, conn net.Conn, share *dnsShare) *Collector {
	t.Helper()
	return &Collector{Name: "asker", Tables: []string{"dns_query", "dns_answer"}, Run: func(ctx context.Context, h *Host, s *Sink) error {
		_, err := askAll(ctx, conn, "7", s, share, netip.MustParseAddr("127.0.0.11"))
		return err
	}}
}

func TestAnswerRecordsOfOtherTypes(t *testing.T) {
	rr, err := resolver.NewRR("web. 60 IN CNAME www.example.")
	if err != nil {
		t.Fatal(err)
	}
	got := answerRecords([]resolver.RR{rr})
	if len(got) != 1 || got[0].rtype != "CNAME" || got[0].target != "www.example" || got[0].ttl != 60 {
		t.Errorf("%+v", got)
	}
}
