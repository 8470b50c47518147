import { impliedStatus } from './delivery.ts'
import type { DeliveryEvent } from './event.ts'

/** The outcomes of a mail, as metrics count them. Deferrals and engagement are not outcomes. */
export type MailOutcome = 'delivered' | 'dropped' | 'soft-bounced' | 'bounced' | 'complained'

export type OutcomeCounts = Readonly<Partial<Record<MailOutcome, number>>>

/** `undefined` if the event is not an outcome. A bounce of unknown class counts as hard, as in the status. */
export function outcomeOf(event: DeliveryEvent): MailOutcome | undefined {
  switch (event.kind) {
    case 'delivered':
    case 'dropped':
    case 'complained':
      return event.kind
    case 'bounced':
      return impliedStatus(event) === 'soft-bounced' ? 'soft-bounced' : 'bounced'
    case 'requested':
    case 'deferred':
    case 'opened':
    case 'clicked':
    case 'unsubscribed':
    case 'unknown':
      return undefined
  }
}

/** The inputs of rates. Metric math has no value where one of its metrics has none, so zeros are published too. */
const ofRates: OutcomeCounts = { delivered: 0, 'soft-bounced': 0, bounced: 0, complained: 0 }

/** The number of each outcome, including zeros that rates need; empty if there is no outcome. */
export function countOutcomes(all: readonly (MailOutcome | undefined)[]): OutcomeCounts {
  const outcomes = all.filter((outcome) => outcome !== undefined)
  return outcomes.reduce<OutcomeCounts>(
    (counts, outcome) => ({ ...counts, [outcome]: (counts[outcome] ?? 0) + 1 }),
    outcomes.length === 0 ? {} : ofRates,
  )
}
