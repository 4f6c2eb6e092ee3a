package analyze

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/netmortem/netmortem/schema"
)

// kernelVersion makes kernel releases comparable. What a distribution has taken over from later kernels does not show in the
// name, so a rule that goes by it may be wrong about kernels that are maintained for long.
var kernelVersion = Derived{
	Name: "kernel_version",
	Doc:  "Version of a host's kernel in numbers: one row for each whose release begins with two.",
	Columns: []schema.Column{
		colHost(),
		must(text("kernel", schema.Plain, "release as uname says it")),
		must(whole("major", "first number")),
		must(whole("minor", "second number")),
		must(whole("rank", "major*1000 + minor: 6.1 is 6001")),
		must(refCol("ref", "row of host")),
	},
	Reads: []string{"host"},
	Index: []string{"host"},
	Fill: func(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
		for scan, err := range queried(ctx, tx, `SELECT host, kernel, ref FROM host WHERE kernel <> '' ORDER BY host, ref`) {
			if err != nil {
				return err
			}
			var host, kernel, ref string
			if err := scan(&host, &kernel, &ref); err != nil {
				return err
			}
			var major, minor int64
			if n, _ := fmt.Sscanf(kernel, "%d.%d", &major, &minor); n != 2 || minor > 999 {
				continue
			}
			if err := put(host, kernel, major, minor, major*1000+minor, ref); err != nil {
				return err
			}
		}
		return nil
	},
}
