import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { dayMs, secondMs } from '../../../lib/core/instant.ts'
import { callbackEvent, sendEvent } from '../../../bench/reconcile/callback-event.ts'
import {
  messageIdFor,
  type SimulatedDelivery,
  type TimelineEntry,
} from '../../../local/simulated-ses/mail.ts'
import type { Random } from '../../../local/simulated-ses/random.ts'

/** A mail to which something may still happen. */
export interface OpenMail extends SimulatedDelivery {
  readonly timeline: TimelineEntry[]
}

/** A mail, and the one thing that the ledger learns about it besides the poll. */
export interface ReportedMail {
  readonly mail: OpenMail
  readonly reported: DeliveryEvent | undefined
  /** Whether that leaves something to ask. */
  readonly isKnownAsPending: boolean
}

/** An entry that does not know yet when its mail is sent. */
type Step = Omit<TimelineEntry, 'atMs'> & { readonly afterMs: number }

const delivered = { kind: 'delivered' } as const
const deferred = { kind: 'deferred', reason: '451 4.7.1 try again later' } as const
const softBounced = { kind: 'bounced', reason: '452 4.2.2 mailbox full', bounceType: 'soft_bounce' } as const
const hardBounced = {
  kind: 'bounced',
  reason: '551 5.1.1 recipient is not exist',
  bounceType: 'hard_bounce',
} as const

/** What may become of a mail, each as likely as another, and all of it within four days but for a complaint. */
const fates: readonly ((random: Random) => readonly Step[])[] = [
  (random) => [{ ...delivered, afterMs: promptly(random) }, ...complained(random)],
  (random) => [
    { ...delivered, afterMs: promptly(random) },
    { kind: 'opened', afterMs: later(random) },
    ...complained(random),
  ],
  (random) => [
    { ...delivered, afterMs: promptly(random) },
    { ...hardBounced, afterMs: later(random) },
  ],
  (random) => [{ ...delivered, afterMs: later(random) }],
  (random) => [
    { ...deferred, afterMs: promptly(random) },
    { ...delivered, afterMs: later(random) },
    ...complained(random),
  ],
  (random) => [
    { ...deferred, afterMs: promptly(random) },
    { ...hardBounced, afterMs: later(random) },
  ],
  (random) => [
    { ...deferred, afterMs: promptly(random) },
    { ...softBounced, afterMs: later(random) },
  ],
  (random) => [{ ...softBounced, afterMs: promptly(random) }],
  (random) => [
    { ...softBounced, afterMs: promptly(random) },
    { ...delivered, afterMs: later(random) },
    ...complained(random),
  ],
  (random) => [
    { ...softBounced, afterMs: promptly(random) },
    { ...hardBounced, afterMs: later(random) },
  ],
  () => [{ kind: 'dropped', reason: 'address is on the blocklist', sendStatus: 1007, afterMs: 2 * secondMs }],
  () => [],
  (random) => [{ ...deferred, afterMs: promptly(random) }],
]

/** Of half of those that it could be, long after all else. */
function complained(random: Random): readonly Step[] {
  return random.chance(0.5) ? [{ kind: 'complained', afterMs: 10 * dayMs }] : []
}

/** Makes the deliveries of one message, sent in a whole second. */
export function messageSentAt(atMs: number, random: Random): readonly ReportedMail[] {
  const sentAtMs = Math.floor(atMs / secondMs) * secondMs
  const messageId = messageIdFor('251200670', sentAtMs, random)
  const recipients = random.chance(0.1) ? 3 : 1
  return Array.from({ length: recipients }, () => {
    const mail = {
      messageId,
      recipient: `${random.chance(0.1) ? 'Reader' : 'reader'}${random.int(1, 1e9)}@example.com`,
      from: 'notice@mail.example.com',
      subject: 'Your order has shipped',
      templateId: 123456,
      sentAtMs,
      headers: {},
      timeline: random
        .pick(fates)(random)
        .map(({ afterMs, ...step }) => ({ ...step, atMs: sentAtMs + afterMs })),
    }
    return { mail, ...knowledgeOf(mail, random) }
  })
}

/** A third was never heard of, of a third it is known that it was sent, of a third the first thing that happened. */
function knowledgeOf(mail: OpenMail, random: Random): Omit<ReportedMail, 'mail'> {
  const [first] = mail.timeline
  switch (random.pick(['nothing', 'sent', 'first'] as const)) {
    case 'nothing':
      return { reported: undefined, isKnownAsPending: false }
    case 'sent':
      return { reported: sendEvent(mail), isKnownAsPending: true }
    case 'first':
      if (!first) return { reported: undefined, isKnownAsPending: false }
      return {
        reported: callbackEvent(mail, first),
        isKnownAsPending: first.kind === 'deferred' || first.bounceType === 'soft_bounce',
      }
  }
}

/** Whether nothing will happen to the mail that is planned, and it has no outcome. */
export function isForgotten({ timeline }: OpenMail): boolean {
  return timeline.every(({ kind }) => kind === 'deferred')
}

/** Ends it at the instant: a mail that nothing was planned for. */
export function settle({ timeline }: OpenMail, atMs: number, random: Random): void {
  timeline.push({ ...random.pick([delivered, hardBounced]), atMs })
}

function promptly(random: Random): number {
  return random.int(3, 300) * secondMs
}

function later(random: Random): number {
  return random.int(600, random.pick([2, 24, 72]) * 3_600) * secondMs
}
