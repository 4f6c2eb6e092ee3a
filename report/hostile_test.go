package report

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/netmortem/netmortem/analyze"
)

// payload is what an attacker would name a container. Planted in every string of a Result, it must arrive nowhere
// as anything but text. %d tells the places apart.
const payload = "p%d\x1b[2J\x1b]0;owned\x07\u009b31m \u202eevil\u2066\u200b\ufeff\U000e0041\x00\x7f\r\n" +
	"</script><img src=x onerror=\"window.__pwn=%[1]d\"></style><svg onload=window.__pwn=1> " +
	"| --- | `a` ``` [x](javascript:alert(1)) ![i](http://evil.example/x.png) @everyone #1 GH-1 http://evil.example www.evil.example " +
	"**b** __c__ ~~d~~ $x$ :ab: &lt; --> <!-- {{.}} \"'><a href=\"javascript:window.__pwn=1\">x</a>\xff"

// hostile is a sample with the payload in every string field, also in those that are added later; n is how many.
func hostile() (r *analyze.Result, n int) { return planted(sample()) }

// planted is a copy of a result with the payload in every string field.
func planted(of *analyze.Result) (r *analyze.Result, n int) {
	r = copied(of, mapper{f: func(_, s string) string { return s }})
	var plant func(v reflect.Value)
	plant = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			n++
			v.SetString(fmt.Sprintf(payload, n))
		case reflect.Slice:
			for i := range v.Len() {
				plant(v.Index(i))
			}
		case reflect.Pointer:
			if !v.IsNil() && v.CanInterface() {
				plant(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Field(i); f.CanSet() && v.Type().Field(i).IsExported() {
					plant(f)
				}
			}
		}
	}
	plant(reflect.ValueOf(r).Elem())
	// The words that choose a branch stay in part of the result, so that the branches are reached.
	for i := range r.Rules {
		for k := range r.Rules[i].Outcomes {
			r.Rules[i].Outcomes[k].Verdict = []string{analyze.Findings, analyze.Clean, analyze.NotJudged, payload}[(i+k)%4]
		}
	}
	r.Hosts[len(r.Hosts)-1].Bundle = ""
	r.Counts.BySeverity[analyze.Severity(payload)] = 1
	return r, n
}

// TestHostile looks for raw payload in every rendering.
func TestHostile(t *testing.T) {
	r, n := hostile()
	if n < 150 {
		t.Fatalf("only %d strings were planted", n)
	}
	for _, x := range renderings {
		out := rendered(t, x.render, r)
		clean := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(out, "")
		if x.name != "color.txt" {
			clean = out
		}
		for _, r := range clean {
			if r != '\n' && r != '\t' && r != ' ' && !unicode.IsGraphic(r) {
				t.Errorf("%s has a raw %U", x.name, r)
				break
			}
		}
		switch x.name {
		case "html":
			checkHTML(t, out)
		case "md":
			checkMarkdown(t, out)
		case "json":
			if strings.ContainsAny(out, "<>") {
				t.Error("json has markup")
			}
		default:
			if !strings.Contains(out, "␛[2J") || !strings.Contains(out, `\u202eevil`) {
				t.Errorf("%s does not show the control characters", x.name)
			}
		}
	}
}

// TestHostilePlaces: each rendering shows the planted text of the findings rather than dropping it.
func TestHostilePlaces(t *testing.T) {
	r, _ := hostile()
	for _, x := range renderings {
		if x.name == "brief.txt" || x.name == "color.txt" {
			continue
		}
		out := rendered(t, x.render, r)
		for _, f := range r.Findings {
			if place := f.Summary[:strings.IndexByte(f.Summary, '\x1b')]; !strings.Contains(out, place) {
				t.Errorf("%s lacks the summary %s", x.name, place)
			}
		}
	}
}

