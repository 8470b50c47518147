import { impliedStatus } from './delivery.ts'
import type { DeliveryEvent } from './event.ts'

/** What a mail may come to, as metrics count it: with an event that says so, and no deferral or opening on the way. */
export type MailOutcome = 'delivered' | 'dropped' | 'soft-bounced' | 'bounced' | 'complained'

export type OutcomeCounts = Readonly<Partial<Record<MailOutcome, number>>>

/** `undefined` where the event tells of no outcome. A bounce whose class is not known is a hard one, as in the status. */
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

/** What rates are made of. Metric math has no value where one of its metrics has none, so zeros are told with the others. */
const ofRates: OutcomeCounts = { delivered: 0, 'soft-bounced': 0, bounced: 0, complained: 0 }

/** How many came to what, zeros of rates included; nothing where there is no outcome among them. */
export function countOutcomes(all: readonly (MailOutcome | undefined)[]): OutcomeCounts {
  const outcomes = all.filter((outcome) => outcome !== undefined)
  return outcomes.reduce<OutcomeCounts>(
    (counts, outcome) => ({ ...counts, [outcome]: (counts[outcome] ?? 0) + 1 }),
    outcomes.length === 0 ? {} : ofRates,
  )
}
