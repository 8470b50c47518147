import type { Log } from './ports.ts'

/**
 * Anything that looks like an address is struck out, wherever it came from: plain, with a quoted local part, or encoded
 * for a URL. The bounded lengths keep the search linear.
 */
const address = /(?:"[^\s"@]{1,64}"|[^\s"'<>:,;/\\@=?&]{1,320})(?:@|%40)[^\s"'<>:,;/\\&]+/gi
const secretField = /token|secret|signature|password|authorization|credential|key$/i

/** Logs one JSON object a line, as CloudWatch Logs Insights reads it. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (happening, fields = {}) => {
    write(redacted({ at: new Date(now()).toISOString(), happening, ...fields }))
  }
}

/** Replaces addresses and the values of fields that are named like secrets. */
function redacted(fields: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(fields, (name, value: unknown) => {
    if (secretField.test(name)) return '[redacted]'
    return typeof value === 'string' ? withoutAddresses(value) : value
  })
  // Once more as a whole: the names of fields are text from somewhere, too.
  return withoutAddresses(text)
}

function withoutAddresses(text: string): string {
  return text.replace(address, '[address]')
}
