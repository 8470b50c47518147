import { expect, it } from '@jest/globals'
import type { Delivery, Status } from '../../../lib/core/delivery.ts'
import type { EventKind } from '../../../lib/core/event.ts'
import { parseFact } from '../../../lib/core/fact.ts'
import { problemOf, type Problem } from '../../../lib/core/problem.ts'
import { sampleMessage } from '../../events.ts'

type Facts = Partial<Record<EventKind, readonly string[]>>

function rowWith(status: Status, facts: Facts): Delivery {
  return {
    recipient: 'example@example.com',
    message: sampleMessage,
    provider: 'tencent-ses',
    status,
    facts: new Map(
      (Object.entries(facts) as [EventKind, string[]][]).map(([kind, lines]) => [
        kind,
        lines.map((line) => parseFact(kind, line)),
      ]),
    ),
    spellings: [],
    emailIds: [],
    columns: new Map(),
  }
}

const at = '2022-06-01T06:24:43Z'
const bounced = [`${at} soft 452 4.2.2 mailbox full`, '2022-06-01T07:00:00Z hard 550 5.1.1 no such user']

it.each<[string, Status, Facts, Problem | undefined]>([
  [
    'the last bounce, by its reply',
    'bounced',
    { bounced },
    { status: 'bounced', class: 'gone', words: '550 5.1.1 no such user' },
  ],
  [
    'a soft bounce',
    'soft-bounced',
    { bounced: bounced.slice(0, 1) },
    { status: 'soft-bounced', class: 'full', words: '452 4.2.2 mailbox full' },
  ],
  [
    "a bounce without a reply, by the provider's words",
    'bounced',
    { bounced: [`${at} hard ¦ it does not exist`] },
    { status: 'bounced', class: 'unknown', words: 'it does not exist' },
  ],
  ['a bounce of which no fact is kept', 'bounced', {}, { status: 'bounced', class: 'unknown', words: '' }],
  [
    'a complaint, whatever came before it',
    'delivered',
    { delivered: [at], complained: [`${at} spam button`] },
    { status: 'complained', words: 'spam button' },
  ],
  [
    'a drop',
    'dropped',
    { dropped: [`${at} 1007 on the blocklist`] },
    { status: 'dropped', words: '1007 on the blocklist' },
  ],
  [
    'a deferral, by its reply',
    'deferred',
    { deferred: [`${at} 450 4.2.0 greylisted`] },
    { status: 'deferred', words: '450 4.2.0 greylisted' },
  ],
  ['nothing, where it was delivered after all', 'delivered', { bounced, delivered: [at] }, undefined],
  ['nothing, where it is under way', 'requested', { requested: [at] }, undefined],
  ['nothing, where nobody knows', 'unknown', { unknown: [at] }, undefined],
])('what is wrong is %s', (_what, status, facts, problem) => {
  expect(problemOf(rowWith(status, facts))).toEqual(problem)
})
