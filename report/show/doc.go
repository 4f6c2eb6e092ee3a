// Package show prints what a bundle holds in the words and columns of the tools that print the same on a living host:
// ip, bridge, iptables-save, nft, ipvsadm, ss, conntrack, dig, journalctl, docker. Whoever knows those has nothing to
// learn, and what was grepped on the host can be grepped here.
//
// A bundle is read through package schema, from its file as from a directory, without a database. Its entries come in
// the order of the file, so it is read twice: once for what the lines need to be understood (namespaces, containers,
// names of devices, coverage), once for the rows. A view of one table holds none of its rows in memory; a view that
// puts several tables together holds theirs.
//
// What was not captured is never printed as if it were empty: its reason stands in its place, and Run tells of it.
package show
