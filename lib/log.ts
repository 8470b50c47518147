import type { Log } from './ports.ts'

/** Anything that looks like an address is struck out, wherever it came from. */
const address = /[^\s"'<>:,;/\\]+@[^\s"'<>:,;/\\]+/g
const secretField = /token|secret|signature|password|authorization/i

/** Logs one JSON object a line, as CloudWatch Logs Insights reads it. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (happening, fields = {}) => {
    write(redacted({ at: new Date(now()).toISOString(), happening, ...fields }))
  }
}

/** Replaces addresses and the values of fields that are named like secrets. */
function redacted(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, (name, value: unknown) => {
    if (secretField.test(name)) return '[redacted]'
    return typeof value === 'string' ? value.replace(address, '[address]') : value
  })
}
