import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { registerShow, show } from '../../cli/show.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import type { SuppressionEvidence } from '../../lib/core/suppression.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'
import { startRefusingDynamoDb } from './doctor/refusing-dynamodb.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const environment = { ...process.env }
let printed: string
let deliveries: string
let record: (...events: readonly DeliveryEvent[]) => Promise<void>
let suppress: (evidence: SuppressionEvidence) => Promise<void>

async function deployWith(settings: Readonly<Record<string, string>>): Promise<void> {
  const { prefix, deliveries: table, suppressions } = await engine.freshTables(settings)
  Object.assign(process.env, engine.environmentOf({ prefix }))
  deliveries = table
  const writer = deliveryWriter({
    client: engine.client,
    table,
    retentionDays: 400,
    clock: systemClock,
    indexedIds: { ownIdHeaders: ['SC-Custom-Order'], isRfcMessageIdIndexed: false },
  })
  record = async (...events) => {
    for (const event of events) await writer.record(event)
  }
  suppress = (evidence) =>
    suppressionWriter({ client: engine.client, table: suppressions }).suppress(evidence)
}

beforeEach(async () => {
  await deployWith({})
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
  process.env = { ...environment }
})

/** One message that names one address twice. */
const plain = eventWith({
  provider: 'sendcloud',
  recipient: 'ann@example.com',
  message: 'a-inbound',
  emailId: 'a-inbound1$ann@example.com',
  columns: { category: 'orders' },
})
const spelt = { ...plain, spelling: 'Ann@example.com', emailId: 'a-inbound0$Ann@example.com' }

describe('a delivery', () => {
  it('is shown with every emailId and spelling that it came by, a line each', async () => {
    await record(plain, spelt)
    await show('ann@example.com', { tz: 'Asia/Shanghai' })
    expect(printed).toBe(
      [
        'sent 2022-06-01 14:24:43  delivered  ann@example.com',
        '  message   a-inbound',
        '  provider  sendcloud',
        '  emailId   a-inbound0$Ann@example.com',
        '  emailId   a-inbound1$ann@example.com',
        '  spelling  Ann@example.com',
        '  category  orders',
        '',
        '  2022-06-01 14:24:43  delivered  callback',
        '',
        'Times are in Asia/Shanghai.',
        '',
      ].join('\n'),
    )
  })

  it('has them in JSON, too', async () => {
    await record(plain, spelt)
    await show('ann@example.com', { json: true })
    expect(JSON.parse(printed)).toEqual([
      {
        recipient: 'ann@example.com',
        message: 'a-inbound',
        provider: 'sendcloud',
        status: 'delivered',
        sentAt: '2022-06-01T06:24:43Z',
        spellings: ['Ann@example.com'],
        emailIds: ['a-inbound0$Ann@example.com', 'a-inbound1$ann@example.com'],
        counts: { delivered: 1 },
        facts: { delivered: ['2022-06-01T06:24:43Z'] },
        columns: { category: 'orders' },
      },
    ])
  })

  it.each(['info@bücher.example', 'Info <INFO@xn--bcher-kva.example.>', 'x-inbound0$Info@BÜCHER.example'])(
    'is found by any spelling of its recipient: %s',
    async (asked) => {
      const recipient = 'info@xn--bcher-kva.example'
      await record(eventWith({ recipient, message: 'x-inbound', provider: 'sendcloud' }))
      await show(asked, { json: true })
      expect(JSON.parse(printed)).toMatchObject([{ recipient, message: 'x-inbound' }])
    },
  )

  it('has no place for them in JSON where there are none', async () => {
    await record(eventWith({}))
    await show('example@example.com', { json: true })
    const [delivery] = JSON.parse(printed) as unknown[]
    expect(delivery).not.toHaveProperty('spellings')
    expect(delivery).not.toHaveProperty('emailIds')
  })
})

