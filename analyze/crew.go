package analyze

import (
	"context"
	"sync"
)

// A crew shares the processors: work that others wait for begins at once, work that nobody waits for yet when a processor is idle.
type crew struct {
	mu   sync.Mutex
	left *sync.Cond
	idle int // processors without work; below 0 where there is more work than processors
}

func newCrew(processors int) *crew {
	c := &crew{idle: processors}
	c.left = sync.NewCond(&c.mu)
	return c
}

// now begins work that others wait for.
func (c *crew) now() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle--
}

// later begins work when a processor is idle. An error is the context's: then nothing has begun.
func (c *crew) later(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.left.Broadcast()
	})()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.idle <= 0 && ctx.Err() == nil {
		c.left.Wait()
	}
	if ctx.Err() == nil {
		c.idle--
	}
	return ctx.Err()
}

// done ends work.
func (c *crew) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle++
	c.left.Signal()
}
