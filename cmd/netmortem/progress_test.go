package main

import (
	"bytes"
	"testing"
)

func TestProgress(t *testing.T) {
	none := newProgress(&bytes.Buffer{}, "none")
	none.step("load", 1, 2, "")
	none.done() // says nothing, and is no special case for who calls it

	var plain bytes.Buffer
	p := newProgress(&plain, "plain")
	p.step("load", 0, 3, "node1")
	p.step("load", 1, 3, "node2")
	p.step("rules", 1, 14, "")
	p.done()
	if got := plain.String(); got != "load\nrules\n" {
		t.Errorf("plain says %q", got)
	}

	// Where no terminal is and all is over in no time, there is nothing to say.
	var auto bytes.Buffer
	p = newProgress(&auto, "auto")
	p.step("load", 1, 3, "")
	p.step("rules", 1, 14, "")
	p.done()
	if auto.Len() > 0 {
		t.Errorf("auto says %q to a file", auto.String())
	}

	// On a terminal one line is written over, and gone at the end; what it names is captured text.
	var live bytes.Buffer
	p = &progress{w: &live, live: true}
	p.step("first read", 1, 3, "net\x1b[2Jns")
	p.done()
	if got := live.String(); got != "\rfirst read 1/3  net␛[2Jns\x1b[K\r\x1b[K" {
		t.Errorf("a terminal gets %q", got)
	}
}
