package schema

import "time"

// FormatVersion is the version of the bundle format that this package writes. A reader refuses a greater one.
const FormatVersion = 1

// Meta is meta.json: what a reader must know before the first row.
type Meta struct {
	Format      int       `json:"format"`                // FormatVersion of the writer
	Tool        string    `json:"tool"`                  // version of netmortem
	CaptureID   string    `json:"capture_id"`            // random, unique to one run
	Host        string    `json:"host"`                  // hostname: the host part of row addresses
	MachineID   string    `json:"machine_id,omitempty"`  // /etc/machine-id
	BootID      string    `json:"boot_id,omitempty"`     // /proc/sys/kernel/random/boot_id
	Started     time.Time `json:"started"`               // by the host's clock, UTC
	Finished    time.Time `json:"finished,omitzero"`     // absent while the capture runs
	Monotonic   int64     `json:"monotonic_ns,omitzero"` // CLOCK_MONOTONIC at Started
	Window      float64   `json:"window_s,omitzero"`     // seconds between the two reads of volatile tables
	Interrupted string    `json:"interrupted,omitzero"`  // why the capture ended early: signal, deadline, disk; absent when it did not
}

// Manifest is manifest.json, the last entry: without it the bundle was cut.
type Manifest struct {
	Entries []ManifestEntry `json:"entries"`
}

// ManifestEntry is the size and the hash of one entry.
type ManifestEntry struct {
	Name   string `json:"name"` // relative to the top directory
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}
