package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// maxAlike is how many of the paths that end in one step are named beside the one that is shown.
const maxAlike = 8

// A pathCard is one path hop by hop, and those that end in the same step.
type pathCard struct {
	scene.Path
	Stations []station
	Places   []pathPlace // the way there
	Return   []pathPlace // the way of the answer
	Stop     *hopRow     // the first step that is not passed, nil when there is none
	Cause    *told       // nil when no cause explains it
	Trace    string      // command that walks it again
	Others   []scene.Path
	OthersN  int // paths that end in the same step, this one not counted
	Alikes   alikes
}

// alikes counts the paths that end in one step by what becomes of them.
type alikes struct{ Dropped, Partly, Unknown int }

// A station is one part of a way, for the overview over the hops.
type station struct {
	Name, Host string
	State      string // clean, drop, open or off
	Word       string
}

// A pathPlace is a namespace in which a packet is, with the steps that it takes there.
type pathPlace struct {
	Name, Host, NS string
	Leg            string
	Hops           []hopRow
	Folded         bool // a long way shows the place where it stops, and names the steps of the others
}

// Stops reports that the way ends here.
func (p pathPlace) Stops() bool {
	return slices.ContainsFunc(p.Hops, func(r hopRow) bool { return r.Shows != nil })
}

// Off reports that no packet gets here.
func (p pathPlace) Off() bool { return len(p.Hops) > 0 && p.Hops[0].State == "off" }

// A stepCount is a step of a place, with how often it is taken; rules of all hooks are one.
type stepCount struct {
	Name, State string
	N           int
}

// Steps are the steps of a place, each once.
func (p pathPlace) Steps() []stepCount {
	var out []stepCount
	for _, r := range p.Hops {
		name, _, _ := strings.Cut(r.Step, ",")
		i := slices.IndexFunc(out, func(s stepCount) bool { return s.Name == name && s.State == r.State })
		if i < 0 {
			i = len(out)
			out = append(out, stepCount{Name: name, State: r.State})
		}
		out[i].N++
	}
	return out
}

// unfoldedHops is how long a way may be to be shown whole at once.
const unfoldedHops = 7

// A hopRow is a hop as the page shows it.
type hopRow struct {
	scene.Hop
	State string // clean, drop, open or off
	Shows []command
}

// Is is what is there.
func (r hopRow) Is() string {
	word := map[string]string{"off": "not reached", "drop": "nothing", "open": "not known"}[r.State]
	return cmp.Or(r.Observed, word, "–")
}

// Should is what should be there: of rules, which have no row for it, that none of them stops the packet.
func (r hopRow) Should() string {
	if r.Expected == "" && strings.HasPrefix(r.Step, "rules") {
		return "no rule stops it"
	}
	return cmp.Or(r.Expected, "–")
}

// Quote is what stands at the address, with what is told of it marked.
func (r hopRow) Quote() []piece {
	return narrowed(marked(r.Excerpt, r.Subject, append(telling(r.Observed), r.Observed)...))
}

// Cited says what stands at the address of a hop.
func (r hopRow) Cited() string {
	if a, ok := addressOf(r.Ref); ok && (a.table() == "netns" || a.table() == "coverage") {
		return "looked there, and it is not there:"
	}
	return "the row that decided"
}

// States of a hop and of a station, by their verdicts.
func hopState(verdict string) string {
	switch verdict {
	case scene.Passed:
		return "clean"
	case scene.Dropped:
		return "drop"
	case scene.NotReached:
		return "off"
	}
	return "open"
}

// Told says what a path's verdict means in numbers.
func (c pathCard) Told() string {
	switch {
	case c.Verdict == scene.Partly && c.Reached > 0:
		return fmt.Sprintf("some backends are lost: %d of %d are surely reached", c.Reached, c.Backends)
	case c.Verdict == scene.Partly:
		return fmt.Sprintf("some of %d backends are lost", c.Backends)
	case c.Verdict == scene.Dropped && c.Backends > 1:
		return fmt.Sprintf("none of %d backends is reached", c.Backends)
	case c.Verdict == scene.Dropped:
		return "nothing gets through"
	case c.Backends > 1 && c.Reached > 0:
		return fmt.Sprintf("cannot be told; %d of %d backends are surely reached", c.Reached, c.Backends)
	}
	return "what was captured does not tell"
}

// Tone is the sign of a path's verdict.
func pathTone(verdict string) string {
	switch verdict {
	case scene.Dropped:
		return "critical"
	case scene.Partly:
		return "high"
	case scene.Delivered:
		return "clean"
	}
	return "open"
}

func (c pathCard) Tone() string { return pathTone(c.Verdict) }

