package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A labTried is what one client tried of one target, as testdata/lab/prober tells it.
type labTried struct {
	Client  string     `json:"client"` // the container's owner as the walk names it, a host's name or outside
	Host    string     `json:"host"`
	Server  string     `json:"server"`
	Network string     `json:"network"`
	Via     string     `json:"via"` // vip, dnsrr, tasks, container, published or egress
	At      string     `json:"at"`  // of a published port the host that is asked, or 127.0.0.1, of a container its owner
	Port    int        `json:"port"`
	Proto   string     `json:"proto"` // tcp or udp
	Name    string     `json:"name"`
	Answers []string   `json:"answers"`
	NoName  string     `json:"no_name"`
	Rounds  [][]labTry `json:"rounds"`
}

// A labTry is what became of the connections to one address.
type labTry struct {
	IP string `json:"ip"`
	labCounts
	Door *labCounts `json:"door"` // to the prober's own port
}

type labCounts struct {
	Small  map[string]int `json:"small"` // by who answered
	Full   int            `json:"full"`
	Failed map[string]int `json:"failed"` // by how
}

// A labRound is everything that was tried at one time.
type labRound struct {
	tried    []labTried
	services map[string]string // host name of a container: its service
}

// readRound reads the lines of all probers in a folder.
func readRound(dir string) (*labRound, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("nothing was tried in %s: %v", dir, err)
	}
	r := &labRound{services: map[string]string{"outside": ""}}
	for _, p := range paths {
		if err := r.read(p); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *labRound) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var l struct {
			Container *struct{ Hostname, Service string }
			Tried     *labTried
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		switch {
		case l.Container != nil:
			r.services[l.Container.Hostname] = l.Container.Service
		case l.Tried != nil:
			r.tried = append(r.tried, *l.Tried)
		default:
			return fmt.Errorf("%s:%d: neither a container nor what was tried", path, n)
		}
	}
	return lines.Err()
}

// What a client reached of a target: all of its connections, some or none.
const (
	reachedAll  = "all"
	reachedSome = "some"
	reachedNone = "none"
)

// reached says for each time that a target was tried how much of it was reached. An answer of somebody else's counts as none: who
// asks for a service wants that service. Nothing is reached when the service's own port never answers.
func (r *labRound) reached(t *labTried) []string {
	if t.NoName != "" {
		return []string{reachedNone}
	}
	var out []string
	for _, round := range t.Rounds {
		ok, failed, beside := 0, 0, 0
		for _, x := range round {
			o, f := r.count(t, &x.labCounts)
			ok, failed = ok+o, failed+f
			if x.Door != nil {
				_, f := r.count(t, x.Door)
				beside += f
			}
		}
		switch {
		case ok+failed == 0: // nobody was left to be asked
		case failed+beside == 0:
			out = append(out, reachedAll)
		case ok == 0:
			out = append(out, reachedNone)
		default:
			out = append(out, reachedSome)
		}
	}
	return out
}

func (r *labRound) count(t *labTried, x *labCounts) (ok, failed int) {
	ok = x.Full
	for who, n := range x.Small {
		if service, known := r.services[who]; known && service == t.Server {
			ok += n
		} else {
			failed += n
		}
	}
	for _, n := range x.Failed {
		failed += n
	}
	return ok, failed
}

// String is what was tried, in one line.
func (t *labTried) String() string {
	var b strings.Builder
	if t.Name != "" {
		fmt.Fprintf(&b, "%s is %s%s; ", t.Name, strings.Join(t.Answers, " "), t.NoName)
	}
	for i, round := range t.Rounds {
		if i > 0 {
			b.WriteString("; again: ")
		}
		for k, x := range round {
			if k > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s:%d", x.IP, t.Port)
			x.write(&b)
			if x.Door != nil {
				b.WriteString(" prober's")
				x.Door.write(&b)
			}
		}
	}
	return b.String()
}

