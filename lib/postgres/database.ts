import type { Row } from '../rows/row.ts'

/** What a statement is given: everything in one JSON object, which is its only parameter. */
export type Given = Readonly<Record<string, unknown>>

/** A PostgreSQL database, through whichever door. */
export interface Database {
  /**
   * The rows of a SELECT, in its order. A column that is null is absent, and what SQL has no JSON for is text. `$1` occurs at most
   * once: it is what the statement is given.
   */
  read(select: string, given?: Given, signal?: AbortSignal): Promise<readonly Row[]>
  /** Runs any other statement, which is given the same way, and returns how many rows it changed. */
  write(statement: string, given?: Given, signal?: AbortSignal): Promise<number>
}

/** A way to run one statement. */
interface Door {
  /**
   * @param statement - with `$1` where the JSON is to stand, if it is given any
   * @returns of each row its only column, a JSON value or its text; none for a statement that changes rows
   * @throws {@link StatementError} where the database refused the statement
   */
  run(
    statement: string,
    json: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly rows: readonly unknown[]; readonly changed: number }>
}

/** The database refused a statement. */
export class StatementError extends Error {
  override readonly name = 'StatementError'
  /** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
  readonly code: string

  /** @param message - PostgreSQL's own; left out where it may repeat what was to be written */
  constructor(code: string, message: string) {
    super(code.startsWith('22') ? `PostgreSQL: ${code}` : `PostgreSQL: ${code} ${message}`)
    this.code = code
  }
}

/** The door does not give back so much at once. Fewer rows may do. */
export class ResultTooLargeError extends Error {
  override readonly name = 'ResultTooLargeError'
}

/** Whether the statement found no table, or no schema: undefined_table, invalid_schema_name. */
export function lacksTable(error: unknown): boolean {
  return error instanceof StatementError && (error.code === '42P01' || error.code === '3F000')
}

/**
 * Whether no retry can help: the data do not fit (class 22), or exceed a limit of the program (class 54), such as the length of
 * a key in an index.
 */
export function isRefusedForGood(error: unknown): error is StatementError {
  return error instanceof StatementError && /^(?:22|54)/.test(error.code)
}

/** A database behind a door that takes one parameter, and may give back nothing but one column. */
export function databaseBehind(door: Door): Database {
  return {
    async read(select, given, signal) {
      const statement = `SELECT jsonb_strip_nulls(to_jsonb(t)) FROM (${select}) AS t`
      const { rows } = await door.run(statement, given && jsonFor(given), signal)
      return rows.map((row) => (typeof row === 'string' ? (JSON.parse(row) as Row) : (row as Row)))
    },
    async write(statement, given, signal) {
      return (await door.run(statement, given && jsonFor(given), signal)).changed
    },
  }
}

/** JSON that PostgreSQL takes: its text holds neither U+0000 nor half of a surrogate pair. Both become U+FFFD. */
function jsonFor(given: Given): string {
  return JSON.stringify(given, (_, value: unknown) => {
    if (typeof value === 'string') return storable(value)
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [storable(name), one]))
  })
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd')
}

/** The result, or the reason of the signal as soon as it aborts: the statement may take effect all the same. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, begin: () => Promise<T>): Promise<T> {
  if (signal === undefined) return begin()
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => {
    aborted.reject(signal.reason as Error)
  }
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([begin(), aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
