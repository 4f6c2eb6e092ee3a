package report

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
	planting "github.com/netmortem/netmortem/schema/hostile"
)

// corpus analyzes a set of real bundles in which each captured text is an attack.
func corpus(t *testing.T, set string, how planting.Plant) *analyze.Result {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob("../testdata/bundles/" + set + "/*.tar.zst")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundles of %s: %v", set, err)
	}
	for i, from := range files {
		files[i] = filepath.Join(dir, filepath.Base(from))
		if err := planting.Write(files[i], from, how); err != nil {
			t.Fatal(err)
		}
	}
	r, err := analyze.Run(context.Background(), analyze.Options{Bundles: files, Tool: "test", Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Skipf("the bundles cannot be analyzed here: %v", err)
	}
	return r
}

// foreign is what no page of ours has, whatever was captured. Places and sizes are what our script styles.
const foreign = `[
...('__pwn' in window ? ['it ran'] : []),
...[...document.querySelectorAll('img,iframe,frame,object,embed,applet,form,base,video,audio,source,portal,template,foreignObject,use,image,animate,set,svg script,meta[http-equiv=refresh]')].map(e => 'element ' + e.tagName),
...(document.scripts.length === 2 && document.querySelectorAll('style').length === 1 ? [] : ['scripts or styles']),
...[...document.querySelectorAll('*')].flatMap(e => [...e.attributes].filter(a => /^on/i.test(a.name) || ['style', 'srcdoc', 'formaction', 'action', 'src', 'srcset', 'xlink:href', 'target', 'ping', 'download'].includes(a.name) && !(a.name === 'style' && /^((left|top|width|height|transform|--columns|display): [a-z0-9 .,()%-]+; ?)+$/i.test(a.value) && !a.value.includes('url'))).map(a => e.tagName + ' ' + a.name + '=' + a.value.slice(0, 60))),
...[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href')).filter(u => !u.startsWith('#') && u !== 'data:,').map(u => 'link to ' + u.slice(0, 60)),
...[document.title + document.getElementById('main').innerText + [...document.querySelectorAll('svg text')].map(e => e.textContent).join()].filter(s => /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u202e\u2066\ufeff]|\udb40/.test(s)).map(s => 'raw ' + JSON.stringify(s.slice(Math.max(0, s.search(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u202e\u2066\ufeff]|\udb40/) - 40)).slice(0, 80))),
].slice(0, 8)`

// TestBrowserCorpus opens every kind of page of what was made of planted bundles: nothing runs, the policy is never
// touched, no element, attribute or link is there that is not ours, no character that turns or hides text.
func TestBrowserCorpus(t *testing.T) {
	b := newBrowser(t)
	for _, x := range []struct {
		set string
		how planting.Plant
	}{{"incident-stale-backend", planting.Names}, {"healthy-every-collector", planting.All}} {
		t.Run(string(x.how), func(t *testing.T) {
			b.reset(t)
			testCorpusPages(t, b, corpus(t, x.set, x.how))
		})
	}
}

func testCorpusPages(t *testing.T, b *browser, r *analyze.Result) {
	path := pageFile(t, rendered(t, HTML, r))
	p := newHTMLPage(r)
	pages := []string{"#/", "#/map", "#/findings", "#/c/1", "#/paths", "#/path/1", "#/time", "#/failures", "#/hosts", "#/svc", "#/net", "#/ctr", "#/coverage", "#/data",
		"#/list/findings", "#/list/hosts", p.To("svc", planting.Payload), "#/" + planting.Payload}
	for _, f := range p.Findings[:min(8, len(p.Findings))] {
		pages = append(pages, p.To("f", f.ID))
	}
	for _, h := range p.Hosts {
		pages = append(pages, p.To("host", h.Name))
	}
	last := func(n int) []int { return []int{0, n / 2, n - 1} } // what was made up is last
	for _, i := range last(len(p.Scene.Services)) {
		pages = append(pages, p.To("svc", p.Scene.Services[i].Name))
	}
	for _, i := range last(len(p.Scene.Containers)) {
		pages = append(pages, p.To("ctr", p.Scene.Containers[i].ID))
	}
	for _, i := range last(len(p.Scene.Networks)) {
		pages = append(pages, p.To("net", p.Scene.Networks[i].ID))
	}
	b.load(path, "")
	b.becomes("document.querySelector('#overview.here')")
	shown := 0
	for _, hash := range pages {
		var ok bool
		b.eval(fmt.Sprintf("(location.hash = %s, true)", quoteJS(hash)), &ok)
		b.becomes("[...document.querySelectorAll('main > section.page')].some(e => e.checkVisibility())")
		// What opens is opened, what points is pointed at.
		b.eval(`(() => { for (const d of document.querySelectorAll('details')) if (d.checkVisibility()) d.open = true;
for (const e of [...document.querySelectorAll('svg a, .vrow, [tabindex]')].filter(e => e.checkVisibility()).slice(0, 40)) { e.dispatchEvent(new PointerEvent('pointerover', {bubbles: true})); e.dispatchEvent(new PointerEvent('pointerenter')); e.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); e.focus?.(); }
return true; })()`, &ok)
		b.becomes("true")
		var bad []string
		if b.eval(foreign, &bad); len(bad) > 0 {
			t.Errorf("%.60q: %q", hash, bad)
		}
		var n int
		b.eval("document.getElementById('main').innerText.split('pwn=1').length - 1", &n)
		shown += n
	}
	for _, x := range []string{"pwn", "kind:container pwn", "img"} {
		var found int
		b.eval(fmt.Sprintf(`new Promise(r => { const s = document.getElementById('search'); s.focus(); s.value = %q; s.dispatchEvent(new Event('input')); setTimeout(() => r(document.querySelectorAll('#hits [role=option]').length), 300); })`, x), &found)
		var bad []string
		if b.eval(foreign, &bad); len(bad) > 0 || found == 0 {
			t.Errorf("a search for %q finds %d: %q", x, found, bad)
		}
	}
	for _, c := range b.complaints(path) {
		t.Errorf("%.600s", c)
	}
	if shown < 500 {
		t.Errorf("what was planted is seen %d times only", shown)
	}
	t.Logf("%d pages, what was planted is seen %d times", len(pages), shown)
}

// quoteJS is a string of a script.
func quoteJS(s string) string {
	var b strings.Builder
	for _, r := range s {
		for _, u := range utf16Of(r) {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return `"` + b.String() + `"`
}

func utf16Of(r rune) []uint16 {
	if r >= 0x10000 {
		r -= 0x10000
		return []uint16{uint16(0xd800 + r>>10), uint16(0xdc00 + r&0x3ff)}
	}
	return []uint16{uint16(r)}
}
