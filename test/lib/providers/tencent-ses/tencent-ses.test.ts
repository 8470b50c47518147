import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { BounceClass, DeliveryEvent, EventKind } from '../../../../lib/core/event.ts'
import type { FieldProblem, Outcome } from '../../../../lib/providers/provider.ts'
import { tencentSes } from '../../../../lib/providers/tencent-ses/tencent-ses.ts'
import { anyText } from '../../../any-text.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const readBytes = (body: Uint8Array, nowMs = Infinity) =>
  tencentSes.read({ body, contentType: 'application/json' }, nowMs)
const readText = (text: string) => readBytes(bytesOf(text))
const read = (body: unknown) => readText(JSON.stringify(body))
const fixture = (name: string) =>
  readBytes(readFileSync(new URL(`../../../fixtures/tencent-ses/${name}.json`, import.meta.url)))

const unixTimeShape = 'Unix seconds or milliseconds between the years 2000 and 2100, such as 1654064683'

/** The least that is an event, but for what a test says about it. */
const bodyWith = (reported: Readonly<Record<string, unknown>> = {}) => ({
  event: 'delivered',
  email: 'reader@example.com',
  bulkId: 'qcloud-ses-09af3b',
  timestamp: 1654064683,
  ...reported,
})
const leastEvent = {
  provider: 'tencent-ses',
  recipient: 'reader@example.com',
  message: 'qcloud-ses-09af3b',
  kind: 'delivered',
  source: 'callback',
  occurredAtMs: 1654064683_000,
  detail: '',
  columns: {},
  headers: new Map(),
}

function onlyEventOf(outcomes: readonly Outcome[]): DeliveryEvent {
  const [outcome] = outcomes
  if (outcomes.length !== 1 || outcome?.type !== 'event') {
    throw new Error(`Expected one event, got ${JSON.stringify(outcomes)}`)
  }
  return outcome.event
}

function problemsOf(outcomes: readonly Outcome[]): readonly FieldProblem[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.type === 'event' || outcome.type === 'inbound') return []
    return outcome.type === 'invalid' ? outcome.problems : [outcome.problem]
  })
}

const eventOf = (reported: Readonly<Record<string, unknown>>) => onlyEventOf(read(bodyWith(reported)))
const typesOf = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.type)
const pointersOf = (body: unknown) => {
  const outcomes = read(body)
  expect(typesOf(outcomes)).toEqual(['invalid'])
  return problemsOf(outcomes).map((problem) => problem.pointer)
}

describe("the documents' own samples", () => {
  const sample = {
    provider: 'tencent-ses',
    recipient: 'example@example.com',
    message: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
    kind: 'bounced',
    source: 'callback',
    occurredAtMs: 1654064683_000,
    bounceClass: 'hard',
    reply: '551 5.1.1 recipient is not exist',
    detail: '',
    columns: {
      account: '251200670',
      from: 'test@fromexample.com',
      fromDomain: 'fromexample.com',
      template: '123456',
    },
    headers: new Map(),
  }

  it.each([['2022-bounce'], ['2024-03-bounce']])('%s reports a hard bounce', (name) => {
    expect(onlyEventOf(fixture(name))).toEqual(sample)
  })

  it('2025-10-bounce reports subject, Message-ID, sent time and the sender’s own header too', () => {
    expect(onlyEventOf(fixture('2025-10-bounce'))).toEqual({
      ...sample,
      columns: {
        ...sample.columns,
        subject: 'example subject',
        rfcMessageId: 'ea2783c1-7704-48a8-af36-2b9e83e767ec@fromexample.com',
      },
      sentAtMs: 1761555487_000,
      headers: new Map([['X-Tencentcloudses-Cb-Custom', 'ses callback']]),
    })
  })
})

describe('an event of the edition of 2025', () => {
  const agent = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)'
  const shared = {
    provider: 'tencent-ses',
    recipient: 'reader@example.com',
    message: 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB',
    source: 'callback',
    sentAtMs: 1795233600_000,
    columns: {
      account: '251200670',
      from: 'news@shop.example.com',
      fromDomain: 'shop.example.com',
      template: '123456',
      subject: '测试',
      rfcMessageId: '0b7c2f3e-58f1-4d0c-9a55-2f1f0c6f7a10@shop.example.com',
    },
    headers: new Map(),
  }

  it.each([
    ['delivered', { kind: 'delivered', occurredAtMs: 1795233605_000, detail: '' }],
    ['dropped', { kind: 'dropped', occurredAtMs: 1795233602_000, detail: 'recipient is on the blocklist' }],
    ['open', { kind: 'opened', occurredAtMs: 1795237200_000, detail: agent }],
    [
      'click',
      {
        kind: 'clicked',
        occurredAtMs: 1795237210_000,
        link: 'https://shop.example.com/offer?a=1&b=2',
        detail: agent,
      },
    ],
    ['spamreport', { kind: 'complained', occurredAtMs: 1795410000_000, detail: '' }],
    ['unsubscribe', { kind: 'unsubscribed', occurredAtMs: 1795237260_000, detail: '' }],
    [
      'deferred',
      { kind: 'deferred', occurredAtMs: 1795233660_000, reply: '451 4.7.1 try again later', detail: '' },
    ],
    ['bulkid', { kind: 'delivered', occurredAtMs: 1795233605_000, detail: '' }],
    [
      'batch',
      {
        kind: 'delivered',
        occurredAtMs: 1795233605_000,
        detail: '',
        message: 'task:7340021',
        columns: { ...shared.columns, task: '7340021' },
      },
    ],
  ])('%s is read whole', (name, reported) => {
    expect(onlyEventOf(fixture(`hand-made-${name}`))).toEqual({ ...shared, ...reported })
  })
})

