import { startServer, type RunningServer, type ServerRuntime } from '../../../functions/server/server.ts'
import { serverSettings } from '../../../functions/server/settings.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import type { Database } from '../../../lib/postgres/database.ts'
import { jsonLog } from '../../../lib/runtime/log.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { noDeadline } from '../../no-deadline.ts'

export const token = 'a-token-of-the-callback-url'
export const appKey = 'a-key-of-sendcloud'
export const now = '2026-11-21T08:00:00Z'

/** A schedule whose waits end when a test says so. */
interface HeldSchedule {
  /** How long it waits now. */
  readonly waitsMs: () => Promise<number>
  /** Ends the wait, and resolves once what it waited for is done: with how long it waits next. */
  readonly next: () => Promise<number>
  readonly wait: NonNullable<ServerRuntime['wait']>
}

function heldSchedule(): HeldSchedule {
  let begun = Promise.withResolvers<number>()
  let end = (): void => undefined
  return {
    wait(ms, signal) {
      begun.resolve(ms)
      if (signal.aborted) return Promise.resolve()
      return new Promise((resolve) => {
        end = resolve
        signal.addEventListener('abort', () => {
          resolve()
        })
      })
    },
    waitsMs: () => begun.promise,
    async next() {
      await begun.promise
      begun = Promise.withResolvers()
      end()
      return begun.promise
    },
  }
}

export interface Served extends RunningServer {
  readonly url: string
  readonly clock: VirtualClock
  readonly schedule: HeldSchedule
  /** What its log says, line by line. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  readonly post: (body: string | Uint8Array, path?: string, type?: string) => Promise<number>
}

/** A server with its tables in that database, which polls nothing unless it is set. */
export async function serve(
  { database, schema }: { readonly database: Database; readonly schema: string },
  settings: Readonly<Record<string, string>> = {},
  runtime: Partial<ServerRuntime> & { readonly clock?: VirtualClock } = {},
): Promise<Served> {
  const lines: Readonly<Record<string, unknown>>[] = []
  const clock = runtime.clock ?? virtualClock(now)
  const schedule = heldSchedule()
  const environment = {
    DATABASE_URL: 'postgres://ledger@127.0.0.1:1/in-this-process',
    TABLE_PREFIX: schema,
    PORT: '0',
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    SENDCLOUD_APP_KEY: appKey,
    SES_POLL: 'off',
    ...settings,
  }
  const server = await startServer(serverSettings(environment), {
    clock,
    log: jsonLog((line) => lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>), clock.now),
    deadline: noDeadline,
    openDatabase: () => ({ ...database, close: () => Promise.resolve() }),
    wait: schedule.wait,
    ...runtime,
  })
  const url = `http://127.0.0.1:${server.port}`
  return {
    ...server,
    url,
    clock,
    schedule,
    lines,
    async post(body, path = `/tencent-ses/${token}`, type = 'application/json') {
      const response = await fetch(url + path, {
        method: 'POST',
        body: Buffer.from(body),
        headers: { 'content-type': type },
      })
      await response.arrayBuffer()
      return response.status
    },
  }
}
