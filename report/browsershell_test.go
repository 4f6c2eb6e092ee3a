package report

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/netmortem/netmortem/analyze"
)

// press types keys, one after the other: j, Enter, /.
func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		down := map[string]any{"type": "keyDown", "key": k}
		switch {
		case len(k) == 1:
			down["text"] = k
		case k == "Enter":
			down["text"], down["windowsVirtualKeyCode"] = "\r", 13
		case k == "Escape":
			down["windowsVirtualKeyCode"] = 27
		}
		b.call("Input.dispatchKeyEvent", down, nil)
		b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": k}, nil)
		b.becomes("true")
	}
}

// becomes waits until an expression of the page holds.
func (b *browser) becomes(expression string) bool {
	b.t.Helper()
	var ok bool
	for range 50 {
		b.eval("new Promise(r => requestAnimationFrame(() => setTimeout(() => r(Boolean("+expression+")), 20)))", &ok)
		if ok {
			return true
		}
	}
	return false
}

// TestBrowserShell opens pages in one browser, and goes about in them.
func TestBrowserShell(t *testing.T) {
	b := newBrowser(t)
	for _, x := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"routes", testRoutes},
		{"hostile things", testHostileThings},
		{"keys", testKeys},
		{"search", testSearch},
		{"tables", testTables},
		{"theme", testTheme},
		{"paper", testPaper},
		{"incidents", testIncidents},
	} {
		t.Run(x.name, func(t *testing.T) {
			b.reset(t)
			x.test(t, b)
		})
	}
}

// testRoutes: each view has a link of its own that works from a file and from mail.
func testRoutes(t *testing.T, b *browser) {
	r := sample()
	path := pageFile(t, rendered(t, HTML, r))
	p := newHTMLPage(r)
	for _, x := range []struct{ hash, page, shows string }{
		{"", "overview", r.Verdict},
		{"#/", "overview", "How far it reaches"},
		{"#/nonsense", "overview", r.Verdict},
		{"#/map", "map", "Map"},
		{"#/findings", "findings", r.Findings[4].Summary},
		{p.To("f", r.Findings[1].ID), "findings", r.Findings[1].Evidence[0].Ref},
		{p.To("f", r.Findings[1].ID) + "/e/2", "findings", r.Findings[1].Evidence[1].Ref},
		{"#/c/2", "findings", r.Causes[1].Summary},
		{"#" + p.Anchor[r.Findings[2].ID], "findings", r.Findings[2].Summary},
		{"#/time", "time", "Time"},
		{"#/failures", "failures", "Failures of processes"},
		{"#/hosts", "hosts", "node3"},
		{"#/host/node2", "thing", "20.10.24"},
		{"#/host/node3", "thing", "nobody captured it"},
		{"#/host/nobody", "thing", "There is no such host"},
		{"#/svc", "thing", "Services"},
		{"#/svc/vote", "thing", "8080→80/tcp"},
		{"#/ctr", "thing", "All containers"},
		{"#/ctr/" + id("b1")[:12], "thing", "exited with 137 out of memory"},
		{"#/net", "thing", "Networks"},
		{"#/net/back", "thing", "4097"},
		{"#/net/" + url.PathEscape(id("ffee")), "thing", "172.17.0.0/16"},
		{"#/coverage", "coverage", "operation not permitted"},
		{"#/data", "data", "SELECT rank"},
		{"#/list/findings", "thing", "All findings"},
	} {
		b.load(path, x.hash)
		if !b.becomes(fmt.Sprintf("[...document.querySelectorAll('[data-page]')].filter(e => e.checkVisibility()).every(e => e.dataset.page === %q) && [...document.querySelectorAll('[data-page=%s]')].some(e => e.checkVisibility() && e.innerText.includes(%q))", x.page, x.page, x.shows)) {
			var text string
			b.eval("document.getElementById('main').innerText.slice(0, 300)", &text)
			t.Errorf("%q does not show the page %s with %q but %q", x.hash, x.page, x.shows, text)
		}
		var heads int
		if b.eval("[...document.querySelectorAll('h1, [aria-level=\"1\"]')].filter(e => e.checkVisibility()).length", &heads); heads != 1 && !strings.Contains(x.shows, "no such") {
			t.Errorf("%s has %d first headings", x.hash, heads)
		}
		for _, c := range b.complaints(path) {
			t.Errorf("%s: %s", x.hash, c)
		}
	}
}

