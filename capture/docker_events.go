package capture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// eventsKept is how many events a daemon remembers (moby daemon/events: eventsLimit).
const eventsKept = 256

// maxStream bounds what is read of a stream to find its newest lines.
const maxStream = 64 << 20

// dockerEvents keeps what the daemon remembers of the time before the capture. With until in the past it replies at once
// and ends the stream.
var dockerEvents = &Collector{
	Name: "docker_events",
	Doc: "What the daemon remembers of events, GET /events of the last --since minutes, one JSON object a line, masked; the newest ones when there " +
		"are too many. A daemon remembers the last 256, and none from before its start.",
	Needs:    "access to Docker's socket, as root and its group have it",
	Effects:  "None: a GET with a deadline, which the daemon ends itself because the time that it asks for is over.",
	Since:    "0.2.0",
	Docs:     []string{eventsDocument},
	Daemon:   true,
	Deadline: dockerDeadline,
	Run: func(ctx context.Context, h *Host, s *Sink) error {
		if h.Docker == nil {
			return noDocker(h)
		}
		if err := h.Docker.negotiate(ctx); err != nil {
			return err
		}
		now := time.Now()
		query := url.Values{"since": {unixNano(now.Add(-h.Options.Since))}, "until": {unixNano(now)}}
		bound := h.Options.LogBytes
		if bound <= 0 {
			bound = DefaultLogBytes
		}
		tail, err := h.Docker.lines(ctx, "/events", query, bound)
		var api *apiError
		if err != nil && (tail == nil || errors.As(err, &api)) {
			return err
		}
		text, kept, count, foreign := maskValues(tail.lines)
		if e := s.Document(eventsDocument, text, count); e != nil {
			return e
		}
		switch reason := ""; {
		case err != nil:
			o := outcomeOf(err)
			return coverLines(s, schema.Partial, fmt.Sprintf("%d events; then %s", kept, o.reason))
		case foreign > 0:
			return coverLines(s, schema.Partial, fmt.Sprintf("%d of %d lines withheld: %v", foreign, kept+foreign, errNotJSON))
		case tail.dropped > 0:
			return coverLines(s, schema.Truncated, fmt.Sprintf("the newest %d events of %d, as many as %d bytes hold", kept, int64(kept)+tail.dropped, bound))
		case tail.cut:
			return coverLines(s, schema.Truncated, fmt.Sprintf("%d events, the stream was longer than %d bytes", kept, maxStream))
		case kept >= eventsKept:
			reason = fmt.Sprintf("%d events, as many as a daemon remembers: there may have been more", kept)
			return coverLines(s, schema.OK, reason)
		}
		return nil
	},
}

const eventsDocument = "docker/events.jsonl"

// coverLines gives the events an outcome other than ok.
func coverLines(s *Sink, o schema.Outcome, reason string) error {
	s.Cover(schema.Coverage{Document: eventsDocument, Outcome: o, Reason: reason})
	return nil
}

// unixNano is a time as the daemon reads it (moby api/types/time: GetTimestamp).
func unixNano(t time.Time) string {
	return strconv.FormatInt(t.Unix(), 10) + fmt.Sprintf(".%09d", t.Nanosecond())
}

// maskValues masks lines of JSON, one value a line. Those that are none are left out and counted as foreign.
func maskValues(lines [][]byte) (text []byte, kept, masked, foreign int) {
	var b bytes.Buffer
	for _, line := range lines {
		clean, n, err := maskJSON(line)
		if err != nil {
			foreign++
			continue
		}
		b.Write(clean)
		b.WriteByte('\n')
		kept, masked = kept+1, masked+n
	}
	return b.Bytes(), kept, masked, foreign
}

// lineTail are the newest lines of a stream, without their ends.
type lineTail struct {
	lines   [][]byte
	size    int64
	dropped int64 // older lines
	cut     bool  // the stream went on
}

// add takes a line and lets go of as many old ones as the bound demands.
func (t *lineTail) add(line []byte, bound int64) {
	t.lines = append(t.lines, bytes.Clone(line))
	t.size += int64(len(line)) + 1
	for t.size > bound && len(t.lines) > 0 {
		t.size -= int64(len(t.lines[0])) + 1
		t.lines[0] = nil
		t.lines = t.lines[1:]
		t.dropped++
	}
}

// lines asks the daemon for a stream of lines and keeps the newest, up to bound bytes. What came before an error is
// returned with it.
func (d *Docker) lines(ctx context.Context, p string, query url.Values, bound int64) (*lineTail, error) {
	if err := d.absent(); err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, d.deadline)
	defer cancel()
	res, err := d.ask(within, "/v"+d.api.ClientVersion()+p, query)
	if err != nil {
		return nil, d.judged(ctx, p, err, d.deadline)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var body [200]byte
		n, _ := res.Body.Read(body[:]) // the status is the news
		return nil, fmt.Errorf("GET %s: %w", p, &apiError{res.StatusCode, message(body[:n])})
	}
	tail := &lineTail{}
	counted := &countedReader{r: res.Body, left: maxStream}
	sc := bufio.NewScanner(counted)
	sc.Buffer(make([]byte, 0, 16<<10), int(max(bound, 64<<10)))
	for sc.Scan() {
		if line := bytes.TrimRight(sc.Bytes(), "\r\n"); len(line) > 0 {
			tail.add(line, bound)
		}
	}
	tail.cut = counted.left <= 0
	err = sc.Err()
	if err != nil && within.Err() != nil {
		err = within.Err()
	}
	if err != nil {
		return tail, d.judged(ctx, p, fmt.Errorf("read the reply: %w", err), d.deadline)
	}
	return tail, nil
}

// countedReader ends after a number of bytes.
type countedReader struct {
	r    io.Reader
	left int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.EOF
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
