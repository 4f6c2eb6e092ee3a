// Fleet writes the bundles of a large swarm that never was, for measuring what analyze costs:
//
//	go run ./cmd/fleet -hosts 1000 -containers 100 DIR
//
// The same flags give the same rows. The swarm is healthy but for what -broken takes away, and what -leftovers leaves. With -walk a bundle also holds what a
// packet's way depends on. A bundle holds what Docker programs,
// and claims to be whole for these tables only: what is not there was not planned, and no rule concludes anything from it.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	f := fleet{}
	flag.IntVar(&f.hosts, "hosts", 1000, "hosts, in tens")
	flag.IntVar(&f.containers, "containers", 100, "containers on each host, in fives")
	flag.IntVar(&f.broken, "broken", 0, "hosts of which the first overlay lacks a forwarding entry")
	flag.BoolVar(&f.walk, "walk", false, "also what a packet's way depends on: policy rules, chains, sockets, settings, names")
	flag.IntVar(&f.services, "services", 0, "in place of the applications one network with so many services of one task each, as that of moby/moby#52661: -hosts 23 -services 3000 -leftovers 47000")
	flag.IntVar(&f.leftovers, "leftovers", 0, "forwarding entries of ended tasks in the first host's namespace of that network; the others have a tenth of them")
	flag.Parse()
	if f.services > 0 && flag.NArg() == 1 && f.hosts > 0 && 2*f.services+f.hosts+f.leftovers < 1<<(32-wideBits) {
		write(&f, flag.Arg(0))
		return
	}
	if flag.NArg() != 1 || f.services != 0 || f.hosts < hostsOfApp || f.hosts%hostsOfApp != 0 || f.containers%tasksOnHost != 0 || f.hosts/hostsOfApp*f.containers/tasksOnHost > maxApps {
		fmt.Fprintf(os.Stderr, "usage: fleet [-hosts N] [-containers N] [-broken N] DIR\nhosts come in tens, containers in fives; no more than %d networks\n", maxApps)
		os.Exit(64)
	}
	write(&f, flag.Arg(0))
}

func write(f *fleet, dir string) {
	if err := f.write(dir); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(2)
	}
}
