// cell is a cell of CSV. A sheet takes a text that begins with = + - @, tab or return for a formula; an apostrophe before it makes it text.
export function cell(s: string): string {
  const safe = /^[=+\-@\t\r]/.test(s) ? "'" + s : s;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
