package scene_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
	"github.com/netmortem/netmortem/analyze/scene"
)

// bundleSets are the directories under testdata/bundles.
func bundleSets(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("..", "..", "testdata", "bundles"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

func analyzedSet(t *testing.T, set string) *analyze.Result {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "testdata", "bundles", set, "*.tar.zst"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bundles of %s: %v", set, err)
	}
	r, err := analyze.Run(t.Context(), analyze.Options{Bundles: paths})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPathsOfBundles holds the paths of real bundles against what they must be: all pairs are accounted for, each path's walk comes to
// the verdict that it has, and the first hop that is not passed is the step that the segment names.
func TestPathsOfBundles(t *testing.T) {
	walked := 0
	for _, set := range bundleSets(t) {
		t.Run(set, func(t *testing.T) {
			r := analyzedSet(t, set)
			s := r.Scene
			if r.Paths == nil {
				t.Fatal("no path was walked")
			}
			all := s.PathsLeft
			segments := map[int]int{}
			for i, p := range s.Paths {
				all += 1 + p.Alike
				if p.Key != i+1 {
					t.Errorf("path %d has the key %d", i+1, p.Key)
				}
				if p.Cause > len(r.Causes) {
					t.Errorf("path %d is of cause %d of %d", p.Key, p.Cause, len(r.Causes))
				}
				if p.Hops == nil {
					continue
				}
				walked++
				if segments[p.Segment]++; segments[p.Segment] > 1 {
					t.Errorf("segment %d has %d paths with hops", p.Segment, segments[p.Segment])
				}
				if p.Untraced != "" {
					t.Errorf("path %d, %s to %s by %s on %s: %s", p.Key, p.Client, p.To, p.Via, p.Network, p.Untraced)
				}
				checkHops(t, &p)
			}
			if want := r.Paths.Partly + r.Paths.Broken + r.Paths.Unjudged; all != want {
				t.Errorf("%d paths in all, %d are not wholly delivered", all, want)
			}
			for _, p := range s.Paths {
				if p.Segment != 0 && segments[p.Segment] == 0 {
					t.Errorf("no path of segment %d has hops", p.Segment)
				}
			}
		})
	}
	if walked < 20 {
		t.Errorf("only %d paths have hops", walked)
	}
}

func checkHops(t *testing.T, p *scene.Path) {
	t.Helper()
	stopped := false
	for i, h := range p.Hops {
		if h.Step == "" || h.Verdict == "" {
			t.Errorf("path %d: hop %d is %+v", p.Key, i, h)
		}
		if stopped != (h.Verdict == scene.NotReached) {
			t.Errorf("path %d: hop %d, %s, is %s; a hop before it drops: %v", p.Key, i, h.Step, h.Verdict, stopped)
		}
		stopped = stopped || h.Verdict == scene.Dropped
		if (h.Verdict == scene.Dropped || h.Verdict == scene.Unknown) && h.Ref != "" && h.Excerpt == "" {
			t.Errorf("path %d: nothing stands at %s", p.Key, h.Ref)
		}
		if back := h.Leg == "answer"; back != (p.Back > 0 && i >= p.Back) {
			t.Errorf("path %d: hop %d is of the %s, and the answer begins at %d", p.Key, i, h.Leg, p.Back)
		}
	}
	if !stopped && p.Verdict != scene.Unknown {
		t.Errorf("path %d is %s, and no hop drops", p.Key, p.Verdict)
	}
	if p.Verdict == scene.Unknown && !slices.ContainsFunc(p.Hops, func(h scene.Hop) bool { return h.Verdict != scene.Passed }) {
		t.Errorf("path %d is not told, and each hop is passed", p.Key)
	}
}

// TestPathOfAMissingEntry reads the one path that an incident is about.
func TestPathOfAMissingEntry(t *testing.T) {
	s := analyzedSet(t, "incident-fdb-missing").Scene
	p := s.Paths[0]
	if p.To != "rr" || p.Verdict != scene.Partly || p.Cause != 1 || p.Reached >= p.Backends {
		t.Errorf("the first path is %+v", p)
	}
	if !strings.HasPrefix(p.Backend, "rr.2") {
		t.Errorf("its hops lead to %q", p.Backend)
	}
	stop := slices.IndexFunc(p.Hops, func(h scene.Hop) bool { return h.Verdict == scene.Dropped })
	if stop < 0 {
		t.Fatalf("no hop drops: %+v", p.Hops)
	}
	if h := p.Hops[stop]; h.Step != "fdb" || h.Host != "node2" || h.Expected == "" || h.Observed != "no entry" || h.Excerpt == "" {
		t.Errorf("it drops at %+v", h)
	}
	legs := map[string]int{}
	for _, h := range p.Hops[stop+1:] {
		legs[h.Leg]++
	}
	for _, leg := range []string{"request", "arrival", "answer"} {
		if legs[leg] == 0 {
			t.Errorf("behind the drop there is nothing of the %s: %v", leg, legs)
		}
	}
}

// TestPathOfATaskWithoutAddress reads where a packet ends that direct routing brings to a task: at the task, and not with its answer. The
// first of three paths is walked for all, for they end in one step.
func TestPathOfATaskWithoutAddress(t *testing.T) {
	p := analyzedSet(t, "incident-direct-routing").Scene.Paths[0]
	stop := slices.IndexFunc(p.Hops, func(h scene.Hop) bool { return h.Verdict == scene.Dropped })
	if stop < 0 {
		t.Fatalf("%s > %s: no hop drops: %+v", p.Client, p.To, p.Hops)
	}
	if h := p.Hops[stop]; h.Leg != "arrival" || h.Host != "node2" || h.Step != "arrival, address" || h.Excerpt == "" {
		t.Errorf("%s > %s drops at %+v", p.Client, p.To, h)
	}
}
