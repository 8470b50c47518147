import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { isPending, nameOf, type Delivery, type DeliveryKey, type Status } from '../../lib/core/delivery.ts'
import { eventKinds, type DeliveryEvent, type EventKind } from '../../lib/core/event.ts'
import { joined } from '../../lib/core/join.ts'
import {
  heldReasons,
  withEvidence,
  type Suppression,
  type SuppressionEvidence,
  type SuppressionReason,
} from '../../lib/core/suppression.ts'
import { UnwritableError } from '../../lib/ledger/ports.ts'
import type { RunFigures } from '../../lib/reconcile/ports.ts'
import { usualLimits, type Ledger, type LedgerLimits } from '../../local/in-memory-ledger.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { eventWith, sampleMessage } from '../events.ts'

/** Makes a ledger that is empty. */
export type OpenLedger = (clock: VirtualClock, limits: LedgerLimits) => Promise<Ledger>

const at = (time: string) => Date.parse(time)
const startMs = at('2022-06-01T06:25:00Z')
const key: DeliveryKey = { recipient: 'example@example.com', message: sampleMessage }

export const recipients = ['a@example.com', 'b@example.com']
export const messages = [sampleMessage, 'qcloud-ses-0a1b2c', 'task:77']
export const everyKey: readonly DeliveryKey[] = recipients.flatMap((recipient) =>
  messages.map((message) => ({ recipient, message })),
)

/** Few instants, links and details, so that events collide, repeat and contradict each other often. */
export const anyEvent: fc.Arbitrary<DeliveryEvent> = fc
  .record({
    key: fc.constantFrom(...everyKey),
    kind: fc.constantFrom<EventKind>(...eventKinds),
    source: fc.constantFrom('callback', 'poll'),
    second: fc.option(fc.nat(3), { nil: undefined }),
    link: fc.constantFrom('https://example.com/1', 'https://example.com/2', undefined),
    bounceClass: fc.constantFrom('hard', 'soft', 'undetermined'),
    reply: fc.constantFrom(undefined, '452 4.2.2 邮箱已满', '550 no ¦ such user', 'y'.repeat(401)),
    detail: fc.constantFrom('', '250 ok', '406 address does not exist', 'x'.repeat(401)),
    sentSecond: fc.option(fc.nat(1), { nil: undefined }),
    reported: fc.subarray(['subject', 'from', 'rfcMessageId'] as const),
    reportsHeader: fc.boolean(),
  })
  .map(
    ({ key: { recipient, message }, kind, source, second, link, bounceClass, reply, detail, ...drawn }) => {
      const timeless = eventWith({ recipient, message, kind, detail, source: 'poll' })
      delete (timeless as { occurredAtMs?: number }).occurredAtMs
      return {
        ...timeless,
        ...(second !== undefined && { source, occurredAtMs: startMs + second * 1_000 }),
        ...(kind === 'clicked' && link !== undefined && { link }),
        ...(kind === 'bounced' && { bounceClass }),
        ...((kind === 'bounced' || kind === 'deferred') && reply !== undefined && { reply }),
        ...(drawn.sentSecond !== undefined && { sentAtMs: startMs - 60_000 + drawn.sentSecond * 1_000 }),
        // What belongs to a message is the same in every event that reports it.
        columns: Object.fromEntries(drawn.reported.map((column) => [column, `${column} of ${message}`])),
        headers: new Map(drawn.reportsHeader ? [['X-Tencentcloudses-Cb-Order', message]] : []),
      }
    },
  )

const anyReported = {
  recipient: fc.constantFrom(...recipients),
  source: fc.constantFrom('callback' as const, 'poll' as const),
  provider: fc.constantFrom('tencent-ses', 'sendcloud'),
  message: fc.constantFrom(...messages),
}

/** Few instants, some within one second, and details that are cut. */
const anyAboutAddress: fc.Arbitrary<SuppressionEvidence> = fc
  .record({
    ...anyReported,
    reason: fc.constantFrom('hard-bounce', 'complaint', 'unsubscribe', 'blocklist', 'by-hand'),
    occurredAtMs: fc.nat(5).map((step) => startMs + step * 500),
    source: fc.constantFrom('callback', 'poll', 'operator'),
    fromDomain: fc.constantFrom('news.example.com', 'shop.example.com', undefined),
    isJudged: fc.boolean(),
    detail: fc.constantFrom('', '550 5.1.1 user unknown', '邮箱已满', 'x'.repeat(400)),
  } as const)
  .map(({ provider, message, fromDomain, isJudged, ...reported }) => ({
    ...reported,
    ...(reported.source !== 'operator' && { provider, message }),
    ...(reported.source !== 'operator' && reported.reason === 'unsubscribe' && fromDomain && { fromDomain }),
    ...(reported.source !== 'operator' &&
      reported.reason === 'hard-bounce' &&
      isJudged && { judgement: { class: 'gone', rule: 'no-such-mailbox' } as const }),
  }))

/** Of few messages on few days, so that three of them are often enough, and often not. */
const anyUnclearBounce: fc.Arbitrary<SuppressionEvidence> = fc.record({
  ...anyReported,
  reason: fc.constant('hard-bounce'),
  occurredAtMs: fc.nat(3).map((day) => startMs + day * 86_400_000),
  judgement: fc.constant({ class: 'ambiguous', rule: 'unrouteable' }),
  isUnclear: fc.constant(true),
  detail: fc.constantFrom('', '550 unrouteable address'),
} as const)

export const anyEvidence: fc.Arbitrary<SuppressionEvidence> = fc.oneof(
  { weight: 3, arbitrary: anyAboutAddress },
  { weight: 2, arbitrary: anyUnclearBounce },
)

