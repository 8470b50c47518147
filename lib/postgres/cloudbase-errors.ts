import { oneLine } from '../core/text.ts'
import { ResultTooLargeError, StatementError } from './database.ts'

// Codes: Tencent Cloud document 876/130469 (ExecutePGSql, 2026-08-31), read 2026-11-28, and those that all its APIs have.

/** ExecutePGSql did not run a statement, or nobody knows whether it did. */
class CloudBaseError extends Error {
  override readonly name: string
  /** Tencent's own; empty where there was no usable answer: then the statement may have been done. */
  readonly code: string
  readonly isTransient: boolean

  constructor(code: string, message: string, isTransient: boolean) {
    super(message)
    this.name = code === '' ? 'CloudBaseError' : `CloudBaseError ${code}`
    this.code = code
    this.isTransient = isTransient
  }
}

const transientCodes =
  /^(?:FailedOperation\.(?:PGConnectError|InstanceStatusConflict)|RequestLimitExceeded|InternalError)(?:$|\.)/

/** Serialization and deadlock, too many connections, and a server that is just starting or ending. */
const transientStates = /^(?:40|08|53300$|57P0[1-3]$)/

/** Whether the same statement may succeed a moment later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatementError) return transientStates.test(error.code)
  return error instanceof CloudBaseError && error.isTransient
}

/** What the SDK threw, as what follows from it. Nothing of the statement is in its message. */
export function cloudBaseError(error: unknown): StatementError | ResultTooLargeError | CloudBaseError {
  const {
    code = '',
    httpCode,
    message = '',
  } = error as Partial<Record<'code' | 'message', string>> & {
    readonly httpCode?: number
  }
  // Errors of the network have codes as well, such as ECONNRESET.
  if (!/^[A-Z][a-z]/.test(code)) return withoutAnswer(oneLine(message).slice(0, 200), httpCode)
  if (code === 'FailedOperation.PGExecuteSqlError') {
    return new StatementError(sqlState(message), `in ExecutePGSql: ${printable(message)}`)
  }
  if (code.endsWith('PGResultTooLarge')) {
    return new ResultTooLargeError(`ExecutePGSql failed: ${code}. A row is more than the API gives back.`)
  }
  const advice = adviceFor(code)
  return new CloudBaseError(code, `ExecutePGSql failed: ${code}.${advice}`, transientCodes.test(code))
}

function withoutAnswer(reason: string, httpCode: number | undefined): CloudBaseError {
  const isRefused = httpCode !== undefined && httpCode >= 400 && httpCode < 500 && httpCode !== 429
  const what = httpCode === undefined ? reason : `HTTP ${httpCode}`
  return new CloudBaseError('', `ExecutePGSql failed: no usable answer (${what}).`, !isRefused)
}

function adviceFor(code: string): string {
  if (/^(?:AuthFailure|UnauthorizedOperation)/.test(code)) {
    return " Allow tcb:ExecutePGSql to the function's run role (runRole)."
  }
  if (code.startsWith('ResourceNotFound') || code === 'InvalidParameter.EnvId') {
    return ' Set CLOUDBASE_ENV_ID (cloudbaseEnvId) to an environment with PostgreSQL, of the account that the run role belongs to.'
  }
  return ''
}

/**
 * A message of PostgreSQL names tables and columns; what follows in further lines, or what repeats the statement, may be what
 * was to be written.
 */
function printable(message: string): string {
  const isShort = message.length <= 200 && !/[@{\n]/.test(message)
  return isShort ? oneLine(message) : 'its message may repeat what was to be written'
}

/**
 * SQLSTATE is only inside of the message, and no document says in which form: `SQLSTATE 42501` and `SQLSTATE P0001` were seen in
 * the field (2026-10-10). So it is looked for as PostgreSQL's drivers write it (`(SQLSTATE 42P01)`, `SQLSTATE[42P01]`, `ERROR:
 * 42P01:`, `(42P01)`, `code=42P01`), and by PostgreSQL's own words for what somebody reacts to. Empty where it is not found.
 */
function sqlState(message: string): string {
  const named = [`SQLSTATE\\W{0,4}${state}\\b`, `(?:ERROR|FATAL|code)["':=\\s]{1,4}${state}\\b`]
  return (
    firstMatch(named, message) ??
    wordings.find(([words]) => words.test(message))?.[1] ??
    // Last, since a number of five digits may stand in parentheses as well.
    firstMatch([`\\(${state}\\)`], message) ??
    ''
  )
}

/** With the classes that there are. */
const state = '((?:0[A-Z0-9]|2[0-8A-F]|3[489A-F]|4[024]|5[34578]|72|F0|HV|P0|XX)[0-9A-Z]{3})'

function firstMatch(forms: readonly string[], message: string): string | undefined {
  return forms.map((form) => new RegExp(form).exec(message)?.[1]).find((found) => found !== undefined)
}

/** PostgreSQL's messages in English: https://www.postgresql.org/docs/17/errcodes-appendix.html has their codes. */
const wordings: readonly (readonly [RegExp, string])[] = [
  // Of a relation as well, so it is looked for first.
  [/column .* does not exist/, '42703'],
  [/relation .* does not exist/, '42P01'],
  [/relation .* already exists/, '42P07'],
  [/schema .* already exists/, '42P06'],
  [/schema .* does not exist/, '3F000'],
  [/permission denied/, '42501'],
  [/unsupported Unicode escape sequence/, '22P05'],
  [/invalid input syntax for type/, '22P02'],
  [/invalid byte sequence for encoding/, '22021'],
  [/index row size .* exceeds|index row requires \d+ bytes/, '54000'],
  [/duplicate key value violates unique constraint/, '23505'],
  [/deadlock detected/, '40P01'],
  [/could not serialize access/, '40001'],
  [/too many (?:clients|connections)|remaining connection slots/, '53300'],
  [/canceling statement due to statement timeout/, '57014'],
  [/the database system is (?:starting up|shutting down)/, '57P03'],
]
