import { beforeEach, describe, expect, it } from '@jest/globals'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../../../functions/ingest.ts'
import { createHandler as createReconcile } from '../../../functions/reconcile.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { sampleMessage as oldMessage } from '../../events.ts'
import { allRowsOf } from '../../wired-ledger.ts'

// A body that reports more than can be written while its sender waits.

const engine = embeddedTables()
/** Sent ten minutes ago. */
const sampleMessage = 'qcloudses-30-251200670-date-20261121155000-8jolHvR2XcXC1'
const token = 'a-token-of-the-callback-url'

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let clock: VirtualClock
let logged: Readonly<Record<string, unknown>>[]

beforeEach(async () => {
  tables = await engine.freshTables()
  clock = virtualClock('2026-11-21T08:00:00Z')
  logged = []
})

const log = (event: string, fields?: Readonly<Record<string, unknown>>) => logged.push({ event, ...fields })
const rows = () => allRowsOf(engine.client, tables)

function sendTo(recipients: number): unknown {
  const addresses = Array.from({ length: recipients }, (_, index) => `reader${index}@example.com`)
  return { messageId: sampleMessage, recipients: addresses }
}

/** Posts to the function, whose time for writes is up once it has made so many calls. */
async function post(body: unknown, { path = '/sent', timeForCalls = Infinity } = {}) {
  const timeIsUp = new AbortController()
  const client = engine.clientAs('ingest')
  let calls = 0
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (context.commandName === 'UpdateItemCommand') calls += 1
      if (calls === timeForCalls) timeIsUp.abort()
      return next(args)
    },
    { step: 'initialize', name: 'time' },
  )
  const handler = createIngest(
    { TABLE_PREFIX: tables.prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token) },
    {
      clock,
      log,
      dynamoDb: () => client,
      // The longer one is for the whole of the answer.
      deadline: (ms) => (ms < 2_000 ? timeIsUp.signal : new AbortController().signal),
    },
  )
  try {
    const { statusCode, body: answer } = await handler(
      {
        rawPath: `${path}/${token}`,
        body: JSON.stringify(body),
        requestContext: { http: { method: 'POST' } },
      },
      lambdaContext(() => 60_000),
    )
    return { status: statusCode, body: JSON.parse(answer) as Record<string, unknown> }
  } finally {
    client.middlewareStack.remove('time')
  }
}

/** The scheduled run, where there is nothing to poll. */
async function run(): Promise<void> {
  const handler = createReconcile(
    { TABLE_PREFIX: tables.prefix, SES_POLL: 'off' },
    { clock, log, dynamoDb: () => engine.clientAs('reconcile') },
  )
  await handler(
    {},
    lambdaContext(() => 840_000),
  )
}

describe('a body that does not fit the answer’s time', () => {
  it('is kept, answered 202, and finished by the scheduled run', async () => {
    const { status, body } = await post(sendTo(300), { timeForCalls: 40 })
    expect(status).toBe(202)
    expect(body.recorded).toBeLessThan(40)
    expect(Number(body.recorded) + Number(body.unfinished)).toBe(300)
    const before = await rows()
    expect(before.deliveries.length).toBeLessThanOrEqual(40)
    expect(before.quarantine).toMatchObject([{ reason: 'unfinished', open: 'unfinished' }])

    clock.advance(300_000)
    await run()
    const after = await rows()
    expect(after.deliveries).toHaveLength(300)
    expect(new Set(after.deliveries.map((row) => row.status))).toEqual(new Set(['requested']))
    expect(after.quarantine).toMatchObject([
      { reason: 'unfinished', resolvedAt: '2026-11-21T08:05:00Z', resolvedBy: 'replay' },
    ])
    expect(after.quarantine[0]).not.toHaveProperty('open')
    expect(logged).toContainEqual({ event: 'unfinished bodies', finished: 1, left: 0 })

    logged = []
    await run()
    expect(logged.map(({ event }) => event)).not.toContain('unfinished bodies')
  })

  it('is answered for what is wrong with it, and keeps that once the rest is written', async () => {
    const delivered = { event: 'delivered', bulkId: oldMessage, timestamp: 1654064683 }
    const events = Array.from({ length: 100 }, (_, index) => ({
      ...delivered,
      email: index === 70 ? 'no address' : `reader${index}@example.com`,
    }))
    expect(await post(events, { path: '/tencent-ses', timeForCalls: 40 })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/70/email' }] },
    })
    expect((await rows()).quarantine).toMatchObject([{ reason: 'unfinished' }])
    await run()
    const after = await rows()
    expect(after.deliveries).toHaveLength(99)
    expect(after.quarantine).toMatchObject([{ reason: 'invalid', open: '2026-11-21T08:00:00Z' }])
    logged = []
    await run()
    expect(logged.map(({ event }) => event)).not.toContain('unfinished bodies')
  })

  it('waits for the next run where this one cannot write it', async () => {
    await post(sendTo(100), { timeForCalls: 40 })
    const { deliveries } = tables
    await engine.client.send(new DeleteTableCommand({ TableName: deliveries }))
    await run().catch(() => undefined)
    expect(logged).toContainEqual({ event: 'unfinished bodies', finished: 0, left: 1 })
    expect(await unresolved()).toBe(1)
  })

  it('is no reason for the run to fail where the quarantine cannot be read', async () => {
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    await run()
    expect(logged).toContainEqual({
      event: 'unfinished bodies not found',
      error: 'ResourceNotFoundException',
    })
  })
})

async function unresolved(): Promise<number> {
  const { quarantine } = await allRowsOf(engine.client, {
    ...tables,
    deliveries: tables.quarantine,
  })
  return quarantine.filter(({ open }) => open === 'unfinished').length
}
