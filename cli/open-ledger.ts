import { systemClock } from '../lib/clock.ts'
import { parseEnvironment, setVariables, tableEntries, type Environment } from '../lib/config.ts'
import { jsonLog } from '../lib/log.ts'
import type { Clock, Log } from '../lib/ports.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { tableNames, type TableNames } from '../lib/table/names.ts'
import { isLocal } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

/** The tables of the deployment that the environment names, and what it takes to read and write them. */
export interface OpenLedger {
  readonly client: ReturnType<typeof dynamoDbClient>
  readonly tables: TableNames
  /** Names the deployment to a person. */
  readonly name: string
  readonly clock: Clock
  /** To standard error, so that what a command prints is its answer alone. */
  readonly log: Log
}

/** Lends the ledger to one command, and closes its connections whatever becomes of it. */
export async function withLedger<T>(use: (ledger: OpenLedger) => Promise<T>): Promise<T> {
  const { TABLE_PREFIX } = parseEnvironment(tableEntries, process.env)
  const client = dynamoDbClient(requestTimeoutMs)
  try {
    return await use({
      client,
      tables: tableNames(TABLE_PREFIX),
      name: TABLE_PREFIX,
      clock: systemClock,
      log: jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now),
    })
  } finally {
    client.destroy()
  }
}

/**
 * Refuses to write into a deployment whose retention this environment does not say: every row that is written takes it, and
 * a default would shorten or lengthen what the deployment keeps.
 */
export function requireRetention(environment: Environment, ...names: readonly string[]): void {
  const set = setVariables(environment)
  if (isLocal(set)) return
  const missing = names.filter((name) => set[name] === undefined)
  if (missing.length === 0) return
  throw new CommandError(
    `Set ${missing.join(' and ')} to what ${set.TABLE_PREFIX ?? ''} was deployed with: rows that are written take their retention from it.`,
  )
}

/** As much of an id as it takes to name it in another command. */
export function shownId(id: string): string {
  return id.slice(0, 12)
}
