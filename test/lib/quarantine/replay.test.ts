import { beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { QuarantinedInput, QuarantineReason } from '../../../lib/quarantine/ports.ts'
import { providers } from '../../../lib/providers/registry.ts'
import { replay, rowsToReplay, type Replayed, type ReplayChoice } from '../../../lib/quarantine/replay.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, type PlainRow } from '../../embedded-tables.ts'
import { sampleMessage } from '../../events.ts'
import { signedForm, signedJson } from '../../fixtures/sendcloud/sign.ts'
import { ledgerUnderTest, type LedgerUnderTest } from '../../wired-ledger.ts'
import { times } from '../../strength.ts'

const engine = embeddedTables()
const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)

let clock: VirtualClock
let ledger: LedgerUnderTest
let logged: string[]

beforeEach(async () => {
  clock = virtualClock(at('12:00:00'))
  logged = []
  const log = (event: string, fields?: object) => logged.push(JSON.stringify({ event, ...fields }))
  ledger = await ledgerUnderTest(engine, clock, log)
})

const delivered = {
  event: 'delivered',
  email: 'reader@example.com',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}
const opened = { ...delivered, event: 'open', timestamp: 1654064700 }
const bytesOf = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

/** Puts a body into the quarantine as an earlier version had: for a reason and problems of then. */
async function keep(body: unknown, reported: Partial<QuarantinedInput> = {}): Promise<void> {
  await ledger.keeper.keep({
    provider: 'tencent-ses',
    body: bytesOf(body),
    contentType: 'application/json',
    reason: 'unrecognised',
    problems: ['/event: expected what was known then, got a string'],
    receivedAtMs: at('08:00:00'),
    ...reported,
  })
}

const rows = async (choice: ReplayChoice = {}) => rowsToReplay(ledger.store, choice)

async function replayAll(choice: ReplayChoice = {}, isDryRun = false): Promise<readonly Replayed[]> {
  const on = { ...ledger, quarantine: ledger.store, providers }
  return replay(await rows(choice), on, { isDryRun, onReplayed: () => undefined })
}

const leftOf = (replayed: readonly Replayed[]) => replayed.map(({ left }) => left)
const quarantine = () => ledger.rowsOf('quarantine')

/** The row that the sample event becomes. */
const deliveredRow = {
  recipient: 'reader@example.com',
  message: sampleMessage,
  messageId: sampleMessage,
  provider: 'tencent-ses',
  status: 'delivered',
  statusRank: 50,
  delivered: ['2022-06-01T06:24:43Z'],
  sentAt: '2022-06-01T06:24:39Z',
}

describe('the rows to replay', () => {
  const chosen = async (choice: ReplayChoice = {}) => (await rows(choice)).map(({ problems }) => problems[0])
  const keepAt = (name: string, time: string, reason: QuarantineReason = 'invalid') =>
    keep({ name }, { reason, problems: [name], receivedAtMs: at(time) })

  it('are those longest in quarantine first', async () => {
    for (const [name, time] of [
      ['c', '08:02:00'],
      ['a', '07:59:59'],
      ['b', '08:00:00'],
    ] as const)
      await keepAt(name, time)
    expect(await chosen()).toEqual(['a', 'b', 'c'])
  })

  it('are in order of time to the millisecond', async () => {
    for (const [name, time] of [
      ['b', '08:00:00.500'],
      ['c', '08:00:01'],
      ['a', '08:00:00'],
    ] as const)
      await keepAt(name, time)
    expect(await chosen()).toEqual(['a', 'b', 'c'])
  })

  it('are in the order in which they came first, however often they came since', async () => {
    await keepAt('a', '08:00:00')
    await keepAt('b', '08:01:00')
    await keepAt('a', '08:02:00')
    expect(await chosen()).toEqual(['a', 'b'])
  })

  it('are those of the reason that is asked for', async () => {
    for (const [index, reason] of (
      ['unreadable', 'invalid', 'unwritable', 'unrecognised'] as const
    ).entries())
      await keepAt(reason, `08:00:0${String(index)}`, reason)
    for (const reason of ['unreadable', 'invalid', 'unwritable', 'unrecognised'] as const)
      expect(await chosen({ reason })).toEqual([reason])
    expect(await chosen()).toEqual(['unreadable', 'invalid', 'unwritable', 'unrecognised'])
  })

  it('are those that came, or came again, at the instant or later', async () => {
    await keepAt('before', '07:59:59.999')
    await keepAt('at it', '08:00:00')
    await keepAt('came again', '07:00:00')
    await keepAt('came again', '08:00:01')
    expect(await chosen({ sinceMs: at('08:00:00') })).toEqual(['came again', 'at it'])
  })

  it('are none that are resolved, but those that came again since', async () => {
    await keep(delivered)
    await keep(opened)
    await replayAll()
    expect(await chosen()).toEqual([])
    await keep(opened, { problems: ['again'], receivedAtMs: at('13:00:00') })
    expect(await chosen()).toEqual(['again'])
  })
})