describe('an event of the edition of 2021', () => {
  const shared = {
    provider: 'tencent-ses',
    recipient: 'reader@example.com',
    message: 'qcloud-ses-5c1f0a9be3d24776',
    source: 'callback',
    occurredAtMs: 1620000005_000,
    columns: { account: '251200670', from: 'news@shop.example.com', fromDomain: 'shop.example.com' },
    headers: new Map(),
  }

  it.each([
    ['processed', { kind: 'requested', occurredAtMs: 1620000000_000, detail: '' }],
    ['delivered', { kind: 'delivered', detail: '' }],
    ['soft-bounce', { kind: 'bounced', bounceClass: 'soft', reply: '452 4.2.2 mailbox full', detail: '' }],
    ['hard-bounce', { kind: 'bounced', bounceClass: 'hard', reply: '550 5.1.1 no such user', detail: '' }],
  ])('%s is read, and its empty strings and template 0 report nothing', (name, reported) => {
    expect(onlyEventOf(fixture(`hand-made-2021-${name}`))).toEqual({ ...shared, ...reported })
  })
})

const kinds: readonly (readonly [string, EventKind, number?])[] = [
  ['processed', 'requested'],
  ['delivered', 'delivered', 1],
  ['dropped', 'dropped', 2],
  ['bounce', 'bounced', 3],
  ['open', 'opened', 4],
  ['click', 'clicked', 5],
  ['spamreport', 'complained', 6],
  ['unsubscribe', 'unsubscribed', 7],
  ['deferred', 'deferred', 8],
]

describe('the event', () => {
  it.each(kinds)('%s reports that it was %s', (event, kind) => {
    expect(eventOf({ event }).kind).toBe(kind)
    expect(eventOf({ event: ` ${event.toUpperCase()} ` }).kind).toBe(kind)
  })

  const pairs = kinds.flatMap(([event, kind, number]) =>
    [1, 2, 3, 4, 5, 6, 7, 8].map(
      (eventid) => [event, eventid, eventid === number ? kind : undefined] as const,
    ),
  )

  it('has 72 pairs with a number, of which 8 agree', () => {
    expect(pairs).toHaveLength(72)
    expect(pairs.filter(([, , kind]) => kind !== undefined)).toHaveLength(8)
  })

  it.each(pairs)('%s with number %i is %s', (event, eventid, kind) => {
    for (const reported of [eventid, String(eventid)]) {
      const outcomes = read(bodyWith({ event, eventid: reported }))
      if (kind === undefined) {
        expect(typesOf(outcomes)).toEqual(['invalid'])
        expect(problemsOf(outcomes)).toMatchObject([{ pointer: '/eventid', received: String(eventid) }])
      } else {
        expect(onlyEventOf(outcomes).kind).toBe(kind)
      }
    }
  })

  it('with the number of another names both', () => {
    expect(problemsOf(read(bodyWith({ eventid: 3 })))).toEqual([
      { pointer: '/eventid', expected: "the number of the event 'delivered'", received: '3' },
    ])
  })

  it.each([[9], [-1], [1.5], ['1.5'], ['one'], [true], [[1]], [{}]])(
    'with number %j is invalid',
    (eventid) => {
      expect(pointersOf(bodyWith({ eventid }))).toEqual(['/eventid'])
    },
  )

  it.each([[null], [''], [0], ['0']])('with number %j has none', (eventid) => {
    expect(eventOf({ eventid })).toEqual(leastEvent)
  })

  it.each([['route'], ['page_view'], ['constructor'], ['__proto__'], ['toString']])(
    '%s is kept as unrecognised',
    (event) => {
      expect(read(bodyWith({ event }))).toEqual([
        {
          type: 'unrecognised',
          problem: {
            pointer: '/event',
            expected:
              'one of processed, deferred, delivered, dropped, bounce, open, click, spamreport, unsubscribe',
            received: event,
          },
        },
      ])
    },
  )

  it('of an unknown name is unrecognised even where the rest is not as known', () => {
    expect(typesOf(read({ event: 'converted', when: 'yesterday' }))).toEqual(['unrecognised'])
  })

  it('of an unknown name is not repeated where the name is an address, or cut in the middle of a character', () => {
    expect(JSON.stringify(read(bodyWith({ event: 'reader@example.com' })))).not.toContain(
      'reader@example.com',
    )
    const [problem] = problemsOf(read(bodyWith({ event: `${'x'.repeat(39)}🔒` })))
    expect(problem?.received.isWellFormed()).toBe(true)
  })

  it.each([[undefined], [null], [''], [1], [true], [['delivered']], [{ name: 'delivered' }]])(
    '%j is invalid',
    (event) => {
      expect(pointersOf(bodyWith({ event }))).toEqual(['/event'])
    },
  )
})

