/**
 * Prints a value as JSON without control characters, which a terminal might obey: JSON escapes those of ASCII, but not
 * those above it.
 */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  )
  process.stdout.write(`${text}\n`)
}
