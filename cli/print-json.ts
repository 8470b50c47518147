/**
 * Prints a value as JSON without control characters, which a terminal might obey: JSON escapes those of ASCII, but not
 * those above it.
 */
export function printJson(value: unknown): void {
  process.stdout.write(`${withoutControls(JSON.stringify(value, null, 2))}\n`)
}

/** The same on one line, for lists that are read line by line. */
export function printJsonLine(value: unknown): void {
  process.stdout.write(`${withoutControls(JSON.stringify(value))}\n`)
}

function withoutControls(json: string): string {
  return json.replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`)
}