describe('the recipient', () => {
  it.each([
    ['reader@example.com', 'reader@example.com', undefined],
    ['  reader@example.com\n', 'reader@example.com', undefined],
    ['Reader@Example.COM', 'reader@example.com', 'Reader@Example.COM'],
    ['a+b#c@example.com', 'a+b#c@example.com', undefined],
    ['读者@例子.中国', '读者@xn--fsqu00a.xn--fiqs8s', '读者@例子.中国'],
    ['"a@b"@example.com', '"a@b"@example.com', undefined],
    ['<reader@example.com>', 'reader@example.com', undefined],
    ['The Reader <Reader@example.com>', 'reader@example.com', 'Reader@example.com'],
  ])('%j is %s', (email, recipient, spelling) => {
    const event = eventOf({ email })
    expect(event.recipient).toBe(recipient)
    expect(event.spelling).toBe(spelling)
  })

  it('has at most 320 characters', () => {
    const localPart = 'a'.repeat(308)
    expect(eventOf({ email: `${localPart}@example.com` }).recipient).toBe(`${localPart}@example.com`)
    expect(pointersOf(bodyWith({ email: `${localPart}a@example.com` }))).toEqual(['/email'])
  })

  it.each([
    [undefined],
    [null],
    [''],
    [' '],
    ['reader'],
    ['@example.com'],
    ['reader@'],
    ['rea der@example.com'],
    ['Reader <reader>'],
    [7],
    [['reader@example.com']],
    [{ address: 'reader@example.com' }],
  ])('is not %j', (email) => {
    expect(pointersOf(bodyWith({ email }))).toEqual(['/email'])
  })

  it.each([
    ['a@example.com,b@example.com'],
    ['a@example.com;b@example.com'],
    ['<reader@example.com>, <a@example.com>'],
    ['a@b@example.com'],
  ])('is not %j, which is no one address', (email) => {
    expect(pointersOf(bodyWith({ email }))).toEqual(['/email'])
  })
})

describe('the message', () => {
  it.each([
    [{ bulkId: 'qcloud-ses-1' }, 'qcloud-ses-1'],
    [{ bulkId: undefined, bulkid: 'qcloud-ses-1' }, 'qcloud-ses-1'],
    [{ bulkId: '', bulkid: 'qcloud-ses-1' }, 'qcloud-ses-1'],
    [{ bulkId: 'qcloud-ses-1', bulkid: null }, 'qcloud-ses-1'],
    [{ bulkId: 'qcloud-ses-1', bulkid: 'qcloud-ses-1' }, 'qcloud-ses-1'],
    [{ bulkId: ' qcloud-ses-1 ', bulkid: 'qcloud-ses-1' }, 'qcloud-ses-1'],
    [{ bulkId: 'qcloud-ses-1', taskId: 7 }, 'qcloud-ses-1'],
    [{ bulkId: 12345 }, '12345'],
    [{ bulkId: undefined, taskId: 7340021 }, 'task:7340021'],
    [{ bulkId: '', bulkid: '', taskId: '7340021' }, 'task:7340021'],
    [{ bulkId: null, taskId: ' 7340021 ' }, 'task:7340021'],
  ])('of %j is %s', (reported, message) => {
    expect(eventOf(reported).message).toBe(message)
  })

  it('is the batch task where nothing else names it, which its column shows too', () => {
    expect(eventOf({ bulkId: undefined, taskId: 7340021 })).toEqual({
      ...leastEvent,
      message: 'task:7340021',
      columns: { task: '7340021' },
    })
  })

  it.each([
    [{ bulkId: undefined }],
    [{ bulkId: undefined, taskId: 0 }],
    [{ bulkId: undefined, taskId: '0' }],
    [{ bulkId: '', bulkid: null, taskId: '' }],
    [{ bulkId: undefined, messageId: 'ea2783c1@example.com' }],
  ])('is missing in %j', (reported) => {
    expect(pointersOf(bodyWith(reported))).toEqual(['/bulkId'])
  })

  it.each([[{ bulkid: 'qcloud-ses-1' }], [{ taskId: 7 }]])(
    'is not missing in %j, whatever else is',
    (named) => {
      expect(pointersOf(bodyWith({ bulkId: undefined, email: undefined, ...named }))).toEqual(['/email'])
    },
  )

  it('is in doubt where bulkId and bulkid differ', () => {
    expect(problemsOf(read(bodyWith({ bulkid: 'qcloud-ses-2' })))).toEqual([
      { pointer: '/bulkid', expected: 'the same as bulkId', received: 'another string' },
    ])
    expect(pointersOf(bodyWith({ bulkid: 'QCLOUD-SES-09AF3B' }))).toEqual(['/bulkid'])
  })

  it.each([['a b'], ['a#b'], ['x'.repeat(513)], [1.5], [true], [['a']], [{}]])('is not %j', (bulkId) => {
    expect(pointersOf(bodyWith({ bulkId }))).toEqual(['/bulkId'])
  })

  it('of a task number beyond what a number can hold is invalid', () => {
    expect(
      typesOf(readText('{"event":"open","email":"a@example.com","taskId":1e300,"timestamp":1654064683}')),
    ).toEqual(['invalid'])
  })

  it.each([[{}], [['7']], ['batch 7'], [1.5]])('is known by its MessageId, though taskId is %j', (taskId) => {
    expect(eventOf({ taskId }).message).toBe('qcloud-ses-09af3b')
  })
})