describe('a replay', () => {
  it('resolves a row once all that its body reports is written', async () => {
    await keep([delivered, opened])
    expect(await replayAll()).toMatchObject([{ summary: 'delivered opened', left: 'resolved' }])
    expect(await ledger.allRows()).toMatchObject({
      deliveries: [{ ...deliveredRow, opened: ['2022-06-01T06:25:00Z'] }],
      quarantine: [
        { resolvedAt: '2026-11-21T12:00:00Z', replays: ['2026-11-21T12:00:00Z'], reason: 'unrecognised' },
      ],
    })
  })

  it('writes down what is wrong now where a body still cannot be read whole, and records the rest', async () => {
    await keep([delivered, { ...delivered, email: 'nobody' }, 7])
    const left = {
      reason: 'invalid',
      problems: [
        '/1/email: expected one email address, got a string',
        '/2: expected an object with the fields of one event, got a number',
      ],
    }
    expect(await replayAll()).toMatchObject([{ summary: 'delivered', left }])
    const [row] = await quarantine()
    expect(row).toMatchObject(left)
    expect(row).not.toHaveProperty('resolvedAt')
    expect(await ledger.rowsOf('deliveries')).toEqual([deliveredRow])
  })

  it('counts its attempts, and leaves alone when and how often the body came', async () => {
    await keep('{not json')
    for (let times = 0; times < 3; times += 1) {
      await replayAll()
      clock.advance(1_000)
    }
    expect(await rows()).toMatchObject([
      { attempts: 3, seen: 1, firstSeenAt: '2026-11-21T08:00:00Z', lastSeenAt: '2026-11-21T08:00:00Z' },
    ])
  })

  it('leaves a row as it was where the table does not take what it reports, and says so', async () => {
    await keep(delivered)
    const before = await quarantine()
    await ledger.lose('deliveries')
    expect(await replayAll()).toMatchObject([{ summary: 'delivered', left: 'unfinished' }])
    expect(await quarantine()).toEqual(before)
    expect(logged.join()).not.toContain('reader@example.com')
  })

  it('says which provider is not known, and keeps the row for the version that knows it', async () => {
    await keep(delivered, { provider: 'tomorrow-mail', reason: 'unreadable' })
    const left = {
      reason: 'unreadable',
      problems: ['provider: expected one that this version knows, got tomorrow-mail'],
    }
    expect(await replayAll()).toMatchObject([{ summary: '', left }])
    expect(await quarantine()).toMatchObject([left])
    expect(await rows()).toHaveLength(1)
  })

  it('reports each row once, those that left the quarantine meanwhile excepted', async () => {
    await keep(delivered)
    const [row] = await rows()
    const gone = { ...row!, id: 'f'.repeat(64) }
    let replayed = 0
    const on = { ...ledger, quarantine: ledger.store, providers }
    const results = await replay([gone, row!], on, { isDryRun: false, onReplayed: () => (replayed += 1) })
    expect(results.map(({ row: { id } }) => id)).toEqual([row!.id])
    expect(replayed).toBe(2)
    expect(await quarantine()).toHaveLength(1)
  })

  it('runs none but the rows that were chosen', async () => {
    await keep(delivered)
    await keep('{not json', { reason: 'unreadable' })
    expect(leftOf(await replayAll({ reason: 'unrecognised' }))).toEqual(['resolved'])
    expect(await rows()).toMatchObject([{ reason: 'unreadable', attempts: 0 }])
  })

  it('goes on with the others where one body cannot be read back', async () => {
    const large = [delivered, { ...opened, useragent: 'x'.repeat(400_000) }]
    await keep(large, { receivedAtMs: at('07:00:00') })
    await ledger.damage((await rows())[0]!.id)

    for (let second = 0; second < 8; second += 1)
      await keep({ ...opened, timestamp: opened.timestamp + second })
    const replayed = await replayAll()
    expect(leftOf(replayed).toSorted()).toEqual([...Array<string>(8).fill('resolved'), 'unfinished'])
    expect(logged).toEqual([expect.stringMatching(/is missing|cannot be read/)])
    expect(await rows()).toMatchObject([{ firstSeenAt: '2026-11-21T07:00:00Z' }])
  })

  it('reads a form as the form that it was', async () => {
    const fields = {
      event: 'deliver',
      emailId: '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com',
      timestamp: '1795233605000',
    }
    const { body, contentType } = signedForm(fields, 'a key of then')
    await keep('', { provider: 'sendcloud', body, contentType })
    expect(leftOf(await replayAll())).toEqual(['resolved'])
    expect(await ledger.rowsOf('deliveries')).toMatchObject([
      { recipient: 'reader@example.com', status: 'delivered', delivered: ['2026-11-21T04:00:05Z'] },
    ])
  })

  it('puts a body together that was kept in parts', async () => {
    const mail = `Subject: a large one\r\n\r\n${'All work and no play. '.repeat(48_000)}`
    const route = {
      event: 'route',
      from: 'reader@example.com',
      x_mx_rcptto: 'support@mail.example.com',
      raw_message: mail,
      timestamp: 1795233605000,
    }
    const { body, contentType } = signedJson(route, 'a key of then')
    expect(body.length).toBeGreaterThan(1_000_000)
    await keep('', { provider: 'sendcloud', body, contentType })
    expect(await replayAll()).toMatchObject([{ summary: 'inbound mail', left: 'resolved' }])
    const { inbound } = await ledger.allRows()
    expect(inbound).toContainEqual(
      expect.objectContaining({
        recipient: 'support@mail.example.com',
        receivedAt: ['2026-11-21T04:00:05Z'],
      }),
    )
  })
})

