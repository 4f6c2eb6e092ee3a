package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

func pageFile(t *testing.T, html string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBrowser opens pages in one browser, which is slow to start.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	for _, x := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"hostile", testHostilePages},
		{"control", testControl},
		{"first screen", testFirstScreen},
		{"with script", testWithScript},
		{"without script", testWithoutScript},
		{"map", testMap},
	} {
		t.Run(x.name, func(t *testing.T) {
			b.reset(t)
			x.test(t, b)
		})
	}
}

// testHostilePages opens pages as a mail's recipient would, from a file, and looks at what the browser says: nothing
// planted runs, nothing is loaded, the policy is never touched, because nothing ever tries.
func testHostilePages(t *testing.T, b *browser) {
	r, n := hostile()
	for name, r := range map[string]*analyze.Result{"hostile": r, "incident": sample(), "healthy": healthy(), "fleet": fleet(40)} {
		path := pageFile(t, rendered(t, HTML, r))
		b.load(path, "")
		for _, c := range b.complaints(path) {
			t.Errorf("%s: %s", name, c)
		}
		var pwn bool
		if b.eval("'__pwn' in window || document.querySelectorAll('img,iframe,object,embed,form,base').length > 0", &pwn); pwn {
			t.Errorf("%s: planted text became markup", name)
		}
		var outward []string
		b.eval("[...document.querySelectorAll('[href],[src]')].map(e => e.getAttribute('href') || e.getAttribute('src')).filter(u => !u.startsWith('#') && u !== 'data:,')", &outward)
		if len(outward) > 0 {
			t.Errorf("%s: links to %q", name, outward)
		}
		var styled int
		if b.eval("document.querySelectorAll('[style]').length", &styled); styled > 0 {
			t.Errorf("%s: %d elements have a style of their own", name, styled)
		}
	}
	t.Logf("%d planted strings", n)
}

// testControl proves that testHostilePages would see it: the payload as markup runs without the policy, is
// stopped by it, and the browser says so.
func testControl(t *testing.T, b *browser) {
	planted := strings.Replace(rendered(t, HTML, sample()), "<main", fmt.Sprintf("<p>%s</p><main", fmt.Sprintf(payload, 1)), 1)
	path := pageFile(t, planted)
	b.load(path, "")
	var pwn bool
	if b.eval("'__pwn' in window", &pwn); pwn {
		t.Error("the policy does not stop a planted handler")
	}
	if said := strings.Join(b.complaints(path), "\n"); !strings.Contains(said, "Content Security Policy") {
		t.Errorf("the browser does not say that the policy stopped something: %s", said)
	}
	path = pageFile(t, strings.Replace(planted, "Content-Security-Policy", "X-Nothing", 1))
	b.load(path, "")
	b.complaints(path)
	if b.eval("'__pwn' in window", &pwn); !pwn {
		t.Error("the payload does not run even without a policy: it proves nothing")
	}
}

// testWithoutScript: what the page says is there without its script, also on paper.
func testWithoutScript(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sample()))
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.load(path, "")
	var text string
	b.eval("document.body.textContent", &text)
	var buttons int
	if b.eval("document.querySelectorAll('button,input').length", &buttons); buttons > 0 {
		t.Errorf("%d controls that do nothing without the script", buttons)
	}
	want := func(kind, s string) {
		if s != "" && !strings.Contains(text, s) {
			t.Errorf("without script the %s %q is not there", kind, s)
		}
	}
	r := sample()
	want("verdict", r.Verdict)
	for _, f := range r.Findings {
		want("summary", f.Summary)
		want("check", f.Check)
		want("remedy", f.Remedy)
		for _, e := range f.Evidence {
			want("address", e.Ref)
			want("excerpt", e.Excerpt)
		}
		for _, x := range f.Facts {
			want("fact", x.Value)
		}
	}
	for _, h := range r.Hosts {
		want("host", h.Name)
		for _, g := range h.Gaps {
			want("gap", g.Reason)
		}
	}
	for _, j := range r.Rules {
		want("rule", j.Title)
		for _, o := range j.Outcomes {
			want("reason", o.Why)
		}
	}
	// Folded text is printed: in print the evidence of the first findings has a height.
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	var shown int
	if b.eval("[...document.querySelectorAll('.finding:nth-of-type(-n+3) figure pre')].filter(p => p.getBoundingClientRect().height > 0).length", &shown); shown < 6 {
		t.Errorf("on paper %d excerpts of the first three findings are seen", shown)
	}
}

// testWithScript: what the script adds works, also from file://.
func testWithScript(t *testing.T, b *browser) {
	r := sample()
	path := pageFile(t, rendered(t, HTML, r))
	anchor := anchors(r.Findings)[r.Findings[2].ID]
	b.load(path, "#"+anchor)
	for _, x := range [][2]string{
		{"String([...document.querySelectorAll('pre.copy')].every(p => p.parentElement.querySelector('button')))", "true"},
		{"document.querySelector('details.finding:target').id", anchor},
		{"String(document.querySelector('details.finding:target').open)", "true"},
		{"String(document.activeElement.closest('details')?.id)", anchor},
		{"String(document.querySelectorAll('details.finding').length)", fmt.Sprint(len(r.Findings))},
		{"[...document.querySelectorAll('[data-page].here')].map(e => e.id).join()", "causes,findings"},
	} {
		var got string
		if b.eval(x[0], &got); got != x[1] {
			t.Errorf("%s is %q, not %q", x[0], got, x[1])
		}
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
}

// testFirstScreen: at 1366×768 verdict, counts and the first findings are seen without scrolling, and nothing
// sticks out sideways, also on a narrow screen.
func testFirstScreen(t *testing.T, b *browser) {
	for name, r := range map[string]*analyze.Result{"incident": sample(), "healthy": healthy(), "fleet": fleet(40)} {
		b.load(pageFile(t, rendered(t, HTML, r)), "")
		var bottom float64
		b.eval("Math.max(...[...document.querySelectorAll('.verdict,.tallies,.ranked li:nth-child(-n+3)')].map(e => e.getBoundingClientRect().bottom))", &bottom)
		if bottom > 768 {
			t.Errorf("%s: the answer ends at %.0f pixels", name, bottom)
		}
	}
	for _, width := range []int{1366, 800, 390} {
		b.width(width)
		h, _ := hostile()
		for name, r := range map[string]*analyze.Result{"incident": sample(), "hostile": h} {
			b.load(pageFile(t, rendered(t, HTML, r)), "")
			var over int
			if b.eval("document.documentElement.scrollWidth - innerWidth", &over); over > 1 { // one is rounding
				var which []string
				b.eval("[...document.querySelectorAll('main *, header *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).map(e => e.tagName + '.' + e.className + ' in ' + e.parentElement.className).slice(0, 9)", &which)
				t.Errorf("%s: at %d pixels the page is %d too wide: %q", name, width, over, which)
			}
		}
	}
}
