import { messageIdFor } from './mail.ts'
import type { SimulatedDelivery, TimelineEntry } from './mail.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'

/** A timeline entry that does not know yet when its mail is sent. */
interface Step extends Omit<TimelineEntry, 'atMs'> {
  readonly afterSeconds: number
}

const secondMs = 1000
const minuteSeconds = 60
const hourSeconds = 3600
const daySeconds = 24 * hourSeconds

const appId = '251200670'
const from = 'notice@mail.example.com'
const mostRecipients = 5
const templates = [
  { templateId: 123456, subject: 'Your order has shipped' },
  { templateId: 123457, subject: 'Reset your password' },
  { templateId: 123458, subject: 'Invoice for November' },
  { templateId: 223401, subject: '您的订单已发货' },
  { templateId: 223402, subject: '【重要通知】您的账户密码已修改,如非本人操作请立即联系我们' },
]
const names = ['li.wei', 'wang.fang', 'zhang.min', 'chen.jie', 'anna', 'j.smith', 'office', 'maria', 'o+news']
const domains = ['example.com', 'example.net', 'example.org', 'qq.example', 'mail.example']
const links = ['https://shop.example.com/orders', 'https://shop.example.com/help?from=mail&lang=zh']
const userAgents = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
]

/** How mail is spread and put off. */
export interface Manner {
  /** `diurnal`: most in the early afternoon of UTC+8, a ninth of that in the small hours. Default `even`. */
  readonly sends?: 'even' | 'diurnal'
  /**
   * `retried`: at growing intervals, as senders do that publish theirs, so that most are over within the hour.
   * Default `anywhere`: within 72 hours.
   */
  readonly deferrals?: 'anywhere' | 'retried'
}

/** Ages at which a mail that was put off is tried again; nobody tries after the last. A plausible guess. */
const retryMinutes = [5, 15, 30, 60, 120, 240, 480, 960, 1440, 2160, 2880, 3600, 4320]
/** Of a retry, that it is the last: a sixth of the mails take more than 4 hours, one in thirty more than 36. */
const retryEnds = 0.29

const unknownAddress = {
  kind: 'bounced',
  reason: '551 5.1.1 recipient is not exist',
  bounceType: 'hard_bounce',
} as const
const fullMailbox = { kind: 'bounced', reason: '452 4.2.2 mailbox full', bounceType: 'soft_bounce' } as const
const drops: readonly Omit<TimelineEntry, 'atMs'>[] = [
  { kind: 'dropped', reason: 'address is on the blocklist', sendStatus: 1007 },
  { kind: 'dropped', reason: 'recipient has unsubscribed', sendStatus: 1013 },
  { kind: 'dropped', reason: 'too many mails to the same address', sendStatus: 1006 },
  { kind: 'dropped', reason: 'content rejected' },
  { kind: 'dropped', reason: 'attachment type rejected' },
]

/** What becomes of a mail, and of how many in a thousand. */
const fates: readonly {
  readonly perMille: number
  readonly stepsOf: (random: Random, manner: Manner) => Step[]
}[] = [
  { perMille: 910, stepsOf: (random) => [{ kind: 'delivered', afterSeconds: promptly(random) }] },
  { perMille: 30, stepsOf: deferredSteps },
  { perMille: 30, stepsOf: (random) => [{ ...unknownAddress, afterSeconds: promptly(random) }] },
  { perMille: 15, stepsOf: softBouncedSteps },
  { perMille: 10, stepsOf: (random) => [{ ...random.pick(drops), afterSeconds: random.int(1, 10) }] },
  { perMille: 5, stepsOf: bouncedLaterSteps },
]

/**
 * Realistic mail, in the order of sending: `count` deliveries (a message has one to five of them), sent in whole
 * seconds from `fromMs` on, for `overMs`. What happens to them reaches up to weeks beyond. Delivery takes
 * 3 s to 5 min, and 72 h at most, as Tencent documents; the shares are a plausible guess. The same arguments give the same mail.
 */
