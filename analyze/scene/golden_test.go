package scene_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// TestSceneOfBundles compares what is drawn of each set of real bundles with the set's scene.txt: services, networks, ports, edges, tunnels,
// queues and skews. UPDATE=1 rewrites it.
func TestSceneOfBundles(t *testing.T) {
	for _, set := range bundleSets(t) {
		t.Run(set, func(t *testing.T) {
			r := analyzedSet(t, set)
			edgesAgree(t, r)
			golden(t, filepath.Join("..", "..", "testdata", "bundles", set, "scene.txt"), printed(r.Scene))
		})
	}
}

// edgesAgree holds edges against the counts of paths and the causes: no pair that is not wholly delivered lacks an edge, and what a cause
// breaks is drawn as broken by it, or by one that comes before it.
func edgesAgree(t *testing.T, r *analyze.Result) {
	t.Helper()
	var all scene.Tally
	by := map[string]int{} // first cause of the edges to a service
	for _, e := range r.Scene.Edges {
		if e.Cause > len(r.Causes) || e.Cause > 0 && e.Hop == "" {
			t.Errorf("%s to %s is broken by cause %d of %d, at %q", party(e.Client), party(e.Server), e.Cause, len(r.Causes), e.Hop)
		}
		if n := by[e.Server.Name]; e.Cause > 0 && (n == 0 || e.Cause < n) {
			by[e.Server.Name] = e.Cause
		}
		if e.Pairs != nil {
			all.Dropped, all.Partly, all.Unknown = all.Dropped+e.Pairs.Dropped, all.Partly+e.Pairs.Partly, all.Unknown+e.Pairs.Unknown
		}
	}
	if p := r.Paths; all.Dropped != p.Broken || all.Partly != p.Partly || all.Unknown != p.Unjudged {
		t.Errorf("edges count %d dropped, %d partly, %d unknown; paths %d, %d, %d", all.Dropped, all.Partly, all.Unknown, p.Broken, p.Partly, p.Unjudged)
	}
	for _, c := range r.Causes {
		if !c.Breaks.Walked || c.Breaks.Pairs+c.Breaks.Partly == 0 {
			continue
		}
		for _, service := range c.Breaks.Services {
			if n := by[service]; n == 0 || n > c.Rank {
				t.Errorf("cause %d breaks %s, and the first cause of the edges to it is %d", c.Rank, service, n)
			}
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; UPDATE=1 rewrites it\n--- got\n%s", path, got)
	}
}

// printed is a scene as text, one line for each thing.
func printed(s *scene.Scene) string {
	var b strings.Builder
	for _, x := range s.Services {
		fmt.Fprintf(&b, "service %s by %s, %s %s, %s of %s run, on %s; to %s; from %s; %s\n", stacked(x.Stack, x.Name), x.By, x.Mode, x.EndpointMode, maybe(x.Running), maybe(x.Wanted), strings.Join(x.Networks, " "), tally(x.To), tally(x.From), x.Ref)
		for _, v := range x.VIPs {
			fmt.Fprintf(&b, "\tvip %s on %s\n", v.IP, v.Network)
		}
		for _, k := range x.Tasks {
			fmt.Fprintf(&b, "\ttask %s on %s, wanted %q, is %q %s, %s\n", k.Label, k.Host, k.Desired, k.State, k.Err, strings.Join(k.IPs, " "))
		}
		if x.Ended > 0 {
			fmt.Fprintf(&b, "\t%d ended ones\n", x.Ended)
		}
	}
	for _, x := range s.Networks {
		fmt.Fprintf(&b, "network %s, %s %s, VNI %d, %s, on %s, for %s, %d of %d used, %d of %d tunnels whole; %s\n", x.Name, x.Driver, x.Scope, x.VNI, strings.Join(x.Subnets, " "), strings.Join(x.Hosts, " "), strings.Join(x.Services, " "), x.Used, x.Size, x.Whole, x.Tunnels, x.Ref)
	}
	for _, x := range s.Ports {
		fmt.Fprintf(&b, "port %d/%s of %s%s to %d, %s:", x.Published, x.Proto, x.Service, x.Container, x.Target, x.Mode)
		for _, h := range x.At {
			fmt.Fprintf(&b, " %s %q", h.Host, h.Verdict)
			if h.Backends > 0 {
				fmt.Fprintf(&b, " (%d of %d)", h.Reached, h.Backends)
			}
		}
		fmt.Fprintf(&b, "; %s\n", x.Ref)
	}
	for _, x := range s.Containers {
		fmt.Fprintf(&b, "container %s on %s of %s is %s %s, %s, namespace %s; %s\n", x.Name, x.Host, x.Service, x.State, x.Health, strings.Join(x.IPs, " "), x.NetNS, x.Ref)
	}
	for _, x := range s.Edges {
		fmt.Fprintf(&b, "edge %s to %s on %s, %q, %s", party(x.Client), party(x.Server), strings.Join(x.Networks, " "), x.State, tally(x.Pairs))
		if x.Hop != "" {
			fmt.Fprintf(&b, ", at %s (%d segments), cause %d", x.Hop, len(x.Segments), x.Cause)
		}
		b.WriteByte('\n')
		for _, f := range x.Flows {
			fmt.Fprintf(&b, "\t%s %d/%s by %s on %s, connections %s, rate %s, most %s %s: %s\n", f.Quality, f.Port, f.Proto, f.Via, f.Network, maybe(f.Connections), maybe(f.Rate), f.Most, f.Peer, f.Why)
		}
	}
	fmt.Fprintf(&b, "%d further edges; %d quiet pairs, %d of them untold\n", s.EdgesLeft, s.Quiet, s.Untold)
	for _, x := range s.Tunnels {
		fmt.Fprintf(&b, "tunnel of %s from %s to %s holds %d of %d, lacks %d, %d astray, %d untold %s\n", x.Network, x.From, x.To, x.Held, x.Expected, x.Lacks, x.Strays, x.Untold, strings.Join(append(x.Missing, x.Wrong...), ", "))
	}
	fmt.Fprintf(&b, "%d further healthy tunnels, %d others\n", s.Healthy, s.TunnelsLeft)
	for _, x := range s.Queues {
		fmt.Fprintf(&b, "queue of %s %d/%s on %s: %s, %s; waiting %s of %s\n", party(x.Party), x.Port, x.Proto, x.Host, x.Verdict, x.Why, maybe(x.Waiting), maybe(x.Backlog))
	}
	for _, x := range s.Skews {
		fmt.Fprintf(&b, "skew of %s on %s: %s (%s) on %s has %s of the fair %.3f by %d clients, %d unjudged, %t\n", x.Name, x.Network, x.Backend, x.IP, x.Host, maybe(x.Share), x.Fair, x.Clients, x.Unjudged, x.Skewed)
	}
	return b.String()
}

func party(p scene.Party) string { return p.Kind + " " + p.Name }

func stacked(stack, name string) string {
	if stack == "" {
		return name
	}
	return name + " of " + stack
}

func tally(t *scene.Tally) string {
	if t == nil {
		return "not told"
	}
	s := fmt.Sprintf("%d pairs: %d delivered, %d partly, %d dropped, %d unknown", t.Pairs, t.Delivered, t.Partly, t.Dropped, t.Unknown)
	if t.AtLeast {
		s = "at least " + s
	}
	return s
}

// maybe is a figure, or a question mark.
func maybe[T int | int64 | float64](v *T) string {
	if v == nil {
		return "?"
	}
	return strconv.FormatFloat(float64(*v), 'f', -1, 64)
}

func itoa(n int) string { return strconv.Itoa(n) }

func ftoa(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }
