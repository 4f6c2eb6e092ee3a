// Package stack is the network stack of one captured host in memory: its namespaces with links, addresses, routes,
// neighbours, forwarding entries, virtual services, IPsec and sockets, and lookups that answer as the kernel would.
//
// A lookup knows three answers: what the kernel would do, and by which row; that nothing is there; and that it cannot
// tell, because the table was not captured whole or because a row asks for something that is not modelled. It never guesses.
//
// The state is that of the last read. A row that only the first of two reads saw is kept apart ([Seen]): where it would
// have decided, things were moving, and the caller says so.
//
// Hosts are read one at a time from the database that package analyze builds ([Reader]): the memory is that of one host.
// Some of what finds rows is put together at the first question: a host is for one goroutine at a time.
package stack
