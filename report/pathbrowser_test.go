package report

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// settles waits until something is so in the page, some hundred frames at most, and reports whether it came.
func settles(b *browser, condition string) bool {
	var ok bool
	b.eval(fmt.Sprintf("(async () => { for (let i = 0; i < 300 && !(%s); i++) { await new Promise(r => setTimeout(r, 10)); } return Boolean(%[1]s); })()", condition), &ok)
	return ok
}

// TestBrowserPath follows links to paths and to findings, as they stand in a mail.
func TestBrowserPath(t *testing.T) {
	b := newBrowser(t)
	for _, x := range []struct {
		name string
		test func(*testing.T, *browser)
	}{
		{"links to paths", testPathLinks},
		{"opened steps", testPathSteps},
		{"list of paths", testPathList},
		{"links to findings", testFindingLinks},
		{"hostile paths", testHostilePaths},
		{"copy as Markdown", testMarkdownCopy},
	} {
		t.Run(x.name, func(t *testing.T) {
			b.reset(t)
			x.test(t, b)
		})
	}
}

const shownPath = `[...document.querySelectorAll('article.path')].filter(e => e.checkVisibility()).map(e => e.id).join()`

func testPathLinks(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sampleWithRemedies()))
	for _, tt := range []struct{ hash, shown, same string }{
		{"#/path/1", "path-1", ""},
		{"#/path/3", "path-3", ""},
		{"#/path/2", "path-1", "job.1 on node1 → vote (tasks) is partly"}, // ends in the step of the first
		{"#/path/web/vote", "path-1", ""},
		{"#/path/web.1/vote", "path-1", ""},
		{"#/path/99", "", ""},
		{"#/path/web/" + url.PathEscape("no/such?thing"), "", ""},
	} {
		b.load(path, tt.hash)
		if !settles(b, fmt.Sprintf("document.querySelector('#path.here') && %s === %q && document.getElementById('path-none').hidden === %v", shownPath, tt.shown, tt.shown != "")) {
			var got string
			b.eval(shownPath, &got)
			t.Errorf("%s shows %q, want %q", tt.hash, got, tt.shown)
		}
		var same string
		b.eval("[...document.querySelectorAll('.path-same')].filter(e => e.checkVisibility()).map(e => e.textContent).join()", &same)
		if !strings.HasPrefix(same, tt.same) || tt.same == "" && same != "" {
			t.Errorf("%s says %q, want %q", tt.hash, same, tt.same)
		}
		for _, c := range b.complaints(path) {
			t.Errorf("%s: %s", tt.hash, c)
		}
	}
	// What stops the packet is seen without scrolling, with why.
	b.load(path, "#/path/1")
	settles(b, shownPath+" === 'path-1'")
	var bottom float64
	if b.eval("document.querySelector('#path-1 .because').getBoundingClientRect().bottom", &bottom); bottom <= 0 || bottom > 768 {
		t.Errorf("why it stops ends at %.0f pixels", bottom)
	}
}

// testPathSteps opens every step: each place holds its steps, none lies over another, and nothing sticks out sideways.
func testPathSteps(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sampleWithRemedies()))
	for _, width := range []int{1366, 800, 390} {
		b.width(width)
		b.load(path, "#/path/1")
		settles(b, shownPath+" === 'path-1'")
		var folds, over int
		b.eval("(f => { f.forEach(d => { d.open = true; }); return f.length; })([...document.querySelectorAll('#path-1 details.fold')])", &folds)
		if folds == 0 {
			t.Error("nothing is folded")
		}
		b.eval(`(() => {
  const boxes = [...document.querySelectorAll('#path-1 .hop')].filter(e => e.checkVisibility()).map(e => e.getBoundingClientRect());
  const held = [...document.querySelectorAll('#path-1 .place')].every(p => [...p.querySelectorAll('.hop')].every(h => h.getBoundingClientRect().bottom <= p.getBoundingClientRect().bottom + 1));
  return boxes.filter((x, i) => i > 0 && x.top < boxes[i - 1].bottom - 1).length + (held ? 0 : 1);
})()`, &over)
		if over > 0 {
			t.Errorf("at %d pixels %d steps lie over others", width, over)
		}
		if b.eval("document.documentElement.scrollWidth - innerWidth", &over); over > 1 {
			t.Errorf("at %d pixels the page sticks out by %d", width, over)
		}
	}
}

