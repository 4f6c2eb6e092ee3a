package capture

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// Whoever adds a collector says what it reads, since when, with which privilege, and which side effects were considered,
// if only that there are none.
func TestCollectorsSayWhatTheyDo(t *testing.T) {
	names := map[string]bool{}
	since := regexp.MustCompile(`^0\.[0-9]+\.[0-9]+$`)
	for _, c := range Collectors {
		switch {
		case c.Name == "" || names[c.Name]:
			t.Errorf("collector %q: no name, or one that another has", c.Name)
		case c.Doc == "" || c.Needs == "" || c.Effects == "":
			t.Errorf("collector %s: Doc %q, Needs %q, Effects %q: say none where there is none", c.Name, c.Doc, c.Needs, c.Effects)
		case !since.MatchString(c.Since):
			t.Errorf("collector %s: Since %q is no version", c.Name, c.Since)
		case (c.Run == nil) == (c.InNetns == nil):
			t.Errorf("collector %s: one of Run and InNetns is to be set", c.Name)
		case c.Run == nil && (c.Daemon || c.Known), c.InNetns == nil && (c.HostOnly || c.Late):
			t.Errorf("collector %s: a field that does not go with its kind", c.Name)
		case len(c.Tables) == 0 && len(c.Docs) == 0:
			t.Errorf("collector %s: nothing would say that it was left out: name its tables, or documents that it always plans", c.Name)
		}
		names[c.Name] = true
		for _, name := range capName.FindAllString(c.Needs, -1) {
			if !slices.ContainsFunc(capabilities, func(k capability) bool { return k.name == name }) {
				t.Errorf("collector %s needs %s, which privilege.go does not know", c.Name, name)
			}
		}
		for _, name := range c.Tables {
			if schema.TableByName(name) == nil {
				t.Errorf("collector %s writes the table %s, which does not exist", c.Name, name)
			}
		}
	}
}

// TestCollectorsMD keeps the page current.
func TestCollectorsMD(t *testing.T) {
	want := CollectorsMD(Collectors)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("COLLECTORS.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("COLLECTORS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("COLLECTORS.md is not what the collectors say; refresh it with UPDATE=1 go test ./capture -run TestCollectorsMD")
	}
}