describe('a body that reported an event ahead of the clock', () => {
  const tomorrow = { ...delivered, timestamp: at('13:00:00') / 1_000 + 86_400 }
  const problem = '/timestamp: expected an instant at most a day ahead of our clock, got a number beyond it'

  it('stays in quarantine until the clock has come there, and is resolved then', async () => {
    await keep(tomorrow, { reason: 'invalid' })
    const still = [{ reason: 'invalid', problems: [problem] }]
    expect(leftOf(await replayAll({}, true))).toEqual(still)
    expect(leftOf(await replayAll())).toEqual(still)
    clock.advance(3_600_000)
    expect(leftOf(await replayAll({}, true))).toEqual(['resolved'])
    expect(leftOf(await replayAll())).toEqual(['resolved'])
    expect(await ledger.rowsOf('deliveries')).toMatchObject([{ delivered: ['2026-11-22T13:00:00Z'] }])
  })
})

describe('many rows', () => {
  const bodiesOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ ...opened, timestamp: opened.timestamp + index }))
  const small = { bytes: 200 }
  const large = { bytes: 64 * 1024 + 1 }

  /** Replays that many rows of that size, and answers how many were under way at once. */
  async function mostAtOnce(count: number, size: { readonly bytes: number }): Promise<number> {
    for (const body of bodiesOf(count)) await keep(body)
    let underWay = 0
    let most = 0
    const input: typeof ledger.store.input = async (id) => {
      underWay += 1
      most = Math.max(most, underWay)
      await new Promise(setImmediate)
      try {
        return await ledger.store.input(id)
      } finally {
        underWay -= 1
      }
    }
    const on = { ...ledger, quarantine: { ...ledger.store, input }, providers }
    const chosen = (await rows()).map((row) => ({ ...row, ...size }))
    const replayed = await replay(chosen, on, { isDryRun: false, onReplayed: () => undefined })
    expect(leftOf(replayed)).toEqual(Array(count).fill('resolved'))
    return most
  }

  it('are under way at once, large ones fewer', async () => {
    expect(await mostAtOnce(40, small)).toBe(16)
    ledger = await ledgerUnderTest(engine, clock, () => undefined)
    expect(await mostAtOnce(40, large)).toBe(4)
  })

  it('are reported in the order in which they were given, without their bodies', async () => {
    for (const body of bodiesOf(24)) await keep(body)
    const chosen = (await rows()).map((row, index) => ({ ...row, ...(index % 3 === 0 ? large : small) }))
    const slowFirst: typeof ledger.store.input = async (id) => {
      const place = chosen.findIndex((row) => row.id === id)
      for (let turns = 0; turns < 24 - place; turns += 1) await new Promise(setImmediate)
      return ledger.store.input(id)
    }
    const on = { ...ledger, quarantine: { ...ledger.store, input: slowFirst }, providers }
    const replayed = await replay(chosen, on, { isDryRun: false, onReplayed: () => undefined })
    expect(replayed.map(({ row: { id } }) => id)).toEqual(chosen.map(({ id }) => id))
    expect(replayed.filter(({ row }) => 'body' in row)).toEqual([])
  })

  it('end after what is under way where the replay is interrupted, and are made up for by the next', async () => {
    for (const body of bodiesOf(60)) await keep(body)
    const interrupted = new AbortController()
    let done = 0
    const onReplayed = () => {
      done += 1
      if (done === 20) interrupted.abort()
    }
    const on = { ...ledger, quarantine: ledger.store, providers }
    const { signal } = interrupted
    const replayed = await replay(await rows(), on, { isDryRun: false, onReplayed, signal })
    expect(replayed).toHaveLength(done)
    expect(done).toBeGreaterThanOrEqual(20)
    expect(done).toBeLessThan(40)
    const left = await rows()
    expect(left).toHaveLength(60 - done)
    expect(left.every(({ attempts }) => attempts === 0)).toBe(true)
    const { opened: facts } = (await ledger.allRows()).deliveries[0] ?? {}
    expect(facts).toHaveLength(done)
    expect(leftOf(await replayAll())).toEqual(Array(60 - done).fill('resolved'))
  })
})