export function makeTraffic({
  seed,
  count,
  fromMs,
  overMs,
  ...manner
}: {
  seed: number
  count: number
  fromMs: number
  overMs: number
} & Manner): SimulatedDelivery[] {
  const random = seededRandom(seed)
  const firstSecondMs = Math.ceil(fromMs / secondMs) * secondMs
  const lastSecond = Math.max(0, Math.floor(overMs / secondMs) - 1)
  const deliveries: SimulatedDelivery[] = []
  while (deliveries.length < count) {
    const sentAtMs = firstSecondMs + random.int(0, lastSecond) * secondMs
    if (manner.sends === 'diurnal' && !random.chance(busyness(sentAtMs))) continue
    deliveries.push(...messageSentAt(sentAtMs, random, { most: count - deliveries.length, manner }))
  }
  return deliveries.sort((one, other) => one.sentAtMs - other.sentAtMs)
}

/** How busy a time of day is, beside the busiest. */
function busyness(atMs: number): number {
  const dayShare = ((atMs + 8 * hourSeconds * secondMs) % (daySeconds * secondMs)) / (daySeconds * secondMs)
  return (5 - 4 * Math.cos(2 * Math.PI * (dayShare - 1 / 12))) / 9
}

function messageSentAt(
  sentAtMs: number,
  random: Random,
  { most, manner }: { most: number; manner: Manner },
): SimulatedDelivery[] {
  const recipients = random.chance(0.12) ? random.int(2, mostRecipients) : 1
  const message = {
    messageId: messageIdFor(appId, sentAtMs, random),
    from,
    ...random.pick(templates),
    sentAtMs,
    headers: random.chance(0.2) ? { 'X-Tencentcloudses-Cb-Order': `order ${random.int(1000, 9999)}` } : {},
  }
  return differentAddresses(random, Math.min(recipients, most)).map((recipient) => ({
    ...message,
    recipient,
    timeline: timelineFrom(sentAtMs, random, manner),
  }))
}

function differentAddresses(random: Random, count: number): string[] {
  const addresses = new Map<string, string>()
  while (addresses.size < count) {
    const name = `${random.pick(names)}${random.int(1, 9999)}`
    const address = `${random.chance(0.05) ? withCapital(name) : name}@${random.pick(domains)}`
    addresses.set(address.toLowerCase(), address)
  }
  return [...addresses.values()]
}

function withCapital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function timelineFrom(sentAtMs: number, random: Random, manner: Manner): TimelineEntry[] {
  const delivery = stepsOfSomeFate(random, manner)
  const last = delivery.at(-1)
  const reading = last?.kind === 'delivered' ? readingSteps(last.afterSeconds, random) : []
  return [...delivery, ...reading]
    .sort((one, other) => one.afterSeconds - other.afterSeconds)
    .map(({ afterSeconds, ...step }) => ({ ...step, atMs: sentAtMs + afterSeconds * secondMs }))
}

function stepsOfSomeFate(random: Random, manner: Manner): Step[] {
  let ticket = random.int(1, 1000)
  for (const { perMille, stepsOf } of fates) {
    if (ticket <= perMille) return stepsOf(random, manner)
    ticket -= perMille
  }
  throw new Error('fates: the parts do not add up to a thousand')
}

function promptly(random: Random): number {
  return random.int(3, 5 * minuteSeconds)
}

/** Put off at least once, then delivered or given up, 72 hours after sending at the latest. */
function deferredSteps(random: Random, { deferrals = 'anywhere' }: Manner): Step[] {
  const { tries, lastsSeconds } = deferrals === 'retried' ? retriedTries(random) : triesAnywhere(random)
  const end = random.pick([
    { kind: 'delivered' },
    { kind: 'delivered' },
    { kind: 'delivered' },
    fullMailbox,
    unknownAddress,
  ] as const)
  const deferred = tries.map((afterSeconds): Step => ({
    kind: 'deferred',
    reason: '451 4.7.1 try again later',
    afterSeconds,
  }))
  return [...deferred, { ...end, afterSeconds: lastsSeconds }]
}

