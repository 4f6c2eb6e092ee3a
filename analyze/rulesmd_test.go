package analyze

import (
	"os"
	"testing"
)

// TestRulesMD keeps the page current.
func TestRulesMD(t *testing.T) {
	want := RulesMD(shippedRules(t))
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile("RULES.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("RULES.md is not what the rules say; refresh it with UPDATE=1 go test ./analyze -run TestRulesMD")
	}
}
