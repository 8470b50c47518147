import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { DeliveryEvent } from '../../../../lib/core/event.ts'
import { inboundColumns, type InboundMail } from '../../../../lib/core/inbound-mail.ts'
import type { Callback, FieldProblem, Outcome } from '../../../../lib/providers/provider.ts'
import { sendCloud as provider } from '../../../../lib/providers/sendcloud/sendcloud.ts'
import {
  callbackOf,
  formOf,
  jsonOf,
  signatureOf,
  signedForm,
  signedJson,
  someToken,
  type UnsignedFields,
} from '../../../fixtures/sendcloud/sign.ts'
import { anyText } from '../../../any-text.ts'

const sendCloud = {
  ...provider,
  read: (callback: Callback, nowMs = Infinity): readonly Outcome[] => provider.read(callback, nowMs),
}

const formType = 'application/x-www-form-urlencoded'
const messageId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'
const emailId = `${messageId}0$reader@example.com`

const readForm = (text: string) => sendCloud.read(callbackOf(text, formType))
const readJson = (value: unknown) => sendCloud.read(callbackOf(JSON.stringify(value), 'application/json'))

/** Reads the fields as a form and as JSON: the result must not depend on it. */
function read(fields: UnsignedFields): readonly Outcome[] {
  const outcomes = sendCloud.read(formOf(fields))
  expect(sendCloud.read(jsonOf(fields))).toEqual(outcomes)
  return outcomes
}

/** The least that is an event, but for what a test says about it. */
const fieldsWith = (reported: UnsignedFields = {}): UnsignedFields => ({
  event: 'deliver',
  emailId,
  recipient: 'reader@example.com',
  timestamp: 1795233605123,
  ...reported,
})
const leastEvent = {
  provider: 'sendcloud',
  recipient: 'reader@example.com',
  message: messageId,
  kind: 'delivered',
  source: 'callback',
  occurredAtMs: 1795233605123,
  detail: '',
  emailId,
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

function onlyMailOf(outcomes: readonly Outcome[]): InboundMail {
  const [outcome] = outcomes
  if (outcomes.length !== 1 || outcome?.type !== 'inbound') {
    throw new Error(`Expected one mail, got ${JSON.stringify(outcomes)}`)
  }
  return outcome.mail
}

function problemsOf(outcomes: readonly Outcome[]): readonly FieldProblem[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.type === 'event' || outcome.type === 'inbound') return []
    return outcome.type === 'invalid' ? outcome.problems : [outcome.problem]
  })
}

const typesOf = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.type)
const eventsOf = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => (outcome.type === 'event' ? outcome.event : []))
const eventOf = (reported: UnsignedFields) => onlyEventOf(read(fieldsWith(reported)))
const pointersOf = (outcomes: readonly Outcome[]) => {
  expect([...new Set(typesOf(outcomes))]).toEqual(['invalid'])
  return problemsOf(outcomes).map((problem) => problem.pointer)
}

describe('the documented events, in both encodings', () => {
  const shared = {
    provider: 'sendcloud',
    recipient: 'reader@example.com',
    message: messageId,
    source: 'callback',
    columns: {
      account: 'shop_trigger',
      category: 'shop_trigger',
      labelId: '20418',
      labelName: 'orders',
    },
    emailId,
    headers: new Map([
      ['SC-Custom-Order', '4711'],
      ['SC-Custom-Shop', 'north'],
    ]),
  }
  const fixture = (name: string, format: string) =>
    sendCloud.read({
      body: readFileSync(new URL(`../../../fixtures/sendcloud/hand-made-${name}.${format}`, import.meta.url)),
      contentType: format === 'form' ? formType : 'application/json;charset=UTF-8',
    })
  const inBoth = (name: string) => {
    const outcomes = fixture(name, 'form')
    expect(fixture(name, 'json')).toEqual(outcomes)
    return outcomes
  }

  it.each([
    [
      'deliver',
      {
        kind: 'delivered',
        occurredAtMs: 1795233605123,
        detail: 'Successfully delivered outIp 198.51.100.7',
      },
    ],
    [
      'open',
      {
        kind: 'opened',
        occurredAtMs: 1795237200001,
        detail: 'open email Chrome 120 on Windows 10, from 203.0.113.9',
      },
    ],
    [
      'click',
      {
        kind: 'clicked',
        occurredAtMs: 1795237210010,
        link: 'https://shop.example.com/offer?a=1&b=2',
        detail: 'click email Chrome 120 on Windows 10, from 203.0.113.9',
      },
    ],
    ['unsubscribe', { kind: 'unsubscribed', occurredAtMs: 1795237260789, detail: 'unsubscribe email' }],
    ['report_spam', { kind: 'complained', occurredAtMs: 1795410000002, detail: 'report spam' }],
    [
      'invalid',
      {
        kind: 'bounced',
        bounceClass: 'hard',
        code: 'subStat 406',
        occurredAtMs: 1795233606321,
        reply: '551 5.1.1 recipient is not exist',
        detail: '406 address does not exist outIp 198.51.100.7',
      },
    ],
    [
      'soft_bounce',
      {
        kind: 'bounced',
        bounceClass: 'soft',
        code: 'subStat 509',
        occurredAtMs: 1795233607654,
        reply: '452 4.2.2 mailbox full',
        detail: '509 other outIp 198.51.100.7',
      },
    ],
  ])('%s is read whole', (name, reported) => {
    expect(onlyEventOf(inBoth(name))).toEqual({ ...shared, ...reported })
  })

  it('request is one event for each of its recipients', () => {
    const request = {
      ...shared,
      kind: 'requested',
      occurredAtMs: 1795233600456,
      detail: 'successfully request {"recipientSize":"2"}',
    }
    expect(eventsOf(inBoth('request'))).toEqual([
      request,
      {
        ...request,
        recipient: 'second@example.com',
        emailId: `${messageId}1$second@example.com`,
      },
    ])
  })

  it('route is a mail to us that answers one of ours', () => {
    const { content, ...head } = onlyMailOf(inBoth('route'))
    expect(head).toEqual({
      provider: 'sendcloud',
      recipient: 'support@mail.example.com',
      answers: { message: messageId, recipient: 'reader@example.com' },
      receivedAtMs: 1795240000007,
      rawMessageUrl: 'https://route.example.com/1795240000007.eml',
      columns: {
        from: 'reader@example.com',
        fromName: 'A Reader',
        to: 'Example Shop <support@mail.example.com>',
        toName: 'Example Shop',
        subject: '测试',
        mailFrom: 'reader@example.com',
        reference: `${messageId}0@mail.example.com`,
        emailId,
        labelId: '20418',
        labelName: 'orders',
      },
    })
    expect(JSON.parse(content)).toEqual({
      emailId,
      event: 'route',
      from: 'reader@example.com',
      fromname: 'A Reader',
      headers: '{"From":"A Reader <reader@example.com>","Subject":"=?UTF-8?B?5rWL6K+V?="}',
      html: '<p>Can it be left with the neighbours? 100% &amp; more</p>',
      labelId: '20418',
      labelName: 'orders',
      message: 'mx route',
      raw_message:
        'From: A Reader <reader@example.com>\r\nSubject: =?UTF-8?B?5rWL6K+V?=\r\n\r\nCan it be left with the neighbours?\r\n',
      reference: `${messageId}0@mail.example.com`,
      subject: '=?UTF-8?B?5rWL6K+V?=',
      text: 'Can it be left with the neighbours?\r\n',
      to: 'Example Shop <support@mail.example.com>',
      toname: 'Example Shop',
      userHeaders: '{"SC-Custom-Order":"4711","SC-Custom-Shop":"north"}',
      x_mx_mailfrom: 'reader@example.com',
      x_mx_rcptto: 'support@mail.example.com',
    })
  })
})

const events =
  'one of request, deliver, delivered, open, click, unsubscribe, report_spam, spam_report, spamreport, invalid, invalid_email, soft_bounce, bounce, route'

describe('the event', () => {
  it.each<[string, Partial<DeliveryEvent>]>([
    ['deliver', { kind: 'delivered' }],
    ['delivered', { kind: 'delivered' }],
    ['open', { kind: 'opened' }],
    ['click', { kind: 'clicked' }],
    ['unsubscribe', { kind: 'unsubscribed' }],
    ['report_spam', { kind: 'complained' }],
    ['spam_report', { kind: 'complained' }],
    ['spam-report', { kind: 'complained' }],
    ['spamreport', { kind: 'complained' }],
    ['invalid', { kind: 'bounced', bounceClass: 'hard' }],
    ['invalid_email', { kind: 'bounced', bounceClass: 'hard' }],
    ['soft_bounce', { kind: 'bounced', bounceClass: 'soft' }],
    ['bounce', { kind: 'bounced', bounceClass: 'soft' }],
    ['request', { kind: 'requested' }],
  ])('%s, in any case and with either dash, is reported', (event, reported) => {
    for (const spelling of [event, ` ${event.toUpperCase()} `, event.replaceAll('_', '-')]) {
      expect(eventOf({ event: spelling })).toEqual({ ...leastEvent, ...reported })
    }
  })

  it.each([['converted'], ['constructor'], ['__proto__'], ['toString'], ['1']])(
    '%s is kept as unrecognised',
    (event) => {
      expect(read(fieldsWith({ event }))).toEqual([
        { type: 'unrecognised', problem: { pointer: '/event', expected: events, received: event } },
      ])
    },
  )

  it('of an unknown name is unrecognised even where the rest is not as known', () => {
    expect(typesOf(read({ event: 'converted', when: 'yesterday' }))).toEqual(['unrecognised'])
  })

  it('of an unknown name is not repeated where the name is an address', () => {
    expect(problemsOf(read(fieldsWith({ event: 'reader@example.com' })))).toEqual([
      { pointer: '/event', expected: events, received: 'a string' },
    ])
  })

  it.each([[undefined], [null], ['']])('%j is missing', (event) => {
    expect(problemsOf(read(fieldsWith({ event })))).toEqual([
      { pointer: '/event', expected: events, received: 'nothing' },
    ])
  })

  it.each([[['deliver']], [{ name: 'deliver' }], [true]])('%j is no name', (event) => {
    expect(pointersOf(readJson(fieldsWith({ event })))).toEqual(['/event'])
  })

  it('that is reported twice, differently, is in doubt', () => {
    expect(pointersOf(readForm(`event=open&event=click&emailId=${emailId}&timestamp=1795233605123`))).toEqual(
      ['/event'],
    )
  })
})

