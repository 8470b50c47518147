import { expect, it } from '@jest/globals'
import { parseFact } from '../../../lib/core/fact.ts'
import { joined } from '../../../lib/core/join.ts'
import { eventOf } from '../../../lib/core/stored-event.ts'
import { eventWith, sampleMessage } from '../../events.ts'

it('is what was reported, as far as the rules use it', () => {
  const bounced = eventWith({
    kind: 'bounced',
    bounceClass: 'hard',
    reply: '550 5.1.1 no such user',
    detail: '406 does not exist',
    provider: 'sendcloud',
    columns: { from: 'a@shop.example', fromDomain: 'shop.example', template: '7' },
  })
  const row = joined(undefined, bounced)
  expect(eventOf(row, 'bounced', row.facts.get('bounced')![0]!)).toEqual({
    provider: 'sendcloud',
    recipient: 'example@example.com',
    message: sampleMessage,
    kind: 'bounced',
    source: 'callback',
    occurredAtMs: Date.parse('2022-06-01T06:24:43Z'),
    bounceClass: 'hard',
    reply: '550 5.1.1 no such user',
    detail: '406 does not exist',
    code: 'subStat 406',
    columns: { from: 'a@shop.example', fromDomain: 'shop.example' },
    headers: new Map(),
  })
})

it('has no instant and no sender where none was reported', () => {
  const row = joined(undefined, eventWith({}))
  expect(eventOf(row, 'complained', parseFact('complained', 'time-unknown[poll]'))).toEqual({
    provider: 'tencent-ses',
    recipient: 'example@example.com',
    message: sampleMessage,
    kind: 'complained',
    source: 'poll',
    detail: '',
    columns: {},
    headers: new Map(),
  })
})
