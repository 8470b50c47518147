import { beforeEach, describe, expect, it } from '@jest/globals'
import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../../../functions/ingest.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { providers } from '../../../lib/providers/registry.ts'
import { replay, rowsToReplay } from '../../../lib/quarantine/replay.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { formOf, signedForm, type UnsignedFields } from '../../fixtures/sendcloud/sign.ts'
import { wiredLedger, type WiredLedger } from '../../wired-ledger.ts'

// SendCloud's events of which nobody proved who sent them: a proxy took the signature off, the key was replaced, none is set.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let ledger: WiredLedger
let clock: VirtualClock

beforeEach(async () => {
  tables = await engine.freshTables()
  clock = virtualClock('2026-11-21T08:00:00Z')
  ledger = wiredLedger(engine.client, tables, clock, () => undefined)
})

const emailId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com'
const delivered = { event: 'deliver', emailId, recipient: 'reader@example.com', timestamp: '1795237210000' }

/** The function, with the settings given. */
function posting(settings: Readonly<Record<string, string>> = { SENDCLOUD_APP_KEY: 'key-of-now' }) {
  const handler = createHandler(
    { TABLE_PREFIX: tables.prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token), ...settings },
    { clock, log: () => undefined, dynamoDb: () => engine.clientAs('ingest') },
  )
  return async ({ body, contentType }: { body: Uint8Array; contentType: string }) => {
    const answer = await handler(
      {
        rawPath: `/sendcloud/${token}`,
        headers: { 'content-type': contentType },
        body: Buffer.from(body).toString('base64'),
        isBase64Encoded: true,
        requestContext: { http: { method: 'POST' } },
      },
      lambdaContext(() => 10_000),
    )
    const { detail = '' } = JSON.parse(answer.body) as { detail?: string }
    return { status: answer.statusCode, detail }
  }
}

const kept = async () => (await ledger.allRows()).quarantine
const deliveries = async () => (await ledger.allRows()).deliveries

async function replayAll({ key = '', trustsUnsigned = false } = {}) {
  const keysOf = () => Promise.resolve(key === '' ? [] : [key])
  const on = { ...ledger, quarantine: ledger.store, providers, keysOf, trustsUnsigned }
  const replayed = await replay(await rowsToReplay(ledger.store, {}), on, {
    isDryRun: false,
    onReplayed: () => undefined,
  })
  return replayed.map(({ left }) => left)
}

describe('an event without a signature', () => {
  it('is answered 200, kept, and written once an operator trusts it', async () => {
    expect(await posting()(formOf(delivered))).toEqual({
      status: 200,
      detail: 'The body carries no signature: it is kept in quarantine, and nothing in it is believed.',
    })
    expect(await kept()).toMatchObject([
      { reason: 'unsigned', problems: ['signature: expected one, got none'], open: '2026-11-21T08:00:00Z' },
    ])
    expect(await replayAll({ key: 'key-of-now' })).toEqual([
      { reason: 'unsigned', problems: ['signature: expected one, got none'] },
    ])
    expect(await deliveries()).toEqual([])
    expect(await replayAll({ trustsUnsigned: true })).toEqual(['resolved'])
    expect(await deliveries()).toMatchObject([{ recipient: 'reader@example.com', status: 'delivered' }])
  })

  it.each<[string, UnsignedFields]>([
    ['a request', { event: 'request', recipientArray: '["a@example.com"]' }],
    ['a request by its emailIds', { event: 'request', emailIds: `["${emailId}"]` }],
    ['a list whose field repeats', { event: 'request', 'recipientArray[0]': 'a@example.com' }],
    ['an inbound mail', { event: 'route', x_mx_rcptto: 'support@example.com' }],
    ['an event of an unknown type', { event: 'teleported', recipient: 'a@example.com' }],
  ])('that is %s is kept', async (_, fields) => {
    expect(await posting()(formOf(fields))).toMatchObject({ status: 200 })
    expect(await kept()).toMatchObject([{ reason: 'unsigned' }])
  })

  it.each<[string, UnsignedFields]>([
    ['no event', { recipient: 'a@example.com' }],
    ['no recipient', { event: 'deliver', timestamp: '1795237210000' }],
    ['an empty recipient', { event: 'deliver', recipient: '' }],
  ])('is a probe where it names %s, and is forgotten', async (_, fields) => {
    expect(await posting()(formOf(fields))).toMatchObject({ status: 200 })
    expect(await rowsOf(engine.client, tables.quarantine)).toEqual([])
  })

  it('is a test of the console where the key of the documents signed it, and is forgotten', async () => {
    expect(await posting()(signedForm(delivered, 'test_appkey'))).toMatchObject({ status: 200 })
    expect(await rowsOf(engine.client, tables.quarantine)).toEqual([])
  })

  it('is answered 503 where it cannot be kept, so that its sender tries again', async () => {
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    expect(await posting()(formOf(delivered))).toMatchObject({ status: 503 })
  })
})

describe('an event that no known key signed', () => {
  it('is answered 401, kept, and written once its key is put', async () => {
    expect(await posting()(signedForm(delivered, 'key-of-tomorrow'))).toMatchObject({ status: 401 })
    const problems = ['signature: expected one by SENDCLOUD_APP_KEY, got one that no known key made']
    expect(await kept()).toMatchObject([{ reason: 'forged', problems }])
    expect(await replayAll({ key: 'key-of-now', trustsUnsigned: true })).toEqual([
      { reason: 'forged', problems },
    ])
    expect(await deliveries()).toEqual([])
    expect(await replayAll({ key: 'key-of-tomorrow' })).toEqual(['resolved'])
    expect(await deliveries()).toMatchObject([{ status: 'delivered' }])
  })

  it('is answered 503 where no key is set, kept, and written once one is', async () => {
    expect(await posting({})(signedForm(delivered, 'key-of-now'))).toMatchObject({ status: 503 })
    expect(await kept()).toMatchObject([{ reason: 'forged' }])
    expect(await replayAll({ key: 'key-of-now' })).toEqual(['resolved'])
    expect(await deliveries()).toMatchObject([{ status: 'delivered' }])
  })
})