describe('the sub-status', () => {
  const hard = { kind: 'bounced', bounceClass: 'hard' }
  const soft = { kind: 'bounced', bounceClass: 'soft' }
  const dropped = { kind: 'dropped' }

  it.each([
    ['401', dropped, "401 in SendCloud's blacklist", 'in SendCloud blacklist'],
    ['402', dropped, '402 unsubscribed', 'unsubscribe'],
    ['403', hard, '403 server unreachable', 'server unreachable'],
    ['404', hard, '404 address format error', 'address format error'],
    ['405', hard, '405 IP or domain rejected', 'IP and domain rejected'],
    ['406', hard, '406 address does not exist', 'address does not exist'],
    ['407', hard, '407 spam', 'spam'],
    ['408', hard, '408 sender or recipient rejected', 'sender / recipient rejected'],
    ['409', hard, '409 other', 'others'],
    ['499', hard, '499 an undocumented sub-status', ''],
    ['503', hard, '503 service not available', ''],
  ])('%s of invalid is %j', (substat, reported, detail, substatdesc) => {
    const event = { ...leastEvent, ...reported, code: `subStat ${substat}`, detail }
    expect(eventOf({ event: 'invalid', substat, substatdesc })).toEqual(event)
    expect(eventOf({ event: 'invalid_email', subStat: Number(substat), subStatDesc: substatdesc })).toEqual(
      event,
    )
    expect(
      eventOf({ event: 'invalid', SUBSTAT: ` ${substat} `, SubStatDesc: substatdesc.toUpperCase() }),
    ).toEqual(event)
  })

  it.each([
    ['503', '503 service not available', 'service not available'],
    ['505', '505 IP or domain rejected', 'ip or domain rejected'],
    ['506', '506 address does not exist', 'email address does not exist'],
    ['507', '507 spam', 'spam'],
    ['508', '508 sender or recipient rejected', 'sender / recipient rejected'],
    ['509', '509 other', 'others'],
    ['504', '504 an undocumented sub-status', ''],
    ['406', '406 address does not exist', ''],
  ])('%s of soft_bounce is soft', (substat, detail, substatdesc) => {
    const event = { ...leastEvent, ...soft, code: `subStat ${substat}`, detail }
    expect(eventOf({ event: 'soft_bounce', substat, substatdesc })).toEqual(event)
    expect(eventOf({ event: 'soft-bounce', subStat: substat, subStatDesc: substatdesc })).toEqual(event)
  })

  it.each([
    ['401', dropped],
    ['402', dropped],
    ['403', hard],
    ['404', hard],
    ['405', hard],
    ['406', hard],
    ['407', hard],
    ['408', hard],
    ['409', hard],
    ['400', soft],
    ['410', soft],
    ['499', soft],
    ['503', soft],
    ['506', soft],
    ['509', soft],
    ['599', soft],
  ])('%s of the old bounce decides %j', (substat, reported) => {
    const { kind, bounceClass, code } = eventOf({ event: 'bounce', substat })
    expect({ kind, ...(bounceClass && { bounceClass }) }).toEqual(reported)
    expect(code).toBe(`subStat ${substat}`)
  })

  it.each([[undefined], [''], [null], [0], ['0']])('%j is none', (substat) => {
    expect(eventOf({ event: 'invalid', substat })).toEqual({ ...leastEvent, ...hard })
  })

  it('has words of its own in its description, which are part of the reply where SendCloud does not define them', () => {
    const reported = { event: 'invalid', substat: 406, substatdesc: 'no such user', message: 'mx said no' }
    const said = 'mx said no no such user'
    expect(eventOf(reported)).toMatchObject({ reply: said, detail: '406 address does not exist' })
    expect(eventOf({ ...reported, substatdesc: 'Address does not exist.' })).toMatchObject({
      reply: 'mx said no',
      detail: '406 address does not exist',
    })
    expect(eventOf({ ...reported, substat: '' })).toMatchObject({ reply: said, detail: '' })
    expect(eventOf({ ...reported, substat: 499 })).toMatchObject({
      reply: said,
      detail: '499 an undocumented sub-status',
    })
  })

  it('that is no number is kept in the detail', () => {
    expect(eventOf({ event: 'invalid', substat: 'none' })).toEqual({
      ...leastEvent,
      ...hard,
      detail: '{"substat":"none"}',
    })
  })

  it('is kept in the detail of what is no bounce', () => {
    expect(eventOf({ substat: 406, substatdesc: 'x' })).toEqual({
      ...leastEvent,
      detail: '{"substat":"406","substatdesc":"x"}',
    })
  })
})

describe('the message', () => {
  it.each([
    [emailId, messageId],
    [` ${emailId} `, messageId],
    [`${messageId}12$reader@example.com`, messageId],
    [`${messageId}$reader@example.com`, messageId],
    [
      '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound0$reader@example.com',
      '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound',
    ],
    [`${messageId}0$READER@example.com`, messageId],
    // Not as documented: it is unknown where the index begins.
    ['abc70$reader@example.com', 'abc70'],
    [`${messageId}0$`, messageId],
  ])('of %j is what stands before the index', (id, message) => {
    const event = eventOf({ emailId: id })
    expect(event.message).toBe(message)
    expect(event.emailId).toBe(id.trim())
  })

  it('of an emailId is found at the first $, since a local part may hold more', () => {
    expect(eventOf({ emailId: `${messageId}0$a$b7$c@example.com`, recipient: 'a$b7$c@example.com' })).toEqual(
      {
        ...leastEvent,
        recipient: 'a$b7$c@example.com',
        emailId: `${messageId}0$a$b7$c@example.com`,
      },
    )
  })

  it.each([
    ['no $', messageId],
    ['nothing before it', '$reader@example.com'],
    ['an index alone', '0$reader@example.com'],
    ['white space', 'a b0$reader@example.com'],
    ['#', 'a#b0$reader@example.com'],
    ['the key of a task', 'task:sendcloud:0$reader@example.com'],
    ['more than a key may hold', `${'x'.repeat(513)}0$reader@example.com`],
    ['fifty thousand digits', `${'1'.repeat(50_000)}x$reader@example.com`],
  ])('is not named by an emailId with %s', (_what, id) => {
    expect(problemsOf(read(fieldsWith({ emailId: id })))).toEqual([
      { pointer: '/emailId', expected: 'an emailId: <messageId><index>$<recipient>', received: 'a string' },
    ])
  })

  it.each([[['a0$reader@example.com']], [{}], [true]])('is not named by %j', (id) => {
    expect(pointersOf(readJson(fieldsWith({ emailId: id })))).toEqual(['/emailId'])
  })

  it('is named by the messageId where no emailId comes, and ends in the same key', () => {
    const byMessageId = { ...leastEvent, emailId: undefined }
    expect(eventOf({ emailId: '', messageId })).toEqual(byMessageId)
    expect(eventOf({ emailId: undefined, messageId: `${messageId}7` })).toEqual({
      ...byMessageId,
      detail: `{"messageId":"${messageId}7"}`,
    })
  })

  it('is named by the emailId where both come', () => {
    expect(eventOf({ messageId })).toEqual(leastEvent)
    expect(eventOf({ messageId: 'other-inbound' })).toEqual({
      ...leastEvent,
      detail: '{"messageId":"other-inbound"}',
    })
  })

  it.each([
    [{ maillistTaskId: 77 }],
    [{ maillistTaskId: ' 77 ' }],
    [{ mail_list_task_id: '77' }],
    [{ mailListTaskId: 77 }],
    [{ maillistTaskId: 77, mail_list_task_id: '77' }],
    [{ maillistTaskId: '', mail_list_task_id: 77 }],
    [{ maillistTaskId: 0, mail_list_task_id: 77 }],
  ])('is the task where nothing else names it: %j', (reported) => {
    expect(eventOf({ emailId: undefined, ...reported })).toEqual({
      ...leastEvent,
      message: 'task:sendcloud:77',
      emailId: undefined,
      columns: { task: '77' },
    })
  })

  it('has its task in a column, and is not named by it where an emailId comes', () => {
    expect(eventOf({ maillistTaskId: 77, mail_list_task_id: 77 })).toEqual({
      ...leastEvent,
      columns: { task: '77' },
    })
    expect(eventOf({ emailId: undefined, messageId, maillistTaskId: 77 }).message).toBe(messageId)
  })

  it('of a task with more digits than a number holds keeps each of them', () => {
    const reported = 'recipient=reader@example.com&timestamp=1795233605123&event=open&maillistTaskId='
    const json =
      '{"recipient":"reader@example.com","timestamp":1795233605123,"event":"open","maillistTaskId":'
    const expected = 'task:sendcloud:12345678901234567890'
    expect(onlyEventOf(readForm(`${reported}12345678901234567890`)).message).toBe(expected)
    const inJson = sendCloud.read(callbackOf(`${json}12345678901234567890}`, ''))
    expect(onlyEventOf(inJson).message).toBe(expected)
  })

  it.each([
    [{}],
    [{ emailId: '', messageId: null }],
    [{ maillistTaskId: 0 }],
    [{ maillistTaskId: '0', mail_list_task_id: '' }],
    [{ maillistTaskId: -1 }],
    [{ maillistTaskId: 7, mail_list_task_id: 8 }],
    [{ maillistTaskId: 'two words' }],
  ])('is missing in %j', (reported) => {
    expect(problemsOf(read({ ...fieldsWith({ emailId: undefined }), ...reported }))).toEqual([
      {
        pointer: '/emailId',
        expected: 'an emailId, a messageId or a maillistTaskId',
        received: 'none that names a message',
      },
    ])
  })

  it.each([['a b'], ['a#b'], ['123'], ['task:7x'], ['x'.repeat(513)]])(
    'is not named by messageId %j',
    (id) => {
      expect(pointersOf(read(fieldsWith({ emailId: undefined, messageId: id })))).toEqual(['/messageId'])
    },
  )
})

