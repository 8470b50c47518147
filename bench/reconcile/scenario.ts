import { dayMs, hourMs, requestDateStartMs } from '../../lib/core/instant.ts'

/** What happens to the mail and to its callbacks. */
export interface Scenario {
  /** With whom mail is sent. */
  readonly provider: 'tencent-ses' | 'sendcloud'
  readonly mailsPerDay: number
  /** Days on which mail is sent; after them everything is given 31 days to settle. */
  readonly days: number
  /** The share of callbacks that never arrive. */
  readonly lossRate: number
  /** Whether the sender records each mail when it sends it. */
  readonly isRecorded: boolean
  /** Whether all callbacks of one hour are lost as well. */
  readonly hasOutage: boolean
  /** Where deferred mails go: `retried` as senders do, or `anywhere` within 72 h, which is harder. */
  readonly deferrals: 'retried' | 'anywhere'
  readonly seed: number
}

/** The first request date, from its beginning in UTC+8. */
export const startMs = requestDateStartMs('2026-11-02')

/** How long after the last send everything is left to settle: the provider reports for 30 days. */
const settlingDays = 31

/** Days of the whole simulation. */
export function playedDays(scenario: Scenario): number {
  return scenario.days + settlingDays
}

export function endMs(scenario: Scenario): number {
  return startMs + playedDays(scenario) * dayMs
}

/** The hour without callbacks: at the busiest time of a day in the middle. */
export function outageOf(
  scenario: Scenario,
): { readonly fromMs: number; readonly untilMs: number } | undefined {
  if (!scenario.hasOutage) return undefined
  const fromMs = startMs + Math.floor(scenario.days / 2) * dayMs + 13.5 * hourMs
  return { fromMs, untilMs: fromMs + hourMs }
}

/** One line that identifies the scenario. */
export function titleOf({ mailsPerDay, days, lossRate, isRecorded, ...scenario }: Scenario): string {
  return [
    `${scenario.provider === 'sendcloud' ? 'SendCloud' : 'Tencent SES'}: ${thousands(mailsPerDay)} mails a day for ${days} ${days === 1 ? 'day' : 'days'}`,
    `${Number((100 * lossRate).toFixed(4))} % of callbacks lost`,
    ...(scenario.hasOutage ? ['and all of one hour'] : []),
    isRecorded ? 'sends recorded' : 'sends not recorded',
    ...(scenario.deferrals === 'anywhere' ? ['deferrals anywhere in 72 h'] : []),
    `seed ${scenario.seed}`,
  ].join(', ')
}

/** `100 000` for 100000. */
export function thousands(count: number): string {
  return String(Math.round(count)).replaceAll(/\B(?=(?:\d{3})+$)/g, ' ')
}