describe('what was verified when it came', () => {
  it('is replayed whatever became of its key', async () => {
    const teleported = { ...delivered, event: 'teleported' }
    expect(await posting()(signedForm(teleported, 'key-of-now'))).toMatchObject({ status: 202 })
    expect(await kept()).toMatchObject([{ reason: 'unrecognised', verified: 'yes' }])
    expect(await replayAll({ key: 'key-of-tomorrow' })).toMatchObject([{ reason: 'unrecognised' }])
  })

  it('stays so where it comes again after its key was replaced', async () => {
    const teleported = signedForm({ ...delivered, event: 'teleported' }, 'key-of-now')
    await posting()(teleported)
    await posting({ SENDCLOUD_APP_KEY: 'key-of-tomorrow' })(teleported)
    expect(await kept()).toMatchObject([{ reason: 'forged', verified: 'yes' }])
    expect(await replayAll({ key: 'key-of-tomorrow' })).toMatchObject([{ reason: 'unrecognised' }])
  })
})

describe('a body without a place for a signature', () => {
  it('is not believed by a later version that can read it, before its signature is verified', async () => {
    const { body } = signedForm(delivered, 'somebody-else')
    const keptBefore = { provider: 'sendcloud', body, contentType: 'application/x-www-form-urlencoded' }
    await ledger.keeper.keep({ ...keptBefore, reason: 'unreadable', problems: [], receivedAtMs: clock.now() })
    expect(await replayAll({ key: 'key-of-now' })).toMatchObject([{ reason: 'forged' }])
    expect(await deliveries()).toEqual([])
  })
})

describe('a day', () => {
  const megabyte = { UNVERIFIED_MB_PER_DAY: '1', SENDCLOUD_APP_KEY: 'key-of-now' }
  const large = (name: string) => formOf({ ...delivered, cause: name.repeat(400 * 1024) })

  it('keeps so much of what nobody proved, answers the rest the same, and the next day begins anew', async () => {
    const post = posting(megabyte)
    for (const name of ['a', 'b']) expect(await post(large(name))).toMatchObject({ status: 200 })
    expect(await post(large('c'))).toEqual({
      status: 200,
      detail:
        'The body carries no signature: it is not kept, since the limit for unsigned bodies of the day (UTC) is reached.',
    })
    expect(await post(signedForm({ ...delivered, cause: 'd'.repeat(400 * 1024) }, 'other'))).toMatchObject({
      status: 401,
    })
    const heads = async () => (await kept()).filter(({ reason }) => reason !== undefined)
    expect(await heads()).toHaveLength(2)
    // What is small still has room.
    expect(await post(formOf(delivered))).toMatchObject({ status: 200 })
    expect(await heads()).toHaveLength(3)
    clock.advanceTo(Date.parse('2026-11-22T00:00:00Z'))
    await post(large('c'))
    expect(await heads()).toHaveLength(4)
  })

  it('keeps no more of what has no place for a signature', async () => {
    const post = posting(megabyte)
    const list = (name: string) => ({
      body: new TextEncoder().encode(`["${name.repeat(400 * 1024)}"]`),
      contentType: 'application/json',
    })
    expect(await post(list('a'))).toMatchObject({ status: 400, detail: /^It is kept in quarantine/ })
    await post(list('b'))
    const { status, detail } = await post(list('c'))
    expect(status).toBe(400)
    expect(detail).toMatch(/^It is not kept: the limit for unsigned bodies/)
  })

  it('counts in one row, which leaves the table soon', async () => {
    await posting(megabyte)(formOf(delivered))
    const counter = (await rowsOf(engine.client, tables.quarantine)).find(
      ({ id }) => id === 'taken#2026-11-21',
    )
    expect(counter).toEqual({ id: 'taken#2026-11-21', takenBytes: 1024 })
    // No list and no replay takes it for a body.
    expect(await rowsToReplay(ledger.store, {})).toHaveLength(1)
  })

  it('is never overdrawn by writers at once, and asks the table no more once it is full', async () => {
    let calls = 0
    const client = engine.clientAs('ingest')
    const counting = (next: (args: never) => Promise<never>) => (args: never) => {
      calls += 1
      return next(args)
    }
    const writer = quarantineWriter({
      client,
      table: tables.quarantine,
      retentionDays: 400,
      clock,
      maxBytesPerDay: 5 * 1_024,
    })
    const input = (body: number) => ({
      provider: 'sendcloud',
      body: new TextEncoder().encode(String(body)),
      contentType: '',
      reason: 'unsigned' as const,
      problems: [],
      receivedAtMs: clock.now(),
    })
    const became = await Promise.all(
      Array.from({ length: 12 }, (_, index) => writer.keepWithinDay(input(index))),
    )
    expect(became.filter((isKept) => isKept)).toHaveLength(5)
    client.middlewareStack.add(counting as never, { step: 'initialize', name: 'count' })
    expect(await writer.keepWithinDay(input(12))).toBe(false)
    client.middlewareStack.remove('count')
    expect(calls).toBe(0)
  })
})
