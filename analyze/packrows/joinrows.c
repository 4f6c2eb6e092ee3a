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

/* number writes an integer in decimal and returns where it begins: asked for its text, SQLite would keep that with the value, in memory of its own. */
static const char *number(sqlite3_int64 i, char *end) {
  sqlite3_uint64 n = i < 0 ? 0 - (sqlite3_uint64)i : (sqlite3_uint64)i;
  do *--end = (char)('0' + n % 10); while ((n /= 10) > 0);
  if (i < 0) *--end = '-';
  return end;
}

static void step(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  joined *j = sqlite3_aggregate_context(ctx, sizeof *j);
  if (j == 0) {
    sqlite3_result_error_nomem(ctx);
    return;
  }
  for (int i = 0; i < argc; i++) {
    char digits[20];
    const char *text = 0;
    sqlite3_uint64 size = 0;
    switch (sqlite3_value_type(argv[i])) {
    case SQLITE_NULL:
      break;
    case SQLITE_INTEGER:
      text = number(sqlite3_value_int64(argv[i]), digits + sizeof digits);
      size = (sqlite3_uint64)(digits + sizeof digits - text);
      break;
    default:
      text = (const char *)sqlite3_value_text(argv[i]); /* before its size: a number becomes text here */
      size = (sqlite3_uint64)sqlite3_value_bytes(argv[i]);
      if (text == 0) size = 0;
    }
    if (append(j, text, size, i + 1 < argc ? JOINROWS_FIELD : JOINROWS_ROW) != SQLITE_OK) {
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
