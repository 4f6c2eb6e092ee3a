package analyze

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/netmortem/netmortem/schema"
)

// engineVersion makes engine versions comparable, so that no rule takes them apart. The words are those of Docker's
// releases: 1.13.1, 17.12.1-ce, 20.10.24+dfsg1, 29.0.0-rc.1. A development build (dev, a hash, 0.0.0-20260101) has no
// row: what it holds cannot be told from its name, and a rule that needs the version does not judge it.
var engineVersion = Derived{
	Name: "engine_version",
	Doc:  "Version of a host's engine in numbers: one row for each engine whose version has some.",
	Columns: []schema.Column{
		colHost(),
		must(text("version", schema.Plain, "as the engine words it")),
		must(whole("major", "first number")),
		must(whole("minor", "second number")),
		must(whole("patch", "third number; 0 when there is none")),
		must(whole("rank", "major*1000000 + minor*1000 + patch: 20.10.24 is 20010024")),
		must(refCol("ref", "row of engine")),
	},
	Reads: []string{"engine"},
	Index: []string{"host, rank"},
	Fill:  fillEngineVersion,
}

func fillEngineVersion(ctx context.Context, tx *sql.Tx, put func(row ...any) error) error {
	for scan, err := range queried(ctx, tx, `SELECT host, version, ref FROM engine WHERE version <> '' ORDER BY host, ref`) {
		if err != nil {
			return err
		}
		var host, version, ref string
		if err := scan(&host, &version, &ref); err != nil {
			return err
		}
		v, ok := parseEngineVersion(version)
		if !ok {
			continue
		}
		if err := put(host, version, int64(v[0]), int64(v[1]), int64(v[2]), v.rank(), ref); err != nil {
			return err
		}
	}
	return nil
}

// An engineRelease is major, minor and patch of a release of the engine.
type engineRelease [3]int

// rank orders releases: the column rank of engine_version.
func (v engineRelease) rank() int64 {
	return int64(v[0])*1000000 + int64(v[1])*1000 + int64(v[2])
}

// parseEngineVersion reads the numbers that a version begins with; what follows a -, + or ~ is a packager's or a
// candidate's. Releases are 1.x, then 17.03 and newer, named by the year till 20.10.
func parseEngineVersion(s string) (engineRelease, bool) {
	if i := strings.IndexAny(s, "-+~ "); i >= 0 {
		s = s[:i]
	}
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) < 2 || len(parts) > 3 {
		return engineRelease{}, false
	}
	var v engineRelease
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil || n > 999 {
			return engineRelease{}, false
		}
		v[i] = int(n)
	}
	return v, v[0] == 1 || v[0] >= 17
}
