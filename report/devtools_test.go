package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A browser is a headless Chromium with one tab, driven by the DevTools protocol over a pipe: NUL-terminated JSON.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	id      int
	session string
	events  []event // since the last call of load
}

type event struct {
	Method string
	Params json.RawMessage
}

// newBrowser starts a browser that is gone when the test ends; without Chromium the test is skipped.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium here (Debian: apt-get install chromium)")
	}
	toR, toW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fromR, fromW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not below t.TempDir: the browser's last processes may still write while it is removed.
	profile, err := os.MkdirTemp("", "browser")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars", "--window-size=1366,768",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{toR, fromW} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toR.Close()
	fromW.Close()
	b := &browser{t: t, in: toW, out: bufio.NewReader(fromR)}
	kill := time.AfterFunc(5*time.Minute, func() { _ = cmd.Process.Kill() }) // the reads below then end
	t.Cleanup(func() {
		b.session = ""
		_ = b.send("Browser.close", nil)
		_ = cmd.Wait()
		kill.Stop()
		toW.Close()
		fromR.Close()
		_ = os.RemoveAll(profile)
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// reset hands the browser to a test as it was new: a screen of 1366×768, scripts allowed.
func (b *browser) reset(t *testing.T) {
	b.t = t
	b.width(1366)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"media": ""}, nil)
}

// width sets the width of the screen.
func (b *browser) width(pixels int) {
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": pixels, "height": 768, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (b *browser) send(method string, params any) error {
	b.id++
	msg := map[string]any{"id": b.id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	if b.session != "" {
		msg["sessionId"] = b.session
	}
	data, err := json.Marshal(msg)
	if err != nil {
		return err
	}
	_, err = b.in.Write(append(data, 0))
	return err
}

// read takes one message; an event is kept.
func (b *browser) read() (id int, result, failure json.RawMessage) {
	b.t.Helper()
	data, err := b.out.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser is gone: %v", err)
	}
	var m struct {
		ID            int
		Method        string
		Params        json.RawMessage
		Result, Error json.RawMessage
	}
	if err := json.Unmarshal(data[:len(data)-1], &m); err != nil {
		b.t.Fatal(err)
	}
	if m.Method != "" {
		b.events = append(b.events, event{m.Method, m.Params})
	}
	return m.ID, m.Result, m.Error
}

func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	if err := b.send(method, params); err != nil {
		b.t.Fatal(err)
	}
	for {
		id, res, failure := b.read()
		switch {
		case id != b.id:
			continue
		case failure != nil:
			b.t.Fatalf("%s: %s", method, failure)
		case result != nil:
			if err := json.Unmarshal(res, result); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

// load opens a file, from about:blank so that a fragment alone is a new page, too.
func (b *browser) load(path, fragment string) {
	b.t.Helper()
	b.events = nil
	b.call("Page.navigate", map[string]any{"url": "about:blank"}, nil)
	b.await("Page.loadEventFired")
	b.events = nil
	b.call("Page.navigate", map[string]any{"url": "file://" + path + fragment}, nil)
	b.await("Page.loadEventFired")
}

// await reads until an event comes; those before it are kept.
func (b *browser) await(method string) {
	b.t.Helper()
	for n := 0; ; {
		for ; n < len(b.events); n++ {
			if b.events[n].Method == method {
				return
			}
		}
		b.read()
	}
}

// eval is the value of an expression in the page.
func (b *browser) eval(expression string, value any) {
	b.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if out.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, out.ExceptionDetails)
	}
	if err := json.Unmarshal(out.Result.Value, value); err != nil {
		b.t.Fatalf("%s: %v", expression, errors.Join(err, fmt.Errorf("%s", out.Result.Value)))
	}
}

// complaints are what the browser had to say: violations of the policy, errors of scripts, and every request that is
// neither the page itself nor data within it.
func (b *browser) complaints(path string) []string {
	b.t.Helper()
	var done bool
	b.eval("new Promise(r => requestAnimationFrame(() => setTimeout(() => r(true))))", &done) // what is due has happened
	var out []string
	for _, e := range b.events {
		switch e.Method {
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
			out = append(out, e.Method+": "+string(e.Params))
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if err := json.Unmarshal(e.Params, &p); err != nil {
				b.t.Fatal(err)
			}
			if !strings.HasPrefix(p.Request.URL, "file://"+path) && !strings.HasPrefix(p.Request.URL, "data:") {
				out = append(out, "request of "+p.Request.URL)
			}
		}
	}
	return out
}