/** Some of these, and the same in another order with repeats in between. */
function streamsOf<T>(any: fc.Arbitrary<T>) {
  return fc.array(any, { minLength: 1, maxLength: 8 }).chain((reported) =>
    fc.record({
      reported: fc.constant(reported),
      shuffled: fc.array(fc.constantFrom(...reported), { maxLength: 3 }).chain((again) => {
        const all = [...reported, ...again]
        return fc.shuffledSubarray(all, { minLength: all.length })
      }),
    }),
  )
}

function modelOf(events: readonly DeliveryEvent[]): readonly Delivery[] {
  const deliveries = new Map<string, Delivery>()
  for (const event of events) deliveries.set(nameOf(event), joined(deliveries.get(nameOf(event)), event))
  return sorted([...deliveries.values()])
}

/** In an order of its own, since no reader promises one. */
export function sorted<T extends DeliveryKey>(reported: readonly T[]): readonly T[] {
  return [...reported].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** Writers at once, each with its own order. */
async function writeAtOnce<T>(
  write: (reported: T) => Promise<void>,
  writers: readonly (readonly T[])[],
): Promise<void> {
  await Promise.all(
    writers.map(async (reported) => {
      for (const one of reported) await write(one)
    }),
  )
}

function textsOf(delivery: Delivery | undefined): unknown {
  const { status, facts } = delivery ?? {}
  const texts = [...(facts ?? [])].map(([kind, own]) => [kind, own.map(({ text }) => text)] as const)
  return { status, ...Object.fromEntries(texts) }
}

export async function pendingOf({ deliveries }: Ledger) {
  return sorted(await Array.fromAsync(deliveries.pending()))
}

/**
 * What reconcile relies on, whichever ledger stands behind the ports.
 * @param numRuns - how often each law is tried.
 */
export function describeLedgerContract(name: string, open: OpenLedger, numRuns: number): void {
  const opened = async (limits: Partial<LedgerLimits> = {}) => {
    const clock = virtualClock('2026-11-21T08:00:00Z')
    return { clock, ...(await open(clock, { ...usualLimits, ...limits })) }
  }
  const recorded = async (...events: readonly DeliveryEvent[]) => {
    const ledger = await opened()
    for (const event of events) await ledger.deliveries.record(event)
    return ledger
  }
  describe(`${name}: what is recorded`, () => {
    describeRecording(opened, recorded, numRuns)
  })
  describe(`${name}: what is read`, () => {
    describeReading(opened, recorded)
  })
  describe(`${name}: the pending index`, () => {
    describePending(recorded)
  })
  describe(`${name}: the suppression list`, () => {
    describeSuppressions(opened, numRuns)
  })
  describe(`${name}: the lease of a run`, () => {
    describeRuns(opened)
  })
}

type Opened = Ledger & { readonly clock: VirtualClock }
type Open = (limits?: Partial<LedgerLimits>) => Promise<Opened>
type Recorded = (...events: readonly DeliveryEvent[]) => Promise<Opened>

function describeRecording(opened: Open, recorded: Recorded, numRuns: number): void {
  it.each<[Partial<DeliveryEvent>, Status, string]>([
    [{ kind: 'requested' }, 'requested', '2022-06-01T06:24:43Z'],
    [{ kind: 'deferred', reply: '451 try later' }, 'deferred', '2022-06-01T06:24:43Z 451 try later'],
    [
      {
        kind: 'bounced',
        bounceClass: 'hard',
        reply: '550 no such user',
        detail: '406 address does not exist',
      },
      'bounced',
      '2022-06-01T06:24:43Z hard 550 no such user ¦ 406 address does not exist',
    ],
    [{ kind: 'delivered', source: 'poll' }, 'delivered', '2022-06-01T06:24:43Z[poll]'],
    [{ kind: 'dropped', detail: ' two\n lines ' }, 'dropped', '2022-06-01T06:24:43Z two lines'],
    [{ kind: 'bounced', bounceClass: 'hard' }, 'bounced', '2022-06-01T06:24:43Z hard'],
    [{ kind: 'bounced', bounceClass: 'soft' }, 'soft-bounced', '2022-06-01T06:24:43Z soft'],
    [{ kind: 'bounced', bounceClass: 'undetermined' }, 'bounced', '2022-06-01T06:24:43Z undetermined'],
    [{ kind: 'opened' }, 'delivered', '2022-06-01T06:24:43Z'],
    [{ kind: 'clicked', link: 'https://a.example' }, 'delivered', '2022-06-01T06:24:43Z https://a.example'],
    [{ kind: 'complained' }, 'delivered', '2022-06-01T06:24:43Z'],
    [{ kind: 'unsubscribed' }, 'delivered', '2022-06-01T06:24:43Z'],
    [{ kind: 'unknown' }, 'unknown', '2022-06-01T06:24:43Z'],
  ])('of %j alone is the status %s and one fact', async (reported, status, text) => {
    const event = eventWith(reported)
    const { deliveries } = await recorded(event)
    const [delivery] = await deliveries.rowsOf([key])
    expect(textsOf(delivery)).toEqual({ status, [event.kind]: [text] })
  })

  it('is returned whole: facts by kind in order of time, the columns of the message, and who reported first', async () => {
    const { deliveries } = await recorded(
      eventWith({
        kind: 'bounced',
        bounceClass: 'hard',
        reply: '551 5.1.1 recipient is not exist',
        sentAtMs: at('2022-06-01T06:24:40Z'),
        columns: { subject: 'example subject' },
        headers: new Map([['X-Tencentcloudses-Cb-Custom', 'ses callback']]),
        spelling: 'Example@example.com',
        emailId: 'id1$example@example.com',
      }),
      eventWith({
        kind: 'bounced',
        bounceClass: 'soft',
        occurredAtMs: at('2022-06-01T06:24:41Z'),
        emailId: 'id0$example@example.com',
      }),
      eventWith({ provider: 'another', columns: { subject: 'another subject', from: 'a@example.com' } }),
    )
    expect(await deliveries.rowsOf([key])).toEqual([
      {
        recipient: 'example@example.com',
        message: sampleMessage,
        provider: 'tencent-ses',
        status: 'bounced',
        facts: new Map<EventKind, unknown>([
          ['requested', [plainFact('2022-06-01T06:24:40Z', '')]],
          ['delivered', [plainFact('2022-06-01T06:24:43Z', '')]],
          [
            'bounced',
            [
              plainFact('2022-06-01T06:24:41Z', 'soft'),
              plainFact('2022-06-01T06:24:43Z', 'hard 551 5.1.1 recipient is not exist'),
            ],
          ],
        ]),
        columns: new Map([
          ['X-Tencentcloudses-Cb-Custom', 'ses callback'],
          ['from', 'a@example.com'],
          ['sentAt', '2022-06-01T06:24:39Z'],
          ['subject', 'example subject'],
        ]),
        spellings: ['Example@example.com'],
        emailIds: ['id0$example@example.com', 'id1$example@example.com'],
      },
    ])
  })

  it('is what the pure core computes, in any order, with any repeats and whichever way three writers race', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(anyEvent), async ({ reported, shuffled }) => {
        const ledger = await opened()
        await writeAtOnce(
          (event) => ledger.deliveries.record(event),
          [reported, shuffled, reported.toReversed()],
        )
        await expectModel(ledger, modelOf(reported))
      }),
      { numRuns },
    )
  })

  it('is the same where a row has no room for a second fact of its kind', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(anyEvent), async ({ reported, shuffled }) => {
        const ledger = await opened({ maxFactsInRow: 1 })
        await writeAtOnce((event) => ledger.deliveries.record(event), [shuffled, reported])
        await expectModel(ledger, modelOf(reported))
      }),
      { numRuns },
    )
  })

  it.each([
    ['a recipient', { recipient: '' }],
    ['a recipient that is short enough to be a key', { recipient: 'x'.repeat(2_049) }],
    ['a message', { message: '' }],
    ['a message that is short enough to be a key', { message: 'x'.repeat(1_025) }],
  ])('is refused for good without %s', async (_, reported) => {
    const { deliveries } = await recorded()
    await expect(deliveries.record(eventWith({ kind: 'deferred', ...reported }))).rejects.toThrow(
      UnwritableError,
    )
    expect(await Array.fromAsync(deliveries.pending())).toEqual([])
  })

  it('is nothing where its deadline has passed', async () => {
    const { deliveries } = await recorded()
    await expect(deliveries.record(eventWith({}), AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await deliveries.rowsOf([key])).toEqual([])
  })

  it('is returned until it expires, which each write postpones', async () => {
    const { deliveries, clock } = await recorded(eventWith({ kind: 'deferred' }))
    clock.advance(399 * 86_400_000)
    await deliveries.record(eventWith({ kind: 'deferred' }))
    clock.advance(400 * 86_400_000 - 1_000)
    expect(await deliveries.rowsOf([key])).toHaveLength(1)
    clock.advance(1_000)
    expect(await deliveries.rowsOf([key])).toEqual([])
    expect(await deliveries.ofRecipient(key.recipient)).toEqual([])
    expect(await deliveries.ofMessage(key.message)).toEqual([])
  })

  it('is returned as long as its row if it did not fit into it', async () => {
    const { deliveries, clock } = await opened({ maxFactsInRow: 1 })
    const opens = ['01', '02', '03'].map((second) =>
      eventWith({ kind: 'opened', occurredAtMs: at(`2022-06-01T08:00:${second}Z`) }),
    )
    for (const event of opens) await deliveries.record(event)
    clock.advance(399 * 86_400_000)
    for (const event of opens.slice(0, 2)) await deliveries.record(event)
    clock.advance(86_400_000)
    expect((await deliveries.ofRecipient(key.recipient)).map(textsOf)).toEqual([
      {
        status: 'delivered',
        opened: ['2022-06-01T08:00:01Z', '2022-06-01T08:00:02Z', '2022-06-01T08:00:03Z'],
      },
    ])
    clock.advance(399 * 86_400_000)
    expect(await deliveries.ofRecipient(key.recipient)).toEqual([])
  })
}