describe('the time', () => {
  it.each([
    [1654064683, 1654064683_000],
    ['1654064683', 1654064683_000],
    [' 1654064683 ', 1654064683_000],
    [1654064683.0, 1654064683_000],
    [946684800, 946684800_000],
    [4102444800, 4102444800_000],
    [1654064683_000, 1654064683_000],
    ['1654064683123', 1654064683_123],
    [1654064683.5, 1654064683_500],
    ['1654064683.123', 1654064683_123],
    [1654064683123.9, 1654064683_123],
  ])('%j is read as Unix seconds, or plainly milliseconds', (timestamp, occurredAtMs) => {
    expect(eventOf({ timestamp }).occurredAtMs).toBe(occurredAtMs)
  })

  it.each([
    [0],
    [-1654064683],
    [946684799],
    [4102444801],
    [1654064683_000_000],
    ['1.654e9'],
    ['1654064683.'],
    ['0x6297'],
    ['１６５４０６４６８３'],
    ['2022-06-01T06:24:43Z'],
    [''],
    [null],
    [undefined],
    [true],
    [[1654064683]],
    [{}],
  ])('%j is not guessed at', (timestamp) => {
    expect(pointersOf(bodyWith({ timestamp }))).toEqual(['/timestamp'])
  })

  it('more than a day ahead of our clock is a problem, and is none once the clock has come there', () => {
    const body = bytesOf(JSON.stringify([bodyWith(), bodyWith({ timestamp: 1654064684 })]))
    const nowMs = Date.parse('2022-05-31T06:24:43Z')
    expect(readBytes(body, nowMs)).toEqual([
      { type: 'event', event: leastEvent },
      {
        type: 'invalid',
        problems: [
          {
            pointer: '/1/timestamp',
            expected: 'an instant at most a day ahead of our clock',
            received: 'a number beyond it',
          },
        ],
      },
    ])
    expect(typesOf(readBytes(body, nowMs + 1_000))).toEqual(['event', 'event'])
  })

  it.each([
    [1654064679, 1654064679_000],
    ['1654064679', 1654064679_000],
    [1654064679_123, 1654064679_000],
    ['1654064679.9', 1654064679_000],
  ])('of sending %j is read as Unix seconds', (sentTimestamp, sentAtMs) => {
    expect(eventOf({ sentTimestamp })).toEqual({ ...leastEvent, sentAtMs })
  })

  it.each([[null], [''], [undefined]])('of sending %j is not reported', (sentTimestamp) => {
    expect(eventOf({ sentTimestamp })).toEqual(leastEvent)
  })

  it.each([
    [1654064679_000_000, '{"sentTimestamp":1654064679000000}'],
    ['yesterday', '{"sentTimestamp":"yesterday"}'],
    [[], '{"sentTimestamp":[]}'],
  ])(
    'of sending %j is kept in the detail, and does not make the event worthless',
    (sentTimestamp, detail) => {
      expect(eventOf({ sentTimestamp })).toEqual({ ...leastEvent, detail })
    },
  )
})

describe('the class of a bounce', () => {
  it('is absent where nothing bounced', () => {
    expect(eventOf({ bounceType: 'hard' })).not.toHaveProperty('bounceClass')
  })

  it.each<[unknown, string, BounceClass, string]>([
    ['hard_bounce', '', 'hard', ''],
    ['soft_bounce', '', 'soft', ''],
    ['hard', '', 'hard', ''],
    ['soft', '', 'soft', ''],
    [' Soft_Bounce ', '', 'soft', ''],
    ['soft_bounce', '551 5.1.1 no such user', 'soft', ''],
    ['hard_bounce', '451 try again', 'hard', ''],
    ['', '451 try again', 'soft', ''],
    ['', '552 5.2.2 mailbox full', 'soft', ''],
    ['', '551 5.1.1 no such user', 'undetermined', ''],
    ['', '', 'undetermined', ''],
    [null, '', 'undetermined', ''],
    [undefined, '', 'undetermined', ''],
    ['blocked', '', 'undetermined', '{"bounceType":"blocked"}'],
    ['blocked', '451 try again', 'undetermined', '{"bounceType":"blocked"}'],
    ['constructor', '', 'undetermined', '{"bounceType":"constructor"}'],
    [3, '', 'undetermined', '{"bounceType":3}'],
  ])('of bounceType %j and reason %j is %s', (bounceType, reason, bounceClass, detail) => {
    expect(eventOf({ event: 'bounce', bounceType, reason })).toEqual({
      ...leastEvent,
      kind: 'bounced',
      bounceClass,
      ...(reason !== '' && { reply: reason }),
      detail,
    })
  })

  it('is kept in the detail of what is no bounce', () => {
    expect(eventOf({ bounceType: 'soft' })).toEqual({ ...leastEvent, detail: '{"bounceType":"soft"}' })
  })
})

describe('link and user agent', () => {
  it.each([
    ['https://example.com/a?b=1', 'https://example.com/a?b=1'],
    [' https://example.com/\n', 'https://example.com/'],
    [5, '5'],
    ['', undefined],
    [null, undefined],
  ])('of a click: %j is %s', (link, expected) => {
    expect(eventOf({ event: 'click', link }).link).toBe(expected)
  })

  it('of an open: a link is kept in the detail behind the agent', () => {
    const event = eventOf({ event: 'open', link: 'https://example.com/', useragent: 'Mozilla/5.0' })
    expect(event).not.toHaveProperty('link')
    expect(event.detail).toBe('Mozilla/5.0 {"link":"https://example.com/"}')
  })
})