describe('the recipient', () => {
  it.each([
    ['reader@example.com', undefined],
    [' reader@example.com\n', undefined],
    ['Reader@Example.COM', 'Reader@Example.COM'],
  ])('is %j, in lower case', (recipient, spelling) => {
    const event = eventOf({ recipient })
    expect(event.recipient).toBe('reader@example.com')
    expect(event.spelling).toBe(spelling)
  })

  it.each([[undefined], [''], [null]])('is the one in the emailId where it is %j itself', (recipient) => {
    expect(eventOf({ recipient })).toEqual(leastEvent)
    expect(eventOf({ recipient, emailId: `${messageId}0$Reader@Example.com` })).toEqual({
      ...leastEvent,
      spelling: 'Reader@Example.com',
      emailId: `${messageId}0$Reader@Example.com`,
    })
  })

  it('that is not the one in the emailId is in doubt', () => {
    expect(problemsOf(read(fieldsWith({ recipient: 'other@example.com' })))).toEqual([
      {
        pointer: '/recipient',
        expected: 'the recipient that the emailId names',
        received: 'another string',
      },
    ])
  })

  it.each([
    ['reader'],
    ['a@example.com,b@example.com'],
    ['R <reader@example.com>, b@example.com'],
    [' '],
    [7],
  ])('is not %j', (recipient) => {
    expect(pointersOf(read(fieldsWith({ recipient })))).toEqual(['/recipient'])
  })

  it('is missing where nobody names one', () => {
    expect(pointersOf(read(fieldsWith({ recipient: '', emailId: `${messageId}0$` })))).toEqual(['/recipient'])
    expect(pointersOf(read(fieldsWith({ recipient: '', emailId: '', messageId })))).toEqual(['/recipient'])
    expect(pointersOf(read(fieldsWith({ recipient: '', emailId: '' })))).toEqual(['/emailId', '/recipient'])
  })

  it('that comes twice is one where both say the same, and none otherwise', () => {
    const reported = `event=open&timestamp=1795233605123&emailId=${emailId}`
    const twice = (other: string) => readForm(`${reported}&recipient=reader@example.com&recipient=${other}`)
    expect(onlyEventOf(twice('reader@example.com')).recipient).toBe('reader@example.com')
    expect(pointersOf(twice('other@example.com'))).toEqual(['/recipient'])
    expect(pointersOf(readForm(`${reported}&recipient=reader@example.com&Recipient=x@example.com`))).toEqual([
      '/recipient',
    ])
  })
})

describe('the time', () => {
  it.each([
    [1795233605123, 1795233605123],
    ['1795233605123', 1795233605123],
    [' 1795233605123 ', 1795233605123],
    [946684800000, 946684800000],
    [4102444800000, 4102444800000],
    [1795233605, 1795233605_000],
    ['1795233605', 1795233605_000],
    ['1795233605.123', 1795233605_123],
    ['1795233605123.5', 1795233605_123],
    [946684800, 946684800_000],
  ])('%j is Unix milliseconds, or plainly seconds: %d', (timestamp, occurredAtMs) => {
    expect(eventOf({ timestamp }).occurredAtMs).toBe(occurredAtMs)
  })

  it('more than a day ahead of our clock is a problem, and is none once the clock has come there', () => {
    const nowMs = Date.parse('2026-11-20T04:00:05.123Z')
    const problems = (reported: UnsignedFields, now: number) =>
      problemsOf(sendCloud.read(formOf(reported), now))
    const ahead = [
      {
        pointer: '/timestamp',
        expected: 'an instant at most a day ahead of our clock',
        received: 'a string beyond it',
      },
    ]
    for (const reported of [
      fieldsWith(),
      fieldsWith({ event: 'request', recipientArray: ['reader@example.com'] }),
      fieldsWith({ event: 'route', x_mx_rcptto: 'reader@example.com' }),
    ]) {
      expect(problems(reported, nowMs - 1)).toEqual(ahead)
      expect(problems(reported, nowMs)).toEqual([])
    }
  })

  it.each([
    [0],
    [946684799],
    [946684799999],
    [4102444800001],
    [-1795233605123],
    [1795233605123456],
    ['1.795e12'],
    ['1.2.3'],
    ['2026-11-21T04:00:05.123Z'],
    [''],
    [null],
    [undefined],
    [true],
    [[1795233605123]],
    [{}],
  ])('%j is not guessed at', (timestamp) => {
    expect(pointersOf(readJson(fieldsWith({ timestamp })))).toEqual(['/timestamp'])
  })
})

describe('the columns of the message', () => {
  it('are reported by every event alike', () => {
    const reported = {
      apiUser: 'trigger',
      category: 'old',
      labelId: 7,
      labelName: 'orders',
      mail_list_task_id: 9,
    }
    expect(eventOf(reported).columns).toEqual({
      account: 'trigger',
      category: 'old',
      labelId: '7',
      labelName: 'orders',
      task: '9',
    })
  })

  it('have the account in category where the documents of 2015 have it', () => {
    expect(eventOf({ category: 'trigger' }).columns).toEqual({
      account: 'trigger',
      category: 'trigger',
    })
  })

  it('have no category where a request repeats its messageId there, as the document says it may', () => {
    const request = {
      event: 'request',
      messageId,
      recipientArray: ['reader@example.com'],
      timestamp: 1795233605123,
    }
    expect(onlyEventOf(read({ ...request, category: messageId })).columns).toEqual({})
    expect(onlyEventOf(read({ ...request, category: messageId, apiUser: 'trigger' })).columns).toEqual({
      account: 'trigger',
    })
    expect(onlyEventOf(read({ ...request, category: 'trigger' })).columns).toEqual({
      account: 'trigger',
      category: 'trigger',
    })
  })

  it.each([[0], ['0'], [''], [null]])('report no label and no task where both are %j', (number) => {
    expect(eventOf({ labelId: number, maillistTaskId: number, labelName: '' })).toEqual(leastEvent)
  })
})

