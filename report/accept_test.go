package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// incidents are sets of real bundles, each of a swarm in which one thing was broken.
var incidents = []string{"incident-fdb-missing", "incident-stale-backend", "incident-gossip-cut", "incident-arp-proxy-local", "incident-two-marks"}

// TestBrowserAccept holds what the report promises against real incidents, in one browser.
func TestBrowserAccept(t *testing.T) {
	b := newBrowser(t)
	results, pages := map[string]*analyze.Result{}, map[string]string{}
	for _, name := range incidents {
		results[name] = bundles(t, name)
		pages[name] = pageFile(t, rendered(t, HTML, results[name]))
	}
	t.Run("control", func(t *testing.T) {
		b.reset(t)
		acceptControl(t, b, pages[incidents[0]])
	})
	for _, x := range []struct {
		name string
		test func(t *testing.T, b *browser, r *analyze.Result, path string)
	}{
		{"first screen", acceptFirstScreen},
		{"pages", acceptPages},
		{"keys", acceptKeys},
		{"motion", acceptMotion},
		{"without script", acceptWithoutScript},
		{"paper", acceptPaper},
	} {
		t.Run(x.name, func(t *testing.T) {
			of := incidents
			if x.name == "pages" || x.name == "motion" {
				of = of[:3] // these take long
			}
			for _, name := range of {
				t.Run(name, func(t *testing.T) {
					b.reset(t)
					x.test(t, b, results[name], pages[name])
				})
			}
		})
	}
	t.Run("axe", func(t *testing.T) {
		b.reset(t)
		acceptAxe(t, b, results[incidents[1]], pages[incidents[1]])
	})
}

