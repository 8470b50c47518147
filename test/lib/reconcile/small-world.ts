import fc from 'fast-check'
import { taskMessageKey } from '../../../lib/core/message.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { dayMs, hourMs, minuteMs, requestDateOf, secondMs } from '../../../lib/core/instant.ts'
import { callbackEvent, sendEvent } from '../../../bench/reconcile/callback-event.ts'
import {
  messageIdFor,
  type SimulatedDelivery,
  type TimelineEntry,
} from '../../../local/simulated-ses/mail.ts'
import { mailboxWith, type Mailbox } from '../../../local/simulated-ses/mailbox.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'

/** A provider's mail and what the ledger knows of it. Nothing happens to any of it from the instant on. */
export interface SmallWorld {
  readonly nowMs: number
  /** When a run was done before: where that was days ago, lists of several dates are to be read. */
  readonly lastRunMs: number | undefined
  /** Messages and dates about which the provider answers nothing at first. */
  readonly unanswered: ReadonlySet<string>
  readonly mailbox: Mailbox
  readonly reported: readonly DeliveryEvent[]
  /** Everybody to whom a delivery may be known. */
  readonly recipients: readonly string[]
}

/** How many smaller cases are tried once one has failed. By number and not by time, so that a busy machine changes nothing. */
const smallerCases = 200

/** Ends the search for a smaller counterexample in time to show the one that was found: what comes after is not tried. */
export function shownInTime<Args extends readonly unknown[]>(
  law: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let left = Infinity
  return async (...args) => {
    if (left === 0) return
    left -= 1
    try {
      await law(...args)
    } catch (error) {
      left = Math.min(left, smallerCases)
      throw error
    }
  }
}

/** What has happened to a mail, five seconds after it was sent, ten, and so on. */
const fates = {
  silent: [],
  deferred: ['deferred'],
  delivered: ['delivered'],
  'delivered in the end': ['deferred', 'delivered'],
  'bounced in the end': ['deferred', 'bounced'],
  'soft-bounced': ['soft-bounced'],
  'soft-bounced and delivered': ['soft-bounced', 'delivered'],
  'soft-bounced and bounced': ['soft-bounced', 'bounced'],
  'delivered and bounced': ['delivered', 'bounced'],
  'opened undelivered': ['opened'],
  'opened deferred': ['deferred', 'opened'],
  complained: ['delivered', 'opened', 'complained'],
  unsubscribed: ['delivered', 'opened', 'clicked', 'unsubscribed'],
  'blocked by the provider': ['blocked'],
  dropped: ['dropped'],
} as const

type Fate = keyof typeof fates

const entries: Readonly<Record<(typeof fates)[Fate][number], Omit<TimelineEntry, 'atMs'>>> = {
  deferred: { kind: 'deferred', reason: '451 4.7.1 try again later' },
  delivered: { kind: 'delivered' },
  bounced: { kind: 'bounced', reason: '551 5.1.1 recipient is not exist', bounceType: 'hard_bounce' },
  'soft-bounced': { kind: 'bounced', reason: '452 4.2.2 mailbox full', bounceType: 'soft_bounce' },
  opened: { kind: 'opened' },
  clicked: { kind: 'clicked', link: 'https://shop.example.com/orders' },
  complained: { kind: 'complained' },
  unsubscribed: { kind: 'unsubscribed' },
  blocked: { kind: 'dropped', reason: 'address is on the blocklist', sendStatus: 1007 },
  dropped: { kind: 'dropped', reason: 'content rejected' },
}

/** How much callbacks reported: nothing, that it was sent, the first thing that happened, all of it. */
type Knowledge = 'nothing' | 'sent' | 'first' | 'all'

interface DeliveryPlan {
  readonly fate: Fate
  readonly known: Knowledge
}

interface MessagePlan {
  readonly ageHours: number
  readonly deliveries: Readonly<Partial<Record<string, DeliveryPlan>>>
  /** What its key contains: the instant of sending, nothing, or (of a batch) the number of its task alone. */
  readonly key: 'dated' | 'undated' | 'task'
  /** `lost`: the provider lists it nowhere. `sendcloud`: its provider has no poll. */
  readonly of: 'tencent' | 'lost' | 'sendcloud'
}

interface WorldPlan {
  readonly hourOfDay: number
  readonly lastRunDaysAgo: number | undefined
  readonly messages: readonly MessagePlan[]
  /** Which of the messages and the last dates gets no answer, where there are so many. */
  readonly unanswered: number
}

/**
 * Ages that matter to a policy: minutes, hours, days, and past the thirty days that the provider reports. No mail comes to an
 * age of 30 days, or of 5 days and 1 hour, within the next hours: then time itself would change the table.
 */
const agesHours = [0.2, 0.6, 1.5, 4.5, 8, 13, 20, 30, 40, 60, 76, 100, 130, 170, 300, 500, 700, 725, 900]
const names = ['anna', 'bert', 'carl', 'dora', 'emil', 'Fay', 'fay']

const allFates = Object.keys(fates) as Fate[]

const anyDelivery: fc.Arbitrary<DeliveryPlan> = fc.record({
  fate: fc.constantFrom(...allFates),
  known: fc.constantFrom('nothing', 'sent', 'first', 'all'),
})