// testHostileThings: what the script draws of planted text is text.
func testHostileThings(t *testing.T, b *browser) {
	r, _ := hostile()
	path := pageFile(t, rendered(t, HTML, r))
	p := newHTMLPage(r)
	b.load(path, "#/svc")
	hashes := []string{"#/svc", "#/ctr", "#/net", "#/list/findings", "#/list/hosts", p.To("svc", p.Scene.Services[2].Name), p.To("ctr", p.Scene.Containers[1].ID), p.To("net", p.Scene.Networks[0].ID),
		p.To("host", p.Hosts[0].Name), p.To("host", p.Hosts[2].Name), p.To("f", p.Findings[0].ID), "#/c/1", "#/svc/%3Cimg%20src=x%20onerror=window.__pwn=1%3E", "#/%ff/%00?q=<img>"}
	for _, h := range hashes {
		var ok bool
		b.eval(fmt.Sprintf("new Promise(r => { location.hash = %q; setTimeout(() => r(true), 120); })", h), &ok)
		b.becomes("!document.getElementById('thing')?.checkVisibility() || document.getElementById('thing').childElementCount > 0")
		var bad []string
		b.eval(`['__pwn' in window ? 'it ran' : '', ...[...document.querySelectorAll('img,iframe,object,embed,form,base,svg script')].map(e => e.tagName),
...[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href')).filter(u => !u.startsWith('#'))].filter(Boolean)`, &bad)
		if len(bad) > 0 {
			t.Errorf("%s: planted text became %q", h, bad)
		}
	}
	var n int
	b.eval(`new Promise(r => { const s = document.getElementById('search'); s.value = 'img'; s.dispatchEvent(new Event('input')); setTimeout(() => r(document.querySelectorAll('#hits [role=option]').length), 400); })`, &n)
	if n < 10 {
		t.Errorf("a search finds %d planted things", n)
	}
	var raw string
	b.eval("(document.body.innerText.match(/[\\u0000-\\u0008\\u001b\\u200b\\u202e\\u2066\\ufeff]/) ?? [''])[0]", &raw)
	if raw != "" {
		t.Errorf("the page shows a raw %q", raw)
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
}

// testKeys: from the verdict to raw evidence in at most four keys, and wherever else keys lead.
func testKeys(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sample()))
	evidence := "[...document.querySelectorAll('.finding.chosen figure pre')].some(e => e.checkVisibility() && e.textContent.includes('PERMANENT') && e.getBoundingClientRect().top < innerHeight && e.getBoundingClientRect().bottom > 0)"
	for _, keys := range [][]string{{"e"}, {"j", "Enter", "j", "Enter"}} {
		b.load(path, "")
		if !b.becomes("document.querySelector('.here')") {
			t.Fatal("the script does not start")
		}
		b.press(keys...)
		if len(keys) == 4 && !b.becomes("location.hash.startsWith('#/f/')") {
			t.Errorf("%q does not lead to a finding", keys)
		}
		if len(keys) == 4 {
			evidence = strings.Replace(evidence, "e.getBoundingClientRect().top < innerHeight && ", "", 1) // the card is open; the evidence may be below its sentence
		}
		if !b.becomes(evidence) {
			var hash string
			b.eval("location.hash", &hash)
			t.Errorf("%q ends at %s, and no evidence is seen", keys, hash)
		}
	}
	b.load(path, "")
	for _, x := range [][2]string{
		{"m", "location.hash === '#/map'"},
		{"t", "location.hash === '#/time'"},
		{"h", "location.hash === '#/hosts'"},
		{"d", "location.hash === '#/data'"},
		{"?", "document.querySelector('dialog.help').open"},
		{"Escape", "!document.querySelector('dialog.help').open"},
		{"j", "location.hash === '#/findings'"},
		{"j", "document.activeElement?.closest('.cause')?.id === 'cause-1'"},
		{"Enter", "location.hash === '#/c/1'"},
		{"Escape", "location.hash === '#/'"},
		{"e", "document.activeElement?.tagName === 'FIGURE'"},
		{"j", "document.querySelector('.finding.chosen .no').textContent === '2'"},
		{"k", "document.querySelector('.finding.chosen .no').textContent === '1'"},
		{"y", "document.querySelector('.toast')?.textContent.includes('link')"},
		{"P", "document.documentElement.classList.contains('projector')"},
		{" ", "document.querySelector('.finding.chosen .no')?.textContent === '2' && [...document.querySelectorAll('.finding')].filter(e => e.checkVisibility()).length === 1"},
		{"P", "!document.documentElement.classList.contains('projector')"},
		{"o", "location.hash === '#/'"},
		{"/", "document.activeElement.id === 'search'"},
		{"m", "location.hash === '#/' && document.getElementById('search').value === 'm'"},
	} {
		b.press(x[0])
		if !b.becomes(x[1]) {
			var at string
			b.eval("location.hash + ' ' + document.activeElement?.outerHTML.slice(0, 80)", &at)
			t.Errorf("after %q it is not so that %s, at %s", x[0], x[1], at)
		}
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
}