func (x *labCounts) write(b *strings.Builder) {
	for _, who := range slices.Sorted(maps.Keys(x.Small)) {
		fmt.Fprintf(b, " %d from %s", x.Small[who], who)
	}
	if x.Full > 0 {
		fmt.Fprintf(b, " %d full", x.Full)
	}
	for _, how := range slices.Sorted(maps.Keys(x.Failed)) {
		fmt.Fprintf(b, " %d× %s", x.Failed[how], how)
	}
}

func TestReached(t *testing.T) {
	dir := t.TempDir()
	const text = `{"container":{"id":"c1","owner":"t1","hostname":"aaa","service":"vote"}}
{"container":{"id":"c2","owner":"t2","hostname":"bbb","service":"rr"}}
{"tried":{"client":"t2","host":"node1","server":"vote","network":"app","via":"vip","port":80,"name":"vote","answers":["10.20.1.2"],"rounds":[[{"ip":"10.20.1.2","small":{"aaa":8},"full":4}]]}}
`
	if err := os.WriteFile(filepath.Join(dir, "node1.jsonl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := readRound(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.reached(&r.tried[0]); !slices.Equal(got, []string{reachedAll}) {
		t.Errorf("read back: %v of %s", got, &r.tried[0])
	}
	one := func(small map[string]int, full, failed int) []labTry {
		x := labTry{IP: "10.20.1.2", labCounts: labCounts{Small: small, Full: full, Failed: map[string]int{}}}
		if failed > 0 {
			x.Failed["no connection"] = failed
		}
		return []labTry{x}
	}
	door := func(x []labTry, small map[string]int, failed int) []labTry {
		x[0].Door = &labCounts{Small: small, Failed: map[string]int{"no connection": failed}}
		return x
	}
	for _, c := range []struct {
		name   string
		noName string
		rounds [][]labTry
		want   []string
	}{
		{"all", "", [][]labTry{one(map[string]int{"aaa": 8}, 4, 0)}, []string{reachedAll}},
		{"none", "", [][]labTry{one(nil, 0, 12)}, []string{reachedNone}},
		{"some", "", [][]labTry{one(map[string]int{"aaa": 8}, 0, 4)}, []string{reachedSome}},
		{"another one answers sometimes", "", [][]labTry{one(map[string]int{"aaa": 7, "bbb": 1}, 4, 0)}, []string{reachedSome}},
		{"another one answers always", "", [][]labTry{one(map[string]int{"bbb": 8}, 0, 0)}, []string{reachedNone}},
		{"a stranger answers", "", [][]labTry{one(map[string]int{"it works!": 8}, 0, 0)}, []string{reachedNone}},
		{"no name", "NXDOMAIN", [][]labTry{{}}, []string{reachedNone}},
		{"other the second time", "", [][]labTry{one(nil, 0, 12), one(map[string]int{"aaa": 8}, 4, 0)}, []string{reachedNone, reachedAll}},
		{"the service's own port only fails", "", [][]labTry{door(one(nil, 0, 4), map[string]int{"aaa": 4}, 0)}, []string{reachedNone}},
		{"the service's own port only answers", "", [][]labTry{door(one(map[string]int{"aaa": 4}, 0, 0), nil, 4)}, []string{reachedSome}},
		{"both answer", "", [][]labTry{door(one(map[string]int{"aaa": 4}, 0, 0), map[string]int{"aaa": 4}, 0)}, []string{reachedAll}},
		{"another one's port is beside", "", [][]labTry{door(one(map[string]int{"aaa": 4}, 0, 0), map[string]int{"bbb": 4}, 0)}, []string{reachedSome}},
		{"nobody to ask", "", [][]labTry{{}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := r.reached(&labTried{Server: "vote", NoName: c.noName, Rounds: c.rounds}); !slices.Equal(got, c.want) {
				t.Errorf("reached %q, want %q", got, c.want)
			}
		})
	}
	for _, bad := range []string{"{}\n", "{\"tried\":3}\n", "half a li"} {
		if err := os.WriteFile(filepath.Join(dir, "node2.jsonl"), []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readRound(dir); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if _, err := readRound(t.TempDir()); err == nil {
		t.Error("an empty folder is read")
	}
}