function plainFact(time: string, detail: string) {
  const text = detail === '' ? time : `${time} ${detail}`
  return { text, source: 'callback', occurredAtMs: at(time), detail, identity: time }
}

/** What a row reports correctly even if some of its facts are kept outside it. */
function withKindsOnly({ facts, ...row }: Delivery) {
  return { ...row, kinds: new Set(facts.keys()) }
}

async function expectModel(ledger: Ledger, model: readonly Delivery[]): Promise<void> {
  const { deliveries } = ledger
  const found = await Promise.all(recipients.map((recipient) => deliveries.ofRecipient(recipient)))
  expect(sorted(found.flat())).toEqual(model)
  const rows = sorted(await deliveries.rowsOf(everyKey))
  expect(rows.map(withKindsOnly)).toEqual(model.map(withKindsOnly))
  expect(await pendingOf(ledger)).toEqual(
    model
      .filter(({ status }) => isPending(status))
      .map(({ recipient, message, status, provider }) => ({ recipient, message, status, provider })),
  )
}

function describeReading(opened: Open, recorded: Recorded): void {
  it('by keys are the rows that exist, in whatever number', async () => {
    const keys = Array.from({ length: 130 }, (_, n) => ({ ...key, recipient: `r${n}@example.com` }))
    const { deliveries } = await recorded(...keys.slice(0, 120).map((one) => eventWith(one)))
    const found = await deliveries.rowsOf(keys)
    expect(new Set(found.map(({ recipient }) => recipient))).toEqual(
      new Set(keys.slice(0, 120).map(({ recipient }) => recipient)),
    )
    expect(found).toHaveLength(120)
    expect(await deliveries.rowsOf([])).toEqual([])
  })

  it('by keys takes both parts of the key', async () => {
    const { deliveries } = await recorded(
      eventWith({ recipient: 'a@example.com', message: 'message-1' }),
      eventWith({ recipient: 'b@example.com', message: 'message-2' }),
    )
    const others = [
      { recipient: 'a@example.com', message: 'message-2' },
      { recipient: 'b@example.com', message: 'message-1' },
    ]
    expect(await deliveries.rowsOf(others)).toEqual([])
  })

  it('by keys returns a row once, however often its key is named', async () => {
    const { deliveries } = await recorded(eventWith({}))
    const unknown = { recipient: 'nobody@example.com', message: 'none' }
    const keys = [unknown, key, ...Array.from({ length: 150 }, () => ({ ...key })), unknown]
    expect((await deliveries.rowsOf(keys)).map(({ message }) => message)).toEqual([key.message])
  })

  it('by keys leaves out what found no room in its row, and shortens what is long', async () => {
    const ledger = await opened({ maxFactsInRow: 2 })
    const seconds = ['03', '01', '02']
    for (const second of seconds) {
      const occurredAtMs = at(`2022-06-01T08:00:${second}Z`)
      await ledger.deliveries.record(eventWith({ kind: 'opened', occurredAtMs }))
    }
    await ledger.deliveries.record(eventWith({ detail: 'y'.repeat(1_000) }))
    const [row] = await ledger.deliveries.rowsOf([key])
    expect(textsOf(row)).toEqual({
      status: 'delivered',
      delivered: [`2022-06-01T06:24:43Z ${'y'.repeat(399)}…`],
      opened: ['2022-06-01T08:00:01Z', '2022-06-01T08:00:03Z'],
    })
    const whole = {
      status: 'delivered',
      delivered: [`2022-06-01T06:24:43Z ${'y'.repeat(1_000)}`],
      opened: ['2022-06-01T08:00:01Z', '2022-06-01T08:00:02Z', '2022-06-01T08:00:03Z'],
    }
    expect((await ledger.deliveries.ofRecipient(key.recipient)).map(textsOf)).toEqual([whole])
    expect((await ledger.deliveries.ofMessage(key.message)).map(textsOf)).toEqual([whole])
  })

  it('of a recipient is every delivery to it and none to another', async () => {
    const { deliveries } = await recorded(
      eventWith({ message: 'message-2' }),
      eventWith({ message: 'task:77', kind: 'opened' }),
      eventWith({ message: 'message-1', kind: 'deferred' }),
      eventWith({ recipient: 'other@example.com', message: 'message-1' }),
    )
    const found = await deliveries.ofRecipient('example@example.com')
    expect(new Map(found.map(({ message, status }) => [message, status]))).toEqual(
      new Map([
        ['message-1', 'deferred'],
        ['message-2', 'delivered'],
        ['task:77', 'delivered'],
      ]),
    )
    expect(await deliveries.ofRecipient('nobody@example.com')).toEqual([])
  })

  it('of a message is its delivery to each of its recipients, and none of a message that begins alike', async () => {
    const { deliveries } = await recorded(
      eventWith({ recipient: 'c@example.com', kind: 'deferred' }),
      eventWith({ recipient: 'a@example.com' }),
      eventWith({ recipient: 'b@example.com', kind: 'dropped' }),
      eventWith({ recipient: 'a@example.com', message: `${sampleMessage}x` }),
    )
    const found = await deliveries.ofMessage(sampleMessage)
    expect(new Map(found.map(({ recipient, status }) => [recipient, status]))).toEqual(
      new Map([
        ['a@example.com', 'delivered'],
        ['b@example.com', 'dropped'],
        ['c@example.com', 'deferred'],
      ]),
    )
    expect(await deliveries.ofMessage(sampleMessage.slice(0, -1))).toEqual([])
  })

  it('of a task is nothing: it is no message', async () => {
    const { deliveries } = await recorded(eventWith({ message: 'task:77' }))
    expect(await deliveries.ofMessage('task:77')).toEqual([])
  })

  it('stays as it was read', async () => {
    const { deliveries } = await recorded(eventWith({ kind: 'deferred', columns: { subject: 'a' } }))
    const [before] = await deliveries.rowsOf([key])
    await deliveries.record(eventWith({ columns: { from: 'a@example.com' } }))
    expect(textsOf(before)).toEqual({ status: 'deferred', deferred: ['2022-06-01T06:24:43Z'] })
    expect(before?.columns).toEqual(
      new Map([
        ['sentAt', '2022-06-01T06:24:39Z'],
        ['subject', 'a'],
      ]),
    )
  })
}

