package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A heap grows by a share of what is live until the garbage collector runs, and by no less than a floor. A share alone is dear where
// little is live and much passes through, as when bundles are loaded: the collector would run after every few megabytes.
type heap struct {
	percent int    // share of what is live
	floor   uint64 // bytes
}

// keep holds the heap to its rule from now on: the share is set anew after each collection, for each marks an object that nothing
// holds, whose finalizer is called then.
func (h heap) keep() {
	debug.SetGCPercent(h.growth(live()))
	var again func(*[16]byte)
	again = func(mark *[16]byte) {
		debug.SetGCPercent(h.growth(live()))
		runtime.SetFinalizer(mark, again)
	}
	runtime.SetFinalizer(new([16]byte), again)
}

// growth is by how many percent a heap may grow of which so many bytes are live.
func (h heap) growth(live uint64) int {
	const least = 4 << 20 // what Go lets a heap grow to at 100 percent, however little is live: runtime/mgcpacer.go, defaultHeapMinimum
	return max(h.percent, int(h.floor*100/max(live, least)))
}

// live is what the last collection left, in bytes; 0 before the first.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}
