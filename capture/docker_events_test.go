package capture

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/schema"
)

// eventDaemon answers pings, and events by a function.
func eventDaemon(events http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("/v1.41/events", events)
	return mux
}

func eventLine(i int) string {
	return fmt.Sprintf(`{"Type":"container","Action":"exec_create: sh -c 'curl -u a:sesame x'","Actor":{"ID":"c%d","Attributes":{"app_token":"sesame","name":"web"}},"time":%d}`, i, i)
}

func TestDockerEvents(t *testing.T) {
	flush := func(w http.ResponseWriter, lines int) {
		for i := range lines {
			_, _ = io.WriteString(w, eventLine(i)+"\n")
		}
		w.(http.Flusher).Flush()
	}
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		bytes   int64
		want    schema.Outcome
		reason  string
		lines   int
		lastHas string
	}{
		{"three", func(w http.ResponseWriter, _ *http.Request) { flush(w, 3) }, 0, schema.OK, "", 3, `"ID":"c2"`},
		{"none", func(http.ResponseWriter, *http.Request) {}, 0, schema.OK, "", 0, ""},
		{"as many as are remembered", func(w http.ResponseWriter, _ *http.Request) { flush(w, 256) }, 0, schema.OK, "256 events, as many as a daemon remembers", 256, ""},
		{"more than fit", func(w http.ResponseWriter, _ *http.Request) { flush(w, 100) }, 2000, schema.Truncated, "the newest ", 10, `"ID":"c99"`},
		{"no end", func(w http.ResponseWriter, r *http.Request) { flush(w, 3); <-r.Context().Done() }, 0, schema.Partial, "3 events; then GET /events: dockerd at", 3, ""},
		{"cut in a line", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = io.WriteString(w, eventLine(0)+"\n"+eventLine(1)[:40])
		}, 0, schema.Partial, "1 events; then", 1, ""},
		{"garbage", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html>sesame\n"+eventLine(1)+"\n")
		}, 0, schema.Partial, "1 of 2 lines withheld", 1, ""},
		{"refused", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"message":"broken"}`, 500) }, 0, schema.Partial, "GET /events: 500 broken", -1, ""},
		{"hung", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 0, schema.Timeout, "gave no answer within", -1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := socketRoot(t)
			serve(t, root, eventDaemon(tt.answer))
			o := Options{Root: root, Since: time.Hour, LogBytes: tt.bytes}
			d, err := newDocker(o)
			if err != nil {
				t.Fatal(err)
			}
			d.deadline = 300 * time.Millisecond
			cover, entries := runAlone(t, &Host{Options: o, Docker: d}, dockerEvents)
			if len(cover) != 1 || cover[0].Outcome != tt.want || !strings.Contains(cover[0].Reason, tt.reason) {
				t.Errorf("coverage %+v", cover)
			}
			text, ok := entries["raw/"+eventsDocument]
			if ok != (tt.lines >= 0) {
				t.Fatalf("a document: %v", ok)
			}
			if n := strings.Count(text, "\n"); ok && n != tt.lines && (tt.lines != 10 || n < 5 || n > 15) {
				t.Errorf("%d lines, want %d", n, tt.lines)
			}
			if strings.Contains(text, "sesame") || !strings.Contains(text, tt.lastHas) {
				t.Errorf("text %.400q", text)
			}
		})
	}
}

// What is asked for only on request is not asked for otherwise, and then says so.
func TestDockerOnRequest(t *testing.T) {
	root := socketRoot(t)
	r := healthy()
	r["/networks"] = `[{"Id":"n1","Name":"app","Driver":"overlay","Scope":"swarm"},{"Id":"b","Driver":"bridge","Scope":"local"}]`
	r["/networks/b"] = `{"Id":"b"}`
	r["/networks/n1?verbose=true"] = `{"Id":"n1","Services":{"web":{"VIP":"10.0.0.2","LocalLBIndex":257,"Tasks":[{"Name":"web.1","EndpointIP":"10.0.0.3","Info":{"Host IP":"10.1.0.1"}}]}}}`
	r["/system/df"] = `{"LayersSize":5,"Images":[]}`
	r["/debug/pprof/goroutine?debug=2"] = "goroutine 1 [running]:\nmain.main(token=sesame)\n"
	r["/plugins"] = `[{"Id":"p","Name":"net","Settings":{"Env":["TOKEN=sesame"]}}]`
	daemon := &fakeDaemon{replies: r}
	daemon.listen(t, root)
	asked := []*Collector{docker, dockerPlugins, dockerNetworkDB, dockerDiskUsage, dockerGoroutines}
	run := func(o Options) (map[string]schema.Coverage, map[string]string) {
		o.Root = root
		d, err := newDocker(o)
		if err != nil {
			t.Fatal(err)
		}
		cover, entries := runAlone(t, &Host{Options: o, Docker: d}, asked...)
		by := map[string]schema.Coverage{}
		for _, c := range cover {
			by[c.Document] = c
		}
		return by, entries
	}
	names := []string{"raw/docker/network_verbose.json", "raw/docker/disk_usage.json", "raw/docker/goroutines.txt"}
	cover, _ := run(Options{})
	for _, name := range names {
		if c := cover[name]; c.Outcome != schema.Skipped || !strings.HasPrefix(c.Reason, schema.OnRequest) {
			t.Errorf("%s: %+v", name, c)
		}
	}
	for _, line := range daemon.log() {
		if strings.Contains(line, "verbose") || strings.Contains(line, "/system/df") || strings.Contains(line, "pprof") {
			t.Errorf("asked %s", line)
		}
	}
	cover, entries := run(Options{NetworkDB: true, DiskUsage: true, Goroutines: true})
	for _, name := range append(names, "raw/docker/plugins.json") {
		if c := cover[name]; c.Outcome != schema.OK || entries[name] == "" || strings.Contains(entries[name], "sesame") {
			t.Errorf("%s: %+v %q", name, c, entries[name])
		}
	}
	delete(r, "/debug/pprof/goroutine?debug=2")
	delete(r, "/plugins")
	cover, _ = run(Options{Goroutines: true})
	if c := cover["raw/docker/goroutines.txt"]; c.Outcome != schema.Absent {
		t.Errorf("outside of debug mode: %+v", c)
	}
	if c := cover["raw/docker/plugins.json"]; c.Outcome != schema.Absent {
		t.Errorf("no plug-ins: %+v", c)
	}
}
