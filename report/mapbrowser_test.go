package report

import (
	"fmt"
	"strings"
	"testing"
)

// drawn answers whether any pixel of the first visible canvas is not clear, and sum a figure that changes when one of them does.
const mapPixels = `(() => { const c = [...document.querySelectorAll('.stage canvas')].find(c => c.checkVisibility()); if (!c || !c.width) { return 0; }
const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < d.length; i += 4) { n = (n * 31 + d[i]) % 1000000007; } return n; })()`

// frames lets the page draw.
const frames = `new Promise(r => { let n = 0; const f = () => ++n > 8 ? r(true) : requestAnimationFrame(f); requestAnimationFrame(f); })`

// testMap: the map is drawn, its marks move when they may and only then, and it can be walked with the keyboard.
func testMap(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, town(60)))
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{{"name": "prefers-reduced-motion", "value": "no-preference"}}}, nil)
	b.load(path, "#/map")
	var ok bool
	pixels := func() (n int) {
		b.eval(frames, &ok)
		b.eval(mapPixels, &n)
		return n
	}
	moves := func() bool {
		first := pixels()
		for range 3 {
			if pixels() != first {
				return true
			}
		}
		return false
	}
	if !moves() {
		t.Error("nothing moves on the map")
	}
	key := func(k string) {
		for _, kind := range []string{"keyDown", "keyUp"} {
			p := map[string]any{"type": kind, "key": k}
			if kind == "keyDown" && len(k) == 1 {
				p["text"] = k
			}
			b.call("Input.dispatchKeyEvent", p, nil)
		}
	}
	key("p")
	if n := pixels(); n != 0 {
		t.Error("p does not stop what moves")
	}
	key("p")
	if !moves() {
		t.Error("p does not let it go on")
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{{"name": "prefers-reduced-motion", "value": "reduce"}}}, nil)
	if n := pixels(); n != 0 {
		t.Error("it moves for who asked for no motion")
	}
	for _, x := range []struct{ what, expression string }{
		{"every node has a name and lies on its drawing", `[...document.querySelectorAll('.view.on .m-node')].every(n => n.getAttribute('aria-label') && n.getBBox().width > 100)`},
		{"one view is seen", `[...document.querySelectorAll('#map .view')].filter(v => v.checkVisibility()).length === 1`},
		{"no node covers another", `(() => { const r = [...document.querySelectorAll('.view.on .m-node .m-card:not(.m-under)')].map(n => n.getBoundingClientRect()); return r.length > 5 && r.every((a, i) => r.every((b, j) => i === j || a.right <= b.left + 1 || b.right <= a.left + 1 || a.bottom <= b.top + 1 || b.bottom <= a.top + 1)); })()`},
		{"still signs are seen", `[...document.querySelectorAll('.view.on .m-edge .m-sign')].every(s => getComputedStyle(s).visibility === 'visible')`},
		{"what is ill can be reached with the keyboard, what is well is left to nodes and the table", `[...document.querySelectorAll('.view.on .m-edge')].every(e => (e.tabIndex === 0) === (e.dataset.state === 'bad' || e.dataset.state === 'part'))`},
		{"the focus shows a panel with figures", `(() => { const e = document.querySelector('.view.on .m-edge[data-state=bad]'); e.focus(); const p = [...document.querySelectorAll('.peek')].find(p => p.checkVisibility()); return !!p && p.textContent.includes('0 of 9 pairs') && p.textContent.includes('fdb'); })()`},
		{"the panel goes", `(() => { document.activeElement.blur(); return [...document.querySelectorAll('.peek')].every(p => !p.checkVisibility()); })()`},
		{"the stage has all of the panel", `(() => { const n = [...document.querySelectorAll('.view.on .m-node')].at(-1); n.focus(); const p = [...document.querySelectorAll('.peek')].find(p => p.checkVisibility()).getBoundingClientRect(); const s = n.closest('.stage').getBoundingClientRect(); return p.left >= s.left - 1 && p.right <= s.right + 1 && p.top >= s.top - 1; })()`},
	} {
		if b.eval(x.expression, &ok); !ok {
			t.Errorf("not so: %s", x.what)
		}
	}
	// Enter opens what has the focus.
	b.eval(`(document.querySelector('.view.on .m-node[data-state=part]').focus(), true)`, &ok)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}, nil)
	b.eval(frames, &ok)
	var at string
	if b.eval("location.hash", &at); !strings.HasPrefix(at, "#/svc/") {
		t.Errorf("Enter on a service leads to %q", at)
	}
	for _, lens := range []string{"stacks", "host", "network", "service"} {
		b.load(path, "#/map?lens="+lens)
		if b.eval(fmt.Sprintf("document.querySelector('#map .view.on').dataset.view === %q", lens), &ok); !ok {
			t.Errorf("lens=%s shows something else", lens)
		}
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	b.eval(frames, &ok)
	var seen []string
	if b.eval(`[...document.querySelectorAll('#map .view, .stage canvas')].filter(v => v.checkVisibility()).map(v => v.dataset.view ?? v.tagName)`, &seen); len(seen) != 1 || seen[0] != "service" {
		t.Errorf("paper shows %q, not the first view alone and still", seen)
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": "", "features": []map[string]string{}}, nil)
}
