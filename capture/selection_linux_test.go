package capture

import (
	"strings"
	"testing"
	"time"
)

func TestUnwanted(t *testing.T) {
	for _, test := range []struct {
		name string
		o    Options
		c    string
		want string // beginning of the reason
	}{
		{"all", Options{}, "fdb", ""},
		{"skipped", Options{Skip: []string{"dns", "fdb"}}, "fdb", "not asked for: --skip fdb"},
		{"another is skipped", Options{Skip: []string{"dns"}}, "fdb", ""},
		{"only others", Options{Only: []string{"dns", "link"}}, "fdb", "not asked for: --only dns,link"},
		{"only it", Options{Only: []string{"fdb"}}, "fdb", ""},
		{"quick, and slow", Options{Quick: true}, "dns", "not asked for: --quick leaves it out"},
		{"quick, and fast", Options{Quick: true}, "fdb", ""},
		{"quick, and asked for", Options{Quick: true, Only: []string{"dns"}}, "dns", ""},
	} {
		if got := test.o.unwanted(&Collector{Name: test.c}); !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
	known := Options{Only: []string{"fdb"}, Skip: []string{"netns"}}
	if got := known.unwanted(&Collector{Name: "netns", Known: true}); got != "" {
		t.Errorf("the list of namespaces is left out: %s", got)
	}
}

// A quick capture keeps to ten seconds, whatever else was asked for.
func TestQuickIsQuick(t *testing.T) {
	for _, o := range []Options{{}, {Window: time.Minute, Deadline: time.Hour}, {Window: -1}, {Window: time.Second, Deadline: time.Second}} {
		o.Quick = true
		asked := o
		o = o.withDefaults()
		if o.Window > QuickWindow || o.Deadline > QuickDeadline || o.Deadline+defaultGrace > 9*time.Second {
			t.Errorf("%+v: window %s, deadline %s", asked, o.Window, o.Deadline)
		}
		if asked.Window < 0 && o.Window >= 0 || asked.Window > 0 && asked.Window < QuickWindow && o.Window != asked.Window {
			t.Errorf("%+v: window %s", asked, o.Window)
		}
		slow := &Collector{Name: "slow", Deadline: time.Hour}
		if d := o.deadline(slow); d > quickItem {
			t.Errorf("a collector has %s", d)
		}
	}
	for name := range quickLeavesOut {
		found := false
		for _, c := range Collectors {
			found = found || c.Name == name
		}
		if !found && len(Collectors) > 0 {
			t.Errorf("--quick leaves out %s, which does not exist", name)
		}
	}
}
