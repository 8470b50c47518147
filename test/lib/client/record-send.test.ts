import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { systemClock } from '../../../lib/runtime/clock.ts'
import type { DeliveryEvent, EventKind } from '../../../lib/core/event.ts'
import { recordSend } from '../../../lib/client/record-send.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { close, listen } from '../../../local/listening-server.ts'
import { daysLeftOf, embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { projectRoot } from '../../running-command.ts'
import { emptyTables } from '../../wired-ledger.ts'
import { mailAt, worldAt, type TableWorld as World } from '../reconcile/world.ts'
import { times } from '../../strength.ts'

const execute = promisify(execFile)
const engine = embeddedTables()
const environmentBefore = { ...process.env }
const dayMs = 24 * 3_600_000

/** Sent 2026-11-21 12:00:00 in UTC+8, as it says itself. */
const dated = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
const undated = 'qcloud-ses-09af3b'
const sentAt = new Date('2026-11-21T04:00:00Z')

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let environment: Record<string, string>

beforeAll(async () => {
  tables = await engine.freshTables()
  environment = {
    ...engine.environmentOf(tables),
    RETENTION_DAYS: '30',
    // A profile would take the place of the keys.
    AWS_PROFILE: '',
  }
  // The environment is read at the first call, not when the module is imported.
  Object.assign(process.env, environment)
})
afterAll(() => {
  process.env = environmentBefore
})
beforeEach(() => emptyTables(engine.client, tables))

const rows = () => rowsOf(engine.client, tables.deliveries)

const requestedRow = {
  message: dated,
  messageId: dated,
  provider: 'tencent-ses',
  sentAt: '2026-11-21T04:00:00Z',
  requested: ['2026-11-21T04:00:00Z'],
  status: 'requested',
  statusRank: 10,
  pending: '2026-11-21#09',
}

describe('recordSend', () => {
  it('makes a requested row of each recipient, in whatever spelling and however often it is called', async () => {
    const recipients = ['reader@example.com', 'Somebody <Second@Example.com>']
    for (let times = 0; times < 3; times += 1) await recordSend({ messageId: dated, recipients })
    await recordSend({ messageId: dated, recipients: ' reader@example.com ' })
    expect(await rows()).toEqual([
      { ...requestedRow, recipient: 'reader@example.com' },
      { ...requestedRow, recipient: 'second@example.com', spellings: ['Second@Example.com'] },
    ])
  })

  it('takes the date from the MessageId, so that another date in a retry leaves no second fact', async () => {
    const recipients = 'reader@example.com'
    await recordSend({ messageId: dated, recipients, sentAt: new Date('2026-11-21T04:00:02.345Z') })
    await recordSend({ messageId: dated, recipients, sentAt: new Date('2026-11-22T04:00:00Z') })
    expect(await rows()).toEqual([{ ...requestedRow, recipient: 'reader@example.com' }])
  })

  it('takes the given date, to the second, where the MessageId contains none', async () => {
    const recipients = 'reader@example.com'
    for (const instant of ['2026-11-21T04:00:00.001Z', '2026-11-21T04:00:00.999Z']) {
      await recordSend({ messageId: undated, recipients, sentAt: new Date(instant) })
    }
    expect(await rows()).toEqual([
      {
        recipient: 'reader@example.com',
        message: undated,
        messageId: undated,
        provider: 'tencent-ses',
        requested: ['2026-11-21T04:00:00Z'],
        status: 'requested',
        statusRank: 10,
        pending: 'undated#09',
      },
    ])
  })

  it('writes for the given provider, under the key of its callbacks', async () => {
    const message = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'
    const messageId = `${message}0$reader@example.com`
    await recordSend({ messageId, recipients: 'reader@example.com', sentAt, provider: 'sendcloud' })
    expect(await rows()).toMatchObject([{ message, provider: 'sendcloud', status: 'requested' }])
  })

  it('gives a row the retention of the environment', async () => {
    await recordSend({ messageId: dated, recipients: 'reader@example.com' })
    const { Items: [item] = [] } = await engine.client.send(new ScanCommand({ TableName: tables.deliveries }))
    const days = (Number(item?.expiresAt?.N) * 1_000 - Date.now()) / dayMs
    expect(days).toBeGreaterThan(29.9)
    expect(days).toBeLessThan(30.1)
  })
})

describe('recordSend with a wrong argument', () => {
  const good = { messageId: undated, recipients: ['reader@example.com', 'second@example.com'], sentAt }

  it.each<[string, unknown, string]>([
    [
      'no MessageId',
      { ...good, messageId: undefined },
      'messageId: expected the MessageId that sending returned, got nothing',
    ],
    [
      'one of two words',
      { ...good, messageId: 'two words' },
      'messageId: expected the MessageId that sending returned, at most 512 bytes without white space or #, got a string',
    ],
    [
      'no date where it is needed',
      { ...good, sentAt: undefined },
      'sentAt: expected a valid Date, since this MessageId contains no time, got nothing',
    ],
    [
      'a date that is none',
      { ...good, sentAt: new Date('today') },
      'sentAt: expected a valid Date, got an object',
    ],
    [
      'a date as text',
      { ...good, sentAt: '2026-11-21T04:00:00Z' },
      'sentAt: expected a valid Date, got a string',
    ],
    [
      'seconds for milliseconds',
      { ...good, sentAt: new Date(1654064679) },
      'sentAt: expected an instant after the year 2000, got an object',
    ],
    [
      'milliseconds for seconds',
      { ...good, messageId: dated, sentAt: new Date(1654064679_000_000) },
      'sentAt: expected an instant before the year 2100, got an object',
    ],
    [
      'an unknown provider',
      { ...good, provider: 'postmark' },
      'provider: expected one of tencent-ses, sendcloud, got a string',
    ],
    [
      'one address that is none',
      { ...good, recipients: ['reader@example.com', 'nobody.at.example'] },
      'recipients/1: expected one email address, got a string',
    ],
    [
      'a list in one text',
      { ...good, recipients: 'reader@example.com, Second <second@example.com>' },
      'recipients: expected one email address, got a string',
    ],
    ['nobody', { ...good, recipients: [] }, 'recipients: expected at least one email address, got an array'],
    ['nothing', undefined, 'the argument: expected an object with messageId and recipients, got nothing'],
  ])('refuses %s, without repeating it, and writes nothing', async (_, send, problem) => {
    const refused = await recordSend(send as typeof good).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(TypeError)
    expect((refused as Error).message).toBe(`recordSend: ${problem}. Nothing was written.`)
    expect(await rows()).toEqual([])
  })
})

/** Few kinds of instants, so that what is reported collides with the sender's date and repeats. */
const anyEvent: fc.Arbitrary<DeliveryEvent> = fc
  .record({
    message: fc.constantFrom(dated, undated),
    kind: fc.constantFrom<EventKind>(
      ...(['requested', 'deferred', 'delivered', 'dropped', 'bounced', 'opened', 'clicked'] as const),
      ...(['complained', 'unsubscribed', 'unknown'] as const),
    ),
    second: fc.nat(2),
    bounceClass: fc.constantFrom('hard', 'soft', 'undetermined'),
    sentSecond: fc.option(fc.integer({ min: -1, max: 1 }), { nil: undefined }),
  })
  .map(({ message, kind, second, bounceClass, sentSecond }) =>
    eventWith({
      recipient: 'reader@example.com',
      message,
      kind,
      occurredAtMs: sentAt.getTime() + second * 1_000,
      ...(kind === 'bounced' && { bounceClass }),
      ...(sentSecond !== undefined && { sentAtMs: sentAt.getTime() + sentSecond * 1_000 }),
    }),
  )

type Step = DeliveryEvent | 'send'

/** Both messages, by a date that is a second off. */
async function sendBoth(): Promise<void> {
  const recipients = 'Somebody <reader@example.com>'
  const late = new Date(sentAt.getTime() + 1_000)
  for (const messageId of [dated, undated]) await recordSend({ messageId, recipients, sentAt: late })
}

async function rowsAfter(...writers: readonly (readonly Step[])[]): Promise<readonly PlainRow[]> {
  await emptyTables(engine.client, tables)
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 30,
    clock: systemClock,
  })
  await Promise.all(
    writers.map(async (steps) => {
      for (const step of steps) await (step === 'send' ? sendBoth() : writer.record(step))
    }),
  )
  return rows()
}