describe("the sender's own headers", () => {
  it('are decoded as a subject is', () => {
    const named = '=?cp936?B?xPq6ww==?='
    expect(eventOf({ 'SC-Custom-Name': named }).headers).toEqual(new Map([['SC-Custom-Name', '您好']]))
    const userHeaders = JSON.stringify({ 'SC-Custom-Name': named })
    expect(eventOf({ userHeaders }).headers).toEqual(new Map([['SC-Custom-Name', '您好']]))
  })

  it.each([
    ['JSON', '{"SC-Custom-Order":"4711","sc-custom-shop":" two\\n lines ","SC-CUSTOM-Empty":""}'],
    ['an object', { 'SC-Custom-Order': '4711', 'sc-custom-shop': ' two\n lines ', 'SC-CUSTOM-Empty': '' }],
  ])('in userHeaders as %s are kept under the name in which they came', (_what, userHeaders) => {
    expect(eventOf({ userHeaders })).toEqual({
      ...leastEvent,
      headers: new Map([
        ['SC-Custom-Order', '4711'],
        ['sc-custom-shop', 'two lines'],
        ['SC-CUSTOM-Empty', ''],
      ]),
    })
  })

  it('are text, whatever came', () => {
    const userHeaders =
      '{"SC-Custom-A":[1,{"b":2}],"SC-Custom-B":true,"SC-Custom-C":12345678901234567890,"SC-Custom-D":1.0}'
    expect(eventOf({ userHeaders }).headers).toEqual(
      new Map([
        ['SC-Custom-A', '[1,{"b":2}]'],
        ['SC-Custom-B', 'true'],
        ['SC-Custom-C', '12345678901234567890'],
        ['SC-Custom-D', '1.0'],
      ]),
    )
  })

  it('among the fields are headers as well', () => {
    expect(
      eventOf({ 'SC-Custom-Order': '4711', 'sc-custom-shop': '', userHeaders: '{"SC-Custom-Way":"sea"}' }),
    ).toEqual({
      ...leastEvent,
      headers: new Map([
        ['SC-Custom-Way', 'sea'],
        ['SC-Custom-Order', '4711'],
        ['sc-custom-shop', ''],
      ]),
    })
  })

  it('leave every other name in the detail, where it can name no column', () => {
    const userHeaders = '{"SC-Custom-Order":"4711","status":"bounced","X-Mailer":"x","__proto__":"y"}'
    expect(eventOf({ userHeaders })).toEqual({
      ...leastEvent,
      headers: new Map([['SC-Custom-Order', '4711']]),
      detail: '{"userHeaders":{"status":"bounced","X-Mailer":"x","__proto__":"y"}}',
    })
  })

  it.each([
    ['SC-Custom-Order: 4711'],
    ['{SC-Custom-Order=4711}'],
    ['["SC-Custom-Order"]'],
    ['7'],
    ['{"SC-Custom-Order":'],
  ])('stay in the detail where userHeaders is %j', (userHeaders) => {
    expect(eventOf({ userHeaders })).toEqual({
      ...leastEvent,
      detail: JSON.stringify({ userHeaders }),
    })
  })

  it.each([[''], [null], ['{}'], [{}]])('are none where userHeaders is %j', (userHeaders) => {
    expect(eventOf({ userHeaders })).toEqual(leastEvent)
  })
})

describe('the detail', () => {
  const agent = {
    explorerName: 'Chrome',
    explorerVer: '120',
    oSName: 'Windows 10',
    oSVer: '11',
    ip: '203.0.113.9',
  }

  it.each([
    [agent, 'Chrome 120 on Windows 10 11, from 203.0.113.9'],
    [{ ...agent, oSVer: '' }, 'Chrome 120 on Windows 10, from 203.0.113.9'],
    [{ ...agent, oSName: '', oSVer: '' }, 'Chrome 120, from 203.0.113.9'],
    [{ ...agent, explorerName: '', explorerVer: '' }, 'on Windows 10 11, from 203.0.113.9'],
    [{ ...agent, ip: '' }, 'Chrome 120 on Windows 10 11'],
    [{ ip: '203.0.113.9' }, 'from 203.0.113.9'],
    [{ explorerVer: '120' }, '120'],
    [{ explorerName: '', explorerVer: '', oSName: '', oSVer: '', ip: '' }, ''],
  ])('of %j is %j', (reported, detail) => {
    for (const event of ['open', 'click', 'unsubscribe'])
      expect(eventOf({ event, ...reported }).detail).toBe(detail)
  })

  it('of other events keeps an agent and a link as fields', () => {
    expect(eventOf({ event: 'report_spam', ip: '203.0.113.9', url: 'https://example.com/' })).toEqual({
      ...leastEvent,
      kind: 'complained',
      detail: '{"ip":"203.0.113.9","url":"https://example.com/"}',
    })
  })

  it('has the cause first, then the agent, the address it left from, and all other fields, and nothing of the reply', () => {
    const reported = {
      ...{ event: 'soft_bounce', substat: 503, substatdesc: 'try later', cause: '421 busy', reason: 'queue' },
      ...{ message: 'soft', outIp: '198.51.100.7', zone: 'eu', zero: '0', list: '[1]', recipientSize: '1' },
    }
    expect(eventOf(reported)).toMatchObject({
      reply: '421 busy queue soft try later',
      detail:
        '503 service not available outIp 198.51.100.7 {"list":"[1]","recipientSize":"1","zero":"0","zone":"eu"}',
    })
  })

  it('keeps what is nested as it came', () => {
    expect(onlyEventOf(readJson(fieldsWith({ a: { b: [1, null, 'c'] }, n: 1.5, t: true }))).detail).toBe(
      '{"a":{"b":[1,null,"c"]},"n":"1.5","t":true}',
    )
  })

  it('keeps a field that repeats with all that it says', () => {
    const reported = `event=open&timestamp=1795233605123&emailId=${emailId}`
    expect(onlyEventOf(readForm(`${reported}&zone=a&zone=b&zone=a`)).detail).toBe('{"zone":["a","b"]}')
  })

  it('never has the signature in it', () => {
    const signed = signedForm(fieldsWith({ zone: 'eu' }), 'first-key')
    expect(onlyEventOf(sendCloud.read(signed)).detail).toBe('{"zone":"eu"}')
  })

  it.each([['__proto__'], ['constructor'], ['toString'], ['hasOwnProperty']])(
    'has a field named %s as data and nothing more',
    (name) => {
      const body = `{"${name}":{"event":"open","kind":"opened"},${JSON.stringify(fieldsWith()).slice(1)}`
      expect(onlyEventOf(sendCloud.read(callbackOf(body, 'application/json')))).toEqual({
        ...leastEvent,
        detail: `{"${name}":{"event":"open","kind":"opened"}}`,
      })
    },
  )
})

describe('the link of a click', () => {
  it.each([
    ['https://example.com/a?b=1&c=2', 'https://example.com/a?b=1&c=2'],
    [' https://example.com/\n', 'https://example.com/'],
    ['', undefined],
    [null, undefined],
  ])('%j is %s', (url, link) => {
    expect(eventOf({ event: 'click', url }).link).toBe(link)
  })
})