function describePending(recorded: Recorded): void {
  const deferred = eventWith({ kind: 'deferred' })
  const softBounce = eventWith({ kind: 'bounced', bounceClass: 'soft' })
  const reported = (status: Status) => [{ ...key, status, provider: 'tencent-ses' }]

  it.each<[string, readonly DeliveryEvent[], Status]>([
    ['requested', [eventWith({ kind: 'requested' })], 'requested'],
    ['deferred', [deferred], 'deferred'],
    ['soft-bounced', [softBounce], 'soft-bounced'],
    ['deferred and soft-bounced', [deferred, softBounce], 'soft-bounced'],
    ['soft-bounced and deferred', [softBounce, deferred], 'soft-bounced'],
    ['given up and soft-bounced', [eventWith({ kind: 'unknown' }), softBounce], 'soft-bounced'],
  ])('holds what is %s', async (_, events, status) => {
    expect(await pendingOf(await recorded(...events))).toEqual(reported(status))
  })

  it.each<[string, readonly DeliveryEvent[]]>([
    ['delivered', [deferred, eventWith({})]],
    ['delivered, and then reported as deferred', [eventWith({}), deferred]],
    ['bounced', [softBounce, eventWith({ kind: 'bounced', bounceClass: 'hard' })]],
    ['opened', [deferred, eventWith({ kind: 'opened' })]],
    ['given up', [deferred, eventWith({ kind: 'unknown' })]],
  ])('does not hold what is %s', async (_, events) => {
    expect(await pendingOf(await recorded(...events))).toEqual([])
  })

  it('names the provider that reported first', async () => {
    const ledger = await recorded(
      eventWith({ kind: 'requested', provider: 'sendcloud' }),
      eventWith({ kind: 'deferred', provider: 'tencent-ses' }),
    )
    expect(await pendingOf(ledger)).toEqual([{ ...key, status: 'deferred', provider: 'sendcloud' }])
  })

  it('returns each once while its deliveries are settled one by one', async () => {
    const keys = Array.from({ length: 30 }, (_, n) => ({ ...key, recipient: `r${n}@example.com` }))
    const ledger = await recorded(...keys.map((one) => eventWith({ ...one, kind: 'deferred' })))
    const seen: string[] = []
    for await (const { recipient, message } of ledger.deliveries.pending()) {
      seen.push(recipient)
      await ledger.deliveries.record(eventWith({ recipient, message }))
    }
    expect(seen.sort()).toEqual(keys.map(({ recipient }) => recipient).sort())
    expect(await pendingOf(ledger)).toEqual([])
  })

  it('returns nothing as settled that is settled while it is read', async () => {
    const keys = Array.from({ length: 3 }, (_, n) => ({ ...key, recipient: `r${n}@example.com` }))
    const ledger = await recorded(...keys.map((one) => eventWith({ ...one, kind: 'deferred' })))
    const seen = new Set<Status>()
    for await (const { status } of ledger.deliveries.pending()) {
      seen.add(status)
      for (const one of keys) await ledger.deliveries.record(eventWith(one))
    }
    expect(seen).toEqual(new Set(['deferred']))
  })

  it('is left at the same status only', async () => {
    const ledger = await recorded(softBounce)
    for (const status of ['requested', 'deferred', 'delivered'] as const) {
      await ledger.deliveries.leavePending(key, status)
    }
    expect(await pendingOf(ledger)).toEqual(reported('soft-bounced'))
    await ledger.deliveries.leavePending(key, 'soft-bounced')
    expect(await pendingOf(ledger)).toEqual([])
    expect(textsOf((await ledger.deliveries.rowsOf([key]))[0])).toEqual({
      status: 'soft-bounced',
      bounced: ['2022-06-01T06:24:43Z soft'],
    })
  })

  it('is not entered again by what does not raise the status, and is by what does', async () => {
    const ledger = await recorded(deferred)
    await ledger.deliveries.leavePending(key, 'deferred')
    await ledger.deliveries.record(eventWith({ kind: 'deferred', occurredAtMs: at('2022-06-01T09:00:00Z') }))
    await ledger.deliveries.record(eventWith({ kind: 'requested' }))
    expect(await pendingOf(ledger)).toEqual([])
    await ledger.deliveries.record(softBounce)
    expect(await pendingOf(ledger)).toEqual(reported('soft-bounced'))
  })

  it('is left by one that nobody knows without making it known', async () => {
    const ledger = await recorded()
    await ledger.deliveries.leavePending(key, 'deferred')
    expect(await ledger.deliveries.rowsOf([key])).toEqual([])
    expect(await ledger.deliveries.ofRecipient(key.recipient)).toEqual([])
  })
}

