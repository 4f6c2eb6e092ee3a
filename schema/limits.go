package schema

import "errors"

// Limits bound what a Bundle may cost its reader. A bundle is foreign input: whoever owned the broken host may have
// written it. What exceeds a limit is refused; memory stays in the order of WindowBytes plus what the names take. Start from DefaultLimits.
type Limits struct {
	Entries       int    // entries of any kind, directories among them
	NameBytes     int    // length of an entry's path, top directory included
	HeadBytes     int64  // SUMMARY.txt and meta.json, each: they are held in memory
	ManifestBytes int64  // manifest.json
	EntryBytes    int64  // one entry, decompressed
	TotalBytes    int64  // the whole archive, decompressed; also what is read of the file
	Ratio         int64  // decompressed bytes for one compressed, judged from RatioFrom on
	RatioFrom     int64  // decompressed bytes below which any ratio is fine
	WindowBytes   uint64 // window that a zstd frame may ask for: the decoder allocates about twice of it
	TailBytes     int64  // what may follow the end of the archive: tar pads
	LineBytes     int    // one line of an entry, for Lines
}

// DefaultLimits are those of Open. They leave room for a host of 4,000 namespaces (25 documents each) and for logs.
// The largest ratio measured on near identical namespaces is below 100, and `zstd --ultra -21` asks for the window.
func DefaultLimits() Limits {
	return Limits{
		Entries:       100_000,
		NameBytes:     512,
		HeadBytes:     1 << 20,
		ManifestBytes: 32 << 20,
		EntryBytes:    1 << 30,
		TotalBytes:    4 << 30,
		Ratio:         1000,
		RatioFrom:     256 << 20,
		WindowBytes:   64 << 20,
		TailBytes:     1 << 20,
		LineBytes:     16 << 20,
	}
}

// ErrRefused is wrapped by every error about a bundle that is not merely cut or damaged: it holds what no Writer
// writes, or more than the limits allow. Nothing of such a bundle should be used.
var ErrRefused = errors.New("refused")

// ErrBreak is wrapped by the error that Entry.Data returns where the bundle is cut or damaged. What came before it
// is good to use, and Bundle.Interrupted says more.
var ErrBreak = errors.New("the bundle breaks off")
