import type { Log } from './ports.ts'

/**
 * Anything that looks like an address is redacted: plain, with a quoted local part, at an address literal, or encoded
 * for a URL. The bounded lengths keep the search linear.
 */
const address =
  /(?:"[^"]{1,64}"|[^\s"'<>:,;/\\@=?&]{1,320})(?:@|%40)(?:\[[^\s\]]{1,255}\]|[^\s"'<>:,;/\\&]+)/gi
const secretField = /token|secret|signature|password|authorization|credential|key$/i

/** Logs one JSON object a line, as CloudWatch Logs Insights reads it. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (event, fields = {}) => {
    write(redacted({ at: new Date(now()).toISOString(), event, ...fields }))
  }
}

/**
 * Redacts addresses and the values of fields with names of secrets. Each text is redacted by itself, also the names of
 * fields: in the whole line an address could span a quote, and the rest would not be JSON.
 */
function redacted(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, (_name, value: unknown) => {
    if (typeof value === 'string') return withoutAddresses(value)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? redactedFields(value)
      : value
  })
}

function redactedFields(fields: object): object {
  const redactedOnes = Object.entries(fields).map(([name, value]: [string, unknown]) => [
    withoutAddresses(name),
    secretField.test(name) ? '[redacted]' : value,
  ])
  return Object.fromEntries(redactedOnes) as object
}

/** The text with `[address]` for whatever looks like one. */
export function withoutAddresses(text: string): string {
  return text.replace(address, '[address]')
}