// testSearch: words and tokens find things of all kinds.
func testSearch(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sample()))
	b.load(path, "")
	for _, x := range []struct {
		query string
		kinds string // of what is found, each once, in order
		n     int
	}{
		{"host:node1 sev:high", "cause finding", 2},
		{"sev:critical kind:finding", "finding", 1},
		{"svc:vote kind:container", "container", 2},
		{"kind:service net:back", "service", 3},
		{"rule:ipvs-stale", "cause finding", 2},
		{"host:node2 kind:container", "container", 2},
		{"4097 kind:network", "network", 1},
		{"10.0.1.12", "container", 1},
		{"svc:client sev:high", "", 0},
		{"node3 kind:host", "host", 1},
		{"nosuchthing", "", 0},
	} {
		var kinds []string
		b.eval(fmt.Sprintf(`new Promise(r => { const s = document.getElementById('search'); s.focus(); s.value = %q; s.dispatchEvent(new Event('input')); setTimeout(() => r([...document.querySelectorAll('#hits .kind')].map(k => k.textContent)), 150); })`, x.query), &kinds)
		seen := map[string]bool{}
		for _, k := range kinds {
			seen[k] = true
		}
		var each []string
		for _, k := range []string{"cause", "container", "finding", "host", "network", "service"} {
			if seen[k] {
				each = append(each, k)
			}
		}
		if len(kinds) != x.n || strings.Join(each, " ") != x.kinds {
			t.Errorf("%q finds %q, not %d of %q", x.query, kinds, x.n, x.kinds)
		}
	}
	var ok bool
	b.eval(`new Promise(r => { const s = document.getElementById('search'); s.value = 'node1 kind:host'; s.dispatchEvent(new Event('input')); setTimeout(() => r(true), 150); })`, &ok)
	b.press("Enter")
	if !b.becomes("location.hash === '#/host/node1'") {
		t.Error("Enter does not open what was found")
	}
}

// testTables: of many rows few exist; they sort, filter and copy, and no cell is a formula.
func testTables(t *testing.T, b *browser) {
	r := fleet(60)
	r.Scene = fleetScene(60, 100)
	r.Scene.Containers[5].Name = "=cmd|' /C calc'!A0"
	path := pageFile(t, rendered(t, HTML, r))
	b.load(path, "#/ctr")
	if !b.becomes("document.querySelectorAll('.vrow').length > 10") {
		t.Fatal("there are no rows")
	}
	for _, x := range [][2]string{
		{"String(document.querySelectorAll('.vrow').length < 120)", "true"},
		{"document.querySelector('.listing [role=status]').textContent", "6000 rows"},
		{"(i => { i.value = 'exited'; i.dispatchEvent(new Event('input')); return document.querySelector('.listing [role=status]').textContent; })(document.querySelector('.listing input'))", "6 of 6000 rows"},
		{"(i => { i.value = '=cmd'; i.dispatchEvent(new Event('input')); return document.querySelector('.listing [role=status]').textContent; })(document.querySelector('.listing input'))", "1 of 6000 rows"},
		{"(navigator.clipboard.writeText = async (t) => { window.copied = t; }, [...document.querySelectorAll('.listing button')].find(b => b.textContent === 'copy as CSV').click(), window.copied.split('\\r\\n')[1].slice(0, 6))", "'=cmd|"},
		{"([...document.querySelectorAll('.listing button')].find(b => b.textContent === 'copy as Markdown').click(), window.copied.split('\\n')[2].slice(0, 9))", "| `=cmd\\|"},
	} {
		var got string
		if b.eval(x[0], &got); got != x[1] {
			t.Errorf("%s is %q, not %q", x[0], got, x[1])
		}
	}
	b.load(path, "#/hosts")
	if !b.becomes("document.querySelector('canvas.heat')?.width > 300") {
		t.Fatal("there is no grid of all containers")
	}
	var red int
	b.eval("(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 0; i < d.length; i += 4) { if (d[i] > 140 && d[i+1] < 60 && d[i+2] < 60 && d[i+3] > 200) n++; } return n; })(document.querySelector('canvas.heat'))", &red)
	if red < 6*9 {
		t.Errorf("%d pixels of the grid are red", red)
	}
	b.press("Tab")
	var ok bool
	b.eval("(document.querySelector('canvas.heat').focus(), true)", &ok)
	b.press("ArrowDown", "ArrowDown", "Enter")
	if !b.becomes("location.hash.startsWith('#/host/host-000')") {
		t.Error("the grid does not open a host by the keyboard")
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
}

// testTheme: the reader's choice is stronger than the system's.
func testTheme(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sample()))
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{{"name": "prefers-color-scheme", "value": "light"}}}, nil)
	b.load(path, "")
	press := "[...document.querySelectorAll('#tools button')].find(b => b.textContent.startsWith('theme')).click()"
	for _, want := range [][2]string{{"theme: auto", "rgb(246, 247, 248)"}, {"theme: light", "rgb(246, 247, 248)"}, {"theme: dark", "rgb(18, 22, 26)"}, {"theme: auto", "rgb(246, 247, 248)"}} {
		var got []string
		b.eval("[[...document.querySelectorAll('#tools button')][0].textContent, getComputedStyle(document.body).backgroundColor]", &got)
		if got[0] != want[0] || got[1] != want[1] {
			t.Errorf("%q, not %q", got, want)
		}
		var x any
		b.eval("("+press+", 1)", &x)
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{}}, nil)
}

