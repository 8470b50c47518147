import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Clock } from '../../lib/runtime/ports.ts'
import { close, listen, localHost } from '../../local/listening-server.ts'
import { nameOfFault, plannedFaults, replyWithFault, type Faults } from '../../local/simulated-api/faults.ts'
import { paceOf } from '../../local/simulated-api/pace.ts'
import { headerOf, receive, type ReceivedRequest } from '../../local/simulated-ses/received-request.ts'
import { verifyTc3Signature } from '../../local/simulated-ses/tc3-signature.ts'
import type { StatementResult } from '../embedded-postgres.ts'

// ExecutePGSql of CloudBase as its document has it (876/130469, 2026-08-31, read 2026-11-28), with what was seen in the field: of a
// write there are neither `Columns` nor `Rows`, and SQLSTATE is in the message. It was never compared with the service itself.

interface Call {
  readonly number: number
  /** Empty where there was none. */
  readonly sql: string
}

interface Options {
  readonly environmentId: string
  /** Those that are good now. */
  readonly credentials: () => {
    readonly secretId: string
    readonly secretKey: string
    readonly token?: string | undefined
  }
  /** By which a signature's age is judged. Absent: it may have any, where time jumps while a request is under way. */
  readonly clock?: Pick<Clock, 'now'>
  /** Runs one statement. Rejects with an error that has PostgreSQL's `code` and `message`. */
  readonly run: (statement: string) => Promise<StatementResult>
  /** Calls that are let through in any second. Default: all. */
  readonly callsPerSecond?: number
}

export interface SimulatedCloudBase {
  readonly url: string
  readonly calls: readonly (Call & { readonly answer: string })[]
  /** Faults of calls whose statement is not run. */
  readonly failNext: Faults<Call>['failNext']
  readonly failWhen: Faults<Call>['failWhen']
  /** Calls whose statement is run, and whose answer is lost. */
  loseAnswers(of: ((call: Call) => boolean) | undefined): void
  /** How the message of an error names SQLSTATE, which no document says. Default: `ERROR: … (SQLSTATE 42P01)`. */
  writeErrorsAs(form: (error: { readonly code: string; readonly message: string }) => string): void
  /** How a row is written. Default, as documented: the JSON text of an array of texts. */
  writeRowsAs(form: (row: readonly (string | null)[], columns: readonly string[]) => unknown): void
  close(): Promise<void>
}

/** Source: Signature v3, of all Tencent APIs: the body of a request has at most 10 MB. */
const maxBodyBytes = 10 * 1024 * 1024

export async function startSimulatedCloudBase(of: Options): Promise<SimulatedCloudBase> {
  const calls: (Call & { readonly answer: string })[] = []
  const faults = plannedFaults<Call>()
  const mayPass = paceOf(of.callsPerSecond, 1_000)
  let isLost: ((call: Call) => boolean) | undefined
  let formOfError = ({ code, message }: { code: string; message: string }) =>
    `ERROR: ${message} (SQLSTATE ${code})`
  let formOfRow: (row: readonly (string | null)[], columns: readonly string[]) => unknown = (row) =>
    JSON.stringify(row)

  const resultOf = async (sql: string) => {
    const { columns, rows, changed } = await of.run(sql)
    const isRead = /^\s*SELECT\b/.test(sql)
    return {
      AffectedRows: isRead ? 0 : changed,
      Columns: isRead ? columns : null,
      Rows: isRead ? rows.map((row) => formOfRow(row, columns)) : null,
      ExecutionTimeMs: 8,
    }
  }
  const answerTo = async (request: ReceivedRequest, { sql }: Call): Promise<object> => {
    const refused = refusal(request, of)
    if (refused !== undefined) return errorOf(refused, 'The request is refused.')
    if (!mayPass(Date.now())) return errorOf('RequestLimitExceeded', 'More than 20 requests a second.')
    try {
      return await resultOf(sql)
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string }
      if (code === undefined) throw error
      return errorOf('FailedOperation.PGExecuteSqlError', formOfError({ code, message }))
    }
  }
  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await receive(message, maxBodyBytes)
    const sql = request.parameters?.get('Sql')
    const call = { number: calls.length + 1, sql: typeof sql === 'string' ? sql : '' }
    const record = (answer: string) => calls.push({ ...call, answer })
    const fault = faults.takeFor(call)
    if (fault !== undefined && !isCode(fault)) {
      record(nameOfFault(fault))
      replyWithFault(response, fault)
      return
    }
    const answer =
      fault === undefined ? await answerTo(request, call) : errorOf(fault.code, 'This was planned.')
    if (isLost?.(call) === true) {
      record('lost')
      response.destroy()
      return
    }
    record('Error' in answer ? (answer.Error as { Code: string }).Code : 'ok')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ Response: { ...answer, RequestId: `request-${call.number}` } }))
  }
  const server = createServer((message, response) => {
    handle(message, response).catch(() => response.destroy())
  })
  const port = await listen(server, 0, 'the simulated CloudBase')
  return {
    url: `http://${localHost}:${port}`,
    calls,
    failNext: (count, fault) => {
      faults.failNext(count, fault)
    },
    failWhen: (predicate, fault) => faults.failWhen(predicate, fault),
    loseAnswers(lost) {
      isLost = lost
    },
    writeErrorsAs(form) {
      formOfError = form
    },
    writeRowsAs(form) {
      formOfRow = form
    },
    close: () => close(server),
  }
}

function isCode(fault: object | string): fault is { readonly code: string } {
  return typeof fault === 'object' && 'code' in fault
}

function errorOf(Code: string, Message: string) {
  return { Error: { Code, Message } }
}

const parameters = ['EnvId', 'Sql', 'Role']

function refusal(
  request: ReceivedRequest,
  { credentials, clock, environmentId }: Options,
): string | undefined {
  const signedAtMs = Number(headerOf(request, 'x-tc-timestamp')) * 1_000
  const verdict = verifyTc3Signature(request, { ...credentials(), nowMs: clock?.now() ?? signedAtMs })
  if (verdict !== 'ok') return verdict
  if (headerOf(request, 'x-tc-version') !== '2018-06-08') return 'NoSuchVersion'
  if (headerOf(request, 'x-tc-action') !== 'ExecutePGSql') return 'InvalidAction'
  const given = request.parameters ?? new Map<string, unknown>()
  if ([...given.keys()].some((name) => !parameters.includes(name))) return 'UnknownParameter'
  if (typeof given.get('Sql') !== 'string') return 'MissingParameter'
  return given.get('EnvId') === environmentId ? undefined : 'InvalidParameter.INVALID_PARAM'
}
