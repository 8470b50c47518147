/**
 * Prints a value as JSON that no terminal takes for a command: JSON escapes the control characters of ASCII itself, and leaves
 * those above it as they are.
 */
export function printJson(value: unknown): void {
  const text = JSON.stringify(value, null, 2).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  )
  process.stdout.write(`${text}\n`)
}
