package report

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/analyze"
)

// A picture is one of the documents', of a page as a reader sees it.
type picture struct {
	name  string // docs/NAME.png
	set   string // of testdata/bundles; empty for a fleet that was made up, for nobody gave one
	route string // with JavaScript
	dark  bool
}

// pictures are all there are.
var pictures = []picture{
	{"overview", "incident-lost-entry", "#/", false},
	{"map", "incident-lost-entry", "#/map", true},
	{"finding", "incident-lost-entry", "", false}, // the first one
	{"path", "incident-lost-entry", "#/path/1", false},
	{"timeline", "incident-crash", "#/time", false},
	{"failures", "incident-crash", "#/failures", false},
	{"host", "incident-lost-entry", "#/host/node2", false},
	{"coverage", "incident-lost-entry", "#/coverage", false},
	{"fleet", "", "#/hosts", false},
}

const picturesIn = "docs"

// TestBrowserPictures takes the documents' pictures anew with UPDATE=1; otherwise it looks whether each could be taken, and whether a
// document shows it. A picture is looked at by somebody before it is committed.
func TestBrowserPictures(t *testing.T) {
	b := newBrowser(t)
	pages, results := map[string]string{}, map[string]*analyze.Result{}
	for _, p := range pictures {
		if pages[p.set] == "" {
			if p.set != "" {
				results[p.set] = bundles(t, p.set)
			} else {
				results[p.set] = fleet(200)
				results[p.set].Scene = fleetScene(200, 60)
			}
			pages[p.set] = pageFile(t, rendered(t, HTML, results[p.set]))
		}
		t.Run(p.name, func(t *testing.T) {
			b.reset(t)
			if p.dark {
				b.prefers("color-scheme", "dark", "reduced-motion", "reduce")
			} else {
				b.prefers("color-scheme", "light", "reduced-motion", "reduce")
			}
			route := p.route
			if route == "" {
				route = "#/f/" + results[p.set].Findings[0].ID
			}
			b.load(pages[p.set], route)
			if !b.becomes("document.querySelector('main') && document.fonts.status === 'loaded'") {
				t.Fatal("the page does not come up")
			}
			shot := b.screenshot()
			if n := colours(t, shot); n < 20 {
				t.Errorf("%s shows %d colours: an empty page", route, n)
			}
			file := filepath.Join(picturesIn, p.name+".png")
			if os.Getenv("UPDATE") != "" {
				if err := os.MkdirAll(picturesIn, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, shot, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%v; UPDATE=1 takes it", err)
			}
		})
	}
}

// TestPicturesShown holds that every picture stands in a document, and that a document shows no other.
func TestPicturesShown(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(picturesIn, "*.md"))
	if err != nil || len(files) == 0 {
		t.Fatal("no documents: ", err)
	}
	var text []byte
	for _, f := range append(files, "../README.md") {
		x, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, x...)
	}
	for _, p := range pictures {
		if !bytes.Contains(text, []byte(p.name+".png)")) {
			t.Errorf("no document shows %s.png", p.name)
		}
	}
	left := strings.Count(string(text), ".png)")
	for _, p := range pictures {
		left -= strings.Count(string(text), "/"+p.name+".png)") + strings.Count(string(text), "("+p.name+".png)")
	}
	if left != 0 {
		t.Errorf("documents show %d pictures that no test takes", left)
	}
}

// screenshot is what stands on the screen, as PNG.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// colours counts the different ones of a picture, up to a hundred.
func colours(t *testing.T, shot []byte) int {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y && len(seen) < 100; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	return len(seen)
}
