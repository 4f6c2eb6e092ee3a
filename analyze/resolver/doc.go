// Package resolver predicts which address of an answer a process tries first.
//
// Docker's resolver shuffles the addresses of a name at every question, all orders alike (shuffleAddr of moby's
// libnetwork/resolver.go, since libnetwork#974 of 2016, so in every engine that knows Swarm; called by handleIPQuery for
// more than one address). What a program sees of that is up to its C library, or to Go: some sort again.
//
//   - glibc sorts by RFC 3484 (rfc3484_sort of sysdeps/posix/getaddrinfo.c). For IPv4 its rule 9 prefers the address that
//     shares the longest prefix with the client's own, but only inside the subnet of the client's address, and it knows
//     that subnet only when make_request of sysdeps/unix/sysv/linux/check_pf.c has met an IPv6 address other than ::1.
//   - musl leaves an answer alone that holds IPv4 only (__lookup_name of src/network/lookup_name.c).
//   - Go leaves IPv4 alone since 1.9 (rule 9 of src/net/addrselect.go).
//
// A prediction holds for a program that asks getaddrinfo, or Go's net package, at every connection and tries the first
// address first. It is exact: addresses that the sort holds for equal keep the order served, and so share alike.
// What is not known is not judged, unless it makes no difference: each uncertain fact is tried both ways.
//
// Tried against the real libraries, every order of the answers once (TestIntegrationResolver): glibc 2.36, also linked statically, musl 1.2.3, and the
// Go that builds this package. Read, not tried: glibc 2.12, about 2.17, about 2.26, 2.34 and 2.38, all with the same rules for IPv4 but for the
// scope of private addresses; musl from before it sorted and from 1.2; glibc's rule 7 where the kernel makes no ipip device; the shift by 32 on machines other than x86.
package resolver