describe('rows about one delivery that are replayed at once', () => {
  const reported = (event: string, second: number, more: object = {}) => ({
    ...delivered,
    event,
    timestamp: delivered.timestamp + second,
    ...more,
  })
  const bodies = [
    reported('deferred', 1),
    reported('deferred', 2),
    reported('delivered', 3),
    reported('delivered', 4),
    reported('dropped', 5),
    reported('bounce', 6, { bounceType: 'soft_bounce', reason: '452 4.2.2 mailbox full' }),
    reported('bounce', 7, { bounceType: 'hard_bounce', reason: '551 5.1.1 recipient is not exist' }),
    reported('open', 8),
    reported('open', 9),
    reported('click', 10, { link: 'https://example.com/a' }),
    reported('click', 10, { link: 'https://example.com/b' }),
    reported('unsubscribe', 11),
    reported('spamreport', 12),
    [reported('open', 13), reported('open', 8), reported('delivered', 3)],
  ]
  const withoutQuarantine = async () => ({ ...(await ledger.allRows()), quarantine: [] })

  it('end in the rows of a replay one by one, in whatever order they are begun', async () => {
    for (const body of bodies) await keep(body)
    const chosen = await rows()
    expect(chosen).toHaveLength(14)
    const on = { ...ledger, quarantine: ledger.store, providers }
    const run = (some: typeof chosen) => replay(some, on, { isDryRun: false, onReplayed: () => undefined })
    const alone: unknown[] = []
    for (const row of chosen) alone.push(...leftOf(await run([row])))
    expect(alone).toEqual(Array(14).fill('resolved'))
    const expected = await withoutQuarantine()
    expect(expected.deliveries).toMatchObject([
      {
        status: 'bounced',
        deferred: ['2022-06-01T06:24:44Z', '2022-06-01T06:24:45Z'],
        delivered: ['2022-06-01T06:24:46Z', '2022-06-01T06:24:47Z'],
        opened: ['2022-06-01T06:24:51Z', '2022-06-01T06:24:52Z', '2022-06-01T06:24:56Z'],
      },
    ])

    const whole = fc.shuffledSubarray([...chosen], { minLength: 14 })
    await fc.assert(
      fc.asyncProperty(whole, async (shuffled) => {
        await ledger.empty()
        for (const body of bodies) await keep(body)
        expect(leftOf(await run(shuffled))).toEqual(Array(14).fill('resolved'))
        expect(await withoutQuarantine()).toEqual(expected)
        expect(await rows()).toEqual([])
      }),
      { numRuns: times({ quick: 4, proof: 15 }) },
    )
  })
})

