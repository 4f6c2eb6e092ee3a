// Package schema is the vocabulary of netmortem: the tables, and the bundle that carries them.
//
// A table is a Go struct with tags (see [Tables]); its JSON key, its SQLite column, its documentation and its
// exposure class come from the same tag line, so a fact has one spelling from the broken host to the report.
// A bundle is one host's capture: a tar of rows (rows/<table>.jsonl), verbatim documents (raw/…) and a coverage
// row for every item that was planned. FORMAT.md describes it well enough to write a reader from; TABLES.md is
// printed from the structs.
//
// Start at tables.go for what is recorded, at FORMAT.md for the file, and at [Writer] and [Open] for the code.
//
// The package reads no kernel, knows no Docker and opens no database. It refuses to interpret: a row is what the
// kernel or the daemon said, in canonical spelling, and a value that was not observed is a missing key, never zero.
//
// # Compatibility
//
// Every bundle written by a released version stays readable. Columns are added, never renamed or retyped; a key
// that a reader does not know is counted and reported, a key that a bundle does not have is NULL.
package schema
