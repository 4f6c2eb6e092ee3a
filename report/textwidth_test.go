package report

import "testing"

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{
		"":                        0,
		"node1":                   5,
		"\x1b[1;31mred\x1b[0m":    3,
		"日本語":                     6,
		"ｆｕｌｌ":                    8,
		"한글":                      4,
		"e\u0301tat":              4, // a combining accent
		"◆ ▲ ■ ● ○ ✓":             11,
		"␛[31m":                   5,
		"🐳 ship":                  7,
		"client–service … naïve·": 23,
		"bad \xff byte":           10,
	} {
		if got := Columns(s); got != want {
			t.Errorf("%q takes %d columns, not %d", s, got, want)
		}
	}
}
