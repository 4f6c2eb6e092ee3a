package analyze

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestCrew lets the work that can wait wait for a processor, and no other.
func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrew(2)
		c.now()
		c.now()
		c.now() // there are only two, and it begins all the same
		var began atomic.Int32
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if err := c.later(t.Context()); err != nil {
					t.Error(err)
				}
				began.Add(1)
			})
		}
		for _, want := range []int32{0, 1, 2, 3} { // the first end makes up for the third of two
			c.done()
			synctest.Wait()
			if n := began.Load(); n != want {
				t.Errorf("%d began, not %d", n, want)
			}
		}
		group.Wait()

		ctx, stop := context.WithCancel(t.Context())
		c.now()
		group.Go(func() {
			if err := c.later(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("it was given up, and began: %v", err)
			}
		})
		synctest.Wait()
		stop()
		group.Wait()
	})
}