// prefers says what the reader's system asks for: prefers("color-scheme", "dark").
func (b *browser) prefers(pairs ...string) {
	var features []map[string]string
	for i := 0; i < len(pairs); i += 2 {
		features = append(features, map[string]string{"name": "prefers-" + pairs[i], "value": pairs[i+1]})
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": features}, nil)
}

// looks is what is wrong with what is seen of an element: text upon text, text that is cut or outside the screen,
// text below something else. Text is measured line by line, without the space between lines.
const looks = `((root) => {
const out = [], lines = [];
const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
const bar = document.querySelector('header.top').getBoundingClientRect().bottom; // it stays where one scrolls
const spoken = (e) => { for (; e && e !== document.body; e = e.parentElement) { const q = e.getBoundingClientRect(); if (getComputedStyle(e).position === 'absolute' && q.width <= 1.5 && q.height <= 1.5) return true; } return false; }; // to be heard only
const scrolledAway = (e, x, y) => { for (; e && e !== document.body; e = e.parentElement) { const s = getComputedStyle(e), q = e.getBoundingClientRect(); if (/auto|scroll/.test(s.overflowX + s.overflowY) && (x < q.left || x > q.right || y < q.top || y > q.bottom)) return true; } return scrollY > 0 && y < bar + 4; };
const say = (n) => (n.textContent.trim().replace(/\s+/g, ' ').slice(0, 40) + ' <' + n.parentElement.tagName.toLowerCase() + '.' + (n.parentElement.getAttribute('class') ?? '') + '>');
for (let n = walk.nextNode(); n; n = walk.nextNode()) {
  const e = n.parentElement;
  if (!n.textContent.trim() || !e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest('defs,title,desc,.skip,[aria-hidden=true]:not(svg *)') || spoken(e)) continue;
  const r = document.createRange();
  r.selectNodeContents(n);
  for (const q of r.getClientRects()) {
    if (q.width < 2 || q.height < 2) continue;
    if (!e.closest('header') && scrolledAway(e, (q.left + q.right) / 2, (q.top + q.bottom) / 2)) continue;
    const cut = q.height * 0.22;
    lines.push({n, e, l: q.left + 1, r: q.right - 1, t: q.top + cut, b: q.bottom - cut});
  }
}
for (let i = 0; i < lines.length; i++) {
  const x = lines[i];
  if (x.l < -1 || x.r > innerWidth + 1 || x.t < -1 || x.b > innerHeight + 1) { out.push('outside the screen: ' + say(x.n)); continue; }
  const hit = document.elementFromPoint((x.l + x.r) / 2, (x.t + x.b) / 2);
  if (hit && hit !== x.e && !hit.contains(x.e) && !x.e.contains(hit) && !(hit.closest('a,g,label,summary') && hit.closest('a,g,label,summary').contains(x.e))) {
    const alone = hit instanceof SVGElement && x.e instanceof SVGElement; // a line under a label is in front of nothing unless it is painted later
    if (!alone || (x.e.compareDocumentPosition(hit) & Node.DOCUMENT_POSITION_FOLLOWING && getComputedStyle(hit).fill !== 'none' && hit.tagName !== 'path')) out.push('covered: ' + say(x.n) + ' by ' + hit.tagName + '.' + (hit.getAttribute('class') ?? ''));
  }
  for (let k = 0; k < i; k++) {
    const y = lines[k];
    if (x.n !== y.n && x.l < y.r && y.l < x.r && x.t < y.b && y.t < x.b) out.push('upon each other: ' + say(x.n) + ' and ' + say(y.n));
  }
}
for (const e of [root, ...root.querySelectorAll('*')]) {
  if (e instanceof SVGElement || !e.checkVisibility() || !e.textContent.trim() || spoken(e)) continue;
  const s = getComputedStyle(e);
  if (s.display === 'inline') continue;
  if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) out.push('cut sideways by ' + (e.scrollWidth - e.clientWidth) + ': ' + e.tagName + '.' + e.className);
  if (s.overflowY !== 'visible' && e.scrollHeight > e.clientHeight + 1 && e !== document.body) out.push('cut below by ' + (e.scrollHeight - e.clientHeight) + ': ' + e.tagName + '.' + e.className);
}
return [...new Set(out)].slice(0, 12);
})`

// acceptFirstScreen: at 1366×768 the verdict, how far it reaches, the first causes and the map are seen without
// scrolling; nothing overlaps, nothing is cut. In both themes, for their widths might differ.
func acceptFirstScreen(t *testing.T, b *browser, r *analyze.Result, path string) {
	for _, theme := range []string{"light", "dark"} {
		b.prefers("color-scheme", theme)
		b.load(path, "")
		b.becomes("document.querySelector('#overview.here')")
		for what, selector := range map[string]string{
			"verdict": "h1#verdict", "label": ".verdict .label", "blast radius": ".blast", "each count": ".blast dd", "causes": "#overview .why", "each cause": "#overview .why .row",
			"map": "#overview .who svg", "what was seen": ".seen",
		} {
			var boxes [][4]float64
			b.eval(fmt.Sprintf("[...document.querySelectorAll(%q)].map(e => e.getBoundingClientRect()).map(q => [q.left, q.top, q.right, q.bottom])", selector), &boxes)
			if len(boxes) == 0 {
				t.Errorf("%s: there is no %s", theme, what)
			}
			for _, q := range boxes {
				if q[0] < 0 || q[1] < 0 || q[2] > 1366 || q[3] > 768 || q[2]-q[0] < 5 || q[3]-q[1] < 5 {
					t.Errorf("%s: %s is at %v, not on the first screen", theme, what, q)
				}
			}
		}
		var said struct {
			Verdict, Counts, Causes string
			Marks                   int
		}
		b.eval(`({verdict: document.querySelector('h1').innerText, counts: document.querySelector('.blast').innerText, causes: document.querySelector('#overview .why').innerText, marks: document.querySelectorAll('#overview .who svg text').length})`, &said)
		if said.Verdict != Visible(r.Verdict) {
			t.Errorf("the screen says %q, not the verdict %q", said.Verdict, r.Verdict)
		}
		if !strings.Contains(said.Counts, " of ") {
			t.Errorf("no count says of how many: %q", said.Counts)
		}
		for _, c := range r.Causes[:min(len(r.Causes), 3)] {
			if !strings.Contains(said.Causes, Visible(c.Summary)) {
				t.Errorf("%s: cause %d is not on the first screen: %s", theme, c.Rank, c.Summary)
			}
		}
		if said.Marks < 2 {
			t.Errorf("%d words are in the map", said.Marks)
		}
		var bad []string
		if b.eval(looks+"(document.body)", &bad); len(bad) > 0 {
			t.Errorf("%s: %s", theme, strings.Join(bad, "\n"))
		}
		var scroll float64
		if b.eval("document.documentElement.scrollHeight - innerHeight", &scroll); scroll > 1 {
			t.Logf("%s: %.0f pixels are below the first screen", theme, scroll)
		}
		for _, c := range b.complaints(path) {
			t.Error(c)
		}
	}
}

// acceptPages: nor does anything overlap on the other pages, however far one scrolls. What is wider than its place there has a bar to
// scroll it by.
func acceptPages(t *testing.T, b *browser, r *analyze.Result, path string) {
	p := newHTMLPage(r)
	b.prefers("reduced-motion", "reduce")
	b.load(path, "")
	for _, hash := range []string{"#/map", "#/findings", p.To("f", r.Findings[0].ID), "#/c/1", "#/paths", "#/path/1", "#/time", "#/failures", "#/hosts", p.To("host", r.Hosts[0].Name),
		"#/svc", p.To("svc", "vote"), "#/net", p.To("net", "app"), "#/ctr", p.To("ctr", p.Scene.Containers[0].ID), "#/coverage", "#/data", "#/list/findings"} {
		var ok bool
		b.eval(fmt.Sprintf("(location.hash = %q, true)", hash), &ok)
		b.becomes("[...document.querySelectorAll('main > section.page')].some(e => e.checkVisibility())")
		b.becomes("!document.getElementById('thing')?.checkVisibility() || document.getElementById('thing').childElementCount > 0")
		var tall int
		b.eval("document.documentElement.scrollHeight", &tall)
		for y := 0; y < min(tall, 12*700); y += 700 {
			b.eval(fmt.Sprintf("(scrollTo(0, %d), true)", y), &ok)
			var bad []string
			b.eval(looks+"(document.body).filter(s => /^upon|^covered|^cut sideways/.test(s) && !/header|\\.scroll|\\.stage/.test(s))", &bad)
			if len(bad) > 0 {
				t.Errorf("%s at %d: %s", hash, y, strings.Join(bad, "\n"))
			}
		}
	}
}

// acceptControl proves that looks would see it: text upon text, text that is cut, text off the screen, text below a box.
func acceptControl(t *testing.T, b *browser, path string) {
	for want, script := range map[string]string{
		"upon each other":    `h1.append(Object.assign(document.createElement('b'), {textContent: 'upon', style: 'position:absolute;left:80px;top:' + (h1.getBoundingClientRect().top + 4) + 'px'}))`,
		"cut sideways":       `h1.append(Object.assign(document.createElement('p'), {textContent: 'a long word', style: 'width:20px;overflow:hidden;white-space:nowrap'}))`,
		"outside the screen": `h1.append(Object.assign(document.createElement('b'), {textContent: 'away', style: 'position:absolute;left:1340px;top:300px;width:99px'}))`,
		"covered":            `document.body.append(Object.assign(document.createElement('div'), {style: 'position:fixed;background:red;left:60px;top:60px;width:600px;height:200px'}))`,
	} {
		b.load(path, "")
		b.becomes("document.querySelector('#overview.here')")
		var ok bool
		b.eval("(() => { const h1 = document.querySelector('h1'); "+script+"; return true; })()", &ok)
		var bad []string
		if b.eval(looks+"(document.body)", &bad); !strings.Contains(strings.Join(bad, "\n"), want) {
			t.Errorf("of what is %s nothing is said: %q", want, bad)
		}
	}
}

// acceptKeys: from the verdict to raw evidence in at most four keys, by keys as a keyboard sends them.
func acceptKeys(t *testing.T, b *browser, r *analyze.Result, path string) {
	var excerpts []string
	for _, f := range r.Findings {
		for _, e := range f.Evidence {
			if e.Excerpt != "" {
				excerpts = append(excerpts, visible(e.Excerpt, true))
			}
		}
	}
	list, err := json.Marshal(excerpts)
	if err != nil || len(excerpts) == 0 {
		t.Fatalf("no finding has evidence (%v)", err)
	}
	seen := fmt.Sprintf("(all => [...document.querySelectorAll('pre')].some(p => p.checkVisibility() && p.getBoundingClientRect().bottom > 0 && p.getBoundingClientRect().top < innerHeight && p.textContent.trim() && all.some(x => x.includes(p.textContent.trim().split('\\n')[0]))))(%s)", list)
	for _, keys := range [][]string{{"e"}, {"j", "Enter", "j", "Enter"}} {
		b.load(path, "")
		if !b.becomes("document.querySelector('#overview.here')") {
			t.Fatal("the script does not start")
		}
		var early bool
		if b.eval(seen, &early); early {
			t.Fatal("evidence is on the first screen already: this proves nothing")
		}
		at := 0
		for at < len(keys) {
			b.press(keys[at])
			at++
			var now bool
			if b.eval(seen, &now); now {
				break
			}
		}
		if !b.becomes(seen) {
			var hash string
			b.eval("location.hash", &hash)
			t.Errorf("after %q no raw evidence is seen, at %s", keys, hash)
			continue
		}
		t.Logf("%q: raw evidence after %d keys", keys, at)
	}
}

// acceptMotion: whoever asks for less motion gets none, and the map says the same.
func acceptMotion(t *testing.T, b *browser, r *analyze.Result, path string) {
	said := map[string]string{}
	for _, want := range []string{"no-preference", "reduce"} {
		b.prefers("reduced-motion", want)
		b.load(path, "#/map")
		b.becomes("document.querySelector('#map.here svg')")
		var moving struct {
			Running, Canvas int
			Words           string
		}
		b.eval(`new Promise(r => setTimeout(() => r({
running: document.getAnimations().filter(a => a.playState === 'running' && (a.effect?.getComputedTiming().duration ?? 0) > 1).length + [...document.querySelectorAll('animate,animateMotion,animateTransform')].filter(e => e.checkVisibility()).length,
canvas: [...document.querySelectorAll('#map canvas')].filter(c => c.checkVisibility()).length,
words: [...document.querySelectorAll('#map svg text')].map(e => e.textContent).join(' ')}), 300))`, &moving)
		if want == "reduce" && moving.Running > 0 {
			t.Errorf("%d animations run although the reader asked for less motion", moving.Running)
		}
		var moves bool
		if moving.Canvas > 0 {
			b.eval(`new Promise(r => { const c = [...document.querySelectorAll('#map canvas')].find(c => c.checkVisibility()), at = () => c.toDataURL(); const a = at(); setTimeout(() => r(a !== at()), 500); })`, &moves)
		}
		// Without traffic only what is lost moves.
		if moves != (want == "no-preference" && r.Paths.Partly+r.Paths.Broken > 0) {
			t.Errorf("with %s of motion it is %v that marks move", want, moves)
		}
		said[want] = moving.Words
	}
	if said["reduce"] != said["no-preference"] || said["reduce"] == "" {
		t.Errorf("the map says %q, and with less motion %q", said["no-preference"], said["reduce"])
	}
}

// acceptWithoutScript: with JavaScript off verdict, causes, evidence, map, hosts and coverage are read, on the screen.
func acceptWithoutScript(t *testing.T, b *browser, r *analyze.Result, path string) {
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	b.load(path, "")
	var text string
	b.eval("document.body.textContent", &text)
	var hidden []string
	b.eval("[...document.querySelectorAll('main > section.page')].filter(e => !e.checkVisibility() || e.getBoundingClientRect().height < 10).map(e => e.id)", &hidden)
	if len(hidden) > 0 {
		t.Errorf("the sections %q are not seen", hidden)
	}
	want := []string{Visible(r.Verdict)}
	for _, c := range r.Causes {
		want = append(want, Visible(c.Summary))
	}
	for _, f := range r.Findings {
		want = append(want, Visible(f.Summary))
		for _, e := range f.Evidence {
			want = append(want, Visible(e.Ref))
		}
	}
	for _, h := range r.Hosts {
		want = append(want, h.Name)
		for _, g := range h.Gaps {
			want = append(want, Visible(g.Reason))
		}
	}
	lost := 0
	for _, w := range want {
		if !strings.Contains(text, w) {
			if lost++; lost < 6 {
				t.Errorf("not there: %q", w)
			}
		}
	}
	if lost > 5 {
		t.Errorf("and %d more", lost-5)
	}
	var drawn int
	if b.eval("[...document.querySelectorAll('#map svg text')].filter(e => e.checkVisibility()).length", &drawn); drawn < 2 {
		t.Errorf("%d words of the map are seen", drawn)
	}
	var dead []string
	b.eval("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1)).filter(h => h && !document.getElementById(h)).slice(0, 9)", &dead)
	if len(dead) > 0 {
		t.Errorf("links lead nowhere: %q", dead)
	}
}
