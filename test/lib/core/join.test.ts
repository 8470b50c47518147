import { expect, it } from '@jest/globals'
import { joined } from '../../../lib/core/join.ts'
import { eventWith, sampleMessage } from '../../events.ts'

const sentAtMs = Date.parse('2022-06-01T06:24:39Z')
const opened = eventWith({ kind: 'opened', occurredAtMs: Date.parse('2022-06-01T07:00:00Z') })

it('makes a row of one event', () => {
  const row = joined(
    undefined,
    eventWith({
      sentAtMs,
      spelling: 'Example@example.com',
      emailId: '1$example@example.com',
      columns: { template: '7', from: 'a@shop.example' },
      headers: new Map([['SC-Custom-Order', '4711']]),
    }),
  )
  expect(row).toMatchObject({
    recipient: 'example@example.com',
    message: sampleMessage,
    provider: 'tencent-ses',
    status: 'delivered',
    spellings: ['Example@example.com'],
    emailIds: ['1$example@example.com'],
  })
  expect([...row.facts].map(([kind, facts]) => [kind, facts.map(({ text }) => text)])).toEqual([
    ['delivered', ['2022-06-01T06:24:43Z']],
    ['requested', ['2022-06-01T06:24:39Z']],
  ])
  expect([...row.columns]).toEqual([
    ['SC-Custom-Order', '4711'],
    ['from', 'a@shop.example'],
    ['sentAt', '2022-06-01T06:24:39Z'],
    ['template', '7'],
  ])
})

it('has only what was reported, where its key does not say when the message was sent', () => {
  const row = joined(undefined, eventWith({ message: 'qcloud-ses-09af3b' }))
  expect([row.spellings, row.emailIds, [...row.columns], [...row.facts.keys()]]).toEqual([
    [],
    [],
    [],
    ['delivered'],
  ])
})

it('unites what several events report, each fact once and in order of time', () => {
  const [first, again, earlier] = [
    eventWith({ spelling: 'b', emailId: '2' }),
    eventWith({ spelling: 'b', emailId: '2' }),
    eventWith({ occurredAtMs: Date.parse('2022-06-01T06:24:40Z'), spelling: 'a', emailId: '1' }),
  ]
  const row = [first, again, earlier, opened].reduce<ReturnType<typeof joined> | undefined>(
    joined,
    undefined,
  )!
  expect(row.facts.get('delivered')?.map(({ text }) => text)).toEqual([
    '2022-06-01T06:24:40Z',
    '2022-06-01T06:24:43Z',
  ])
  expect(row.facts.get('opened')).toHaveLength(1)
  expect([row.spellings, row.emailIds]).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ])
})

it('raises the status, and never lowers it', () => {
  const delivered = joined(undefined, eventWith({}))
  expect(joined(delivered, eventWith({ kind: 'deferred' })).status).toBe('delivered')
  expect(joined(delivered, eventWith({ kind: 'bounced', bounceClass: 'hard' })).status).toBe('bounced')
  expect(joined(undefined, eventWith({ kind: 'deferred' })).status).toBe('deferred')
})

it('sets a column, and the provider, once', () => {
  const first = joined(undefined, eventWith({ columns: { template: '7' } }))
  const second = joined(
    first,
    eventWith({ provider: 'sendcloud', columns: { template: '8', subject: 'Hi' } }),
  )
  expect(second.provider).toBe('tencent-ses')
  expect([second.columns.get('template'), second.columns.get('subject')]).toEqual(['7', 'Hi'])
})
