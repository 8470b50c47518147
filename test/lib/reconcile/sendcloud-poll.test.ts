import { describe, expect, it } from '@jest/globals'
import { dayMs, hourMs, minuteMs, secondMs } from '../../../lib/core/instant.ts'
import { sendCloudProvider } from '../../../lib/status-apis/sendcloud/fields.ts'
import type { SendCloudEvent, SendCloudMessage } from '../../../local/simulated-sendcloud/mail.ts'
import { makeSendCloudTraffic } from '../../../local/simulated-sendcloud/traffic.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import { truthAt } from '../../../local/truth.ts'
import { eventWith } from '../../events.ts'
import { messageAt } from '../../local/simulated-sendcloud/sample-mail.ts'
import { requestOf, sendCloudWorldAt, type SendCloudWorld } from './sendcloud-world.ts'
import { times } from '../../strength.ts'

// What SendCloud's callbacks lost is found in its own list, which repeats an answer for ten minutes.

const at = (instant: string) => Date.parse(instant)
const sentAtMs = at('2026-11-21T02:00:00Z')

/** Sent a second apart, and delivered ten seconds later. */
function deliveredMails(count: number, fromMs = sentAtMs, everyMs = secondMs): readonly SendCloudMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const sentMs = fromMs + index * everyMs
    return messageAt(sentMs, `reader${index}`, [{ kind: 'delivered', atMs: sentMs + 10 * secondMs }])
  })
}

