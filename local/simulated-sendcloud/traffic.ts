import type { SimulatedDelivery, TimelineEntry } from '../simulated-ses/mail.ts'
import { seededRandom } from '../simulated-ses/random.ts'
import type { Random } from '../simulated-ses/random.ts'
import { makeTraffic, type Manner } from '../simulated-ses/traffic.ts'
import { emailIdOf, messageIdFor } from './mail.ts'
import type { Reader, SendCloudDelivery, SendCloudEntry, SendCloudMessage } from './mail.ts'

const user = 144383
const apiUser = 'example_trigger'
const label = { id: 20418, name: 'orders' }
const readers: readonly Reader[] = [
  { ip: '203.0.113.24', explorerName: 'Chrome', explorerVer: '141.0.0.0', oSName: 'Windows 10', oSVer: '' },
  { ip: '198.51.100.7', explorerName: 'Mobile Safari', explorerVer: '18.6', oSName: 'iOS', oSVer: '18.6' },
]
/** The SendStatus with which Tencent says so. */
const hasUnsubscribed = 1013
const softBounces = [
  { subStat: 503, cause: '421 4.3.2 Service not available' },
  { subStat: 509, cause: '452 4.2.2 mailbox full' },
] as const

/**
 * The same kind of mail as {@link makeTraffic} makes, sent with SendCloud: `count` deliveries in the order of sending.
 * The same arguments give the same mail.
 */
export function makeSendCloudTraffic(
  wanted: Readonly<Record<'seed' | 'count' | 'fromMs' | 'overMs', number>> & Manner,
): SendCloudMessage[] {
  const random = seededRandom(wanted.seed)
  const byMessage = Map.groupBy(makeTraffic(wanted), ({ messageId }) => messageId)
  return [...byMessage.values()].map((deliveries) => messageFrom(deliveries, random))
}

function messageFrom(deliveries: readonly SimulatedDelivery[], random: Random): SendCloudMessage {
  const sentAtMs = Math.min(...deliveries.map((delivery) => delivery.sentAtMs)) + someMs(random)
  const messageId = messageIdFor(user, sentAtMs, random)
  return {
    messageId,
    apiUser,
    ...(random.chance(0.5) && { label }),
    headers: random.chance(0.3) ? { 'SC-Custom-Order': `order ${random.int(1000, 9999)}` } : {},
    sentAtMs,
    deliveries: deliveries.map(({ recipient, timeline }, index): SendCloudDelivery => ({
      messageId,
      recipient,
      emailId: emailIdOf(messageId, index, recipient),
      sentAtMs,
      timeline: timelineFrom(timeline, random),
    })),
  }
}

/** Timelines count whole seconds; the milliseconds keep each entry inside its own. */
function someMs(random: Random): number {
  return random.int(0, 999)
}

function timelineFrom(timeline: readonly TimelineEntry[], random: Random): SendCloudEntry[] {
  const reader = random.pick(readers)
  return timeline
    .flatMap((entry) => entryFrom(entry, reader, random))
    .sort((one, other) => one.atMs - other.atMs)
}

/** None for a deferral, which SendCloud does not report. */
function entryFrom(
  { kind, atMs, bounceType, sendStatus, link }: TimelineEntry,
  reader: Reader,
  random: Random,
): SendCloudEntry[] {
  const at = { atMs: atMs + someMs(random) }
  switch (kind) {
    case 'deferred':
      return []
    case 'delivered':
    case 'complained':
    case 'unsubscribed':
      return [{ kind, ...at }]
    case 'opened':
      return [{ kind, ...at, reader }]
    case 'clicked':
      return [{ kind, ...at, reader, ...(link !== undefined && { link }) }]
    case 'dropped':
      return [{ kind, ...at, subStat: sendStatus === hasUnsubscribed ? 402 : 401 }]
    case 'bounced':
      return bounceType === 'soft_bounce'
        ? [{ kind, ...at, bounceType, ...random.pick(softBounces) }]
        : [
            {
              kind,
              ...at,
              bounceType: 'hard_bounce',
              subStat: 406,
              cause: '551 5.1.1 recipient is not exist',
            },
          ]
  }
}