const events = fc.array(anyEvent, { minLength: 1, maxLength: 8 })

describe('recordSend among the callbacks of a mail', () => {
  it('ends in the same row in any place and any number of times', async () => {
    const streams = events.chain((reported) =>
      fc.record({
        reported: fc.constant(reported),
        mixed: fc.integer({ min: 1, max: 3 }).chain((sends) =>
          fc.shuffledSubarray<Step>([...reported, ...Array<Step>(sends).fill('send')], {
            minLength: reported.length + sends,
          }),
        ),
      }),
    )
    await fc.assert(
      fc.asyncProperty(streams, async ({ reported, mixed }) => {
        expect(await rowsAfter(mixed)).toEqual(await rowsAfter(['send', ...reported]))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('ends in the same row whichever way it gets in between them', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (reported) => {
        const raced = await rowsAfter(reported, ['send', 'send'], reported.toReversed())
        expect(raced).toEqual(await rowsAfter(['send', ...reported]))
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })

  it('adds its fact to a row that stands there, and changes nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (reported) => {
        const before = await rowsAfter(reported)
        await sendBoth()
        const after = await rows()
        for (const { requested = [], ...row } of before) {
          const { requested: requestedAfter, ...rowAfter } = after.find(
            ({ message }) => message === row.message,
          )!
          const fact = row.message === dated ? '2026-11-21T04:00:00Z' : '2026-11-21T04:00:01Z'
          expect(rowAfter).toEqual(row)
          expect(requestedAfter).toEqual([...new Set([...(requested as string[]), fact])].sort())
        }
      }),
      { numRuns: times({ quick: 4, proof: 40 }) },
    )
  })
})

describe('a mail of which nothing at all is heard', () => {
  // Just before a new day in UTC+8: when the mail is asked about, it stands in yesterday's list.
  const mail = mailAt('2026-11-20T15:50:00Z', 'silent', {
    timeline: [{ kind: 'delivered', atMs: Date.parse('2026-11-20T15:50:04Z') }],
  })
  let world: World

  beforeEach(async () => {
    world = await worldAt('2026-11-20T15:51:00Z', engine, [mail], {}, tables)
  })
  afterEach(() => world.close())

  it('is asked about by its MessageId once the sender has recorded it, and not before', async () => {
    await world.run({ sweepAgesDays: [], areSendsRecorded: true })
    expect(await rows()).toEqual([])

    await recordSend({ messageId: mail.messageId, recipients: mail.recipient })
    world.clock.advance(10 * 60_000)
    await world.run({ sweepAgesDays: [], areSendsRecorded: true })
    expect(world.ses.calls.flatMap(({ messageId }) => messageId ?? [])).toEqual([mail.messageId])
    expect(await rows()).toMatchObject([
      {
        message: mail.messageId,
        status: 'delivered',
        requested: ['2026-11-20T15:50:00Z', '2026-11-20T15:50:00Z[poll]'],
        delivered: ['2026-11-20T15:50:04Z[poll]'],
      },
    ])
  })
})

describe('recordSend in an application that is bundled into one file', () => {
  let folder: string
  let bundle: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-'))
    bundle = join(folder, 'application.cjs')
    const bundling = execute(
      join(projectRoot, 'node_modules/.bin/esbuild'),
      [`--outfile=${bundle}`, '--bundle', '--platform=node'],
      { cwd: projectRoot },
    )
    bundling.child.stdin?.end("export { recordSend } from './lib/client/record-send.ts'")
    await bundling
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Records in a Node of its own, with nothing in its environment but what is given. */
  async function reported(settings: Record<string, string>): Promise<string> {
    const recipients = ['reader@example.com', 'second@example.com', 'third@example.com']
    const script = `
      const { recordSend } = require(${JSON.stringify(bundle)})
      recordSend(${JSON.stringify({ messageId: dated, recipients })})
        .then(() => 'written', ({ name, message }) => name + ': ' + message)
        .then(console.log)`
    const { stdout } = await execute(process.execPath, ['--no-deprecation', '--eval', script], {
      env: { ...environment, ...settings },
    })
    return stdout.trim()
  }

  it('writes, and lets the process end', async () => {
    expect(await reported({})).toBe('written')
    expect(await rows()).toMatchObject([
      { recipient: 'reader@example.com', status: 'requested' },
      { recipient: 'second@example.com', status: 'requested' },
      { recipient: 'third@example.com', status: 'requested' },
    ])
  })

  it('says how many were not written where the table is out of reach', async () => {
    expect(await reported({ TABLE_PREFIX: 'nobodys' })).toBe(
      'AggregateError: recordSend: 3 of 3 recipients were not written (ResourceNotFoundException). Call it again with the same arguments: what is written stays as it is.',
    )
  })

  it('writes the others where one is refused, and says how many were not', async () => {
    const asked: string[] = []
    const table = createServer((request, response) => {
      void text(request).then((body) => {
        asked.push(body)
        const isRefused = body.includes('second@example.com')
        response.statusCode = isRefused ? 400 : 200
        response.setHeader('content-type', 'application/x-amz-json-1.0')
        response.end(isRefused ? '{"__type":"com.amazon.coral.validate#ValidationException"}' : '{}')
      })
    })
    const port = await listen(table, 0, 'a table that refuses one recipient')
    try {
      expect(await reported({ AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` })).toBe(
        'AggregateError: recordSend: 1 of 3 recipients was not written (UnwritableError). Call it again with the same arguments: what is written stays as it is.',
      )
    } finally {
      await close(table)
    }
    expect(asked).toHaveLength(3)
  })

  it('keeps rows as long as a deployment does by default', async () => {
    expect(await reported({ RETENTION_DAYS: '' })).toBe('written')
    expect(await daysLeftOf(engine.client, tables.deliveries, Date.now())).toEqual([400, 400, 400])
  })

  it('writes nothing where the retention is not a number of days', async () => {
    expect(await reported({ RETENTION_DAYS: 'a year' })).toMatch(
      /^ConfigError: .*RETENTION_DAYS: expected a number of days from 1 to 3650$/s,
    )
    expect(await rows()).toEqual([])
  })
})
