// Package layout gives the nodes of a graph their places and its edges their ways, so that the browser only draws: a layout made once
// is the same on every screen, in print, and in a comparison of two reports.
//
// It knows nothing of services or hosts. Start at [Layered]: nodes in columns from left to right in the direction of the edges
// (Sugiyama's method: break the cycles, rank, order, place), columns that would be too high wrapped into blocks, and edges led
// through the gaps between nodes, never behind one. [Ring] sets few nodes on a circle.
//
// The same input gives the same output on every machine: all of it is integer arithmetic, as the product and sum of floats may be
// fused, and then differ, on some processors.
package layout