describe('an id that holds an @', () => {
  const message = 'CAF-7q.2022@mail.example.com'

  it.each([`<${message}>`, ` <${message}> `, message])('finds the message that has it: %s', async (asked) => {
    await record(eventWith({ recipient: 'ann@example.com', message }))
    await record(eventWith({ recipient: 'ben@example.com', message }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([
      { recipient: 'ann@example.com', message },
      { recipient: 'ben@example.com', message },
    ])
  })

  it.each(['a@b@c', 'x$y@@example.com'])('finds it where it can be no address: %s', async (id) => {
    await record(eventWith({ message: id }))
    await show(id, { json: true })
    expect(JSON.parse(printed)).toMatchObject([{ recipient: 'example@example.com', message: id }])
  })

  it.each([
    ['<ann@example.com>', 'the-message'],
    ['Ann <ann@example.com>', 'the-message'],
    ['ann@example.com', 'the-message'],
    ['<a-inbound0$ann@example.com>', 'a-inbound'],
  ])('is an address or an emailId where no message has it: %s', async (asked, of) => {
    await record(eventWith({ recipient: 'ann@example.com', message: of }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([{ recipient: 'ann@example.com', message: of }])
  })

  it.each([
    ['<ann@example.com>', { recipient: 'ben@example.com', message: 'ann@example.com' }],
    ['ann@example.com', { recipient: 'ann@example.com', message: 'the-message' }],
  ])('is an id first in angle brackets, and an address first without: %s', async (asked, found) => {
    await record(eventWith({ recipient: 'ann@example.com', message: 'the-message' }))
    await record(eventWith({ recipient: 'ben@example.com', message: 'ann@example.com' }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([found])
  })
})

describe('what is found nowhere', () => {
  const known = /, as far as test-\d+ knows\./.source
  const notSearched =
    / It was not searched for as own id or RFC Message-ID: the setting correlationHeader or rfcMessageIdIndex makes an index for that\.$/
      .source

  it.each([
    [
      '<ea2783c1@fromexample.com>',
      `^No message has this id, and nothing was sent to this address${known}${notSearched}`,
    ],
    [
      'ea2783c1@fromexample.com',
      `^No message has this id, and nothing was sent to this address${known}${notSearched}`,
    ],
    ['a@b@c', `^No message has this id${known}${notSearched}`],
    ['Ann <ann@example.com>', `^Nothing was sent to this recipient${known}$`],
    ['ann#1@example.com', `^Nothing was sent to this recipient${known}$`],
    ['a-message', `^There is no such message${known}${notSearched}`],
    ['order 4711', `^There is no such message${known}${notSearched}`],
    [
      '',
      `^There is no such message${known} Nor does any mail have it as own id or RFC Message-ID, of those `,
    ],
    ['x'.repeat(3_000), `^There is no such message${known}${notSearched}`],
    [`${'x'.repeat(3_000)}$@example.com`, `^Nothing was sent to this recipient${known}$`],
  ])('is answered by every way in which it was read: %s', async (asked, answer) => {
    await record(
      eventWith({ recipient: 'reader@example.com', columns: { rfcMessageId: 'ea2783c1@fromexample.com' } }),
    )
    await expect(show(asked, {})).rejects.toThrow(new RegExp(answer))
  })
})

describe('an id that an index has', () => {
  const order = (id: string, event: Partial<DeliveryEvent> = {}) =>
    eventWith({ ...event, headers: new Map([['SC-Custom-Order', id]]) })

  it('is searched for only where there is such an index, which is said', async () => {
    await deployWith({ CORRELATION_HEADER: 'SC-Custom-Order' })
    await record(order('4711'))
    await show('4711', { json: true })
    expect(JSON.parse(printed)).toMatchObject([{ columns: { 'SC-Custom-Order': '4711' } }])
    await expect(show('4712', {})).rejects.toThrow(
      / Nor does any mail have it as own id, of those reported since there is an index of it\. It was not searched for as RFC Message-ID: the setting rfcMessageIdIndex makes an index for that\.$/,
    )
  })

  it('that very many mails share shows the latest of the 500 that are read', async () => {
    await deployWith({ CORRELATION_HEADER: 'SC-Custom-Order' })
    const item = (index: number) => ({
      recipient: { S: `r${index}@example.com` },
      message: { S: 'a-message' },
      provider: { S: 'sendcloud' },
      status: { S: 'delivered' },
      statusRank: { N: '50' },
      ownId: { S: 'spring#00' },
    })
    for (let from = 0; from < 501; from += 25) {
      const puts = Array.from({ length: Math.min(25, 501 - from) }, (_, index) => ({
        PutRequest: { Item: item(from + index) },
      }))
      await engine.client.send(new BatchWriteItemCommand({ RequestItems: { [deliveries]: puts } }))
    }
    await show('spring', { limit: 1, tz: 'UTC' })
    expect(printed).toMatch(
      /499 more mails, earlier or of unknown time \(--all, --limit, --since\)\. Only the latest 500 mails with this id were read\. Times are in UTC\.\n$/,
    )
  })

  it('is no id where it is an address or a MessageId as well', async () => {
    await deployWith({ CORRELATION_HEADER: 'SC-Custom-Order' })
    await record(order('ann@example.com'), order('a-message', { recipient: 'ben@example.com' }))
    await record(eventWith({ recipient: 'ann@example.com', message: 'a-message' }))
    for (const asked of ['ann@example.com', 'a-message']) {
      printed = ''
      await show(asked, { json: true })
      expect(JSON.parse(printed)).toMatchObject([{ recipient: 'ann@example.com', message: 'a-message' }])
    }
  })

  it.each([
    [
      'ValidationException',
      'Cannot read from backfilling global secondary index: byOwnId',
      'The index byOwnId or byRfcMessageId is still being made: ask again later.',
    ],
    [
      'AccessDeniedException',
      'not authorized',
      'These credentials may not query the index byOwnId or byRfcMessageId.',
    ],
  ])('is not searched for while DynamoDB says %s', async (error, message, said) => {
    const refusal = { __type: `com.amazon.coral.service#${error}`, message }
    const { endpoint, stop } = await startRefusingDynamoDb('InternalServerError', {
      Query: (_, index = '') => (/^by(?:OwnId|Rfc)/.test(index) ? refusal : { Items: [], Count: 0 }),
    })
    process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint
    try {
      await expect(show('4711', {})).rejects.toThrow(`knows. ${said}`)
    } finally {
      await stop()
    }
  })
})

describe('a bounce', () => {
  it('is followed by what it is taken for', async () => {
    await record(
      eventWith({
        kind: 'bounced',
        bounceClass: 'hard',
        reply: '551 5.1.1 recipient is not exist',
        detail: '{"a":1}',
      }),
    )
    await show('example@example.com', { tz: 'UTC' })
    const [, , , , , bounced, advice, judged, end] = printed.split('\n')
    expect(bounced).toBe('  2022-06-01 06:24:43  bounced  callback  551 5.1.1 recipient is not exist')
    expect(advice).toBe('      There is no such mailbox: remove the address from your own data.')
    expect(judged).toMatch(
      /^ {6}\(gone, by rule mailbox-not-there: a reason not to send to it\. Source: RFC 5321 .+\)$/,
    )
    expect(end).toBe('')
  })
})

describe('the mails to one address', () => {
  const opened = (seconds: number, detail: string) =>
    eventWith({
      kind: 'opened',
      occurredAtMs: Date.parse('2022-06-01T07:00:00Z') + seconds * 1_000,
      detail,
    })
  const headings = () => printed.split('\n').filter((line) => /^sent \d{4}-/.test(line))

  it('are shown latest first, ten of them, and the rest on demand', async () => {
    const days = Array.from({ length: 12 }, (_, index) => String(10 + index))
    for (const day of days) {
      const occurredAtMs = Date.parse(`2022-06-${day}T08:00:00Z`)
      const columns = { subject: `of ${day}`, from: 'shop@example.org' }
      await record(eventWith({ recipient: 'ann@example.com', message: `m-${day}`, occurredAtMs, columns }))
    }
    await show('ann@example.com', { tz: 'UTC' })
    expect(headings()[0]).toBe(
      'sent 2022-06-21 08:00:00  delivered  of 21  shop@example.org → ann@example.com',
    )
    expect(headings()).toHaveLength(10)
    expect(printed).toContain(
      '\n2 more mails, earlier or of unknown time (--all, --limit, --since). Times are in UTC.\n',
    )
    printed = ''
    await show('ann@example.com', { all: true })
    expect(headings()).toHaveLength(12)
    printed = ''
    await show('ann@example.com', { since: Date.parse('2022-06-20T00:00:00Z'), json: true })
    expect(JSON.parse(printed)).toMatchObject([{ message: 'm-21' }, { message: 'm-20' }])
  })

  it('say in few words who opened them, without what is left of JSON', async () => {
    await record(
      eventWith({}),
      opened(0, 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1'),
      opened(1, 'Mozilla/5.0'),
      opened(2, 'Outlook-iOS/2.0 {"city":"Berlin"}'),
      opened(3, 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'),
    )
    await show('example@example.com', { tz: 'UTC' })
    expect(printed.split('\n').filter((line) => line.includes('opened'))).toEqual([
      '  2022-06-01 07:00:00  opened     callback  iPhone, Safari (person)',
      "  2022-06-01 07:00:01  opened     callback  Apple Mail's prefetch (machine)",
      '  2022-06-01 07:00:02  opened     callback  Outlook (person)',
      "  2022-06-01 07:00:03  opened     callback  Windows, Gmail's image proxy (person behind a proxy)",
    ])
  })

  it('show the last twenty of many opens, and how many there are', async () => {
    await record(...Array.from({ length: 25 }, (_, second) => opened(second, '')))
    await show('example@example.com', { tz: 'UTC' })
    const lines = printed.split('\n').filter((line) => line.includes('opened'))
    expect(lines).toHaveLength(21)
    expect(lines[0]).toBe('  2022-06-01 07:00:05  opened            5 earlier ones (--json)')
  })

  it('turn no text around', async () => {
    await record(eventWith({ columns: { subject: 'invoice \u202efdp.exe' } }))
    await show('example@example.com', {})
    expect(printed).toContain('invoice fdp.exe')
  })
})

describe('wrong words', () => {
  it.each([
    [['--since', 'monday'], 'Expected an age, such as 30m, 24h or 3d.'],
    [['--since', '2022-02-30'], 'Expected a day, YYYY-MM-DD in UTC+8.'],
    [['--limit', '0'], 'Expected a whole number from 1 to 10,000.'],
    [['--limit', '5', '--all'], "option '--limit <number>' cannot be used with option '--all'"],
    [['--tz', 'Mars'], 'Expected the name of a time zone, such as UTC or Asia/Shanghai.'],
  ])('are refused: %j', async (words, why) => {
    jest.restoreAllMocks()
    const { code, errors } = await runInProcess(registerShow, ['show', 'a@example.com', ...words], {})
    expect([code, errors]).toEqual([1, expect.stringContaining(why)])
  })
})

describe('the warning not to send', () => {
  const warning =
    'Do not send to example@example.com any more: `ledger suppressions show example@example.com` says why.\n'
  const evidence = {
    recipient: 'example@example.com',
    occurredAtMs: Date.parse('2022-06-01T06:24:43Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: sampleMessage,
    detail: '',
  } as const
  const shownAt = async (time: string) => {
    jest.spyOn(systemClock, 'now').mockReturnValue(Date.parse(time))
    printed = ''
    await show('example@example.com', {})
    return printed
  }

  it('stands below an address that is on the list, and below no other', async () => {
    await record(eventWith({}))
    expect(await shownAt('2022-06-02T00:00:00Z')).not.toContain('Do not send')
    await suppress({ ...evidence, reason: 'complaint' })
    expect(await shownAt('2022-06-02T00:00:00Z')).toContain(warning)
  })

  it("goes where a provider's own list no longer counts", async () => {
    await record(eventWith({}))
    await suppress({ ...evidence, reason: 'blocklist' })
    expect(await shownAt('2022-06-15T06:24:42Z')).toContain(warning)
    expect(await shownAt('2022-06-15T06:24:43Z')).not.toContain('Do not send')
    process.env.BLOCKLIST_DAYS = '15'
    expect(await shownAt('2022-06-15T06:24:43Z')).toContain(warning)
  })
})
