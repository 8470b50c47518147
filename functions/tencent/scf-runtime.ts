import { systemClock } from '../../lib/runtime/clock.ts'
import { withoutDirectives } from '../../lib/runtime/embedded-metrics.ts'
import { jsonLog } from '../../lib/runtime/log.ts'
import type { Log } from '../../lib/runtime/ports.ts'
import { databases, dynamoDbClients, type ScfRuntime } from './store.ts'

/** Logs JSON lines, of which CLS makes fields; figures are fields, too. */
export function scfLog(write: (line: string) => void, now: () => number): Log {
  return withoutDirectives(jsonLog(write, now))
}

/** Tencent SCF: standard output is the log, and there are no settings but those of the environment. */
export const scf: ScfRuntime = {
  clock: systemClock,
  log: scfLog((line) => process.stdout.write(`${line}\n`), systemClock.now),
  dynamoDb: dynamoDbClients(),
  database: databases(systemClock),
}