describe('a request', () => {
  const request = (reported: UnsignedFields) => ({
    event: 'request',
    messageId,
    timestamp: 1795233600456,
    ...reported,
  })
  const requested = (recipient: string, columns = {}) => ({
    ...leastEvent,
    kind: 'requested',
    occurredAtMs: 1795233600456,
    recipient,
    emailId: undefined,
    columns,
  })
  const requestedWithId = (recipient: string, index: number) => ({
    ...requested(recipient),
    emailId: `${messageId}${index}$${recipient}`,
  })
  const emailIdsOf = (...recipients: string[]) =>
    recipients.map((recipient, index) => `${messageId}${index}$${recipient}`)
  const two = [requested('a@example.com'), requested('b@example.com')]

  it('to 100 recipients is 100 events of one message', () => {
    const recipients = Array.from({ length: 100 }, (_, index) => `reader${index}@example.com`)
    const outcomes = read(request({ recipientArray: recipients, emailIds: emailIdsOf(...recipients) }))
    expect(eventsOf(outcomes)).toEqual(recipients.map(requestedWithId))
  })

  it.each<[string, unknown]>([
    ['JSON text', '["a@example.com","b@example.com"]'],
    ['JSON text with spaces', ' [ "a@example.com" , "b@example.com" ] '],
    ["Java's toString", '[a@example.com, b@example.com]'],
    ['commas', 'a@example.com,b@example.com'],
    ['semicolons', 'a@example.com; b@example.com'],
    ['an empty entry', 'a@example.com;;b@example.com;'],
    ['a JSON array', ['a@example.com', 'b@example.com']],
    ['a JSON array with gaps', ['a@example.com', null, '', 'b@example.com']],
    ['a JSON array of lists', ['[a@example.com]', 'b@example.com']],
    ["Python's notation, as SendCloud's own test page does", "['a@example.com', 'b@example.com']"],
    ["Python's notation with other quotes", `["a@example.com",'b@example.com',]`],
    ["Python 2's notation", "[u'a@example.com', u'b@\\x65xample\\u002ecom']"],
    ["Python's notation with gaps", "['a@example.com', None, '', 'b@example.com']"],
    ["Python's tuple", "('a@example.com', 'b@example.com')"],
    ['quotes without brackets', "'a@example.com','b@example.com'"],
    ['names with commas', '"Lee, Ann" <a@example.com>, b@example.com'],
  ])('reports its recipients by %s', (_what, recipientArray) => {
    expect(eventsOf(read(request({ recipientArray })))).toEqual(two)
  })

  it.each([
    ['recipientArray=a@example.com&recipientArray=b@example.com'],
    ['recipientArray[]=a@example.com&recipientArray[]=b@example.com'],
    ['recipientArray%5B0%5D=a@example.com&recipientArray%5B1%5D=b@example.com'],
    ['recipientArray=a@example.com&recipient=b@example.com'],
    ['recipientArray=["a@example.com"]&recipientArray=["b@example.com"]'],
  ])('reports its recipients by fields that repeat: %s', (fields) => {
    const reported = `event=request&timestamp=1795233600456&messageId=${messageId}`
    expect(eventsOf(readForm(`${reported}&${fields}`))).toEqual(two)
  })

  it.each([
    ['a@example.com', 'a@example.com'],
    ['[a@example.com]', 'a@example.com'],
    ['"a,b"@example.com', '"a,b"@example.com'],
    ['["\\"a,b\\"@example.com"]', '"a,b"@example.com'],
    [['"a,b"@example.com'], '"a,b"@example.com'],
    ['[["a@example.com"]]', 'a@example.com'],
    ["['a@example.com']", 'a@example.com'],
    ["('a@example.com',)", 'a@example.com'],
    ["[o'brien@example.com]", "o'brien@example.com"],
    [`["o'brien@example.com"]`, "o'brien@example.com"],
    [`['o\\'brien@example.com']`, "o'brien@example.com"],
    [`['"a,b"@example.com']`, '"a,b"@example.com'],
  ])('to %j has one recipient', (recipientArray, recipient) => {
    expect(eventsOf(read(request({ recipientArray })))).toEqual([requested(recipient)])
  })

  it('names its recipients by emailIds alone', () => {
    for (const emailIds of [
      emailIdsOf('a@example.com', 'b@example.com'),
      `[${emailIdsOf('a@example.com', 'b@example.com').join(', ')}]`,
      `['${emailIdsOf('a@example.com', 'b@example.com').join("', '")}']`,
      emailIdsOf('a@example.com', 'b@example.com').join(','),
    ]) {
      const events = [requestedWithId('a@example.com', 0), requestedWithId('b@example.com', 1)]
      expect(eventsOf(read(request({ emailIds })))).toEqual(events)
      expect(eventsOf(read(request({ emailIds, messageId: '' })))).toEqual(events)
    }
  })

  it('takes an emailId in JSON whole, whatever is in its local part', () => {
    const outcomes = read(request({ emailIds: [`${messageId}0$"a,b;c"@example.com`] }))
    expect(eventsOf(outcomes)).toEqual([requestedWithId('"a,b;c"@example.com', 0)])
  })

  it('names those by address whom no emailId names', () => {
    const emailIds = emailIdsOf('a@example.com')
    const outcomes = read(request({ emailIds, recipientArray: ['b@example.com', 'A@example.com'] }))
    expect(eventsOf(outcomes)).toEqual([requestedWithId('a@example.com', 0), requested('b@example.com')])
    const withoutMessageId = request({ emailIds, recipientArray: ['b@example.com'], messageId: '' })
    expect(eventsOf(read(withoutMessageId))).toEqual(eventsOf(outcomes))
  })

  it('reports each recipient once whom no emailId names', () => {
    const recipientArray = ['a@example.com', ' A@Example.com', 'b@example.com', 'a@example.com']
    expect(eventsOf(read(request({ recipientArray })))).toEqual(two)
  })

  it('reports each emailId once, also where several name one address', () => {
    const recipientArray = ['a@example.com', 'a@example.com', 'A@example.com', 'b@example.com']
    const emailIds = [
      ...emailIdsOf('a@example.com', 'a@example.com', 'A@example.com'),
      ...emailIdsOf('a@example.com'),
    ]
    expect(eventsOf(read(request({ emailIds, recipientArray })))).toEqual([
      requestedWithId('a@example.com', 0),
      requestedWithId('a@example.com', 1),
      {
        ...requested('a@example.com'),
        spelling: 'A@example.com',
        emailId: `${messageId}2$A@example.com`,
      },
      requested('b@example.com'),
    ])
  })

  it('keeps the spelling of a recipient', () => {
    expect(eventsOf(read(request({ recipientArray: ['A@Example.com'] })))).toEqual([
      { ...requested('a@example.com'), spelling: 'A@Example.com' },
    ])
  })

  it('reports which recipient is bad, and reads the others', () => {
    const outcomes = read(request({ recipientArray: ['a@example.com', 'nobody', 'x@y@z', 'b@example.com'] }))
    expect(eventsOf(outcomes)).toEqual(two)
    expect(outcomes.filter(({ type }) => type === 'invalid')).toEqual([
      {
        type: 'invalid',
        problems: [{ pointer: '/recipientArray/1', expected: 'one email address', received: 'a string' }],
      },
      {
        type: 'invalid',
        problems: [{ pointer: '/recipientArray/2', expected: 'one email address', received: 'a string' }],
      },
    ])
  })

  it('reports which emailId is bad, and reads the others', () => {
    const emailIds = [
      ...emailIdsOf('a@example.com', 'nobody'),
      messageId,
      `other-inbound0$c@example.com`,
      `${messageId}4$d@example.com`,
    ]
    const recipientArray = ['a@example.com', 'C@example.com', 'd@example.com']
    const outcomes = read(request({ emailIds, recipientArray }))
    expect(eventsOf(outcomes)).toEqual([
      requestedWithId('a@example.com', 0),
      requestedWithId('d@example.com', 4),
    ])
    const shape = 'an emailId: <messageId><index>$<recipient>'
    expect(problemsOf(outcomes)).toEqual([
      { pointer: '/emailIds/1', expected: shape, received: 'a string' },
      { pointer: '/emailIds/2', expected: shape, received: 'a string' },
      {
        pointer: '/emailIds/3',
        expected: 'an emailId that begins with the messageId',
        received: 'another string',
      },
    ])
  })

  it('of a messageId of another shape separates what only digits distinguish', () => {
    const outcomes = read(
      request({
        messageId: 'a-17',
        emailIds: ['a-170$a@example.com', 'a-1712$b@example.com', 'a-18$d@example.com'],
        recipientArray: ['c@example.com'],
      }),
    )
    expect(typesOf(outcomes)).toEqual(['event', 'event', 'invalid', 'event'])
    expect(eventsOf(outcomes).map(({ message }) => message)).toEqual(['a-170', 'a-1712', 'a-17'])
    const opened = { event: 'open', emailId: 'a-1712$b@example.com', timestamp: 1795233605123 }
    expect(onlyEventOf(read(opened)).message).toBe('a-1712')
  })

  it('to an address list is named by its task', () => {
    const reported = { messageId: '', maillistTaskId: 77, recipientArray: ['a@example.com'] }
    expect(eventsOf(read(request(reported)))).toEqual([
      { ...requested('a@example.com', { task: '77' }), message: 'task:sendcloud:77' },
    ])
  })

  it.each([
    [{}, '/recipientArray'],
    [{ recipientArray: '', emailIds: '' }, '/recipientArray'],
    [{ recipientArray: '[]', emailIds: [] }, '/recipientArray'],
    [{ recipientArray: ['', null] }, '/recipientArray'],
    [{ recipientArray: 'a@example.com', messageId: 'a b' }, '/messageId'],
    [{ recipientArray: 'a@example.com,b@example.com', messageId: '' }, '/messageId'],
    [{ recipientArray: 'a@example.com', messageId: '', maillistTaskId: 0 }, '/messageId'],
    [{ recipientArray: 'a@example.com', timestamp: '' }, '/timestamp'],
  ])('that reports %j is invalid as a whole', (reported, pointer) => {
    expect(pointersOf(read(request(reported)))).toEqual([pointer])
  })

  it('whose emailIds do not agree leaves those in doubt whom none of them names', () => {
    const emailIds = ['one-inbound0$a@example.com', 'two-inbound0$b@example.com']
    const outcomes = read(
      request({ messageId: '', emailIds, recipientArray: ['c@example.com'], maillistTaskId: 7 }),
    )
    expect(eventsOf(outcomes).map(({ message, recipient }) => [message, recipient])).toEqual([
      ['one-inbound', 'a@example.com'],
      ['two-inbound', 'b@example.com'],
    ])
    expect(problemsOf(outcomes).map(({ pointer }) => pointer)).toEqual(['/messageId'])
  })

  it.each([
    ["['a@example.com'"],
    ["['a@example.com', b@example.com']"],
    ["['a@example.com' 'b@example.com']"],
    ["[a@example.com, 'b@example.com']"],
    ["'a@example.com"],
    ["{'a@example.com', 'b@example.com'}"],
    ["[['a@example.com']]"],
    ['<a@example.com> <b@example.com>'],
  ])('names nobody by %s, which is no list of addresses', (list) => {
    const outcomes = [
      ...read(request({ recipientArray: list })),
      ...read(request({ emailIds: list.replaceAll('@example', '-inbound0$a@example') })),
    ]
    expect(new Set(typesOf(outcomes))).toEqual(new Set(['invalid']))
  })

  it('whose list is nested or broken is read without falling over', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    for (const recipientArray of [
      deep,
      '['.repeat(1_000_000),
      '[['.repeat(500) + 'x',
      '{"a":1}',
      '["a@example.com"',
      `['${"\\'".repeat(500_000)}`,
      `[${"'',".repeat(300_000)}'`,
      `"\\"${'\\"'.repeat(500_000)}`,
    ]) {
      expect(typesOf(readForm(formText(request({ recipientArray }))))).toContain('invalid')
    }
  })
})

function formText(fields: UnsignedFields): string {
  return new TextDecoder().decode(formOf(fields).body)
}

