package main

import "testing"

// TestHeapGrowth: a heap may always grow by the floor, and by the share where that is more.
func TestHeapGrowth(t *testing.T) {
	h := heap{percent: 40, floor: 200 << 20}
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 5000}, {1 << 20, 5000}, {4 << 20, 5000}, {20 << 20, 1000}, {200 << 20, 100}, {500 << 20, 40}, {2 << 30, 40},
	} {
		if got := h.growth(c.live); got != c.want {
			t.Errorf("%d MiB live: the heap may grow by %d percent, want %d", c.live>>20, got, c.want)
		}
	}
}