describe('the subject', () => {
  it.each([
    ['plain', 'example subject', 'example subject'],
    ['UTF-8 in Base64', '=?UTF-8?B?5rWL6K+V?=', '测试'],
    ['UTF-8 in Q', '=?utf-8?q?=E6=B5=8B_=E8=AF=95?=', '测 试'],
    ['GB2312 in Base64', '=?GB2312?B?suLK1A==?=', '测试'],
    ['GBK in Base64', '=?gbk?b?suLK1A==?=', '测试'],
    ['GBK in Q', '=?GBK?Q?=B2=E2=CA=D4?=', '测试'],
    ['GB18030 in Base64', '=?GB18030?B?suLK1A==?=', '测试'],
    ['two words, whose space is folding', '=?UTF-8?B?5rWL?= =?UTF-8?B?6K+V?=', '测试'],
    ['two words folded over lines', '=?UTF-8?B?5rWL?=\r\n =?UTF-8?B?6K+V?=', '测试'],
    ['two words of different encodings', '=?UTF-8?B?5rWL?= =?GBK?Q?=CA=D4?=', '测试'],
    ['a word among plain text', 'Re: =?UTF-8?B?5rWL6K+V?= !', 'Re: 测试 !'],
    ['a line break inside a word', '=?UTF-8?Q?a=0D=0Ab?=', 'a b'],
    ['letters cut into two words', '=?UTF-8?B?5oKo5aU=?= =?UTF-8?B?vQ==?=', '您好'],
    [
      'letters cut into three words of Q',
      '=?utf-8?Q?=E6=82?= =?UTF-8?Q?=A8=E5?=\r\n =?utf-8?q?=A5=BD?=',
      '您好',
    ],
    ['letters cut into words of B and Q', '=?UTF-8?B?5oKo5aU=?= =?UTF-8?Q?=BD?=', '您好'],
    ['letters of GBK cut into two words', '=?gbk?B?xPq6?= =?gbk?B?ww==?=', '您好'],
    ['base64 that is cut itself', '=?UTF-8?B?5oKo5?= =?UTF-8?B?aW9?=', '您好'],
    ['base64 that is cut itself elsewhere', '=?UTF-8?B?5oKo5a?= =?UTF-8?B?W9?=', '您好'],
    ['base64 without its padding', '=?gbk?B?xPo?= =?gbk?B?usM?=', '您好'],
    ['words with no space between them', '=?UTF-8?B?5oKo5aU=?==?UTF-8?B?vQ==?=', '您好'],
    ['letters beyond GBK', '=?GB18030?B?1tA=?= =?gb18030?B?lTKCNw==?=', '中\u{20001}'],
    ['GBK under its number', '=?cp936?B?xPq6ww==?=', '您好'],
    ['GBK said to be GB2312', '=?GB2312?B?1uzpRrv5?=', '朱镕基'],
    ['Big5 under its number', '=?cp950?Q?=B1z=A6n?=', '您好'],
    ['a language', '=?UTF-8*zh?B?5oKo5aW9?=', '您好'],
    ['a word that never ends', '=?UTF-8?B?5rWL6K+V', '=?UTF-8?B?5rWL6K+V'],
    ['a word of an unknown encoding', '=?UTF-8?X?5rWL6K+V?=', '=?UTF-8?X?5rWL6K+V?='],
    ['a broken escape', '=?UTF-8?Q?100=ZZ?=', '100=ZZ'],
    ['already decoded', '测试 🔒', '测试 🔒'],
    ['a number', 7, '7'],
  ])('is decoded: %s', (_what, subject, expected) => {
    expect(eventOf({ subject }).columns).toEqual({ subject: expected })
  })

  it.each([
    ['a word that says nothing', '=?UTF-8?B?!!!?='],
    ['a word without content', '=?UTF-8?B??='],
    ['bytes that are not of the charset', '=?UTF-8?B?suLK1A==?='],
    ['a charset that nobody knows', '=?x-nobody?B?suLK1A==?='],
    ['half a character', '=?UTF-8?B?5oKo5aU=?='],
    ['half a character before plain text', '=?UTF-8?B?5oKo5aU=?= and =?UTF-8?B?vQ==?='],
    ['letters where their bytes should be', '=?UTF-8?Q?=E6=82=A8好?='],
  ])('stands as it came where it cannot be decoded: %s', (_what, subject) => {
    expect(eventOf({ subject }).columns).toEqual({ subject })
  })

  it.each([[''], [null], [' \n ']])('is absent where it is %j', (subject) => {
    expect(eventOf({ subject }).columns).toEqual({})
  })
})

describe('the columns of the message', () => {
  it('are text, whatever came', () => {
    expect(
      eventOf({ from: { name: 'News' }, fromDomain: true, username: 251200670, messageId: ['a', 'b'] })
        .columns,
    ).toEqual({
      from: '{"name":"News"}',
      fromDomain: 'true',
      account: '251200670',
      rfcMessageId: '["a","b"]',
    })
  })

  it('are decoded where they are a subject, without a name where they are an address, and else as they came', () => {
    const text = '=?UTF-8?B?5oKo5aW9?= <a@example.com>'
    const fields = ['subject', 'from', 'fromDomain', 'templateId', 'taskId', 'username', 'messageId']
    expect(eventOf(Object.fromEntries(fields.map((field) => [field, text]))).columns).toEqual({
      subject: '您好 <a@example.com>',
      from: 'a@example.com',
      fromDomain: text,
      template: text,
      task: text,
      account: text,
      rfcMessageId: 'a@example.com',
    })
  })

  it.each([[0], ['0'], [''], [null]])('report no template and no task where both are %j', (number) => {
    expect(eventOf({ templateId: number, taskId: number })).toEqual(leastEvent)
  })
})