/** How many of the deliveries stand at each status; `none` where the ledger does not know them. */
async function statusesIn(
  { ledger }: SendCloudWorld,
  messages: readonly SendCloudMessage[],
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const { messageId, recipient } of messages.flatMap(({ deliveries }) => deliveries)) {
    const [row] = await ledger.deliveries.rowsOf([{ recipient: recipient.toLowerCase(), message: messageId }])
    const status = row?.status ?? 'none'
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

describe('a look-up', () => {
  it('asks for a hundred deliveries at once', async () => {
    const mails = deliveredMails(250)
    const world = await sendCloudWorldAt(sentAtMs, mails)
    await world.reported(...mails.map(requestOf))
    world.clock.advanceTo(sentAtMs + 20 * minuteMs)
    const { figures } = await world.run({ areSendsRecorded: true })
    expect(figures).toMatchObject({ calls: 3, settled: 250, pending: 0, stoppedBy: 'done' })
    const asked = world.sendCloud.calls.map(({ parameters }) => parameters.emailIds?.split(';').length)
    expect(asked).toEqual([100, 100, 50])
    expect(await statusesIn(world, mails)).toEqual({ delivered: 250 })
  })

  it('waits until its mail is a quarter of an hour old, and then asks about all that are older than five minutes', async () => {
    const mails = [0, 9, 11].map((minute, index) =>
      messageAt(sentAtMs + minute * minuteMs, `reader${index}`, [
        { kind: 'delivered', atMs: sentAtMs + minute * minuteMs + 10 * secondMs },
      ]),
    )
    const world = await sendCloudWorldAt(sentAtMs, mails)
    await world.reported(...mails.map(requestOf))
    for (const minute of [14, 15]) {
      world.clock.advanceTo(sentAtMs + minute * minuteMs)
      await world.run({ areSendsRecorded: true })
    }
    // The first run ever asks one question in any case.
    const asked = world.sendCloud.calls.map(({ parameters }) => parameters.emailIds?.split(';').length)
    expect(asked).toEqual([undefined, 2])
    expect(await statusesIn(world, mails)).toEqual({ delivered: 2, requested: 1 })
  })

  it('asks about a mail near midnight together with others of its date', async () => {
    const midnightMs = at('2026-11-20T16:00:00Z')
    const mails = [30, 180].flatMap((minutes) => deliveredMails(1, midnightMs + minutes * minuteMs))
    const world = await sendCloudWorldAt(midnightMs, mails)
    await world.reported(...mails.map(requestOf))
    world.clock.advanceTo(midnightMs + 200 * minuteMs)
    expect((await world.run({ areSendsRecorded: true })).figures).toMatchObject({ calls: 1, settled: 2 })
  })

  it('asks by the recipient where no emailId is known, once for all messages to him', async () => {
    const [first, second] = [messageAt(sentAtMs, 'anna'), messageAt(sentAtMs + secondMs, 'anna')]
    const other = messageAt(sentAtMs, 'bert')
    const world = await sendCloudWorldAt(sentAtMs, [])
    for (const { messageId, deliveries } of [first, second, other]) {
      const { recipient } = deliveries[0]!
      world.sendCloud.send(
        messageAt(Number(messageId.slice(0, 13)), recipient.split('@')[0]!, [
          { kind: 'delivered', atMs: sentAtMs + minuteMs },
        ]),
      )
      await world.ledger.deliveries.record(
        eventWith({
          provider: sendCloudProvider,
          recipient,
          message: messageId,
          kind: 'requested',
          occurredAtMs: sentAtMs,
        }),
      )
    }
    world.clock.advanceTo(sentAtMs + 20 * minuteMs)
    await world.run({ areSendsRecorded: true })
    expect(world.sendCloud.calls.map(({ parameters }) => parameters.email)).toEqual([
      'anna@example.com',
      'bert@example.com',
    ])
    expect(await statusesIn(world, [first, second, other])).toEqual({ delivered: 3 })
  })

  it('is made again at the next run where it got no answer', async () => {
    const mails = deliveredMails(150)
    const world = await sendCloudWorldAt(sentAtMs, mails)
    await world.reported(...mails.map(requestOf))
    const repair = world.sendCloud.failWhen(
      ({ parameters }) => parameters.emailIds?.includes('reader0@') === true,
      { code: '50000' },
    )
    world.clock.advanceTo(sentAtMs + 20 * minuteMs)
    await world.run({ areSendsRecorded: true })
    expect(await statusesIn(world, mails)).toEqual({ requested: 100, delivered: 50 })
    repair()
    world.clock.advanceTo(sentAtMs + 25 * minuteMs)
    expect((await world.run({ areSendsRecorded: true })).figures).toMatchObject({ calls: 1, settled: 100 })
    expect(await statusesIn(world, mails)).toEqual({ delivered: 150 })
  })

  it('that is refused for one odd name is halved, so that the others get their answer', async () => {
    const mails = deliveredMails(100)
    const world = await sendCloudWorldAt(sentAtMs, mails)
    await world.reported(...mails.map(requestOf))
    world.sendCloud.failWhen(({ parameters }) => parameters.emailIds?.includes('reader37@') === true, {
      code: '40831',
    })
    world.clock.advanceTo(sentAtMs + 20 * minuteMs)
    const { figures } = await world.run({ areSendsRecorded: true })
    expect(figures).toMatchObject({ settled: 99, stoppedBy: 'done' })
    expect(figures.calls).toBeLessThanOrEqual(15)
    expect(await statusesIn(world, mails)).toEqual({ requested: 1, delivered: 99 })
  })

  it('whose form is refused altogether is made again at the next run, and not for ever by halves', async () => {
    const mails = deliveredMails(200)
    const world = await sendCloudWorldAt(sentAtMs, mails)
    await world.reported(...mails.map(requestOf))
    const repair = world.sendCloud.failWhen(({ parameters }) => parameters.emailIds !== undefined, {
      code: '40831',
    })
    world.clock.advanceTo(sentAtMs + 20 * minuteMs)
    expect((await world.run({ areSendsRecorded: true })).figures.calls).toBeLessThanOrEqual(60)
    repair()
    world.clock.advanceTo(sentAtMs + 25 * minuteMs)
    await world.run({ areSendsRecorded: true })
    const { delivered = 0 } = await statusesIn(world, mails)
    expect(delivered).toBeGreaterThan(150)
  })

  it('of a mail near midnight is made under both dates', async () => {
    const midnightMs = at('2026-11-20T16:00:00Z')
    const mail = messageAt(midnightMs + secondMs, 'anna', [
      { kind: 'delivered', atMs: midnightMs + minuteMs },
    ])
    const world = await sendCloudWorldAt(midnightMs, [mail])
    // The ledger's instant is that of another clock, a little behind.
    await world.reported({
      of: 'message',
      atMs: midnightMs - secondMs,
      message: { ...mail, sentAtMs: midnightMs - secondMs },
    })
    world.clock.advanceTo(midnightMs + 30 * minuteMs)
    await world.run({ areSendsRecorded: true })
    expect(world.sendCloud.calls.map(({ parameters }) => parameters.startDate)).toEqual([
      '2026-11-20',
      '2026-11-21',
    ])
    expect(await statusesIn(world, [mail])).toEqual({ delivered: 1 })
  })
})

describe('a list that repeats itself for ten minutes', () => {
  // Between a page that is repeated and one that is not, rows would be missing.
  it.each(['oldest-first', 'newest-first'] as const)(
    'is asked for nothing that it repeats: %s',
    async (order) => {
      // As fast as a list that is read at every run: a mail every second and a half.
      const mails = deliveredMails(4_000, sentAtMs, 1_500)
      const world = await sendCloudWorldAt(sentAtMs, mails, { order })
      // The schedule is not to the second.
      const random = seededRandom(7)
      for (let minutes = 0; minutes <= 150; minutes += 5) {
        world.clock.advanceTo(sentAtMs + minutes * minuteMs + random.int(0, 20) * secondMs)
        await world.run()
      }
      expect(world.sendCloud.calls.some(({ answer }) => answer === 'cached')).toBe(false)
      expect(await statusesIn(world, mails)).toEqual({ delivered: 4_000 })
    },
  )
})

it('is read every quarter of an hour, so that a mail is known before it is twenty minutes old', async () => {
  const mails = deliveredMails(40, sentAtMs, minuteMs)
  const world = await sendCloudWorldAt(sentAtMs, mails)
  for (let minutes = 0; minutes <= 40; minutes += 5) {
    world.clock.advanceTo(sentAtMs + minutes * minuteMs)
    await world.run()
  }
  const ofToday = world.sendCloud.calls.filter(({ parameters }) => parameters.startDate === '2026-11-21')
  expect(ofToday.map(({ atMs }) => Math.floor((atMs - sentAtMs) / minuteMs))).toEqual([0, 15, 30])
  // Of 40 those are known that were sent in the first 25 minutes.
  expect(await statusesIn(world, mails)).toEqual({ delivered: 26, none: 14 })
})

it('leaves a mail that nobody reported to its callbacks for five minutes', async () => {
  const mails = [messageAt(sentAtMs, 'anna'), messageAt(sentAtMs + 12 * minuteMs, 'bert')]
  const world = await sendCloudWorldAt(sentAtMs + 16 * minuteMs, mails)
  await world.run()
  expect(await statusesIn(world, mails)).toEqual({ requested: 1, none: 1 })
})

describe('a list that repeats itself where its newest rows come first', () => {
  it('loses no mail between pages of different ages', async () => {
    const mails = deliveredMails(4_000, sentAtMs, 1_500)
    const world = await sendCloudWorldAt(sentAtMs, mails, { order: 'newest-first' })
    // The reading that gets no answer for its ninth page goes on at the next run, whose pages are repeated to the one after it.
    for (let minutes = 0; minutes <= 150; minutes += 5) {
      world.clock.advanceTo(sentAtMs + minutes * minuteMs)
      const repair = world.sendCloud.failWhen(
        ({ parameters }) => minutes === 60 && parameters.start === '800',
        { httpStatus: 503 },
      )
      await world.run()
      repair()
    }
    expect(world.sendCloud.calls.filter(({ answer }) => answer === 'HTTP 503')).toHaveLength(3)
    expect(await statusesIn(world, mails)).toEqual({ delivered: 4_000 })
  })
})

describe('a closed list that changes its order while it is swept', () => {
  it('is swept again only once nothing of the first sweep is repeated', async () => {
    const mails = deliveredMails(250)
    // When the first page is read, the eleventh mail moves behind all others; so the first of the next page is on none.
    const sweptMs = at('2026-11-22T02:00:00Z')
    const moved = messageAt(sentAtMs + 10 * secondMs, 'reader10', [
      { kind: 'delivered', atMs: sweptMs + 500 },
    ])
    const world = await sendCloudWorldAt(sweptMs, mails.with(10, moved), { order: 'by-status-change' })
    const recorded = { areSendsRecorded: true, sweepAgesDays: [1] }
    expect((await world.run(recorded)).figures).toMatchObject({
      calls: 3,
      discovered: 249,
      stoppedBy: 'done',
    })
    world.clock.advanceTo(sweptMs + 5 * minuteMs)
    expect((await world.run(recorded)).figures.calls).toBe(0)
    world.clock.advanceTo(sweptMs + 15 * minuteMs)
    const { figures } = await world.run(recorded)
    expect(figures).toMatchObject({ calls: 3, discovered: 1 })
    expect(figures).not.toHaveProperty('unsteadyLists')
    expect(world.sendCloud.calls.map(({ answer }) => answer)).toEqual(Array.from({ length: 6 }, () => 'ok'))
    expect(await statusesIn(world, mails)).toEqual({ delivered: 250 })
    world.clock.advanceTo(sweptMs + 30 * minuteMs)
    expect((await world.run(recorded)).figures.calls).toBe(0)
  })
})

describe('a world in which callbacks are lost', () => {
  it.each([
    ['oldest-first' as const, {}],
    ['newest-first' as const, { wording: '2016' as const }],
    ['by-status-change' as const, { rowsIn: 'list' as const }],
  ])('is right in the end: %s', async (order, options) => {
    const count = times({ quick: 100, proof: 400 })
    const messages = makeSendCloudTraffic({ seed: 3, count, fromMs: sentAtMs, overMs: 6 * hourMs })
    const world = await sendCloudWorldAt(sentAtMs, messages, { order, ...options })
    const random = seededRandom(11)
    const reported = eventsIn(messages).filter(() => !random.chance(0.3))
    let next = 0
    for (
      let atMs = sentAtMs;
      atMs < sentAtMs + 5 * dayMs;
      atMs += atMs < sentAtMs + 8 * hourMs ? 5 * minuteMs : hourMs
    ) {
      world.clock.advanceTo(atMs)
      for (; next < reported.length && reported[next]!.atMs + 5_000 <= atMs; next += 1)
        await world.reported(reported[next]!)
      await world.run({ sweepAgesDays: [1, 3, 7, 29] })
    }
    const deliveries = messages.flatMap((message) => message.deliveries)
    const wrong: string[] = []
    for (const delivery of deliveries) {
      const { messageId, recipient } = delivery
      const [row] = await world.ledger.deliveries.rowsOf([
        { recipient: recipient.toLowerCase(), message: messageId },
      ])
      const truth = truthAt(delivery, world.clock.now())?.status
      if (row?.status !== truth) wrong.push(`${recipient}: ${row?.status ?? 'none'}, not ${truth ?? 'sent'}`)
    }
    expect(deliveries).toHaveLength(count)
    expect(reported.length).toBeLessThan(eventsIn(messages).length * 0.75)
    expect(wrong).toEqual([])
  })
})

/** All that SendCloud reports of these messages by callbacks, in the order of time. */
function eventsIn(messages: readonly SendCloudMessage[]): readonly SendCloudEvent[] {
  return messages
    .flatMap((message): readonly SendCloudEvent[] => [
      requestOf(message),
      ...message.deliveries.flatMap((delivery) =>
        delivery.timeline.map((entry) => ({
          of: 'delivery' as const,
          atMs: entry.atMs,
          message,
          delivery,
          entry,
        })),
      ),
    ])
    .sort((one, other) => one.atMs - other.atMs)
}
