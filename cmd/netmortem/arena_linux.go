//go:build cgo

package main

/*
#include <malloc.h>

// What SQLite allocates is in one heap, where the C library can be told to (glibc, mallopt(3)): calls into C come from whichever thread is
// free, and with a heap for each, what one returned the others cannot have. glibc settles how many there may be when the first thread
// but the main one allocates or frees, which Go's do before Go runs.
__attribute__((constructor)) static void one_arena(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}
*/
import "C"
