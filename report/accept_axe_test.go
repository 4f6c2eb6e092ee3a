package report

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// acceptAxe: axe-core finds no serious and no critical violation on any kind of page, in both themes. NETMORTEM_AXE is the
// path of its axe.min.js; testdata/scripts/test fetches it.
func acceptAxe(t *testing.T, b *browser, r *analyze.Result, file string) {
	name := os.Getenv("NETMORTEM_AXE")
	if name == "" {
		t.Skip("NETMORTEM_AXE does not name an axe.min.js (npm install axe-core)")
	}
	axe, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	p := newHTMLPage(r)
	pages := []string{"#/", "#/map", "#/findings", p.To("f", r.Findings[0].ID), "#/c/1", "#/paths", "#/time", "#/failures", "#/hosts", p.To("host", r.Hosts[0].Name),
		"#/svc", p.To("svc", p.Scene.Services[0].Name), "#/net", p.To("net", p.Scene.Networks[0].Name), "#/ctr", p.To("ctr", p.Scene.Containers[0].ID), "#/coverage", "#/data", "#/list/findings"}
	if r.Paths != nil && r.Paths.Partly+r.Paths.Broken > 0 {
		pages = append(pages, "#/path/1")
	}
	for _, theme := range []string{"light", "dark"} { // only colours differ
		b.prefers("color-scheme", theme, "reduced-motion", "reduce")
		b.load(file, "")
		var ok bool
		b.eval(string(axe)+"; true", &ok)
		for _, hash := range pages {
			var found []string
			b.eval("(location.hash = '"+hash+"', true)", &ok)
			b.becomes("[...document.querySelectorAll('main > section.page')].some(e => e.checkVisibility())")
			b.eval(`axe.run(document, {resultTypes: ['violations']`+map[string]string{"dark": ", runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}"}[theme]+`}).then(r => r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ' (' + v.impact + ', ' + v.nodes.length + '): ' + v.help + ': ' + v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120) + ' — ' + (n.any[0] ?? n.all[0] ?? n.none[0])?.message).join('\n   ')))`, &found)
			for _, f := range found {
				t.Errorf("%s, %s: %s", hash, theme, f)
			}
		}
	}
	var control []string
	b.eval("(document.querySelector('main').append(Object.assign(document.createElement('button'), {type: 'button'})), axe.run(document).then(r => r.violations.filter(v => v.impact === 'critical').map(v => v.id)))", &control)
	if !slices.Contains(control, "button-name") {
		t.Errorf("of a button without a name nothing is said: %q", control)
	}
	t.Logf("%s: %d pages in two themes", strings.TrimSuffix(path.Base(name), ".js"), len(pages))
}