const anyMessage: fc.Arbitrary<MessagePlan> = fc.record({
  ageHours: fc.constantFrom(...agesHours),
  deliveries: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), anyDelivery), {
      minLength: 1,
      maxLength: 3,
      selector: ([name]) => name,
    })
    .map((deliveries) => Object.fromEntries(deliveries)),
  key: oftenest('dated', ['undated', 'task']),
  of: oftenest('tencent', ['lost', 'sendcloud']),
})

/** Draws the first in three of four cases. */
function oftenest<T>(first: T, others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(first) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  )
}

/** How many messages a world has; it has about twice as many mails. */
interface Size {
  readonly least: number
  readonly most: number
}

function anyMessages({ least, most }: Size): fc.Arbitrary<readonly MessagePlan[]> {
  return fc.array(anyMessage, { minLength: least, maxLength: most, size: 'max' })
}

/** So many pending messages of one date that it may be worth reading its list. */
const manyOfOneDate: fc.Arbitrary<readonly MessagePlan[]> = fc
  .tuple(
    fc.constantFrom(1.5, 40, 76),
    fc.array(fc.constantFrom(...allFates), { minLength: 11, maxLength: 13 }),
  )
  .map(([ageHours, drawn]) =>
    drawn.map((fate) => ({
      ageHours,
      deliveries: { anna: { fate, known: 'sent' } },
      key: 'dated',
      of: 'tencent',
    })),
  )

export function anyWorldOf(size: Size): fc.Arbitrary<WorldPlan> {
  return fc.record({
    hourOfDay: fc.nat(23),
    lastRunDaysAgo: fc.constantFrom(undefined, 0, 1, 2, 3),
    messages: fc.oneof({ weight: 9, arbitrary: anyMessages(size) }, { weight: 1, arbitrary: manyOfOneDate }),
    unanswered: fc.nat(4 * size.most),
  })
}

export function worldOf(plan: WorldPlan): SmallWorld {
  const nowMs = Date.parse('2026-11-21T00:30:00Z') + plan.hourOfDay * hourMs
  const mailbox = mailboxWith({})
  const reported: DeliveryEvent[] = []
  const messageIds: string[] = []
  for (const [index, message] of plan.messages.entries()) {
    const sentAtMs = nowMs - message.ageHours * hourMs - index * secondMs
    const messageId = messageIdOf(message, sentAtMs, index)
    messageIds.push(messageId)
    for (const [name, delivery] of Object.entries(message.deliveries)) {
      if (!delivery) continue
      const mail = mailOf(`${name}@example.com`, messageId, sentAtMs, delivery.fate)
      if (message.of === 'tencent' && message.key !== 'task') mailbox.add(mail)
      for (const event of eventsOf(mail, delivery.known)) {
        reported.push(message.of === 'sendcloud' ? { ...event, provider: 'sendcloud' } : event)
      }
    }
  }
  const dates = [0, 1, 2, 3].map((days) => requestDateOf(nowMs - days * dayMs))
  return {
    nowMs,
    lastRunMs: lastRunMsOf(plan, nowMs),
    unanswered: new Set([...messageIds, ...dates].slice(plan.unanswered, plan.unanswered + 1)),
    mailbox,
    reported,
    recipients: [...new Set(names.map((name) => `${name.toLowerCase()}@example.com`))],
  }
}

/**
 * A ledger begins with its first run: where that is killed before it has saved anything, the next one is the first, and over
 * midnight it would begin with another date. So near midnight there was a run before.
 */
function lastRunMsOf({ lastRunDaysAgo }: WorldPlan, nowMs: number): number | undefined {
  const isNearMidnight = requestDateOf(nowMs) !== requestDateOf(nowMs + 4 * hourMs)
  if (lastRunDaysAgo === undefined && !isNearMidnight) return undefined
  return nowMs - (lastRunDaysAgo ?? 0) * dayMs - 15 * minuteMs
}

function messageIdOf({ key }: MessagePlan, sentAtMs: number, index: number): string {
  switch (key) {
    case 'dated':
      return messageIdFor('251200670', sentAtMs, seededRandom(index + 1))
    case 'undated':
      return `qcloud-ses-0a1b2c${index}`
    case 'task':
      return taskMessageKey(String(index))
  }
}

function mailOf(recipient: string, messageId: string, sentAtMs: number, fate: Fate): SimulatedDelivery {
  return {
    messageId,
    recipient,
    from: 'notice@mail.example.com',
    subject: 'Your order has shipped',
    templateId: 123456,
    sentAtMs,
    headers: {},
    timeline: fates[fate].map((entry, index) => ({
      ...entries[entry],
      atMs: sentAtMs + (index + 1) * 5 * secondMs,
    })),
  }
}

function eventsOf(mail: SimulatedDelivery, known: Knowledge): readonly DeliveryEvent[] {
  const callbacks = mail.timeline.map((entry) => callbackEvent(mail, entry))
  switch (known) {
    case 'nothing':
      return []
    case 'sent':
      return [sendEvent(mail)]
    case 'first':
      return callbacks.slice(0, 1)
    case 'all':
      return callbacks
  }
}