describe('a routed mail', () => {
  const route = (reported: UnsignedFields = {}) => ({
    event: 'route',
    timestamp: 1795240000007,
    x_mx_rcptto: 'support@mail.example.com',
    ...reported,
  })
  const mailOf = (reported: UnsignedFields) => onlyMailOf(read(route(reported)))

  it('may report nothing but where it went', () => {
    expect(onlyMailOf(read(route()))).toEqual({
      provider: 'sendcloud',
      recipient: 'support@mail.example.com',
      receivedAtMs: 1795240000007,
      columns: {},
      content: '{"event":"route","x_mx_rcptto":"support@mail.example.com"}',
    })
  })

  it.each([
    ['support@mail.example.com', 'to@example.com', 'support@mail.example.com'],
    [' Support@Mail.Example.com ', '', 'support@mail.example.com'],
    ['<support@mail.example.com>', '', 'support@mail.example.com'],
    ['"Shop, The" <support@mail.example.com>, other@example.com', '', 'support@mail.example.com'],
    ['["support@mail.example.com","other@example.com"]', '', 'support@mail.example.com'],
    ['[support@mail.example.com, other@example.com]', '', 'support@mail.example.com'],
    ['', 'Example Shop <Support@mail.example.com>', 'support@mail.example.com'],
    ['undisclosed-recipients:;', 'support@mail.example.com', 'support@mail.example.com'],
    ['', 'Team: a@mail.example.com, b@mail.example.com;', 'a@mail.example.com'],
    ['', '=?UTF-8?B?5rWL6K+V?= <support@mail.example.com>', 'support@mail.example.com'],
    ["['support@mail.example.com', 'other@example.com']", '', 'support@mail.example.com'],
    ['support@mail.example.com (The Shop)', '', 'support@mail.example.com'],
    ['Lee, Ann <support@mail.example.com>, other@example.com', '', 'support@mail.example.com'],
    ['"Team: x" <support@mail.example.com>', '', 'support@mail.example.com'],
    ['Team: "Lee, Ann" <support@mail.example.com>, other@example.com;', '', 'support@mail.example.com'],
    ['nobody', 'nobody, support@mail.example.com', 'support@mail.example.com'],
  ])('that reached %j, to %j, is for %s', (x_mx_rcptto, to, recipient) => {
    expect(mailOf({ x_mx_rcptto, to }).recipient).toBe(recipient)
  })

  it('that came to several fields of one name is for the first', () => {
    expect(onlyMailOf(readJson(route({ x_mx_rcptto: ['A@example.com', 'b@example.com'] }))).recipient).toBe(
      'a@example.com',
    )
  })

  it.each([[''], ['nobody'], ['<>'], [7], [[]], [{}]])(
    'that reached %j and no other is invalid',
    (x_mx_rcptto) => {
      expect(problemsOf(readJson(route({ x_mx_rcptto })))).toMatchObject([
        { pointer: '/x_mx_rcptto', expected: 'the address that it reached' },
      ])
    },
  )

  it('without a time is invalid, and names all that is wrong', () => {
    expect(pointersOf(read(route({ timestamp: 179524000, x_mx_rcptto: '' })))).toEqual([
      '/timestamp',
      '/x_mx_rcptto',
    ])
  })

  it.each([
    [{ emailId }, { message: messageId, recipient: 'reader@example.com' }],
    [
      { emailId: `${messageId}12$Reader@Example.com` },
      { message: messageId, recipient: 'reader@example.com' },
    ],
    [{ emailId: `${messageId}0$nobody` }, { message: messageId }],
    [
      { emailId, reference: '1644468027883_1_2_3.sg-1-inbound0@x.example' },
      { message: messageId, recipient: 'reader@example.com' },
    ],
    [{ reference: `${messageId}0@mail.example.com` }, { message: messageId }],
    [{ reference: `<${messageId}0@mail.example.com>` }, { message: messageId }],
    [{ reference: ` <other@example.com>\r\n <${messageId}12@mail.example.com>` }, { message: messageId }],
    [{ emailId: 'odd', reference: `${messageId}0` }, { message: messageId }],
    [
      { reference: '1644468027883_1024_25239_6195.sg-10_1_253_1-inbound0@ifaxin.example' },
      { message: '1644468027883_1024_25239_6195.sg-10_1_253_1-inbound' },
    ],
    [{ reference: 'my-own-id@example.com' }, undefined],
    [{ reference: '164446802788_1_2_3.sg-1-inbound0@example.com' }, undefined],
    [{ reference: `x${messageId}0@example.com` }, undefined],
    [{ reference: `${messageId}@example.com` }, undefined],
    [{ reference: '', emailId: '' }, undefined],
    [{}, undefined],
  ])('that reports %j answers %j', (reported, answers) => {
    expect(mailOf(reported).answers).toEqual(answers)
  })

  it('has columns of one line and at most 1,000 characters, whatever their fields hold', () => {
    const fields = [
      'from',
      'fromname',
      'to',
      'toname',
      'subject',
      'x_mx_mailfrom',
      'reference',
      'emailId',
      'labelName',
    ]
    const long = ` two\r\n line ${'🔒'.repeat(2_000)}`
    const { columns } = mailOf({
      labelId: 'x'.repeat(2_000),
      ...Object.fromEntries(fields.map((field) => [field, long])),
    })
    expect(Object.keys(columns).sort()).toEqual([...inboundColumns].sort())
    for (const text of Object.values(columns)) {
      expect(text).toMatch(/^(two line 🔒|x)/u)
      expect(text).toHaveLength(1_000)
      expect(text.isWellFormed()).toBe(true)
    }
  })

  it('has names that are decoded', () => {
    const { columns } = mailOf({
      from: '=?GB18030?B?xPo=?= =?gb18030?B?usM=?= <reader@example.com>',
      fromname: '=?cp936?B?xPq6ww==?=',
      to: '=?UTF-8?B?5oKo5aU=?= =?UTF-8?B?vQ==?= <support@mail.example.com>',
      toname: '=?UTF-8?Q?=E6=82=A8=E5=A5=BD?=',
    })
    expect(columns).toEqual({
      from: '您好 <reader@example.com>',
      fromName: '您好',
      to: '您好 <support@mail.example.com>',
      toName: '您好',
    })
  })

  it.each([
    ['=?UTF-8?B?5oKo5aU=?= =?UTF-8?B?vQ==?=', '您好'],
    ['=?UTF-8?B?5rWL6K+V?=', '测试'],
    ['=?GBK?Q?=B2=E2=CA=D4?=', '测试'],
    ['=?x-nobody?B?suLK1A==?=', '=?x-nobody?B?suLK1A==?='],
    ['测试 🔒', '测试 🔒'],
    ['', undefined],
  ])('has the subject %s as %s', (subject, expected) => {
    expect(mailOf({ subject }).columns.subject).toBe(expected)
  })

  it.each([[0], ['0'], [''], [null]])('has no label where it is %j', (labelId) => {
    expect(onlyMailOf(readJson(route({ labelId }))).columns).toEqual({})
  })

  it('has the same content however often it is reported', () => {
    const once = sendCloud.read(
      signedForm(route({ text: 'hello', raw_message_url: 'https://a.example' }), 'key'),
    )
    const again = read(
      route({ text: 'hello', raw_message_url: 'https://b.example', timestamp: 1795240000008 }),
    )
    expect(onlyMailOf(once).content).toBe(
      '{"event":"route","text":"hello","x_mx_rcptto":"support@mail.example.com"}',
    )
    expect(onlyMailOf(again).content).toBe(onlyMailOf(once).content)
    expect(onlyMailOf(again).rawMessageUrl).toBe('https://b.example')
  })

  it('has all else in its content, with names and values as they came and names in order', () => {
    const reported = {
      zone: '',
      X_MX_RCPTTO: 'a@example.com',
      event: ' Route ',
      Timestamp: 1795240000007,
      a: { b: [1, 'c'] },
    }
    expect(onlyMailOf(readJson({ ...reported, text: 'a\r\n\u0000b', __proto__x: null })).content).toBe(
      '{"X_MX_RCPTTO":"a@example.com","__proto__x":null,"a":{"b":[1,"c"]},"event":" Route ","text":"a\\r\\n\\u0000b","zone":""}',
    )
  })

  it('may be as large as a body may be', () => {
    const html = '<p>Grüße 测试 100% & more</p>\r\n'.repeat(60_000)
    const raw_message = 'x'.repeat(1_500_000)
    const callback = formOf(route({ html, raw_message, subject: html }))
    expect(callback.body.length).toBeGreaterThan(5 * 1024 * 1024)
    const content = JSON.parse(onlyMailOf(sendCloud.read(callback)).content) as Record<string, unknown>
    expect(content.html === html && content.raw_message === raw_message).toBe(true)
  })
})

