package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestContrast: text has at least 4.5 to 1 against what it stands on, in the light and in the dark page (WCAG 2.2,
// 1.4.3).
func TestContrast(t *testing.T) {
	base, rest, ok := strings.Cut(pageCSS, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the style has no dark colours")
	}
	night, _, _ := strings.Cut(rest, "\n}")
	light, dark := palette(base), palette(night)
	if len(light) < 15 || len(dark) < 15 {
		t.Fatalf("%d and %d colours were read", len(light), len(dark))
	}
	pairs := [][2]string{{"ink", "paper"}, {"ink", "panel"}, {"ink", "code"}, {"soft", "paper"}, {"soft", "panel"}, {"soft", "code"},
		{"link", "paper"}, {"link", "panel"}, {"ink", "open-bg"}, {"ink", "hatch"}, {"clean", "panel"}}
	for _, tone := range []string{"critical", "high", "medium", "low", "clean", "open"} {
		pairs = append(pairs, [2]string{tone, tone + "-bg"}, [2]string{tone, "panel"}, [2]string{"ink", tone + "-bg"})
	}
	for name, colors := range map[string]map[string]float64{"light": light, "dark": dark} {
		for _, p := range pairs {
			a, okA := colors[p[0]]
			b, okB := colors[p[1]]
			if !okA || !okB {
				t.Fatalf("%s: no colour %v", name, p)
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has %.1f to 1", name, p[0], p[1], ratio)
			}
		}
	}
}

// palette is the relative luminance of each custom property that is a colour.
func palette(css string) map[string]float64 {
	out := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		var channel [3]float64
		for i := range channel {
			v, _ := strconv.ParseUint(m[2][2*i:2*i+2], 16, 8) // the pattern holds hex digits only
			c := float64(v) / 255
			if c <= 0.04045 {
				channel[i] = c / 12.92
			} else {
				channel[i] = math.Pow((c+0.055)/1.055, 2.4)
			}
		}
		out[m[1]] = 0.2126*channel[0] + 0.7152*channel[1] + 0.0722*channel[2]
	}
	return out
}