describe("the sender's own headers", () => {
  it('are decoded as a subject is', () => {
    const reported = { 'X-Tencentcloudses-Cb-Name': '=?UTF-8?B?5oKo5aU=?= =?UTF-8?B?vQ==?= <a@example.com>' }
    expect(eventOf(reported).headers).toEqual(
      new Map([['X-Tencentcloudses-Cb-Name', '您好 <a@example.com>']]),
    )
  })

  it('are each kept, under the name and in the case in which they came', () => {
    expect(
      eventOf({
        'X-Tencentcloudses-Cb-Order': '4711',
        'x-tencentcloudses-cb-order': 'other',
        'X-TENCENTCLOUDSES-CB-SHOP': ' two\n lines ',
        'X-Tencentcloudses-Cb-Number': 7,
        'X-Tencentcloudses-Cb-Flag': false,
        'X-Tencentcloudses-Cb-List': ['a', { b: 1 }],
        'X-Tencentcloudses-Cb-__proto__': 'x',
      }),
    ).toEqual({
      ...leastEvent,
      headers: new Map([
        ['X-Tencentcloudses-Cb-Order', '4711'],
        ['x-tencentcloudses-cb-order', 'other'],
        ['X-TENCENTCLOUDSES-CB-SHOP', 'two lines'],
        ['X-Tencentcloudses-Cb-Number', '7'],
        ['X-Tencentcloudses-Cb-Flag', 'false'],
        ['X-Tencentcloudses-Cb-List', '["a",{"b":1}]'],
        ['X-Tencentcloudses-Cb-__proto__', 'x'],
      ]),
    })
  })

  it('are not those of another prefix', () => {
    expect(eventOf({ 'X-Tencentcloudses-Other': 'a' })).toEqual({
      ...leastEvent,
      detail: '{"X-Tencentcloudses-Other":"a"}',
    })
  })
})

describe('fields that nobody documented', () => {
  it('are kept in the detail, behind reason and agent, in the order of their names', () => {
    const event = eventOf({
      reason: '250 ok',
      useragent: 'curl',
      zone: 'eu',
      ip: '192.0.2.7',
      list: [1],
      zero: 0,
    })
    expect(event).toEqual({
      ...leastEvent,
      detail: '250 ok curl {"ip":"192.0.2.7","list":[1],"zero":0,"zone":"eu"}',
    })
  })

  it.each([['__proto__'], ['constructor'], ['toString'], ['hasOwnProperty']])(
    'are only data where one is named %s',
    (name) => {
      const body = `{"${name}":{"event":"open","kind":"opened"},${JSON.stringify(bodyWith()).slice(1)}`
      expect(onlyEventOf(readText(body))).toEqual({
        ...leastEvent,
        detail: `{"${name}":{"event":"open","kind":"opened"}}`,
      })
    },
  )

  it('do not lend a prototype to what is missing', () => {
    const body = '{"__proto__":{"event":"open","email":"a@example.com","bulkId":"x","timestamp":1654064683}}'
    expect(typesOf(readText(body))).toEqual(['invalid'])
  })
})

describe('a body', () => {
  it.each([[''], [' \r\n\t '], ['\ufeff']])('of %j is a probe', (text) => {
    expect(readText(text)).toEqual([])
  })

  it.each([[{}], [[]]])('of %j is a probe', (body) => {
    expect(read(body)).toEqual([])
  })

  it('of more events than an array may have is unreadable', () => {
    expect(problemsOf(read(Array.from({ length: 5_001 }, () => 0)))).toEqual([
      { pointer: '', expected: 'at most 5000 elements, each one event', received: 'more' },
    ])
  })

  it("of more of the sender's own headers than an event may have is invalid", () => {
    const headers = Array.from({ length: 1_001 }, (_, n) => [`X-Tencentcloudses-Cb-${n}`, 'x'] as const)
    expect(problemsOf(read(bodyWith(Object.fromEntries(headers))))).toEqual([
      { pointer: '', expected: "at most 1000 headers of the sender's own", received: 'more' },
    ])
  })

  it('may begin with a byte order mark', () => {
    expect(onlyEventOf(readText(`\ufeff${JSON.stringify(bodyWith())}`))).toEqual(leastEvent)
  })

  it.each([
    ['cut short', '{"event":"delivered"'],
    ['two objects in a row', '{"event":"open"}{"event":"open"}'],
    ['a form', 'event=delivered&email=reader%40example.com'],
    ['XML', '<event>delivered</event>'],
  ])('that is %s is unreadable', (_what, text) => {
    expect(readText(text)).toMatchObject([{ type: 'unreadable', problem: { pointer: '', expected: 'JSON' } }])
  })

  it.each([
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['half a character', [0x22, 0xe6, 0xb5, 0x22]],
    ['GBK', [0x22, 0xb2, 0xe2, 0x22]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
  ])('with %s is not guessed at', (_what, bytes) => {
    expect(readBytes(Uint8Array.from(bytes))).toEqual([
      {
        type: 'unreadable',
        problem: { pointer: '', expected: 'UTF-8 text', received: 'bytes that are not UTF-8' },
      },
    ])
  })

  it.each([
    ['null', 'null'],
    ['0', 'a number'],
    ['true', 'a boolean'],
    ['"delivered"', 'a string'],
    ['""', 'an empty string'],
  ])('of %s is no event', (text, received) => {
    expect(readText(text)).toEqual([
      {
        type: 'invalid',
        problems: [{ pointer: '', expected: 'an object with the fields of one event', received }],
      },
    ])
  })

  it('of an object with nothing that is known names what it lacks, and what was expected', () => {
    const events =
      'one of processed, deferred, delivered, dropped, bounce, open, click, spamreport, unsubscribe'
    expect(problemsOf(read({ test: true }))).toEqual([
      { pointer: '/event', expected: events, received: 'nothing' },
      { pointer: '/email', expected: 'one email address', received: 'nothing' },
      { pointer: '/timestamp', expected: unixTimeShape, received: 'nothing' },
      { pointer: '/bulkId', expected: 'a MessageId, or a taskId', received: 'neither' },
    ])
  })

  it('with wrong fields names each with what was expected and the type of what came', () => {
    const wrong = { eventid: 'one', email: 7, bulkId: true, bulkid: 'a b', taskId: 1.5, timestamp: '' }
    expect(problemsOf(read(bodyWith(wrong)))).toEqual(
      expect.arrayContaining([
        { pointer: '/eventid', expected: 'the number of an event', received: 'a string' },
        { pointer: '/email', expected: 'one email address', received: 'a number' },
        {
          pointer: '/bulkId',
          expected: 'the MessageId that SendEmail returned',
          received: 'a boolean',
        },
        {
          pointer: '/bulkid',
          expected: 'the MessageId that SendEmail returned, at most 512 bytes without white space or #',
          received: 'a string',
        },
        { pointer: '/timestamp', expected: unixTimeShape, received: 'nothing' },
      ]),
    )
  })

  it('with half a character in it is well-formed text where it is kept', () => {
    const event = eventOf({ subject: 'a\ud800', 'X-Tencentcloudses-Cb-\ud800\n': 'a\udc00' })
    expect(event).toEqual({
      ...leastEvent,
      columns: { subject: 'a\ufffd' },
      headers: new Map([['X-Tencentcloudses-Cb-\ufffd', 'a\ufffd']]),
    })
  })

  it.each([
    ['\ud800', 'U+D800'],
    ['\ufffd', 'U+FFFD'],
    ['\u00ad', 'U+00AD'],
    ['\u202e', 'U+202E'],
  ])('with %j in an address or an id says so', (hidden, name) => {
    const problems = problemsOf(
      read(bodyWith({ email: `r${hidden}eader@example.com`, bulkId: `qcloud-ses-${hidden}1` })),
    )
    expect(problems.map(({ pointer, received }) => [pointer, received])).toEqual([
      ['/email', `a string with ${name} in it`],
      ['/bulkId', `a string with ${name} in it`],
    ])
  })

  it('nested 20,000 deep is read without falling over', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    for (const text of [deep, `{"a":${deep}}`, `${JSON.stringify(bodyWith()).slice(0, -1)},"a":${deep}}`]) {
      expect(typesOf(readText(text))).toHaveLength(1)
    }
    const asEmail = `{"event":"open","email":${deep},"bulkId":"x","timestamp":1654064683}`
    expect(typesOf(readText(asEmail))).toEqual(['unreadable'])
  })
})

