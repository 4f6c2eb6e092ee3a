package capture

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// A read that sleeps is given up, with its thread; one that works on is waited for; and after so many nothing is tried.
func TestPatience(t *testing.T) {
	p := &patience{limit: 40 * time.Millisecond, most: 2}
	defer p.end()
	release := make(chan struct{})
	defer close(release)
	sleep := func([]byte) error { <-release; return nil }
	if err := p.try(t.Context(), func(room []byte) error {
		if len(room) != roomForProc {
			t.Errorf("%d bytes of room", len(room))
		}
		return errors.New("its own")
	}); err == nil || err.Error() != "its own" {
		t.Error(err)
	}
	if err := p.try(t.Context(), func([]byte) error {
		for end := time.Now().Add(3 * p.limit); time.Now().Before(end); {
		}
		return nil
	}); err != nil || p.lost != 0 {
		t.Errorf("one that was busy: %v", err)
	}
	if err := p.try(t.Context(), func([]byte) error { panic("at the disco") }); err == nil || !strings.Contains(err.Error(), "at the disco") {
		t.Errorf("one that panicked: %v", err)
	}
	for i := range 2 {
		if err := p.try(t.Context(), sleep); !errors.Is(err, errGivenUp) || p.lost != i+1 {
			t.Errorf("one that sleeps: %v", err)
		}
	}
	if err := p.try(t.Context(), func([]byte) error { t.Error("was tried"); return nil }); !errors.Is(err, errGivenUp) {
		t.Errorf("after two: %v", err)
	}

	ctx, cancel := context.WithCancelCause(t.Context())
	p = &patience{limit: time.Hour, most: 1}
	defer p.end()
	err := p.try(ctx, func([]byte) error { cancel(errors.New("enough")); <-release; return nil })
	if err == nil || err.Error() != "enough" || p.lost != 0 {
		t.Errorf("when the capture ends: %v", err)
	}
}
