//go:build cgo && linux

#include "packrows.h"
#include "sqlite.h"

#include <stdint.h>
#include <string.h>

enum { TAG_NULL, TAG_INT, TAG_TEXT, TAG_FLOAT };

/* The two arguments are hidden columns behind the values. */
enum { COL_BLOB = PACKROWS_COLUMNS, COL_WIDTH };

typedef struct {
  int tag;
  int size;            /* TEXT: bytes */
  sqlite3_int64 i;
  double d;
  const char *text;    /* within the cursor's copy of the blob */
} value;

typedef struct {
  sqlite3_vtab_cursor base;
  unsigned char *blob; /* own copy: an argument is valid during xFilter only */
  const unsigned char *at, *end;
  int width;           /* columns that every row must have */
  int eof;
  sqlite3_int64 row;
  value v[PACKROWS_COLUMNS];
} cursor;

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **err) {
  char ddl[PACKROWS_COLUMNS * 5 + 64];
  size_t n = 0;
  int rc;
  sqlite3_vtab *tab;
  (void)aux, (void)argc, (void)argv, (void)err;
  memcpy(ddl, "CREATE TABLE x(", 15);
  n = 15;
  for (int i = 0; i < PACKROWS_COLUMNS; i++) {
    ddl[n++] = 'c';
    if (i >= 10) ddl[n++] = (char)('0' + i / 10);
    ddl[n++] = (char)('0' + i % 10);
    ddl[n++] = ',';
  }
  memcpy(ddl + n, "blob HIDDEN, width HIDDEN)", 27);
  rc = sqlite3_declare_vtab(db, ddl);
  if (rc != SQLITE_OK) return rc;
  tab = sqlite3_malloc64(sizeof *tab);
  if (tab == 0) return SQLITE_NOMEM;
  memset(tab, 0, sizeof *tab);
  *out = tab;
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *tab) {
  sqlite3_free(tab);
  return SQLITE_OK;
}

