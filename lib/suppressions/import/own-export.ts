/** The columns of `ledger suppressions export --format csv`, in order. A file with this header is read as our own. */
export const exportColumns = [
  'recipient',
  'suppressed',
  'reason',
  'since',
  'until',
  'fromDomain',
  'source',
  'provider',
  'message',
  'detail',
] as const

// Before what a spreadsheet takes for a formula, csv-stringify's `escape_formulas` puts an apostrophe.
const escaped = /^'+[=+\-@\t\r＝＋－＠]/

/**
 * One more apostrophe for a text that looks escaped already. Of any two texts the escaped ones then differ, so that
 * {@link fromExport} is safe: an address may begin with `'=`.
 */
export function forExport(text: string): string {
  return escaped.test(text) ? `'${text}` : text
}

/** The text of a field of our own export. */
export function fromExport(field: string): string {
  return escaped.test(field) ? field.slice(1) : field
}
