import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Overview } from '../../../cli/pages/overview.ts'
import type { Delivery } from '../../../lib/core/delivery.ts'
import { joined } from '../../../lib/core/join.ts'
import { eventWith } from '../../events.ts'
import { times } from '../../strength.ts'

const bounced = { kind: 'bounced', bounceClass: 'hard' } as const

function mail(day: string, recipient: string, rest: Parameters<typeof eventWith>[0]): Delivery {
  const message = `qcloudses-30-251200670-date-${day}120000-${recipient.replaceAll(/\W/g, '')}`
  const occurredAtMs = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T04:00:05Z`)
  return joined(undefined, eventWith({ message, recipient, occurredAtMs, ...rest }))
}

/** Nothing shows when it was sent. */
function withoutDay(): Delivery {
  const event = { ...eventWith({ recipient: 'fi@example.com', message: 'no-day', source: 'poll' }) }
  delete event.occurredAtMs
  return joined(undefined, event)
}

const mails = [
  mail('20220601', 'ann@qq.com', { columns: { template: '1' } }),
  mail('20220601', 'ben@163.com', {
    ...bounced,
    reply: '550 5.1.1 no such user',
    columns: { template: '1' },
  }),
  mail('20220602', 'cy@163.com', { ...bounced, reply: '550 5.1.1 no such user' }),
  mail('20220602', 'di@example.com', { ...bounced, reply: '452 4.2.2 mailbox full', bounceClass: 'soft' }),
  mail('20220603', 'ed@example.com', { kind: 'dropped', detail: '1007 blocked' }),
  withoutDay(),
]

function shownOf(rows: readonly Delivery[]): object {
  const overview = new Overview({ from: '2022-06-01', to: '2022-06-02' }, 2)
  for (const row of rows) overview.add(row)
  return {
    byDay: overview.tableBy('day', 10),
    byProvider: overview.tableBy('mailbox-provider', 10),
    byTemplate: overview.tableBy('template', 10),
    reasons: overview.reasons(1),
    problems: overview.problems().map(({ delivery }) => delivery.recipient),
    rows: overview.rows,
    undated: overview.undated,
  }
}

describe('an overview', () => {
  it('counts the mails of its range alone, by each grouping, and holds the latest problems', () => {
    const overview = new Overview({ from: '2022-06-01', to: '2022-06-02' }, 2)
    for (const row of mails) overview.add(row)
    const groups = (by: 'day' | 'mailbox-provider' | 'template') =>
      overview.tableBy(by, 10).groups.map(({ group, mails: ofGroup }) => [group, ofGroup])
    expect(groups('day')).toEqual([
      ['2022-06-01', 2],
      ['2022-06-02', 2],
    ])
    expect(groups('mailbox-provider')).toEqual([
      ['netease', 2],
      ['other', 1],
      ['qq', 1],
    ])
    expect(groups('template')).toEqual([
      ['(unknown)', 2],
      ['1', 2],
    ])
    expect(overview.reasons(1)).toMatchObject({ mails: 3, others: 1, shown: [{ class: 'gone', mails: 2 }] })
    expect(overview.problems().map(({ delivery }) => delivery.recipient)).toEqual([
      'cy@163.com',
      'di@example.com',
    ])
    expect([overview.rows, overview.undated]).toEqual([6, 1])
  })

  it('is the same in whatever order the rows are read', () => {
    const expected = shownOf(mails)
    fc.assert(
      fc.property(fc.shuffledSubarray(mails, { minLength: mails.length }), (rows) => {
        expect(shownOf(rows)).toEqual(expected)
      }),
      { numRuns: times({ quick: 50, proof: 1_000 }) },
    )
  })
})
