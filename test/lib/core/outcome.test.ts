import { expect, it } from '@jest/globals'
import type { BounceClass, EventKind } from '../../../lib/core/event.ts'
import { countOutcomes, outcomeOf, type MailOutcome } from '../../../lib/core/outcome.ts'
import { eventWith } from '../../events.ts'

it.each<[EventKind, BounceClass | undefined, MailOutcome | undefined]>([
  ['delivered', undefined, 'delivered'],
  ['dropped', undefined, 'dropped'],
  ['complained', undefined, 'complained'],
  ['bounced', 'hard', 'bounced'],
  ['bounced', 'undetermined', 'bounced'],
  ['bounced', 'soft', 'soft-bounced'],
  ['requested', undefined, undefined],
  ['deferred', undefined, undefined],
  ['opened', undefined, undefined],
  ['clicked', undefined, undefined],
  ['unsubscribed', undefined, undefined],
  ['unknown', undefined, undefined],
])('%s, %s, is the outcome %s', (kind, bounceClass, outcome) => {
  expect(outcomeOf(eventWith({ kind, ...(bounceClass && { bounceClass }) }))).toBe(outcome)
})

it('counts outcomes, with the zeros that rates need, where there are any', () => {
  expect(countOutcomes(['dropped', undefined, 'dropped', 'bounced'])).toEqual({
    delivered: 0,
    'soft-bounced': 0,
    bounced: 1,
    complained: 0,
    dropped: 2,
  })
  expect(countOutcomes([undefined])).toEqual({})
  expect(countOutcomes([])).toEqual({})
})