describe('a replay that is repeated', () => {
  const bodies = [
    delivered,
    [opened, { ...delivered, email: 'second@example.com' }],
    { ...delivered, event: 'bounce', bounceType: 'hard_bounce', reason: '551 5.1.1 recipient is not exist' },
    { ...delivered, event: 'teleported' },
    [delivered, 'and so on'],
    '{not json',
  ]
  const withoutReplays = (all: readonly PlainRow[]) => all.map((row) => ({ ...row, replays: undefined }))
  const keepAll = async () => {
    for (const body of bodies) await keep(body)
  }

  it('changes nothing but what it writes down about itself', async () => {
    await keepAll()
    await replayAll()
    const after = await ledger.allRows()
    clock.advance(60_000)
    await replayAll()
    const again = await ledger.allRows()
    expect({ ...again, quarantine: [] }).toEqual({ ...after, quarantine: [] })
    expect(withoutReplays(again.quarantine)).toEqual(withoutReplays(after.quarantine))
  })

  it('ends in the same rows where two run at once', async () => {
    await keepAll()
    await replayAll()
    const alone = await ledger.allRows()

    ledger = await ledgerUnderTest(engine, clock, () => undefined)
    await keepAll()
    await Promise.all([replayAll(), replayAll()])
    expect(await ledger.allRows()).toEqual(alone)
  })
})

describe('a dry run', () => {
  it('says what a replay would do, and writes nothing into any table', async () => {
    await keep(delivered)
    await keep([opened, { ...delivered, email: 'nobody' }], { receivedAtMs: at('08:00:01') })
    await keep({ ...delivered, event: 'bounce', reason: '551 5.1.1' }, { receivedAtMs: at('08:00:02') })
    await keep(delivered, { provider: 'tomorrow-mail', receivedAtMs: at('08:00:03') })
    const before = await ledger.allRows()
    const rehearsed = await replayAll({}, true)
    expect(rehearsed.map(({ summary }) => summary)).toEqual(['delivered', 'opened', 'bounced', ''])
    expect(await ledger.allRows()).toEqual(before)
    clock.advance(1_000)
    expect(leftOf(await replayAll())).toEqual(leftOf(rehearsed))
  })
})
