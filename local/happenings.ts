import type { Log } from '../lib/ports.ts'

/** Logs as a person watching the local stack reads it: one line per thing that happens. */
export function happenings(write: (line: string) => void, now: () => number): Log {
  return (happening, fields = {}) => {
    const time = new Date(now()).toISOString().slice(11, 19)
    const told = Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== '' && value !== 0)
      .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    write(`${time}  ${happening.padEnd(11)} ${told.join('  ')}`)
  }
}