// pdfPages is the number of pages of A4 that a page prints.
func (b *browser) pdfPages() int {
	b.t.Helper()
	var out struct{ Data string }
	b.call("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69, "printBackground": true}, &out)
	pdf, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(pdf, -1))
}

// testPaper: whatever was found, paper has four pages at most, with or without the script.
func testPaper(t *testing.T, b *browser) {
	h, _ := hostile()
	big := fleet(200)
	big.Scene = fleetScene(200, 20)
	for name, r := range map[string]*analyze.Result{"incident": sample(), "healthy": healthy(), "fleet": big, "hostile": h} {
		for _, off := range []bool{false, true} {
			b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": off}, nil)
			b.load(pageFile(t, rendered(t, HTML, r)), "#/hosts")
			if n := b.pdfPages(); n < 1 || n > 4 {
				t.Errorf("%s prints %d pages (script off: %v)", name, n, off)
			}
		}
	}
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil)
}

// testIncidents: of real incidents the first screen needs no scrolling, and paper has four pages at most.
func testIncidents(t *testing.T, b *browser) {
	for _, name := range []string{"incident-fdb-missing", "incident-stale-backend", "incident-gossip-cut"} {
		r := bundles(t, name)
		b.load(pageFile(t, rendered(t, HTML, r)), "#/")
		b.becomes("document.querySelector('#overview.here')")
		var bottom float64
		b.eval("Math.max(...['.verdict', '.blast', '.who', '.why', '.seen'].map(s => document.querySelector('#overview ' + s).getBoundingClientRect().bottom))", &bottom)
		if bottom > 768 {
			t.Errorf("%s: the first screen ends at %.0f pixels", name, bottom)
		}
		var size float64
		if b.eval("parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)", &size); size < 20 {
			t.Errorf("%s: the verdict is written at %.0f pixels", name, size)
		}
		var over []string
		b.eval(`(() => { const e = [...document.querySelectorAll('#overview .verdict, #overview .first > section, #overview .seen, .who .stage')]; const out = [];
for (const a of e) for (const c of e) { if (a === c || a.contains(c) || c.contains(a)) continue; const x = a.getBoundingClientRect(), y = c.getBoundingClientRect(); if (x.left < y.right - 1 && y.left < x.right - 1 && x.top < y.bottom - 1 && y.top < x.bottom - 1) out.push(a.className + ' and ' + c.className); } return out; })()`, &over)
		if len(over) > 0 {
			t.Errorf("%s: on the first screen overlap %q", name, over)
		}
		if n := b.pdfPages(); n < 1 || n > 4 {
			t.Errorf("%s prints %d pages", name, n)
		}
		// Of the rules those that are not clean are seen; the others are one button away.
		rows := "[...document.querySelectorAll('.matrix tbody tr')].filter(r => r.checkVisibility())"
		b.load(pageFile(t, rendered(t, HTML, r)), "#/coverage")
		if !b.becomes(rows + ".length > 0 && " + rows + ".every(r => r.querySelector('[data-kind=found], [data-kind=open]'))") {
			t.Errorf("%s: rules that are clean everywhere stand before the others", name)
		}
		var n int
		if b.eval("([...document.querySelectorAll('#checks button')].at(-1).click(), "+rows+".length)", &n); n != len(r.Rules) {
			t.Errorf("%s: %d rules are seen of %d", name, n, len(r.Rules))
		}
	}
}

// bundles is the result of real bundles of testdata.
func bundles(t *testing.T, name string) *analyze.Result {
	t.Helper()
	files, err := filepath.Glob("../testdata/bundles/" + name + "/*.tar.zst")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bundles of %s: %v", name, err)
	}
	r, err := analyze.Run(context.Background(), analyze.Options{Bundles: files, Tool: "test", Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Skipf("the bundles cannot be analyzed here: %v", err)
	}
	return r
}