function describeSuppressions(opened: Open, numRuns: number): void {
  const bounce: SuppressionEvidence = {
    recipient: 'a@example.com',
    reason: 'hard-bounce',
    occurredAtMs: at('2026-11-21T08:00:03Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: 'message-1',
    judgement: { class: 'gone', rule: 'mailbox-not-there' },
    detail: '551 5.1.1 recipient is not exist',
  }
  const bounceLine =
    '2026-11-21T08:00:03Z hard-bounce tencent-ses message-1 gone/mailbox-not-there 551 5.1.1 recipient is not exist'
  const complaint: SuppressionEvidence = {
    recipient: 'a@example.com',
    reason: 'complaint',
    occurredAtMs: at('2026-11-20T08:00:00Z'),
    source: 'poll',
    provider: 'tencent-ses',
    message: 'message-1',
    detail: '',
  }
  const complaintLine = '2026-11-20T08:00:00Z[poll] complaint tencent-ses message-1'
  const byHand = (time: string): SuppressionEvidence => ({
    recipient: 'a@example.com',
    reason: 'by-hand',
    occurredAtMs: at(time),
    source: 'operator',
    detail: '',
  })

  const blocklisting = (time: string): SuppressionEvidence => ({
    ...complaint,
    reason: 'blocklist',
    occurredAtMs: at(time),
    detail: '1007',
  })
  const blocklistLine = (day: string) => `2026-11-${day}T00:00:00Z[poll] blocklist tencent-ses message-1 1007`
  const unclear = (time: string, message: string): SuppressionEvidence => ({
    ...bounce,
    occurredAtMs: at(time),
    message,
    judgement: { class: 'unknown', rule: 'no-rule' },
    isUnclear: true,
    detail: '550 denied',
  })
  const unclearLine = (day: string, message: string) =>
    `2026-11-${day}T00:00:00Z hard-bounce tencent-ses ${message} unknown/no-rule 550 denied`
  const held = (row: Suppression | undefined) =>
    row && heldReasons(row, { nowMs: at('2026-11-22T00:00:00Z'), blocklistDays: 14 })

  it('holds each piece of evidence once, in order of time', async () => {
    const { suppressions } = await opened()
    for (const evidence of [bounce, complaint, bounce]) await suppressions.suppress(evidence)
    expect(await suppressions.ofRecipient('a@example.com')).toEqual({
      recipient: 'a@example.com',
      evidence: [complaintLine, bounceLine],
      blocklisted: [],
      unclearBounces: [],
      unclearDays: [],
      countedOut: [],
      removals: [],
    })
  })

  it("holds a provider's own list and unclear bounces apart from evidence that lasts", async () => {
    const { suppressions } = await opened()
    const reported = [
      ...['03', '02', '02'].map((day) => blocklisting(`2026-11-${day}T00:00:00Z`)),
      bounce,
      ...['06', '05', '06', '04'].map((day) => unclear(`2026-11-${day}T00:00:00Z`, `m${day}`)),
    ]
    for (const evidence of reported) await suppressions.suppress(evidence)
    const row = await suppressions.ofRecipient('a@example.com')
    expect(row).toEqual({
      recipient: 'a@example.com',
      evidence: [bounceLine],
      blocklisted: [blocklistLine('02'), blocklistLine('03')],
      unclearBounces: ['04', '05', '06'].map((day) => unclearLine(day, `m${day}`)),
      unclearDays: [],
      countedOut: [],
      removals: [],
    })
    // The last blocklisting was more than 14 days ago.
    expect(held(row)?.map(({ line }) => line)).toEqual([unclearLine('06', 'm06'), bounceLine])
  })

  it('knows nothing of an address about which nothing was reported', async () => {
    const { suppressions } = await opened()
    await suppressions.suppress(bounce)
    expect(await suppressions.ofRecipient('b@example.com')).toBeUndefined()
  })

  it('returns every row', async () => {
    const { suppressions } = await opened()
    expect(await Array.fromAsync(suppressions.all())).toEqual([])
    await suppressions.suppress(bounce)
    await suppressions.suppress({ ...complaint, recipient: 'b@example.com' })
    const all = await Array.fromAsync(suppressions.all())
    expect(new Map(all.map(({ recipient, evidence }) => [recipient, evidence]))).toEqual(
      new Map([
        ['a@example.com', [bounceLine]],
        ['b@example.com', [complaintLine]],
      ]),
    )
  })

  it('knows the first and the latest evidence beyond a row that is full', async () => {
    const { suppressions } = await opened({ maxEvidenceInRow: 1 })
    for (const day of ['13', '15', '14', '11', '12'])
      await suppressions.suppress(byHand(`2026-11-${day}T00:00:00Z`))
    expect((await suppressions.ofRecipient('a@example.com'))?.evidence).toEqual(
      ['11', '13', '15'].map((day) => `2026-11-${day}T00:00:00Z[operator] by-hand`),
    )
  })

  it('knows the latest of each reason beyond a row that is full', async () => {
    const { suppressions } = await opened({ maxEvidenceInRow: 1 })
    const unsubscribed = {
      ...complaint,
      reason: 'unsubscribe',
      fromDomain: 'news.example.com',
      occurredAtMs: at('2026-11-20T09:00:00Z'),
    } as const
    for (const one of [byHand('2026-11-11T00:00:00Z'), bounce, unsubscribed, complaint]) {
      await suppressions.suppress(one)
    }
    const row = await suppressions.ofRecipient('a@example.com')
    expect(row?.evidence).toEqual([
      '2026-11-11T00:00:00Z[operator] by-hand',
      complaintLine,
      // Of other unsubscriptions that found no room nothing is known: it speaks of every sender.
      '2026-11-20T09:00:00Z[poll] unsubscribe tencent-ses message-1',
      bounceLine,
    ])
  })

  it("knows the latest of a provider's own list, and the days of unclear bounces, beyond a row that is full", async () => {
    const { suppressions } = await opened({ maxEvidenceInRow: 1 })
    for (const day of ['11', '14', '12', '13'])
      await suppressions.suppress(blocklisting(`2026-11-${day}T00:00:00Z`))
    for (const day of ['18', '16', '17', '16'])
      await suppressions.suppress(unclear(`2026-11-${day}T00:00:00Z`, `m${day}`))
    const row = await suppressions.ofRecipient('a@example.com')
    expect(row).toEqual({
      recipient: 'a@example.com',
      evidence: [],
      blocklisted: [blocklistLine('11'), blocklistLine('14')],
      unclearBounces: [unclearLine('18', 'm18')],
      unclearDays: ['2026-11-16', '2026-11-17'],
      countedOut: [],
      removals: [],
    })
    expect(held(row)).toMatchObject([
      { reason: 'blocklist', untilMs: at('2026-11-28T00:00:00Z') },
      { reason: 'hard-bounce', sinceMs: at('2026-11-18T00:00:00Z') },
    ])
  })

  it("knows how long each provider's list says that an entry holds, beyond a row that is full", async () => {
    const { suppressions } = await opened({ maxEvidenceInRow: 1 })
    const listed = (provider: string, day: string, until: string): SuppressionEvidence => ({
      ...blocklisting(`2026-11-${day}T00:00:00Z`),
      source: 'list',
      provider,
      untilMs: at(`${until}T00:00:00Z`),
    })
    for (const evidence of [
      blocklisting('2026-11-15T00:00:00Z'),
      listed('sendcloud', '14', '2027-03-01'),
      listed('tencent-ses', '12', '2026-12-01'),
      listed('sendcloud', '13', '2027-09-01'),
      blocklisting('2026-11-16T00:00:00Z'),
    ])
      await suppressions.suppress(evidence)
    const row = await suppressions.ofRecipient('a@example.com')
    expect(row?.blocklisted).toHaveLength(4)
    expect(held(row)).toMatchObject([{ reason: 'blocklist', untilMs: at('2027-03-01T00:00:00Z') }])
  })

  it('keeps the latest beyond a full row when that row gets again what it holds', async () => {
    const { suppressions } = await opened({ maxEvidenceInRow: 1 })
    for (const day of ['15', '13', '14', '15']) {
      await suppressions.suppress(byHand(`2026-11-${day}T00:00:00Z`))
    }
    expect((await suppressions.ofRecipient('a@example.com'))?.evidence).toEqual(
      ['13', '14', '15'].map((day) => `2026-11-${day}T00:00:00Z[operator] by-hand`),
    )
  })

  it('is what the pure core computes, in any order, with any repeats and whichever way three writers race', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(anyEvidence), async ({ reported, shuffled }) => {
        const { suppressions } = await opened()
        const model = new Map<string, Suppression>()
        for (const one of reported) model.set(one.recipient, withEvidence(model.get(one.recipient), one))
        await writeAtOnce(
          (evidence) => suppressions.suppress(evidence),
          [reported, shuffled, reported.toReversed()],
        )
        const found = await Array.fromAsync(suppressions.all())
        expect(new Map(found.map((row) => [row.recipient, row]))).toEqual(model)
      }),
      { numRuns },
    )
  })

  it('returns the same reasons where each set is full after one line, in any order and with any repeats', async () => {
    await fc.assert(
      fc.asyncProperty(streamsOf(anyEvidence), async ({ reported, shuffled }) => {
        const { suppressions } = await opened({ maxEvidenceInRow: 1 })
        await writeAtOnce((evidence) => suppressions.suppress(evidence), [shuffled, reported.toReversed()])
        for (const recipient of recipients) {
          const [first, ...others] = reported.filter((one) => one.recipient === recipient)
          const model = first && others.reduce(withEvidence, withEvidence(undefined, first))
          const row = await suppressions.ofRecipient(recipient)
          expect(certainReasonsOf(row)).toEqual(certainReasonsOf(model))
          // Of what finds no room the messages are not known: then there are taken to be enough of them.
          if (isHeldFor('hard-bounce', model)) expect(isHeldFor('hard-bounce', row)).toBe(true)
        }
      }),
      { numRuns },
    )
  })

  it('refuses for good what has no recipient, and takes nothing whose deadline has passed', async () => {
    const { suppressions } = await opened()
    await expect(suppressions.suppress({ ...bounce, recipient: '' })).rejects.toThrow(UnwritableError)
    await expect(suppressions.suppress(bounce, AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await Array.fromAsync(suppressions.all())).toEqual([])
  })
}

