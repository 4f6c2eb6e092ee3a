// Command netmortem takes a snapshot of a Docker host while it is broken, and finds out offline, from the snapshots
// of many hosts, what broke.
//
// Standard output carries data, standard error talk. Exit codes are in exit.go, the way from arguments to a
// subcommand in app.go; each subcommand is a file with a function that knows nothing of command lines.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetOutput(io.Discard) // net/http writes there what a peer sent, as it came
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		cancel(fmt.Errorf("stopped by %s", s)) // the work closes what it has open, and writes the reason down
		<-signals
		os.Exit(codeInterrupted) // somebody means it
	}()
	std := streams{os.Stdout, os.Stderr}
	program := func(args []string) int { return run(ctx, args, std) }
	if isPlugin(os.Args[0]) {
		os.Exit(runPlugin(os.Args[1:], std, program))
	}
	os.Exit(program(os.Args[1:]))
}
