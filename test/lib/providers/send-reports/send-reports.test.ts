import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../../lib/core/event.ts'
import type { FieldProblem, Outcome } from '../../../../lib/providers/provider.ts'
import { providers } from '../../../../lib/providers/registry.ts'

const sent = providers.find(({ name }) => name === 'sent')!
const readText = (text: string, nowMs = Infinity) =>
  sent.read({ body: new TextEncoder().encode(text), contentType: 'application/json' }, nowMs)
const read = (body: unknown) => readText(JSON.stringify(body))

/** Sent 2026-11-21 12:00:00 in UTC+8, as it says itself. */
const dated = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
const undated = 'qcloud-ses-09af3b'
const datedMs = Date.parse('2026-11-21T04:00:00Z')

/** The least that is a send, but for what a test says about it. */
const sendWith = (reported: Readonly<Record<string, unknown>> = {}) => ({
  messageId: dated,
  recipients: 'reader@example.com',
  ...reported,
})
const leastEvent: DeliveryEvent = {
  provider: 'tencent-ses',
  recipient: 'reader@example.com',
  message: dated,
  kind: 'requested',
  source: 'callback',
  occurredAtMs: datedMs,
  detail: '',
  columns: {},
  headers: new Map(),
}

function eventsOf(outcomes: readonly Outcome[]): readonly DeliveryEvent[] {
  return outcomes.map((outcome) => {
    if (outcome.type !== 'event') throw new Error(`Expected events, got ${JSON.stringify(outcomes)}`)
    return outcome.event
  })
}

const problemsOf = (outcomes: readonly Outcome[]): readonly FieldProblem[] =>
  outcomes.flatMap((outcome) => (outcome.type === 'invalid' ? outcome.problems : []))

describe('a send', () => {
  it('is one requested event', () => {
    expect(eventsOf(read(sendWith()))).toEqual([leastEvent])
  })

  it('is one for each recipient, each by its bare address and in the spelling that came', () => {
    const recipients = ['reader@example.com', '"Body, Some" <Second@Example.com>', ' Third@example.com ']
    expect(eventsOf(read(sendWith({ recipients })))).toEqual([
      leastEvent,
      { ...leastEvent, recipient: 'second@example.com', spelling: 'Second@Example.com' },
      { ...leastEvent, recipient: 'third@example.com', spelling: 'Third@example.com' },
    ])
  })

  it.each(['9007199254740993', '12345678901234567890'])('of a MessageId of digits keeps each: %s', (id) => {
    const text = `{"messageId":${id},"recipients":"reader@example.com","sentAt":1654064679}`
    expect(eventsOf(readText(text))).toEqual([{ ...leastEvent, message: id, occurredAtMs: 1654064679_000 }])
  })

  it('may be one of several in a body', () => {
    const second = sendWith({ messageId: undated, sentAt: '2022-06-01T06:24:39Z' })
    expect(eventsOf(read([sendWith(), second]))).toEqual([
      leastEvent,
      { ...leastEvent, message: undated, occurredAtMs: 1654064679_000 },
    ])
  })

  it('may hold fields that nobody knows, and null where nothing is meant', () => {
    const reported = { subject: 'about it', __proto__: { a: 1 }, sentAt: null, provider: null }
    expect(eventsOf(read(sendWith(reported)))).toEqual([leastEvent])
  })

  it('is of the provider that it names', () => {
    const messageId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'
    const reported = { messageId, provider: 'sendcloud', sentAt: 1795233600 }
    expect(eventsOf(read(sendWith(reported)))).toEqual([
      { ...leastEvent, provider: 'sendcloud', message: messageId },
    ])
  })

  it.each([
    '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0',
    '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$reader@example.com',
    ' 1795233600123_144383_11771_2575.sc-10_9_13_218-inbound12$other@example.com ',
  ])('stands under the key of SendCloud’s callbacks where %s is what sending returned', (messageId) => {
    const [event] = eventsOf(read(sendWith({ messageId, provider: 'sendcloud', sentAt: 1795233600 })))
    expect(event!.message).toBe('1795233600123_144383_11771_2575.sc-10_9_13_218-inbound')
  })
})

