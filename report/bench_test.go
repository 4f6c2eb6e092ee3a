package report

import (
	"io"
	"testing"
)

// BenchmarkFleet renders a result of a thousand hosts, each with a finding.
func BenchmarkFleet(b *testing.B) {
	r := fleet(1000)
	for _, x := range renderings {
		b.Run(x.name, func(b *testing.B) {
			for b.Loop() {
				if err := x.render(io.Discard, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