describe('a body', () => {
  const form = formText(fieldsWith())
  const json = JSON.stringify(fieldsWith())

  it.each([[''], [' \r\n\t '], ['\ufeff']])('of %j is a probe', (text) => {
    for (const type of ['', formType, 'application/json', 'multipart/form-data; boundary=x']) {
      expect(sendCloud.read(callbackOf(text, type))).toEqual([])
    }
  })

  it.each([
    [formType],
    [`${formType}; charset=UTF-8`],
    ['APPLICATION/X-WWW-FORM-URLENCODED'],
    [''],
    ['text/plain'],
    ['text/plain;charset=utf-8'],
    ['application/octet-stream'],
  ])('of a form may come as %j', (type) => {
    expect(onlyEventOf(sendCloud.read(callbackOf(form, type)))).toEqual(leastEvent)
  })

  it.each([['application/json'], ['application/json; charset=utf-8'], [formType], [''], ['image/png']])(
    'of JSON may come as %j',
    (type) => {
      for (const text of [json, ` \n${json}\n`, `\ufeff${json}`]) {
        expect(onlyEventOf(sendCloud.read(callbackOf(text, type)))).toEqual(leastEvent)
      }
    },
  )

  it.each([['multipart/form-data; boundary=x'], ['image/png'], ['application/xml']])(
    'of a form is not guessed at where it comes as %j',
    (type) => {
      const callback = callbackOf(form, type)
      expect(sendCloud.read(callback)).toEqual([
        {
          type: 'unreadable',
          problem: {
            pointer: '',
            expected: 'the content type application/x-www-form-urlencoded or application/json',
            received: 'another',
          },
        },
      ])
      expect(sendCloud.signing?.verify(callback, ['first-key'])).toBe('unverifiable')
    },
  )

  it.each([
    ['JSON cut short', '{"event":"open"', formType],
    ['two objects in a row', '{"event":"open"}{"event":"open"}', ''],
    ['an array', `[${json}]`, 'application/json'],
    ['a text', '"event=open"', 'application/json'],
    ['a form said to be JSON', form, 'application/json'],
    ['an escape that is not UTF-8', `${form}&token=%FF`, formType],
  ])('that is %s is unreadable, and has no place for a signature', (_what, text, type) => {
    const callback = callbackOf(text, type)
    expect(typesOf(sendCloud.read(callback))).toEqual(['unreadable'])
    expect(sendCloud.signing?.verify(callback, ['first-key'])).toBe('unverifiable')
  })

  it.each([
    ['an empty array', ' [ ] ', 'application/json'],
    ['null', 'null', 'application/json'],
    ['a number', '7', 'application/json'],
    ['words', 'hello world', 'text/plain'],
    ['a word in quotes', '"test"', 'application/json'],
  ])('that is %s holds nothing that could be lost, and is a probe', (_what, text, type) => {
    const callback = callbackOf(text, type)
    expect(typesOf(sendCloud.read(callback))).toEqual(['unreadable'])
    expect(sendCloud.signing?.verify(callback, ['first-key'])).toBe('unsigned')
  })

  it('that is declared as JSON and is not is reported', () => {
    for (const type of ['application/json', 'text/json; charset=utf-8', 'application/problem+json']) {
      expect(problemsOf(sendCloud.read(callbackOf('hello', type)))).toEqual([
        { pointer: '', expected: 'JSON', received: '5 bytes that are not JSON' },
      ])
    }
    expect(problemsOf(sendCloud.read(callbackOf('null', 'application/json')))).toEqual([
      { pointer: '', expected: 'an object with the fields of one event', received: 'null' },
    ])
  })

  it.each([
    ['half a character', [0x61, 0x3d, 0xe6, 0xb5]],
    ['GBK', [0x61, 0x3d, 0xb2, 0xe2]],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00]],
  ])('with %s is not guessed at', (_what, bytes) => {
    const callback = { body: Uint8Array.from(bytes), contentType: formType }
    expect(sendCloud.read(callback)).toEqual([
      {
        type: 'unreadable',
        problem: { pointer: '', expected: 'UTF-8 text', received: 'bytes that are not UTF-8' },
      },
    ])
    expect(sendCloud.signing?.verify(callback, ['first-key'])).toBe('unverifiable')
  })

  it('with half a character in JSON is well-formed text where it is kept', () => {
    const fields = fieldsWith({ labelName: 'a\ud800', 'SC-Custom-\ud800\n': 'a\udc00' })
    expect(onlyEventOf(readJson(fields))).toEqual({
      ...leastEvent,
      columns: { labelName: 'a\ufffd' },
      headers: new Map([['SC-Custom-\ufffd', 'a\ufffd']]),
    })
  })

  // U+FFFD says that an encoding was mistaken, and a zero-width space is seen by nobody: neither is taken out.
  it.each([
    ['\ud800', 'U+D800'],
    ['\ufffd', 'U+FFFD'],
    ['\u200b', 'U+200B'],
  ])('with %j in an address or an id says so, and keeps nothing of it', (hidden, name) => {
    const outcomes = (reported: UnsignedFields) => problemsOf(readJson(fieldsWith(reported)))
    expect(outcomes({ emailId: `id${hidden}-inbound0$reader@example.com` })).toEqual([
      {
        pointer: '/emailId',
        expected: 'an emailId: <messageId><index>$<recipient>',
        received: `a string with ${name} in it`,
      },
    ])
    expect(outcomes({ emailId: '', messageId: `id${hidden}-inbound` })).toMatchObject([
      { pointer: '/messageId', received: `a string with ${name} in it` },
    ])
    expect(outcomes({ emailId: '', messageId, recipient: `r${hidden}eader@example.com` })).toEqual([
      { pointer: '/recipient', expected: 'one email address', received: `a string with ${name} in it` },
    ])
  })

  it('nested 20,000 deep is read without falling over', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    for (const text of [
      `{"a":${deep}}`,
      `${json.slice(0, -1)},"a":${deep}}`,
      `${json.slice(0, -1)},"userHeaders":{"SC-Custom-A":${deep}}}`,
      `{"event":"request","timestamp":1795233605123,"recipientArray":${deep}}`,
      `{"event":"route","timestamp":1795233605123,"to":"a@example.com","a":${deep}}`,
    ]) {
      expect(typesOf(sendCloud.read(callbackOf(text, '')))).toEqual(['unreadable'])
    }
  })

  it('names each field that is wrong, and never what came', () => {
    const wrong = { event: 'open', emailId: 'secret', recipient: 'secret', timestamp: 'secret' }
    expect(problemsOf(read(wrong))).toEqual([
      {
        pointer: '/timestamp',
        expected: 'Unix seconds or milliseconds between the years 2000 and 2100, such as 1654064683',
        received: 'a string',
      },
      { pointer: '/emailId', expected: 'an emailId: <messageId><index>$<recipient>', received: 'a string' },
      { pointer: '/recipient', expected: 'one email address', received: 'a string' },
    ])
  })
})