// Asks says how the client asks.
func (c pathCard) Asks() string {
	how := map[string]string{"vip": "by its virtual address", "dnsrr": "by its name (its tasks' addresses)", "tasks": "by tasks.NAME (its tasks' addresses)",
		"ingress": "by its published port, through the routing mesh", "host": "by its published port", "egress": "outside of the swarm"}[c.Via]
	if c.Port > 0 && c.Via != "egress" {
		how += ", " + c.Target
	}
	if c.Network != "" {
		how += ", network " + c.Network
	}
	return strings.TrimSpace(how)
}

// Who is the client, with its host.
func (c pathCard) Who() string { return whoAsks(&c.Path) }

func whoAsks(p *scene.Path) string {
	switch {
	case p.ClientKind == "outside":
		return "the outside, at " + p.ClientHost
	case p.ClientHost == "" || p.ClientHost == p.Client:
		return p.Client
	}
	return p.Client + " on " + p.ClientHost
}

// Whom is who is asked.
func (c pathCard) Whom() string { return whomAsked(&c.Path) }

func whomAsked(p *scene.Path) string {
	if p.Via == "egress" {
		return "the outside"
	}
	return p.To
}

// PathCards are the paths that are shown hop by hop, one for each step at which paths end.
func (p *htmlPage) PathCards() []pathCard {
	if p.Scene == nil {
		return nil
	}
	var out []pathCard
	for i := range p.Scene.Paths {
		if x := &p.Scene.Paths[i]; x.Hops != nil {
			out = append(out, p.pathCard(x))
		}
	}
	return out
}

func (p *htmlPage) pathCard(x *scene.Path) pathCard {
	c := pathCard{Path: *x, Trace: p.traceOf(x)}
	var rows []hopRow
	for _, h := range x.Hops {
		rows = append(rows, hopRow{Hop: h, State: hopState(h.Verdict)})
	}
	if i := slices.IndexFunc(rows, func(r hopRow) bool { return r.State == "drop" }); i >= 0 {
		c.Stop = &rows[i]
	} else if i := slices.IndexFunc(rows, func(r hopRow) bool { return r.State == "open" }); i >= 0 {
		c.Stop = &rows[i]
	}
	if c.Stop != nil {
		c.Stop.Shows = append([]command{}, p.hopCommands(&c.Stop.Hop)...)
	}
	there := rows
	if x.Back > 0 {
		there, c.Return = rows[:x.Back], places(rows[x.Back:])
	}
	c.Places = places(there)
	for _, list := range [][]pathPlace{c.Places, c.Return} {
		for i := range list {
			list[i].Folded = len(rows) > unfoldedHops && !list[i].Stops()
		}
	}
	c.Stations = stations(rows)
	for i := range p.Told {
		if t := &p.Told[i]; x.Cause > 0 && (t.Rank == x.Cause || t.Rule != "" && slices.ContainsFunc(p.Causes, func(k analyze.Cause) bool { return k.Rank == x.Cause && k.Rule == t.Rule })) {
			c.Cause = t
			break
		}
	}
	for i := range p.Scene.Paths {
		o := &p.Scene.Paths[i]
		if o.Segment != x.Segment {
			continue
		}
		n := 1 + o.Alike
		switch o.Verdict {
		case scene.Dropped:
			c.Alikes.Dropped += n
		case scene.Partly:
			c.Alikes.Partly += n
		default:
			c.Alikes.Unknown += n
		}
		if o.Key != x.Key {
			if len(c.Others) < maxAlike {
				c.Others = append(c.Others, *o)
			}
			c.OthersN++
		}
		c.OthersN += o.Alike
	}
	return c
}

// hopCommands show the deciding row again, the shortest way first.
func (p *page) hopCommands(h *scene.Hop) []command {
	var out []command
	if line := p.showHop(h); line != "" {
		out = append(out, command{"what the kernel had there", line})
	}
	return append(out, p.rowCommands(h.Ref)...)
}

// places puts hops of one namespace together.
func places(rows []hopRow) []pathPlace {
	var out []pathPlace
	for _, r := range rows {
		n := len(out)
		if n == 0 || out[n-1].Host != r.Host || out[n-1].NS != r.Place || out[n-1].Leg != r.Leg {
			out = append(out, pathPlace{Name: placeName(&r.Hop), Host: r.Host, NS: r.Place, Leg: r.Leg})
			n++
		}
		out[n-1].Hops = append(out[n-1].Hops, r)
	}
	return out
}

// placeName says what a namespace is to a packet.
func placeName(h *scene.Hop) string {
	switch {
	case h.Place == "host":
		if h.Leg == "request" || h.Leg == "answer" {
			return "underlay"
		}
		return "host"
	case h.Place == "ingress_sbox":
		return "routing mesh"
	case strings.HasPrefix(h.Place, "lb_"):
		return "load balancer"
	case len(h.Place) > 2 && h.Place[1] == '-':
		return "overlay"
	case h.Place == "" && (h.Leg == "request" || h.Leg == "answer"):
		return "overlay"
	case h.Leg == "client":
		return "client’s sandbox"
	case h.Leg == "arrival":
		return "backend’s sandbox"
	case h.Leg == "answer":
		return "sandbox"
	case h.Leg == "balancer":
		return "load balancer"
	case h.Leg == "egress":
		return "sandbox"
	}
	return "host"
}

