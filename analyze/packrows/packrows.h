/* Columns that a packed row can have. */
#define PACKROWS_COLUMNS 96

/* What joinrows puts behind a value, and behind the last of a row. */
#define JOINROWS_FIELD '\x1f'
#define JOINROWS_ROW '\x1e'

/* Makes packrows and joinrows known to every connection that is opened after the call. Calling it again changes nothing. */
int netmortem_packrows_register(void);
