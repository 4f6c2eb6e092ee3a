package scene

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestFold(t *testing.T) {
	f := newFolder(10, nil)
	add := func(after time.Duration, host, tone, subject, text string) {
		f.add(Event{At: noon.Add(after), Host: host, Lane: LaneKernel, Tone: tone, Subject: subject, Text: text})
	}
	add(0, "a", "", "", "port 1(veth12ab) entered blocking state")
	add(20*time.Second, "a", "", "", "port 2(veth34cd) entered blocking state")
	add(-10*time.Second, "a", "", "", "port 3(veth56ef) entered blocking state") // its records came out of order
	add(50*time.Second, "a", "", "", "port 4(veth78ab) entered blocking state")  // still 30 s after the last one
	add(81*time.Second, "a", "", "", "port 5(veth9abc) entered blocking state")  // no more
	add(0, "b", "", "", "port 1(veth12ab) entered blocking state")
	add(0, "a", toneOdd, "", "port 1(veth12ab) entered blocking state")
	add(0, "a", "", "eth0", "port 1(veth12ab) entered blocking state")
	add(0, "a", "", "", "port 1(veth12ab) entered disabled state")
	f.add(Event{Host: "a", Lane: LaneKernel, Text: "at no time"})
	list, left := f.events()
	var got []string
	for _, e := range list {
		lasts := time.Duration(0)
		if !e.Until.IsZero() {
			lasts = e.Until.Sub(e.At)
		}
		got = append(got, fmt.Sprintf("%v+%v %s%s ×%d %s", e.At.Sub(noon), lasts, e.Host, e.Tone, e.Count, e.Text))
	}
	want := []string{
		"-10s+1m0s a ×4 port 3(veth56ef) entered blocking state",
		"0s+0s aodd ×1 port 1(veth12ab) entered blocking state",
		"0s+0s a ×1 port 1(veth12ab) entered blocking state",
		"0s+0s a ×1 port 1(veth12ab) entered disabled state",
		"0s+0s b ×1 port 1(veth12ab) entered blocking state",
		"1m21s+0s a ×1 port 5(veth9abc) entered blocking state",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") || left != 1 {
		t.Errorf("folded to\n%s\nand %d left out; want\n%s\nand 1", strings.Join(got, "\n"), left, strings.Join(want, "\n"))
	}
}

// TestBound keeps what is bad wherever it lies, and of the rest what is close to a cause.
func TestBound(t *testing.T) {
	cause := noon.Add(500 * time.Hour)
	f := newFolder(20, []time.Time{cause})
	for i := range 1000 {
		e := Event{At: noon.Add(time.Duration(i) * time.Hour), Host: "a", Lane: LaneDocker, Text: "something"}
		switch i {
		case 0, 999:
			e.Tone = toneBad
		case 1:
			e.Tone = toneOdd
		case 2:
			e.Lane = LaneCapture
		}
		f.add(e)
	}
	list, left := f.events()
	if len(list) != 20 || left != 980 {
		t.Fatalf("%d events and %d left out; want 20 and 980", len(list), left)
	}
	var hours []int
	for _, e := range list {
		hours = append(hours, int(e.At.Sub(noon).Hours()))
	}
	want := []int{0, 1, 2, 492, 493, 494, 495, 496, 497, 498, 499, 500, 501, 502, 503, 504, 505, 506, 507, 999}
	if got := fmt.Sprint(hours); got != fmt.Sprint(want) {
		t.Errorf("kept the events of hours %v; want %v", got, want)
	}
}

func TestTextShape(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"no numbers here":                "no numbers here",
		"br0: port 12(veth3a4b) up":      "#: port #(#) up",
		"02:42:0a:00:01:07 on vxlan0":    "#:#:#:#:#:# on #",
		"term 5: became leader":          "term #: became leader",
		"the word café stays, café1 not": "the word café stays, # not",
		"9":                              "#",
	} {
		if got := textShape(text); got != want {
			t.Errorf("the shape of %q is %q; want %q", text, got, want)
		}
	}
}

