package report

import (
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// TestBrowserFirefox: Firefox opens the page of a real incident and draws the map. It takes a picture of a page and ends;
// the same page without the map's drawings says how a blank map would look.
func TestBrowserFirefox(t *testing.T) {
	tool := ""
	for _, name := range []string{"firefox-esr", "firefox"} {
		if p, err := exec.LookPath(name); err == nil {
			tool = p
			break
		}
	}
	if tool == "" {
		t.Skip("no Firefox here (Debian: apt-get install firefox-esr)")
	}
	html := rendered(t, HTML, bundles(t, "incident-stale-backend"))
	blank := regexp.MustCompile(`(?s)<svg class="chart.*?</svg>`).ReplaceAllString(html, "")
	drawn, nothing := photograph(t, tool, html, "#/map"), photograph(t, tool, blank, "#/map")
	for what, x := range map[string]struct {
		is    func(r, g, b uint32) bool
		least int // of 1366×768 pixels
	}{
		// As the eye tells them: hue by which channel leads, whatever the exact tone of the theme.
		"red or orange": {func(r, g, b uint32) bool { return r > 150 && r > g+60 && r > b+60 }, 400},
		"blue":          {func(r, g, b uint32) bool { return b > 120 && b > r+50 }, 400},
	} {
		is, was := pixels(drawn, x.is), pixels(nothing, x.is)
		if is-was < x.least {
			t.Errorf("%d pixels are %s, %d without the map: the map is not drawn", is, what, was)
		}
		t.Logf("%s: %d pixels, %d without the map", what, is, was)
	}
}

// photograph is what Firefox shows of a page on a screen of 1366×768.
func photograph(t *testing.T, tool, html, hash string) image.Image {
	t.Helper()
	dir, err := os.MkdirTemp("", "firefox") // not t.TempDir: its last processes may still write while it is removed
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	shot := filepath.Join(dir, "shot.png")
	cmd := exec.CommandContext(ctx, tool, "--headless", "--no-remote", "--profile", dir, "--window-size=1366,768", "--screenshot", shot, "file://"+pageFile(t, html)+hash)
	cmd.Env = append(os.Environ(), "HOME="+dir)
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, said)
	}
	f, err := os.Open(shot)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 1366 || s.Y != 768 {
		t.Errorf("the picture has %v", s)
	}
	return img
}

// pixels are how many there are of a kind, by 8 bits a channel.
func pixels(img image.Image, is func(r, g, b uint32) bool) int {
	n, box := 0, img.Bounds()
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); is(r>>8, g>>8, b>>8) {
				n++
			}
		}
	}
	return n
}