describe('when a mail was sent', () => {
  const sentAtOf = (reported: Readonly<Record<string, unknown>>) =>
    new Date(eventsOf(read(sendWith(reported)))[0]!.occurredAtMs!).toISOString()

  it.each<[unknown, string]>([
    ['2026-11-21T08:00:00Z', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T16:00:00+08:00', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T02:30-05:30', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T08:00:00.999999Z', '2026-11-21T08:00:00.000Z'],
    [' 2028-02-29T08:00:00Z', '2028-02-29T08:00:00.000Z'],
    [1654064679, '2022-06-01T06:24:39.000Z'],
    ['1654064679', '2022-06-01T06:24:39.000Z'],
  ])('is read from %j, to the second', (sentAt, expected) => {
    expect(sentAtOf({ messageId: undated, sentAt })).toBe(expected)
  })

  it.each([1795233612, '2026-11-21T03:59:58Z', '2022-06-01T06:24:39Z'])(
    'is what the MessageId contains, if any, and not %j',
    (sentAt) => {
      expect(sentAtOf({ sentAt })).toBe('2026-11-21T04:00:00.000Z')
    },
  )

  it.each([
    '2026-11-21T08:00:00',
    '2026-11-21',
    '2026-11-21 08:00:00Z',
    '2026-02-29T08:00:00Z',
    '2026-11-21T25:00:00Z',
    'Sat, 21 Nov 2026 08:00:00 GMT',
    '',
    '1999-12-31T23:59:59Z',
    '2100-01-01T00:00:01Z',
    946684799,
    4102444801,
    '1.2.3',
    true,
    {},
  ])('is not read from %j, even where the MessageId contains it', (sentAt) => {
    for (const messageId of [undated, dated]) {
      const outcomes = read(sendWith({ messageId, sentAt }))
      expect(problemsOf(outcomes).map(({ pointer }) => pointer)).toEqual(['/sentAt'])
    }
  })
})

describe('when a send was', () => {
  it.each([
    [1795233600],
    ['1795233600'],
    [1795233600123],
    ['1795233600123'],
    [1795233600.5],
    ['1795233600.999'],
  ])('is read from Unix seconds or milliseconds: %j', (sentAt) => {
    expect(eventsOf(read(sendWith({ messageId: undated, sentAt })))).toEqual([
      { ...leastEvent, message: undated, occurredAtMs: datedMs },
    ])
  })

  it.each([
    [{ messageId: undated, sentAt: 1795233600 }, '/sentAt', 'a number'],
    [{ messageId: undated, sentAt: '2026-11-21T04:00:00Z' }, '/sentAt', 'a string'],
    [{ messageId: dated }, '/messageId', 'a string'],
    [{ messageId: dated, sentAt: '2026-11-20T04:00:00Z' }, '/messageId', 'a string'],
  ])('is not more than a day ahead of our clock: %j', (reported, pointer, received) => {
    const text = JSON.stringify(sendWith(reported))
    const expected = 'an instant at most a day ahead of our clock'
    expect(readText(text, datedMs - 86_400_001)).toEqual([
      { type: 'invalid', problems: [{ pointer, expected, received: `${received} beyond it` }] },
    ])
    expect(eventsOf(readText(text, datedMs - 86_400_000))).toHaveLength(1)
  })

  it('is read from a MessageId in angle brackets, too', () => {
    expect(eventsOf(read(sendWith({ messageId: ` <${dated}> ` })))).toEqual([leastEvent])
  })
})

describe('what is wrong with a send', () => {
  const instantShape = 'ISO 8601 with a time zone, such as 2026-11-21T08:00:00Z, or Unix seconds'
  const messageIdShape = 'the MessageId that sending returned'
  const asIdentifier = `${messageIdShape}, at most 512 bytes without white space or #`

  it.each<[string, object, FieldProblem[]]>([
    [
      'no MessageId',
      { messageId: undefined },
      [{ pointer: '/messageId', expected: messageIdShape, received: 'nothing' }],
    ],
    [
      'a MessageId of two words',
      { messageId: 'two words' },
      [{ pointer: '/messageId', expected: asIdentifier, received: 'a string' }],
    ],
    [
      'the key of a task',
      { messageId: 'task:77' },
      [{ pointer: '/messageId', expected: 'a MessageId, not the key of a task', received: 'a string' }],
    ],
    [
      'an emailId that names no message',
      { messageId: '0$reader@example.com', provider: 'sendcloud', sentAt: 1795233600 },
      [{ pointer: '/messageId', expected: messageIdShape, received: 'a string' }],
    ],
    [
      'no date where the MessageId contains none',
      { messageId: undated },
      [
        {
          pointer: '/sentAt',
          expected: `${instantShape}, since this MessageId contains no time`,
          received: 'nothing',
        },
      ],
    ],
    [
      'Unix microseconds',
      { sentAt: 1795233600123000 },
      [
        {
          pointer: '/sentAt',
          expected: 'Unix seconds or milliseconds between the years 2000 and 2100, such as 1654064683',
          received: 'a number',
        },
      ],
    ],
    [
      'another provider',
      { provider: 'postmark' },
      [{ pointer: '/provider', expected: 'one of tencent-ses, sendcloud', received: 'a string' }],
    ],
    [
      'itself as the provider',
      { provider: 'sent' },
      [{ pointer: '/provider', expected: 'one of tencent-ses, sendcloud', received: 'a string' }],
    ],
    [
      'no recipients',
      { recipients: undefined },
      [{ pointer: '/recipients', expected: 'one email address', received: 'nothing' }],
    ],
    [
      'a list of none',
      { recipients: [] },
      [{ pointer: '/recipients', expected: 'at least one email address', received: 'an array' }],
    ],
    [
      'a list in one text',
      { recipients: 'A <a@example.com>, B <b@example.com>' },
      [{ pointer: '/recipients', expected: 'one email address', received: 'a string' }],
    ],
    [
      'several things',
      { messageId: 7.5, provider: 1, sentAt: 'today', recipients: ['reader@example.com', 7] },
      [
        { pointer: '/provider', expected: 'one of tencent-ses, sendcloud', received: 'a number' },
        { pointer: '/messageId', expected: messageIdShape, received: 'a number' },
        { pointer: '/sentAt', expected: instantShape, received: 'a string' },
        { pointer: '/recipients/1', expected: 'one email address', received: 'a number' },
      ],
    ],
  ])('is reported for %s', (_, reported, problems) => {
    const outcomes = read(sendWith({ ...reported }))
    expect(outcomes).toEqual([{ type: 'invalid', problems }])
  })

  it('stops no other recipient and no other send, and says where it stands', () => {
    const outcomes = read([
      sendWith({ recipients: ['nobody', 'second@example.com'] }),
      'a send',
      sendWith({ messageId: '' }),
      sendWith(),
    ])
    expect(outcomes).toEqual([
      {
        type: 'invalid',
        problems: [{ pointer: '/0/recipients/0', expected: 'one email address', received: 'a string' }],
      },
      { type: 'event', event: { ...leastEvent, recipient: 'second@example.com' } },
      {
        type: 'invalid',
        problems: [
          { pointer: '/1', expected: 'an object with messageId and recipients', received: 'a string' },
        ],
      },
      {
        type: 'invalid',
        problems: [{ pointer: '/2/messageId', expected: asIdentifier, received: 'an empty string' }],
      },
      { type: 'event', event: leastEvent },
    ])
  })

  it.each([
    ['[]', 'at least one send', 'an empty array'],
    ['{"messageId":', 'JSON', '13 bytes that are not JSON'],
  ])('is the whole body where that is %s', (text, expected, received) => {
    expect(readText(text)).toEqual([{ type: 'unreadable', problem: { pointer: '', expected, received } }])
  })
})