static int best_index(sqlite3_vtab *tab, sqlite3_index_info *info) {
  int blob = -1, width = -1;
  (void)tab;
  for (int i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *c = &info->aConstraint[i];
    if (c->op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (c->iColumn != COL_BLOB && c->iColumn != COL_WIDTH) continue;
    if (!c->usable) return SQLITE_CONSTRAINT;
    if (c->iColumn == COL_BLOB) blob = i; else width = i;
  }
  if (blob < 0 || width < 0) return SQLITE_CONSTRAINT; /* both arguments are required */
  info->aConstraintUsage[blob].argvIndex = 1;
  info->aConstraintUsage[blob].omit = 1;
  info->aConstraintUsage[width].argvIndex = 2;
  info->aConstraintUsage[width].omit = 1;
  info->estimatedCost = 1;
  info->estimatedRows = 1000;
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *tab, sqlite3_vtab_cursor **out) {
  cursor *c = sqlite3_malloc64(sizeof *c);
  (void)tab;
  if (c == 0) return SQLITE_NOMEM;
  memset(c, 0, sizeof *c);
  *out = &c->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  cursor *c = (cursor *)base;
  sqlite3_free(c->blob);
  sqlite3_free(c);
  return SQLITE_OK;
}

static int damaged(cursor *c, const char *what) {
  sqlite3_free(c->base.pVtab->zErrMsg);
  c->base.pVtab->zErrMsg = sqlite3_mprintf("packrows: row %lld: %s", c->row, what);
  c->eof = 1;
  return SQLITE_ERROR;
}

/* uvarint reads an unsigned varint of at most 64 bits; 0 when it does not end within the blob, or overflows. */
static int uvarint(cursor *c, uint64_t *out) {
  uint64_t v = 0;
  for (int shift = 0; shift < 64 && c->at < c->end; shift += 7) {
    unsigned char b = *c->at++;
    if (shift == 63 && b > 1) return 0;
    v |= (uint64_t)(b & 0x7f) << shift;
    if (b < 0x80) {
      *out = v;
      return 1;
    }
  }
  return 0;
}

static int next(sqlite3_vtab_cursor *base) {
  cursor *c = (cursor *)base;
  uint64_t n;
  c->row++;
  if (c->at == c->end) {
    c->eof = 1;
    return SQLITE_OK;
  }
  if (!uvarint(c, &n)) return damaged(c, "no number of columns");
  if (n != (uint64_t)c->width) return damaged(c, "another number of columns than asked for");
  for (int i = 0; i < c->width; i++) {
    value *v = &c->v[i];
    if (c->at == c->end) return damaged(c, "it ends early");
    v->tag = *c->at++;
    switch (v->tag) {
    case TAG_NULL:
      break;
    case TAG_INT:
      if (!uvarint(c, &n)) return damaged(c, "a damaged integer");
      v->i = (sqlite3_int64)((n >> 1) ^ (0 - (n & 1)));
      break;
    case TAG_TEXT:
      if (!uvarint(c, &n) || n > (uint64_t)(c->end - c->at)) return damaged(c, "a text that is longer than the rows");
      v->text = (const char *)c->at;
      v->size = (int)n;
      c->at += n;
      break;
    case TAG_FLOAT: {
      uint64_t bits = 0;
      if (c->end - c->at < 8) return damaged(c, "a damaged number");
      for (int k = 7; k >= 0; k--) bits = bits << 8 | c->at[k];
      memcpy(&v->d, &bits, sizeof bits);
      c->at += 8;
      break;
    }
    default:
      return damaged(c, "a tag that does not exist");
    }
  }
  return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int num, const char *str, int argc, sqlite3_value **argv) {
  cursor *c = (cursor *)base;
  const void *blob;
  int size;
  (void)num, (void)str;
  if (argc != 2) return SQLITE_ERROR;
  sqlite3_free(c->blob);
  c->blob = 0;
  c->at = c->end = 0;
  c->eof = 0;
  c->row = 0;
  c->width = sqlite3_value_int(argv[1]);
  if (c->width < 1 || c->width > PACKROWS_COLUMNS) return damaged(c, "no such number of columns");
  blob = sqlite3_value_blob(argv[0]);
  size = sqlite3_value_bytes(argv[0]);
  if (blob != 0 && size > 0) {
    c->blob = sqlite3_malloc64((sqlite3_uint64)size);
    if (c->blob == 0) return SQLITE_NOMEM;
    memcpy(c->blob, blob, (size_t)size);
    c->at = c->blob;
    c->end = c->blob + size;
  }
  return next(base);
}

static int eof(sqlite3_vtab_cursor *base) { return ((cursor *)base)->eof; }

static int column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int i) {
  cursor *c = (cursor *)base;
  const value *v = &c->v[i];
  if (i >= c->width) {
    sqlite3_result_null(ctx);
    return SQLITE_OK;
  }
  switch (v->tag) {
  case TAG_INT:
    sqlite3_result_int64(ctx, v->i);
    break;
  case TAG_TEXT:
    sqlite3_result_text(ctx, v->text, v->size, SQLITE_STATIC);
    break;
  case TAG_FLOAT:
    sqlite3_result_double(ctx, v->d);
    break;
  default:
    sqlite3_result_null(ctx);
  }
  return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out) {
  *out = ((cursor *)base)->row;
  return SQLITE_OK;
}

/* No xCreate: the table exists in every database by its name alone, and cannot be created in a file. */
static const sqlite3_module module = {
  .xConnect = connect,
  .xBestIndex = best_index,
  .xDisconnect = disconnect,
  .xOpen = open_cursor,
  .xClose = close_cursor,
  .xFilter = filter,
  .xNext = next,
  .xEof = eof,
  .xColumn = column,
  .xRowid = rowid,
};

int netmortem_joinrows_create(sqlite3 *db);

static int entry(sqlite3 *db, char **err, const void *api) {
  (void)err, (void)api;
  int rc = sqlite3_create_module(db, "packrows", &module, 0);
  return rc == SQLITE_OK ? netmortem_joinrows_create(db) : rc;
}

int netmortem_packrows_register(void) { return sqlite3_auto_extension((void (*)(void))entry); }