describe('digits', () => {
  const leastBut = (reported: string) =>
    `{"event":"bounce","email":"reader@example.com","timestamp":1654064683,"bounceType":"hard",${reported}}`

  it.each([
    ['9007199254740993', 'task:9007199254740993'],
    ['1234567890123456789', 'task:1234567890123456789'],
    ['77', 'task:77'],
    ['77.0', 'task:77'],
  ])('of a task stay as they were written: %s', (taskId, message) => {
    const event = onlyEventOf(readText(leastBut(`"taskId":${taskId}`)))
    expect(event.message).toBe(message)
    expect(event.columns.task).toBe(message.slice('task:'.length))
  })

  it('stay as they were written where nobody knows the field, however deep', () => {
    const reported =
      '"bulkId":"qcloud-ses-1","templateId":9007199254740993,"trace":{"id":12345678901234567890}'
    const event = onlyEventOf(readText(leastBut(reported)))
    expect(event.columns.template).toBe('9007199254740993')
    expect(event.detail).toBe('{"trace":{"id":"12345678901234567890"}}')
  })

  it('may be written as a fraction of nothing', () => {
    const reported = '"bulkId":"qcloud-ses-1","eventid":3.0'
    expect(onlyEventOf(readText(leastBut(reported))).kind).toBe('bounced')
  })
})

describe('an array', () => {
  it('is read element by element', () => {
    expect(read([bodyWith(), bodyWith({ event: 'open' })]).map((outcome) => outcome.type)).toEqual([
      'event',
      'event',
    ])
  })

  it('reports which element is bad, and reads the others', () => {
    const outcomes = read([
      bodyWith(),
      bodyWith({ email: 'nobody' }),
      bodyWith({ event: 'route' }),
      [],
      bodyWith(),
    ])
    expect(typesOf(outcomes)).toEqual(['event', 'invalid', 'unrecognised', 'invalid', 'event'])
    expect(problemsOf(outcomes).map((problem) => problem.pointer)).toEqual(['/1/email', '/2/event', '/3'])
  })

  it('is read around any element', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (element) => {
        const outcomes = read([bodyWith(), element, bodyWith()])
        expect(outcomes).toHaveLength(3)
        expect(outcomes[0]?.type).toBe('event')
        expect(outcomes[2]?.type).toBe('event')
      }),
    )
  })

  it('with an element that is nested 20,000 deep is not built at all', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    const good = JSON.stringify(bodyWith())
    expect(readText(`[${good},${good.slice(0, -1)},"a":${deep}},${good}]`)).toEqual([
      {
        type: 'unreadable',
        problem: { pointer: '', expected: 'values at most 32 deep within each other', received: 'more' },
      },
    ])
  })

  it('is read around an element that is nested 29 deep', () => {
    const deep = '['.repeat(29) + ']'.repeat(29)
    const good = JSON.stringify(bodyWith())
    const outcomes = readText(`[${good},${good.slice(0, -1)},"email":${deep}},${good}]`)
    expect(outcomes.map(({ type }) => type)).toEqual(['event', 'invalid', 'event'])
  })
})

