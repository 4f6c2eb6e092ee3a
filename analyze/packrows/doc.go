// Package packrows gives SQLite the table-valued function packrows(blob, width): rows that were packed outside, each
// of width columns c0, c1, …, so that one call inserts a thousand rows.
//
//	INSERT INTO t SELECT c0, c1, c2 FROM packrows(?, 3)
//
// Binding every value of every row through the driver is what loading would otherwise cost. The blob is a run of
// rows; a row is the number of its columns as an unsigned varint, then for each column a tag and its value: 0 NULL,
// 1 integer (zigzag varint), 2 text (length as an unsigned varint, bytes), 3 float (8 bytes, little endian).
// A blob comes from untrusted bundles: every length is checked, and a damaged blob is an error, never a crash.
//
// The other way it is the aggregate joinrows(value, …): the rows of a query in one text, each value followed by a unit separator, the last of
// a row by a record separator, which is left out behind the last row. NULL is an empty value; of no row it is NULL. Such a text costs a
// third of what group_concat and || cost, which copy a row once for each value.
//
// The functions exist on connections of this program only. Nothing in a database refers to them.
package packrows
