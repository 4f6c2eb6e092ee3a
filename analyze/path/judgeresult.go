package path

// A Segment is a broken or undecided part of ways.
type Segment struct {
	ID      int
	Kind    string // client, balancer, overlay, arrival, published or egress
	Host    string
	Net     *Network
	What    string
	Target  string
	Targets int // how many segments end in the same step
	Hop     *Hop
}

// A Count is how many segments of a kind a host has, by what was judged.
type Count struct {
	Kind, Host                  string
	Delivered, Dropped, Unknown int
}

// A Pair is who asks whom, and what becomes of it.
type Pair struct {
	ClientKind    string // task, host or outside
	ClientHost    string
	Client        string
	ClientService string
	Server        string
	Network       string
	Via           string // vip, dnsrr, tasks, ingress or host
	Target        string
	Proto         string
	Port          int
	Verdict       string // delivered, dropped, some or cannot tell
	Segment       int
	Reached       int // backends that are reached, of Backends
	Backends      int
	Alike         int // further pairs with the same verdict that end in the same step and are not listed

	many bool // the network has many services
}

// A Sum counts pairs.
type Sum struct {
	ClientService, Server, Network, Via      string
	Pairs, Delivered, Some, Dropped, Unknown int
}

// A Judgement is all pairs and segments.
type Judgement struct {
	World    *World
	Segments []*Segment
	Counts   []*Count
	Pairs    []Pair // with every: all; else those that are not delivered, and of those that cannot be told some
	Sums     []*Sum
}
