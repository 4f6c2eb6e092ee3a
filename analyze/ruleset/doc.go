// Package ruleset evaluates the rulesets of one network namespace, as they were captured, on one packet: legacy
// iptables, iptables-nft and nftables, for IPv4 and IPv6.
//
// A [Set] is compiled once from the rows of a namespace; [Set.Hook] then says what becomes of a [Packet] at one of the
// five hooks. The answer has three values. A rule that is not understood, a field of the packet that is not known and
// a row that was in one of the two reads only are followed both ways; where the ways end alike the outcome is known,
// where they do not it is [Undecided], and the [Outcome] names the row that would have told. Nothing is guessed.
//
// Conntrack and NAT are part of it as far as the walked packet's own connection goes: [Conn] is that connection, and
// travels with the packet from hook to hook. Routing, IPVS and IPsec are not: who walks a packet asks for one hook,
// routes, and asks for the next. What the rules ask of the namespace itself is asked of [Namespace].
//
// Of the world beyond the walked connection it assumes two things. No other connection stands in the way of a source
// port that NAT keeps if it can. And no table of nftables is dormant: capture does not read the flags of tables.
//
// Start at set.go, which puts the rows into order, and run.go, which walks.
package ruleset
