//go:build cgo && linux

package main

/*
#include <malloc.h>

static void one_arena(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}
*/
import "C"

// oneArena has the C library keep what SQLite allocates in one heap, where it can be told to (glibc, mallopt(3)). Calls into C come from
// whichever thread is free; with a heap for each, what one returned the others cannot have.
func oneArena() { C.one_arena() }