// stations are the parts of a way, each with the worst of its hops.
func stations(rows []hopRow) []station {
	names := map[string]string{"client": "client", "balancer": "load balancer", "request": "overlay", "arrival": "backend", "answer": "answer back", "published": "published port", "egress": "way out"}
	weight := map[string]int{"clean": 1, "open": 2, "drop": 3}
	words := map[string]string{"clean": "passed", "open": "cannot tell", "drop": "stops here", "off": "not reached"}
	var out []station
	at := map[string]int{}
	for _, r := range rows {
		name := names[r.Leg]
		if name == "" {
			name = r.Step
		}
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, station{Name: name, State: "off"})
		}
		s := &out[i]
		if weight[r.State] > weight[s.State] {
			s.State = r.State
		}
		if r.Host != "" && !strings.Contains(s.Host, r.Host) && len(s.Host) < 40 {
			s.Host = strings.TrimPrefix(s.Host+" → "+r.Host, " → ")
		}
	}
	doubt := false
	for i := range out {
		out[i].Word = words[out[i].State]
		if doubt && out[i].State == "clean" {
			out[i].Word = "would pass" // it was judged for itself
		}
		doubt = doubt || out[i].State == "open"
	}
	return out
}

// PathsLine counts all pairs: what was not judged is never among those that are well.
func (p *htmlPage) PathsLine() string {
	w := p.Result.Paths
	if w == nil {
		return "No path was walked: nothing is known of who reaches whom."
	}
	s := fmt.Sprintf("Of %s of a client and a service %d are delivered", plural(w.Pairs, "pair", "no pairs"), w.Whole)
	s += fmt.Sprintf(", %d lose some backends, %d reach nothing, %d could not be judged.", w.Partly, w.Broken, w.Unjudged)
	return s
}

// A pathRow is a path as the script lists it; numbers stand for texts.
type pathColumns struct {
	Key      []int `json:"key"`
	Kind     []int `json:"kind"`
	Host     []int `json:"host"`
	Client   []int `json:"client"`
	From     []int `json:"from"`
	To       []int `json:"to"`
	Network  []int `json:"network"`
	Via      []int `json:"via"`
	Target   []int `json:"target"`
	Verdict  []int `json:"verdict"`
	Reached  []int `json:"reached"`
	Backends []int `json:"backends"`
	Segment  []int `json:"segment"`
	Alike    []int `json:"alike"`
	Cause    []int `json:"cause"`
	Left     int   `json:"left"`
}

// pathsData is what the script lists: every path of the scene, without its hops, which are markup.
func (p *htmlPage) pathsData(in *texts) any {
	if p.Scene == nil || len(p.Scene.Paths) == 0 {
		return nil
	}
	c := &pathColumns{Left: p.Scene.PathsLeft}
	for i := range p.Scene.Paths {
		x := &p.Scene.Paths[i]
		for _, v := range []struct {
			col  *[]int
			text string
		}{{&c.Kind, x.ClientKind}, {&c.Host, x.ClientHost}, {&c.Client, x.Client}, {&c.From, x.From}, {&c.To, x.To}, {&c.Network, x.Network}, {&c.Via, x.Via}, {&c.Target, x.Target}, {&c.Verdict, x.Verdict}} {
			*v.col = append(*v.col, in.of(v.text))
		}
		for _, v := range []struct {
			col *[]int
			n   int
		}{{&c.Key, x.Key}, {&c.Reached, x.Reached}, {&c.Backends, x.Backends}, {&c.Segment, x.Segment}, {&c.Alike, x.Alike}, {&c.Cause, x.Cause}} {
			*v.col = append(*v.col, v.n)
		}
	}
	return c
}

// A share is how many pairs have one fate.
type share struct {
	Name, State string
	N           int
}

// PathShares are all pairs by what becomes of them.
func (p *htmlPage) PathShares() []share {
	w := p.Result.Paths
	if w == nil {
		return nil
	}
	return []share{{"reach nothing", "drop", w.Broken}, {"lose some backends", "some", w.Partly}, {"cannot be told", "open", w.Unjudged}, {"delivered", "clean", w.Whole}}
}

// PathName is a path in a line.
func (p *htmlPage) PathName(x scene.Path) string {
	return fmt.Sprintf("%s → %s (%s): %s", whoAsks(&x), whomAsked(&x), x.Via, x.Verdict)
}

// A withPage is a thing with the page that it is on, for a template that needs both.
type withPage struct {
	Page *htmlPage
	Card any
}

func (p *htmlPage) With(x any) withPage { return withPage{p, x} }