describe('the signature', () => {
  const verify = (callback: Callback, keys: readonly string[] = ['first-key']) =>
    sendCloud.signing?.verify(callback, keys)
  const reported = { timestamp: '1795233605123', token: someToken }
  // openssl dgst -sha256 -hmac first-key, of 1795233605123T0ken… ; the second with test_appkey.
  const byFirstKey = 'ef86bc7e3c63cf119fb9b2dbea8511a88a021967e6048e995a9f7adda95a7e83'
  const byTestKey = '2e4e9746fdac1e460b30d91db879007766b906b7347b47ea3f2fa70643e52b76'
  const inBoth = (fields: UnsignedFields, keys?: readonly string[]) => {
    const authenticity = verify(formOf(fields), keys)
    expect(verify(jsonOf(fields), keys)).toBe(authenticity)
    return authenticity
  }

  it('is the one that openssl makes', () => {
    expect(inBoth({ ...reported, signature: byFirstKey })).toBe('signed')
    expect(inBoth({ ...reported, signature: byFirstKey.toUpperCase() })).toBe('signed')
    expect(signatureOf(reported.timestamp, reported.token, 'first-key')).toBe(byFirstKey)
  })

  it('is read from a form and from JSON, with the timestamp as text or as a number', () => {
    expect(verify(signedForm(fieldsWith(), 'first-key'))).toBe('signed')
    expect(verify(signedJson(fieldsWith(), 'first-key'))).toBe('signed')
    expect(verify(signedJson(fieldsWith({ timestamp: '1795233605123' }), 'first-key'))).toBe('signed')
  })

  it.each([['1795233605123.0'], ['1.795233605123e12'], ['17952336051230000000']])(
    'is over the number as it stands in JSON: %s',
    (timestamp) => {
      const signature = signatureOf(timestamp, someToken, 'first-key')
      const json = `{"timestamp":${timestamp},"token":"${someToken}","signature":"${signature}"}`
      expect(verify(callbackOf(json, 'application/json'))).toBe('signed')
    },
  )

  it('is over the texts as they were decoded, to the last space', () => {
    const token = ' a+b %41&=测试🔒 '
    const signature = signatureOf('1795233605123', token, 'first-key')
    expect(inBoth({ timestamp: '1795233605123', token, signature })).toBe('signed')
    expect(inBoth({ timestamp: '1795233605123', token: token.trim(), signature })).toBe('forged')
  })

  it('covers timestamp and token, and nothing else', () => {
    const signed = { ...reported, signature: byFirstKey }
    expect(inBoth({ ...signed, event: 'open', recipient: 'anybody@example.com' })).toBe('signed')
    expect(inBoth({ ...signed, timestamp: '1795233605124' })).toBe('forged')
    expect(inBoth({ ...signed, token: `${someToken}x` })).toBe('forged')
  })

  it('may be by any of the keys', () => {
    for (const keys of [['first-key'], ['first-key', 'other'], ['other', 'first-key']]) {
      expect(inBoth({ ...reported, signature: byFirstKey }, keys)).toBe('signed')
    }
    for (const keys of [[], ['other'], ['other', 'another'], ['First-Key'], ['first-key ']]) {
      expect(inBoth({ ...reported, signature: byFirstKey }, keys)).toBe('forged')
    }
  })

  it('may be of any age', () => {
    expect(verify(signedForm(fieldsWith({ timestamp: 1 }), 'first-key'))).toBe('signed')
  })

  it('by the key that is printed in the documents authenticates nobody, unless it is the one that was set', () => {
    expect(inBoth({ ...reported, signature: byTestKey })).toBe('test')
    expect(inBoth({ ...reported, signature: byTestKey }, ['first-key', 'test_appkey'])).toBe('signed')
    expect(inBoth({ ...reported, token: 'x', signature: byTestKey })).toBe('forged')
  })

  it.each([
    [{}],
    [{ event: 'deliver' }],
    [{ timestamp: '1795233605123', event: 'deliver' }],
    [{ token: '', signature: '', timestamp: '1795233605123' }],
    [{ token: '', event: 'deliver' }],
    [{ token: null, signature: null, event: 'deliver' }],
  ])('is missing in %j', (fields) => {
    expect(verify(jsonOf(fields))).toBe('unsigned')
    if (Object.keys(fields).length > 0) expect(verify(formOf(fields))).toBe('unsigned')
  })

  it.each([[''], [' \n'], ['\ufeff']])('is missing in a body of %j', (text) => {
    expect(verify(callbackOf(text, formType))).toBe('unsigned')
  })

  it.each([
    [{ ...reported }],
    [{ ...reported, signature: '' }],
    [{ timestamp: '1795233605123', signature: byFirstKey }],
    [{ timestamp: '1795233605123', token: '', signature: byFirstKey }],
    [{ token: someToken, signature: byFirstKey }],
    [{ token: someToken, signature: byFirstKey, timestamp: '' }],
    [{ ...reported, signature: byFirstKey.slice(0, -1) }],
    [{ ...reported, signature: `${byFirstKey}0` }],
    [{ ...reported, signature: ` ${byFirstKey}` }],
    [{ ...reported, signature: 'zz' }],
    [{ ...reported, signature: '测试' }],
    [{ ...reported, signature: '0'.repeat(64) }],
    [{ ...reported, signature: ['a'] }],
    [{ ...reported, signature: { a: 1 } }],
    [{ ...reported, signature: true }],
    [{ ...reported, token: [someToken], signature: byFirstKey }],
  ])('of %j is forged', (fields) => {
    expect(verify(jsonOf(fields))).toBe('forged')
    if (Object.values(fields).every((value) => typeof value === 'string')) {
      expect(verify(formOf(fields))).toBe('forged')
    }
  })

  it('over half of what it covers is forged', () => {
    const overToken = signatureOf('', someToken, 'first-key')
    const overTimestamp = signatureOf('1795233605123', '', 'first-key')
    expect(inBoth({ timestamp: '', token: someToken, signature: overToken })).toBe('forged')
    expect(inBoth({ token: someToken, signature: overToken })).toBe('forged')
    expect(inBoth({ timestamp: '1795233605123', token: '', signature: overTimestamp })).toBe('forged')
    expect(inBoth({ timestamp: '1795233605123', signature: overTimestamp })).toBe('forged')
  })

  it('that comes twice is one where both are the same, and forged otherwise', () => {
    const form = `timestamp=1795233605123&token=${someToken}&signature=${byFirstKey}`
    expect(verify(callbackOf(`${form}&signature=${byFirstKey}`, formType))).toBe('signed')
    expect(verify(callbackOf(`${form}&signature=${byTestKey}`, formType))).toBe('forged')
    expect(verify(callbackOf(`${form}&timestamp=1`, formType))).toBe('forged')
  })

  it('is found whatever else the form holds, under a name that is escaped too', () => {
    const form = `html=%FF%zz&t%6Fken=${someToken}&x&=y&timestamp=1795233605123&signature=${byFirstKey}`
    expect(verify(callbackOf(form, formType))).toBe('signed')
    expect(typesOf(readForm(form))).toEqual(['unreadable'])
  })

  it('never throws, and what it cannot read, reading cannot either', () => {
    const piece = fc.constantFrom(
      ...[
        'timestamp=',
        'token=',
        'signature=',
        'event=open',
        '&',
        '=',
        '%',
        '%FF',
        '%41',
        '+',
        '{',
        '}',
        '[',
        ']',
      ],
      ...['"', ':', ',', 'null', '1', '"token"', '"event"', '\u00e9', ' ', '\\', '"open"'],
    )
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(piece, { maxLength: 20 }).map((pieces) => new TextEncoder().encode(pieces.join(''))),
    )
    const type = fc.constantFrom('', formType, 'application/json', 'text/plain', 'multipart/form-data')
    fc.assert(
      fc.property(body, type, (bytes, contentType) => {
        const callback = { body: bytes, contentType }
        const authenticity = verify(callback)
        expect(['unsigned', 'forged', 'unverifiable']).toContain(authenticity)
        if (authenticity === 'unverifiable') expect(typesOf(sendCloud.read(callback))).toEqual(['unreadable'])
      }),
      { numRuns: 2_000 },
    )
  })

  it('of JSON nested 20,000 deep is not looked for', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000)
    const json = JSON.stringify({ ...reported, signature: byFirstKey })
    expect(verify(callbackOf(`${json.slice(0, -1)},"a":${deep}}`, ''))).toBe('unverifiable')
    expect(verify(callbackOf(`{"a":${deep}}`, ''))).toBe('unverifiable')
  })
})

describe('reading', () => {
  const field = fc.constantFrom(
    ...[
      'event',
      'message',
      'maillistTaskId',
      'mail_list_task_id',
      'messageId',
      'apiUser',
      'category',
      'emailId',
    ],
    ...[
      'recipientArray',
      'emailIds',
      'labelId',
      'labelName',
      'recipientSize',
      'timestamp',
      'userHeaders',
      'outIp',
    ],
    ...[
      'recipient',
      'ip',
      'explorerName',
      'oSName',
      'url',
      'substat',
      'subStatDesc',
      'cause',
      'reason',
      'from',
    ],
    ...['to', 'x_mx_rcptto', 'x_mx_mailfrom', 'subject', 'raw_message_url', 'reference', 'headers', 'html'],
    ...['SC-Custom-A', '__proto__', 'toJSON', 'valueOf', 'token', 'signature'],
  )
  const event = fc.constantFrom('request', 'deliver', 'click', 'invalid', 'soft_bounce', 'bounce', 'route')

  it('never throws, whatever the bytes', () => {
    const type = fc.constantFrom('', formType, 'application/json', 'text/html')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), type, (body, contentType) => {
        expect(Array.isArray(sendCloud.read({ body, contentType }))).toBe(true)
      }),
    )
  })

  it('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(typesOf(sendCloud.read(callbackOf(text, 'application/json')))).not.toContain('event')
      }),
    )
  })

  it('has events of a known shape for a good body with one field replaced, whatever by', () => {
    const value = fc.oneof(fc.jsonValue(), anyText(), fc.double())
    fc.assert(
      fc.property(event, field, value, fc.boolean(), (name, key, replacement, isForm) => {
        const fields = Object.fromEntries<unknown>([
          ...Object.entries(fieldsWith({ event: name, recipientArray: ['b@example.com'] })),
          [key, replacement],
        ])
        const outcomes = sendCloud.read(isForm ? formOf(fields) : jsonOf(fields))
        expect(outcomes.length).toBeGreaterThan(0)
        for (const reported of eventsOf(outcomes)) {
          expect(reported.recipient).not.toMatch(/[A-Z\s]/)
          expect(reported.message).not.toMatch(/[\s#]/)
          expect(reported.detail).not.toMatch(/[\p{Cc}]/u)
          expect([...reported.headers.keys()].every((header) => /^sc-custom/i.test(header))).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('never repeats an address in a problem', () => {
    const drawn = fc.stringMatching(/^[a-z0-9.]{1,10}@[a-z0-9]{1,8}\.com$/)
    const values = (email: string) =>
      fc.constantFrom<unknown>(
        email,
        ` ${email} `,
        [email],
        [email, 'x'],
        { [email]: email },
        `${email};x`,
        7,
        '',
        'open',
      )
    const fields = [
      'event',
      'emailId',
      'recipient',
      'messageId',
      'recipientArray',
      'emailIds',
      'timestamp',
      'x_mx_rcptto',
      'to',
      'substat',
    ]
    const cases = drawn.chain((email) =>
      fc.tuple(
        fc.constant(email),
        fc.array(fc.tuple(fc.constantFrom(...fields), values(email)), { maxLength: 6 }),
      ),
    )
    fc.assert(
      fc.property(event, cases, fc.boolean(), (name, [email, replaced], isForm) => {
        const body = fieldsWith({ event: name, recipient: email, ...Object.fromEntries(replaced) })
        const outcomes = sendCloud.read(isForm ? formOf(body) : jsonOf(body))
        expect(JSON.stringify(problemsOf(outcomes))).not.toContain(email)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the provider', () => {
  it('is named as in its path, takes whole mails, and says where its keys stand', () => {
    expect(sendCloud.name).toBe('sendcloud')
    expect(sendCloud.maxBodyBytes).toBe(6_291_456)
    expect(sendCloud.signing?.keySetting).toBe('SENDCLOUD_APP_KEY')
  })
})
