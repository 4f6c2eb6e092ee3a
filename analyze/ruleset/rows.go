package ruleset

import "github.com/netmortem/netmortem/schema"

// A Row is a captured row with its address.
type Row[T any] struct {
	Ref string
	Row T
}

// Rows are the firewall rows of one namespace, each table's in the order of its addresses: that of the kernel's dump.
type Rows struct {
	IPTablesChains []Row[schema.IPTablesChain]
	IPTablesRules  []Row[schema.IPTablesRule]
	NftChains      []Row[schema.NftChain]
	NftRules       []Row[schema.NftRule]
	NftSets        []Row[schema.NftSet]
	NftElements    []Row[schema.NftElement]

	// Gaps say which of these tables were not captured whole. A gap makes every outcome Undecided.
	Gaps []Gap
}

// A Gap is why rows are missing, and the row of coverage that says so.
type Gap struct{ Ref, Why string }
