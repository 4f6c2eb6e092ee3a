package analyze

// derivedTables lists the derived tables in the order in which they are computed: each may read those before it.
var derivedTables = []*Derived{}
