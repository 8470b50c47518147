import { systemClock } from '../../lib/runtime/clock.ts'
import { jsonLog } from '../../lib/runtime/log.ts'
import type { Log } from '../../lib/runtime/ports.ts'
import { databases, dynamoDbClients, type ScfRuntime } from './store.ts'

/**
 * Logs JSON lines, of which CLS makes fields. Figures are fields, too; what directs CloudWatch to make metrics of them
 * is left out.
 */
export function scfLog(write: (line: string) => void, now: () => number): Log {
  const log = jsonLog(write, now)
  return (event, fields = {}) => {
    log(event, Object.fromEntries(Object.entries(fields).filter(([name]) => name !== '_aws')))
  }
}

/** Tencent SCF: standard output is the log, and there are no settings but those of the environment. */
export const scf: ScfRuntime = {
  clock: systemClock,
  log: scfLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClients(),
  database: databases(systemClock),
}