// checkHTML: outside our one style and one script there is no element that the template does not have, no attribute
// that runs, no link that leaves the page.
func checkHTML(t *testing.T, out string) {
	t.Helper()
	out = strings.Replace(out, pageCSS, "", 1)
	out = strings.Replace(out, pageJS, "", 1)
	if strings.Contains(pageJS, "</") {
		t.Error("the script has what may end it")
	}
	value := regexp.MustCompile(`="[^"]*"`)
	known := regexp.MustCompile(`^</?(a|article|aside|b|body|caption|circle|code|dd|defs|desc|details|div|dl|dt|em|figcaption|figure|footer|g|h[12345]|head|header|html|i|kbd|li|line|link|main|mark|marker|meta|nav|ol|p|path|pattern|polygon|polyline|pre|rect|script|section|small|span|style|summary|svg|table|tbody|td|text|th|thead|time|title|tr|tspan|ul)[ >/]`)
	for _, m := range tag.FindAllString(strings.TrimPrefix(out, "<!doctype html>"), -1) {
		m = value.ReplaceAllString(m, "=")
		if !known.MatchString(m) || regexp.MustCompile(` (on[a-z]+|style|src|srcset|action|formaction)=`).MatchString(m) {
			t.Errorf("html has %s", m)
		}
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(out, -1) {
		if !strings.HasPrefix(m[1], "#") && m[1] != "data:," {
			t.Errorf("html links to %s", m[1])
		}
	}
	if n := strings.Count(out, "<script"); n != 2 {
		t.Errorf("html has %d scripts, not the one that runs and the data", n)
	}
}

// checkMarkdown walks the text as CommonMark does, leaves out code blocks and code spans, and looks at the rest.
func checkMarkdown(t *testing.T, out string) {
	t.Helper()
	fence := ""
	for i, line := range strings.Split(out, "\n") {
		mark := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(mark) >= 3 && !strings.Contains(line[len(mark):], "`"):
			fence = mark
			continue
		case fence != "" && len(mark) >= len(fence) && strings.TrimSpace(line) == mark:
			fence = ""
			continue
		case fence != "":
			continue
		}
		text := line
		if !strings.HasPrefix(line, "<details>") {
			text = withoutCode(line)
		} else {
			text = regexp.MustCompile(`<code>[^<]*</code>`).ReplaceAllString(line, "")
		}
		if strings.HasPrefix(line, "|") && (strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")) > 6 {
			t.Errorf("line %d: a cell breaks the table: %s", i+1, line)
		}
		text = strings.NewReplacer("<details>", "", "<summary>", "", "</summary>", "", "</details>", "", "**", "").Replace(text)
		text = regexp.MustCompile(`^#+ `).ReplaceAllString(text, "")
		for _, bad := range []string{"<", ">", "@", "](", "://", "www.", "#", "`", "GH-", "~~", "__", ":ab:"} {
			if strings.Contains(text, bad) {
				t.Errorf("line %d: %q is raw: %s", i+1, bad, text)
			}
		}
	}
	if fence != "" {
		t.Errorf("a code block is never closed")
	}
}

// withoutCode leaves out code spans: a run of backticks up to the next run of the same length.
func withoutCode(s string) string {
	runs := regexp.MustCompile("`+").FindAllStringIndex(s, -1)
	var b strings.Builder
	at := 0
	for i := 0; i < len(runs); i++ {
		for k := i + 1; k < len(runs); k++ {
			if runs[k][1]-runs[k][0] == runs[i][1]-runs[i][0] {
				b.WriteString(s[at:runs[i][0]])
				at, i = runs[k][1], k
				break
			}
		}
	}
	return b.String() + s[at:]
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 東京":   "plain ünïcode 東京",
		"a\x1b[31mb":         "a␛[31mb",
		"a\nb\tc\r\x00":      "a␊b␉c␍␀",
		"\x7f\u009b":         `␡\u009b`,
		"x\u202ey\u2066":     `x\u202ey\u2066`,
		"\u200b\ufeff\u00ad": `\u200b\ufeff\u00ad`,
		"\U000e0041":         `\U000e0041`,
		"\u00a0\u2028":       `\u00a0\u2028`,
		"bad\xff\xc3":        `bad\xff\xc3`,
		"\ufffd":             "\ufffd",
		"\u3164\ufe0f":       `\u3164\ufe0f`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, not %q", in, got, want)
		}
	}
	if got := visible("a\n\tb\x1b", true); got != "a\n\tb␛" {
		t.Errorf("a block becomes %q", got)
	}
}

// FuzzVisible: whatever comes in, a terminal gets only what it draws, and a second time changes nothing.
func FuzzVisible(f *testing.F) {
	f.Add(payload)
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		out := Visible(s)
		for _, r := range out {
			if r != ' ' && !unicode.IsGraphic(r) || unicode.IsControl(r) {
				t.Fatalf("%q leaves a raw %U", s, r)
			}
		}
		if Visible(out) != out {
			t.Fatalf("%q is not stable", s)
		}
	})
}
