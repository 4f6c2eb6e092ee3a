package scene

import (
	"database/sql"
	"os"
	"runtime"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"
)

// BenchmarkRead reads the scene of one database, which the environment names: one that analyze made of what `go run ./cmd/fleet` writes. It
// tells the time of each part, and how much memory the scene keeps.
func BenchmarkRead(b *testing.B) {
	path := os.Getenv("NETMORTEM_DB")
	if path == "" {
		b.Skip("NETMORTEM_DB names no database")
	}
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Skip(err)
	}
	defer tx.Rollback()
	ctx, spent := b.Context(), map[string]time.Duration{}
	kept, rounds := uint64(0), 0
	for b.Loop() {
		before := inUse()
		see := Sight{}
		if see.notes, err = readNotes(ctx, tx); err != nil {
			b.Fatal(err)
		}
		s := &Scene{}
		for _, p := range parts() {
			start := time.Now()
			if err := p.read(ctx, tx, see, s); err != nil {
				b.Fatal(p.name, ": ", err)
			}
			spent[p.name] += time.Since(start)
		}
		see.notes = nil
		if after := inUse(); after > before {
			kept += after - before
		}
		runtime.KeepAlive(s)
		rounds++
	}
	for _, p := range parts() {
		b.ReportMetric(float64(spent[p.name].Milliseconds())/float64(rounds), p.name+"-ms")
	}
	b.ReportMetric(float64(kept)/float64(rounds)/1e6, "kept-MB")
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
