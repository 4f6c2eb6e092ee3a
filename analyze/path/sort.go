package path

import (
	"maps"
	"slices"
)

func sortStrings(s []string) { slices.Sort(s) }

// sortedKeys lists the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