func TestCutText(t *testing.T) {
	long := strings.Repeat("x", longestText-1) + "éé"
	if got, want := cutText(long), strings.Repeat("x", longestText-1)+"…"; got != want {
		t.Errorf("cut to %q; want %q", got, want)
	}
	if s := strings.Repeat("x", longestText); cutText(s) != s {
		t.Error("a text that fits was cut")
	}
}

// TestTones wants every class that has a tone to be one that a log can have: a slip of the pen would take its tone away without a word.
func TestTones(t *testing.T) {
	for file, lists := range map[string][][]string{"log_class_kernel.go": {badKernel, oddKernel, ofSetUp}, "log_class_daemon.go": {badLog, oddLog, fatalClasses}} {
		source, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, list := range lists {
			for _, class := range list {
				if !strings.Contains(string(source), `{"`+class+`"`) {
					t.Errorf("%s knows no class %s", file, class)
				}
			}
		}
		for _, list := range lists[:2] {
			for _, class := range list {
				if seen[class] {
					t.Errorf("the class %s of %s has two tones, or one twice", class, file)
				}
				seen[class] = true
			}
		}
	}
}

// TestCounterRules wants the rules whose findings are drawn as jumps of counters to be there.
func TestCounterRules(t *testing.T) {
	for _, rule := range counterRules {
		if _, err := os.Stat(filepath.Join("..", "rules", rule+".sql")); err != nil {
			t.Error(err)
		}
	}
}

func TestReach(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	yes, no := true, false
	for name, tt := range map[string]struct {
		clock Clock
		want  string
	}{
		"bounded":                      {Clock{Low: f(-0.5), High: f(2)}, "-2 0.5 true"},
		"bounded, whatever the kernel": {Clock{Low: f(3), High: f(4), Synced: &yes, MaxError: f(0.1)}, "-4 -3 true"},
		"synchronised":                 {Clock{Synced: &yes, MaxError: f(0.1)}, "-0.1 0.1 true"},
		"not synchronised":             {Clock{Synced: &no, MaxError: f(0.1)}, "0 0 false"},
		"not asked":                    {Clock{MaxError: f(0.1)}, "0 0 false"},
		"half bounded":                 {Clock{Low: f(1)}, "0 0 false"},
	} {
		r, ok := tt.clock.Reach()
		if got := fmt.Sprint(r.Early, r.Late, ok); got != tt.want {
			t.Errorf("a clock that is %s reaches %s; want %s", name, got, tt.want)
		}
	}
}

func TestLabel(t *testing.T) {
	n := &namer{nodes: map[string]string{"0123456789abcdefghijklmno": "node1"}}
	for name, want := range map[string]string{
		"vote.1.zyxwvutsrqponmlkjihgfedcb":                           "vote.1",
		"client.0123456789abcdefghijklmno.zyxwvutsrqponmlkjihgfedcb": "client.node1",
		"client.zzzzzzzzzzzzzzzzzzzzzzzzz.zyxwvutsrqponmlkjihgfedcb": "client.zzzzzzzzzzzzzzzzzzzzzzzzz",
		"client.0123456789abcdefghijklmno":                           "client.node1",
		"plain":                                                      "plain",
		"a.b.c":                                                      "a.b.c",
	} {
		if got := n.label(name); got != want {
			t.Errorf("%q is called %q; want %q", name, got, want)
		}
	}
}

// TestBoundFailures lets go of what somebody asked for first.
func TestBoundFailures(t *testing.T) {
	list := []Failure{{Label: "a", Asked: true}, {Label: "b"}, {Label: "c", Asked: true}, {Label: "d"}, {Label: "e"}}
	for most, want := range map[int]string{5: "abcde 0", 4: "abde 1", 3: "bde 2", 2: "bd 3"} {
		got, left := boundFailures(list, most)
		s := ""
		for _, f := range got {
			s += f.Label
		}
		if s := fmt.Sprint(s, " ", left); s != want {
			t.Errorf("of %d: %s; want %s", most, s, want)
		}
	}
}
