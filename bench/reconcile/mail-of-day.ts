import { dayMs, secondMs } from '../../lib/core/instant.ts'
import type { SendCloudMessage } from '../../local/simulated-sendcloud/mail.ts'
import { makeSendCloudTraffic } from '../../local/simulated-sendcloud/traffic.ts'
import type { SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { seededRandom } from '../../local/simulated-ses/random.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import type { PlayedMail } from './played-mail.ts'
import { outageOf, startMs, type Scenario } from './scenario.ts'

/** A mail, and when the callback of each of its entries arrives; `undefined` for one that never does. */
export interface ReportedMail {
  readonly delivery: PlayedMail
  readonly arrivalsMs: readonly (number | undefined)[]
}

const mostPromptSeconds = 5

/** All mail of a day, in the order of sending. The same day of the same scenario is the same mail. */
export function mailOfDay(scenario: Scenario, day: number): readonly SimulatedDelivery[] {
  return makeTraffic(trafficOf(scenario, day))
}

/**
 * The same sent with SendCloud, which reports no deferrals. Complaints and unsubscribes are left out: its lists of mails do not show
 * them, but lists of its own that are not read here.
 */
export function messagesOfDay(scenario: Scenario, day: number): readonly SendCloudMessage[] {
  return makeSendCloudTraffic(trafficOf(scenario, day)).map((message) => ({
    ...message,
    deliveries: message.deliveries.map((delivery) => ({
      ...delivery,
      timeline: delivery.timeline.filter(({ kind }) => kind !== 'complained' && kind !== 'unsubscribed'),
    })),
  }))
}

function trafficOf(scenario: Scenario, day: number) {
  return {
    seed: seedOf(scenario, day),
    count: countOf(scenario, day),
    fromMs: startMs + day * dayMs,
    overMs: dayMs,
    sends: 'diurnal',
    deferrals: scenario.deferrals,
  } as const
}

/** No day is like another, so that lists end anywhere in a page; two days together have twice the scenario's number. */
function countOf({ mailsPerDay, days, seed }: Scenario, day: number): number {
  const isLastOfOdd = days % 2 === 1 && day === days - 1
  const pair = Math.floor(day / 2)
  const more = seededRandom(seed * 1_000 + 500 + pair).int(0, Math.floor(mailsPerDay / 10))
  return isLastOfOdd ? mailsPerDay : mailsPerDay + (day % 2 === 0 ? more : -more)
}

/** All mail of a day with its callbacks. */
export function reportedMailOfDay(scenario: Scenario, day: number): readonly ReportedMail[] {
  const mails =
    scenario.provider === 'sendcloud'
      ? messagesOfDay(scenario, day).flatMap(({ deliveries }) => deliveries)
      : mailOfDay(scenario, day)
  return reported(scenario, day, mails)
}

/** The mail with its callbacks: what is not lost comes within seconds. @param mails - all of the day */
export function reported(
  scenario: Scenario,
  day: number,
  mails: readonly PlayedMail[],
): readonly ReportedMail[] {
  const random = seededRandom(-1 - seedOf(scenario, day))
  const outage = outageOf(scenario)
  const arrivalOf = (atMs: number) => {
    const arrivesAtMs = atMs + random.int(1, mostPromptSeconds) * secondMs
    const isLost = random.chance(scenario.lossRate)
    const isInOutage = outage && arrivesAtMs >= outage.fromMs && arrivesAtMs < outage.untilMs
    return isLost || isInOutage ? undefined : arrivesAtMs
  }
  return mails.map((delivery) => ({
    delivery,
    arrivalsMs: delivery.timeline.map(({ atMs }) => arrivalOf(atMs)),
  }))
}

function seedOf({ seed }: Scenario, day: number): number {
  return seed * 1_000 + day
}
