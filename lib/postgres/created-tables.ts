import { lacksTable, StatementError, unlessAborted, type Database } from './database.ts'
import { columnStatements, schemaStatements } from './schema.ts'

/**
 * A database whose tables are made at first use: where a statement finds no table or no schema, what there is not yet of them is
 * made, and the statement is repeated. Where it finds no column, as after an update, the columns are added: a callback must
 * not wait for a person, and an empty column costs PostgreSQL no rewriting.
 *
 * For what runs unattended. A command does not use it: with a misspelled prefix it would make a second deployment.
 */
export function creatingTables(database: Database, schema: string): Database {
  const missingTables = oneAtATime(() => makeTables(database, schema))
  const missingColumns = oneAtATime(() => inTurn(database, columnStatements(schema)))
  const remedyFor = (error: unknown): Remedy | undefined => {
    if (lacksTable(error)) return missingTables
    // undefined_column
    return error instanceof StatementError && error.code === '42703' ? missingColumns : undefined
  }
  const repeating = async <T>(
    signal: AbortSignal | undefined,
    run: () => Promise<T>,
    tried: readonly Remedy[] = [],
  ): Promise<T> => {
    const before = new Map([missingTables, missingColumns].map((remedy) => [remedy, remedy.times()]))
    try {
      return await run()
    } catch (error) {
      const remedy = remedyFor(error)
      if (remedy === undefined || tried.includes(remedy)) throw error
      // Another statement may have had it made meanwhile.
      if (before.get(remedy) === remedy.times()) await unlessAborted(signal, () => remedy.make())
      return repeating(signal, run, [...tried, remedy])
    }
  }
  return {
    read: (select, given, signal) => repeating(signal, () => database.read(select, given, signal)),
    write: (statement, given, signal) => repeating(signal, () => database.write(statement, given, signal)),
  }
}

/** What is made where a statement missed it. */
interface Remedy {
  /** Joins those who are making it. */
  readonly make: () => Promise<void>
  /** How often it was made. */
  readonly times: () => number
}

function oneAtATime(work: () => Promise<void>): Remedy {
  let made = 0
  let making: Promise<void> | undefined
  return {
    make: () =>
      (making ??= work()
        .then(() => {
          made += 1
        })
        .finally(() => {
          making = undefined
        })),
    times: () => made,
  }
}

/**
 * Makes what there is not yet of schema, tables with their indexes, and columns, and closes them to others. Several may do so at
 * the same moment.
 */
export function makeTables(database: Database, schema: string): Promise<void> {
  return inTurn(database, schemaStatements(schema))
}

async function inTurn(database: Database, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await whereOthersDoTheSame(() => database.write(statement))
}

/** Each is one process that was there first, and there are never many. */
const attempts = 10

/**
 * Repeats what failed because another process did the same at the same moment: IF NOT EXISTS looks before it locks. The other one
 * has committed once the failure is reported, so there is nothing to wait for. A lock of the application's own (advisory) would not do:
 * a door may run each statement in a connection of its own.
 */
async function whereOthersDoTheSame(run: () => Promise<unknown>): Promise<void> {
  for (let left = attempts - 1; ; left -= 1) {
    try {
      await run()
      return
    } catch (error) {
      if (left === 0 || !isRace(error)) throw error
    }
  }
}

/** unique_violation in the catalog, duplicate_table, duplicate_schema, duplicate_object, deadlock_detected. */
const codesOfRaces: ReadonlySet<string> = new Set(['23505', '42P07', '42P06', '42710', '40P01'])

function isRace(error: unknown): boolean {
  if (!(error instanceof StatementError)) return false
  // Two that alter the same table or default privileges: an internal error by its code.
  return codesOfRaces.has(error.code) || /tuple concurrently (?:updated|deleted)/.test(error.message)
}
