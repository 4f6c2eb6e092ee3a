package stack

// An origin is where a row of a great table stands. Rows are many and few are cited: the address is put together when it is asked for.
type origin struct {
	host *Host
	line string
}

// ref is the address of the row, empty where there is none.
func (o origin) ref(table string) string {
	if o.host == nil {
		return ""
	}
	return Ref(o.host.Name, table, o.line)
}

// A slab is where the rows of a table lie: many in one piece of memory, as asking for each by itself would take longer than reading it.
type slab[T any] struct{ free []T }

// slabRows are how many rows are in a piece. The last piece of a host is half empty.
const slabRows = 128

// row is the place of the next row.
func (b *slab[T]) row() *T {
	if len(b.free) == 0 {
		b.free = make([]T, slabRows)
	}
	p := &b.free[0]
	b.free = b.free[1:]
	return p
}

// slabs are those of the tables with many rows.
type slabs struct {
	links        slab[Link]
	addresses    slab[Address]
	routes       slab[Route]
	rules        slab[Rule]
	neighbours   slab[Neighbour]
	forwards     slab[Forward]
	destinations slab[Destination]
}
