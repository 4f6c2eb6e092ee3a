package report

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBrowserTime follows links, keys and filters of the timeline.
func TestBrowserTime(t *testing.T) {
	b := newBrowser(t)
	b.reset(t)
	path := pageFile(t, rendered(t, HTML, busy(5000)))
	until := func(condition string) {
		t.Helper()
		var ok bool
		b.eval(fmt.Sprintf("new Promise(r => { const end = Date.now() + 20000; const f = () => (%s) ? r(true) : Date.now() > end ? r(false) : requestAnimationFrame(f); f(); })", condition), &ok)
		if !ok {
			t.Fatalf("this does not come: %s", condition)
		}
	}
	text := func(expression string) string {
		t.Helper()
		var s string
		b.eval("String("+expression+")", &s)
		return s
	}
	key := func(k string) {
		t.Helper()
		var done bool
		b.eval(fmt.Sprintf("(document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', {key: %q, bubbles: true, cancelable: true}))", k), &done)
	}

	// Everything that there is in one picture, which has no more marks than fit.
	b.load(path, "#/time")
	until("document.querySelector('.time-span')")
	key("0")
	until("document.querySelector('.time-span').textContent.includes(': 5001 of 5001 events')")
	var marks int
	if b.eval("document.querySelectorAll('#time-chart .ev').length", &marks); marks < 100 || marks > 2000 {
		t.Errorf("%d marks for 5,001 events", marks)
	}
	if s := text("[...document.querySelectorAll('#time-chart .host .name')].map(e => e.textContent)"); s != "node1,node2,node3" {
		t.Errorf("hosts drawn: %s", s)
	}

	// A link leads to a time; its events are drawn, and listed with what is not sure of their order.
	from, to := sampleTime.Add(-100*time.Second), sampleTime.Add(-90*time.Second)
	b.load(path, timeHref(from, to))
	until("document.querySelector('#time-table .vrow')")
	if s := text("document.querySelector('.time-span').textContent"); !strings.Contains(s, "UTC+00:00: 12 of 5001 events") { // eleven seconds, and one that lasts
		t.Errorf("the link shows %q", s)
	}
	for _, want := range []string{"order not known", "same time within ±2 s"} {
		if !strings.Contains(text("document.querySelector('#time-table').textContent"), want) {
			t.Errorf("the table does not say %q", want)
		}
	}

	// Keys zoom and move, and the link follows.
	hash := text("location.hash")
	key("+")
	until("location.hash !== " + fmt.Sprintf("%q", hash))
	var seconds float64
	width := "(() => { const q = new URLSearchParams(location.hash.split('?')[1]); return (Date.parse(q.get('to')) - Date.parse(q.get('from'))) / 1000 })()"
	if b.eval(width, &seconds); seconds != 5 {
		t.Errorf("+ makes ten seconds %v", seconds)
	}
	hash = text("location.hash")
	key("ArrowRight")
	until("location.hash !== " + fmt.Sprintf("%q", hash))
	if b.eval(width, &seconds); seconds != 5 {
		t.Errorf("an arrow changes five seconds to %v", seconds)
	}
	key("]")
	until("document.querySelector('.ev.chosen') && document.querySelector('#time-detail code')")
	if s := text("document.querySelector('#time-detail code').textContent"); !strings.Contains(s, "/rows/docker_event.jsonl:") {
		t.Errorf("the chosen event is at %q", s)
	}

	// Filters: by tone, by host, by lane.
	key("0")
	until("document.querySelector('.time-span').textContent.includes(': 5001 of 5001 events')")
	set := func(selector, property, value string) {
		t.Helper()
		var ok bool
		b.eval(fmt.Sprintf("(() => { const e = document.querySelector(%q); e.%s = %s; e.dispatchEvent(new Event('change', {bubbles: true})); return true })()", selector, property, value), &ok)
	}
	set(".filters select:nth-of-type(2)", "value", "'bad'")
	until("document.querySelector('.time-span').textContent.includes(': 100 of 5001 events')")
	set(".filters select", "value", "'node2'")
	until("document.querySelector('.time-span').textContent.includes(': 33 of 5001 events')")
	set(".filters input[value=task]", "checked", "false")
	until("document.querySelector('.time-span').textContent.includes(': 16 of 5001 events')")
	if s := text("location.hash"); !strings.Contains(s, "tone=bad") || !strings.Contains(s, "host=node2") || !strings.Contains(s, "without=task") {
		t.Errorf("the link does not keep the filters: %s", s)
	}

	// Local time says its offset.
	var ok bool
	b.eval("(() => { [...document.querySelectorAll('#time-tools button')].at(-1).click(); return true })()", &ok)
	until("document.querySelector('.time-span').textContent.includes('local time, UTC')")
	for _, c := range b.complaints(path) {
		t.Error(c)
	}

	// Failures: the commands can be copied, and lead back to the time.
	r := sample()
	path = pageFile(t, rendered(t, HTML, r))
	b.load(path, "#/failures")
	until("document.querySelector('#failures.here')")
	if s := text("[...document.querySelectorAll('#failures pre.copy')].every(p => p.parentElement.querySelector('button'))"); s != "true" {
		t.Error("a command of the page of failures cannot be copied")
	}
	if s := text("document.querySelector('#failures .failure a[data-to]').getAttribute('href')"); !strings.HasPrefix(s, "#/time?from=") {
		t.Errorf("what happened then is at %q", s)
	}
	for _, c := range b.complaints(path) {
		t.Error(c)
	}
}
