package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/netmortem/netmortem/schema"
)

// A canary is a secret that a test has planted and that must be found nowhere.
type canary struct {
	where string // it was planted
	value string
}

// newCanary makes one of letters and digits; nothing about it looks like a secret, so what hides it is its place.
func newCanary(where string) canary {
	var b [15]byte
	rand.Read(b[:]) // never fails
	return canary{where, "cnr" + strings.ToLower(strings.Trim(base64.URLEncoding.EncodeToString(b[:]), "-_="))[:14] + hex.EncodeToString(b[:3])}
}

// forms are the ways in which it could be written: as it is, reversed, in hexadecimal, for a URL, and in base64 behind any
// number of other bytes.
func (c canary) forms() []string {
	reversed := []byte(c.value)
	slices.Reverse(reversed)
	every := ""
	for i := range len(c.value) {
		every += fmt.Sprintf("%%%02X", c.value[i])
	}
	forms := []string{c.value, strings.ToUpper(c.value), string(reversed), hex.EncodeToString([]byte(c.value)), strings.ToUpper(hex.EncodeToString([]byte(c.value))), url.QueryEscape(c.value), every, strings.ToLower(every)}
	for before := range 3 {
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, before), c.value...))
			from := (before*8 + 5) / 6            // what depends on the bytes before
			to := (before + len(c.value)) * 8 / 6 // what depends on those behind
			forms = append(forms, text[from:to])
		}
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// leaks searches every entry of a bundle, decompressed, and says which canary is where.
func leaks(t *testing.T, bundle string, canaries []canary) []string {
	t.Helper()
	r, err := schema.Open(bundle)
	if err != nil {
		t.Fatalf("open %s: %v", bundle, err)
	}
	defer r.Close()
	var found []string
	entries := 0
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("read %s: %v", bundle, err)
		}
		text, err := io.ReadAll(e.Data)
		if err != nil {
			t.Fatalf("read %s of %s: %v", e.Name, bundle, err)
		}
		entries++
		for _, c := range canaries {
			for _, form := range c.forms() {
				if i := strings.Index(e.Name+"\n"+string(text), form); i >= 0 {
					all := e.Name + "\n" + string(text)
					found = append(found, fmt.Sprintf("%s: %s, as %s: …%s…", e.Name, c.where, form, all[max(0, i-80):min(len(all), i+len(form)+20)]))
					break
				}
			}
		}
	}
	if entries < 5 {
		t.Fatalf("%s has %d entries: nothing was searched", bundle, entries)
	}
	return found
}

// TestCanaryForms finds a canary that other text surrounds, in each form.
func TestCanaryForms(t *testing.T) {
	c := newCanary("a test")
	inside := []string{
		"x" + c.value + "y", hex.EncodeToString([]byte("x" + c.value + "y")), strings.ToUpper(hex.EncodeToString([]byte(c.value))),
		base64.StdEncoding.EncodeToString([]byte("user:" + c.value + "\n")), base64.URLEncoding.EncodeToString([]byte("user1:" + c.value)),
		base64.StdEncoding.EncodeToString([]byte("usr1234:" + c.value + "yy")),
	}
	for _, text := range inside {
		if !slices.ContainsFunc(c.forms(), func(form string) bool { return strings.Contains(text, form) }) {
			t.Errorf("%q hides in %q: forms %q", c.value, text, c.forms())
		}
	}
	if other := newCanary("another"); slices.ContainsFunc(other.forms(), func(form string) bool { return strings.Contains(strings.Join(inside, " "), form) }) {
		t.Error("found what is not there")
	}
}
