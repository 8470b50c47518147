import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import pg from 'pg'
import { CommonClient } from 'tencentcloud-sdk-nodejs-common'
import type { Clock } from '../runtime/ports.ts'
import { cloudBaseError, isTransient } from './cloudbase-errors.ts'
import { databaseBehind, unlessAborted, type Database } from './database.ts'
import { paced } from './paced.ts'

interface CloudBase {
  readonly environmentId: string
  /** URL of the API. Default: that of China's site. */
  readonly endpoint?: string | undefined
  /** Asked before every call, since those of a run role are for one invocation. It may throw. */
  readonly credentials: () => Credentials
  readonly clock: Clock
  /** How long one call may take. */
  readonly timeoutMs: number
}

interface Credentials {
  readonly secretId: string
  readonly secretKey: string
  /** For temporary credentials. */
  readonly token: string | undefined
}

/** Calls of one process in any second are at most these together: the API's own limit is 20 (document 876/130469). */
const pace = { perSecond: 15, burst: 5 }

const mostAttempts = 5
const firstPauseMs = 200

/**
 * The PostgreSQL of a CloudBase environment, through the signed API ExecutePGSql, which takes one statement without parameters.
 *
 * What fails for a moment is tried again, within the signal's time: a call without an answer, too. So a statement may be done
 * twice, as with DynamoDB. Those that write what arrived give the same row, and count nothing on how many they changed; the room
 * of a day may be taken twice. One that names the version that it read finds another the second time and changes nothing: its
 * caller reads again, and finds its own change.
 */
export function cloudBaseDatabase(of: CloudBase): Database {
  const { clock, credentials } = of
  const turn = paced({ clock, ...pace })
  const clientFor = clients(of)
  const call = async (Sql: string, signal: AbortSignal | undefined): Promise<Answer> => {
    const client = clientFor(credentials())
    try {
      const asked = { EnvId: of.environmentId, Sql }
      return (await client.request('ExecutePGSql', asked, signal && { signal })) as Answer
    } catch (error) {
      throw cloudBaseError(error)
    }
  }
  const answered = async (sql: string, signal: AbortSignal | undefined): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      await turn(signal)
      try {
        return await unlessAborted(signal, () => call(sql, signal))
      } catch (error) {
        signal?.throwIfAborted()
        if (attempt === mostAttempts || !isTransient(error)) throw error
        await unlessAborted(signal, () => clock.sleep(pauseMs(attempt)))
      }
    }
  }
  return databaseBehind({
    async run(statement, json, signal) {
      const { Rows, Columns, AffectedRows } = await answered(withLiteral(statement, json), signal)
      return {
        rows: (Rows ?? []).map((row) => onlyCell(row, Columns?.[0])),
        changed: Number(AffectedRows ?? 0),
      }
    },
  })
}

/** Every process waits another time, since the limit is one for all of them. */
function pauseMs(attempt: number): number {
  return firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
}

function clients({ endpoint = 'https://tcb.tencentcloudapi.com', timeoutMs }: CloudBase) {
  const { host, protocol } = new URL(endpoint)
  const Agent = protocol === 'http:' ? HttpAgent : HttpsAgent
  const httpProfile = {
    endpoint: host,
    protocol: `${protocol}//`,
    reqTimeout: timeoutMs / 1_000,
    // Connections outlive an invocation; credentials do not.
    agent: new Agent({ keepAlive: true }),
  }
  return ({ secretId, secretKey, token }: Credentials) =>
    new CommonClient(host, '2018-06-08', {
      credential: { secretId, secretKey, ...(token !== undefined && { token }) },
      profile: { language: 'en-US', httpProfile },
    })
}

/**
 * The statement with the JSON as a literal in the place of `$1`. `escapeLiteral` doubles quotes and backslashes, and writes `E'…'`
 * where there is a backslash, so that it is the same text whether `standard_conforming_strings` is on or off.
 */
function withLiteral(statement: string, json: string | undefined): string {
  return json === undefined ? statement : statement.replace(/\$1(?!\d)/, () => pg.escapeLiteral(json))
}

/** Source: document 876/130469, and what was seen in the field (2026-10): of a write `Columns` and `Rows` are null. */
interface Answer {
  readonly AffectedRows?: number | string | null
  readonly Columns?: readonly string[] | null
  readonly Rows?: readonly unknown[] | null
}

/**
 * What a row has in its only column. Documented is the JSON text of an array of texts; an array itself, and an object by the
 * columns' names, are read as well.
 */
function onlyCell(row: unknown, column: string | undefined): unknown {
  const read: unknown = typeof row === 'string' ? JSON.parse(row) : row
  if (Array.isArray(read)) return read[0]
  const isNamed =
    typeof read === 'object' && read !== null && column !== undefined && Object.hasOwn(read, column)
  return isNamed ? (read as Readonly<Record<string, unknown>>)[column] : read
}
