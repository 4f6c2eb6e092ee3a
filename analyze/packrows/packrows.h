/* Columns that a packed row can have. */
#define PACKROWS_COLUMNS 96

/* Makes packrows known to every connection that is opened after the call. Calling it again changes nothing. */
int netmortem_packrows_register(void);
