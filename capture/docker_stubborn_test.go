package capture

import (
	"bufio"
	"bytes"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// rawDaemon answers on a socket below root: what replies say, and for the path bad whatever answer writes on the connection.
func rawDaemon(t *testing.T, root string, replies map[string]string, bad string, answer func(c net.Conn, whole string)) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "run/docker.sock")
	l, err := net.Listen("unix", name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					p := strings.TrimPrefix(r.URL.RequestURI(), "/v1.41")
					text, known := replies[p]
					switch {
					case p == bad:
						answer(c, text)
						return
					case p == "/_ping" || known:
						_, err = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
					default:
						_, err = fmt.Fprint(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
					}
					if err != nil {
						return
					}
				}
			}()
		}
	}()
}

// A reply that is not what it should be, in each way that a connection allows, costs its own document, whose coverage
// says what happened; what is asked after it comes. Afterwards nothing is left running, and nothing was said about it.
func TestDockerStubborn(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	sized := func(n func(int) int) func(net.Conn, string) {
		return func(c net.Conn, whole string) {
			_, _ = fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, n(len(whole)), whole)
		}
	}
	drip := func(header, piece string, pause time.Duration) func(net.Conn, string) {
		return func(c net.Conn, whole string) {
			_, _ = fmt.Fprintf(c, "%s\r\n", header)
			for {
				if _, err := fmt.Fprint(c, piece); err != nil {
					return
				}
				time.Sleep(pause)
			}
		}
	}
	untilGone := func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }
	element := `{"Id":"x","P":"` + strings.Repeat("y", 2000) + `"},`
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(element), element)
	tests := []struct {
		name         string
		answer       func(c net.Conn, whole string)
		object, list schema.Outcome
		reason       string // of an object; of a list, too, unless listReason says otherwise
		listReason   string
		after        bool // the daemon answers at once, so what is asked afterwards comes whatever the machine does
	}{
		{"hangs", func(c net.Conn, _ string) { untilGone(c) }, schema.Timeout, schema.Timeout, "gave no answer within 200ms", "", false},
		{"hangs within the header", func(c net.Conn, _ string) { fmt.Fprint(c, "HTTP/1.1 200 O"); untilGone(c) }, schema.Timeout, schema.Timeout, "gave no answer within 200ms", "", false},
		{"hangs within the body", func(c net.Conn, whole string) {
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(whole), whole[:len(whole)/2])
			untilGone(c)
		}, schema.Timeout, schema.Timeout, "gave no answer within 200ms", "", false},
		{"drips", drip(head+"Connection: close\r\n", " ", 20*time.Millisecond), schema.Timeout, schema.Timeout, "gave no answer within 200ms", "", false},
		{"drips its header", func(c net.Conn, _ string) {
			fmt.Fprint(c, head)
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(c, "X-%d: y\r\n", i); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}, schema.Timeout, schema.Timeout, "gave no answer within 200ms", "", false},
		{"a length that is too long", sized(func(n int) int { return n + 1000 }), schema.Skipped, schema.Skipped, "read the reply: unexpected EOF", "", true},
		{"a length that is too short", sized(func(n int) int { return n - 5 }), schema.Skipped, schema.Partial, "withheld: not JSON", "the reply ends before the array does, after ", true},
		{"cut within the body", func(c net.Conn, whole string) {
			fmt.Fprintf(c, "%sContent-Length: %d\r\n\r\n%s", head, len(whole), whole[:len(whole)/2])
		}, schema.Skipped, schema.Skipped, "read the reply: unexpected EOF", "", true},
		{"cut within a chunk", func(c net.Conn, whole string) {
			fmt.Fprintf(c, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", head, len(whole), whole[:len(whole)/2])
		}, schema.Skipped, schema.Skipped, "read the reply: unexpected EOF", "", true},
		{"cut, without a length", func(c net.Conn, whole string) {
			fmt.Fprintf(c, "%sConnection: close\r\n\r\n%s", head, whole[:len(whole)-5])
		}, schema.Skipped, schema.Partial, "withheld: not JSON", "the reply ends before the array does, after ", true},
		{"closes", func(net.Conn, string) {}, schema.Skipped, schema.Skipped, "EOF", "", true},
		{"chunks without end", drip(head+"Transfer-Encoding: chunked\r\n\r\n1\r\n[", chunk, 0), schema.Truncated, schema.Truncated, "withheld: longer than 8000 bytes", "the reply was longer than 8000 bytes", true},
		{"a chunk that is none", func(c net.Conn, _ string) {
			fmt.Fprintf(c, "%sTransfer-Encoding: chunked\r\n\r\nsesame\r\n", head)
		}, schema.Skipped, schema.Skipped, "invalid byte in chunk length", "", true},
		{"a header without end", drip(strings.TrimSuffix(head, "\r\n"), strings.Repeat("x", 1<<16), 0), schema.Skipped, schema.Skipped, "server response headers exceeded", "", true},
		{"an error", func(c net.Conn, _ string) {
			fmt.Fprint(c, "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n"+`{"message":"broken by password=sesame"}`)
		}, schema.Partial, schema.Partial, ": 500 broken by password=<masked>", "", true},
		{"an error in HTML", func(c net.Conn, _ string) {
			fmt.Fprint(c, "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n<html>no</html>")
		}, schema.Partial, schema.Partial, ": 502 <html>no</html>", "", true},
		{"another version of the API is asked for", func(c net.Conn, _ string) {
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"+`{"message":"client version 1.41 too old."}`)
		}, schema.Partial, schema.Partial, ": 400 client version 1.41 too old.", "", true},
		{"no HTTP", func(c net.Conn, _ string) { fmt.Fprint(c, "\x00\xff\x15sesame\r\n\r\n") }, schema.Skipped, schema.Skipped, "malformed HTTP response", "", true},
		{"no header", func(c net.Conn, _ string) { fmt.Fprint(c, "HTTP/1.1 200 OK\r\nsesame\r\n\r\n") }, schema.Skipped, schema.Skipped, "malformed MIME header", "", true},
		{"no status", func(c net.Conn, _ string) { fmt.Fprint(c, "HTTP/1.1 sesame OK\r\n\r\n") }, schema.Skipped, schema.Skipped, "malformed HTTP status code", "", true},
		{"no JSON", func(c net.Conn, _ string) { fmt.Fprintf(c, "%sContent-Length: 6\r\n\r\nsesame", head) }, schema.Skipped, schema.Skipped, "withheld: not JSON", "", true},
		{"nothing", func(c net.Conn, _ string) { fmt.Fprintf(c, "%sContent-Length: 0\r\n\r\n", head) }, schema.Skipped, schema.Skipped, "withheld: not JSON", "", true},
	}
	documents := []struct{ name, path, next string }{
		{"version", "/version", "info"}, {"info", "/info", "containers"},
		{"containers", "/containers/json?all=1", "networks"}, {"container_inspect", "/containers/c1/json", "networks"}, {"networks", "/networks", "services"},
	}
	var said bytes.Buffer
	log.SetOutput(&said) // where net/http says what it finds strange, with the bytes
	defer log.SetOutput(os.Stderr)
	before := runtime.NumGoroutine()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, doc := range documents {
				t.Run(doc.name, func(t *testing.T) {
					root := socketRoot(t)
					deadline := 200 * time.Millisecond
					if tt.after {
						deadline = time.Minute
					}
					r := healthy()
					r["/containers/json?all=1"] = `[{"Id":"c1","Names":["/web.1"]}]`
					rawDaemon(t, root, r, doc.path, tt.answer)
					cover, docs, d := captureDocker(t, Options{Root: root, MaxBytes: 8000}, deadline)
					defer d.close()
					outcome, reason := tt.object, tt.reason
					if doc.name == "containers" || doc.name == "networks" {
						outcome = tt.list
						if tt.listReason != "" {
							reason = tt.listReason
						}
					}
					c := cover[doc.name]
					if c.Outcome != outcome || !strings.Contains(c.Reason, reason) || strings.Contains(c.Reason, "sesame") {
						t.Errorf("%s: %s: %s; want %s: %s", doc.name, c.Outcome, c.Reason, outcome, reason)
					}
					if _, written := docs[doc.name]; written != (tt.listReason != "" && reason == tt.listReason) {
						t.Errorf("it was written: %v", written)
					}
					if tt.after && cover[doc.next].Outcome != schema.OK {
						t.Errorf("%s after it: %+v", doc.next, cover[doc.next])
					}
				})
			}
		})
	}
	for i := 0; runtime.NumGoroutine() > before; i++ {
		if i == 500 {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines are left, there were %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
	if said.Len() > 0 {
		t.Errorf("it was said, where nobody masks it:\n%.1000s", said.String())
	}
}
