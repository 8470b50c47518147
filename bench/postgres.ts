/**
 * What a PostgreSQL of this machine takes of callbacks, beside the embedded DynamoDB: how many a second, and in how many calls.
 * Commits wait for the disk. `npm run bench:postgres`
 */
import type { DeliveryEvent } from '../lib/core/event.ts'
import { pgDatabase } from '../lib/postgres/pg-database.ts'
import { openPostgres } from '../lib/postgres/postgres-store.ts'
import type { WriteStore } from '../lib/store/ports.ts'
import { recordingSuppressions } from '../lib/suppressions/record-with-suppressions.ts'
import { dynamoDbWrites } from '../lib/table/dynamodb-writes.ts'
import { tableNames } from '../lib/table/names.ts'
import { startDynamoDbEmulator } from '../local/dynamodb-emulator.ts'
import { startPostgres } from '../local/postgres-server.ts'
import { createTables } from '../local/tables.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { callbackStream, streamStartMs } from './callback-stream.ts'
import { countedCalls } from './counted-calls.ts'
import { timed, type Timed } from './timed.ts'

const seed = Number(process.env.SEED ?? 1)
const mails = Number(process.env.MAILS ?? 5_000)
const timeoutMs = 20_000
const clock = virtualClock(streamStartMs)

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

interface Candidate {
  readonly name: string
  readonly store: WriteStore
  /** Calls, or statements, since it was opened. */
  readonly calls: () => number
}

interface Figures extends Timed {
  readonly callsPerEvent: number
}

/** As callbacks come: each is written once, so many at a time. */
async function measured(
  { store, calls }: Candidate,
  events: readonly DeliveryEvent[],
  concurrency: number,
  withList: boolean,
): Promise<Figures> {
  const deliveries = store.deliveryWriter({ retentionDays: 400 })
  const writer = withList ? recordingSuppressions(deliveries, store.suppressionWriter()) : deliveries
  const before = calls()
  const figures = await timed(events, concurrency, (event) =>
    writer.record({ ...event, recipient: `${concurrency}.${withList}.${event.recipient}` }),
  )
  return { ...figures, callsPerEvent: (calls() - before) / events.length }
}

async function report(candidate: Candidate, events: readonly DeliveryEvent[]): Promise<void> {
  say(candidate.name)
  for (const withList of [false, true]) {
    for (const concurrency of [1, 16]) {
      const figures = await measured(candidate, events, concurrency, withList)
      say(
        [
          `  ${withList ? 'and the suppression list' : 'deliveries'}, ${concurrency} at a time`.padEnd(42),
          `${figures.perSecond.toFixed(0)}/s`.padStart(9),
          `${figures.p50Ms.toFixed(1)} ms`.padStart(10),
          `${figures.p99Ms.toFixed(1)} ms`.padStart(10),
          `${figures.callsPerEvent.toFixed(3)} calls`.padStart(14),
        ].join(''),
      )
    }
  }
}

async function reportPostgres(events: readonly DeliveryEvent[]): Promise<void> {
  const server = await startPostgres({ isDurable: true })
  const connections = pgDatabase({ url: server.url, max: 16, timeoutMs })
  try {
    const store = openPostgres({ database: connections, schema: 'bench', clock, log: () => undefined })
    await store.createTables()
    await store.readMeter().measure((calls) => report({ name: server.version, store, calls }, events))
  } finally {
    await connections.close()
    await server.stop()
  }
}

async function reportDynamoDb(events: readonly DeliveryEvent[]): Promise<void> {
  const { client, stop } = await startDynamoDbEmulator(0)
  try {
    await createTables(client, 'bench')
    const { calls } = countedCalls(client)
    const store = dynamoDbWrites({ client, tables: tableNames('bench'), clock })
    await report({ name: 'the embedded DynamoDB', store, calls }, events)
  } finally {
    await stop()
  }
}

const { events, about } = callbackStream(seed, mails)
say(about)
say()
say(`${''.padEnd(42)}callbacks    median    1 in 100     calls each`)
await reportPostgres(events)
await reportDynamoDb(events)
