// Package analyze finds out from bundles what broke.
//
// It loads any number of bundles into one SQLite database, derives from the managers' own words what every host
// should have programmed, and asks rules, each one SQL file, where the two differ. Start at [Run]; then read one
// rule below rules/ and its fixtures below testdata/rules.
//
// What the rules find is then joined, by subject, with what a walk of packets over the captured state finds broken (package path), and
// ranked into causes: which finding follows from which is a list of edges with reasons, in cause_edges.go, and which broken path a
// finding answers for is decided in cause_claim.go.
//
// The database is an index of the bundles, rebuilt each time: it has no migrations, and plain sqlite3 reads every
// table and view of it. What was not captured never makes a finding and never reads as healthy.
//
// The package touches no host: it reads files and writes one.
package analyze