describe('reading', () => {
  const field = fc.constantFrom(
    ...['event', 'eventid', 'email', 'bulkId', 'bulkid', 'taskId', 'timestamp', 'sentTimestamp', 'reason'],
    ...['bounceType', 'link', 'useragent', 'username', 'from', 'fromDomain', 'templateId', 'subject'],
    ...['messageId', 'X-Tencentcloudses-Cb-A', '__proto__', 'toJSON', 'valueOf'],
  )

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(Array.isArray(readBytes(bytes))).toBe(true)
      }),
    )
  })

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(readText(text).some((outcome) => outcome.type === 'event')).toBe(false)
      }),
    )
  })

  it('has one outcome for a good body with one field replaced, whatever by', () => {
    const value = fc.oneof(fc.jsonValue(), anyText(), fc.double())
    const event = fc.constantFrom('bounce', 'click', 'delivered')
    fc.assert(
      fc.property(event, field, value, (name, key, replacement) => {
        const body = new Map<string, unknown>([
          ...Object.entries(bodyWith({ event: name })),
          [key, replacement],
        ])
        const outcomes = read(Object.fromEntries(body))
        expect(outcomes).toHaveLength(1)
        if (outcomes[0]?.type === 'event') {
          expect(outcomes[0].event.recipient).not.toMatch(/[A-Z\s]/)
          expect(outcomes[0].event.message).not.toMatch(/[\s#]/)
          expect(outcomes[0].event.detail).not.toMatch(/[\p{Cc}]/u)
        }
      }),
    )
  })

  it('never repeats an address in a problem', () => {
    const address = fc.stringMatching(/^[a-z0-9.]{1,10}@[a-z0-9]{1,8}\.com$/)
    const values = (email: string) =>
      fc.constantFrom<unknown>(
        email,
        ` ${email} `,
        [email],
        { [email]: email },
        `${email},${email}`,
        7,
        '',
        'open',
      )
    // The event's own name is another test's.
    const fields = ['eventid', 'email', 'bulkId', 'bulkid', 'taskId', 'timestamp', 'sentTimestamp', 'subject']
    const drawn = address.chain((email) =>
      fc.tuple(
        fc.constant(email),
        fc.array(fc.tuple(fc.constantFrom(...fields), values(email)), { maxLength: 6 }),
      ),
    )
    fc.assert(
      fc.property(drawn, fc.boolean(), ([email, replaced], isArray) => {
        const body = bodyWith({ email, ...Object.fromEntries(replaced) })
        expect(JSON.stringify(problemsOf(read(isArray ? [body, email] : body)))).not.toContain(email)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a body of another provider is never an event', () => {
  it.each<[string, unknown]>([
    [
      'SendGrid',
      [
        {
          email: 'reader@example.com',
          timestamp: 1654064683,
          'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
          event: 'delivered',
          category: ['news'],
          sg_event_id: 'ZGVsaXZlcmVkLTAtMTIzNDU2',
          sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0',
          response: '250 OK',
        },
        {
          email: 'reader@example.com',
          timestamp: 1654064690,
          event: 'open',
          useragent: 'Mozilla/5.0',
          ip: '192.0.2.7',
          sg_event_id: 'b3Blbi0wLTEyMzQ1Ng',
          sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0',
        },
      ],
    ],
    [
      'Mailgun',
      {
        signature: { timestamp: '1654064683', token: 'a8ce0edb2dd8301dee6c', signature: 'd2271d12299f6592' },
        'event-data': {
          event: 'delivered',
          id: 'CPgfbmQMTCKtHW6uIWtuVe',
          timestamp: 1654064683.123,
          recipient: 'reader@example.com',
          message: { headers: { 'message-id': '20130503182626.18666.16540@example.com' } },
        },
      },
    ],
    [
      'Postmark',
      {
        RecordType: 'Delivery',
        MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
        Recipient: 'reader@example.com',
        DeliveredAt: '2022-06-01T06:24:43Z',
        Details: 'smtp;250 OK',
        ServerID: 23,
      },
    ],
    [
      'Brevo',
      {
        event: 'delivered',
        email: 'reader@example.com',
        id: 26224,
        date: '2022-06-01 08:24:43',
        ts: 1654064683,
        ts_event: 1654064683,
        ts_epoch: 1654064683000,
        'message-id': '<201798300811.5787683@relay.example.com>',
        subject: 'example subject',
        template_id: 22,
      },
    ],
    [
      'Amazon SES by way of SNS',
      {
        Type: 'Notification',
        MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
        TopicArn: 'arn:aws:sns:us-west-2:123456789012:mail',
        Message:
          '{"notificationType":"Delivery","mail":{"messageId":"0000014","destination":["reader@example.com"]}}',
        Timestamp: '2022-06-01T06:24:43.000Z',
        SignatureVersion: '1',
      },
    ],
    [
      'Amazon SES in raw delivery',
      {
        eventType: 'Bounce',
        bounce: {
          bounceType: 'Permanent',
          bouncedRecipients: [{ emailAddress: 'reader@example.com' }],
          timestamp: '2022-06-01T06:24:43.000Z',
        },
        mail: { messageId: '0000014', destination: ['reader@example.com'] },
      },
    ],
  ])('%s', (_provider, body) => {
    const outcomes = read(body)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(typesOf(outcomes)).not.toContain('event')
  })
})

describe('the provider', () => {
  it('is named as in its path, and takes bodies of up to 64 KiB', () => {
    expect(tencentSes.name).toBe('tencent-ses')
    expect(tencentSes.maxBodyBytes).toBe(65_536)
  })

  it('owns the ids that SendEmail returns', () => {
    const owns = tencentSes.ownsMessage!
    expect(owns('qcloudses-30-251200670-date-20261121160000-hFd3sKw9')).toBe(true)
    expect(owns('x-qcloudses-')).toBe(false)
    expect(owns('1795233600123_144383_11771_2575.sc')).toBe(false)
  })
})
