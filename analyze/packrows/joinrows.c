//go:build cgo && linux

#include "packrows.h"
#include "sqlite.h"

#include <string.h>

/* The rows so far, joined. It is zeroed memory at first. */
typedef struct {
  char *text;
  sqlite3_uint64 size, room;
  int rows;
} joined;

static int append(joined *j, const char *text, sqlite3_uint64 size, char end) {
  if (j->size + size + 1 > j->room) {
    sqlite3_uint64 room = 2 * (j->size + size + 1) + 4096;
    char *more = sqlite3_realloc64(j->text, room);
    if (more == 0) return SQLITE_NOMEM;
    j->text = more;
    j->room = room;
  }
  if (size > 0) memcpy(j->text + j->size, text, size);
  j->size += size;
  j->text[j->size++] = end;
  return SQLITE_OK;
}

static void step(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  joined *j = sqlite3_aggregate_context(ctx, sizeof *j);
  if (j == 0) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  for (int i = 0; i < argc; i++) {
    const char *text = (const char *)sqlite3_value_text(argv[i]); /* before its size: a number becomes text here */
    sqlite3_uint64 size = (sqlite3_uint64)sqlite3_value_bytes(argv[i]);
    if (append(j, text, text == 0 ? 0 : size, i + 1 < argc ? JOINROWS_FIELD : JOINROWS_ROW) != SQLITE_OK) {
      sqlite3_result_error_nomem(ctx);
      return;
    }
  }
  j->rows++;
}

static void final(sqlite3_context *ctx) {
  joined *j = sqlite3_aggregate_context(ctx, 0);
  if (j == 0 || j->rows == 0) {
    if (j != 0) sqlite3_free(j->text);
    sqlite3_result_null(ctx);
    return;
  }
  sqlite3_result_text64(ctx, j->text, j->size - 1, sqlite3_free, SQLITE_UTF8); /* the last row's end is left out */
}

int netmortem_joinrows_create(sqlite3 *db) {
  return sqlite3_create_function(db, "joinrows", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, 0, 0, step, final);
}
