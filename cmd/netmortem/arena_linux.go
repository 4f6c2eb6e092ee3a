//go:build cgo

package main

/*
#include <malloc.h>

int sqlite3_config(int, ...);         // sqlite3.h
enum { SQLITE_CONFIG_MEMSTATUS = 9 }; // sqlite3.h

// What SQLite allocates is in one heap, where the C library can be told to (glibc, mallopt(3)): calls into C come from whichever thread is
// free, and with a heap for each, what one returned the others cannot have. glibc settles how many there may be when the first thread
// but the main one allocates or frees, which Go's do before Go runs.
//
// SQLite itself need not count it, for which it takes a lock that all connections share. It can be told so before it is first used.
__attribute__((constructor)) static void settle_heap(void) {
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
*/
import "C"