interface Tries {
  /** When it was put off, in seconds after sending. */
  readonly tries: readonly number[]
  readonly lastsSeconds: number
}

/** One to four tries. */
function triesAnywhere(random: Random): Tries {
  const count = random.int(1, 4)
  const lastsSeconds = random.int(10 * minuteSeconds, 72 * hourSeconds)
  return { tries: distinctSeconds(random, { count, from: 3, to: lastsSeconds - 1 }), lastsSeconds }
}

/** A try at once, then one at each age of the schedule, up to two minutes late, but for the last. */
function retriedTries(random: Random): Tries {
  const tries = [random.int(3, minuteSeconds)]
  for (const minutes of retryMinutes.slice(0, -1)) {
    const afterSeconds = minutes * minuteSeconds + random.int(0, 2 * minuteSeconds)
    if (random.chance(retryEnds)) return { tries, lastsSeconds: afterSeconds }
    tries.push(afterSeconds)
  }
  return { tries, lastsSeconds: (retryMinutes.at(-1) ?? 0) * minuteSeconds }
}

/** Four of ten are delivered after all. */
function softBouncedSteps(random: Random): Step[] {
  const bounce: Step = { ...fullMailbox, afterSeconds: promptly(random) }
  if (!random.chance(0.4)) return [bounce]
  const laterSeconds = random.int(10 * minuteSeconds, 24 * hourSeconds)
  return [bounce, { kind: 'delivered', afterSeconds: bounce.afterSeconds + laterSeconds }]
}

function bouncedLaterSteps(random: Random): Step[] {
  const deliveredAfter = promptly(random)
  const bouncedAfter = deliveredAfter + random.int(minuteSeconds, 24 * hourSeconds)
  return [
    { kind: 'delivered', afterSeconds: deliveredAfter },
    { ...unknownAddress, afterSeconds: bouncedAfter },
  ]
}

/** What the reader does: four of ten open, some several times; some click; very few complain or unsubscribe. */
function readingSteps(deliveredAfter: number, random: Random): Step[] {
  const steps: Step[] = []
  if (random.chance(0.4)) steps.push(...openingSteps(deliveredAfter, random))
  if (random.chance(0.003)) {
    steps.push({ kind: 'complained', afterSeconds: deliveredAfter + random.int(daySeconds, 14 * daySeconds) })
  }
  return steps
}

function openingSteps(deliveredAfter: number, random: Random): Step[] {
  const userAgent = random.pick(userAgents)
  const firstOpen = deliveredAfter + random.int(20, random.pick([hourSeconds, daySeconds]))
  const opens = random.chance(0.3) ? random.int(2, 6) : 1
  const steps: Step[] = [{ kind: 'opened', afterSeconds: firstOpen, userAgent }]
  const later = { from: firstOpen + 1, to: firstOpen + 3 * daySeconds }
  for (const afterSeconds of distinctSeconds(random, { count: opens - 1, ...later })) {
    steps.push({ kind: 'opened', afterSeconds, userAgent })
  }
  const clicks = random.chance(0.2) ? random.int(1, 3) : 0
  for (const afterSeconds of distinctSeconds(random, {
    count: clicks,
    ...later,
    to: firstOpen + hourSeconds,
  })) {
    steps.push({ kind: 'clicked', afterSeconds, userAgent, link: random.pick(links) })
  }
  if (random.chance(0.01)) {
    steps.push({ kind: 'unsubscribed', afterSeconds: firstOpen + random.int(5, hourSeconds) })
  }
  return steps
}

/** So that no two entries of one kind fall into one second; in the order of time. */
function distinctSeconds(
  random: Random,
  { count, from, to }: { count: number; from: number; to: number },
): number[] {
  const seconds = new Set<number>()
  while (seconds.size < count) seconds.add(random.int(from, to))
  return [...seconds].sort((one, other) => one - other)
}
