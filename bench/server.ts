/**
 * How many callbacks a second `npm run server` takes by HTTP, on a PostgreSQL of this machine whose commits wait for the disk,
 * beside what PostgreSQL takes of the same without HTTP. Server, database and whoever posts share the machine. `npm run bench:server`
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { pgDatabase } from '../lib/postgres/pg-database.ts'
import { openPostgres } from '../lib/postgres/postgres-store.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { recordingSuppressions } from '../lib/suppressions/record-with-suppressions.ts'
import { startPostgres } from '../local/postgres-server.ts'
import { callbackStream } from './callback-stream.ts'
import { timed, type Timed } from './timed.ts'

const seed = Number(process.env.SEED ?? 1)
const mails = Number(process.env.MAILS ?? 2_000)
const token = 'a-token-of-the-bench'

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

function report(name: string, { perSecond, p50Ms, p95Ms, p99Ms }: Timed): void {
  const times = [p50Ms, p95Ms, p99Ms].map((ms) => `${ms.toFixed(1)} ms`.padStart(11)).join('')
  say(`${name.padEnd(44)}${`${perSecond.toFixed(0)}/s`.padStart(9)}${times}`)
}

/** The server as a process of its own. */
async function served(url: string): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const child = spawn(process.execPath, ['functions/server/main.ts'], {
    env: {
      ...{ DATABASE_URL: url, TABLE_PREFIX: 'served', PORT: '0', SES_POLL: 'off' },
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => {
      reject(new Error('The server did not start.'))
    })
    createInterface(child.stdout).on('line', (line) => {
      const { event, port } = JSON.parse(line) as { readonly event: string; readonly port: number }
      if (event === 'listening') resolve(port)
    })
  })
  return {
    url: `http://127.0.0.1:${port}/tencent-ses/${token}`,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          resolve()
        })
        child.kill('SIGTERM')
      }),
  }
}

async function post(url: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`A callback was answered ${answer.status}.`)
}

const { bodies, events, about } = callbackStream(seed, mails)
const postgres = await startPostgres({ isDurable: true })
const database = pgDatabase({ url: postgres.url, max: 10, timeoutMs: 20_000 })
const store = openPostgres({ database, schema: 'alone', clock: systemClock, log: () => undefined })
await store.createTables()
const deliveries = store.deliveryWriter({ retentionDays: 400 })
const writer = recordingSuppressions(deliveries, store.suppressionWriter())
say(`${postgres.version}: ${about}`)
say()
say(`${''.padEnd(44)}callbacks     median    5 in 100   1 in 100`)
for (const concurrency of [1, 16]) {
  const alone = await timed(events, concurrency, (event) =>
    writer.record({ ...event, recipient: `${concurrency}.${event.recipient}` }),
  )
  report(`PostgreSQL alone, ${concurrency} at a time`, alone)
}
const server = await served(postgres.url)
await post(server.url, bodies[0] ?? '')
for (const concurrency of [1, 16]) {
  const by = (body: string) => body.replaceAll('"email":"', `"email":"${concurrency}.`)
  report(
    `the server, ${concurrency} at a time`,
    await timed(bodies, concurrency, (body) => post(server.url, by(body))),
  )
}
await server.stop()
await database.close()
await postgres.stop()