func testPathList(t *testing.T, b *browser) {
	path := pageFile(t, rendered(t, HTML, sampleWithRemedies()))
	const rows = "document.querySelectorAll('#path-list tbody tr').length"
	for _, tt := range []struct {
		hash string
		rows int
	}{{"#/paths", 3}, {"#/paths?segment=1", 2}, {"#/paths?from=job&to=vote", 1}, {"#/paths?q=routing", 0}, {"#/paths?q=ingress", 1}} {
		b.load(path, tt.hash)
		if !settles(b, fmt.Sprintf("document.querySelector('#path-list table') && %s === %d", rows, tt.rows)) {
			var got int
			b.eval(rows, &got)
			t.Errorf("%s lists %d paths, want %d", tt.hash, got, tt.rows)
		}
	}
	b.load(path, "#/paths")
	settles(b, rows+" === 3")
	var got string
	b.eval("(i => { i.value = 'job'; i.dispatchEvent(new Event('input')); return document.querySelector('#path-list [role=status]').textContent; })(document.querySelector('#path-list input'))", &got)
	if got != "1 of 3 paths" {
		t.Errorf("the filter says %q", got)
	}
}

func testFindingLinks(t *testing.T, b *browser) {
	r := sampleWithRemedies()
	path := pageFile(t, rendered(t, HTML, r))
	id := url.PathEscape(r.Findings[1].ID)
	const shown = "[...document.querySelectorAll('details.finding')].filter(e => e.checkVisibility()).map(e => e.dataset.finding).join()"
	for hash, want := range map[string]string{"#/f/" + id: r.Findings[1].ID, "#/f/" + id + "/e/2": r.Findings[1].ID} {
		b.load(path, hash)
		if !settles(b, fmt.Sprintf("%s === %q", shown, want)) {
			var got string
			b.eval(shown, &got)
			t.Errorf("%s shows %q", hash, got)
		}
	}
	var focus string
	b.load(path, "#/f/"+id+"/e/2")
	settles(b, "document.activeElement.tagName === 'FIGURE'")
	if b.eval("document.activeElement.querySelector('figcaption code').textContent", &focus); focus != r.Findings[1].Evidence[1].Ref {
		t.Errorf("the second piece of evidence has the focus of %q", focus)
	}
}

// testHostilePaths plants the payload in every text of every path.
func testHostilePaths(t *testing.T, b *browser) {
	r, _ := planted(sampleWithRemedies())
	path := pageFile(t, rendered(t, HTML, r))
	for _, hash := range []string{"#/path/1", "#/path/3", "#/paths", "#/findings", "#/path/" + url.PathEscape("</script>") + "/x"} {
		b.load(path, hash)
		settles(b, "document.querySelector('.here')")
		for _, c := range b.complaints(path) {
			t.Errorf("%s: %s", hash, c)
		}
		var pwn bool
		if b.eval("'__pwn' in window || document.querySelectorAll('img,iframe,object,embed,form,base').length > 0", &pwn); pwn {
			t.Errorf("%s: planted text became markup", hash)
		}
		var outward []string
		if b.eval("[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href')).filter(u => !u.startsWith('#') && u !== 'data:,')", &outward); len(outward) > 0 {
			t.Errorf("%s: links to %q", hash, outward)
		}
	}
}

// testMarkdownCopy copies a hostile finding and looks at it as Markdown.
func testMarkdownCopy(t *testing.T, b *browser) {
	hostile, _ := planted(sampleWithRemedies())
	for name, r := range map[string]*analyze.Result{"sample": sampleWithRemedies(), "hostile": hostile} {
		b.load(pageFile(t, rendered(t, HTML, r)), "#/findings")
		settles(b, "document.querySelector('.finding .asmd')")
		var text string
		b.eval("(() => { let said; navigator.clipboard.writeText = async (t) => { said = t; }; document.querySelector('details.finding .asmd').click(); return said; })()", &text)
		if len(text) < 200 {
			t.Fatalf("%s: the copy is %q", name, text)
		}
		checkMarkdown(t, text)
		if name == "sample" {
			for _, want := range []string{"### node1 has no permanent FDB entry", "#### Evidence", "- rule: `fdb-permanent-missing`", "```\nnsenter --net"} {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
		}
	}
}