/** For what the address is on the list whatever its unclear bounces say, and until when. */
function certainReasonsOf(row: Suppression | undefined): unknown {
  if (row === undefined) return undefined
  const certain = { ...row, unclearBounces: [], unclearDays: [] }
  const held = heldReasons(certain, { nowMs: startMs, blocklistDays: 14 })
  return new Set(held.map(({ reason, untilMs = Infinity }) => `${reason} ${untilMs}`))
}

function isHeldFor(reason: SuppressionReason, row: Suppression | undefined): boolean {
  const held = row === undefined ? [] : heldReasons(row, { nowMs: startMs, blocklistDays: 14 })
  return held.some((one) => one.reason === reason)
}

export const figures: RunFigures = {
  calls: 7,
  rows: 70,
  discovered: 1,
  repaired: 2,
  settled: 3,
  unknown: 4,
  pending: 5,
  stoppedBy: 'done',
}

function describeRuns(opened: Open): void {
  const eight = at('2026-11-21T08:00:00Z')
  const leased = async () => {
    const { runs } = await opened()
    expect(await runs.acquire('one', eight, eight + 1_000)).toEqual({ checkpoint: undefined })
    return runs
  }

  it('leaves the checkpoint as it is where none is given', async () => {
    const runs = await leased()
    expect(await runs.save('one', undefined, eight + 2_000)).toBe(true)
    expect(await runs.acquire('other', eight + 1_999, eight + 9_000)).toBeUndefined()
    expect(await runs.release('one', undefined, figures)).toBe(true)
    expect(await runs.acquire('one', eight, eight + 1_000)).toEqual({ checkpoint: undefined })
    await runs.save('one', 'page 7', eight + 1_000)
    expect(await runs.save('one', undefined, eight + 2_000)).toBe(true)
    expect(await runs.release('one', undefined, figures)).toBe(true)
    expect(await runs.acquire('other', eight, eight + 1_000)).toEqual({ checkpoint: 'page 7' })
  })

  it('keeps others out until the instant at which it ends', async () => {
    const runs = await leased()
    expect(await runs.acquire('other', eight + 999, eight + 9_000)).toBeUndefined()
    expect(await runs.acquire('other', eight + 1_000, eight + 9_000)).toEqual({ checkpoint: undefined })
    expect(await runs.acquire('one', eight + 2_000, eight + 9_000)).toBeUndefined()
  })

  it('can be taken again by the run that holds it, and then ends later', async () => {
    const runs = await leased()
    expect(await runs.acquire('one', eight + 500, eight + 5_000)).toEqual({ checkpoint: undefined })
    expect(await runs.acquire('other', eight + 4_999, eight + 9_000)).toBeUndefined()
  })

  it('is extended by a save', async () => {
    const runs = await leased()
    expect(await runs.save('one', 'page 7', eight + 5_000)).toBe(true)
    expect(await runs.acquire('other', eight + 4_999, eight + 9_000)).toBeUndefined()
    expect(await runs.acquire('other', eight + 5_000, eight + 9_000)).toEqual({ checkpoint: 'page 7' })
  })

  it('holds beyond its end while nobody else has taken it', async () => {
    const runs = await leased()
    expect(await runs.save('one', 'page 7', eight + 5_000)).toBe(true)
    expect(await runs.release('one', 'page 8', figures)).toBe(true)
    expect(await runs.acquire('other', eight, eight + 1_000)).toEqual({ checkpoint: 'page 8' })
  })

  it('lets a stranger write nothing', async () => {
    const runs = await leased()
    expect(await runs.save('one', 'page 7', eight + 1_000)).toBe(true)
    expect(await runs.save('other', 'page 1', eight + 9_000)).toBe(false)
    expect(await runs.release('other', 'page 1', figures)).toBe(false)
    expect(await runs.acquire('third', eight + 1_000, eight + 2_000)).toEqual({ checkpoint: 'page 7' })
  })

  it('lets the run write nothing that has lost it', async () => {
    const runs = await leased()
    await runs.save('one', 'page 7', eight + 1_000)
    await runs.acquire('other', eight + 1_000, eight + 2_000)
    expect(await runs.save('one', 'page 1', eight + 9_000)).toBe(false)
    expect(await runs.release('one', 'page 1', figures)).toBe(false)
    expect(await runs.acquire('other', eight + 1_500, eight + 2_000)).toEqual({ checkpoint: 'page 7' })
  })

  it('is given back by a release, after which nobody saves and anybody takes it', async () => {
    const runs = await leased()
    expect(await runs.release('one', 'page 8', figures)).toBe(true)
    expect(await runs.save('one', 'page 9', eight + 9_000)).toBe(false)
    expect(await runs.acquire('other', eight, eight + 1_000)).toEqual({ checkpoint: 'page 8' })
  })

  it('takes a release again from the run that released last, and from no other', async () => {
    const runs = await leased()
    await runs.release('one', 'page 8', figures)
    expect(await runs.release('other', 'page 1', figures)).toBe(false)
    expect(await runs.release('one', 'page 8', figures)).toBe(true)
    await runs.acquire('other', eight, eight + 1_000)
    expect(await runs.release('one', 'page 1', figures)).toBe(false)
    expect(await runs.acquire('other', eight, eight + 1_000)).toEqual({ checkpoint: 'page 8' })
  })

  it('cannot be released where nobody ever took it', async () => {
    const { runs } = await opened()
    expect(await runs.save('one', 'page 1', eight + 1_000)).toBe(false)
    expect(await runs.release('one', 'page 1', figures)).toBe(false)
    expect(await runs.acquire('one', eight, eight + 1_000)).toEqual({ checkpoint: undefined })
  })

  it('passes on an empty checkpoint as it is', async () => {
    const runs = await leased()
    await runs.save('one', '', eight + 1_000)
    expect(await runs.acquire('other', eight + 1_000, eight + 2_000)).toEqual({ checkpoint: '' })
  })

  it('shows when it ends, also to a run that does not hold it', async () => {
    const { runs } = await opened()
    expect(await runs.endsAtMs()).toBeUndefined()
    await runs.acquire('one', eight, eight + 1_000)
    expect(await runs.endsAtMs()).toBe(eight + 1_000)
    await runs.save('one', 'page 1', eight + 5_250)
    expect(await runs.endsAtMs()).toBe(eight + 5_250)
    await runs.release('one', 'page 1', figures)
    expect(await runs.endsAtMs()).toBeUndefined()
  })

  it('can be given back with the checkpoint as it was, once and again', async () => {
    const runs = await leased()
    await runs.release('one', 'page 8', figures)
    await runs.acquire('by hand', eight, eight + 1_000)
    await runs.releaseLease('by hand')
    await runs.releaseLease('by hand')
    expect(await runs.endsAtMs()).toBeUndefined()
    expect(await runs.acquire('other', eight, eight + 1_000)).toEqual({ checkpoint: 'page 8' })
  })

  it('is given back by nobody but the run that holds it', async () => {
    const { runs } = await opened()
    await runs.releaseLease('one')
    await runs.acquire('one', eight, eight + 1_000)
    await runs.releaseLease('other')
    expect(await runs.acquire('other', eight, eight + 2_000)).toBeUndefined()
    expect(await runs.acquire('other', eight + 1_000, eight + 2_000)).toEqual({ checkpoint: undefined })
    await runs.releaseLease('one')
    expect(await runs.endsAtMs()).toBe(eight + 2_000)
  })
}
